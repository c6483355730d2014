"""What became of a notice, as the ledger knows it."""

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    InformationProvided,
    ServiceCompleted,
    WorkerNamed,
)
from streams.domain.clock_facts import ClockMet
from streams.domain.closed_record import needs_closed
from streams.domain.codes import NoticeKind, Status
from streams.domain.entry import HandoffStatusChanged, RecallIssued, TransitionRefused
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import HandoffId, NoticeId
from streams.domain.referral import ReferralCancelled
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import DEFAULTS, EMPLOYMENT, SOTE, at, with_clock
from tests.domain.speaker import Speaker
from tests.domain.stages import staged
from tests.domain.terms import clock

UNKNOWN = HandoffId("h-0000000000000000000000000A")


def pending() -> tuple[Lane, Speaker, HandoffId, NoticeId]:
    """Give a handoff whose referral waits to be delivered."""
    lane, says, handoff_id = staged(Status.REQUESTED)
    return lane, says, handoff_id, lane.told(NoticeKind.REFERRAL).notice_id


def test_from_the_start_of_a_delivery_on_the_data_counts_as_disclosed() -> None:
    lane, says, handoff_id, notice_id = pending()
    before = lane.handoff
    step = lane.hear(says.dispatch(DeliveryStarted, at(hours=1), notice_id, handoff_id, SOTE))
    assert (step.verdict, step.handoff_id, lane.facts) == (Verdict.ACCEPTED, handoff_id, ())
    assert (before.delivery_started, before.disclosed) == (False, ())
    assert (lane.handoff.delivery_started, lane.handoff.disclosed) == (True, DEFAULTS)
    assert lane.waiting == ()


def test_a_notice_that_was_called_off_may_not_start_and_the_entry_says_so() -> None:
    lane, says, handoff_id, _ = pending()
    other = NoticeId("n-0000000000000000000000000A")
    step = lane.hear(says.dispatch(DeliveryStarted, at(hours=1), other, handoff_id, SOTE))
    assert (step.verdict, step.rule) == (Verdict.REFUSED, "notice-cancelled")
    assert lane.facts == (TransitionRefused(handoff_id, "notice-cancelled"),)
    assert lane.notices == ()
    assert lane.handoff.delivery_started is False


def test_a_delivered_referral_is_received() -> None:
    lane, says, handoff_id, notice_id = pending()
    lane.hear(says.dispatch(DeliveryStarted, at(hours=1), notice_id, handoff_id, SOTE))
    lane.hear(says.dispatch(NoticeDelivered, at(hours=2), notice_id, handoff_id, SOTE))
    assert lane.facts == (HandoffStatusChanged(handoff_id, Status.REQUESTED, Status.RECEIVED, ""),)
    assert lane.notices == ()


def test_what_was_delivered_without_a_start_has_left_all_the_same() -> None:
    lane, says, handoff_id, notice_id = pending()
    lane.hear(says.dispatch(NoticeDelivered, at(hours=1), notice_id, handoff_id, SOTE))
    assert lane.handoff.disclosed == DEFAULTS
    lane.hear(says.withdraws(at(hours=2)))
    assert RecallIssued(handoff_id, SOTE, DEFAULTS) in lane.facts


def test_what_is_undeliverable_without_a_start_has_not_left() -> None:
    lane, says, handoff_id, notice_id = pending()
    lane.hear(says.dispatch(NoticeUndeliverable, at(hours=1), notice_id, handoff_id, SOTE))
    assert (lane.handoff.delivery_started, lane.handoff.disclosed) == (False, ())
    lane.hear(says.withdraws(at(hours=2)))
    assert lane.all_facts(RecallIssued) == []


