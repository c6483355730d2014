"""What the views answer with: handoffs, clocks and deliveries as of the last entry read.

Instants are microseconds since 1970 (UTC), as in the domain.
"""

from typing import NamedTuple

from streams.domain.ids import Instant
from streams.views.sheets import Row


class RungSeen(NamedTuple):
    """A rung of a clock's ladder: when it fired, who was told, and what they made of it.

    `to` is the role that it tells, `told` the agency that was; `late_by_us` is how long after its
    moment it fired. `handling` is open, acknowledged, assigned or snoozed, by what was said last;
    a snooze is over at its end.
    """

    rung: str
    at: Instant
    fired_at: Instant | None
    to: str
    acknowledged_by: str | None
    late_by_us: int | None
    told: str | None
    assigned_to: str | None
    snoozed_until: Instant | None
    snooze_reason: str | None
    handling: str


class SuspensionSeen(NamedTuple):
    """A stretch in which a clock stood still, or stands; `ground` is the code of why."""

    paused_at: Instant
    resumed_at: Instant | None
    ground: str


class ReprojectionSeen(NamedTuple):
    """A deadline moved though nothing paused it; `reason` is the code of why."""

    at: Instant
    reason: str
    due_before: Instant
    due_at: Instant


class ClockSeen(NamedTuple):
    """A clock; `state` is running, paused, met, breached or cancelled.

    `scope` is handoff, case, person, recall or hub; a case's clock has the case's first handoff, a
    person's none. `person` is whose lane it is in: the agency's, where an agency fell silent.
    `owner` is the agency whose duty it is. A breached clock whose event came at last stays
    breached, with `ended_at` and `late_by_us`; `reported_late` where it came in time and was said
    too late. `ended_by` is the code of why it was cancelled, `remark` of what is odd about its
    start. `counted_days` benefit days were counted by `counted_at`. `due_at` was last reckoned at
    `reckoned_at`, under the agreement of that digest (hexadecimal).
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
    scope: str
    person: str
    owner: str
    remark: str | None
    ended_by: str | None
    reported_late: bool
    suspensions: tuple[SuspensionSeen, ...]
    reprojections: tuple[ReprojectionSeen, ...]
    counted_days: int | None
    counted_at: Instant | None
    reckoned_at: Instant
    agreement_digest: str


class EscalationSeen(NamedTuple):
    """Somebody was told of a rung, and what has become of it.

    `state` is open, acknowledged, assigned, snoozed, or closed where the clock is over; `by` is the
    role or duty id that took it up or was given it, `until` and `reason` those of a snooze. `told`
    is the agency that was told, `owner` the one whose duty the clock is.
    """

    clock_id: str
    rung: str
    rule: str
    handoff_id: str | None
    owner: str
    role: str
    told: str
    told_at: Instant
    due_at: Instant
    late_by_us: int
    state: str
    by: str | None
    until: Instant | None
    reason: str | None


class HandoffSeen(NamedTuple):
    """A handoff; `responsible` is who answers for the person in its case now.

    `clocks` are its own, those of its case on the case's first handoff, and while it is open those
    of its person; `next_due_at` is the earliest due time among those that run. `missing_basis`
    holds the smallest things that would permit it while it waits for a basis, as `MissingBasis` has
    them.
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


class RecallSeen(NamedTuple):
    """Data of these categories was fetched back; `confirmed_at` is when its receiver said so."""

    categories: tuple[str, ...]
    issued_at: Instant
    confirmed_at: Instant | None


class DisclosureSeen(NamedTuple):
    """What one entry let go, held back or fetched back: `what` is disclosed, withheld or recalled.

    `categories` are those it is about; of what was disclosed, `basis` says on which ground each
    went (as `Granted` has it), `carried` what was in the notice: categories that the message had
    something of, and words (`remark`). `withheld` is as `Withheld` has it. `status` is the fate of
    the notice, None where there was none; `left_by` and `arrived_by` are the event that showed it
    (DeliveryStarted, NoticeDelivered, or `answer` where its receiver answered). `recalls` are those
    of this disclosure, `confirmed_at` is a recall's own. `asked_at` and `asked_under` are the
    moment and the agreement (hexadecimal) that say for which purpose.
    """

    what: str
    notice_id: str | None
    kind: str | None
    handoff_id: str
    case_id: str
    person: str
    source: str
    to: str
    service: str
    categories: list[str]
    basis: list[Row]
    carried: list[str]
    withheld: list[Row]
    status: str | None
    left_at: Instant | None
    left_by: str | None
    arrived_at: Instant | None
    arrived_by: str | None
    recalls: tuple[RecallSeen, ...]
    confirmed_at: Instant | None
    recorded_at: Instant
    entry_id: str
    agreement_digest: str
    asked_at: Instant
    asked_under: str

    @property
    def reached(self) -> str | None:
        """How far the notice came: `arrived`, `left`, or its status where it never left."""
        if self.arrived_at is not None:
            return "arrived"
        return "left" if self.left_at is not None else self.status
