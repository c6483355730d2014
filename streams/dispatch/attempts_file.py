"""The attempts file: its tables, and how a file of an older hub is brought to today's shape."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import apsw

from streams.dispatch.attempts_store import NONE, NewerStoreError, Row, Values

STORE_VERSION = 3
_FIRST = """
CREATE TABLE delivery (
    notice_id TEXT NOT NULL PRIMARY KEY,
    receiver TEXT NOT NULL,
    person TEXT NOT NULL,
    handoff_id TEXT,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    since INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    first_at INTEGER,
    next_at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    words BLOB,
    may_leave INTEGER NOT NULL, -- 1 the ledger let it leave, and said nothing else since
    head INTEGER -- 1 its lane's head, 0 behind it or held back, NULL settled
) STRICT, WITHOUT ROWID;
CREATE INDEX of_handoff ON delivery (handoff_id) WHERE may_leave = 1;
CREATE INDEX ledger_order ON delivery (position, ordinal);
CREATE TABLE followed (position INTEGER NOT NULL) STRICT;
INSERT INTO followed VALUES (0);
"""
_DESKS = """
DROP INDEX IF EXISTS due;
DROP INDEX IF EXISTS lane;
ALTER TABLE delivery ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN desk TEXT NOT NULL DEFAULT ''; -- '' the agency's own system
ALTER TABLE delivery ADD COLUMN clock TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN told_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN message TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN ground TEXT NOT NULL DEFAULT '';
CREATE INDEX due ON delivery (receiver, desk, next_at, position, ordinal) WHERE head = 1;
CREATE INDEX lane ON delivery (person, receiver, position, ordinal)
    WHERE head IS NOT NULL AND desk = '';
CREATE INDEX held ON delivery (receiver, desk, owner) WHERE head = 0 AND desk <> '';
CREATE INDEX of_clock ON delivery (clock) WHERE head IS NOT NULL AND clock <> '';
CREATE INDEX of_role ON delivery (role) WHERE head IS NOT NULL AND role <> '';
CREATE INDEX of_message ON delivery (message) WHERE head IS NOT NULL AND message <> '';
CREATE INDEX retried ON delivery (receiver, first_at)
    WHERE head = 1 AND state = 'trying' AND desk = '';
CREATE TABLE reach (
    agency TEXT NOT NULL PRIMARY KEY,
    silent INTEGER NOT NULL DEFAULT 0, -- 1 it fell silent and was not heard again
    dead INTEGER NOT NULL DEFAULT 0, -- 1 a delivery to it died, and no sign of life came since
    arrived_at INTEGER NOT NULL DEFAULT 0 -- when a notice last reached its system
) STRICT, WITHOUT ROWID;
CREATE TABLE outage_told (
    owner TEXT NOT NULL,
    receiver TEXT NOT NULL,
    desk TEXT NOT NULL,
    PRIMARY KEY (owner, receiver, desk)
) STRICT, WITHOUT ROWID;
"""
# One shape with the database of a hub on partitions: an embedded hub is one partition, 0.
_PARTITIONS = """
DROP VIEW IF EXISTS fate;
ALTER TABLE delivery RENAME TO dispatch_delivery;
ALTER TABLE followed RENAME TO dispatch_followed;
ALTER TABLE reach RENAME TO dispatch_reach;
ALTER TABLE outage_told RENAME TO dispatch_outage_told;
ALTER TABLE dispatch_delivery ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dispatch_delivery ADD COLUMN notice BLOB;
ALTER TABLE dispatch_followed ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dispatch_followed ADD COLUMN entry_digest BLOB NOT NULL DEFAULT x'';
CREATE VIEW dispatch_fate AS SELECT
    notice_id, receiver, person, handoff_id, kind, position, ordinal, state, tries, since, asked,
    first_at, next_at, cause, role, desk, clock, owner, rule, told_at, closed, message, ground,
    CASE WHEN head = 0 THEN 1 ELSE 0 END AS held, head, partition
FROM dispatch_delivery; -- the fields of Delivery in their order, and what is asked for beside them
PRAGMA user_version = 3;
"""
_STEPS = (_FIRST, _DESKS, _PARTITIONS)


class AttemptsFile:
    """Keeps `streams.dispatch.attempts_store.Store` in one SQLite file."""

    keeps_notices = False

    def __init__(self, path: Path) -> None:
        """Open the file, made or brought to this version where needed.

        Raises:
            NewerStoreError: A newer version of the hub wrote the file.
            apsw.Error: The file cannot be used.
        """
        self._db = apsw.Connection(str(path))
        self._db.set_busy_timeout(5_000)
        self._db.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        version = cast("int", self._db.pragma("user_version"))
        if version > STORE_VERSION:
            self._db.close()
            raise NewerStoreError(f"attempts store of version {version}, known: {STORE_VERSION}")
        if version < STORE_VERSION:
            with self._db:
                self._db.execute("".join(_STEPS[version:]))

    def ask(self, sql: str, values: Values = NONE) -> Sequence[Row]:
        """Give the rows of a question."""
        return self._db.execute(sql, values).fetchall()

    def write(self, sql: str, values: Values = NONE) -> Sequence[Row]:
        """Write, and give what is returned."""
        return self._db.execute(sql, values).fetchall()

    def write_all(self, sql: str, values: Sequence[Values]) -> None:
        """Write the same with each of these values."""
        with self._db:
            self._db.executemany(sql, values)

    def together(self) -> AbstractContextManager[object]:
        """Make what is written inside one transaction."""
        return self._db

    def by_index(self, index: str) -> str:
        """Say which index a question uses: the planner would take another."""
        return f"INDEXED BY {index}"

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
