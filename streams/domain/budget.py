"""Budgets of time: when a share of one is used up, how much is used, and which stretch counted.

Working days, calendar days and benefit days end at local midnights, and so does a month, on the
same day number or the month's last day; day 0 does not count (Act 150/1930 2-3 §§, known,
verified = false). A last day on a Saturday, a holiday or an eve stays where it is (5 § of the act
would move it, known, verified = false): what the agencies agreed ends at the midnight after it.
Hours run through nights and holidays, working hours only while the office is open. While a clock
stands still nothing counts: in days from the day after the pause to the day on which it resumes.
"""

from collections.abc import Iterator
from math import ceil
from operator import itemgetter
from typing import NamedTuple

from streams.domain import calendar
from streams.domain.calendar import HOUR_US, NO_DAYS, WORKING_WEEK, Offices, midnight
from streams.domain.clock_facts import Rung
from streams.domain.clock_rules import ClockRule
from streams.domain.ids import Instant
from streams.domain.measure import (
    BENEFIT_DAYS,
    HOURS,
    MONTHS,
    UNITS_US,
    WORKING_DAYS,
    WORKING_HOURS,
    Days,
    Measure,
    Time,
    measure_of,
)
from streams.domain.person import Suspension

BREACH = "breach"
"""The rung at which a clock is due, whatever share its rule gives it."""
COUNTED = "counted"
START_DAY = "start-day"
WEEKEND = "weekend"
HOLIDAY = "holiday"
CLOSED_DAY = "closed-day"
SUSPENDED = "suspended"
OUTSIDE_OFFICE_HOURS = "outside-office-hours"
UNFINISHED_DAY = "unfinished-day"
REPORTED_DAYS = "reported-days"
LATEST = Instant(midnight(3_652_059))
"""31.12.9999: what would be due later is due then, for no date is written beyond it."""


class Span(NamedTuple):
    """A stretch of a clock's time: what it took of the budget, or why it took nothing.

    `counted` is in whole days, months or microseconds of hours. `reason` is `counted`, `start-day`,
    `weekend`, `holiday` (then `day` is its ordinal, else 0), `closed-day` (the agency's own),
    `suspended` (then `ground` is the pause's, else empty), `outside-office-hours`, `unfinished-day`
    (it would count, but is not over) or `reported-days` (benefit days that a milestone counted).
    """

    from_: Instant
    to: Instant
    counted: int
    reason: str
    day: int = 0
    ground: str = ""


BY_TIME = itemgetter(Rung._fields.index("at"))
"""Sorts rungs; those of one moment stay in the order of the rule."""


_Stood = tuple[tuple[int, int, str], ...]
"""From which place to which a budget stood still, and on what ground; in order and apart."""

Projection = tuple[Instant, tuple[Rung, ...]]
"""When a clock is due, and its ladder."""


def deadline(
    rule: ClockRule,
    started_at: Instant,
    share: float,
    suspensions: tuple[Suspension, ...],
    offices: Offices,
    *,
    counted_days: int = 0,
    counted_at: Instant | None = None,
) -> Instant:
    """Give the instant at which a share of a rule's budget is used up.

    Day-based budgets end at the local midnight after their last day, fractions rounded up to whole
    days; what was suspended is added in the same unit. A budget of no working days ends with day 0,
    or with the first working day after it. A pause that begins when the share is used up already
    moves nothing. Benefit days go on from the `counted_days` of a milestone at `counted_at`, but
    never end before the midnight after it.
    """
    run = _run(rule, started_at, suspensions, offices, (counted_days, counted_at))
    return _used_up(run, share)


def elapsed(
    rule: ClockRule,
    started_at: Instant,
    at: Instant,
    suspensions: tuple[Suspension, ...],
    offices: Offices,
    *,
    counted_days: int = 0,
    counted_at: Instant | None = None,
) -> int:
    """Say how much of the budget is used up at an instant, also beyond the budget.

    Days and months count when they are over, and are whole; hours and working hours are given in
    microseconds.
    """
    run = _run(rule, started_at, suspensions, offices, (counted_days, counted_at))
    reached = run.measure.ended(at)
    used = run.measure.between(run.first, reached)
    for paused, resumed, _ in run.stood:
        used -= run.measure.between(paused, min(resumed, reached))
    if rule.unit == MONTHS:
        return calendar.months_between(run.first, run.first + used)
    return used + run.reported


