"""Data leaves on a basis, stops when the basis goes, and is fetched back where it had left."""

import pytest

from streams.domain.agreement import Agreement
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    RecallAcknowledged,
    ServiceCompleted,
)
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    HandoffStatusChanged,
    RecallConfirmed,
    RecallIssued,
    StatementRecorded,
)
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import (
    HandoffId,
    Instant,
    NoticeId,
    StatementId,
)
from streams.domain.person import Recall
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    REGION,
    SOTE,
    at,
)
from tests.domain.speaker import Speaker

IDENTITY, CONTACT, NEEDS = DEFAULTS
OPEN_REFERRAL = at(hours=0)


def referred(
    agreement: Agreement = REGION, **consents: tuple[Category, ...]
) -> tuple[Lane, Speaker, HandoffId]:
    """Refer a person on consents, each named by its statement."""
    lane, says = Lane(agreement), Speaker()
    for name, categories in (consents or {"S_1": DEFAULTS}).items():
        statement = name.replace("_", "-")
        lane.hear(says.consents(at(days=-1), categories=categories, statement=statement))
    lane.hear(says.refers(OPEN_REFERRAL, message_id="r-1"))
    return lane, says, lane.handoff.handoff_id


def starts(lane: Lane, says: Speaker, when: Instant, notice_id: NoticeId | None = None) -> Verdict:
    """Let the delivery of a notice start, the newest pending one unless it is named."""
    named = notice_id if notice_id is not None else lane.waiting[-1]
    kind = next(n.kind for e in lane.entries for n in e.deliveries if n.notice_id == named)
    handoff_id = lane.handoff.handoff_id
    return lane.hear(says.dispatch(DeliveryStarted, when, named, handoff_id, SOTE, kind)).verdict


def recalls(lane: Lane) -> list[tuple[Category, ...]]:
    return [fact.categories for fact in lane.all_facts(RecallIssued)]


def test_a_consent_that_comes_later_releases_a_waiting_handoff() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.refers(at()))
    handoff_id = lane.handoff.handoff_id

    step = lane.hear(says.consents(at(hours=1)))

    assert step.handoff_id == handoff_id
    assert (
        HandoffStatusChanged(handoff_id, Status.AWAITING_BASIS, Status.REQUESTED, "basis-found")
        in lane.facts
    )
    referral, status = lane.notices
    assert (referral.to, referral.kind, referral.categories) == (
        SOTE,
        NoticeKind.REFERRAL,
        DEFAULTS,
    )
    assert [p.part for p in referral.content] == [Part.IDENTITY, Part.CONTACT, Part.SERVICE_NEEDS]
    assert (status.to, status.detail, status.reason) == (EMPLOYMENT, "requested", "basis-found")


def test_a_consent_to_somebody_else_changes_nothing() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.refers(at()))
    step = lane.hear(says.consents(at(hours=1), recipient=KELA))
    assert lane.handoff.status is Status.AWAITING_BASIS
    assert step.handoff_id is None
    assert lane.facts == (StatementRecorded(StatementId("S-1"), EMPLOYMENT, "in-force"),)


def test_a_withdrawal_before_anything_left_cancels_and_nothing_leaves() -> None:
    lane, says, handoff_id = referred()
    notice_id = lane.waiting[0]

    step = lane.hear(says.withdraws(at(hours=1)))

    assert step.handoff_id == handoff_id
    assert recalls(lane) == []
    assert [(n.to, n.detail, n.reason) for n in lane.notices] == [
        (EMPLOYMENT, "cancelled", "basis-withdrawn")
    ]
    withheld = next(fact for fact in lane.facts if isinstance(fact, DisclosureWithheld))
    assert withheld.categories == DEFAULTS
    started = lane.hear(says.dispatch(DeliveryStarted, at(hours=2), notice_id, handoff_id, SOTE))
    assert (started.verdict, started.rule) == (Verdict.REFUSED, "notice-cancelled")


