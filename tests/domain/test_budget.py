"""Budgets of time against a slow clock, turned round, told stretch by stretch; and ladders."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.budget import Span, deadline, elapsed, ladder, spans
from streams.domain.calendar import (
    DAY_US,
    HOUR_US,
    after_working_days,
    local_day,
    midnight,
)
from streams.domain.clock_rules import ClockRule, RungRule
from streams.domain.ids import Instant
from streams.domain.person import Suspension
from tests.domain.day_by_day import (
    HOLIDAYS,
    OPEN_FOR_FEW,
    OPEN_TO_ALL,
    OWN_DAYS,
    UNITS,
    Reckoner,
    Running,
    budget_of,
    differences,
    local,
    random_clocks,
)

QUARTER_US = HOUR_US // 4
STARTS = st.integers(local("2025-01-01") // QUARTER_US, local("2027-12-31") // QUARTER_US).map(
    lambda quarters: Instant(quarters * QUARTER_US)
)
RULES = st.builds(
    budget_of, st.sampled_from(UNITS), st.integers(0, 40), days_a_week=st.sampled_from((5, 6))
)
PAUSES = st.integers(0, 30 * 96).map(lambda quarters: quarters * QUARTER_US)


def due(clock: Running, share: float = 1.0) -> Instant:
    rule, started_at, _, suspensions, offices, counted_days, counted_at = clock
    return deadline(
        rule,
        started_at,
        share,
        suspensions,
        offices,
        counted_days=counted_days,
        counted_at=counted_at,
    )


def as_asked(clock: Running) -> Instant:
    return due(clock, clock.share)


def used(clock: Running, at: Instant) -> int:
    rule, started_at, _, suspensions, offices, counted_days, counted_at = clock
    return elapsed(
        rule,
        started_at,
        at,
        suspensions,
        offices,
        counted_days=counted_days,
        counted_at=counted_at,
    )


def told(clock: Running, until: Instant) -> tuple[Span, ...]:
    rule, started_at, _, suspensions, offices, counted_days, counted_at = clock
    return spans(
        rule,
        started_at,
        until,
        suspensions,
        offices,
        own_closed_days=OWN_DAYS & offices.closed_days,
        counted_days=counted_days,
        counted_at=counted_at,
    )


def whole_budget(clock: Running) -> int:
    if clock.rule.unit in ("hours", "working_hours"):
        return clock.rule.limit * HOUR_US
    return max(clock.rule.limit, clock.counted_days)


def plain(rule: ClockRule, started_at: Instant) -> Instant:
    return deadline(rule, started_at, 1.0, (), OPEN_TO_ALL)


@pytest.mark.usefixtures("unmeasured")
def test_ten_thousand_clocks_are_due_when_the_slow_clock_says() -> None:
    assert list(differences(random_clocks(1930, 10_000), as_asked)) == []


def forget_christmas_eve(clock: Running) -> Instant:
    eves = {date(year, 12, 24).toordinal() for year in range(2024, 2030)}
    offices = clock.offices._replace(closed_days=clock.offices.closed_days - eves)
    return due(clock._replace(offices=offices), clock.share)


def forget_pauses(clock: Running) -> Instant:
    return due(clock._replace(suspensions=()), clock.share)


def end_a_day_after_24_hours(clock: Running) -> Instant:
    found = due(clock, clock.share)
    at_two = midnight(local_day(Instant(found - 1))) + DAY_US
    return found if clock.rule.unit in ("hours", "working_hours") else Instant(at_two)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("wrong", [forget_christmas_eve, forget_pauses, end_a_day_after_24_hours])
def test_a_planted_mistake_differs_from_the_slow_clock(wrong: Reckoner) -> None:
    assert next(differences(random_clocks(1930, 2_000), wrong), None) is not None


@pytest.mark.usefixtures("unmeasured")
def test_what_is_told_of_a_clock_tiles_its_time_and_sums_to_its_budget() -> None:
    for clock in random_clocks(5, 1_500):
        due_at = due(clock)
        parts = told(clock, due_at)
        assert sum(part.counted for part in parts) == whole_budget(clock), clock
        assert used(clock, due_at) == whole_budget(clock), clock
        if parts:
            assert (parts[0].from_, parts[-1].to) == (clock.started_at, due_at)
        assert all(part.from_ < part.to for part in parts)
        for one, other in pairwise(parts):
            assert one.to == other.from_
            assert one[3:] != other[3:]


@given(st.integers(0, 10_000), st.integers(1, 120 * 96))
def test_what_is_told_sums_to_what_is_used_at_any_time(seed: int, quarters: int) -> None:
    (clock,) = random_clocks(seed, 1)
    until = Instant(clock.started_at + quarters * QUARTER_US)
    assert sum(part.counted for part in told(clock, until)) == used(clock, until)


@given(RULES, STARTS, STARTS)
def test_a_later_start_is_never_due_earlier(rule: ClockRule, one: Instant, other: Instant) -> None:
    early, late = sorted((one, other))
    assert plain(rule, early) <= plain(rule, late)


@given(RULES, STARTS)
def test_a_larger_budget_is_never_due_earlier(rule: ClockRule, at: Instant) -> None:
    assert plain(rule, at) <= plain(rule._replace(limit=rule.limit + 1), at)


@given(RULES, STARTS, PAUSES, PAUSES, PAUSES)
def test_pauses_add_up(rule: ClockRule, at: Instant, wait: int, one: int, other: int) -> None:
    paused_at = Instant(at + wait)
    between, resumed_at = Instant(paused_at + one), Instant(paused_at + one + other)
    whole = (Suspension(paused_at, resumed_at, "on-hold"),)
    parts = (
        Suspension(paused_at, between, "on-hold"),
        Suspension(between, resumed_at, "info-needed"),
    )
    crossed = (Suspension(paused_at, between, "on-hold"), *whole)
    expected = deadline(rule, at, 1.0, whole, OPEN_TO_ALL)
    assert deadline(rule, at, 1.0, parts, OPEN_TO_ALL) == expected
    assert deadline(rule, at, 1.0, crossed, OPEN_TO_ALL) == expected
    assert expected >= plain(rule, at)


@given(STARTS, st.integers(1, 30), PAUSES, PAUSES)
def test_a_pause_moves_a_deadline_by_its_working_days(
    at: Instant, limit: int, wait: int, length: int
) -> None:
    rule = budget_of("working_days", limit)
    last = local_day(Instant(plain(rule, at) - 1))
    paused_at = Instant(at + wait)
    resumed_at = Instant(paused_at + length)
    moved = deadline(rule, at, 1.0, (Suspension(paused_at, resumed_at, "on-hold"),), OPEN_TO_ALL)
    stood = [
        day
        for day in range(local_day(paused_at) + 1, local_day(resumed_at) + 1)
        if date.fromordinal(day).isoweekday() <= 5 and day not in HOLIDAYS
    ]
    if local_day(paused_at) < last:
        end = after_working_days(last, len(stood), HOLIDAYS)
        assert moved == midnight(end + 1)
    elif local_day(paused_at) > last:
        assert moved == midnight(last + 1)
    else:
        assert moved == midnight(max(local_day(resumed_at), last) + 1)


@given(RULES.filter(lambda rule: rule.limit > 0), STARTS)
def test_a_budget_is_used_up_when_it_is_due_and_not_before(rule: ClockRule, at: Instant) -> None:
    due_at = plain(rule, at)
    clock = Running(rule, at, 1.0, (), OPEN_TO_ALL, 0, None)
    assert used(clock, due_at) == whole_budget(clock)
    assert used(clock, Instant(due_at - 1)) < whole_budget(clock)


@given(st.integers(0, 10_000))
def test_nothing_is_due_while_it_stands_still(seed: int) -> None:
    (clock,) = random_clocks(seed, 1)
    due_at = due(clock)
    for pause in clock.suspensions:
        assert not pause.paused_at < due_at < pause.resumed_at


def test_a_clock_paused_on_its_last_day_is_due_after_the_day_it_resumes_on() -> None:
    pause = Suspension(local("2026-03-06T10:00"), local("2026-03-08T12:00"), "info-needed")
    clock = budget_of("working_days", 4)
    found = deadline(clock, local("2026-03-02T12:00"), 1.0, (pause,), OPEN_TO_ALL)
    assert found == local("2026-03-09")


def test_a_pause_before_the_start_moves_nothing() -> None:
    at = local("2026-03-02T12:00")
    pause = Suspension(Instant(at - 9 * DAY_US), Instant(at - DAY_US), "on-hold")
    for unit in UNITS:
        rule = budget_of(unit, 3)
        assert deadline(rule, at, 1.0, (pause,), OPEN_TO_ALL) == plain(rule, at)


def test_benefit_days_go_on_from_the_last_count() -> None:
    started_at, counted_at = local("2026-01-05T12:00"), local("2026-03-02T12:00")
    rule = budget_of("benefit_days", 60, days_a_week=6)
    first = deadline(rule, started_at, 1.0, (), OPEN_TO_ALL, counted_days=30)
    again = deadline(rule, started_at, 1.0, (), OPEN_TO_ALL, counted_days=58, counted_at=counted_at)
    over = deadline(rule, started_at, 1.0, (), OPEN_TO_ALL, counted_days=99, counted_at=counted_at)
    # 30 days of Monday to Saturday, without Epiphany; then Tuesday and Wednesday; then nothing.
    assert first == local("2026-02-11")
    assert again == local("2026-03-05")
    assert over == local("2026-03-03")


@pytest.mark.parametrize("unit", UNITS)
def test_a_clock_from_the_end_of_all_calendars_has_a_deadline(unit: str) -> None:
    at = local("9999-12-31T01:00")
    rungs = (
        RungRule("later", 1.0, "source", "due", 9, "working_days", office_hours=True),
        RungRule("breach", 1.0, "source"),
    )
    rule = budget_of(unit, 9, rungs=rungs)
    assert plain(rule, at) == local("9999-12-31")
    assert [rung.at for rung in ladder(rule, at, (), OPEN_TO_ALL)] == [local("9999-12-31")] * 2


def parts_of(rule: ClockRule, start: str, until: str, *stood: Suspension) -> list[object]:
    """Tell stretches shortly: until when, how much, why."""
    found = spans(rule, local(start), local(until), stood, OPEN_FOR_FEW, own_closed_days=OWN_DAYS)
    return [(part.to, part.counted, part.reason) for part in found]


def test_christmas_is_told_day_by_day() -> None:
    found = spans(
        budget_of("working_days", 2),
        local("2025-12-19T12:00"),
        local("2025-12-30"),
        (),
        OPEN_FOR_FEW,
        own_closed_days=OWN_DAYS,
    )
    assert [(part.reason, part.counted, part.day) for part in found] == [
        ("start-day", 0, 0),
        ("weekend", 0, 0),
        ("counted", 1, 0),
        ("closed-day", 0, 0),
        ("holiday", 0, date(2025, 12, 24).toordinal()),
        ("holiday", 0, date(2025, 12, 25).toordinal()),
        ("holiday", 0, date(2025, 12, 26).toordinal()),
        ("weekend", 0, 0),
        ("counted", 1, 0),
    ]


def test_independence_day_on_a_sunday_is_told_by_its_name() -> None:
    found = spans(
        budget_of("working_days", 1),
        local("2026-12-04T12:00"),
        local("2026-12-08"),
        (),
        OPEN_TO_ALL,
    )
    independence_day = date(2026, 12, 6).toordinal()
    assert [part.day for part in found if part.reason == "holiday"] == [independence_day]


def test_a_pause_and_an_unfinished_day_are_told() -> None:
    pause = Suspension(local("2026-03-03T12:00"), local("2026-03-05T12:00"), "info-needed")
    rule = budget_of("calendar_days", 5)
    assert parts_of(rule, "2026-03-02T12:00", "2026-03-07T08:00", pause) == [
        (local("2026-03-03"), 0, "start-day"),
        (local("2026-03-04"), 1, "counted"),
        (local("2026-03-06"), 0, "suspended"),
        (local("2026-03-07"), 1, "counted"),
        (local("2026-03-07T08:00"), 0, "unfinished-day"),
    ]
    (stood,) = [
        part
        for part in spans(rule, pause.paused_at, pause.resumed_at, (pause,), OPEN_TO_ALL)
        if part.reason == "suspended"
    ]
    assert stood.ground == "info-needed"


def test_a_budget_of_no_days_tells_why_its_first_day_is_a_monday() -> None:
    rule = budget_of("working_days", 0)
    assert parts_of(rule, "2026-03-07T12:00", "2026-03-10") == [
        (local("2026-03-09"), 0, "weekend"),
        (local("2026-03-10"), 0, "start-day"),
    ]


def test_months_are_told_as_months_whatever_stood_between() -> None:
    pause = Suspension(local("2026-02-10T12:00"), local("2026-02-20T12:00"), "on-hold")
    rule = budget_of("months", 2)
    assert parts_of(rule, "2026-01-31T12:00", "2026-04-11", pause) == [
        (local("2026-02-01"), 0, "start-day"),
        (local("2026-02-11"), 0, "counted"),
        (local("2026-02-21"), 0, "suspended"),
        (local("2026-04-11"), 2, "counted"),
    ]


def test_working_hours_are_told_hour_by_hour() -> None:
    rule = budget_of("working_hours", 8)
    pause = Suspension(local("2026-03-06T11:00"), local("2026-03-06T12:00"), "on-hold")
    assert parts_of(rule, "2026-03-05T14:00", "2026-03-09T11:00", pause) == [
        (local("2026-03-05T15:00"), HOUR_US, "counted"),
        (local("2026-03-06T09:00"), 0, "outside-office-hours"),
        (local("2026-03-06T11:00"), 2 * HOUR_US, "counted"),
        (local("2026-03-06T12:00"), 0, "suspended"),
        (local("2026-03-06T15:00"), 3 * HOUR_US, "counted"),
        (local("2026-03-07"), 0, "outside-office-hours"),
        (local("2026-03-09"), 0, "weekend"),
        (local("2026-03-09T09:00"), 0, "outside-office-hours"),
        (local("2026-03-09T11:00"), 2 * HOUR_US, "counted"),
    ]


def test_reported_benefit_days_are_told_at_once() -> None:
    found = spans(
        budget_of("benefit_days", 60),
        local("2026-03-02T12:00"),
        local("2026-03-06"),
        (),
        OPEN_TO_ALL,
        counted_days=57,
        counted_at=local("2026-03-04T12:00"),
    )
    assert [(part.to, part.counted, part.reason) for part in found] == [
        (local("2026-03-05"), 57, "reported-days"),
        (local("2026-03-06"), 1, "counted"),
    ]


def test_what_stood_still_is_not_used_up() -> None:
    start, rule = local("2026-03-02T12:00"), budget_of("working_days", 9)
    pause = Suspension(local("2026-03-04T12:00"), local("2026-03-06T12:00"), "on-hold")
    for until, days in (("2026-03-04", 1), ("2026-03-07", 2), ("2026-03-11", 4)):
        assert elapsed(rule, start, local(until), (pause,), OPEN_TO_ALL) == days


def test_months_are_used_up_when_they_are_over() -> None:
    start, rule = local("2026-01-31T12:00"), budget_of("months", 2)
    for until, months in (("2026-02-28", 0), ("2026-03-01", 1), ("2026-06-15", 4)):
        assert elapsed(rule, start, local(until), (), OPEN_TO_ALL) == months


def test_before_its_start_there_is_nothing_to_tell_of_a_clock() -> None:
    at = local("2026-03-02T12:00")
    for unit in UNITS:
        rule = budget_of(unit, 3)
        for until in (at, Instant(at - 3 * DAY_US)):
            assert spans(rule, at, until, (), OPEN_TO_ALL) == ()
            assert elapsed(rule, at, until, (), OPEN_TO_ALL) == 0
