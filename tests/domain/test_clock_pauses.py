"""A clock stands still where its rule lets it, and what it stood still is not counted."""

from datetime import UTC, datetime

import pytest

from streams.domain.answers import ServicePaused, ServiceStarted
from streams.domain.calendar import instant
from streams.domain.clock_facts import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
)
from streams.domain.clock_rules import RungRule, triggers
from streams.domain.codes import Status
from streams.domain.ids import Instant
from streams.domain.person import ClockState, Suspension
from tests.domain.region import (
    SOTE,
    at,
    with_clock,
)
from tests.domain.stages import staged
from tests.domain.terms import clock

START = clock(
    "calendar_days",
    10,
    rule="service-start",
    starts_on=("accepted",),
    met_on=("in-progress", "completed"),
    pauses_on=("on-hold",),
    rungs=(RungRule("warn", 0.5, "recipient"), RungRule("breach", 1.0, "coordinator")),
)


def utc(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_a_clock_stands_still_while_its_rule_lets_it() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(START))
    (started,) = lane.all_facts(ClockStarted)
    lane.hear(says.answers(ServicePaused, at(days=2), SOTE, handoff_id))
    assert ClockPaused(started.clock_id, handoff_id, at(days=2), "on-hold") in lane.facts
    assert lane.hot.clocks[0].state is ClockState.PAUSED
    lane.wait_until(at(days=100))
    assert lane.all_facts(ClockWarned) == lane.all_facts(ClockBreached) == []  # type: ignore[comparison-overlap]  # both empty


def test_a_paused_clock_is_met_without_the_days_it_stood_still() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(START))
    (started,) = lane.all_facts(ClockStarted)
    lane.hear(says.answers(ServicePaused, at(days=2), SOTE, handoff_id))

    lane.hear(says.answers(ServiceStarted, at(days=42), SOTE, handoff_id))

    # Ten days from the 2nd of March, and forty in which it stood still; summer time has begun.
    due_at = utc("2026-04-21T21:00")
    resumed, met = lane.facts[-2:]
    assert isinstance(resumed, ClockResumed)
    assert resumed[:4] == (started.clock_id, handoff_id, at(days=42), due_at)
    assert [rung.at for rung in resumed.rungs][-1] == due_at
    assert met == (
        ClockMet(started.clock_id, handoff_id, at(days=42), 0, reported_late=False, breached=False)
    )
    assert lane.hot.clocks == ()


RESUMING = START._replace(met_on=triggers("completed"))


def test_a_resumed_clock_goes_on_with_what_was_left() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(RESUMING))
    lane.wait_until(at(days=6))
    assert len(lane.all_facts(ClockWarned)) == 1
    lane.hear(says.answers(ServicePaused, at(days=7), SOTE, handoff_id))
    lane.hear(says.answers(ServiceStarted, at(days=9), SOTE, handoff_id))
    (resumed,) = lane.all_facts(ClockResumed)
    assert resumed.due_at == utc("2026-03-14T22:00")
    waiting = lane.hot.clocks[0]
    assert (waiting.state, waiting.next_rung) == (ClockState.RUNNING, "breach")
    assert waiting.next_at == waiting.due_at == resumed.due_at
    assert waiting.suspensions == (Suspension(at(days=7), at(days=9), "on-hold"),)
    lane.wait_until(resumed.due_at)
    assert len(lane.all_facts(ClockWarned)) == len(lane.all_facts(ClockBreached)) == 1


def test_a_resumption_said_to_be_before_the_pause_adds_nothing() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(RESUMING))
    due_at = lane.hot.clocks[0].due_at
    lane.hear(says.answers(ServicePaused, at(days=3), SOTE, handoff_id))
    started = says.answers(ServiceStarted, at(days=1), SOTE, handoff_id)
    lane.hear(started._replace(envelope=started.envelope._replace(recorded_at=at(days=4))))
    assert lane.hot.clocks[0].suspensions == (Suspension(at(days=3), at(days=3), "on-hold"),)
    assert lane.hot.clocks[0].due_at == due_at


def test_a_clock_whose_next_rung_is_gone_when_it_resumes_waits_for_its_due_time() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(RESUMING))
    lane.hear(says.answers(ServicePaused, at(days=3), SOTE, handoff_id))
    lane.agreement = with_clock(RESUMING._replace(rungs=RESUMING.rungs[1:]))
    lane.hear(says.answers(ServiceStarted, at(days=4), SOTE, handoff_id))
    assert lane.hot.clocks[0].next_at == lane.hot.clocks[0].due_at


def test_two_pausing_statuses_in_a_row_are_one_pause() -> None:
    rule = clock("hours", 4, met_on=("rejected",), pauses_on=("accepted", "on-hold"))
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(rule))
    lane.hear(says.answers(ServicePaused, at(hours=1), SOTE, handoff_id))
    assert [pause.paused_at for pause in lane.all_facts(ClockPaused)] == [at(hours=0.1)]


@pytest.mark.parametrize("statutory", [True, False])
def test_a_statutory_or_breached_clock_never_pauses(statutory: bool) -> None:
    rule = START._replace(statutory=statutory)
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(rule))
    lane.hear(says.answers(ServicePaused, at(days=2 if statutory else 20), SOTE, handoff_id))
    assert lane.all_facts(ClockPaused) == []
    lane.wait_until(at(days=21))
    assert len(lane.all_facts(ClockBreached)) == 1
