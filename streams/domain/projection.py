"""When a clock is due, and its ladder: counted by `budget`, and remembered where it can be.

Every start of one local day has the same ladder, where the budget is in days; a budget of hours
that runs day and night has its rungs always so long after the start.
"""

from typing import NamedTuple

from streams.domain import budget, calendar
from streams.domain.budget import BY_TIME, LATEST, Projection
from streams.domain.calendar import NO_DAYS, Offices, midnight
from streams.domain.clock_facts import Rung
from streams.domain.clock_rules import ClockRule, RungRule
from streams.domain.ids import AgencyId, Instant
from streams.domain.measure import BENEFIT_DAYS, HOURS, UNITS_US, WORKING_HOURS
from streams.domain.person import Suspension

_DUE = "due"
_NOBODY = AgencyId("")
_TIMED = frozenset({HOURS, WORKING_HOURS, BENEFIT_DAYS})
"""Units whose deadline follows from more than the local day of the start."""
_NONE_COUNTED = (0, None)
_KEPT_MAX = 8192


class _Step(NamedTuple):
    # A rung of a clock that runs day and night: always so long after its start.
    rung: RungRule
    after_us: int


_Steps = tuple[int, tuple[_Step, ...]]

# By the rule's name, with the very rule beside the answer: to hash a whole rule costs more than to
# count its ladder, and an agreement keeps one object a rule.
_of_days: dict[tuple[str, int, Offices], tuple[ClockRule, Projection | None]] = {}
_of_hours: dict[str, tuple[ClockRule, _Steps | None]] = {}


def project(
    rule: ClockRule,
    offices: Offices,
    started_at: Instant,
    suspensions: tuple[Suspension, ...] = (),
    counted: tuple[int, Instant | None] = _NONE_COUNTED,
) -> Projection:
    """Give when a clock is due that has not broken its promise, and its ladder.

    As `budget.projection`, and the due time is always one of the ladder's moments.
    """
    if not suspensions:
        if rule.unit not in _TIMED:
            shared = _projection_of_day(rule, calendar.local_day(started_at), offices)
            if shared is not None:
                return shared
        elif rule.unit == HOURS:
            steps = _steps_of_hours(rule)
            if steps is not None:
                return _from_steps(steps, started_at, offices)
    due_at, ladder = budget.projection(rule, started_at, suspensions, offices, counted)
    return due_at, with_breach(ladder, due_at)


def with_breach(ladder: tuple[Rung, ...], due_at: Instant) -> tuple[Rung, ...]:
    """Give a ladder with a rung at the due time, one that tells nobody where none was there."""
    for rung in ladder:
        if rung.at == due_at:
            return ladder
    # None was agreed, or office hours hold it back: the breach itself tells nobody.
    name = _DUE if any(rung.rung == budget.BREACH for rung in ladder) else budget.BREACH
    before = [rung for rung in ladder if rung.at < due_at]
    return (*before, Rung(name, due_at, _NOBODY), *ladder[len(before) :])


def _projection_of_day(rule: ClockRule, day: int, offices: Offices) -> Projection | None:
    key = (rule.rule, day, offices)
    kept = _of_days.get(key)
    if kept is not None and kept[0] is rule:
        return kept[1]
    found: Projection | None = None
    if not any(rung.anchor == "start" and rung.unit in UNITS_US for rung in rule.rungs):
        due_at, ladder = budget.projection(rule, midnight(day), (), offices, _NONE_COUNTED)
        found = due_at, with_breach(ladder, due_at)
    if len(_of_days) >= _KEPT_MAX:
        _of_days.clear()
    _of_days[key] = (rule, found)
    return found


def _steps_of_hours(rule: ClockRule) -> _Steps | None:
    kept = _of_hours.get(rule.rule)
    if kept is not None and kept[0] is rule:
        return kept[1]
    found: _Steps | None = None
    if all(not rung.unit or rung.unit in UNITS_US for rung in rule.rungs):
        found = _counted_steps(rule)
    _of_hours[rule.rule] = (rule, found)
    return found


def _counted_steps(rule: ClockRule) -> _Steps:
    nobody, start = Offices(NO_DAYS, 0, 0), Instant(0)
    always = rule._replace(rungs=tuple([rung._replace(office_hours=False) for rung in rule.rungs]))
    due_at, ladder = budget.projection(always, start, (), nobody, _NONE_COUNTED)
    after_us = {rung.rung: rung.at for rung in ladder}
    return due_at, tuple([_Step(rung, after_us[rung.rung]) for rung in rule.rungs])


def _from_steps(steps: _Steps, started_at: Instant, offices: Offices) -> Projection:
    rungs: list[Rung] = []
    for rung, after_us in steps[1]:
        at = min(Instant(started_at + after_us), LATEST)
        if rung.office_hours:
            at = min(calendar.opening(at, offices), LATEST)
        rungs.append(Rung(rung.rung, at, rung.to))
    rungs.sort(key=BY_TIME)
    due_at = min(Instant(started_at + steps[0]), LATEST)
    return due_at, with_breach(tuple(rungs), due_at)
