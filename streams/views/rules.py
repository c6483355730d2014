"""Under which agreement the hub decided, moment by moment, as its entries name them.

An edited file has a new digest and no date of its own: only the ledger knows since when a hub has
decided by it.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, or_, select, update

from streams.domain.ids import Instant
from streams.promises.engine import Stored
from streams.views.tables import RULES


class RulesSeen(NamedTuple):
    """The hub decided under the agreement of this digest; it was last seen to at `seen_at`."""

    agreement_digest: bytes
    seen_at: Instant


def read_rules(connection: Connection, partition: int, page: list[Stored]) -> None:
    """Take a page of a partition in: every change of the agreement begins a stretch."""
    own = select(RULES).where(RULES.c.partition == partition)
    newest = own.order_by(RULES.c.position.desc()).limit(1)
    stretches = [dict(row) for row in connection.execute(newest).mappings()]
    known = len(stretches)
    for stored in page:
        at, digest = stored.entry.recorded_at, stored.entry.agreement_digest
        if not stretches or stretches[-1]["agreement_digest"] != digest:
            begun = {"first_at": at, "last_at": at, "agreement_digest": digest}
            stretches.append({"position": stored.position, "partition": partition, **begun})
        last = stretches[-1]
        last["first_at"], last["last_at"] = min(last["first_at"], at), max(last["last_at"], at)
    for row in stretches[:known]:
        grown = update(RULES).where(RULES.c.position == row["position"])
        connection.execute(grown.values(first_at=row["first_at"], last_at=row["last_at"]))
    if stretches[known:]:
        connection.execute(insert(RULES), stretches[known:])


def rules_at(connection: Connection, at: Instant) -> RulesSeen | None:
    """Give the agreement that the hub decided under at a moment, None before its first entry."""
    query = select(RULES).where(RULES.c.first_at <= at)
    last = query.order_by(RULES.c.first_at.desc(), RULES.c.position.desc()).limit(1)
    row: Any = connection.execute(last).mappings().one_or_none()
    if row is None:
        return None
    digest = bytes(row["agreement_digest"])
    # Other partitions decided by it too: the stretch that begins last need not be the longest.
    same = or_(RULES.c.position == row["position"], RULES.c.partition != row["partition"])
    seen = select(func.max(RULES.c.last_at)).where(same, RULES.c.first_at <= at)
    seen_at = connection.execute(seen.where(RULES.c.agreement_digest == digest)).scalar_one()
    return RulesSeen(digest, Instant(min(seen_at, at)))
