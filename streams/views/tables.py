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

CURSOR = Table(
    "view_cursor",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("entry_digest", LargeBinary, nullable=False),
)
"""One row: the views' version, and the last entry that is in them."""

HANDOFF = Table(
    "view_handoff",
    METADATA,
    Column("handoff_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_reason", Text, nullable=False),
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
    Column("case_id", Text, primary_key=True),
    Column("responsible", Text, nullable=False),
)

CLOCK = Table(
    "view_clock",
    METADATA,
    Column("clock_id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("handoff_id", Text),
    Column("person", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False),
    Column("late_by_us", BigInteger),
    Column("reported_late", Boolean, nullable=False),
    Column("law_ref", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("remark", Text, nullable=False),
    Column("suspensions", JSON, nullable=False),
    Column("reprojections", JSON, nullable=False),
    Column("counted_days", BigInteger),
    Column("counted_at", BigInteger),
    Column("rungs", JSON, nullable=False),
    Column("escalated", Boolean, nullable=False),
    Column("reckoned_at", BigInteger, nullable=False),
    Column("agreement_digest", Text, nullable=False),
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
    Column("notice_id", Text, primary_key=True),
    Column("handoff_id", Text),
    Column("to", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
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
    Column("row_id", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("notice_id", Text),
    Column("kind", Text),
    Column("handoff_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("basis", JSON, nullable=False),
    Column("carried", JSON, nullable=False),
    Column("withheld", JSON, nullable=False),
    Column("status", Text),
    Column("left_at", BigInteger),
    Column("left_by", Text),
    Column("arrived_at", BigInteger),
    Column("arrived_by", Text),
    Column("confirmed_at", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    Column("issued_in", BigInteger, nullable=False),
    Column("entry_id", Text, nullable=False),
    Column("agreement_digest", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("asked_under", Text, nullable=False),
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
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("agreement_digest", LargeBinary, nullable=False),
    Index("view_rules_first", "first_at", "position"),
)
"""Stretches of the ledger that were decided under one agreement; `position` is the first entry's.

`first_at` and `last_at` are the earliest and the latest moment recorded in it.
"""
