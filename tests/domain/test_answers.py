"""Answers find their handoff, move it, and tell the other party no more than it may hear."""

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    InformationProvided,
    InformationRequested,
    ServiceCompleted,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.codes import Category, NoticeKind, Part, RejectReason, Status
from streams.domain.ids import AgencyId, HandoffId
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    SOTE,
    at,
    part,
    rejecting,
)
from tests.domain.speaker import Speaker
from tests.domain.stages import staged
from tests.domain.terms import rejection

WHO, WORDS = part(Part.IDENTITY), part(Part.REMARK)


def referred(*recipients: AgencyId) -> tuple[Lane, Speaker, list[HandoffId]]:
    """Refer a person under one message id, passed on where several recipients are named."""
    lane, says = Lane(), Speaker()
    for number, recipient in enumerate((SOTE, KELA)):
        lane.hear(says.consents(at(days=-1), recipient=recipient, statement=f"S-{number}"))
    lane.hear(says.refers(at(), recipient=recipients[0], message_id="r-1"))
    ids = [lane.handoff.handoff_id]
    for refusing in recipients[:-1]:
        lane.hear(says.rejects(at(hours=1), refusing, ids[-1], RejectReason.MISDIRECTED))
        ids.append(lane.handoff.handoff_id)
    return lane, says, ids


@pytest.mark.parametrize(
    ("status", "kind", "speaker", "told", "notice", "detail"),
    [
        (Status.REQUESTED, HandoffReceived, SOTE, EMPLOYMENT, NoticeKind.STATUS, "received"),
        (Status.RECEIVED, HandoffAccepted, SOTE, EMPLOYMENT, NoticeKind.STATUS, "accepted"),
        (
            Status.RECEIVED,
            InformationRequested,
            SOTE,
            EMPLOYMENT,
            NoticeKind.INFORMATION_REQUEST,
            "info-needed",
        ),
        (
            Status.INFO_NEEDED,
            InformationProvided,
            EMPLOYMENT,
            SOTE,
            NoticeKind.INFORMATION,
            "received",
        ),
        (Status.ACCEPTED, ServiceStarted, SOTE, EMPLOYMENT, NoticeKind.STATUS, "in-progress"),
        (Status.IN_PROGRESS, ServiceCompleted, SOTE, EMPLOYMENT, NoticeKind.STATUS, "completed"),
        (Status.RECEIVED, ReferralCancelled, EMPLOYMENT, SOTE, NoticeKind.STATUS, "cancelled"),
        (Status.ACCEPTED, ReferralCancelled, SOTE, EMPLOYMENT, NoticeKind.STATUS, "cancelled"),
        (
            Status.ACCEPTED,
            ReferralMarkedInError,
            EMPLOYMENT,
            SOTE,
            NoticeKind.STATUS,
            "entered-in-error",
        ),
        (Status.ACCEPTED, WorkerNamed, SOTE, EMPLOYMENT, NoticeKind.INFORMATION, "worker-named"),
    ],
)
def test_the_other_party_hears_what_was_said(
    status: Status,
    kind: type[HandoffReceived],
    speaker: AgencyId,
    told: AgencyId,
    notice: NoticeKind,
    detail: str,
) -> None:
    lane, says, handoff_id = staged(status)
    lane.hear(says.answers(kind, at(hours=1), speaker, handoff_id))
    (heard,) = lane.notices
    assert (heard.to, heard.kind, heard.detail) == (told, notice, detail)
    assert heard.content == (WHO, WORDS)
    assert (heard.handoff_id, heard.referral_id) == (handoff_id, "m-staged")
    assert (heard.source, heard.recipient) == (EMPLOYMENT, SOTE)
    assert heard.occurred_at == at(hours=1)


def test_a_rejection_tells_the_source_why() -> None:
    lane, says, handoff_id = staged(Status.RECEIVED)
    lane.hear(says.rejects(at(hours=1), SOTE, handoff_id, RejectReason.NOT_ELIGIBLE))
    (heard,) = lane.notices
    assert (heard.to, heard.detail, heard.reason) == (EMPLOYMENT, "rejected", "not-eligible")


@pytest.mark.parametrize("kind", [ReferralCancelled, ReferralMarkedInError])
def test_a_recipient_that_never_heard_of_it_need_not_hear_that_it_is_over(
    kind: type[ReferralCancelled],
) -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    lane.hear(says.answers(kind, at(hours=1), EMPLOYMENT, handoff_id))
    assert lane.notices == ()


def test_whatever_a_recipient_answers_it_has_received() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    before = lane.handoff
    lane.hear(says.answers(InformationRequested, at(hours=1), SOTE, handoff_id))
    assert (before.delivery_started, before.disclosed) == (False, ())
    assert (lane.handoff.delivery_started, lane.handoff.disclosed) == (True, DEFAULTS)


