"""The embedded engine: SQLite in WAL mode, one writer, group commit.

One row an entry; the state is written in the entry's transaction. What `submit` returned is on the
disk.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from streams.contracts.dead_letter import decode_dead_letter, encode_dead_letter
from streams.contracts.entry import decode_entry
from streams.contracts.person import decode_closed, decode_state, encode_closed
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import DeadLetterId, Instant, PersonId
from streams.domain.person import ClosedState, PersonState
from streams.engines import lane
from streams.engines.sqlite_store import FolderLock, mended, opened, transaction
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus, Stored

FILE = "ledger.db"
STATES_KEPT_MAX = 2048
"""Decoded states that stay at hand between commits."""
_CLOCKS_A_COMMIT = 500

_TABLES = """
CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY, person TEXT NOT NULL, sequence INTEGER NOT NULL,
    event_id TEXT NOT NULL, recorded_at INTEGER NOT NULL, entry BLOB NOT NULL,
    entry_digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entry_of_event ON entry (event_id, person);
CREATE UNIQUE INDEX IF NOT EXISTS entry_of_person ON entry (person, sequence);
CREATE TABLE IF NOT EXISTS hot (
    person TEXT PRIMARY KEY, next_at INTEGER, state BLOB NOT NULL, state_digest BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS hot_due ON hot (next_at, person) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS closed (
    person TEXT PRIMARY KEY, state BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS dead_letter (
    dead_letter_id TEXT PRIMARY KEY, recorded_at INTEGER NOT NULL, resolved INTEGER NOT NULL,
    letter BLOB NOT NULL, sealed_body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS hub (
    only INTEGER PRIMARY KEY CHECK (only = 1), now INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO hub VALUES (1, 0);
"""
_INSERT_ENTRY = (
    "INSERT INTO entry (person, sequence, event_id, recorded_at, entry, entry_digest)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_PUT_HOT = (
    "INSERT INTO hot VALUES (?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET"
    " next_at = excluded.next_at, state = excluded.state, state_digest = excluded.state_digest"
)
_PUT_CLOSED = (
    "INSERT INTO closed VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET state = excluded.state"
)
_PUT_DEAD = "INSERT INTO dead_letter VALUES (?, ?, 0, ?, ?) ON CONFLICT (dead_letter_id) DO NOTHING"


class EmbeddedEngine:
    """Keeps `streams.promises.engine.Engine` in one folder of one machine."""

    def __init__(
        self,
        folder: Path,
        agreements: Agreements,
        *,
        durable: bool = True,
        writes: bool = True,
    ) -> None:
        """Open or make the ledger of a folder.

        Args:
            folder: Where the ledger lies; made where it is missing.
            agreements: Every version of the region's agreement.
            durable: Wait for the disk at every commit (`synchronous=FULL`).
            writes: Hold the folder's lock; a reader needs none.

        Raises:
            UnavailableError: The folder is held by another process or cannot be used.
        """
        self._path = folder / FILE
        self._agreements = agreements
        self._lock = FolderLock(folder) if writes else None
        try:
            self._db = opened(self._path, _TABLES, durable=durable, writes=writes)
            self._now = Instant(self._all("SELECT now FROM hub", ())[0][0])
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._known: OrderedDict[PersonId, PersonState] = OrderedDict()
        self._pending_now = self._now
        self._forget_pending()

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        """Take inputs in one transaction."""
        with self._group():
            return [self._take(each) for each in inputs]

    def advance(self, to: Instant) -> int:
        """Fire every clock due by `to`, some hundreds a transaction."""
        fired = 0
        while True:
            due = self._due(to)
            more = len(due) == _CLOCKS_A_COMMIT
            with self._group():
                fired += lane.fire(
                    self, self._agreements, due, due[-1] if more else (to, lane.LAST)
                )
                if not more:
                    self._pending_now = max(self._pending_now, to)
            if not more:
                return fired

    def now(self) -> Instant:
        """Give the hub's virtual time."""
        return self._now

    def next_due(self) -> Instant | None:
        """Give the earliest moment at which a clock wants to fire."""
        found = self._one("SELECT min(next_at) FROM hot WHERE next_at IS NOT NULL", ())
        return Instant(found[0]) if found is not None and found[0] is not None else None

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position, a page at a time, so that no reader holds the file."""
        left = limit if limit is not None else 2**62
        while left > 0:
            page = min(left, 1000)
            if person is None:
                sql = (
                    "SELECT position, entry, entry_digest FROM entry WHERE position > ?"
                    " ORDER BY position LIMIT ?"
                )
                rows = self._all(sql, (after, page))
            else:
                sql = (
                    "SELECT position, entry, entry_digest FROM entry"
                    " WHERE person = ? AND position > ? ORDER BY sequence LIMIT ?"
                )
                rows = self._all(sql, (person, after, page))
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

    def close(self) -> None:
        """Let go of the file and of the folder's lock."""
        self._db.close()
        if self._lock is not None:
            self._lock.release()

    def hot(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state, as `streams.engines.lane.Store` asks."""
        pending = self._pending_hot.get(person)
        if pending is not None:
            return pending.hot
        known = self._known.get(person)
        if known is not None:
            self._known.move_to_end(person)
            return known
        row = self._one("SELECT state FROM hot WHERE person = ?", (person,))
        return decode_state(row[0]).state if row is not None else None

    def closed(self, person: PersonId) -> ClosedState | None:
        """Give a person's closed state."""
        pending = self._pending_closed.get(person)
        if pending is not None:
            return pending
        row = self._one("SELECT state FROM closed WHERE person = ?", (person,))
        return decode_closed(row[0]) if row is not None else None

    def keep(self, entry: lane.Kept) -> None:
        """Gather an entry with its state for the end of the transaction."""
        self._pending_entries.append(entry)
        self._pending_hot[entry.person] = entry
        self._pending_now = max(self._pending_now, entry.recorded_at)
        if entry.closed_added is not None:
            earlier = self.closed(entry.person) or ClosedState(b"", b"")
            self._pending_closed[entry.person] = ClosedState(
                earlier.summaries + entry.closed_added.summaries,
                earlier.known_ids + entry.closed_added.known_ids,
            )

    def bury(self, dead_letter: DeadLetter) -> None:
        """Gather a dead letter for the end of the transaction."""
        self._pending_dead.append(dead_letter)

    def _due(self, until: Instant) -> list[tuple[Instant, PersonId]]:
        sql = (
            "SELECT next_at, person FROM hot WHERE next_at IS NOT NULL AND next_at <= ?"
            " ORDER BY next_at, person LIMIT ?"
        )
        return [
            (Instant(row[0]), PersonId(row[1])) for row in self._all(sql, (until, _CLOCKS_A_COMMIT))
        ]

    @contextmanager
    def _group(self) -> Iterator[None]:
        """Keep all that is gathered inside in one transaction, or none of it."""
        try:
            with transaction(self._db, self._path):
                yield
                self._flush()
        except BaseException:
            self._known.clear()
            self._forget_pending()
            raise
        self._now = self._pending_now
        for person, kept in self._pending_hot.items():
            self._known[person] = kept.hot
            self._known.move_to_end(person)
        while len(self._known) > STATES_KEPT_MAX:
            self._known.popitem(last=False)
        self._forget_pending()

    def _take(self, each: Event | DeadLetter) -> Outcome:
        if isinstance(each, DeadLetter):
            self.bury(each)
            self._pending_now = max(self._pending_now, each.recorded_at)
            return Outcome(ReceiptStatus.DEAD_LETTER, each.event_id, None, each.dead_letter_id, "")
        return lane.take(self, self._agreements, each)

    def _flush(self) -> None:
        db = self._db
        db.executemany(_INSERT_ENTRY, [(*kept[:6],) for kept in self._pending_entries])
        states = sorted(self._pending_hot.values(), key=lambda kept: kept.person)
        db.executemany(_PUT_HOT, [(k.person, k.next_at, k.state, k.state_digest) for k in states])
        db.executemany(
            _PUT_CLOSED, [(p, encode_closed(c)) for p, c in self._pending_closed.items()]
        )
        db.executemany(
            _PUT_DEAD,
            # The body apart: a file that could not be split may be larger than a record.
            [
                (
                    d.dead_letter_id,
                    d.recorded_at,
                    encode_dead_letter(d._replace(sealed_body=b"")),
                    d.sealed_body,
                )
                for d in self._pending_dead
            ],
        )
        if self._pending_now > self._now:
            db.execute("UPDATE hub SET now = ?", (self._pending_now,))

    def _forget_pending(self) -> None:
        self._pending_entries: list[lane.Kept] = []
        self._pending_hot: dict[PersonId, lane.Kept] = {}
        self._pending_closed: dict[PersonId, ClosedState] = {}
        self._pending_dead: list[DeadLetter] = []
        self._pending_now = self._now

    def _one(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None

    def _all(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with mended(self._path):
            return list(self._db.execute(sql, values))
