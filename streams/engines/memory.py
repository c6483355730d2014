"""The reference engine: everything in dictionaries, for tests and what-if."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from streams.contracts.entry import decode_entry
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import DeadLetterId, Instant, PersonId
from streams.domain.person import ClosedState, PersonState
from streams.engines import lane
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus, Stored


class MemoryEngine:
    """Keeps `streams.promises.engine.Engine` in memory, and forgets all at `close`."""

    def __init__(self, agreements: Agreements) -> None:
        """Start empty, under every version of a region's agreement."""
        self._agreements = agreements
        self._entries: list[lane.Kept] = []
        self._hot: dict[PersonId, lane.Kept] = {}
        self._closed: dict[PersonId, ClosedState] = {}
        self._dead: dict[DeadLetterId, DeadLetter] = {}
        self._resolved: set[DeadLetterId] = set()
        self._now = Instant(0)

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        """Take inputs in their order."""
        kept, buried, now = len(self._entries), len(self._dead), self._now
        try:
            return [self._take(each) for each in inputs]
        except BaseException:
            self._take_back(kept, buried, now)
            raise

    def advance(self, to: Instant) -> int:
        """Fire every clock due by `to`."""
        due = [
            (kept.next_at, person)
            for person, kept in self._hot.items()
            if kept.next_at is not None and kept.next_at <= to
        ]
        fired = lane.fire(self, self._agreements, due, (to, lane.LAST))
        self._now = max(self._now, to)
        return fired

    def now(self) -> Instant:
        """Give the hub's virtual time."""
        return self._now

    def next_due(self) -> Instant | None:
        """Give the earliest moment at which a clock wants to fire."""
        moments = [kept.next_at for kept in self._hot.values() if kept.next_at is not None]
        return min(moments, default=None)

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
        self._put_state(entry)

    def _put_state(self, entry: lane.Kept) -> None:
        self._hot[entry.person] = entry
        if entry.closed_added is not None:
            earlier = self._closed.get(entry.person, ClosedState(b"", b""))
            self._closed[entry.person] = ClosedState(
                earlier.summaries + entry.closed_added.summaries,
                earlier.known_ids + entry.closed_added.known_ids,
            )

    def bury(self, dead_letter: DeadLetter) -> None:
        """Write a dead letter."""
        self._dead.setdefault(dead_letter.dead_letter_id, dead_letter)

    def _take_back(self, kept: int, buried: int, now: Instant) -> None:
        """Be as before a call that failed."""
        touched = {entry.person for entry in self._entries[kept:]}
        del self._entries[kept:]
        for person in touched:
            self._hot.pop(person, None)
            self._closed.pop(person, None)
        for entry in self._entries:
            if entry.person in touched:
                self._put_state(entry)
        for dead_letter_id in list(self._dead)[buried:]:
            del self._dead[dead_letter_id]
        self._now = now

    def _take(self, each: Event | DeadLetter) -> Outcome:
        if isinstance(each, DeadLetter):
            self.bury(each)
            self._now = max(self._now, each.recorded_at)
            return Outcome(ReceiptStatus.DEAD_LETTER, each.event_id, None, each.dead_letter_id, "")
        return lane.take(self, self._agreements, each)
