"""The tables of the embedded engine's file, and how each is written."""

from streams.domain.ids import Instant

NEVER = Instant(2**62)
"""The `next_at` of a person whose open clocks have nothing to say: the index still finds them."""
TABLES = """
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
CREATE TABLE IF NOT EXISTS heard (
    agency TEXT PRIMARY KEY, at INTEGER NOT NULL, silent_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS followed (
    only INTEGER PRIMARY KEY CHECK (only = 1), clock_digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS hub (
    only INTEGER PRIMARY KEY CHECK (only = 1), now INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO hub VALUES (1, 0);
"""
INSERT_ENTRY = (
    "INSERT INTO entry (person, sequence, event_id, recorded_at, entry, entry_digest)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
PUT_HOT = (
    "INSERT INTO hot VALUES (?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET"
    " next_at = excluded.next_at, state = excluded.state, state_digest = excluded.state_digest"
)
PUT_NEXT = "UPDATE hot SET next_at = ? WHERE person = ?"
PUT_CLOSED = (
    "INSERT INTO closed VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET state = excluded.state"
)
PUT_DEAD = "INSERT INTO dead_letter VALUES (?, ?, 0, ?, ?) ON CONFLICT (dead_letter_id) DO NOTHING"
PUT_HEARD = (
    "INSERT INTO heard VALUES (?, ?, ?) ON CONFLICT (agency) DO UPDATE SET"
    " at = excluded.at, silent_at = excluded.silent_at"
)
PUT_FOLLOWED = (
    "INSERT INTO followed VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET"
    " clock_digest = excluded.clock_digest"
)
FOLLOWED = "SELECT clock_digest FROM followed"
HEARD = "SELECT agency, at, silent_at FROM heard ORDER BY agency"
HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
DUE = "SELECT next_at, person FROM hot WHERE next_at IS NOT NULL AND next_at < ? ORDER BY 1, 2"
FIRST_DUE = f"{DUE} LIMIT 1"
WITH_CLOCKS = (
    "SELECT next_at, person FROM hot WHERE next_at IS NOT NULL AND (next_at, person) > (?, ?)"
    " ORDER BY next_at, person LIMIT ?"
)
LEDGER = (
    "SELECT position, entry, entry_digest FROM entry WHERE position > ? ORDER BY position LIMIT ?"
)
LEDGER_OF_PERSON = (
    "SELECT position, entry, entry_digest FROM entry WHERE person = ? AND position > ?"
    " ORDER BY sequence LIMIT ?"
)
