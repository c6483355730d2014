"""Clocks of cases and of persons: what starts them, who owes them, and whose word moves them."""

from typing import Any

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    InformationRequested,
    ServiceCompleted,
    ServicePaused,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.calendar import DAY_US
from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
)
from streams.domain.clock_rules import ClockRule, RungRule, triggers
from streams.domain.codes import Milestone, NoticeKind, Priority, RejectReason, Service, Status
from streams.domain.ids import CaseId, Instant
from streams.domain.referral import ReferralCancelled
from tests.domain.lane import Lane
from tests.domain.region import (
    EMPLOYMENT,
    IMATRA,
    KELA,
    REGION,
    SOTE,
    TYP,
    at,
    with_clock,
)
from tests.domain.speaker import Speaker
from tests.domain.stages import staged
from tests.domain.terms import clock, rejection

BREACH = (RungRule("breach", 1.0, "recipient"),)
FIRST_SERVICE = clock(
    "calendar_days",
    60,
    rule="first-service",
    met_on=("in-progress", "completed"),
    cancelled_on=(),
    rungs=(RungRule("breach", 1.0, "recipient"), RungRule("told", 1.0, "source")),
)._replace(scope="case")
INTERVIEW = clock(
    "working_days",
    10,
    rule="initial-interview",
    starts_on=("job_search_started",),
    met_on=("initial_interview_held",),
    cancelled_on=(),
    rungs=BREACH,
)._replace(scope="person", owner_sector="employment")


def started(lane: Lane) -> list[str]:
    return [fact.rule for fact in lane.all_facts(ClockStarted)]


def a_lane(*rules: ClockRule, **terms: Any) -> tuple[Lane, Speaker]:  # noqa: ANN401  # any field of an agreement
    return Lane(with_clock(*rules)._replace(**terms)), Speaker()


def test_a_path_clock_runs_from_the_first_need_to_the_first_service() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=with_clock(FIRST_SERVICE))
    (begun,) = lane.all_facts(ClockStarted)
    assert (begun.scope, begun.handoff_id, begun.owner) == ("case", handoff_id, SOTE)
    lane.hear(says.answers(HandoffAccepted, at(days=3), SOTE, handoff_id))
    assert lane.all_facts(ClockMet) == []
    lane.hear(says.answers(ServiceStarted, at(days=9), SOTE, handoff_id))
    assert [met.ended_at for met in lane.all_facts(ClockMet)] == [at(days=9)]
    assert lane.hot.clocks == ()


def test_a_rejection_does_not_stop_the_clock_of_the_path_and_the_next_recipient_owes_it() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=with_clock(FIRST_SERVICE))
    lane.hear(says.rejects(at(days=1), SOTE, handoff_id))
    assert [waiting.owner for waiting in lane.hot.clocks] == [SOTE]
    lane.hear(says.consents(at(days=2), recipient=TYP, statement="S-2"))
    lane.hear(says.refers(at(days=2), recipient=TYP, message_id="again"))
    assert lane.handoff.case_id == CaseId(handoff_id)
    assert started(lane) == ["first-service"]
    assert [waiting.owner for waiting in lane.hot.clocks] == [TYP]
    lane.wait_until(at(days=61))
    told = {notice.to for notice in lane.entries[-1].deliveries}
    told |= {notice.to for notice in lane.entries[-2].deliveries}
    assert told == {TYP, EMPLOYMENT}
    assert lane.told(NoticeKind.ESCALATION).handoff_id == lane.handoff.handoff_id


def test_the_clock_of_a_path_ends_with_the_last_open_handoff_of_its_case() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=with_clock(FIRST_SERVICE))
    lane.hear(says.answers(ReferralCancelled, at(days=1), EMPLOYMENT, handoff_id))
    assert [fact.reason for fact in lane.all_facts(ClockCancelled)] == ["cancelled"]


def test_the_clock_of_a_case_that_nobody_took_up_again_is_forgotten_with_its_rejection() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=with_clock(FIRST_SERVICE))
    lane.hear(says.rejects(at(days=1), SOTE, handoff_id))
    lane.hear(says.refers(at(days=200), message_id="another"))
    assert len(lane.hot.clocks) == 2
    lane.hear(says.answers(ReferralCancelled, at(days=201), EMPLOYMENT, lane.handoff.handoff_id))
    assert [fact.reason for fact in lane.all_facts(ClockCancelled)] == ["cancelled", "case-over"]
    assert not lane.hot.clocks


