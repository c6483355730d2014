"""The ladder of a clock record: its rungs as the domain knows them, named and in order of time.

Moments of different units are compared by how long they last at least and at most by the wall
clock: enough to say that one surely lies before another, whatever the day it starts on.
"""

from typing import NamedTuple

from streams.bootstrap.agreement_clock_values import Moment, moment
from streams.bootstrap.agreement_shape import ClockRecord, RungRecord
from streams.domain.clock_rules import RungRule

BREACH = "breach"
START, DUE = "start", "due"

_DAY_HOURS = 24
_WORKING_DAYS = 5
_USUAL_HOURS = {
    "minutes": 1 / 60,
    "hours": 1.0,
    "working_hours": 4.07,
    "calendar_days": 24.0,
    "working_days": 33.6,
    "benefit_days": 33.6,
    "months": 730.5,
}
"""How long one of a unit usually lasts, in hours by the wall clock."""
_EVEN_HOURS = {"minutes": 1 / 60, "hours": 1.0}
_CLUSTER_DAYS = 5
"""Closed weekdays that may stand beside each other at most: Christmas and New Year."""


class Span(NamedTuple):
    """How many hours by the wall clock something lasts, at least and at most."""

    least: float
    most: float


def rungs_of(clock: ClockRecord) -> tuple[RungRule, ...]:
    """Give a clock's ladder in order of time, the breach at 1 always among it.

    A rung is named for its moment (`warn-0.6`, `breach`, `late-1.5`, `after-start-1wd`,
    `before-1wd`, `late-3wd`); where a moment has several, the first has that name alone and the
    others add who is told (`breach-source`): a rung fires by its name.
    """
    asked = [RungRule(_share_name(share), share, "recipient") for share in clock.warn_at]
    asked += [_rung(rung) for rung in clock.rung]
    if all(rung.rung != BREACH for rung in asked):
        asked.append(RungRule(BREACH, 1.0, "coordinator"))
    rungs: list[RungRule] = []
    taken: set[str] = set()
    for rung in sorted(asked, key=lambda rung: _usual_hours(clock, rung)):
        name = f"{rung.rung}-{rung.to}" if rung.rung in taken else rung.rung
        taken.add(name)
        rungs.append(rung._replace(rung=name))
    return tuple(rungs)


def is_before_start(clock: ClockRecord, rung: RungRule) -> bool:
    """Say whether a rung before due surely lies before the start of its clock."""
    if rung.anchor != DUE or rung.amount >= 0:
        return False
    lead = Moment(-rung.amount, rung.unit)
    if lead.unit == clock.unit:
        return lead.amount > clock.limit
    return span(*lead).least > span(clock.limit, clock.unit).most


def is_after_due(clock: ClockRecord, rung: RungRule) -> bool:
    """Say whether a rung after the start surely comes no earlier than the breach."""
    if rung.anchor != START:
        return False
    if rung.unit == clock.unit:
        return rung.amount >= clock.limit
    return span(rung.amount, rung.unit).least >= span(clock.limit, clock.unit).most


def span(amount: int, unit: str) -> Span:
    """Give how long so many of a unit last; benefit days may have been paid already."""
    if unit in _EVEN_HOURS:
        hours = amount * _EVEN_HOURS[unit]
        return Span(hours, hours)
    if unit == "calendar_days":
        return Span(amount * _DAY_HOURS, (amount + 1) * _DAY_HOURS)
    if unit == "months":
        return Span(amount * 28 * _DAY_HOURS, (amount * 31 + 1) * _DAY_HOURS)
    if unit == "working_days":
        weekends = 2 * max(0, (amount - 1) // _WORKING_DAYS)
        return Span((amount + weekends) * _DAY_HOURS, _longest(amount))
    return Span(amount if unit == "working_hours" else 0, _longest(amount))


def _longest(working_days: int) -> float:
    # Up to a dozen closed weekdays a year, and a cluster of them on the way.
    weeks = working_days // _WORKING_DAYS + 1
    return (working_days + 1 + 2 * weeks + weeks / 4 + _CLUSTER_DAYS) * _DAY_HOURS


def _rung(rung: RungRecord) -> RungRule:
    if rung.before is not None:
        lead = moment(rung.before)
        return _timed(f"before-{rung.before}", rung, DUE, lead._replace(amount=-lead.amount))
    if rung.after is not None:
        return _timed(f"late-{rung.after}", rung, DUE, moment(rung.after))
    if isinstance(rung.at, str):
        return _timed(f"after-start-{rung.at}", rung, START, moment(rung.at))
    share = 1.0 if rung.at is None else rung.at
    return RungRule(_share_name(share), share, rung.to, office_hours=rung.office_hours)


def _timed(name: str, rung: RungRecord, anchor: str, at: Moment) -> RungRule:
    return RungRule(name, 0.0, rung.to, anchor, at.amount, at.unit, rung.office_hours)


def _share_name(share: float) -> str:
    if share == 1:
        return BREACH
    return f"warn-{share:g}" if share < 1 else f"late-{share:g}"


def _usual_hours(clock: ClockRecord, rung: RungRule) -> float:
    budget = clock.limit * _USUAL_HOURS[clock.unit]
    if not rung.anchor:
        return rung.share * budget
    beside = rung.amount * _USUAL_HOURS[rung.unit]
    return beside if rung.anchor == START else budget + beside
