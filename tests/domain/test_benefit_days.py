"""Clocks of benefit days: anchored at the latest count, started by the count that reaches them."""

from streams.domain.calendar import DAY_US
from streams.domain.clock_facts import ClockBreached, ClockMet, ClockReprojected, ClockStarted
from streams.domain.clock_rules import ClockRule, RungRule, triggers
from streams.domain.codes import Milestone
from tests.domain.lane import Lane
from tests.domain.region import KELA, SOTE, at, with_clock
from tests.domain.speaker import Speaker
from tests.domain.terms import clock

SICKNESS = clock(
    "benefit_days",
    60,
    rule="sickness-60",
    starts_on=("sickness_benefit_days",),
    met_on=("assessment_started",),
    cancelled_on=(),
    rungs=(RungRule("breach", 1.0, "recipient"),),
    statutory=True,
)._replace(scope="person", owner_sector="kela", days_a_week=6, heard_from=("sote",))


def started(lane: Lane) -> list[str]:
    return [fact.rule for fact in lane.all_facts(ClockStarted)]


def a_lane(*rules: ClockRule) -> tuple[Lane, Speaker]:
    return Lane(with_clock(*rules)), Speaker()


def test_benefit_days_are_counted_from_the_latest_count() -> None:
    lane, says = a_lane(SICKNESS)
    lane.hear(says.reaches(at(), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 30))
    (begun,) = lane.all_facts(ClockStarted)
    # Thirty more days at six a week are five weeks from Monday the 2nd of March; Easter shuts two.
    lane.hear(says.reaches(at(days=7), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 33))
    (moved,) = lane.all_facts(ClockReprojected)
    assert moved.reason == "days-counted"
    assert moved.due_at == begun.due_at + 3 * DAY_US or moved.due_at > begun.due_at
    lane.hear(says.reaches(at(days=3), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 31))
    assert len(lane.all_facts(ClockReprojected)) == 1
    lane.hear(says.reaches(at(days=20), Milestone.ASSESSMENT_STARTED, SOTE))
    assert len(lane.all_facts(ClockMet)) == 1


def test_a_first_count_past_the_limit_says_nothing_of_whether_it_was_kept() -> None:
    lane, says = a_lane(SICKNESS)
    lane.hear(says.reaches(at(days=1), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 200))
    assert started(lane) == []


def test_a_count_past_the_limit_breaks_the_promise_with_its_day() -> None:
    lane, says = a_lane(SICKNESS)
    lane.hear(says.reaches(at(), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 59))
    lane.hear(says.reaches(at(hours=1), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 61))
    lane.wait_until(at(days=3))
    assert len(lane.all_facts(ClockBreached)) == 1
    lane.hear(says.reaches(at(days=30), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 80))
    lane.wait_until(at(days=60))
    assert len(lane.all_facts(ClockBreached)) == 1
    assert len(lane.all_facts(ClockReprojected)) == 1


def test_only_the_count_that_reaches_a_number_starts_its_clock() -> None:
    late = SICKNESS._replace(
        rule="sickness-90", limit=90, starts_on=triggers("sickness_benefit_days/60")
    )
    lane, says = a_lane(SICKNESS, late)
    for day, count, rules in (
        (0, 10, ["sickness-60"]),
        (1, 59, ["sickness-60"]),
        (2, 61, ["sickness-60", "sickness-90"]),
        (4, 70, ["sickness-60", "sickness-90"]),
    ):
        lane.hear(says.reaches(at(days=day), Milestone.SICKNESS_BENEFIT_DAYS, KELA, count))
        assert started(lane) == rules
    lane.hear(says.reaches(at(days=5), Milestone.ASSESSMENT_STARTED, SOTE))
    assert not lane.hot.clocks
    lane.hear(says.reaches(at(days=6), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 72))
    assert not lane.hot.clocks
    # A new period of sickness counts from nothing.
    lane.hear(says.reaches(at(days=90), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 5))
    assert [waiting.rule for waiting in lane.hot.clocks] == ["sickness-60"]


def test_days_of_another_benefit_move_no_clock_of_sickness_days() -> None:
    lane, says = a_lane(SICKNESS)
    lane.hear(says.reaches(at(), Milestone.SICKNESS_BENEFIT_DAYS, KELA, 30))
    lane.hear(says.reaches(at(days=1), Milestone.UNEMPLOYMENT_BENEFIT_DAYS, KELA, 200))
    assert lane.all_facts(ClockReprojected) == []