def test_a_misdirected_referral_that_is_passed_on_meets_the_duty_in_the_same_entry() -> None:
    duty = clock(
        "working_days",
        3,
        rule="hl21",
        starts_on=("rejected/misdirected",),
        met_on=("requested", "awaiting-basis"),
        rungs=BREACH,
    )._replace(scope="case")
    agreement = with_clock(duty)._replace(
        reject_rules=(
            rejection(RejectReason.MISDIRECTED, reroutes=True),
            rejection(RejectReason.NO_CAPACITY),
        )
    )
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=agreement)
    lane.hear(says.rejects(at(days=1), SOTE, handoff_id))
    assert started(lane) == []
    lane.hear(says.consents(at(days=2), recipient=KELA, statement="S-2"))
    lane.hear(says.refers(at(days=2), recipient=KELA, message_id="wrong"))
    lane.hear(says.rejects(at(days=3), KELA, lane.handoff.handoff_id, RejectReason.MISDIRECTED))
    kinds = [type(fact) for fact in lane.facts if isinstance(fact, ClockStarted | ClockMet)]
    stalled = [type(fact) for fact in lane.facts if isinstance(fact, ClockStarted)]
    assert kinds in ([ClockStarted, ClockMet], stalled)
    assert started(lane) == ["hl21"]


def test_a_persons_clock_belongs_to_the_agency_that_owes_it() -> None:
    lane, says = a_lane(INTERVIEW)
    lane.hear(says.reaches(at(), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT))
    (begun,) = lane.all_facts(ClockStarted)
    assert (begun.scope, begun.handoff_id, begun.owner) == ("person", None, EMPLOYMENT)
    lane.hear(says.reaches(at(days=1), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT))
    assert len(lane.all_facts(ClockStarted)) == 1
    lane.wait_until(at(days=20))
    notice = lane.told(NoticeKind.ESCALATION)
    assert (notice.to, notice.role, notice.recipient) == (EMPLOYMENT, "recipient", EMPLOYMENT)
    assert notice.handoff_id is None
    assert notice.referral_id == lane.entries[0].event.envelope.source_ref.message_id
    lane.hear(says.reaches(at(days=21), Milestone.INITIAL_INTERVIEW_HELD, SOTE))
    assert lane.all_facts(ClockMet) == []
    lane.hear(says.reaches(at(days=22), Milestone.INITIAL_INTERVIEW_HELD, EMPLOYMENT))
    assert len(lane.all_facts(ClockMet)) == 1


@pytest.mark.parametrize(
    ("municipality", "owner"), [("405", EMPLOYMENT), ("153", IMATRA), ("091", TYP)]
)
def test_another_agencys_word_starts_it_for_the_agency_that_serves_the_person(
    municipality: str, owner: str
) -> None:
    lane, says = Lane(with_clock(INTERVIEW)), Speaker(municipality=municipality)
    lane.hear(says.reaches(at(), Milestone.JOB_SEARCH_STARTED, KELA))
    assert [fact.owner for fact in lane.all_facts(ClockStarted)] == [owner]
    lane.wait_until(at(days=30))
    notice = lane.told(NoticeKind.ESCALATION)
    assert notice.referral_id is None


def test_a_rule_holds_for_what_began_in_its_time_whenever_it_is_said() -> None:
    old = INTERVIEW._replace(rule="init-2025", limit=5, valid_to=at(days=1))
    new = INTERVIEW._replace(rule="init-2026", valid_from=at(days=1))
    for moment, rule in ((at(), "init-2025"), (at(days=1), "init-2026")):
        lane, says = a_lane(old, new)
        begun = says.reaches(moment, Milestone.JOB_SEARCH_STARTED, EMPLOYMENT)
        late = begun.envelope._replace(recorded_at=at(days=40))
        lane.hear(begun._replace(envelope=late))
        assert started(lane) == [rule]
        assert [fact.remark for fact in lane.all_facts(ClockStarted)] == ["overdue-at-start"]


