"""How far a router has come: health is progress, not that a process is up."""

import time
from typing import NamedTuple


class Stand(NamedTuple):
    """Where one partition stands; `moved_s` is when its committed offset last moved (monotonic)."""

    committed: int
    moved_s: float


class Progress:
    """The committed offset of every partition that a worker has."""

    def __init__(self) -> None:
        """Begin with no partition."""
        self._stands: dict[int, Stand] = {}

    def begin(self, partition: int, committed: int) -> None:
        """Note that a partition was taken."""
        self._stands[partition] = Stand(committed, time.monotonic())

    def commit(self, partition: int, committed: int) -> None:
        """Note that a partition's offset moved."""
        self._stands[partition] = Stand(committed, time.monotonic())

    def end(self, partition: int) -> None:
        """Note that a partition was given up."""
        self._stands.pop(partition, None)

    def stands(self) -> dict[int, Stand]:
        """Give where each partition stands."""
        return dict(self._stands)