def ladder(
    rule: ClockRule,
    started_at: Instant,
    suspensions: tuple[Suspension, ...],
    offices: Offices,
    *,
    counted_days: int = 0,
    counted_at: Instant | None = None,
) -> tuple[Rung, ...]:
    """Give a clock's rungs and their moments, in order of time, then of the rule.

    A rung stands at a share of the budget, or so long after the start (as a budget of that length
    would end, pauses added) or after due; never before the budget begins, which is the midnight
    that ends day 0, or the start for hours. With office hours it waits for the opening.
    """
    counted = (counted_days, counted_at)
    return projection(rule, started_at, suspensions, offices, counted)[1]


def projection(
    rule: ClockRule,
    started_at: Instant,
    suspensions: tuple[Suspension, ...],
    offices: Offices,
    counted: tuple[int, Instant | None],
) -> Projection:
    """Give both the `deadline` and the `ladder` of a clock; `counted` are days, and when."""
    run = _run(rule, started_at, suspensions, offices, counted)
    return _projection(run, started_at, suspensions, offices)


class _Run(NamedTuple):
    # A budget on its way: the place from which it counts, and between which it stood still.
    rule: ClockRule
    measure: Measure
    first: int
    stood: _Stood
    reported: int


def _run(
    rule: ClockRule,
    started_at: Instant,
    suspensions: tuple[Suspension, ...],
    offices: Offices,
    counted: tuple[int, Instant | None],
) -> _Run:
    measure = measure_of(rule.unit, rule.days_a_week, offices)
    reported, counted_at = counted if rule.unit == BENEFIT_DAYS else (0, None)
    first = measure.place(started_at if counted_at is None else max(started_at, counted_at))
    if rule.unit == WORKING_DAYS and rule.limit == 0:
        first = measure.after(first - 1, 1)
    stood = _stood(measure, first, suspensions) if suspensions else ()
    return _Run(rule, measure, first, stood, reported)


def _stood(measure: Measure, first: int, suspensions: tuple[Suspension, ...]) -> _Stood:
    # None before counting begins, none twice.
    found: list[tuple[int, int, str]] = []
    for suspension in sorted(suspensions):
        paused = max(measure.place(suspension.paused_at), first)
        resumed = measure.place(suspension.resumed_at)
        if resumed > paused:
            found.append((paused, resumed, suspension.ground))
            first = resumed
    return tuple(found)


def _used_up(run: _Run, share: float) -> Instant:
    rule = run.rule
    if rule.unit in (HOURS, WORKING_HOURS):
        amount = round(share * rule.limit * HOUR_US)
    elif rule.unit == MONTHS:
        amount = _whole(share * (calendar.after_months(run.first, rule.limit) - run.first))
    else:
        amount = max(0, _whole(share * rule.limit) - run.reported)
    return _end(run.measure, run.first, amount, run.stood)


def _whole(days: float) -> int:
    whole = int(days)
    # 1.1 x 10 is a hair over 11 in binary, and eleven days all the same.
    return whole if whole == days else ceil(round(days, 6))


def _end(measure: Measure, first: int, amount: int, stood: _Stood) -> Instant:
    end = measure.after(first, amount)
    for paused, resumed, _ in stood:
        if not measure.is_before(paused, end):
            break
        # Nothing is due while it stands still: paused on its last day, resumed on a Sunday.
        end = max(measure.after(end, measure.between(paused, resumed)), resumed)
    return min(measure.ends(end), LATEST)


def _projection(
    run: _Run, started_at: Instant, suspensions: tuple[Suspension, ...], offices: Offices
) -> Projection:
    due_at = _used_up(run, 1.0)
    rungs: list[Rung] = []
    for rung in run.rule.rungs:
        if rung.rung == BREACH:
            at = due_at
        elif not rung.unit:
            at = _used_up(run, rung.share)
        else:
            measure = measure_of(rung.unit, 0, offices)
            amount = rung.amount * UNITS_US.get(rung.unit, 1)
            is_since_start = rung.anchor == "start"
            first = measure.place(started_at) if is_since_start else measure.last(due_at)
            stood = _stood(measure, first, suspensions if is_since_start else ())
            at = max(_end(measure, first, amount, stood), _used_up(run, 0.0))
        if rung.office_hours:
            at = min(calendar.opening(at, offices), LATEST)
        rungs.append(Rung(rung.rung, at, rung.to))
    rungs.sort(key=BY_TIME)
    return due_at, tuple(rungs)