def test_a_start_in_the_future_is_kept_and_said() -> None:
    lane, says = a_lane(INTERVIEW)
    begun = says.reaches(at(days=9), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT)
    lane.hear(begun._replace(envelope=begun.envelope._replace(recorded_at=at())))
    assert [fact.remark for fact in lane.all_facts(ClockStarted)] == ["starts-in-the-future"]


@pytest.mark.parametrize(
    ("condition", "starts"),
    [
        ({"services": (Service.WORK_ABILITY_ASSESSMENT,)}, True),
        ({"services": (Service.JOB_COACHING,)}, False),
        ({"source_sectors": ("employment",)}, True),
        ({"source_sectors": ("kela",)}, False),
        ({"priorities": (Priority.ROUTINE,)}, True),
        ({"priorities": (Priority.URGENT,)}, False),
        ({"age_from": 40, "age_under": 41}, True),
        ({"age_from": 41}, False),
        ({"age_under": 40}, False),
        ({"typ_member": False}, True),
        ({"typ_member": True}, False),
    ],
)
def test_a_clock_starts_only_where_its_conditions_hold(
    condition: dict[str, Any], starts: bool
) -> None:
    rule = clock("hours", 4)._replace(**condition)
    lane, _, _ = staged(Status.REQUESTED, agreement=with_clock(rule))
    assert (started(lane) == ["acceptance"]) is starts


@pytest.mark.parametrize("condition", [{"age_from": 0}, {"age_under": 200}])
def test_of_somebody_whose_age_is_not_known_no_rule_for_an_age_holds(
    condition: dict[str, Any],
) -> None:
    lane, says = a_lane(INTERVIEW._replace(**condition))
    reached = says.reaches(at(), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT)
    lane.hear(reached._replace(envelope=reached.envelope._replace(age_years=-1)))
    assert started(lane) == []
    lane.hear(says.reaches(at(days=1), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT))
    assert started(lane) == ["initial-interview"]


def test_a_milestone_moves_the_clocks_of_the_handoffs_of_whom_it_is_said_by() -> None:
    contact = clock(
        "working_days", 7, rule="contact", starts_on=("accepted",), met_on=("contact_made",)
    )
    review = clock("months", 3, rule="review", starts_on=("contact_made",), met_on=("completed",))
    agreement = with_clock(contact, review)
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=agreement)
    lane.hear(says.reaches(at(days=1), Milestone.CONTACT_MADE, KELA))
    assert started(lane) == ["contact"]
    assert lane.all_facts(ClockMet) == []
    lane.hear(says.reaches(at(days=2), Milestone.CONTACT_MADE, SOTE))
    assert len(lane.all_facts(ClockMet)) == 1
    assert [(f.rule, f.handoff_id) for f in lane.all_facts(ClockStarted)][1:] == [
        ("review", handoff_id)
    ]


def test_a_named_worker_meets_the_clock_that_waits_for_one() -> None:
    own_worker = clock(
        "working_days", 7, rule="shl42", starts_on=("accepted",), met_on=("WorkerNamed",)
    )
    of_person = INTERVIEW._replace(met_on=triggers("WorkerNamed"))
    agreement = with_clock(own_worker, of_person)
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=agreement)
    lane.hear(says.reaches(at(days=1), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT))
    lane.hear(says.answers(ServiceStarted, at(days=1), SOTE, handoff_id))
    assert lane.all_facts(ClockMet) == []
    lane.hear(says.answers(WorkerNamed, at(days=2), SOTE, handoff_id))
    assert len(lane.all_facts(ClockMet)) == 2


def test_a_recurring_duty_starts_anew_where_it_was_met() -> None:
    talk = INTERVIEW._replace(
        rule="talk",
        unit="months",
        limit=3,
        starts_on=triggers("initial_interview_held", "contact_made"),
        met_on=triggers("contact_made"),
    )
    lane, says = a_lane(talk)
    lane.hear(says.reaches(at(), Milestone.INITIAL_INTERVIEW_HELD, EMPLOYMENT))
    lane.hear(says.reaches(at(days=30), Milestone.CONTACT_MADE, EMPLOYMENT))
    assert [type(fact) for fact in lane.facts] == [ClockMet, ClockStarted]
    assert [waiting.started_at for waiting in lane.hot.clocks] == [at(days=30)]


