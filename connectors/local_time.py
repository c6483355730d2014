"""Local time: the agencies write in Europe/Helsinki, the hub counts microseconds since 1970 UTC.

A local time that a change of clocks skips is read with the offset before the change; one that comes
twice means the first of the two.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.domain.ids import Instant

HELSINKI = ZoneInfo("Europe/Helsinki")
YEAR_MIN = 1900
YEAR_MAX = 2200
"""Instants and dates outside these years are slips of a sender, not facts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_SECOND_US = 1_000_000
_WHOLE_HOURS_SINCE = -1_500_000_000_000_000
"""From 1922 on Finland's offset is in whole hours, so that a date changes on the hour."""
_ONE_DAY = timedelta(days=1)
# Python reads more than senders may write (any separator, week dates); [0-9] and not \d, which
# would let other scripts' digits in.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _instant(moment: datetime) -> Instant:
    since = moment - _EPOCH
    return Instant(since.days * _DAY_US + since.seconds * _SECOND_US + since.microseconds)


def read_instant(text: str) -> Instant | None:
    """Read an ISO 8601 date and time; without an offset it is Europe/Helsinki.

    None for anything else: a date alone, another calendar form, a moment that does not exist, or a
    year outside 1900-2200. Digits after microseconds are dropped.
    """
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        return None
    return _instant(moment if moment.tzinfo is not None else moment.replace(tzinfo=HELSINKI))


def read_date(text: str) -> date | None:
    """Read an ISO 8601 date `2026-02-09`; None for anything else or a year outside 1900-2200."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if YEAR_MIN <= day.year <= YEAR_MAX else None


def local_instant(d: date, t: time) -> Instant:
    """Give the moment of a local date and time of day."""
    return _instant(datetime.combine(d, t, tzinfo=HELSINKI))


@lru_cache(maxsize=4096)
def local_midnight(d: date) -> Instant:
    """Give the first moment of a local date."""
    return local_instant(d, time())


def end_of_day(d: date) -> Instant:
    """Give the moment a local date is over: the midnight after it."""
    return local_midnight(d + _ONE_DAY)


@lru_cache(maxsize=4096)
def _date_of_hour(hour: int) -> date:
    return _local(Instant(hour * _HOUR_US)).date()


def local_date(at: Instant) -> date:
    """Give the local date of a moment."""
    if at < _WHOLE_HOURS_SINCE:
        return _local(at).date()
    return _date_of_hour(at // _HOUR_US)


def iso(at: Instant) -> str:
    """Write a moment as ISO 8601 with the local offset; microseconds only where there are some."""
    return _local(at).isoformat()


def _local(at: Instant) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(HELSINKI)
