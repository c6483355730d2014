"""A recall has a clock of its own, which only its agency's confirmation meets."""

import pytest

from streams.domain.agreement import Agreement
from streams.domain.answers import HandoffAccepted, RecallAcknowledged, ServiceCompleted
from streams.domain.calendar import DAY_US
from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockReprojected,
    ClockStarted,
    ClockWarned,
    Escalated,
)
from streams.domain.clock_rules import ClockBook, ClockRule, RungRule, triggers
from streams.domain.codes import Milestone, NoticeKind, Status
from streams.domain.entry import RecallIssued
from streams.domain.envelope import HUB
from streams.domain.hub_events import AgreementChanged, EscalationAcknowledged, NoticeDelivered
from streams.domain.ids import HandoffId, Instant
from tests.domain.lane import Lane
from tests.domain.region import (
    ACCEPTANCE,
    DEFAULTS,
    EMPLOYMENT,
    REGION,
    SOTE,
    TYP,
    at,
    with_clock,
)
from tests.domain.speaker import Speaker
from tests.domain.stages import staged

IDENTITY, CONTACT, NEEDS = DEFAULTS
RECALL = ACCEPTANCE._replace(
    rule="recall",
    limit=3,
    starts_on=triggers("RecallIssued"),
    met_on=triggers("RecallAcknowledged"),
    cancelled_on=(),
    rungs=(
        RungRule("warn", 0.5, "recipient"),
        RungRule("breach", 1.0, "coordinator"),
        RungRule("breach-source", 1.0, "source"),
    ),
    scope="recall",
)
RECALLING = with_clock(RECALL)


def recalled(status: Status, agreement: Agreement = RECALLING) -> tuple[Lane, Speaker, HandoffId]:
    """Withdraw the consent of a handoff that was disclosed, at one on Monday."""
    lane, says, handoff_id = staged(status, agreement=agreement)
    lane.hear(says.withdraws(at(hours=1)))
    assert len(lane.all_facts(RecallIssued)) == 1
    return lane, says, handoff_id


def confirms(lane: Lane, says: Speaker, when: Instant, handoff_id: HandoffId) -> None:
    lane.hear(says.answers(RecallAcknowledged, when, SOTE, handoff_id))


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.ACCEPTED, Status.COMPLETED])
def test_it_starts_when_the_recall_goes_out_and_says_until_when_to_confirm(status: Status) -> None:
    lane, _, handoff_id = recalled(status)
    (started,) = [f for f in lane.facts if isinstance(f, ClockStarted)]
    assert (started.rule, started.scope, started.owner) == ("recall", "recall", SOTE)
    assert (started.handoff_id, started.started_at) == (handoff_id, at(hours=1))
    assert started.due_at == at(days=3, hours=12)
    assert lane.told(NoticeKind.RECALL).due_at == started.due_at
    (clock,) = lane.hot.clocks
    assert (clock.subject, clock.owner, clock.source) == (handoff_id, SOTE, EMPLOYMENT)


def test_a_withdrawal_that_comes_late_makes_no_recall_late() -> None:
    lane, says, _ = staged(Status.RECEIVED, agreement=RECALLING)
    late = says.withdraws(at(hours=1))
    moment = at(days=20)
    lane.hear(late._replace(envelope=late.envelope._replace(recorded_at=moment)))
    (started,) = lane.all_facts(ClockStarted)
    assert (started.started_at, started.remark) == (moment, "")


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.ACCEPTED, Status.COMPLETED])
def test_the_recipients_confirmation_meets_it_and_nothing_else_does(status: Status) -> None:
    lane, says, handoff_id = recalled(status)
    for kind in (HandoffAccepted, ServiceCompleted):
        lane.hear(says.answers(kind, at(hours=2), SOTE, handoff_id))
    lane.hear(says.reaches(at(hours=3), Milestone.CONTACT_MADE, SOTE))
    lane.hear(says.answers(RecallAcknowledged, at(hours=4), EMPLOYMENT, handoff_id))
    assert [clock.rule for clock in lane.hot.clocks] == ["recall"]
    confirms(lane, says, at(hours=5), handoff_id)
    (met,) = [f for f in lane.facts if isinstance(f, ClockMet)]
    assert (met.handoff_id, met.ended_at, met.late_by_us) == (handoff_id, at(hours=5), 0)
    assert lane.hot.clocks == ()
    assert lane.all_facts(ClockCancelled) == []


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.COMPLETED])
def test_silence_escalates_rung_by_rung_though_the_handoff_is_over(status: Status) -> None:
    lane, says, handoff_id = recalled(status)
    lane.wait_until(at(days=30))
    assert [fact.rung for fact in lane.all_facts(ClockWarned)] == ["warn", "breach-source"]
    assert len(lane.all_facts(ClockBreached)) == 1
    told = [(f.role, f.to, f.handoff_id) for f in lane.all_facts(Escalated)]
    assert told == [
        ("recipient", SOTE, handoff_id),
        ("coordinator", TYP, handoff_id),
        ("source", EMPLOYMENT, handoff_id),
    ]
    notices = [n for e in lane.entries for n in e.deliveries if n.kind is NoticeKind.ESCALATION]
    assert [(n.to, n.role, n.reason, n.handoff_id) for n in notices] == [
        (SOTE, "recipient", "recall", handoff_id),
        (TYP, "coordinator", "recall", handoff_id),
        (EMPLOYMENT, "source", "recall", handoff_id),
    ]
    assert {(n.source, n.recipient, n.content) for n in notices} == {(EMPLOYMENT, SOTE, ())}
    assert {n.referral_id for n in notices} == {"m-staged"}
    confirms(lane, says, at(days=31), handoff_id)
    (met,) = lane.all_facts(ClockMet)
    assert met.breached
    assert met.late_by_us > 0


