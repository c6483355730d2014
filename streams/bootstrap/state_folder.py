"""A worker's state folder: its own as long as it lives, and found again by the next one."""

from itertools import count
from pathlib import Path
from typing import NamedTuple

from streams.engines.sqlite_store import FolderLock
from streams.promises.engine import UnavailableError

DEFAULT = Path("saattaen-state")
_WORKERS_MAX = 1_000


class StateFolder(NamedTuple):
    """A folder, and the lock that makes it one worker's."""

    path: Path
    lock: FolderLock


def claim(stage: str, folder: Path | None) -> StateFolder:
    """Take a state folder, made where it is missing.

    Args:
        stage: Which stage the worker does, as `normalise`.
        folder: The folder; where None, the first under `./saattaen-state` that is free, so that a
            worker that starts anew finds what the last one left.

    Raises:
        UnavailableError: Another worker has it, or it cannot be written.
    """
    if folder is not None:
        return StateFolder(folder, FolderLock(folder))
    for number in count(1):
        path = DEFAULT / f"{stage}-{number}"
        try:
            return StateFolder(path, FolderLock(path))
        except UnavailableError:
            if number == _WORKERS_MAX or not path.is_dir():
                raise
    raise AssertionError  # pragma: no cover  # numbers do not end
