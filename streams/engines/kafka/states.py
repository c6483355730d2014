"""One partition's states at hand: what was committed lately in memory, the rest in the file."""

from collections.abc import Iterable

from streams.domain.ids import Instant
from streams.engines.kafka.state_file import Place, StateFile, StateRow

UNWRITTEN_MAX = 20_000
"""States that were committed and are not in the file yet: more are written at once."""

_BEFORE_ANY = (Instant(-(2**62)), b"")


class States:
    """Gives states by key, and takes committed ones in."""

    def __init__(self, file: StateFile) -> None:
        """Stand on a file that is as far as the topic."""
        self.file = file
        self._unwritten: dict[bytes, StateRow] = {}
        self.place = file.place()
        """Where the states in memory and file together stand."""

    def row(self, key: bytes) -> StateRow | None:
        """Give a state, None where there is none."""
        return self._unwritten.get(key) or self.file.row(key)

    def get(self, key: bytes) -> bytes | None:
        """Give a state's bytes, None where there is none."""
        row = self.row(key)
        return row.value if row is not None else None

    def has_clocks(self) -> bool:
        """Say whether anybody has an open clock."""
        self.write()  # the file may still have what is over by now
        return bool(self.file.with_clocks(_BEFORE_ANY, 1))

    def settle(self, rows: Iterable[StateRow], place: Place) -> None:
        """Take committed states in, after which the topic's next offset is the place's."""
        for row in rows:
            self._unwritten[row.key] = row
        self.place = place
        if len(self._unwritten) >= UNWRITTEN_MAX:
            self.write()

    def write(self) -> None:
        """Write to the file what is not there yet.

        Raises:
            UnavailableError: The file cannot be written; nothing is lost, the topic has it all.
        """
        if self._unwritten or self.file.place() != self.place:
            # By key: pages of the file are then met once.
            rows = sorted(self._unwritten.values(), key=lambda row: row.key)
            self.file.put(rows, self.place)
            self._unwritten.clear()

    def close(self) -> None:
        """Write what is missing and let go of the file."""
        try:
            self.write()
        finally:
            self.file.close()
