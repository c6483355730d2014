"""Deadlines: started, met, paused, breached, and each rung told once."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.answers import HandoffAccepted, HandoffReceived
from streams.domain.calendar import HOUR_US, instant
from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    Escalated,
)
from streams.domain.clock_rules import ClockBook, ClockRule, RungRule
from streams.domain.clocks import next_clock
from streams.domain.codes import Milestone, NoticeKind, Status
from streams.domain.entry import Fact
from streams.domain.hub_events import ClockReached
from streams.domain.ids import AgencyId, ClockId, Instant
from streams.domain.person import ClockState
from streams.domain.referral import ReferralCancelled
from streams.domain.step import Verdict
from streams.engines.lane import clock_event
from tests.domain.lane import Lane
from tests.domain.region import (
    ACCEPTANCE,
    EMPLOYMENT,
    KELA,
    PERSON,
    REGION,
    SOTE,
    TYP,
    at,
    with_clock,
)
from tests.domain.speaker import Speaker
from tests.domain.stages import staged
from tests.domain.terms import clock

WARNED = instant(datetime(2026, 3, 5, 22, 0, tzinfo=UTC))
"""Three working days after Monday end with Thursday: at midnight in Helsinki."""
DUE = instant(datetime(2026, 3, 9, 22, 0, tzinfo=UTC))
"""The fifth working day after Monday is the next Monday."""
CLOCK_FACTS = (
    ClockStarted,
    ClockPaused,
    ClockResumed,
    ClockMet,
    ClockWarned,
    ClockBreached,
    ClockCancelled,
    Escalated,
)


def of_clocks(lane: Lane, since: int = 0) -> list[Fact]:
    return [f for e in lane.entries[since:] for f in e.facts if isinstance(f, CLOCK_FACTS)]


def test_a_clock_starts_when_it_happened_and_says_its_whole_ladder() -> None:
    lane, _, handoff_id = staged(Status.REQUESTED)
    (started,) = lane.all_facts(ClockStarted)
    assert (started.handoff_id, started.rule) == (handoff_id, "acceptance")
    assert (started.started_at, started.due_at) == (at(), DUE)
    assert [tuple(rung) for rung in started.rungs] == [
        ("warn-0.6", WARNED, "recipient"),
        ("breach", DUE, "coordinator"),
    ]
    assert next_clock(lane.hot) == (WARNED, started.clock_id, "warn-0.6")


def test_a_rung_is_told_to_whom_it_names() -> None:
    lane, _, handoff_id = staged(Status.REQUESTED)
    lane.wait_until(WARNED)
    (clock_id,) = [c.clock_id for c in lane.hot.clocks]
    assert lane.facts == (
        ClockWarned(clock_id, handoff_id, "warn-0.6", 0),
        Escalated(clock_id, handoff_id, "warn-0.6", "recipient", SOTE),
    )
    (notice,) = lane.notices
    assert (notice.to, notice.kind, notice.detail) == (SOTE, NoticeKind.ESCALATION, "warn-0.6")
    assert (notice.reason, notice.due_at) == ("acceptance", DUE)
    assert (notice.content, notice.categories) == ((), ())
    assert lane.entries[-1].recorded_at == WARNED


def test_a_breach_is_one_open_and_one_close() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    lane.wait_until(DUE)
    clock_id = lane.hot.clocks[0].clock_id
    assert lane.facts == (
        ClockBreached(clock_id, handoff_id, DUE, 0),
        Escalated(clock_id, handoff_id, "breach", "coordinator", TYP),
    )
    assert lane.hot.clocks[0].state is ClockState.BREACHED
    lane.wait_until(at(days=300))
    assert len(lane.all_facts(ClockBreached)) == 1

    lane.hear(says.answers(HandoffAccepted, Instant(DUE + HOUR_US), SOTE, handoff_id))

    met = ClockMet(
        clock_id, handoff_id, Instant(DUE + HOUR_US), HOUR_US, reported_late=False, breached=True
    )
    assert lane.all_facts(ClockMet) == [met]
    assert lane.hot.clocks == ()


def test_a_clock_is_met_in_time() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    accepted_at = Instant(DUE - 1)
    lane.hear(says.answers(HandoffAccepted, accepted_at, SOTE, handoff_id))
    (met,) = lane.all_facts(ClockMet)
    assert met[2:] == (accepted_at, 0, False, False)
    assert lane.all_facts(ClockBreached) == []


def test_what_happened_in_time_and_was_said_after_the_breach_is_reported_late() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    accepted = says.answers(HandoffAccepted, at(days=1), SOTE, handoff_id)
    late = accepted._replace(envelope=accepted.envelope._replace(recorded_at=Instant(DUE + 1)))
    lane.hear(late)
    (met,) = lane.all_facts(ClockMet)
    assert met[2:] == (at(days=1), 0, True, True)
    assert len(lane.all_facts(ClockBreached)) == 1


@pytest.mark.parametrize("late_by_us", [0, 1, HOUR_US])
def test_what_is_said_to_happen_at_the_due_time_or_later_breaks_the_promise(
    late_by_us: int,
) -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    accepted = says.answers(HandoffAccepted, Instant(DUE + late_by_us), SOTE, handoff_id)
    lane.hear(accepted._replace(envelope=accepted.envelope._replace(recorded_at=at(days=1))))
    clock_facts = of_clocks(lane, since=len(lane.entries) - 1)
    assert [type(fact) for fact in clock_facts] == [ClockBreached, ClockMet]
    assert clock_facts[1][3:] == (late_by_us, False, True)


def test_a_clock_that_has_nothing_left_to_wait_for_is_cancelled() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    clock_id = lane.hot.clocks[0].clock_id
    lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))
    assert of_clocks(lane)[1:] == [ClockCancelled(clock_id, handoff_id, at(hours=1), "cancelled")]
    assert lane.hot.clocks == ()


def test_a_status_may_cancel_a_clock_of_an_open_handoff() -> None:
    rule = clock("hours", 4, cancelled_on=("received",))
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=with_clock(rule))
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    assert len(lane.all_facts(ClockCancelled)) == 1
    assert lane.status(handoff_id) is Status.RECEIVED


def test_a_handoff_that_is_over_has_no_clocks() -> None:
    rule = clock("hours", 400, met_on=(), cancelled_on=())
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(rule))
    assert len(lane.all_facts(ClockStarted)) == 1
    lane.hear(says.answers(ReferralCancelled, at(hours=1), SOTE, handoff_id))
    assert lane.hot.clocks == ()


def test_every_rule_has_a_clock_of_its_own() -> None:
    rules = (clock("hours", 4, rule="acknowledgement", met_on=("received",)), ACCEPTANCE)
    region = REGION._replace(clock_rules=ClockBook(rules))
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=region)
    assert [fact.rule for fact in lane.all_facts(ClockStarted)] == ["acknowledgement", "acceptance"]
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    assert [waiting.rule for waiting in lane.hot.clocks] == ["acceptance"]
    lane.wait_until(WARNED)
    assert [fact.rung for fact in lane.all_facts(ClockWarned)] == ["warn-0.6"]


def test_a_status_that_is_none_of_its_business_leaves_a_clock_alone() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    before = lane.hot.clocks
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    lane.hear(says.answers(HandoffReceived, at(hours=2), SOTE, handoff_id))
    assert lane.hot.clocks == before


def test_a_clock_runs_once_at_a_time() -> None:
    rule = clock("hours", 400, starts_on=("received", "info-needed"), met_on=())
    lane, _, _ = staged(Status.INFO_NEEDED, agreement=with_clock(rule))
    assert len(lane.all_facts(ClockStarted)) == 1
    lane, says, handoff_id = staged(Status.RECEIVED, agreement=with_clock(rule))
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))
    assert len(lane.all_facts(ClockStarted)) == 1


def test_two_rungs_at_one_midnight_fire_one_after_the_other() -> None:
    rungs = (RungRule("warn", 0.9, "recipient"), RungRule("breach", 1.0, "coordinator"))
    lane, _, _ = staged(
        Status.REQUESTED, agreement=with_clock(clock("working_days", 5, rungs=rungs))
    )
    lane.wait_until(DUE)
    assert [(f.rung, f.to) for f in lane.all_facts(Escalated)] == [("warn", SOTE), ("breach", TYP)]
    assert [type(f) for f in of_clocks(lane)] == [
        ClockStarted,
        ClockWarned,
        Escalated,
        ClockBreached,
        Escalated,
    ]


def test_clocks_of_one_moment_fire_by_clock_id() -> None:
    lane, says, _ = staged(Status.REQUESTED)
    for number in range(4):
        lane.hear(says.refers(at(), message_id=f"r-{number}"))
    lane.wait_until(WARNED)
    warned = [fact.clock_id for fact in lane.all_facts(ClockWarned)]
    assert len(warned) == 5
    assert warned == sorted(warned)


def test_rungs_after_the_breach_tell_without_a_second_breach() -> None:
    rungs = (RungRule("breach", 1.0, "source"), RungRule("late-2", 2.0, KELA))
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(clock("hours", 4, rungs=rungs)))
    lane.wait_until(at(days=1))
    assert [(f.rung, f.to) for f in lane.all_facts(Escalated)] == [
        ("breach", EMPLOYMENT),
        ("late-2", KELA),
    ]
    assert len(lane.all_facts(ClockBreached)) == 1


@pytest.mark.parametrize("rungs", [(), (RungRule("breach", 1.0, "nobody-here"),)])
def test_a_breach_that_nobody_is_told_of_is_a_breach(rungs: tuple[RungRule, ...]) -> None:
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(clock("hours", 4, rungs=rungs)))
    lane.wait_until(at(hours=4))
    assert len(lane.all_facts(ClockBreached)) == 1
    assert lane.notices == ()


def test_a_clock_whose_rule_has_ended_still_breaks_and_ends() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    lane.agreement = REGION._replace(clock_rules=ClockBook(()))
    lane.hear(says.answers(HandoffAccepted, at(days=1), SOTE, handoff_id))
    assert len(lane.hot.clocks) == 1
    lane.wait_until(DUE)
    assert [type(f) for f in of_clocks(lane)] == [ClockStarted, ClockWarned, ClockBreached]
    lane.hear(says.answers(ReferralCancelled, at(days=20), SOTE, handoff_id))
    assert len(lane.all_facts(ClockCancelled)) == 1


def test_a_rung_that_was_renamed_gives_way_to_those_after_the_due_time() -> None:
    rungs = (RungRule("breach", 1.0, "source"), RungRule("late-2", 2.0, "source"))
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(clock("hours", 4, rungs=rungs)))
    renamed = (RungRule("broken", 1.0, "source"), RungRule("late-2", 2.0, "source"))
    lane.agreement = with_clock(clock("hours", 4, rungs=renamed))
    lane.wait_until(at(hours=9))
    assert [fact.rung for fact in lane.all_facts(Escalated)] == ["late-2"]
    assert len(lane.all_facts(ClockBreached)) == 1


def test_a_clock_overdue_from_its_start_fires_once_before_the_next_event() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)))
    referral = says.refers(at())
    lane.hear(referral._replace(envelope=referral.envelope._replace(recorded_at=at(days=30))))
    assert of_clocks(lane)[1:] == []
    # Its own moment is earlier, but it is recorded at the person's latest.
    lane.hear(says.reaches(at(days=1), Milestone.CONTACT_MADE))
    assert [type(f) for f in of_clocks(lane)] == [ClockStarted, ClockBreached, Escalated]
    assert {entry.recorded_at for entry in lane.entries[1:]} == {at(days=30)}


@pytest.mark.parametrize(("hours_late", "told"), [(3, ["warn", "breach"]), (4, ["breach"])])
def test_a_clock_already_due_when_it_starts_warns_of_nothing(
    hours_late: int, told: list[str]
) -> None:
    rungs = (RungRule("warn", 0.5, "recipient"), RungRule("breach", 1.0, "coordinator"))
    lane, says = Lane(with_clock(clock("hours", 4, rungs=rungs))), Speaker()
    referral = says.refers(at())
    said_late = referral.envelope._replace(recorded_at=at(hours=hours_late))
    lane.hear(says.consents(at(days=-1)), referral._replace(envelope=said_late))
    lane.wait_until(at(days=1))
    assert [fact.rung for fact in lane.all_facts(Escalated)] == told


def test_a_clock_that_is_not_there_fires_nothing() -> None:
    lane, _, _ = staged(Status.REQUESTED)
    before = lane.hot.clocks
    step = lane.hear(clock_event(PERSON, at(hours=1), ClockId("c-none"), "breach", at(hours=1)))
    assert (step.verdict, step.rule) == (Verdict.REFUSED, "no-such-clock")
    assert [fact[1] for fact in lane.facts] == ["no-such-clock"]
    assert lane.notices == ()
    assert lane.hot.clocks == before


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.lists(st.sampled_from([0.2, 0.5, 0.5001, 0.9, 1.0, 1.5]), min_size=1, unique=True),
)
def test_however_time_passes_every_rung_fires_once_and_in_order(
    waits: list[int], shares: list[float]
) -> None:
    rungs = tuple(RungRule(f"rung-{share}", share, "source") for share in shares)
    rule = clock("working_days", 5, rungs=rungs)
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(rule))
    until = at()
    for days in waits:
        until = Instant(until + days * 24 * HOUR_US)
        lane.wait_until(until)
    due = [r.rung for r in lane.all_facts(ClockStarted)[0].rungs if r.at <= until and r.to]
    assert [fact.rung for fact in lane.all_facts(Escalated)] == due
    ids = [e.event.envelope.event_id for e in lane.entries if isinstance(e.event, ClockReached)]
    assert len(ids) == len(set(ids))


def test_an_agency_can_be_told_by_its_id() -> None:
    rule: ClockRule = clock("hours", 4, rungs=(RungRule("breach", 1.0, AgencyId(KELA)),))
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(rule))
    lane.wait_until(at(hours=4))
    assert [notice.to for notice in lane.notices] == [KELA]
