"""The local store of one partition's states: committed ones only, as bytes, beside an offset.

The topic of states is the truth; this file spares a worker that starts anew from reading it all.
`synchronous=OFF` is enough: what a power loss takes is read again, and a damaged file is made anew.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from streams.domain.ids import Instant
from streams.engines.sqlite_store import mended, transaction

NEVER = Instant(2**62)
"""The `next_at` of a person whose open clocks have nothing to say: the index still finds them."""
_PAGES_KEPT_KIB = 64 * 1024
_TABLES = """
CREATE TABLE IF NOT EXISTS state (
    key BLOB PRIMARY KEY, next_at INTEGER, value BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS state_due ON state (next_at, key) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS place (
    only INTEGER PRIMARY KEY CHECK (only = 1), next_offset INTEGER NOT NULL, lineage TEXT NOT NULL
) STRICT;
INSERT OR IGNORE INTO place VALUES (1, 0, '');
CREATE TABLE IF NOT EXISTS attempt (
    only INTEGER PRIMARY KEY CHECK (only = 1), record_offset INTEGER NOT NULL,
    alone INTEGER NOT NULL
) STRICT;
"""
_PUT = (
    "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
    " next_at = excluded.next_at, value = excluded.value"
)


class StateRow(NamedTuple):
    """One state as the topic has it; `next_at` is when its clock wants to fire, None if never."""

    key: bytes
    next_at: Instant | None
    value: bytes


class Place(NamedTuple):
    """Where a file stands: the next offset of the topic of states, and the topic's lineage."""

    next_offset: int
    lineage: str


class Attempt(NamedTuple):
    """What a worker was about to take: records from an offset on, or one `alone`, so many times."""

    offset: int
    alone: int


class StateFile:
    """Keeps the states of one partition; every method raises UnavailableError if it cannot."""

    def __init__(self, path: Path) -> None:
        """Open a partition's file, or make it; one that is damaged is thrown away.

        Raises:
            UnavailableError: It can neither be opened nor made.
        """
        self._path = path
        try:
            self._db = self._opened()
        except (apsw.NotADBError, apsw.CorruptError):
            self._remove()
            with mended(path):
                self._db = self._opened()
        except apsw.Error:
            with mended(path):
                raise

    def place(self) -> Place:
        """Say where the file stands."""
        with mended(self._path):
            return Place(*self._db.execute("SELECT next_offset, lineage FROM place").get)

    def attempt(self) -> Attempt | None:
        """Say what was noted last, None where the last worker came to an orderly end."""
        with mended(self._path):
            found = self._db.execute("SELECT record_offset, alone FROM attempt").get
        return None if found is None else Attempt(*found)

    def note(self, attempt: Attempt | None) -> None:
        """Note what is about to be taken; None: nothing."""
        with transaction(self._db, self._path):
            self._db.execute("DELETE FROM attempt")
            if attempt is not None:
                self._db.execute("INSERT INTO attempt VALUES (1, ?, ?)", attempt)

    def row(self, key: bytes) -> StateRow | None:
        """Give a state, None where there is none."""
        sql = "SELECT key, next_at, value FROM state WHERE key = ?"
        try:
            found = self._db.execute(sql, (key,)).get
        except apsw.Error:  # asked for each event of a person who is not at hand: no block around
            with mended(self._path):
                raise
        return None if found is None else StateRow(*found)

    def put(self, rows: Iterable[StateRow], place: Place) -> None:
        """Take committed states in, and stand at a place, in one transaction."""
        with transaction(self._db, self._path):
            self._db.executemany(_PUT, rows)
            self._db.execute("UPDATE place SET next_offset = ?, lineage = ?", place)

    def due(self) -> Iterator[tuple[Instant, bytes]]:
        """Give who has a clock that wants to fire, in the order of when."""
        yield from self._rows(
            "SELECT next_at, key FROM state WHERE next_at IS NOT NULL AND next_at < ?"
            " ORDER BY next_at, key",
            (NEVER,),
        )

    def with_clocks(self, after: tuple[Instant, bytes], count: int) -> list[tuple[Instant, bytes]]:
        """Give who has open clocks, some at a time, in the order of when they want to fire."""
        return list(
            self._rows(
                "SELECT next_at, key FROM state WHERE next_at IS NOT NULL"
                " AND (next_at, key) > (?, ?) ORDER BY next_at, key LIMIT ?",
                (*after, count),
            )
        )

    def beginning_with(self, prefix: bytes) -> list[bytes]:
        """Give the values of the keys that begin so."""
        sql = "SELECT value FROM state WHERE key >= ? AND key < ? ORDER BY key"
        with mended(self._path):
            return [row[0] for row in self._db.execute(sql, (prefix, prefix + b"\xff"))]

    def everything(self) -> Iterator[tuple[bytes, bytes]]:
        """Give every key and value, by key."""
        with mended(self._path):
            yield from self._db.execute("SELECT key, value FROM state ORDER BY key")

    def empty(self) -> None:
        """Forget everything: it is of another topic."""
        with transaction(self._db, self._path):
            self._db.execute("DELETE FROM state")
            self._db.execute("UPDATE place SET next_offset = 0, lineage = ''")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _rows(self, sql: str, values: tuple[object, ...]) -> Iterator[tuple[Instant, bytes]]:
        with mended(self._path):
            for at, key in self._db.execute(sql, values):
                yield Instant(at), key

    def _opened(self) -> apsw.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(self._path), statementcachesize=32)
        try:
            # Nobody else has business in it; so no look takes a lock of its own.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("PRAGMA synchronous=OFF").fetchall()
            connection.execute(f"PRAGMA cache_size=-{_PAGES_KEPT_KIB}").fetchall()
            connection.execute(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection

    def _remove(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
