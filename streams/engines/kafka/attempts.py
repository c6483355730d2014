"""Which record ends its worker: attempts are counted before they are made, so that counts survive.

Most records are taken by the hundred, and nothing is written for them. Where a worker begins at the
offset at which it began before, without an orderly end and without progress, it takes records one
by one for a while, each noted beforehand and crossed out afterwards: nothing else runs between, so
that no partition of the same worker is blamed for another's record. A record that was taken alone
so often and never crossed out is not taken again.
"""

from streams.engines.kafka.state_file import Attempt, StateFile

ALONE_MAX = 2
"""So often a record is taken alone; then it is a dead letter."""


class Attempts:
    """The attempts of one partition's worker, kept in its file."""

    def __init__(self, file: StateFile, committed: int, batch: int) -> None:
        """Begin at the committed offset; one `batch` of records after it may be under suspicion.

        Raises:
            UnavailableError: The file cannot be used.
        """
        self._file = file
        self._left = file.attempt()
        left = self._left
        is_suspect = left is not None and left.offset >= committed
        self._careful_until = committed + batch if is_suspect else committed
        if not is_suspect:
            file.note(Attempt(committed, 0))

    def is_careful(self, offset: int) -> bool:
        """Say whether the record at an offset is to be taken alone, and committed before others."""
        return offset < self._careful_until

    def may_take(self, offset: int) -> bool:
        """Note that the record at an offset is taken, where it is taken alone.

        Returns:
            False where it was taken alone too often, and its worker ended each time.

        Raises:
            UnavailableError: The file cannot be used.
        """
        if not self.is_careful(offset):
            return True
        left = self._left
        before = left.alone if left is not None and left.offset == offset else 0
        if before >= ALONE_MAX:
            return False
        self._left = Attempt(offset, before + 1)
        self._file.note(self._left)
        return True

    def survived(self, offset: int) -> None:
        """Note that the record at an offset was taken: what ends the worker now is another thing.

        Raises:
            UnavailableError: The file cannot be used.
        """
        if self.is_careful(offset):
            self._file.note(Attempt(offset + 1, 0))

    def end(self) -> None:
        """Come to an orderly end: nothing is under suspicion.

        Raises:
            UnavailableError: The file cannot be used.
        """
        self._file.note(None)