def test_a_withdrawal_after_the_delivery_started_recalls() -> None:
    lane, says, handoff_id = referred()
    starts(lane, says, at(hours=1))

    lane.hear(says.withdraws(at(hours=2)))

    assert RecallIssued(handoff_id, SOTE, DEFAULTS) in lane.facts
    assert lane.hot.handoffs == ()
    recall, status = lane.notices
    assert (recall.to, recall.kind, recall.categories) == (SOTE, NoticeKind.RECALL, DEFAULTS)
    assert [p.part for p in recall.content] == [Part.IDENTITY]
    assert (status.to, status.detail) == (EMPLOYMENT, "cancelled")
    assert lane.hot.recalls == (Recall(handoff_id, SOTE, EMPLOYMENT, "r-1", DEFAULTS, at(hours=2)),)


def test_an_accepted_handoff_goes_on_without_further_data() -> None:
    lane, says, handoff_id = referred()
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))

    lane.hear(says.withdraws(at(hours=2)))

    assert lane.handoff.status is Status.ACCEPTED
    assert (lane.handoff.granted, lane.handoff.disclosed) == ((), ())
    assert [n.kind for n in lane.notices] == [NoticeKind.RECALL]
    ended = lane.hear(says.answers(ServiceCompleted, at(hours=3), SOTE, handoff_id))
    assert ended.verdict is Verdict.ACCEPTED


def test_a_recall_to_whom_may_not_know_the_person_goes_by_ids() -> None:
    lane, says, _ = referred(S_1=(NEEDS,))
    starts(lane, says, at(hours=1))
    lane.hear(says.withdraws(at(hours=2)))
    assert lane.told(NoticeKind.RECALL).content == ()


def test_a_recall_is_confirmed_by_the_recalled_recipient_alone() -> None:
    lane, says, handoff_id = referred()
    starts(lane, says, at(hours=1))
    lane.hear(says.withdraws(at(hours=2)))
    by_source = lane.hear(says.answers(RecallAcknowledged, at(hours=3), EMPLOYMENT, handoff_id))
    assert by_source.rule == "no-recall-to-confirm"

    step = lane.hear(says.answers(RecallAcknowledged, at(hours=4), SOTE, handoff_id))

    assert (step.verdict, step.handoff_id) == (Verdict.ACCEPTED, handoff_id)
    assert lane.facts == (RecallConfirmed(handoff_id, SOTE),)
    assert lane.hot.recalls == ()
    again = lane.hear(says.answers(RecallAcknowledged, at(hours=5), SOTE, handoff_id))
    assert again.rule == "no-recall-to-confirm"


def test_a_recall_is_confirmed_by_the_referrals_name_too() -> None:
    lane, says, handoff_id = referred()
    lane.hear(says.refers(at(), message_id="r-2"))
    for notice in (lane.entries[1].deliveries[0], lane.entries[2].deliveries[0]):
        assert notice.handoff_id is not None
        lane.hear(
            says.dispatch(DeliveryStarted, at(hours=1), notice.notice_id, notice.handoff_id, SOTE)
        )
    lane.hear(says.withdraws(at(hours=2)))
    assert len(lane.hot.recalls) == 2
    step = lane.hear(says.answers(RecallAcknowledged, at(hours=3), SOTE, referral_id="r-2"))
    assert step.verdict is Verdict.ACCEPTED
    assert [recall.handoff_id for recall in lane.hot.recalls] == [handoff_id]


def test_a_recall_that_never_went_out_cannot_be_confirmed() -> None:
    lane, says, handoff_id = referred()
    lane.hear(says.withdraws(at(hours=1)))
    step = lane.hear(says.answers(RecallAcknowledged, at(hours=2), SOTE, handoff_id))
    assert step.rule == "no-recall-to-confirm"
    assert (recalls(lane), lane.hot.recalls) == ([], ())


