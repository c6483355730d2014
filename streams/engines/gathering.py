"""What one transaction of the embedded engine will write, gathered until its end."""

import apsw

from streams.contracts.dead_letter import encode_dead_letter
from streams.contracts.person import encode_closed
from streams.domain.ids import Instant, PersonId
from streams.domain.person import ClosedState
from streams.engines import embedded_tables as tables
from streams.engines.embedded_tables import NEVER
from streams.engines.lane import Kept
from streams.engines.silence import Silence
from streams.promises.engine import DeadLetter


class Gathered:
    """Entries in their order, each person's newest state, and what else a call leaves behind."""

    __slots__ = ("before", "closed", "dead", "entries", "followed", "hot", "now", "resting")

    def __init__(self, now: Instant, followed: bytes) -> None:
        """Begin with nothing.

        Args: now: The hub's time. followed: The digest of the clock rules last followed.
        """
        self.entries: list[Kept] = []
        self.hot: dict[PersonId, Kept] = {}
        self.closed: dict[PersonId, ClosedState] = {}
        self.dead: list[DeadLetter] = []
        self.resting: dict[PersonId, Instant | None] = {}
        """Persons whose clock made no entry, and when they want to be looked at again."""
        self.before: dict[PersonId, Instant | None] = {}
        """When persons stood in the heap before the call, as far as it is known."""
        self.now = now
        self.followed = followed

    def moved(self) -> dict[PersonId, Instant | None]:
        """Give when the next clock of each person that was touched wants to fire."""
        return {person: kept.next_at for person, kept in self.hot.items()} | self.resting

    def write(self, db: apsw.Connection, silence: Silence) -> None:
        """Write all of it; the caller holds the transaction."""
        db.executemany(tables.INSERT_ENTRY, [(*kept[:6],) for kept in self.entries])
        states = sorted(self.hot.values(), key=lambda kept: kept.person)
        db.executemany(
            tables.PUT_HOT, [(k.person, _next_at(k), k.state, k.state_digest) for k in states]
        )
        db.executemany(tables.PUT_CLOSED, [(p, encode_closed(c)) for p, c in self.closed.items()])
        db.executemany(
            tables.PUT_DEAD,
            # The body apart: a file that could not be split may be larger than a record.
            [
                (
                    d.dead_letter_id,
                    d.recorded_at,
                    encode_dead_letter(d._replace(sealed_body=b"")),
                    d.sealed_body,
                )
                for d in self.dead
            ],
        )
        db.executemany(
            tables.PUT_NEXT,
            [(NEVER if at is None else at, person) for person, at in self.resting.items()],
        )
        db.executemany(tables.PUT_HEARD, [(agency, *heard) for agency, heard in silence.added()])


def _next_at(kept: Kept) -> Instant | None:
    if kept.next_at is None and kept.hot.clocks:
        return NEVER
    return kept.next_at
