"""A new agreement moves every open clock in one entry; what has fired does not fire again."""

import pytest

from streams.domain.agreement import Agreement
from streams.domain.answers import ServicePaused, ServiceStarted
from streams.domain.calendar import DAY_US
from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockReprojected,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    Escalated,
)
from streams.domain.clock_rules import ClockBook, RungRule
from streams.domain.codes import Status
from streams.domain.envelope import HUB
from streams.domain.hub_events import AgreementChanged
from streams.domain.ids import Instant
from streams.domain.person import ClockState
from tests.domain.lane import Lane
from tests.domain.region import REGION, SOTE, at, with_clock
from tests.domain.speaker import Speaker
from tests.domain.stages import staged
from tests.domain.terms import clock

LADDER = (
    RungRule("warn", 0.5, "recipient"),
    RungRule("breach", 1.0, "coordinator"),
    RungRule("late", 1.5, "management"),
)
TEN_DAYS = clock("calendar_days", 10, rungs=LADDER)
BEFORE = with_clock(TEN_DAYS)._replace(clock_digest=b"before")
ON_HOLD = TEN_DAYS._replace(
    starts_on=clock("hours", 1, starts_on=("accepted",)).starts_on,
    met_on=clock("hours", 1, met_on=("completed",)).met_on,
    pauses_on=clock("hours", 1, pauses_on=("on-hold",)).pauses_on,
)


def after(limit: int) -> Agreement:
    return with_clock(TEN_DAYS._replace(limit=limit))._replace(clock_digest=b"after")


def change(lane: Lane, says: Speaker, when: Instant, agreement: Agreement) -> None:
    lane.wait_until(when)
    lane.agreement = agreement
    lane.hear(AgreementChanged(says.envelope(HUB, when), agreement.clock_digest))


@pytest.mark.parametrize("limit", [8, 20])
def test_an_open_clock_moves_and_the_entry_says_so(limit: int) -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=BEFORE)
    (begun,) = lane.all_facts(ClockStarted)
    assert lane.hot.clock_digest == b"before"
    change(lane, says, at(days=2), after(limit))
    (moved,) = lane.facts
    assert isinstance(moved, ClockReprojected)
    assert moved[:3] == (begun.clock_id, handoff_id, "agreement-changed")
    assert lane.hot.clock_digest == b"after"
    lane.wait_until(Instant(moved.due_at - 1))
    assert lane.all_facts(ClockBreached) == []
    lane.wait_until(moved.due_at)
    assert [fact.due_at for fact in lane.all_facts(ClockBreached)] == [moved.due_at]


def test_a_rung_that_has_fired_does_not_fire_again() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=BEFORE)
    lane.wait_until(at(days=6))
    assert len(lane.all_facts(ClockWarned)) == 1
    change(lane, says, at(days=7), after(40))
    lane.wait_until(at(days=100))
    assert [fact.rung for fact in lane.all_facts(Escalated)] == ["warn", "breach", "late"]


def test_a_clock_that_new_rules_put_past_its_due_time_breaks_once_without_warning() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=BEFORE)
    change(lane, says, at(days=4), after(2))
    lane.wait_until(at(days=5))
    assert [fact.rung for fact in lane.all_facts(Escalated)] == ["breach", "late"]
    (breached,) = lane.all_facts(ClockBreached)
    assert breached.late_by_us == at(days=4) - breached.due_at


def test_a_breached_clock_stays_breached_and_only_its_later_rungs_move() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=BEFORE)
    due_at = lane.hot.clocks[0].due_at
    lane.wait_until(at(days=11))
    change(lane, says, at(days=12), after(20))
    assert (lane.hot.clocks[0].state, lane.hot.clocks[0].due_at) == (ClockState.BREACHED, due_at)
    lane.wait_until(at(days=29))
    assert [fact.rung for fact in lane.all_facts(Escalated)] == ["warn", "breach"]
    lane.wait_until(at(days=31))
    assert [fact.rung for fact in lane.all_facts(Escalated)] == ["warn", "breach", "late"]
    assert len(lane.all_facts(ClockBreached)) == 1


def test_a_clock_that_stands_still_is_projected_again_when_it_resumes() -> None:
    before = with_clock(ON_HOLD)._replace(clock_digest=b"before")
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=before)
    due_at = lane.hot.clocks[0].due_at
    lane.hear(says.answers(ServicePaused, at(days=1), SOTE, handoff_id))
    longer = with_clock(ON_HOLD._replace(limit=12))._replace(clock_digest=b"after")
    change(lane, says, at(days=2), longer)
    assert lane.hot.clocks[0].next_at is None
    lane.hear(says.answers(ServiceStarted, at(days=4), SOTE, handoff_id))
    assert [f.due_at for f in lane.all_facts(ClockResumed)] == [due_at + 5 * DAY_US]


def test_a_clock_whose_rule_is_gone_is_cancelled() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=BEFORE)
    change(lane, says, at(days=1), BEFORE._replace(clock_rules=ClockBook(())))
    assert [fact.reason for fact in lane.all_facts(ClockCancelled)] == ["rule-withdrawn"]
    assert (lane.hot.clocks, lane.hot.clock_digest) == ((), b"")


def test_the_hubs_own_waits_are_nobodys_rules() -> None:
    lane, says, _ = staged(Status.AWAITING_BASIS, agreement=REGION)
    before = lane.hot.clocks
    assert before
    assert lane.hot.clock_digest == b""
    change(lane, says, at(days=1), after(3))
    assert lane.hot.clocks == before
    assert lane.facts == ()