@pytest.mark.parametrize("by", ["receipt", "answer"])
def test_what_arrived_although_the_basis_was_gone_is_recalled_late_and_once(by: str) -> None:
    lane, says, handoff_id = referred()
    notice_id = lane.waiting[0]
    lane.hear(says.withdraws(at(hours=1)))
    assert recalls(lane) == []

    if by == "receipt":
        lane.hear(says.dispatch(NoticeDelivered, at(hours=2), notice_id, handoff_id, SOTE))
    else:
        step = lane.hear(says.answers(HandoffReceived, at(hours=2), SOTE, handoff_id))
        assert step.rule == "terminal"
    lane.hear(says.answers(HandoffAccepted, at(hours=3), SOTE, handoff_id))

    assert recalls(lane) == [DEFAULTS]
    notice = lane.told(NoticeKind.RECALL)
    assert (notice.to, notice.handoff_id, notice.referral_id) == (SOTE, handoff_id, "r-1")
    assert (notice.content, notice.categories) == ((), DEFAULTS)
    assert lane.hot.recalls[0].issued_at == at(hours=2)
    confirmed = lane.hear(says.answers(RecallAcknowledged, at(hours=4), SOTE, referral_id="r-1"))
    assert confirmed.verdict is Verdict.ACCEPTED


def test_the_source_speaking_late_issues_no_recall() -> None:
    lane, says, handoff_id = referred()
    lane.hear(says.withdraws(at(hours=1)))
    lane.hear(says.answers(HandoffAccepted, at(hours=2), EMPLOYMENT, handoff_id))
    assert recalls(lane) == []


def test_a_narrower_consent_stops_and_recalls_category_by_category() -> None:
    lane, says, handoff_id = referred()
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))
    lane.hear(says.consents(at(hours=2), categories=(IDENTITY, NEEDS)))
    assert recalls(lane) == [(CONTACT,)]
    assert lane.handoff.granted == lane.handoff.disclosed == (IDENTITY, NEEDS)
    lane.hear(says.consents(at(hours=3), categories=(IDENTITY,)))
    assert recalls(lane) == [(CONTACT,), (NEEDS,)]
    assert lane.hot.recalls[0].categories == (CONTACT, NEEDS)


def test_what_is_still_permitted_leaves_in_a_new_notice_where_nothing_had_left() -> None:
    lane, says, _ = referred()
    old = lane.waiting[0]

    lane.hear(says.consents(at(hours=1), categories=(IDENTITY, NEEDS)))

    (notice,) = lane.notices
    assert (notice.kind, notice.detail) == (NoticeKind.REFERRAL, "requested")
    assert notice.categories == (IDENTITY, NEEDS)
    assert [p.part for p in notice.content] == [Part.IDENTITY, Part.SERVICE_NEEDS]
    assert recalls(lane) == []
    assert starts(lane, says, at(hours=2), old) is Verdict.REFUSED
    assert starts(lane, says, at(hours=2)) is Verdict.ACCEPTED


def test_what_is_still_permitted_leaves_anew_where_the_recalled_notice_may_not_have_arrived() -> (
    None
):
    lane, says, _ = referred()
    starts(lane, says, at(hours=1))

    lane.hear(says.consents(at(hours=2), categories=(IDENTITY, NEEDS)))

    # Dispatch may not try the old notice again: without a new one the referral would be lost.
    assert [(n.kind, n.categories) for n in lane.notices] == [
        (NoticeKind.REFERRAL, (IDENTITY, NEEDS)),
        (NoticeKind.RECALL, (CONTACT,)),
    ]


def test_nothing_is_sent_twice_to_whom_it_has_arrived() -> None:
    lane, says, handoff_id = referred()
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    for notice_id in lane.waiting:
        starts(lane, says, at(hours=1), notice_id)
    lane.hear(says.consents(at(hours=2), categories=(IDENTITY, NEEDS)))
    assert [n.kind for n in lane.notices] == [NoticeKind.RECALL]


def test_a_basis_that_comes_later_sends_the_withheld_part_on_as_information() -> None:
    lane, says, handoff_id = referred(S_1=(IDENTITY,))
    starts(lane, says, at(hours=1))

    step = lane.hear(says.consents(at(hours=2), categories=(CONTACT,), statement="S-2"))

    assert step.handoff_id == handoff_id
    (notice,) = lane.notices
    assert (notice.kind, notice.categories) == (NoticeKind.INFORMATION, (CONTACT,))
    assert [p.part for p in notice.content] == [Part.CONTACT]
    made = [fact for fact in lane.facts if isinstance(fact, DisclosureMade)]
    assert [fact.categories for fact in made] == [(CONTACT,)]
    assert lane.handoff.granted == (IDENTITY, CONTACT)
    assert lane.handoff.disclosed == (IDENTITY,)


