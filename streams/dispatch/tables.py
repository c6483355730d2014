"""The attempts' tables in the database of a hub on partitions; `attempts_file` has the same."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    text,
)

VERSION = 1
PREFIX = "dispatch_"
"""Every table of dispatch begins so; no other table of a shared database does."""

METADATA = MetaData()
_NAME = Text(collation="C")
"""A word of the hub's own, ordered by its bytes and never by a language."""

VERSION_KEPT = Table(
    "dispatch_version",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

FOLLOWED = Table(
    "dispatch_followed",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("entry_digest", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)
"""How far each partition was followed, and how often it has changed hands.

Whoever writes for a partition names the epoch in which it got it: a worker that was overtaken has
an older one, and writes nothing more.
"""

DELIVERY = Table(
    "dispatch_delivery",
    METADATA,
    Column("notice_id", _NAME, primary_key=True),
    Column("receiver", _NAME, nullable=False),
    Column("person", _NAME, nullable=False),
    Column("handoff_id", _NAME),
    Column("kind", _NAME, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("state", _NAME, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("first_at", BigInteger),
    Column("next_at", BigInteger, nullable=False),
    Column("cause", _NAME, nullable=False),
    Column("words", LargeBinary),
    Column("may_leave", Integer, nullable=False),
    Column("head", Integer),
    Column("role", _NAME, nullable=False, server_default=""),
    Column("desk", _NAME, nullable=False, server_default=""),
    Column("clock", _NAME, nullable=False, server_default=""),
    Column("owner", _NAME, nullable=False, server_default=""),
    Column("rule", _NAME, nullable=False, server_default=""),
    Column("told_at", BigInteger, nullable=False, server_default="0"),
    Column("closed", Integer, nullable=False, server_default="0"),
    Column("message", _NAME, nullable=False, server_default=""),
    Column("ground", _NAME, nullable=False, server_default=""),
    Column("partition", Integer, nullable=False),
    Column("notice", LargeBinary),
)
"""One row a notice; what each column says stands in `attempts_file`.

`notice` is the notice itself, sealed parts and all, until its fate is sealed: the topic it came
from can only be read from an offset on.
"""
_HEAD = text("head = 1")
_INDEXES = (
    Index("dispatch_of_handoff", DELIVERY.c.handoff_id, postgresql_where=text("may_leave = 1")),
    Index("dispatch_ledger_order", DELIVERY.c.partition, DELIVERY.c.position, DELIVERY.c.ordinal),
    Index(
        "dispatch_due",
        *(DELIVERY.c[name] for name in ("receiver", "desk", "partition", "next_at")),
        postgresql_where=_HEAD,
    ),
    Index(
        "dispatch_lane",
        *(DELIVERY.c[name] for name in ("person", "receiver", "position", "ordinal")),
        postgresql_where=text("head IS NOT NULL AND desk = ''"),
    ),
    Index(
        "dispatch_held",
        *(DELIVERY.c[name] for name in ("receiver", "desk", "owner")),
        postgresql_where=text("head = 0 AND desk <> ''"),
    ),
    Index(
        "dispatch_of_clock",
        DELIVERY.c.clock,
        postgresql_where=text("head IS NOT NULL AND clock <> ''"),
    ),
    Index(
        "dispatch_of_role",
        DELIVERY.c.partition,
        postgresql_where=text("head IS NOT NULL AND role <> ''"),
    ),
    Index(
        "dispatch_of_message",
        DELIVERY.c.message,
        postgresql_where=text("head IS NOT NULL AND message <> ''"),
    ),
    Index(
        "dispatch_retried",
        DELIVERY.c.receiver,
        DELIVERY.c.first_at,
        postgresql_where=text("head = 1 AND state = 'trying' AND desk = ''"),
    ),
)

REACH = Table(
    "dispatch_reach",
    METADATA,
    Column("agency", _NAME, primary_key=True),
    Column("silent", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    Column("arrived_at", BigInteger, nullable=False),
)

OUTAGE_TOLD = Table(
    "dispatch_outage_told",
    METADATA,
    Column("owner", _NAME, primary_key=True),
    Column("receiver", _NAME, primary_key=True),
    Column("desk", _NAME, primary_key=True),
)

QUARANTINE = Table(
    "dispatch_quarantine",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("cause", _NAME, nullable=False),
)
"""Records of the ledger's topic that dispatch could not read: what they issue goes to nobody."""

_FATE = """
CREATE OR REPLACE VIEW dispatch_fate AS SELECT
    notice_id, receiver, person, handoff_id, kind, position, ordinal, state, tries, since, asked,
    first_at, next_at, cause, role, desk, clock, owner, rule, told_at, closed, message, ground,
    CASE WHEN head = 0 THEN 1 ELSE 0 END AS held, head, partition
FROM dispatch_delivery
"""


@event.listens_for(METADATA, "after_create")
def _make_view(_tables: MetaData, connection: Connection, **_: object) -> None:
    connection.execute(text(_FATE))
