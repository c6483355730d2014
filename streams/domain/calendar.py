"""Days and midnights in Finland: working days, month ends, both days of the clock change.

Day 0 is the local date (Europe/Helsinki) of the start; day 1 is the next day (Act 150/1930 2 §,
verified = false). A day-based period ends at the local midnight after its last day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.domain.ids import Instant

HELSINKI = ZoneInfo("Europe/Helsinki")
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SATURDAY = 5
_MICROSECOND = timedelta(microseconds=1)


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
    return moment(at).astimezone(HELSINKI).toordinal()


@lru_cache(maxsize=4096)
def midnight(day: int) -> Instant:
    """Give the instant at which the local date of an ordinal begins."""
    begins = datetime.combine(date.fromordinal(day), datetime.min.time(), HELSINKI)
    return instant(begins)


def is_working_day(day: int, closed_days: frozenset[int]) -> bool:
    """Say whether a local date is neither a weekend day nor a closed day."""
    return (day - 1) % 7 < _SATURDAY and day not in closed_days


def after_working_days(day: int, count: int, closed_days: frozenset[int]) -> int:
    """Give the last of `count` working days after a day; the day itself where `count` is 0."""
    while count > 0:
        day += 1
        if is_working_day(day, closed_days):
            count -= 1
    return day


def working_days_between(start: int, end: int, closed_days: frozenset[int]) -> int:
    """Count the working days d with start < d <= end."""
    return sum(is_working_day(day, closed_days) for day in range(start + 1, end + 1))


def after_months(day: int, count: int) -> int:
    """Give the same day number `count` months on, or that month's last day (Act 150/1930 3 §)."""
    start = date.fromordinal(day)
    months = start.year * 12 + start.month - 1 + count
    year, month = divmod(months, 12)
    first = date(year, month + 1, 1).toordinal()
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1).toordinal()  # noqa: PLR2004  # 11: December
    return min(first + start.day - 1, following - 1)