def test_a_milestone_calls_a_persons_clock_off() -> None:
    lane, says = a_lane(INTERVIEW._replace(cancelled_on=triggers("plan_made")))
    lane.hear(says.reaches(at(), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT))
    lane.hear(says.reaches(at(days=1), Milestone.PLAN_MADE, EMPLOYMENT))
    assert [fact.reason for fact in lane.all_facts(ClockCancelled)] == ["plan_made"]


PAUSING = clock(
    "calendar_days",
    10,
    rule="service-start",
    starts_on=("accepted",),
    met_on=("completed",),
    pauses_on=("on-hold",),
    rungs=BREACH,
)


def test_pauses_together_take_no_more_than_was_agreed() -> None:
    rule = PAUSING._replace(pause_days_max=5)
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(rule))
    due_at = lane.hot.clocks[0].due_at
    lane.hear(says.answers(ServicePaused, at(days=1), SOTE, handoff_id))
    lane.hear(says.answers(ServiceStarted, at(days=3), SOTE, handoff_id))
    lane.hear(says.answers(ServicePaused, at(days=4), SOTE, handoff_id))
    lane.wait_until(at(days=8))
    assert [fact.resumed_at for fact in lane.all_facts(ClockResumed)] == [at(days=3), at(days=7)]
    assert lane.hot.clocks[0].due_at == due_at + 5 * DAY_US
    lane.hear(says.answers(ServiceStarted, at(days=8), SOTE, handoff_id))
    lane.hear(says.answers(ServicePaused, at(days=9), SOTE, handoff_id))
    assert len(lane.all_facts(ClockPaused)) == 2
    lane.wait_until(Instant(due_at + 5 * DAY_US))
    assert len(lane.all_facts(ClockBreached)) == 1


def test_a_bounded_pause_whose_rule_is_gone_stands_still_for_good() -> None:
    rule = PAUSING._replace(pause_days_max=5)
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=with_clock(rule))
    lane.hear(says.answers(ServicePaused, at(days=1), SOTE, handoff_id))
    lane.agreement = with_clock()
    lane.wait_until(at(days=100))
    assert lane.hot.clocks[0].next_at is None


def test_a_rule_may_say_itself_what_resumes_its_clock() -> None:
    rule = PAUSING._replace(
        rule="info",
        starts_on=triggers("received"),
        met_on=triggers("completed"),
        pauses_on=triggers("info-needed"),
        resumes_on=triggers("contact_made"),
    )
    lane, says, handoff_id = staged(Status.RECEIVED, agreement=with_clock(rule))
    lane.hear(says.answers(InformationRequested, at(days=1), SOTE, handoff_id))
    lane.hear(says.answers(HandoffAccepted, at(days=2), SOTE, handoff_id))
    assert lane.all_facts(ClockResumed) == []
    lane.hear(says.reaches(at(days=3), Milestone.CONTACT_MADE, SOTE))
    assert len(lane.all_facts(ClockResumed)) == 1
    lane.hear(says.answers(ServiceCompleted, at(days=4), SOTE, handoff_id))
    assert len(lane.all_facts(ClockMet)) == 1
    assert REGION.agencies[SOTE].sector == "sote"


def test_a_milestone_starts_only_clocks_of_the_service_that_it_is_about() -> None:
    elsewhere = clock("hours", 4, starts_on=("contact_made",))._replace(
        services=(Service.JOB_COACHING,)
    )
    lane, says, _ = staged(Status.ACCEPTED, agreement=with_clock(elsewhere))
    lane.hear(says.reaches(at(days=1), Milestone.CONTACT_MADE, SOTE))
    assert started(lane) == []


def test_what_happens_to_a_handoff_starts_no_clock_of_the_person() -> None:
    rule = INTERVIEW._replace(starts_on=triggers("accepted"))
    lane, _, _ = staged(Status.ACCEPTED, agreement=with_clock(rule))
    assert started(lane) == []