def test_an_escalation_of_a_recall_can_be_answered() -> None:
    lane, says, handoff_id = recalled(Status.COMPLETED)
    lane.wait_until(at(days=30))
    (clock,) = lane.hot.clocks
    head = says.envelope(HUB, at(days=30))._replace(municipality="")
    step = lane.hear(EscalationAcknowledged(head, clock.clock_id, "breach", "duty.sote"))
    assert (step.rule, step.handoff_id) == ("", handoff_id)


def test_a_recall_that_widens_starts_no_second_clock() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=RECALLING)
    lane.hear(says.consents(at(hours=1), categories=(IDENTITY, NEEDS)))
    first = lane.told(NoticeKind.RECALL)
    lane.hear(says.consents(at(days=1), categories=(IDENTITY,)))
    lane.hear(says.answers(ServiceCompleted, at(days=1.1), SOTE, handoff_id))
    lane.hear(says.withdraws(at(days=1.2)))
    assert len(lane.all_facts(RecallIssued)) == 3
    assert len(lane.all_facts(ClockStarted)) == 1
    assert lane.told(NoticeKind.RECALL).due_at == first.due_at


def test_a_recall_after_a_confirmed_one_has_a_clock_again() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED, agreement=RECALLING)
    lane.hear(says.consents(at(hours=1), categories=(IDENTITY, NEEDS)))
    confirms(lane, says, at(hours=2), handoff_id)
    lane.hear(says.withdraws(at(hours=3)))
    assert len(lane.all_facts(ClockStarted)) == 2


def test_what_had_not_left_has_no_clock_until_it_is_recalled_after_all() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=RECALLING)
    (notice_id,) = lane.waiting
    lane.hear(says.withdraws(at(hours=1)))
    assert lane.hot.clocks == ()
    lane.hear(says.dispatch(NoticeDelivered, at(days=2), notice_id, handoff_id, SOTE))
    (started,) = lane.all_facts(ClockStarted)
    assert started.started_at == at(days=2)


def test_each_recalled_agency_has_its_own_clock_and_confirms_for_itself() -> None:
    lane, says = Lane(RECALLING), Speaker()
    lane.hear(says.consents(at(days=-1)))
    handoffs: list[HandoffId] = []
    for name in ("r-1", "r-2"):
        lane.hear(says.refers(at(), message_id=name))
        handoffs.append(lane.handoff.handoff_id)
        lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoffs[-1]))
        lane.hear(says.answers(ServiceCompleted, at(hours=1), SOTE, handoffs[-1]))
    lane.hear(says.withdraws(at(hours=2)))
    assert [clock.subject for clock in lane.hot.clocks] == handoffs
    confirms(lane, says, at(hours=3), handoffs[1])
    assert [clock.subject for clock in lane.hot.clocks] == handoffs[:1]
    lane.wait_until(at(days=30))
    last = [n for e in lane.entries for n in e.deliveries if n.kind is NoticeKind.ESCALATION]
    assert {notice.handoff_id for notice in last} == {handoffs[0]}


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "starts"),
    [
        (at(hours=1), None, True),
        (at(hours=1.1), None, False),
        (None, at(hours=1), False),
        (None, at(hours=1.1), True),
    ],
)
def test_a_rule_is_asked_at_the_moment_of_the_recall(
    valid_from: Instant | None, valid_to: Instant | None, starts: bool
) -> None:
    rule: ClockRule = RECALL._replace(valid_from=valid_from, valid_to=valid_to)
    lane, _, _ = recalled(Status.COMPLETED, with_clock(rule))
    assert bool(lane.hot.clocks) is starts
    assert (lane.told(NoticeKind.RECALL).due_at is not None) is starts


def test_a_region_without_such_a_rule_recalls_all_the_same() -> None:
    lane, says, handoff_id = recalled(Status.COMPLETED, REGION)
    assert (lane.hot.clocks, lane.told(NoticeKind.RECALL).due_at) == ((), None)
    confirms(lane, says, at(hours=2), handoff_id)
    assert lane.hot.recalls == ()


@pytest.mark.parametrize("rules", [(RECALL._replace(limit=10),), ()])
def test_an_agreement_that_turns_moves_it_as_it_moves_every_clock(
    rules: tuple[ClockRule, ...],
) -> None:
    lane, says, handoff_id = recalled(Status.COMPLETED)
    (before,) = lane.hot.clocks
    lane.agreement = REGION._replace(clock_rules=ClockBook(rules), digest=b"next")
    head = says.envelope(HUB, at(days=1))._replace(municipality="")
    lane.hear(AgreementChanged(head, b"next"))
    if rules:
        (moved,) = lane.all_facts(ClockReprojected)
        assert moved.handoff_id == handoff_id
        assert moved.due_at >= before.due_at + 7 * DAY_US
    else:
        (cancelled,) = lane.all_facts(ClockCancelled)
        assert (cancelled.handoff_id, cancelled.reason) == (handoff_id, "rule-withdrawn")
    confirms(lane, says, at(days=2), handoff_id)
    assert (lane.hot.clocks, lane.hot.recalls) == ((), ())
