"""Days and hours in Finland: working days, benefit days, office hours, month ends, midnights.

Days are local dates (Europe/Helsinki) as proleptic ordinals. Day 0 is the date of the start; day 1
is the next day (Act 150/1930 2 §, known, verified = false). A day-based period ends at the local
midnight after its last day. That a last day on a Saturday, a holiday or an eve moves to the next
working day (5 § of the act, known, verified = false) is not done here: whole periods are counted
as the agencies agreed them.
"""

from array import array
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, compress
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.domain.ids import Instant

HELSINKI = ZoneInfo("Europe/Helsinki")
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
NATIONAL_HOURS = (8 * HOUR_US, 16 * HOUR_US + 900_000_000)
"""Office hours of the state, 8.00 to 16.15 (HE 74/2022, verified = false)."""
WORKING_WEEK = 5
"""A working week ends on Friday."""
NO_DAYS: frozenset[int] = frozenset()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_LAST_DAY = date.max.toordinal()
_WINTER_US = 2 * HOUR_US
_WEEK = 7
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
"""After so long the Gregorian calendar is the same again, weekdays and all."""
_FIRST = date(2000, 1, 1).toordinal()
_SPAN = date(2061, 1, 1).toordinal() - _FIRST
"""The days that tables cover; before and after them days are counted without."""
_MICROSECOND = timedelta(microseconds=1)


class Offices(NamedTuple):
    """When an office is open: on working days, between two times of the local day.

    `closed_days` are proleptic ordinals of the dates that are no working days though not a weekend;
    the times are microseconds after local midnight, the first less than the second. (Clocks change
    on Sundays, so on a working day that is what a clock on the wall shows.)
    """

    closed_days: frozenset[int]
    opens_us: int
    closes_us: int


def instant(moment: datetime) -> Instant:
    """Turn an aware datetime into an instant; ValueError for one without an offset."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return Instant((moment - _EPOCH) // _MICROSECOND)


def moment(at: Instant) -> datetime:
    """Turn an instant into an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def local_day(at: Instant) -> int:
    """Give the local date of an instant as a proleptic ordinal."""
    # Finland is ahead of UTC by less than a day: in each UTC day the next local date begins.
    day = at // DAY_US + _EPOCH_DAY
    return day + (at >= midnight(day + 1))


@lru_cache(maxsize=32_768)
def midnight(day: int) -> Instant:
    """Give the instant at which the local date of an ordinal begins.

    Where dates end (after the year 9999, before the year 1) winter time goes on.
    """
    if not 0 < day <= _LAST_DAY:
        return Instant((day - _EPOCH_DAY) * DAY_US - _WINTER_US)
    begins = datetime.combine(date.fromordinal(day), datetime.min.time(), HELSINKI)
    return instant(begins)


def counts(day: int, days_a_week: int, closed_days: frozenset[int]) -> bool:
    """Say whether a local date is among the first days of its week (from Monday), and not closed.

    With 5 and the closed days of offices that is a working day, with 7 and none any day.
    """
    return (day - 1) % _WEEK < days_a_week and day not in closed_days


def after_days(day: int, count: int, days_a_week: int, closed_days: frozenset[int]) -> int:
    """Give the last of `count` days that count after a day; the day itself where `count` is 0."""
    if count <= 0:
        return day
    place = day - _FIRST
    if 0 <= place < _SPAN:
        ranks, days = _table(days_a_week, closed_days)
        rank = ranks[place] + count
        if rank <= len(days):
            return days[rank - 1]
    while count > 0:
        # As many days on as still have to count: never too far, and soon there.
        passed = days_between(day, day + count, days_a_week, closed_days)
        day, count = day + count, count - passed
    return day


def before_days(day: int, count: int, days_a_week: int, closed_days: frozenset[int]) -> int:
    """Give the last day that counts and has `count` such days after it up to and with `day`."""
    place = day - _FIRST
    if 0 <= place < _SPAN:
        ranks, days = _table(days_a_week, closed_days)
        rank = ranks[place] - count
        if rank > 0:
            return days[rank - 1]
    while count > 0 or not counts(day, days_a_week, closed_days):
        count -= counts(day, days_a_week, closed_days)
        day -= 1
    return day


def days_between(start: int, end: int, days_a_week: int, closed_days: frozenset[int]) -> int:
    """Count the days d that count with start < d <= end; 0 where the end is before the start."""
    if end <= start:
        return 0
    if start >= _FIRST and end < _FIRST + _SPAN:
        ranks, _ = _table(days_a_week, closed_days)
        return ranks[end - _FIRST] - ranks[start - _FIRST]
    closed = [day for day in closed_days if start < day <= end and (day - 1) % _WEEK < days_a_week]
    return _in_weeks(end, days_a_week) - _in_weeks(start, days_a_week) - len(closed)


def _in_weeks(day: int, days_a_week: int) -> int:
    weeks, weekday = divmod(day - 1, _WEEK)
    return weeks * days_a_week + min(weekday + 1, days_a_week)


