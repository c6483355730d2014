"""Days in Finland: working days, month ends, midnights on both days of the clock change."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.bootstrap.agreement_file import shipped_folder
from streams.bootstrap.closed_days import read_closed_days
from streams.domain.calendar import (
    HOUR_US,
    after_months,
    after_working_days,
    instant,
    is_working_day,
    local_day,
    midnight,
    moment,
    working_days_between,
)
from streams.domain.ids import Instant

CLOSED = read_closed_days("fi", (shipped_folder(),)).ordinals()
DATA = Path(__file__).parents[1] / "data" / "domain" / "working_days.csv"
with DATA.open(encoding="utf-8") as table:
    CHECK_VALUES = [
        (row["start"], int(count), row[count])
        for row in csv.DictReader(table)
        for count in ("+5", "+7", "+10")
    ]
DAYS = st.dates(date(2015, 1, 1), date(2045, 12, 31)).map(date.toordinal)
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis asks for naive bounds


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def utc(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(("start", "count", "end"), CHECK_VALUES)
def test_the_shipped_calendar_gives_the_check_values(start: str, count: int, end: str) -> None:
    assert after_working_days(day(start), count, CLOSED) == day(end)


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("2026-03-02", True),
        ("2026-03-07", False),
        ("2026-03-08", False),
        ("2026-06-19", False),
        ("2026-12-24", False),
        ("2026-12-31", True),
        ("2026-04-02", True),
        ("2026-04-03", False),
        ("2026-05-14", False),
    ],
)
def test_offices_are_shut_on_weekends_holidays_and_two_eves(text: str, works: bool) -> None:
    assert is_working_day(day(text), CLOSED) is works


@given(DAYS, st.integers(0, 60))
def test_counting_working_days_back_gives_their_number(start: int, count: int) -> None:
    end = after_working_days(start, count, CLOSED)
    assert working_days_between(start, end, CLOSED) == count
    assert count == 0 or is_working_day(end, CLOSED)


@given(DAYS, DAYS, st.integers(0, 30), st.integers(0, 30))
def test_later_starts_and_longer_budgets_never_end_earlier(
    one: int, other: int, count: int, more: int
) -> None:
    early, late = sorted((one, other))
    assert after_working_days(early, count, CLOSED) <= after_working_days(late, count, CLOSED)
    assert after_working_days(one, count, CLOSED) + more <= after_working_days(
        one, count + more, CLOSED
    )


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-15", 1, "2026-02-15"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-03-31", 3, "2026-06-30"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-10-31", 2, "2026-12-31"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-11-15", 1, "2026-12-15"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-05-05", 0, "2026-05-05"),
    ],
)
def test_a_month_ends_on_the_same_day_number_or_the_months_last_day(
    start: str, months: int, end: str
) -> None:
    assert after_months(day(start), months) == day(end)


@given(DAYS, st.integers(0, 36))
def test_months_are_never_skipped(start: int, count: int) -> None:
    begun, ended = date.fromordinal(start), date.fromordinal(after_months(start, count))
    assert (ended.year - begun.year) * 12 + ended.month - begun.month == count
    assert ended.day == begun.day or (ended + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2026-03-02", 24), ("2026-03-29", 23), ("2026-10-25", 25), ("2027-03-28", 23)],
)
def test_the_days_of_the_clock_change_are_an_hour_shorter_and_longer(text: str, hours: int) -> None:
    assert midnight(day(text) + 1) - midnight(day(text)) == hours * HOUR_US


def test_midnight_is_the_local_one() -> None:
    assert midnight(day("2026-03-02")) == utc("2026-03-01T22:00")
    assert midnight(day("2026-07-01")) == utc("2026-06-30T21:00")
    assert local_day(utc("2026-03-01T21:59:59")) == day("2026-03-01")
    assert local_day(utc("2026-03-01T22:00")) == day("2026-03-02")


@given(DAYS)
def test_a_day_begins_at_its_midnight_and_not_before(when: int) -> None:
    assert local_day(midnight(when)) == when
    assert local_day(Instant(midnight(when) - 1)) == when - 1


@given(MOMENTS)
def test_an_instant_keeps_every_microsecond(when: datetime) -> None:
    assert moment(instant(when)) == when


def test_a_moment_without_an_offset_is_no_instant() -> None:
    with pytest.raises(ValueError, match="offset"):
        instant(datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001  # a naive moment is the point
