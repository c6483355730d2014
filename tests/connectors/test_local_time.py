"""Times without an offset are local, and a day ends at local midnight."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.local_time import (
    end_of_day,
    iso,
    local_date,
    local_instant,
    local_midnight,
    read_date,
    read_instant,
)
from streams.domain.ids import Instant

NOON = 1_770_638_400_000_000
"""2026-02-09T12:00:00Z"""


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-09T12:00:00Z",
        "2026-02-09T12:00Z",
        "2026-02-09T14:00:00+02:00",
        "2026-02-09T14:00:00+0200",
        "2026-02-09T14:00:00",
        "2026-02-09T14:00",
        "2026-02-09T14:00:00.0000009",
        "2026-02-09T14:00:00,000",
    ],
)
def test_spellings_of_one_moment_are_one_instant(text: str) -> None:
    assert read_instant(text) == NOON


def test_a_summer_time_without_offset_is_three_hours_ahead() -> None:
    assert read_instant("2026-07-01T12:00:00") == instant("2026-07-01T09:00:00+00:00")


def test_a_skipped_hour_is_read_with_the_winter_offset_and_a_repeated_one_is_the_first() -> None:
    assert read_instant("2026-03-29T03:30") == instant("2026-03-29T01:30:00+00:00")
    assert read_instant("2026-10-25T03:30") == instant("2026-10-25T00:30:00+00:00")


def test_fractions_of_a_second_are_kept_to_the_microsecond() -> None:
    assert read_instant("2026-02-09T12:00:00.123456789Z") == NOON + 123_456


@pytest.mark.parametrize(
    "text",
    [
        "eilen",
        "",
        "2026-02-09",
        "2026-02-30T10:00:00",
        "2026-02-09T24:00:00",
        "2026-02-09T10:60:00",
        "2026-02-09 10:00:00",
        "20260209T100000",
        "2026-02-09t10:00:00z",
        "2026-W07-1T10:00",
        "2026-02-09T10:00:00+25:00",
        "2026-02-09T10:00:00 ",
        "2026-02-09T10:00:00\0",
        "\uff12026-02-09T10:00:00",
        "1899-12-31T23:59:59Z",
        "2201-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "9" * 100_000,
    ],
    ids=range(18),
)
def test_what_is_no_moment_is_not_read(text: str) -> None:
    assert read_instant(text) is None


def test_a_date_is_read_as_written() -> None:
    assert read_date("2026-02-28") == date(2026, 2, 28)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-2-9", "9.2.2026", "20260209", "2026-02-09T00:00", "1899-01-01", ""]
)
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert read_date(text) is None


def test_a_day_ends_at_the_next_local_midnight() -> None:
    assert iso(local_midnight(date(2026, 3, 29))) == "2026-03-29T00:00:00+02:00"
    assert iso(end_of_day(date(2026, 3, 29))) == "2026-03-30T00:00:00+03:00"
    assert end_of_day(date(2026, 3, 29)) - local_midnight(date(2026, 3, 29)) == 23 * 3600 * 10**6


def test_an_instant_is_shown_with_its_local_offset() -> None:
    assert iso(Instant(NOON)) == "2026-02-09T14:00:00+02:00"
    assert iso(Instant(NOON + 5)) == "2026-02-09T14:00:00.000005+02:00"


moments = st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # the zone comes from the strategy


@given(moments)
def test_an_instant_reads_back_and_lies_within_its_local_day(moment: datetime) -> None:
    at = Instant((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
    day = local_date(at)
    assert day == moment.astimezone(ZoneInfo("Europe/Helsinki")).date()
    assert local_midnight(day) <= at < end_of_day(day)
    if moment.year > 1921:  # before, the offset had seconds, which ISO 8601 has no room for
        assert read_instant(iso(at)) == at


@given(st.dates(date(1922, 1, 1), date(2200, 12, 31)), st.times())
def test_a_local_time_is_what_its_text_says(day: date, clock: time) -> None:
    assert local_instant(day, clock) == read_instant(f"{day}T{clock}")