@lru_cache(maxsize=256)
def _table(days_a_week: int, closed_days: frozenset[int]) -> tuple["array[int]", "array[int]"]:
    # How many days count from _FIRST up to each day; and which day is the n-th that counts.
    days = range(_FIRST, _FIRST + _SPAN)
    week = bytes((day - 1) % _WEEK < days_a_week for day in days[:_WEEK])
    counting = bytearray(week * (_SPAN // _WEEK + 1))[:_SPAN]
    for day in closed_days:
        if day in days:
            counting[day - _FIRST] = 0
    return array("l", accumulate(counting)), array("l", compress(days, counting))


def is_working_day(day: int, closed_days: frozenset[int]) -> bool:
    """Say whether a local date is neither a weekend day nor a closed day."""
    return (day - 1) % _WEEK < WORKING_WEEK and day not in closed_days


def after_working_days(day: int, count: int, closed_days: frozenset[int]) -> int:
    """Give the last of `count` working days after a day; the day itself where `count` is 0."""
    return after_days(day, count, WORKING_WEEK, closed_days)


def working_days_between(start: int, end: int, closed_days: frozenset[int]) -> int:
    """Count the working days d with start < d <= end."""
    return days_between(start, end, WORKING_WEEK, closed_days)


def benefit_closed_days(days_a_week: int, closed_days: frozenset[int]) -> frozenset[int]:
    """Give the holidays on which a benefit is not paid: none for one paid Monday to Friday.

    Unemployment benefits are paid for 5 days a week, holidays included; the sickness allowance for
    6, Monday to Saturday, holidays not (both known, verified = false).
    """
    return closed_days if days_a_week > WORKING_WEEK else NO_DAYS


def after_benefit_days(day: int, count: int, days_a_week: int, closed_days: frozenset[int]) -> int:
    """Give the last of `count` benefit days after a day; the day itself where `count` is 0.

    `closed_days` must hold the holidays that fall on a Saturday too, where a week has 6 such days.
    """
    return after_days(day, count, days_a_week, benefit_closed_days(days_a_week, closed_days))


def benefit_days_between(
    start: int, end: int, days_a_week: int, closed_days: frozenset[int]
) -> int:
    """Count the benefit days d with start < d <= end."""
    return days_between(start, end, days_a_week, benefit_closed_days(days_a_week, closed_days))


def opening(at: Instant, offices: Offices) -> Instant:
    """Give the instant itself where the office is open, else when it opens next."""
    day = local_day(at)
    time_us = at - midnight(day)
    if is_working_day(day, offices.closed_days):
        if offices.opens_us <= time_us < offices.closes_us:
            return at
        if time_us < offices.opens_us:
            return Instant(midnight(day) + offices.opens_us)
    following = after_working_days(day, 1, offices.closed_days)
    return Instant(midnight(following) + offices.opens_us)


def working_us_between(start: Instant, end: Instant, offices: Offices) -> int:
    """Count microseconds of office hours between two instants; 0 for an end before its start."""
    if end <= start:
        return 0
    first, last = local_day(start), local_day(end)
    whole = working_days_between(first - 1, last - 1, offices.closed_days)
    hours_us = offices.closes_us - offices.opens_us
    return whole * hours_us - _open_us(first, start, offices) + _open_us(last, end, offices)


def after_working_us(start: Instant, us: int, offices: Offices) -> Instant:
    """Give the first instant by which an office was open for so long; the start itself for 0.

    Where that is closing time, it is the closing time and not the next opening.
    """
    if us <= 0:
        return start
    first = local_day(start)
    since_opening_us = us + _open_us(first, start, offices)
    days, rest_us = divmod(since_opening_us - 1, offices.closes_us - offices.opens_us)
    last = after_working_days(first - 1, days + 1, offices.closed_days)
    return Instant(midnight(last) + offices.opens_us + rest_us + 1)


def _open_us(day: int, at: Instant, offices: Offices) -> int:
    closed_days, opens_us, closes_us = offices
    if not is_working_day(day, closed_days):
        return 0
    time_us = at - midnight(day)
    if time_us <= opens_us:
        return 0
    return (closes_us if time_us > closes_us else time_us) - opens_us  # noqa: FURB136  # min() is a call more


def after_months(day: int, count: int) -> int:
    """Give the same day number `count` months on, or that month's last day.

    Act 150/1930 3 § (known, verified = false). Years after 9999 go on as the calendar does.
    """
    if day > _LAST_DAY - _CYCLE_DAYS:
        return after_months(day - _CYCLE_DAYS, count) + _CYCLE_DAYS
    start = date.fromordinal(day)
    months = start.year * 12 + start.month - 1 + count
    year, month = divmod(months, 12)
    first = date(year, month + 1, 1).toordinal()
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1).toordinal()  # noqa: PLR2004  # 11: December
    return min(first + start.day - 1, following - 1)


def months_between(start: int, end: int) -> int:
    """Count the whole months from one local date to another: `after_months` turned round."""
    if end <= start:
        return 0
    begun, ended = date.fromordinal(start), date.fromordinal(end)
    months = (ended.year - begun.year) * 12 + ended.month - begun.month
    return months - (after_months(start, months) > end)
