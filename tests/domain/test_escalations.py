"""Escalations are answered by people, and wait for office hours where that is agreed."""

from datetime import UTC, datetime

import pytest

from streams.domain.calendar import HOUR_US, instant
from streams.domain.clock_facts import ClockBreached, ClockWarned, Escalated
from streams.domain.clock_rules import RungRule
from streams.domain.codes import Status
from streams.domain.envelope import HUB
from streams.domain.event import Event
from streams.domain.hub_events import (
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
)
from streams.domain.ids import ClockId, Instant
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import EMPLOYMENT, SOTE, TYP, at, with_clock
from tests.domain.speaker import Speaker
from tests.domain.stages import staged
from tests.domain.terms import clock

LADDER = (
    RungRule("warn", 0.5, "recipient"),
    RungRule("breach", 1.0, "coordinator"),
    RungRule("late", 2.0, "management"),
    RungRule("late-source", 2.0, "source"),
)
FOUR_HOURS = clock("hours", 4, rungs=LADDER)


def answered(says: Speaker, lane: Lane, kind: str, when: Instant, rung: str = "warn") -> Event:
    clock_id = lane.hot.clocks[0].clock_id
    head = says.envelope(HUB, when)._replace(municipality="", age_years=-1)
    if kind == "acknowledged":
        return EscalationAcknowledged(head, clock_id, rung, "duty-1")
    if kind == "assigned":
        return EscalationAssigned(head, clock_id, rung, "duty-2")
    return EscalationSnoozed(head, clock_id, rung, at(days=3), "waiting-for-person")


def told(lane: Lane) -> list[tuple[str, str, Instant]]:
    return [
        (fact.rung, fact.to, entry.recorded_at)
        for entry in lane.entries
        for fact in entry.facts
        if isinstance(fact, Escalated)
    ]


def test_management_is_that_of_the_agency_that_owes_the_clock() -> None:
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS))
    lane.wait_until(at(days=1))
    assert [(rung, to) for rung, to, _ in told(lane)] == [
        ("warn", SOTE),
        ("breach", TYP),
        ("late", SOTE),
        ("late-source", EMPLOYMENT),
    ]
    roles = [notice.role for entry in lane.entries for notice in entry.deliveries if notice.role]
    assert roles == ["recipient", "coordinator", "management", "source"]


@pytest.mark.parametrize("kind", ["acknowledged", "assigned"])
def test_acknowledging_and_assigning_change_no_clock(kind: str) -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS))
    lane.wait_until(at(hours=2))
    before = lane.hot.clocks
    step = lane.hear(answered(says, lane, kind, at(hours=3)))
    assert (step.verdict, step.handoff_id) == (Verdict.ACCEPTED, handoff_id)
    assert lane.facts == ()
    assert lane.hot.clocks == before


def test_a_snoozed_escalation_holds_back_later_rungs_but_not_the_breach() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS))
    lane.wait_until(at(hours=2))
    lane.hear(answered(says, lane, "snoozed", at(hours=3)))
    lane.wait_until(at(days=9))
    assert told(lane) == [
        ("warn", SOTE, at(hours=2)),
        ("breach", TYP, at(hours=4)),
        ("late", SOTE, at(days=3)),
        ("late-source", EMPLOYMENT, at(days=3)),
    ]


@pytest.mark.parametrize(
    ("rung", "hours", "rule"),
    [("late", 3, "no-such-escalation"), ("warn", 99, "snooze-is-over")],
)
def test_what_was_not_told_or_is_over_is_not_answered(rung: str, hours: int, rule: str) -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS._replace(limit=40)))
    lane.wait_until(at(hours=20))
    step = lane.hear(answered(says, lane, "snoozed", at(hours=hours), rung))
    assert (step.verdict, step.rule) == (Verdict.REFUSED, rule)


def test_an_escalation_of_a_clock_that_has_ended_is_not_answered() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS))
    event = answered(says, lane, "acknowledged", at(hours=3))
    step = lane.hear(event._replace(clock_id=ClockId("c-none")))  # type: ignore[call-arg]  # the union's events have it
    assert step.rule == "no-such-clock"


def test_a_snooze_of_a_clock_whose_rule_is_gone_is_kept() -> None:
    lane, says, _ = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS))
    lane.wait_until(at(hours=2))
    lane.agreement = with_clock()
    lane.hear(answered(says, lane, "snoozed", at(hours=3)))
    assert lane.hot.clocks[0].snoozed_until == at(days=3)


def test_a_rung_outside_office_hours_waits_until_they_open() -> None:
    rungs = (
        RungRule("warn", 0.5, "recipient", office_hours=True),
        RungRule("breach", 1.0, "coordinator", office_hours=True),
    )
    # Monday at noon and 14 and 28 hours: two in the morning, and four in the afternoon.
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(clock("hours", 28, rungs=rungs)))
    opens = instant(datetime(2026, 3, 3, 6, 0, tzinfo=UTC))
    lane.wait_until(at(days=2))
    assert told(lane) == [("warn", SOTE, opens), ("breach", TYP, at(hours=28))]


def test_a_breach_at_night_is_a_breach_at_night_and_told_in_the_morning() -> None:
    rungs = (RungRule("breach", 1.0, "coordinator", office_hours=True),)
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(clock("hours", 14, rungs=rungs)))
    opens = instant(datetime(2026, 3, 3, 6, 0, tzinfo=UTC))
    lane.wait_until(at(days=2))
    breached = [e for e in lane.entries if any(isinstance(f, ClockBreached) for f in e.facts)]
    assert [entry.recorded_at for entry in breached] == [at(hours=14)]
    assert told(lane) == [("breach", TYP, opens)]


def test_a_rung_says_how_late_it_was_told() -> None:
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(FOUR_HOURS))
    due_at, clock_id, rung = at(hours=2), lane.hot.clocks[0].clock_id, "warn"
    lane.fire(due_at, clock_id, rung, late_by_us=HOUR_US)
    assert [fact.late_by_us for fact in lane.all_facts(ClockWarned)] == [HOUR_US]