def test_a_recipient_that_may_not_know_who_it_is_is_not_told_by_the_way() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1), categories=(Category.SERVICE_NEEDS,)))
    lane.hear(says.refers(at()))
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(InformationRequested, at(hours=1), SOTE, handoff_id))
    assert lane.told(NoticeKind.INFORMATION_REQUEST).content == (WHO, WORDS)

    lane.hear(says.answers(InformationProvided, at(hours=2), EMPLOYMENT, handoff_id))
    lane.hear(says.answers(ReferralCancelled, at(hours=3), EMPLOYMENT, handoff_id))

    for kind in (NoticeKind.INFORMATION, NoticeKind.STATUS):
        assert lane.told(kind).to == SOTE
        assert lane.told(kind).content == (WORDS,)


def test_the_sources_own_referral_id_names_the_handoff() -> None:
    lane, says, (handoff_id,) = referred(SOTE)
    step = lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, referral_id="r-1"))
    assert (step.verdict, step.handoff_id) == (Verdict.ACCEPTED, handoff_id)


def test_a_referral_id_names_the_newest_handoff_of_the_speaker() -> None:
    lane, says, (rejected, passed_on) = referred(KELA, SOTE)
    assert (
        lane.hear(says.answers(HandoffReceived, at(hours=2), SOTE, referral_id="r-1")).handoff_id
        == passed_on
    )
    by_source = lane.hear(
        says.answers(ReferralCancelled, at(hours=3), EMPLOYMENT, referral_id="r-1")
    )
    assert (by_source.verdict, by_source.handoff_id) == (Verdict.ACCEPTED, passed_on)
    late = lane.hear(says.answers(HandoffAccepted, at(hours=4), KELA, referral_id="r-1"))
    assert (late.rule, late.handoff_id) == ("terminal", rejected)


def test_a_referral_id_names_a_handoff_that_is_over_before_one_of_others() -> None:
    lane, says, (rejected, _) = referred(KELA, SOTE)
    late = lane.hear(says.answers(HandoffAccepted, at(hours=2), KELA, referral_id="r-1"))
    assert (late.rule, late.handoff_id) == ("terminal", rejected)


def test_a_referral_id_of_others_refuses_the_speaker() -> None:
    lane, says, (handoff_id,) = referred(SOTE)
    step = lane.hear(says.answers(HandoffAccepted, at(hours=1), KELA, referral_id="r-1"))
    assert (step.rule, step.handoff_id) == ("not-a-party", handoff_id)
    assert [n.handoff_id for n in lane.notices] == [None]
    lane.hear(says.answers(ReferralCancelled, at(hours=2), EMPLOYMENT, handoff_id))
    by_id = says.answers(HandoffAccepted, at(hours=3), KELA, handoff_id)
    by_name = says.answers(HandoffAccepted, at(hours=3), KELA, referral_id="r-1")
    for step in (lane.hear(by_id), lane.hear(by_name)):
        assert (step.rule, step.handoff_id) == ("not-a-party", handoff_id)


@pytest.mark.parametrize(
    ("status", "speaker", "hears_of_it"),
    [
        (Status.AWAITING_BASIS, SOTE, False),
        (Status.AWAITING_BASIS, EMPLOYMENT, True),
        (Status.REQUESTED, SOTE, True),
        (Status.REQUESTED, KELA, False),
    ],
)
def test_a_refusal_tells_of_the_handoff_only_who_may_know_of_it(
    status: Status, speaker: AgencyId, hears_of_it: bool
) -> None:
    lane, says, handoff_id = staged(status)
    lane.hear(says.answers(ServiceStarted, at(hours=1), speaker, handoff_id))
    (refusal,) = lane.notices
    assert (refusal.to, refusal.kind) == (speaker, NoticeKind.REFUSAL)
    named = (refusal.handoff_id, refusal.source, refusal.referral_id)
    assert named == ((handoff_id, EMPLOYMENT, "m-staged") if hears_of_it else (None, None, None))


def test_an_event_for_a_handoff_that_is_over_is_kept_as_late() -> None:
    lane, says, handoff_id = staged(Status.REJECTED)
    late = says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id)
    assert lane.hear(late).rule == "terminal"
    assert lane.entries[-1].event == late
    assert lane.hot.handoffs == ()


def test_a_reason_that_nobody_agreed_on_is_refused() -> None:
    agreement = rejecting(rejection(RejectReason.NO_CAPACITY))
    lane, says, handoff_id = staged(Status.RECEIVED, agreement=agreement)
    step = lane.hear(says.rejects(at(hours=1), SOTE, handoff_id, RejectReason.OTHER))
    assert step.rule == "reject-reason-not-agreed"
    assert lane.status(handoff_id) is Status.RECEIVED
    agreed = lane.hear(says.rejects(at(hours=2), SOTE, handoff_id, RejectReason.NO_CAPACITY))
    assert agreed.verdict is Verdict.ACCEPTED


def test_of_two_open_handoffs_only_the_named_one_moves() -> None:
    lane, says, (first,) = referred(SOTE)
    lane.hear(says.refers(at(hours=1), message_id="r-2"))
    second = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffAccepted, at(hours=2), SOTE, first))
    assert lane.status(first) is Status.ACCEPTED
    assert lane.status(second) is Status.REQUESTED
    lane.hear(says.answers(ServiceCompleted, at(hours=3), SOTE, first))
    assert [h.handoff_id for h in lane.hot.handoffs] == [second]