def spans(
    rule: ClockRule,
    started_at: Instant,
    until: Instant,
    suspensions: tuple[Suspension, ...],
    offices: Offices,
    *,
    own_closed_days: frozenset[int] = NO_DAYS,
    counted_days: int = 0,
    counted_at: Instant | None = None,
) -> tuple[Span, ...]:
    """Tile the time from a clock's start until an instant with what counted and what did not.

    No gap, no overlap. What counted sums to `elapsed` at `until`, so until due to the rule's limit
    (unless a milestone reported more benefit days than that). A day counts where it is over by
    `until`, a month where its last day is. Neighbours alike are one span, each holiday its own.
    `own_closed_days` are those of the offices' closed days that are no holidays.
    """
    run = _run(rule, started_at, suspensions, offices, (counted_days, counted_at))
    if isinstance(run.measure, Time):
        pieces = _of_hours(run, run.measure.offices, (started_at, until), own_closed_days)
    else:
        pieces = _of_days(run, run.measure, (started_at, until), own_closed_days)
    told: list[Span] = []
    for piece in pieces:
        if piece.to <= piece.from_:
            continue
        if told and told[-1][3:] == piece[3:]:
            counted = told[-1].counted + piece.counted
            told[-1] = told[-1]._replace(to=piece.to, counted=counted)
        else:
            told.append(piece)
    return tuple(told)


def _of_days(
    run: _Run, measure: Days, within: tuple[Instant, Instant], own: frozenset[int]
) -> Iterator[Span]:
    started_at, until = within
    is_benefit, is_day = run.rule.unit == BENEFIT_DAYS, run.rule.unit != MONTHS
    reported, used, months = run.reported, 0, 0
    for day in range(calendar.local_day(started_at), calendar.local_day(Instant(until - 1)) + 1):
        from_, to = max(started_at, midnight(day)), min(until, midnight(day + 1))
        ground = next((why for paused, resumed, why in run.stood if paused < day <= resumed), None)
        if day == run.first or (is_benefit and day < run.first):
            yield Span(from_, to, reported, REPORTED_DAYS if run.reported else START_DAY)
            reported = 0
        elif ground is not None:
            yield Span(from_, to, 0, SUSPENDED, 0, ground)
        elif not calendar.counts(day, measure.week, measure.closed):
            yield Span(from_, to, 0, *_idle(day, measure.week, measure.closed, own))
        elif to < midnight(day + 1):
            yield Span(from_, to, 0, UNFINISHED_DAY)
        else:
            used += 1
            # A month is taken by its last day.
            taken = is_day or calendar.after_months(run.first, months + 1) == run.first + used
            months += taken
            yield Span(from_, to, int(taken), COUNTED)


def _of_hours(
    run: _Run, offices: Offices | None, within: tuple[Instant, Instant], own: frozenset[int]
) -> Iterator[Span]:
    at, until = within
    for paused, resumed, ground in run.stood:
        yield from _running(offices, at, Instant(min(paused, until)), own)
        yield Span(Instant(paused), Instant(min(resumed, until)), 0, SUSPENDED, 0, ground)
        at = Instant(resumed)
    yield from _running(offices, at, until, own)


def _running(
    offices: Offices | None, start: Instant, end: Instant, own: frozenset[int]
) -> Iterator[Span]:
    if offices is None:
        yield Span(start, end, end - start, COUNTED)
        return
    closed = offices.closed_days
    for day in range(calendar.local_day(start), calendar.local_day(Instant(end - 1)) + 1):
        from_, to = max(start, midnight(day)), min(end, midnight(day + 1))
        if not calendar.is_working_day(day, closed):
            yield Span(from_, to, 0, *_idle(day, WORKING_WEEK, closed, own))
            continue
        opens = max(from_, Instant(midnight(day) + offices.opens_us))
        closes = min(to, Instant(midnight(day) + offices.closes_us))
        yield Span(from_, min(to, opens), 0, OUTSIDE_OFFICE_HOURS)
        yield Span(opens, closes, closes - opens, COUNTED)
        yield Span(max(from_, closes), to, 0, OUTSIDE_OFFICE_HOURS)


def _idle(day: int, week: int, closed_days: frozenset[int], own: frozenset[int]) -> tuple[str, int]:
    # Why a day does not count. A holiday on a Sunday is told by its name.
    if day in closed_days and day not in own:
        return HOLIDAY, day
    return (CLOSED_DAY if calendar.counts(day, week, NO_DAYS) else WEEKEND), 0
