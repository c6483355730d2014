"""Days in Finland: working days, month ends, midnights on both days of the clock change."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.domain.calendar import (
    HELSINKI,
    HOUR_US,
    Offices,
    after_benefit_days,
    after_days,
    after_months,
    after_working_days,
    after_working_us,
    before_days,
    benefit_days_between,
    counts,
    days_between,
    instant,
    is_working_day,
    local_day,
    midnight,
    moment,
    months_between,
    opening,
    working_days_between,
    working_us_between,
)
from streams.domain.ids import Instant
from tests.domain.day_by_day import HOLIDAYS, OPEN_FOR_FEW, OPEN_TO_ALL, local

CLOSED = HOLIDAYS
DATA = Path(__file__).parents[1] / "data" / "domain" / "working_days.csv"
with DATA.open(encoding="utf-8") as table:
    CHECK_VALUES = [
        (row["start"], int(count), row[count])
        for row in csv.DictReader(table)
        for count in ("+5", "+7", "+10")
    ]
ANY_DAYS = st.dates(date(1990, 1, 1), date(2070, 12, 31)).map(date.toordinal)
WEEKS = st.sampled_from(((5, CLOSED), (6, CLOSED), (5, frozenset[int]()), (7, frozenset[int]())))
OFFICES = st.sampled_from((OPEN_TO_ALL, OPEN_FOR_FEW))
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


@given(st.datetimes(datetime(2, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis asks for naive bounds
def test_a_local_day_is_that_of_the_wall_clock_in_any_year(when: datetime) -> None:
    assert local_day(instant(when)) == when.astimezone(HELSINKI).toordinal()


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("change", ["1942-04-02", "1981-03-29", "2026-03-29", "2026-10-25"])
def test_a_local_day_is_that_of_the_wall_clock_when_clocks_change(change: str, hour: int) -> None:
    when = utc(f"{change}T{hour:02}:59:59.999999")
    assert local_day(when) == moment(when).astimezone(HELSINKI).toordinal()


def test_days_go_on_where_dates_end() -> None:
    last = date.max.toordinal()
    assert midnight(last + 1) - midnight(last) == 24 * HOUR_US
    assert midnight(0) < midnight(1)
    assert local_day(utc("9999-12-31T23:59")) == last + 1
    assert after_months(day("9999-10-31"), 4) == last + 31 + 29


@given(ANY_DAYS, st.integers(0, 300), WEEKS)
@example(day("2060-12-20"), 50, (5, CLOSED))
@example(day("2000-01-10"), 50, (5, CLOSED | {day("1999-12-31")}))
def test_days_are_counted_as_one_by_one(
    start: int, count: int, week: tuple[int, frozenset[int]]
) -> None:
    end, left = start, count
    while left:
        end += 1
        left -= counts(end, *week)
    assert after_days(start, count, *week) == end
    assert days_between(start, end, *week) == count
    assert days_between(end, start, *week) == 0
    begun, left = start, count
    while left or not counts(begun, *week):
        left -= counts(begun, *week)
        begun -= 1
    assert before_days(start, count, *week) == begun


@pytest.mark.parametrize(
    ("start", "count", "end", "closed"),
    [
        ("1999-12-31", 3, "2000-01-05", ()),
        ("2060-12-29", 3, "2061-01-03", ()),
        ("2070-06-02", 5, "2070-06-10", ("2070-06-05",)),
        ("1955-12-05", 1, "1955-12-07", ("1955-12-06", "2026-12-06")),
        ("2026-12-03", 2, "2026-12-08", ("2026-12-07", "2070-12-08")),
    ],
)
def test_days_are_counted_before_and_after_the_years_that_are_kept_in_a_table(
    start: str, count: int, end: str, closed: tuple[str, ...]
) -> None:
    closed_days = frozenset(map(day, closed))
    assert after_working_days(day(start), count, closed_days) == day(end)
    assert working_days_between(day(start), day(end), closed_days) == count
    begun = before_days(day(end), count, 5, closed_days)
    assert working_days_between(begun, day(end), closed_days) == count
    assert counts(begun, 5, closed_days)


@pytest.mark.parametrize(
    ("first", "after"), [("2026-06-18", "2026-06-22"), ("2027-06-24", "2027-06-28")]
)
def test_midsummer_is_shut_on_its_earliest_and_latest_days(first: str, after: str) -> None:
    assert after_working_days(day(first), 1, CLOSED) == day(after)
    assert working_days_between(day(first), day(after) - 1, CLOSED) == 0
    assert opening(local(f"{first}T16:15"), OPEN_TO_ALL) == local(f"{after}T08:00")


@pytest.mark.parametrize(
    ("start", "count", "week", "end"),
    [
        ("2026-06-18", 1, 5, "2026-06-19"),
        ("2026-06-18", 3, 5, "2026-06-23"),
        ("2026-06-18", 1, 6, "2026-06-22"),
        ("2026-06-18", 6, 6, "2026-06-27"),
        ("2026-06-18", 0, 6, "2026-06-18"),
    ],
)
def test_benefit_days_are_five_with_holidays_or_six_without(
    start: str, count: int, week: int, end: str
) -> None:
    assert after_benefit_days(day(start), count, week, CLOSED) == day(end)
    assert benefit_days_between(day(start), day(end), week, CLOSED) == count


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-06T08:00", "2026-03-06T08:00"),
        ("2026-03-06T16:14:59", "2026-03-06T16:14:59"),
        ("2026-03-06T16:15", "2026-03-09T08:00"),
        ("2026-03-06T03:00", "2026-03-06T08:00"),
        ("2026-03-07T12:00", "2026-03-09T08:00"),
        ("2026-03-28T12:00", "2026-03-30T08:00"),
        ("2026-10-24T12:00", "2026-10-26T08:00"),
        ("2026-12-23T20:00", "2026-12-28T08:00"),
    ],
)
def test_an_office_is_open_or_opens_next(at: str, opens: str) -> None:
    assert opening(local(at), OPEN_TO_ALL) == local(opens)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-27T15:15", "2026-03-30T09:00", 2),
        ("2026-10-23T15:15", "2026-10-26T09:00", 2),
        ("2026-03-28T00:00", "2026-03-30T08:00", 0),
        ("2026-03-30T09:00", "2026-03-27T15:15", 0),
        ("2026-06-18T00:00", "2026-06-23T00:00", 16.5),
    ],
)
def test_office_hours_are_those_on_the_wall_also_when_clocks_change(
    start: str, end: str, hours: float
) -> None:
    assert working_us_between(local(start), local(end), OPEN_TO_ALL) == hours * HOUR_US


@given(MOMENTS, st.integers(0, 500 * HOUR_US), OFFICES)
def test_office_hours_counted_back_give_their_number(
    when: datetime, us: int, offices: Offices
) -> None:
    start = instant(when)
    end = after_working_us(start, us, offices)
    assert working_us_between(start, end, offices) == us
    assert not us or working_us_between(start, Instant(end - 1), offices) == us - 1


def test_hours_that_end_at_closing_time_do_not_wait_for_the_opening() -> None:
    start = local("2026-03-05T15:15")
    assert after_working_us(start, HOUR_US, OPEN_TO_ALL) == local("2026-03-05T16:15")
    assert after_working_us(start, HOUR_US + 1, OPEN_TO_ALL) == local("2026-03-06T08:00") + 1
    assert after_working_us(local("2026-03-07"), 0, OPEN_TO_ALL) == local("2026-03-07")


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-01-31", "2026-02-27", 0),
        ("2026-01-31", "2026-02-28", 1),
        ("2026-03-02", "2027-03-02", 12),
        ("2026-03-02", "2026-03-01", 0),
    ],
)
def test_a_month_is_over_on_its_own_day_or_on_the_last(start: str, end: str, months: int) -> None:
    assert months_between(day(start), day(end)) == months


@given(DAYS, st.integers(0, 400), st.integers(0, 27))
def test_whole_months_between_are_months_turned_round(start: int, months: int, more: int) -> None:
    end = after_months(start, months)
    assert months_between(start, end) == months
    assert months_between(start, end + more) == months
    assert months_between(start, end - 1) == max(0, months - 1)
