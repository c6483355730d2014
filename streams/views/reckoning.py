"""Why a clock is due when it is: every stretch of its time, what it took of the budget, and why.

The rule is asked again, under the agreement that last gave the clock its due time. The stretches
leave no gap, and what they took sums to the budget; where they would not, the agreement is not the
one that the clock stands under, and nothing is told.
"""

from typing import NamedTuple

from streams.domain import budget, silence
from streams.domain.agreement import Agreement
from streams.domain.calendar import HOUR_US, Offices
from streams.domain.clock_rules import ClockRule
from streams.domain.ids import AgencyId, Instant
from streams.domain.person import Suspension
from streams.views.answers import ClockSeen, SuspensionSeen

DAYS, MONTHS, MICROSECONDS = "days", "months", "microseconds"
_COUNTED_IN = {"months": MONTHS, "hours": MICROSECONDS, "working_hours": MICROSECONDS}


class Stretch(NamedTuple):
    """A stretch of a clock's time, and what it took of the budget.

    `reason` is as `streams.domain.budget.Span` has it; `day` the ordinal of a holiday, `ground` the
    code of why the clock stood still, None for other reasons. `to` is None while it stands still.
    """

    from_: Instant
    to: Instant | None
    counted: int
    reason: str
    day: int | None
    ground: str | None


class Reckoning(NamedTuple):
    """A clock's time from its start until it is due, or until now while it stands still.

    `budget`, `counted` and `left` are whole numbers of `counted_in`: days, months or microseconds.
    They sum: what the stretches took is `counted`, and with what is `left` the budget. Where a
    milestone had counted more benefit days than the budget holds, `left` is less than 0.
    """

    rule: ClockRule
    agreement: Agreement
    counted_in: str
    budget: int
    counted: int
    left: int
    stretches: tuple[Stretch, ...]


def explain_deadline(seen: ClockSeen, agreement: Agreement, now: Instant) -> Reckoning | None:
    """Tell why a clock is due when it is; None where this agreement does not give its due time.

    Args:
        seen: The clock as the views have it.
        agreement: The version of `seen.agreement_digest`, or one with the same rules and calendar.
        now: Until when a clock that stands still is told of.
    """
    owner = AgencyId(seen.owner)
    rule = _rule(seen, agreement)
    if rule is None:
        return None
    own = rule.calendar == "agency"
    offices = agreement.offices(owner, own=own)
    standing = next((each for each in seen.suspensions if each.resumed_at is None), None)
    past = tuple(
        [
            Suspension(each.paused_at, each.resumed_at, each.ground)
            for each in seen.suspensions
            if each.resumed_at is not None
        ]
    )
    if standing is None:
        if _due_at(rule, seen, past, offices) != seen.due_at:
            return None
        return _reckoned(seen, rule, agreement, seen.due_at, past)
    until = Instant(max(standing.paused_at, seen.ended_at if seen.ended_at is not None else now))
    stood = (*past, Suspension(standing.paused_at, until, standing.ground))
    told = _reckoned(seen, rule, agreement, until, stood)
    return told if seen.ended_at is not None else _open_ended(told, standing, until)


def _open_ended(told: Reckoning, standing: SuspensionSeen, until: Instant) -> Reckoning:
    before, last = told.stretches[:-1], told.stretches[-1:]
    if last and last[0].ground == standing.ground:
        return told._replace(stretches=(*before, last[0]._replace(to=None)))
    still = Stretch(until, None, 0, budget.SUSPENDED, None, standing.ground)
    return told._replace(stretches=(*told.stretches, still))


def _rule(seen: ClockSeen, agreement: Agreement) -> ClockRule | None:
    if seen.rule != silence.SILENCE:
        return agreement.clock_rules.rule(seen.rule)
    known = agreement.agencies.get(AgencyId(seen.owner))
    if known is None or not known.silent_after_hours:
        return None
    return ClockRule(
        seen.rule,
        "working_hours",
        known.silent_after_hours,
        starts_on=(),
        met_on=(),
        cancelled_on=(),
        pauses_on=(),
        rungs=(),
        statutory=False,
        law_ref="",
        verified=True,
        valid_from=None,
        valid_to=None,
        scope=seen.scope,
        calendar="agency",
    )


def _due_at(
    rule: ClockRule, seen: ClockSeen, suspensions: tuple[Suspension, ...], offices: Offices
) -> Instant:
    return budget.deadline(
        rule,
        seen.started_at,
        1.0,
        suspensions,
        offices,
        counted_days=seen.counted_days or 0,
        counted_at=seen.counted_at,
    )


def _reckoned(
    seen: ClockSeen,
    rule: ClockRule,
    agreement: Agreement,
    until: Instant,
    suspensions: tuple[Suspension, ...],
) -> Reckoning:
    owner = agreement.agencies.get(AgencyId(seen.owner))
    own = rule.calendar == "agency"
    own_days = owner.closed_days if owner is not None and own else frozenset()
    spans = budget.spans(
        rule,
        seen.started_at,
        until,
        suspensions,
        agreement.offices(AgencyId(seen.owner), own=own),
        own_closed_days=own_days - agreement.closed_days,
        counted_days=seen.counted_days or 0,
        counted_at=seen.counted_at,
    )
    counted_in = _COUNTED_IN.get(rule.unit, DAYS)
    whole = rule.limit * HOUR_US if counted_in == MICROSECONDS else rule.limit
    counted = sum([span.counted for span in spans])
    stretches = [
        Stretch(
            span.from_, span.to, span.counted, span.reason, span.day or None, span.ground or None
        )
        for span in spans
    ]
    return Reckoning(rule, agreement, counted_in, whole, counted, whole - counted, tuple(stretches))
