"""The tables of the views, the same on SQLite and PostgreSQL.

Instants are microseconds since 1970 (UTC), as in the domain. Lists that are only ever read with
their row stand in it as JSON: a clock's rungs and suspensions, the basis a handoff misses, what a
notice withholds, on which basis a disclosure rests.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

PREFIX = "view_"
"""Every table of the views begins so; no other table of a shared database does."""

METADATA = MetaData()

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""A word of the hub's own: on every database ordered by its bytes, and never by a language."""

VERSION_READ = Table(
    "view_version",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)
"""One row: which version of the views the other tables hold."""

CURSOR = Table(
    "view_cursor",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("entry_digest", LargeBinary, nullable=False),
)
"""For each partition of the ledger the last entry of it that is in the views.

An embedded hub's ledger is one partition, 0. Where the last record was no entry, its digest is
empty.
"""

HANDOFF = Table(
    "view_handoff",
    METADATA,
    Column("handoff_id", NAME, primary_key=True),
    Column("case_id", NAME, nullable=False),
    Column("person", NAME, nullable=False),
    Column("source", NAME, nullable=False),
    Column("recipient", NAME, nullable=False),
    Column("service", NAME, nullable=False),
    Column("priority", NAME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("status_reason", NAME, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("missing_basis", JSON, nullable=False),
    Column("opened_in", BigInteger, nullable=False),
    Column("notices", JSON, nullable=False),
    Index("view_handoff_order", "recorded_at", "handoff_id"),
    Index("view_handoff_person", "person"),
    Index("view_handoff_case", "case_id"),
)
"""`opened_in` is the position of the entry; `notices` are the ids whose fate answers may tell."""

CASE = Table(
    "view_case",
    METADATA,
    Column("case_id", NAME, primary_key=True),
    Column("responsible", NAME, nullable=False),
)

CLOCK = Table(
    "view_clock",
    METADATA,
    Column("clock_id", NAME, primary_key=True),
    Column("rule", NAME, nullable=False),
    Column("scope", NAME, nullable=False),
    Column("handoff_id", NAME),
    Column("person", NAME, nullable=False),
    Column("owner", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", NAME, nullable=False),
    Column("late_by_us", BigInteger),
    Column("reported_late", Boolean, nullable=False),
    Column("law_ref", NAME, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("remark", NAME, nullable=False),
    Column("suspensions", JSON, nullable=False),
    Column("reprojections", JSON, nullable=False),
    Column("counted_days", BigInteger),
    Column("counted_at", BigInteger),
    Column("rungs", JSON, nullable=False),
    Column("escalated", Boolean, nullable=False),
    Column("reckoned_at", BigInteger, nullable=False),
    Column("agreement_digest", NAME, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Index("view_clock_order", "recorded_at", "clock_id"),
    Index("view_clock_handoff", "handoff_id"),
    Index("view_clock_person", "person"),
    Index("view_clock_due", "state", "due_at"),
    Index("view_clock_escalated", "escalated", "ended_at"),
)
"""A case's clock has the case's first handoff, a person's none; `person` is whose lane it is in.

`escalated` where somebody was told of one of its rungs. `due_at` was last reckoned by the entry
recorded at `reckoned_at`, under the agreement of the digest (hexadecimal).
"""

DELIVERY = Table(
    "view_delivery",
    METADATA,
    Column("notice_id", NAME, primary_key=True),
    Column("handoff_id", NAME),
    Column("to", NAME, nullable=False),
    Column("kind", NAME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("withheld", JSON, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("issued_in", BigInteger, nullable=False),
    Index("view_delivery_order", "recorded_at", "notice_id"),
    Index("view_delivery_to", "to", "status"),
)
"""`issued_in` is the position of the entry that holds the notice itself."""

DISCLOSURE = Table(
    "view_disclosure",
    METADATA,
    Column("row_id", NAME, primary_key=True),
    Column("what", NAME, nullable=False),
    Column("notice_id", NAME),
    Column("kind", NAME),
    Column("handoff_id", NAME, nullable=False),
    Column("case_id", NAME, nullable=False),
    Column("person", NAME, nullable=False),
    Column("source", NAME, nullable=False),
    Column("to", NAME, nullable=False),
    Column("service", NAME, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("basis", JSON, nullable=False),
    Column("carried", JSON, nullable=False),
    Column("withheld", JSON, nullable=False),
    Column("status", NAME),
    Column("left_at", BigInteger),
    Column("left_by", NAME),
    Column("arrived_at", BigInteger),
    Column("arrived_by", NAME),
    Column("confirmed_at", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    Column("issued_in", BigInteger, nullable=False),
    Column("entry_id", NAME, nullable=False),
    Column("agreement_digest", NAME, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("asked_under", NAME, nullable=False),
    Index("view_disclosure_person", "person", "recorded_at"),
    Index("view_disclosure_handoff", "handoff_id"),
)
"""A row is what one entry let go, held back or fetched back from one agency of one handoff.

`row_id` is the notice's id where there is one, `issued_in` the position of the entry. `asked_at`
and `asked_under` are the moment and the agreement (hexadecimal) under which the handoff was asked
for: they say for which purpose.
"""

RULES = Table(
    "view_rules",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("agreement_digest", LargeBinary, nullable=False),
    Index("view_rules_first", "first_at", "position"),
    Index("view_rules_partition", "partition", "position"),
)
"""Stretches of the ledger that were decided under one agreement; `position` is the first entry's.

`first_at` and `last_at` are the earliest and the latest moment recorded in it.
"""

ENTRY = Table(
    "view_entry",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person", NAME, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("view_entry_person", "person", "position"),
)
"""The entries as their topic has them, to be found by person; an embedded hub leaves it empty."""

QUARANTINE = Table(
    "view_quarantine",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("cause", NAME, nullable=False),
)
"""Records of the ledger's topic that no view has, and why. The topic keeps the records themselves.

`cause` is a code and names nothing of what is in them.
"""
