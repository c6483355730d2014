"""Handing files over to a hub that runs on a folder, through its inbox, and awaiting receipts."""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from streams.bootstrap.inbox import INBOX, RECEIPTS, RECEIPTS_ENDING
from streams.domain.ids import AgencyId
from streams.promises.engine import UnavailableError

LOOK_S = 0.02
QUIET_S_MAX = 120.0
"""A running hub that gives no receipt for so long is taken to stand still."""
_GONE_LOOKS = 50
"""A hub that is not seen to run in so many looks has stopped."""


def is_held(folder: Path) -> bool:
    """Say whether another process holds a folder: a hub its inbox, or any writer the hub's own."""
    try:
        file = (folder / "lock").open("rb")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def hub_runs(data: Path) -> bool:
    """Say whether a hub runs on a folder, and will empty its inbox."""
    return is_held(data / INBOX)


def hand_over(data: Path, agency: AgencyId, files: Iterable[bytes]) -> Iterator[bytes]:
    """Leave files in a running hub's inbox, in order; give each one's receipts as lines of JSON.

    Raises:
        UnavailableError: The inbox cannot be written, or the hub stopped or stands still before
            all receipts were there. What was handed over stays in its inbox, and is taken in later.
    """
    folder = data / INBOX / agency
    names = [_left(folder, place, file) for place, file in enumerate(files)]
    for name in names:
        place = data / RECEIPTS / agency / f"{name}{RECEIPTS_ENDING}"
        _await(place, data)
        yield place.read_bytes()
        place.unlink()  # nobody else waits for it: the name is this delivery's own


def _left(folder: Path, place: int, file: bytes) -> str:
    # Names in the order of time, and unique: two deliveries at once do not mix within a file.
    name = f"{time.time_ns():020}-{os.getpid()}-{place:06}"
    draft = folder / f".{name}.part"
    try:
        with draft.open("wb") as out:
            out.write(file)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(folder / name)
    except OSError as failure:
        raise UnavailableError(
            f"{folder} cannot be written ({failure.strerror}): a hub runs here, and takes files "
            "from there"
        ) from failure
    return name


def _await(place: Path, data: Path) -> None:
    gone, until_s = 0, time.monotonic() + QUIET_S_MAX
    while not place.exists():
        # A hub that starts anew is away for a moment, so one look is not enough.
        gone = 0 if hub_runs(data) else gone + 1
        if gone >= _GONE_LOOKS:
            raise UnavailableError(
                f"the hub on {data} stopped before all was taken in: what was handed over lies in "
                f"its inbox, and is taken in by saattaen run --data {data}"
            )
        if time.monotonic() > until_s:
            raise UnavailableError(
                f"the hub on {data} gave no receipt for {QUIET_S_MAX:.0f} s: look at its log; what "
                "was handed over lies in its inbox"
            )
        time.sleep(LOOK_S)
