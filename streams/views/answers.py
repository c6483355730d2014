"""What the views answer with: handoffs, clocks and deliveries as of the last entry read.

Instants are microseconds since 1970 (UTC), as in the domain.
"""

from typing import NamedTuple

from streams.domain.ids import Instant
from streams.views.sheets import Row


class RungSeen(NamedTuple):
    """A rung of a clock's ladder, when it fired, and who has seen it."""

    rung: str
    at: Instant
    fired_at: Instant | None
    to: str
    acknowledged_by: str | None


class ClockSeen(NamedTuple):
    """A clock; `state` is running, paused, met, breached or cancelled.

    A breached clock whose event came at last stays breached, with `ended_at` and `late_by_us`.
    """

    clock_id: str
    rule: str
    handoff_id: str | None
    state: str
    started_at: Instant
    due_at: Instant
    ended_at: Instant | None
    late_by_us: int | None
    law_ref: str
    verified: bool
    rungs: tuple[RungSeen, ...]


class HandoffSeen(NamedTuple):
    """A handoff; `responsible` is who answers for the person in its case now.

    `next_due_at` is the earliest due time among its running clocks. `missing_basis` holds the
    smallest things that would permit it while it waits for a basis, as `MissingBasis` has them.
    `opened_in` is the position of the entry that opened it.
    """

    handoff_id: str
    case_id: str
    person: str
    source: str
    recipient: str
    service: str
    status: str
    status_reason: str | None
    responsible: str
    priority: str
    occurred_at: Instant
    recorded_at: Instant
    updated_at: Instant
    next_due_at: Instant | None
    clocks: tuple[ClockSeen, ...]
    missing_basis: list[Row] | None
    opened_in: int


class DeliverySeen(NamedTuple):
    """A notice and its fate; `status` is pending, started, delivered, dead or cancelled.

    `withheld` holds category, reason code and what is missing, as `Withheld` has them; `issued_in`
    is the position of the entry that holds the notice.
    """

    notice_id: str
    handoff_id: str | None
    to: str
    kind: str
    status: str
    categories: list[str]
    withheld: list[Row]
    recorded_at: Instant
    issued_in: int