def test_information_that_waits_goes_on_where_it_holds_nothing_of_what_was_withdrawn() -> None:
    lane, says, _ = referred(S_1=(IDENTITY,))
    referral = lane.waiting[0]
    lane.hear(says.consents(at(hours=1), categories=(CONTACT,), statement="S-2"))
    lane.hear(says.consents(at(hours=1), categories=(NEEDS,), statement="S-3"))
    starts(lane, says, at(hours=2), referral)
    lane.hear(says.dispatch(NoticeDelivered, at(hours=2), referral, lane.handoff.handoff_id, SOTE))
    (contact, needs) = lane.waiting

    lane.hear(says.withdraws(at(hours=3), statement="S-2"))

    assert lane.notices == ()
    assert lane.waiting == (needs,)
    handoff_id = lane.handoff.handoff_id
    refused = lane.hear(
        says.dispatch(
            DeliveryStarted, at(hours=4), contact, handoff_id, SOTE, NoticeKind.INFORMATION
        )
    )
    assert refused.rule == "notice-cancelled"


def test_information_that_waits_is_sent_anew_without_what_was_withdrawn_meanwhile() -> None:
    lane, says, handoff_id = referred(S_1=(IDENTITY,))
    starts(lane, says, at(hours=1))
    both = (CONTACT, NEEDS)
    lane.hear(says.consents(at(hours=2), categories=both, statement="S-2"))
    (waiting,) = lane.waiting
    assert lane.told(NoticeKind.INFORMATION).categories == both

    lane.hear(says.consents(at(hours=3), categories=(NEEDS,), statement="S-2"))

    (information,) = lane.notices
    assert (information.kind, information.categories) == (NoticeKind.INFORMATION, (NEEDS,))
    assert lane.waiting == (information.notice_id,)
    report = says.dispatch(
        NoticeDelivered, at(hours=4), waiting, handoff_id, SOTE, NoticeKind.INFORMATION
    )
    lane.hear(report)
    assert recalls(lane) == [(CONTACT,)]
    assert lane.handoff.disclosed == (IDENTITY, NEEDS)


def test_what_was_not_disclosed_is_not_recalled() -> None:
    lane, says, _ = referred(S_1=(IDENTITY,))
    starts(lane, says, at(hours=1))
    lane.hear(says.consents(at(hours=2), categories=(CONTACT,), statement="S-2"))
    lane.hear(says.withdraws(at(hours=3), statement="S-2"))
    assert recalls(lane) == []
    assert lane.handoff.granted == (IDENTITY,)


def test_a_basis_may_come_and_go_in_one_statement() -> None:
    lane, says, handoff_id = referred(S_1=(IDENTITY, CONTACT))
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))
    lane.hear(says.consents(at(hours=2), categories=(IDENTITY, NEEDS)))
    assert recalls(lane) == [(CONTACT,)]
    assert {n.kind for n in lane.notices} == {NoticeKind.INFORMATION, NoticeKind.RECALL}
    assert lane.handoff.granted == (IDENTITY, NEEDS)


def test_an_issued_recall_waits_on_when_the_rest_goes_before_it_left() -> None:
    lane, says, handoff_id = referred(S_1=(CONTACT,))
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    lane.hear(says.consents(at(hours=2), categories=(IDENTITY,), statement="S-2"))
    lane.hear(says.withdraws(at(hours=3)))
    assert recalls(lane) == [(CONTACT,)]
    lane.hear(says.withdraws(at(hours=4), statement="S-2"))
    assert lane.hot.handoffs == ()
    assert [(r.categories, r.issued_at) for r in lane.hot.recalls] == [((CONTACT,), at(hours=3))]
    confirmed = lane.hear(says.answers(RecallAcknowledged, at(hours=5), SOTE, handoff_id))
    assert confirmed.verdict is Verdict.ACCEPTED
