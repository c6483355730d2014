"""The embedded engine: SQLite in WAL mode, one writer, group commit.

One row an entry; the state is written in the entry's transaction. What `submit` returned is on the
disk. Who is due when lies in a heap, made from the file's index when a clock is first asked for.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.entry import decode_entry
from streams.contracts.person import decode_closed, decode_state
from streams.domain.agreement import Agreement, Agreements
from streams.domain.event import Event
from streams.domain.ids import AgencyId, DeadLetterId, Instant, PersonId
from streams.domain.person import NOTHING_CLOSED, ClosedState, PersonState
from streams.engines import advancing, lane
from streams.engines import embedded_tables as tables
from streams.engines.changes import rules_at
from streams.engines.due import Due, Place
from streams.engines.embedded_tables import NEVER
from streams.engines.gathering import Gathered
from streams.engines.silence import Heard, Silence
from streams.engines.sqlite_store import FolderLock, mended, opened, transaction
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus, Stored

FILE = "ledger.db"
STATES_KEPT_MAX = 64
"""Decoded states that stay at hand between commits."""
_CLOCKS_A_COMMIT = 250

_State = tuple[PersonState, Instant | None]
"""A person's state, and when the next clock wants to fire."""


class EmbeddedEngine:
    """Keeps `streams.promises.engine.Engine` in one folder of one machine.

    `wall` gives the machine's time to a hub that stands in it: clocks are then stamped with how
    late they fire. In virtual time it is None.
    """

    def __init__(
        self,
        folder: Path,
        agreements: Agreements,
        *,
        durable: bool = True,
        writes: bool = True,
        wall: lane.Wall | None = None,
    ) -> None:
        """Open or make the ledger of a folder.

        Args:
            folder: Where the ledger lies; made where it is missing.
            agreements: Every version of the region's agreement.
            durable: Wait for the disk at every commit (`synchronous=FULL`).
            writes: Hold the folder's lock; a reader needs none.
            wall: The machine's time, for a hub that stands in it.

        Raises:
            UnavailableError: The folder is held by another process or cannot be used.
        """
        self.wall = wall
        self._path = folder / FILE
        self._agreements = agreements
        self._lock = FolderLock(folder) if writes else None
        try:
            self._db = opened(self._path, tables.TABLES, durable=durable, writes=writes)
            self._now = Instant(self._all("SELECT now FROM hub", ())[0][0])
            self._followed = self._rules_followed()
            self._silence = Silence(agreements, self._agencies_heard())
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._known: OrderedDict[PersonId, _State] = OrderedDict()
        self._clocks: Due | None = None
        self._gathered = Gathered(self._now, self._followed)

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        """Take inputs in one transaction."""
        with self._group():
            return [self._take(each) for each in inputs]

    def advance(self, to: Instant) -> int:
        """Go on to a moment, some hundreds of clocks a transaction."""
        return sum(self.advancing(to))

    def advancing(self, to: Instant) -> Iterator[int]:
        """Do what `advance` does, a transaction a turn, for who has other work between."""
        return advancing.advance(self, self._agreements, to)

    def follow_agreement(self, at: Instant) -> int:
        """Bring every person's clocks under the agreement in force at a moment."""
        return sum(self.following(at))

    def following(self, at: Instant) -> Iterator[int]:
        """Do what `follow_agreement` does, a transaction a turn."""
        rules = rules_at(self._agreements, at)
        place: tuple[int, str] = (-NEVER, "")
        while rules not in (b"", self._followed):
            page = self._all(tables.WITH_CLOCKS, (*place, _CLOCKS_A_COMMIT))
            with self._group():
                persons = [PersonId(person) for _, person in page]
                changes = sum(
                    lane.follow(self, self._agreements, person, at, self.wall) for person in persons
                )
                if len(page) < _CLOCKS_A_COMMIT:
                    self._gathered.followed = rules
            yield changes
            place = page[-1] if page else place

    def firing(self, until: Place) -> Iterator[int]:
        """Fire the clocks due by a place, some hundreds a transaction; give how many each time."""
        more = True
        while more:
            due = self._due().take(until, _CLOCKS_A_COMMIT)
            more = len(due) == _CLOCKS_A_COMMIT
            if not due and until[0] <= self._now:
                return
            with self._group(due):
                last = due[-1] if more else until
                came = lane.fire(self, self._agreements, due, last, self.wall)
                self._gathered.resting = came.resting
                if not more:
                    self._gathered.now = max(self._gathered.now, until[0])
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
            self._first_clock(),
            self.first_silence(),
            has_clocks=self._has_clocks,
        )

    def lag_us(self, now: Instant) -> int:
        """Give how long the most overdue clock or silence waits, in microseconds."""
        return advancing.lag_us(now, self._first_clock(), self.first_silence())

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position, a page at a time, so that no reader holds the file."""
        left = limit if limit is not None else 2**62
        while left > 0:
            page = min(left, 1000)
            if person is None:
                rows = self._all(tables.LEDGER, (after, page))
            else:
                rows = self._all(tables.LEDGER_OF_PERSON, (person, after, page))
            for position, entry, entry_digest in rows:
                yield Stored(position, decode_entry(entry).entry, entry_digest)
            if len(rows) < page:
                return
            left -= page
            after = rows[-1][0]

    def entry_bytes(self) -> list[bytes]:
        """Give every entry's bytes, in ledger order: what engines are compared by."""
        return [row[0] for row in self._all("SELECT entry FROM entry ORDER BY position", ())]

    def entry_digest(self, person: PersonId, sequence: int) -> bytes:
        """Give the digest of a person's entry, empty where there is none."""
        sql = "SELECT entry_digest FROM entry WHERE person = ? AND sequence = ?"
        row = self._one(sql, (person, sequence))
        return bytes(row[0]) if row is not None else b""

    def person(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state."""
        return self.hot(person)

    def dead_letters(self) -> list[DeadLetter]:
        """Give the dead letters that wait, by (recorded_at, id)."""
        sql = (
            "SELECT letter, sealed_body FROM dead_letter WHERE resolved = 0"
            " ORDER BY recorded_at, dead_letter_id"
        )
        return [
            decode_dead_letter(row[0], DeadLetter)._replace(sealed_body=row[1])
            for row in self._all(sql, ())
        ]

    def resolve_dead_letter(self, dead_letter_id: DeadLetterId) -> None:
        """Note that a dead letter is dealt with."""
        with transaction(self._db, self._path):
            self._db.execute(
                "UPDATE dead_letter SET resolved = 1 WHERE dead_letter_id = ?", (dead_letter_id,)
            )

    def state_digest(self) -> bytes:
        """Give one SHA-256 over every person's state."""
        whole = sha256()
        with mended(self._path):
            for row in self._db.execute("SELECT person, state_digest FROM hot ORDER BY person"):
                whole.update(str(row[0]).encode() + bytes(row[1]))
        return whole.digest()

    def take_again(self, decided: Sequence[tuple[Event, Agreement]]) -> None:
        """Take events of a ledger in again, each under the agreement of its entry; no others."""
        with self._group():
            for event, agreement in decided:
                lane.take_again(self, agreement, event)

    def close(self) -> None:
        """Let go of the file and of the folder's lock."""
        self._db.close()
        if self._lock is not None:
            self._lock.release()

    def hot(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state, as `streams.engines.lane.Store` asks."""
        pending = self._gathered.hot.get(person)
        if pending is not None:
            return pending.hot
        known = self._known.get(person)
        if known is not None:
            self._known.move_to_end(person)
            return known[0]
        row = self._one("SELECT state, next_at FROM hot WHERE person = ?", (person,))
        if row is None:
            self._gathered.before.setdefault(person, None)
            return None
        state = decode_state(row[0]).state
        self._remember(person, (state, row[1]))
        return state

    def closed(self, person: PersonId) -> ClosedState | None:
        """Give a person's closed state."""
        pending = self._gathered.closed.get(person)
        if pending is not None:
            return pending
        row = self._one("SELECT state FROM closed WHERE person = ?", (person,))
        return decode_closed(row[0]) if row is not None else None

    def keep(self, entry: lane.Kept) -> None:
        """Gather an entry with its state for the end of the transaction."""
        gathered = self._gathered
        if self._clocks is not None and entry.person not in gathered.before:
            gathered.before[entry.person] = self._next_at(entry.person)
        gathered.entries.append(entry)
        gathered.hot[entry.person] = entry
        gathered.now = max(gathered.now, entry.recorded_at)
        if entry.closed_added is not None:
            earlier = self.closed(entry.person) or NOTHING_CLOSED
            gathered.closed[entry.person] = earlier.with_added(entry.closed_added)

    def bury(self, dead_letter: DeadLetter) -> None:
        """Gather a dead letter for the end of the transaction."""
        self._gathered.dead.append(dead_letter)

    @contextmanager
    def _group(self, taken: Sequence[Place] = ()) -> Iterator[None]:
        """Keep all that is gathered inside in one transaction, or none of it.

        `taken` are the places that were taken out of the heap for it.
        """
        gathered = self._gathered
        gathered.before.update((person, None) for _, person in taken)
        try:
            with transaction(self._db, self._path):
                yield
                gathered.write(self._db, self._silence)
                if gathered.followed != self._followed:
                    self._db.execute(tables.PUT_FOLLOWED, (gathered.followed,))
                if gathered.now > self._now:
                    self._db.execute("UPDATE hub SET now = ?", (gathered.now,))
        except BaseException:
            self._known.clear()
            self._silence.roll_back()
            self._gathered = Gathered(self._now, self._followed)
            if self._clocks is not None:
                self._clocks.put_back(taken)
            raise
        self._settle(gathered)

    def _settle(self, gathered: Gathered) -> None:
        """Be in memory as the file now is."""
        self._now, self._followed = gathered.now, gathered.followed
        self._gathered = Gathered(self._now, self._followed)
        self._silence.commit()
        for person, kept in gathered.hot.items():
            self._remember(person, (kept.hot, kept.next_at))
        for person in gathered.resting:
            self._known.pop(person, None)
        clocks = self._clocks
        if clocks is not None:
            for person, next_at in gathered.moved().items():
                clocks.move(person, gathered.before.get(person), next_at)
            if clocks.is_stale:
                self._clocks = None  # the next who asks makes it anew

    def _take(self, each: Event | DeadLetter) -> Outcome:
        if isinstance(each, DeadLetter):
            self._hear(each.agency, each.recorded_at)
            self.bury(each)
            self._gathered.now = max(self._gathered.now, each.recorded_at)
            return Outcome(ReceiptStatus.DEAD_LETTER, each.event_id, None, each.dead_letter_id, "")
        self._hear(each.envelope.agency, each.envelope.recorded_at)
        return lane.take(self, self._agreements, each, self.wall)

    def _hear(self, agency: AgencyId, at: Instant) -> None:
        for told in self._silence.hear(agency, at):
            lane.take(self, self._agreements, told, self.wall)

    def _due(self) -> Due:
        if self._clocks is None:
            with mended(self._path):
                self._clocks = Due(self._db.execute(tables.DUE, (NEVER,)), self._next_at)
        return self._clocks

    def _first_clock(self) -> Place | None:
        if self._lock is not None:
            return self._due().first()
        # A reader: whoever writes moves the clocks meanwhile.
        row = self._one(tables.FIRST_DUE, (NEVER,))
        return (Instant(row[0]), PersonId(row[1])) if row is not None else None

    def _next_at(self, person: PersonId) -> Instant | None:
        if person not in self._known:
            self.hot(person)  # whoever asks wants the state next
        known = self._known.get(person)
        next_at = known[1] if known is not None else None
        return None if next_at is None or next_at >= NEVER else Instant(next_at)

    def _has_clocks(self) -> bool:
        return bool(self._all(tables.WITH_CLOCKS, (-NEVER, "", 1)))

    def _rules_followed(self) -> bytes:
        row = self._one(tables.FOLLOWED, ()) if self._has("followed") else None
        return bytes(row[0]) if row is not None else b""

    def _agencies_heard(self) -> dict[AgencyId, Heard]:
        rows = self._all(tables.HEARD, ()) if self._has("heard") else []
        return {AgencyId(agency): Heard(at, silent_at) for agency, at, silent_at in rows}

    def _has(self, table: str) -> bool:
        # A reader makes no tables, and a hub that is older may have written last.
        return self._one(tables.HAS_TABLE, (table,)) is not None

    def _remember(self, person: PersonId, state: _State) -> None:
        self._known[person] = state
        self._known.move_to_end(person)
        if len(self._known) > STATES_KEPT_MAX:
            self._known.popitem(last=False)

    def _one(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None

    def _all(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with mended(self._path):
            return list(self._db.execute(sql, values))