def test_a_receipt_of_one_notice_says_nothing_of_another_that_waits() -> None:
    lane, says = Lane(), Speaker()
    identity, contact, _ = DEFAULTS
    lane.hear(says.consents(at(days=-1), categories=(identity,)), says.refers(at()))
    handoff_id, notice_id = lane.handoff.handoff_id, lane.told(NoticeKind.REFERRAL).notice_id
    lane.hear(says.dispatch(DeliveryStarted, at(hours=1), notice_id, handoff_id, SOTE))
    lane.hear(says.consents(at(hours=2), categories=(contact,), statement="S-2"))
    lane.hear(says.dispatch(NoticeDelivered, at(hours=3), notice_id, handoff_id, SOTE))
    assert lane.handoff.disclosed == (identity,)


def test_a_delivery_meets_the_clock_that_waits_for_it() -> None:
    region = with_clock(clock("hours", 4, met_on=("received",)))
    lane, says, handoff_id = staged(Status.REQUESTED, agreement=region)
    notice_id = lane.told(NoticeKind.REFERRAL).notice_id
    lane.hear(says.dispatch(NoticeDelivered, at(hours=1), notice_id, handoff_id, SOTE))
    assert [met.late_by_us for met in lane.all_facts(ClockMet)] == [0]
    assert lane.hot.clocks == ()


def test_information_delivered_before_the_referral_has_left_too() -> None:
    lane, says, handoff_id, _ = pending()
    lane.hear(says.refers(at(hours=1), message_id="m-staged", version=2))
    told = lane.told(NoticeKind.INFORMATION)
    kind = NoticeKind.INFORMATION
    lane.hear(says.dispatch(NoticeDelivered, at(hours=2), told.notice_id, handoff_id, SOTE, kind))
    assert (lane.handoff.status, lane.handoff.disclosed) == (Status.REQUESTED, DEFAULTS)


def test_an_undeliverable_referral_is_told_to_its_source() -> None:
    lane, says, handoff_id, notice_id = pending()
    lane.hear(says.dispatch(NoticeUndeliverable, at(hours=1), notice_id, handoff_id, SOTE))
    assert lane.facts == (
        HandoffStatusChanged(handoff_id, Status.REQUESTED, Status.UNDELIVERABLE, "unreachable"),
    )
    (notice,) = lane.notices
    assert (notice.to, notice.kind) == (EMPLOYMENT, NoticeKind.STATUS)
    assert (notice.detail, notice.reason) == ("undeliverable", "unreachable")


@pytest.mark.parametrize("kind", [HandoffReceived, HandoffAccepted])
def test_a_late_answer_revives_what_was_undeliverable(kind: type[HandoffReceived]) -> None:
    lane, says, handoff_id = staged(Status.UNDELIVERABLE)
    step = lane.hear(says.answers(kind, at(hours=1), SOTE, handoff_id))
    assert step.verdict is Verdict.ACCEPTED
    assert lane.handoff.status in (Status.RECEIVED, Status.ACCEPTED)


def test_a_receipt_after_an_answer_changes_no_status() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    notice_id = lane.told(NoticeKind.REFERRAL).notice_id
    for report in (NoticeDelivered, NoticeUndeliverable):
        lane.hear(says.dispatch(report, at(hours=1), notice_id, handoff_id, SOTE))
        assert lane.facts == ()
    assert lane.handoff.status is Status.ACCEPTED


def test_delivered_information_is_disclosed_and_changes_no_status() -> None:
    lane, says, handoff_id = staged(Status.INFO_NEEDED)
    lane.hear(says.answers(InformationProvided, at(hours=1), EMPLOYMENT, handoff_id))
    told = lane.told(NoticeKind.INFORMATION)
    assert told.notice_id in lane.waiting
    for report in (DeliveryStarted, NoticeDelivered):
        step = lane.hear(
            says.dispatch(
                report, at(hours=2), told.notice_id, handoff_id, SOTE, NoticeKind.INFORMATION
            )
        )
        assert (step.verdict, lane.facts) == (Verdict.ACCEPTED, ())
    assert told.notice_id not in lane.waiting
    assert lane.handoff.status is Status.RECEIVED


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.COMPLETED])
def test_notices_that_carry_no_data_to_the_recipient_are_let_go(status: Status) -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    lane.hear(says.answers(WorkerNamed, at(hours=1), SOTE, handoff_id))
    worker = lane.told(NoticeKind.INFORMATION)
    assert worker.to == EMPLOYMENT
    answered = lane.told(NoticeKind.STATUS)
    if status is Status.COMPLETED:
        lane.hear(says.answers(ServiceCompleted, at(hours=2), SOTE, handoff_id))
    for told in (worker, answered):
        report = says.dispatch(
            DeliveryStarted, at(hours=3), told.notice_id, handoff_id, told.to, told.kind
        )
        assert lane.hear(report).verdict is Verdict.ACCEPTED
        assert lane.facts == ()


