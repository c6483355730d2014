"""One SQLite file of the hub's: opened, held by one writer, and clear about what fails."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import apsw

from streams.promises.engine import UnavailableError

_BUSY_MS = 2_000
_MENDS: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.BusyError, "is held by another process: let it end, then try again"),
    (apsw.LockedError, "is held by another process: let it end, then try again"),
    (apsw.FullError, "has no room: free space on its disk, then try again"),
    (apsw.IOError, "could not be read or written: look at its disk and its room, then try again"),
    (apsw.ReadOnlyError, "cannot be written: give the hub's user the right to"),
    (apsw.CantOpenError, "cannot be opened: its folder must be there, for the hub's user to write"),
    (apsw.NotADBError, "is no database: put it back from its backup"),
    (apsw.CorruptError, "is damaged: put it back from its backup"),
)


@contextmanager
def mended(path: Path) -> Iterator[None]:
    """Turn what the store raises into an error that names the file and the mend.

    Raises:
        UnavailableError: The store failed.
    """
    try:
        yield
    except apsw.Error as failure:
        for kind, mend in _MENDS:
            if isinstance(failure, kind):
                raise UnavailableError(f"{path} {mend}") from failure
        raise


@contextmanager
def transaction(connection: apsw.Connection, path: Path) -> Iterator[None]:
    """Run what is inside in one transaction: all of it is kept, or none.

    Raises:
        UnavailableError: The store failed; nothing was kept.
    """
    with mended(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(apsw.Error):  # SQLite may have rolled back by itself
                connection.execute("ROLLBACK")
            raise


_PAGES_KEPT_KIB = 32 * 1024
_CHECKPOINT_PAGES = 8_000
"""Persons come in no order of their ids: pages are met again, and worth to be kept and to wait."""


def opened(path: Path, tables: str, *, durable: bool, writes: bool = True) -> apsw.Connection:
    """Open a database in WAL mode; `durable` waits for the disk at every commit.

    Raises:
        UnavailableError: It cannot be opened.
    """
    with mended(path):
        flags = apsw.SQLITE_OPEN_READWRITE
        if writes:
            flags |= apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=64)
        connection.set_busy_timeout(_BUSY_MS)
        if writes:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.execute(f"PRAGMA cache_size=-{_PAGES_KEPT_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
            connection.execute(tables)
        else:
            connection.execute("PRAGMA query_only=ON")
        return connection


class FolderLock:
    """The right to write into a hub's folder: one process at a time."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            UnavailableError: Another process holds it, or the folder cannot be written.
        """
        path = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("ab")
        except OSError as failure:
            raise UnavailableError(
                f"{folder} cannot be written: give the hub's user the right to, or name another"
                " folder with --data"
            ) from failure
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            self._file.close()
            raise UnavailableError(
                f"{folder} is held by another saattaen: stop that one, or let it take the files"
                " from its inbox"
            ) from failure

    def release(self) -> None:
        """Let another process have the folder."""
        self._file.close()
