"""A slow clock that is obviously right: day by day, and quarter of an hour by quarter.

It knows dates, weekdays and the wall clock from the standard library, and nothing of the domain's
arithmetic. Random clocks are made so that every moment falls on a quarter of an hour.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.bootstrap.closed_days import read_closed_days
from streams.domain.calendar import HOUR_US, NATIONAL_HOURS, Offices
from streams.domain.clock_rules import ClockRule, RungRule, triggers
from streams.domain.ids import Instant
from streams.domain.person import Suspension

FOLDER = Path(__file__).parents[2] / "deploy" / "agreements"
HOLIDAYS = frozenset(day.toordinal() for day in read_closed_days("fi", (FOLDER,)).days)
"""All holidays and eves of the shipped calendar, those on weekends too."""
OWN_DAYS = frozenset(date(2026, 7, day).toordinal() for day in range(6, 11)) | {
    date(2025, 12, 23).toordinal(),
    date(2027, 5, 7).toordinal(),
}
OPEN_TO_ALL = Offices(HOLIDAYS, *NATIONAL_HOURS)
OPEN_FOR_FEW = Offices(HOLIDAYS | OWN_DAYS, 9 * HOUR_US, 15 * HOUR_US)
UNITS = ("working_days", "calendar_days", "months", "hours", "working_hours", "benefit_days")
_ZONE = ZoneInfo("Europe/Helsinki")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_QUARTER_US = 900_000_000


def budget_of(
    unit: str,
    limit: int,
    *,
    rule: str = "acceptance",
    rungs: tuple[RungRule, ...] = (),
    days_a_week: int = 5,
) -> ClockRule:
    """Make a rule of which only the budget and the ladder matter."""
    none = triggers()
    starts, met = triggers("requested"), triggers("accepted")
    bare = ClockRule(
        rule, unit, limit, starts, met, none, none, rungs, False, "agreed", True, None, None
    )
    return bare._replace(days_a_week=days_a_week)


def local(text: str) -> Instant:
    """Read a local time."""
    return _instant(datetime.fromisoformat(text).replace(tzinfo=_ZONE))


class Running(NamedTuple):
    """A clock: its rule, and all that moves its deadline."""

    rule: ClockRule
    started_at: Instant
    share: float
    suspensions: tuple[Suspension, ...]
    offices: Offices
    counted_days: int
    counted_at: Instant | None


Reckoner = Callable[[Running], Instant]


def differences(clocks: list[Running], reckon: Reckoner) -> Iterator[str]:
    """Name the clocks whose deadline a reckoner gives otherwise than the slow clock."""
    for clock in clocks:
        found, expected = reckon(clock), due_by_walking(clock)
        if found != expected:
            yield f"{clock}: {_moment(found)} instead of {_moment(expected)}"


def due_by_walking(clock: Running) -> Instant:
    """Walk from the start until the share is used up."""
    if clock.rule.unit in ("hours", "working_hours"):
        return _by_quarters(clock)
    return _by_days(clock)


def _by_quarters(clock: Running) -> Instant:
    left = Fraction(str(clock.share)) * clock.rule.limit * 4
    always_open = clock.rule.unit == "hours"
    at = int(clock.started_at)
    while left > 0:
        stands = any(s.paused_at <= at < s.resumed_at for s in clock.suspensions)
        if not stands and (always_open or at in _open_quarters(clock.offices)):
            left -= 1
        at += _QUARTER_US
    return Instant(at)


@cache
def _open_quarters(offices: Offices) -> frozenset[int]:
    found: set[int] = set()
    day = date(2025, 1, 1)
    while day.year < 2029:
        if day.isoweekday() <= 5 and day.toordinal() not in offices.closed_days:
            opens = _instant(datetime.combine(day, _time(offices.opens_us), _ZONE))
            closes = _instant(datetime.combine(day, _time(offices.closes_us), _ZONE))
            found.update(range(opens, closes, _QUARTER_US))
        day += _DAY
    return frozenset(found)


def _by_days(clock: Running) -> Instant:
    rule = clock.rule
    day = _date(clock.started_at)
    left = ceil(Fraction(str(clock.share)) * rule.limit)
    if rule.unit == "benefit_days":
        day = max(day, _date(clock.counted_at or clock.started_at))
        left -= clock.counted_days
    if rule.unit == "months":
        left = ceil(Fraction(str(clock.share)) * (_months_on(day, rule.limit) - day).days)
    if rule.unit == "working_days" and rule.limit == 0:
        while not _is_counted(day, clock):
            day += _DAY
    stood = [(_date(s.paused_at), _date(s.resumed_at)) for s in clock.suspensions]
    while left > 0 or any(paused <= day < resumed for paused, resumed in stood):
        day += _DAY
        if not any(paused < day <= resumed for paused, resumed in stood):
            left -= _is_counted(day, clock)
    return _instant(datetime.combine(day + _DAY, time.min, _ZONE))


def _is_counted(day: date, clock: Running) -> bool:
    is_closed = day.toordinal() in clock.offices.closed_days
    if clock.rule.unit == "working_days":
        return day.isoweekday() <= 5 and not is_closed
    if clock.rule.unit == "benefit_days" and clock.rule.days_a_week == 6:
        return day.isoweekday() <= 6 and not is_closed
    return clock.rule.unit != "benefit_days" or day.isoweekday() <= 5


def _months_on(day: date, count: int) -> date:
    year, month = day.year, day.month
    for _ in range(count):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    number = day.day
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def random_clocks(seed: int, number: int) -> list[Running]:
    """Make clocks of every unit, from 2025 to 2027, with and without pauses."""
    chance = Random(seed)
    return [_random_clock(chance) for _ in range(number)]


def _random_clock(chance: Random) -> Running:
    unit = chance.choice(UNITS)
    limit = chance.randint(0, {"months": 6, "benefit_days": 60}.get(unit, 30))
    week = chance.choice((5, 6))
    in_hours = unit in ("hours", "working_hours")
    share = chance.choice((1.0, 1.0, 0.5, 0.25) if in_hours else (1.0, 1.0, 0.5, 0.8, 1.1))
    first = _instant(datetime(2025, 1, 1, tzinfo=UTC))
    started_at = Instant(first + chance.randrange(2 * 365 * 96) * _QUARTER_US)
    suspensions: list[Suspension] = []
    at = started_at
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        paused_at = Instant(at + chance.randrange(14 * 96) * _QUARTER_US)
        at = Instant(paused_at + chance.randrange(12 * 96) * _QUARTER_US)
        suspensions.append(Suspension(paused_at, at, "info-needed"))
    counted_days, counted_at = 0, None
    if unit == "benefit_days" and chance.random() < 0.7:
        counted_days = chance.randint(0, limit + 2)
        counted_at = Instant(started_at + chance.randrange(30 * 96) * _QUARTER_US)
    return Running(
        budget_of(unit, limit, days_a_week=week),
        started_at,
        share,
        tuple(suspensions),
        chance.choice((OPEN_TO_ALL, OPEN_FOR_FEW)),
        counted_days,
        counted_at,
    )


def _moment(at: Instant) -> datetime:
    return (_EPOCH + at * _MICROSECOND).astimezone(_ZONE)


def _date(at: Instant) -> date:
    return _moment(at).date()


def _instant(moment: datetime) -> Instant:
    return Instant((moment - _EPOCH) // _MICROSECOND)


def _time(us: int) -> time:
    return (_EPOCH + us * _MICROSECOND).time()
