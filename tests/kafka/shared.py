"""One broker, registry and database for all processes of a test run, whoever needs it first.

Of each part there is a folder under the run's own:

    start.lock   held while somebody looks whether it runs, and starts it
    members      a shared lock on it is a membership: it ends with its process, however that ends
    server.lock  held by the process that the server belongs to, for as long as it lives
    address      where the server is, once it answers
    failed.txt   why it does not

That process (`python -m tests.kafka.shared FOLDER PART SOURCE`) stops the server when there are no
members; should it be killed itself, the server's guard does.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import BinaryIO

from tests.awaiting import await_that
from tests.kafka.sources import ENVIRONMENT, NAMED, source_of, started

ROOT = Path(__file__).parents[2]
_STARTS_WITHIN_S = 105.0
"""Less than one test may take: whoever needs a part first waits for it."""


class NotThereError(Exception):
    """A part could not be started; the text says why."""


class Membership:
    """A part that this process uses; it stays at least until `leave`."""

    def __init__(self, run: Path, part: str) -> None:
        """Find the part, or start it.

        Raises:
            NotThereError: It cannot be started.
        """
        self.source = source_of(part)
        self._folder = run / part
        self._members: BinaryIO | None = None
        if self.source == ENVIRONMENT:
            self.address = os.environ[NAMED[part]]
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "start.lock").open("wb") as lock:
            flock(lock, LOCK_EX)
            self._members = (self._folder / "members").open("wb")
            # Where the server is being stopped, this waits until it is.
            flock(self._members, LOCK_SH)
            if not _is_held(self._folder / "server.lock"):
                try:
                    self._start(part)
                except BaseException:
                    self._members.close()
                    raise
        self.address = (self._folder / "address").read_text()

    def leave(self) -> None:
        """Let the part go; whoever is last waits until it has stopped."""
        if self._members is not None:
            self._members.close()
            await_that(self._is_stopped_or_needed)

    def _start(self, part: str) -> None:
        address, failed = self._folder / "address", self._folder / "failed.txt"
        for left in (address, failed):
            left.unlink(missing_ok=True)
        with (self._folder / "said.txt").open("ab") as said:
            subprocess.run(
                [sys.executable, "-m", "tests.kafka.shared", self._folder, part, self.source],
                cwd=ROOT,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        await_that(lambda: address.exists() or failed.exists(), _STARTS_WITHIN_S)
        if failed.exists():
            raise NotThereError(failed.read_text())

    def _is_stopped_or_needed(self) -> bool:
        if not _is_held(self._folder / "server.lock"):
            return True
        with (self._folder / "members").open("wb") as members:
            return not _take(members.fileno(), LOCK_EX) and _take(members.fileno(), LOCK_SH)


def _is_held(place: Path) -> bool:
    with place.open("wb") as file:
        return not _take(file.fileno(), LOCK_EX)


def _take(file: int, kind: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        flock(file, kind | LOCK_NB)
        return True
    return False


async def _serve(folder: Path, part: str, source: str) -> None:
    # Never closed: what is locked stays so until this process has ended, whatever it does last.
    members = os.open(folder / "members", os.O_RDWR)
    draft, failed = folder / "address.part", folder / "failed.part"
    try:
        async with started(part, source) as address:
            draft.write_text(address)
            draft.rename(folder / "address")
            # Given once nobody shares it: the last member has left, or died.
            await asyncio.to_thread(flock, members, LOCK_EX)
    except Exception as failure:  # noqa: BLE001  # whatever it is, who waits must hear of it
        failed.write_text(f"{type(failure).__name__}: {failure}")
        failed.rename(folder / "failed.txt")


def main(folder: Path, part: str, source: str) -> None:
    """Leave the process that started this one, start the part, and keep it while it has members."""
    server = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT)
    flock(server, LOCK_EX)
    if os.fork():
        os._exit(0)
    os.setsid()
    asyncio.run(_serve(folder, part, source))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