def test_a_recall_is_let_go_to_its_recipient_and_changes_nothing() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    lane.hear(says.withdraws(at(hours=1)))
    recall, before = lane.told(NoticeKind.RECALL), lane.handoff
    assert recall.to == SOTE
    for report in (DeliveryStarted, NoticeDelivered):
        told = says.dispatch(
            report, at(hours=2), recall.notice_id, handoff_id, SOTE, NoticeKind.RECALL
        )
        assert (lane.hear(told).verdict, lane.facts) == (Verdict.ACCEPTED, ())
    assert lane.handoff == before


@pytest.mark.parametrize(
    ("kind", "by"), [(ReferralCancelled, EMPLOYMENT), (ServiceCompleted, SOTE)]
)
def test_no_data_leaves_for_a_handoff_that_is_over(kind: type[ReferralCancelled], by: str) -> None:
    lane, says, handoff_id = staged(
        Status.ACCEPTED if kind is not ReferralCancelled else Status.REQUESTED
    )
    notice_id = lane.told(NoticeKind.REFERRAL).notice_id
    lane.hear(says.answers(kind, at(hours=1), EMPLOYMENT if by == EMPLOYMENT else SOTE, handoff_id))
    report = says.dispatch(DeliveryStarted, at(hours=2), notice_id, handoff_id, SOTE)
    assert needs_closed(lane.hot, report)
    step = lane.hear(report)
    assert (step.verdict, step.rule, step.handoff_id) == ("refused", "notice-cancelled", handoff_id)
    assert lane.facts == (TransitionRefused(handoff_id, "notice-cancelled"),)


@pytest.mark.parametrize("report", [NoticeDelivered, NoticeUndeliverable])
def test_what_becomes_of_a_notice_after_its_handoff_ended_otherwise_recalls_nothing(
    report: type[NoticeDelivered],
) -> None:
    lane, says, handoff_id, notice_id = pending()
    lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))
    step = lane.hear(says.dispatch(report, at(hours=2), notice_id, handoff_id, SOTE))
    assert (step.verdict, lane.facts) == (Verdict.ACCEPTED, ())


def test_an_undeliverable_notice_of_a_withdrawn_handoff_recalls_nothing() -> None:
    lane, says, handoff_id, notice_id = pending()
    lane.hear(says.withdraws(at(hours=1)))
    lane.hear(says.dispatch(NoticeUndeliverable, at(hours=2), notice_id, handoff_id, SOTE))
    assert lane.facts == ()


def test_reports_of_what_the_hub_does_not_know_change_nothing() -> None:
    lane, says, handoff_id = staged(Status.COMPLETED)
    notice_id = lane.told(NoticeKind.REFERRAL).notice_id
    before = lane.hot.recalls
    report = says.dispatch(DeliveryStarted, at(hours=1), notice_id, UNKNOWN, SOTE)
    assert lane.hear(report).verdict is Verdict.ACCEPTED
    without = says.dispatch(DeliveryStarted, at(hours=1), NoticeId("n-x"), handoff_id, SOTE)
    assert isinstance(without, DeliveryStarted)
    assert lane.hear(without._replace(handoff_id=None)).handoff_id is None
    assert lane.hot.recalls == before
