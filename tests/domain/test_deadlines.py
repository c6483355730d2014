"""When budgets are used up and rungs come, in each unit; how long a handoff waits for a basis."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.budget import deadline, ladder
from streams.domain.calendar import DAY_US, HOUR_US, Offices, instant
from streams.domain.clock_facts import Rung
from streams.domain.clock_rules import RungRule
from streams.domain.clocks import AWAITING_BASIS
from streams.domain.codes import Status
from streams.domain.entry import HandoffStatusChanged
from streams.domain.ids import Instant
from streams.domain.person import Suspension
from streams.domain.referral import ReferralCancelled
from tests.domain.day_by_day import OPEN_TO_ALL, budget_of, local
from tests.domain.region import ACCEPTANCE, EMPLOYMENT, at
from tests.domain.stages import staged

THURSDAY_NOON = local("2026-03-05T12:00")
BREACH = RungRule("breach", 1.0, "coordinator")


def utc(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("unit", "limit", "share", "due"),
    [
        ("hours", 4, 1.0, "2026-03-02T14:00"),
        ("hours", 4, 0.0625, "2026-03-02T10:15"),
        ("hours", 24 * 28, 1.0, "2026-03-30T10:00"),
        ("working_days", 5, 1.0, "2026-03-09T22:00"),
        ("working_days", 5, 0.5, "2026-03-05T22:00"),
        ("working_days", 25, 1.0, "2026-04-08T21:00"),
        ("calendar_days", 5, 1.0, "2026-03-07T22:00"),
        ("calendar_days", 30, 0.5, "2026-03-17T22:00"),
        ("calendar_days", 10, 1.1, "2026-03-13T22:00"),
        ("calendar_days", 20, 0.55, "2026-03-13T22:00"),
        ("working_days", 10, 1.1, "2026-03-17T22:00"),
        ("months", 1, 1.0, "2026-04-02T21:00"),
        ("months", 12, 1.0, "2027-03-02T22:00"),
        ("months", 1, 0.5, "2026-03-18T22:00"),
        ("working_days", 0, 1.0, "2026-03-02T22:00"),
        ("working_hours", 4, 1.0, "2026-03-02T14:00"),
        ("working_hours", 4, 1.1, "2026-03-03T06:09"),
        ("working_hours", 10, 1.0, "2026-03-03T11:45"),
        ("benefit_days", 60, 1.0, "2026-05-25T21:00"),
    ],
)
def test_a_share_of_a_budget_ends_at_its_moment(
    unit: str, limit: int, share: float, due: str
) -> None:
    assert deadline(budget_of(unit, limit), at(), share, (), OPEN_TO_ALL) == utc(due)


@pytest.mark.parametrize(
    ("unit", "limit", "due"),
    [
        ("hours", 72, "2026-03-10T10:00"),
        ("working_days", 5, "2026-03-12T22:00"),
        ("calendar_days", 5, "2026-03-12T22:00"),
        ("months", 1, "2026-04-07T21:00"),
        ("working_hours", 20, "2026-03-09T13:30"),
        ("benefit_days", 5, "2026-03-12T22:00"),
    ],
)
def test_what_was_suspended_is_added_in_the_same_unit(unit: str, limit: int, due: str) -> None:
    # From Wednesday to Monday: five days, three of them working days.
    stood = (Suspension(at(days=2), at(days=7), "on-hold"),)
    assert deadline(budget_of(unit, limit), at(), 1.0, stood, OPEN_TO_ALL) == utc(due)


@pytest.mark.parametrize(
    ("unit", "limit", "share"),
    [("hours", 4, 1.0), ("hours", 240, 0.1), ("working_days", 1, 1.0), ("working_days", 9, 0.1)],
)
def test_a_pause_after_the_budget_is_used_up_moves_nothing(
    unit: str, limit: int, share: float
) -> None:
    rule, stood = budget_of(unit, limit), (Suspension(at(days=2), at(days=7), "on-hold"),)
    found = deadline(rule, at(), share, stood, OPEN_TO_ALL)
    assert found == deadline(rule, at(), share, (), OPEN_TO_ALL)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-06T12:00", "2026-03-07"),
        ("2026-03-07T12:00", "2026-03-10"),
        ("2026-06-19T12:00", "2026-06-23"),
        ("2027-06-25T12:00", "2027-06-29"),
        ("2026-12-24T12:00", "2026-12-29"),
    ],
)
def test_the_same_working_day_is_the_next_where_offices_are_shut(start: str, due: str) -> None:
    found = deadline(budget_of("working_days", 0), local(start), 1.0, (), OPEN_TO_ALL)
    assert found == local(due)


def moments(
    *rungs: RungRule,
    unit: str = "working_days",
    limit: int = 5,
    start: Instant = THURSDAY_NOON,
    stood: tuple[Suspension, ...] = (),
) -> list[tuple[str, Instant]]:
    rule = budget_of(unit, limit, rungs=rungs)
    return [(rung.rung, rung.at) for rung in ladder(rule, start, stood, OPEN_TO_ALL)]


def test_rungs_come_in_order_of_time_then_of_the_rule() -> None:
    late = RungRule("late", 1.0, "management", "due", 2, "working_days")
    again = RungRule("again", 1.0, "source")
    half = RungRule("half", 0.5, "recipient")
    assert ladder(
        budget_of("working_days", 5, rungs=(late, BREACH, again, half)),
        THURSDAY_NOON,
        (),
        OPEN_TO_ALL,
    ) == (
        Rung("half", local("2026-03-11"), "recipient"),
        Rung("breach", local("2026-03-13"), "coordinator"),
        Rung("again", local("2026-03-13"), "source"),
        Rung("late", local("2026-03-17"), "management"),
    )


def test_the_breach_is_when_the_clock_is_due_whatever_its_share() -> None:
    rung = BREACH._replace(share=0.2, anchor="start", amount=1, unit="hours")
    assert moments(rung) == [("breach", local("2026-03-13"))]


@pytest.mark.parametrize(
    ("anchor", "amount", "unit", "when"),
    [
        ("start", 30, "minutes", "2026-03-06T00:00"),
        ("start", 30, "hours", "2026-03-06T18:00"),
        ("start", 1, "working_days", "2026-03-07"),
        ("start", 2, "working_days", "2026-03-10"),
        ("start", 2, "calendar_days", "2026-03-08"),
        ("due", -90, "minutes", "2026-03-12T22:30"),
        ("due", 12, "hours", "2026-03-13T12:00"),
        ("due", 2, "calendar_days", "2026-03-15"),
        ("due", 2, "working_days", "2026-03-17"),
        ("due", -2, "working_days", "2026-03-11"),
        ("due", -4, "working_days", "2026-03-07"),
        ("due", -4, "calendar_days", "2026-03-09"),
        ("due", -9, "calendar_days", "2026-03-06"),
        ("due", -999, "hours", "2026-03-06"),
        ("due", 0, "working_days", "2026-03-13"),
    ],
)
def test_a_rung_stands_so_long_after_the_start_or_around_due(
    anchor: str, amount: int, unit: str, when: str
) -> None:
    rung = RungRule("told", 1.0, "source", anchor, amount, unit)
    assert moments(rung) == [("told", local(when))]


@pytest.mark.parametrize(
    ("amount", "unit", "when"),
    [
        (-1, "hours", "2026-03-05T15:00"),
        (-9, "hours", "2026-03-05T12:00"),
        (1, "working_days", "2026-03-07"),
        (1, "calendar_days", "2026-03-07"),
    ],
)
def test_a_rung_around_an_hour_counts_days_from_its_date(amount: int, unit: str, when: str) -> None:
    rung = RungRule("told", 1.0, "source", "due", amount, unit)
    assert moments(rung, unit="hours", limit=4) == [("told", local(when))]


def test_a_rung_after_the_start_waits_while_the_clock_stands_still() -> None:
    rung = RungRule("told", 1.0, "source", "start", 2, "working_days")
    stood = (Suspension(local("2026-03-06T12:00"), local("2026-03-10T12:00"), "on-hold"),)
    assert moments(rung, stood=stood) == [("told", local("2026-03-12"))]


@pytest.mark.parametrize(
    ("limit", "when"),
    [
        (3, "2026-03-05T15:00"),
        (6, "2026-03-06T08:00"),
        (21, "2026-03-06T09:00"),
        (48, "2026-03-09T08:00"),
        (90, "2026-03-09T08:00"),
    ],
)
def test_a_rung_outside_office_hours_waits_for_the_opening(limit: int, when: str) -> None:
    rung = BREACH._replace(office_hours=True)
    assert moments(rung, unit="hours", limit=limit) == [("breach", local(when))]


@given(
    st.integers(1, 30),
    st.integers(0, 30),
    st.integers(0, 700),
    st.sampled_from(("working_days", "calendar_days")),
)
def test_days_before_due_are_the_share_that_they_leave(
    limit: int, left: int, day: int, unit: str
) -> None:
    rule = budget_of(unit, limit, rungs=(RungRule("told", 1.0, "source", "due", -left, unit),))
    start = Instant(THURSDAY_NOON + day * DAY_US)
    (found,) = ladder(rule, start, (), OPEN_TO_ALL)
    share = max(0, limit - left) / limit
    assert found.at == deadline(rule, start, share, (), OPEN_TO_ALL)


@given(
    st.sampled_from(("working_days", "calendar_days", "months", "hours", "benefit_days")),
    st.integers(0, 10),
    st.integers(0, 24 * 365),
    st.sampled_from(("hours", "minutes", "working_days")),
)
def test_the_ladder_of_a_day_is_the_ladder_of_each_of_its_clocks(
    unit: str, limit: int, hour: int, rung_unit: str
) -> None:
    rungs = (
        RungRule("since", 1.0, "source", "start", 5, rung_unit),
        RungRule("before", 1.0, "source", "due", -5, rung_unit),
        RungRule("half", 0.5, "recipient", office_hours=True),
        BREACH,
    )
    start = Instant(THURSDAY_NOON + hour * HOUR_US)
    never = (Suspension(start, start, "on-hold"),)
    for chosen in (rungs, rungs[1:]):
        rule = budget_of(unit, limit, rungs=chosen)
        shared = ladder(rule, start, (), OPEN_TO_ALL)
        assert shared == ladder(rule, start, never, OPEN_TO_ALL)


def test_rules_of_one_name_and_offices_of_one_day_have_ladders_of_their_own() -> None:
    rule = budget_of("working_days", 5, rungs=(BREACH._replace(office_hours=True),))
    shut = Offices(OPEN_TO_ALL.closed_days | {local_ordinal("2026-03-06")}, 0, HOUR_US)
    found = [
        ladder(each, THURSDAY_NOON, (), offices)[0]
        for each in (rule, rule._replace(limit=6), rule._replace(rungs=(BREACH,)))
        for offices in (OPEN_TO_ALL, shut)
    ]
    assert [(rung.at, rung.to) for rung in found] == [
        (local(when), "coordinator")
        for when in (
            "2026-03-13T08:00",
            "2026-03-16T00:00",
            "2026-03-16T08:00",
            "2026-03-17T00:00",
            "2026-03-13T00:00",
            "2026-03-14T00:00",
        )
    ]


def local_ordinal(text: str) -> int:
    return datetime.fromisoformat(text).toordinal()


def test_a_handoff_waits_for_a_basis_so_long_and_its_source_is_told() -> None:
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.refers(at(days=1), message_id="r-2"))
    assert [c.rule for c in lane.hot.clocks] == [AWAITING_BASIS] * 2
    lane.wait_until(at(days=30))
    assert lane.facts == (
        HandoffStatusChanged(
            handoff_id, Status.AWAITING_BASIS, Status.CANCELLED, "basis-never-came"
        ),
    )
    (notice,) = lane.notices
    assert (notice.to, notice.detail, notice.reason) == (
        EMPLOYMENT,
        "cancelled",
        "basis-never-came",
    )
    assert [c.rule for c in lane.hot.clocks] == [AWAITING_BASIS]
    assert lane.status(handoff_id) is None
    assert lane.hot.closed_count == 1
    lane.wait_until(at(days=31))
    assert lane.hot.clocks == ()


def test_a_handoff_that_goes_on_or_ends_stops_waiting() -> None:
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.consents(at(hours=1)))
    assert [c.rule for c in lane.hot.clocks] == [ACCEPTANCE.rule]
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))
    assert lane.hot.clocks == ()
