"""The reference engine: everything in dictionaries, for tests and what-if."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

from streams.contracts.entry import decode_entry
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import AgencyId, DeadLetterId, Instant, PersonId
from streams.domain.person import NOTHING_CLOSED, ClosedState, PersonState
from streams.engines import advancing, lane
from streams.engines.changes import rules_at
from streams.engines.due import Due, Place
from streams.engines.silence import Silence
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus, Stored


class MemoryEngine:
    """Keeps `streams.promises.engine.Engine` in memory, and forgets all at `close`.

    `wall` gives the machine's time to a hub that stands in it; in virtual time it is None.
    """

    def __init__(self, agreements: Agreements, wall: lane.Wall | None = None) -> None:
        """Start empty, under every version of a region's agreement."""
        self.wall = wall
        self._agreements = agreements
        self._entries: list[lane.Kept] = []
        self._hot: dict[PersonId, lane.Kept] = {}
        self._closed: dict[PersonId, ClosedState] = {}
        self._dead: dict[DeadLetterId, DeadLetter] = {}
        self._resolved: set[DeadLetterId] = set()
        self._now = Instant(0)
        self._clocks = Due((), self._next_at)
        self._taken: set[PersonId] = set()
        """Who was taken out of the heap to fire."""
        self._followed = b""
        self._silence = Silence(agreements, {})

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        """Take inputs in their order."""
        with self._group():
            return [self._take(each) for each in inputs]

    def advance(self, to: Instant) -> int:
        """Go on to a moment."""
        return sum(advancing.advance(self, self._agreements, to))

    def follow_agreement(self, at: Instant) -> int:
        """Bring every person's clocks under the agreement in force at a moment."""
        return sum(self.following(at))

    def following(self, at: Instant) -> Iterator[int]:
        """Do what `follow_agreement` does, all at once."""
        rules = rules_at(self._agreements, at)
        if rules in (b"", self._followed):
            return
        with_clocks = [
            (kept.next_at is None, kept.next_at or Instant(0), person)
            for person, kept in self._hot.items()
            if kept.next_at is not None or kept.hot.clocks
        ]
        with self._group():
            changes = sum(
                lane.follow(self, self._agreements, person, at, self.wall)
                for _, _, person in sorted(with_clocks)
            )
        self._followed = rules
        yield changes

    def firing(self, until: Place) -> Iterator[int]:
        """Fire the clocks due by a place, all at once; give how many fired."""
        with self._group():
            due = self._clocks.take(until, len(self._clocks))
            self._taken = {person for _, person in due}
            came = lane.fire(self, self._agreements, due, until, self.wall)
            for person, next_at in came.resting.items():
                self._put(self._hot[person]._replace(next_at=next_at))
            self._now = max(self._now, until[0])
        yield came.clocks

    def fall_silent(self, agency: AgencyId, at: Instant) -> None:
        """Let an agency count as silent since a moment."""
        with self._group():
            lane.take(self, self._agreements, self._silence.fall(agency, at), self.wall)

    def first_silence(self) -> Place | None:
        """Give when the next agency falls silent, and which."""
        return self._silence.first()

    def now(self) -> Instant:
        """Give the hub's virtual time."""
        return self._now

    def next_due(self) -> Instant | None:
        """Give the earliest moment at which the hub has something to do by itself."""
        return advancing.earliest(
            self._agreements,
            self._now,
            self._clocks.first(),
            self.first_silence(),
            has_clocks=lambda: any(kept.hot.clocks for kept in self._hot.values()),
        )

    def lag_us(self, now: Instant) -> int:
        """Give how long the most overdue clock or silence waits, in microseconds."""
        return advancing.lag_us(now, self._clocks.first(), self.first_silence())

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position."""
        found = 0
        for position in range(after + 1, len(self._entries) + 1):
            kept = self._entries[position - 1]
            if limit is not None and found >= limit:
                return
            if person is None or kept.person == person:
                found += 1
                yield Stored(position, decode_entry(kept.entry).entry, kept.entry_digest)

    def entry_bytes(self) -> list[bytes]:
        """Give every entry's bytes, in ledger order: what engines are compared by."""
        return [kept.entry for kept in self._entries]

    def person(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state."""
        return self.hot(person)

    def dead_letters(self) -> list[DeadLetter]:
        """Give the dead letters that wait, by (recorded_at, id)."""
        waiting = [d for d in self._dead.values() if d.dead_letter_id not in self._resolved]
        return sorted(waiting, key=lambda d: (d.recorded_at, d.dead_letter_id))

    def resolve_dead_letter(self, dead_letter_id: DeadLetterId) -> None:
        """Note that a dead letter is dealt with."""
        if dead_letter_id in self._dead:
            self._resolved.add(dead_letter_id)

    def state_digest(self) -> bytes:
        """Give one SHA-256 over every person's state."""
        whole = sha256()
        for person in sorted(self._hot):
            whole.update(person.encode() + self._hot[person].state_digest)
        return whole.digest()

    def close(self) -> None:
        """Forget everything."""
        for kept in (self._entries, self._hot, self._closed, self._dead, self._resolved):
            kept.clear()
        self._clocks = Due((), self._next_at)

    def hot(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state, as `streams.engines.lane.Store` asks."""
        kept = self._hot.get(person)
        return kept.hot if kept is not None else None

    def closed(self, person: PersonId) -> ClosedState | None:
        """Give a person's closed state."""
        return self._closed.get(person)

    def keep(self, entry: lane.Kept) -> None:
        """Write an entry with its state."""
        self._entries.append(entry)
        self._now = max(self._now, entry.recorded_at)
        self._put(entry)
        self._add_closed(entry)

    def bury(self, dead_letter: DeadLetter) -> None:
        """Write a dead letter."""
        self._dead.setdefault(dead_letter.dead_letter_id, dead_letter)

    @contextmanager
    def _group(self) -> Iterator[None]:
        """Keep all that is done inside, or none of it."""
        kept, buried, now = len(self._entries), len(self._dead), self._now
        try:
            yield
        except BaseException:
            self._take_back(kept, buried, now)
            raise
        self._silence.commit()
        self._taken.clear()
        if self._clocks.is_stale:
            self._order_clocks()

    def _put(self, entry: lane.Kept) -> None:
        before = None if entry.person in self._taken else self._next_at(entry.person)
        self._taken.discard(entry.person)
        self._hot[entry.person] = entry
        self._clocks.move(entry.person, before, entry.next_at)

    def _add_closed(self, entry: lane.Kept) -> None:
        if entry.closed_added is not None:
            earlier = self._closed.get(entry.person, NOTHING_CLOSED)
            self._closed[entry.person] = earlier.with_added(entry.closed_added)

    def _next_at(self, person: PersonId) -> Instant | None:
        kept = self._hot.get(person)
        return kept.next_at if kept is not None else None

    def _order_clocks(self) -> None:
        places = [
            (kept.next_at, person) for person, kept in self._hot.items() if kept.next_at is not None
        ]
        self._clocks = Due(places, self._next_at)

    def _take_back(self, kept: int, buried: int, now: Instant) -> None:
        """Be as before a call that failed."""
        touched = {entry.person for entry in self._entries[kept:]}
        del self._entries[kept:]
        for person in touched:
            self._hot.pop(person, None)
            self._closed.pop(person, None)
        for entry in self._entries:
            if entry.person in touched:
                self._hot[entry.person] = entry
                self._add_closed(entry)
        for dead_letter_id in list(self._dead)[buried:]:
            del self._dead[dead_letter_id]
        self._now = now
        self._silence.roll_back()
        self._taken.clear()
        self._order_clocks()

    def _take(self, each: Event | DeadLetter) -> Outcome:
        if isinstance(each, DeadLetter):
            self._hear(each.agency, each.recorded_at)
            self.bury(each)
            self._now = max(self._now, each.recorded_at)
            return Outcome(ReceiptStatus.DEAD_LETTER, each.event_id, None, each.dead_letter_id, "")
        self._hear(each.envelope.agency, each.envelope.recorded_at)
        return lane.take(self, self._agreements, each, self.wall)

    def _hear(self, agency: AgencyId, at: Instant) -> None:
        for told in self._silence.hear(agency, at):
            lane.take(self, self._agreements, told, self.wall)
