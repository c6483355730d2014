"""The inbox: files that agencies leave for a running hub, and the receipts it leaves for them.

    DATA/inbox/<agency>/NAME             written under another name, then renamed
    DATA/receipts/<agency>/NAME.ndjson   one receipt a message; then the inbox file is removed

Beside the agencies' folders stands `hub`, for what people on duty say (`duty_answers`). Whoever may
write into a folder speaks as its owner: the folders' rights are what authenticates.

A file came when it was renamed into the inbox: that is when its messages count as recorded, however
long they wait there. A crash at any moment loses nothing: what still lies in the inbox is taken
again, and its messages are duplicates then. A name may be used again once its receipts are there.
"""

import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from streams.domain.ids import AgencyId, Instant
from streams.engines.sqlite_store import FolderLock
from streams.promises.connector import FILE_BYTES_MAX
from streams.promises.engine import UnavailableError

INBOX, RECEIPTS = "inbox", "receipts"
RECEIPTS_ENDING = ".ndjson"
NAME_BYTES_MAX = 240
"""So that the name of the receipts, and of their draft, is no longer than file systems take."""
_UNFINISHED = (".tmp", ".part")
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LOCK_TRIES, _LOCK_PAUSE_S = 20, 0.05


class Arrival(NamedTuple):
    """A file that waits: whose, how it is called, and when it came.

    `identity` tells it from another file that takes its name later.
    """

    agency: AgencyId
    name: str
    arrived_at: Instant
    identity: tuple[int, int, int]


class Inbox:
    """The inbox and receipts of one hub's folder, held by the hub that runs on it."""

    def __init__(self, data: Path, agencies: Iterable[AgencyId]) -> None:
        """Make the folders of the agencies where they are missing, and hold the inbox.

        Raises:
            UnavailableError: The folders cannot be made, or another hub holds the inbox.
        """
        self._data = data
        self._agencies = sorted(agencies)
        try:
            for kind in (INBOX, RECEIPTS):
                for agency in self._agencies:
                    (data / kind / agency).mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise UnavailableError(
                f"{data / INBOX} cannot be made ({failure.strerror}): give the hub's user the "
                "right to write into the folder"
            ) from failure
        self._lock = _held(data / INBOX)

    def waiting(self) -> list[Arrival]:
        """List the files that wait: an agency's in the order of their names, all in that of coming.

        Hidden and unfinished files (`.NAME`, `NAME.tmp`, `NAME.part`), folders and links are none.

        Raises:
            UnavailableError: A folder cannot be read.
        """
        found: list[Arrival] = []
        for agency in self._agencies:
            latest = Instant(0)
            for name in self._names(agency):
                status = self._status(agency, name)
                if status is not None and stat.S_ISREG(status.st_mode):
                    # Who names a file to come later has it taken later, whenever it came.
                    latest = max(latest, Instant(status.st_ctime_ns // 1000))
                    found.append(Arrival(agency, name, latest, _identity(status)))
        found.sort(key=lambda arrival: arrival.arrived_at)
        return found

    def read(self, arrival: Arrival) -> bytes | None:
        """Give a file's bytes, no more than one over the limit; None where it is gone or no file.

        Raises:
            UnavailableError: It cannot be read.
        """
        try:
            descriptor = os.open(self._place(arrival), _READ_FLAGS)
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise _unreadable(arrival, failure) from failure
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            try:
                return file.read(FILE_BYTES_MAX + 1)
            except OSError as failure:
                raise _unreadable(arrival, failure) from failure

    def settle(self, arrival: Arrival, receipts: bytes) -> None:
        """Leave a file's receipts, whole and durable, and only then remove the file.

        Raises:
            UnavailableError: The receipts cannot be written; the file stays.
        """
        folder = self._data / RECEIPTS / arrival.agency
        try:
            _write_durably(folder, arrival.name + RECEIPTS_ENDING, receipts)
        except OSError as failure:
            raise UnavailableError(
                f"receipts for {arrival.agency} cannot be written ({failure.strerror}): look at "
                "the disk and its room"
            ) from failure
        status = self._status(arrival.agency, arrival.name)
        if status is not None and _identity(status) == arrival.identity:
            with suppress(FileNotFoundError):
                self._place(arrival).unlink()

    def close(self) -> None:
        """Let another hub have the inbox."""
        self._lock.release()

    def _names(self, agency: AgencyId) -> list[str]:
        try:
            names = [place.name for place in (self._data / INBOX / agency).iterdir()]
        except FileNotFoundError:
            return []  # somebody took the folder away: nothing waits there
        except OSError as failure:
            raise UnavailableError(
                f"the inbox of {agency} cannot be read ({failure.strerror})"
            ) from failure
        return sorted(
            name
            for name in names
            if not name.startswith(".")
            and not name.endswith(_UNFINISHED)
            and len(os.fsencode(name)) <= NAME_BYTES_MAX
        )

    def _status(self, agency: AgencyId, name: str) -> os.stat_result | None:
        try:
            return (self._data / INBOX / agency / name).lstat()
        except OSError:
            return None

    def _place(self, arrival: Arrival) -> Path:
        return self._data / INBOX / arrival.agency / arrival.name


def _held(folder: Path) -> FolderLock:
    # Who only asks whether a hub runs holds the lock for a moment; that is no other hub.
    for _ in range(_LOCK_TRIES - 1):
        with suppress(UnavailableError):
            return FolderLock(folder)
        time.sleep(_LOCK_PAUSE_S)
    return FolderLock(folder)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_ctime_ns


def _unreadable(arrival: Arrival, failure: OSError) -> UnavailableError:
    return UnavailableError(
        f"a file in the inbox of {arrival.agency} cannot be read ({failure.strerror}): give the "
        "hub's user the right to"
    )


def _write_durably(folder: Path, name: str, content: bytes) -> None:
    draft = folder / f".{name}.part"
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / name)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
