"""When a basis goes, every agency that has the data is asked to stop using it, and once."""

from collections.abc import Callable

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.calendar import DAY_US
from streams.domain.closed_record import needs_closed
from streams.domain.codes import Basis, Category, Milestone, NoticeKind, RejectReason, Status
from streams.domain.entry import DisclosureWithheld, RecallConfirmed, RecallIssued
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import AgencyId, HandoffId, Instant
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    REGION,
    SOTE,
    TYP,
    PlainAnswer,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker
from tests.domain.stages import (
    EXPIRY,
    MEMBERS_MAY_TELL,
    on_consent,
    on_expiring_consent,
    on_membership,
    staged,
)

IDENTITY, CONTACT, NEEDS = DEFAULTS
OVER = (Status.COMPLETED, Status.FAILED, Status.REJECTED)
Ending = Callable[[Lane, Speaker], None]


def withdrawn(lane: Lane, says: Speaker) -> None:
    lane.hear(says.withdraws(at(days=3)))


def prohibited(lane: Lane, says: Speaker) -> None:
    lane.hear(says.prohibits(at(days=3)))


def prohibited_from_a_day_on(lane: Lane, says: Speaker) -> None:
    lane.hear(says.prohibits(at(days=1), valid=(EXPIRY, None)))
    assert lane.all_facts(RecallIssued) == []
    lane.wait_until(Instant(EXPIRY + DAY_US))


def replaced(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(at(days=3), categories=()))


def expired(lane: Lane, says: Speaker) -> None:
    lane.wait_until(Instant(EXPIRY + DAY_US))


def left_typ(lane: Lane, says: Speaker) -> None:
    lane.hear(says.reaches(at(days=3), Milestone.TYP_MEMBERSHIP_ENDED))


ENDINGS: list[tuple[Callable[[Lane, Speaker], None], Ending]] = [
    (on_consent, withdrawn),
    (on_consent, prohibited),
    (on_consent, prohibited_from_a_day_on),
    (on_consent, replaced),
    (on_expiring_consent, expired),
    (on_membership, left_typ),
    (on_membership, prohibited),
]


def recalls(lane: Lane) -> list[tuple[HandoffId, AgencyId, tuple[Category, ...]]]:
    return [(fact.handoff_id, fact.to, fact.categories) for fact in lane.all_facts(RecallIssued)]


def ended(lane: Lane, says: Speaker, kind: type[PlainAnswer], when: Instant) -> HandoffId:
    """Let a handoff be received, and end so."""
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffReceived, when, SOTE, handoff_id))
    by = SOTE if kind is ServiceCompleted else EMPLOYMENT
    lane.hear(says.answers(kind, when, by, handoff_id))
    assert lane.hot.handoffs == ()
    return handoff_id


@pytest.mark.parametrize(("basis", "ends"), ENDINGS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("status", OVER)
def test_who_got_the_data_in_a_handoff_that_is_over_is_asked_to_stop(
    status: Status, basis: Callable[[Lane, Speaker], None], ends: Ending
) -> None:
    lane, says, handoff_id = staged(status, basis)
    assert (lane.hot.handoffs, lane.hot.holdings) == ((), 1)

    ends(lane, says)

    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]
    (notice,) = lane.notices
    assert (notice.kind, notice.to, notice.handoff_id) == (NoticeKind.RECALL, SOTE, handoff_id)
    assert (notice.categories, notice.content, notice.detail) == (DEFAULTS, (), "basis-withdrawn")
    assert (notice.referral_id, notice.source) == ("m-staged", EMPLOYMENT)
    withheld = next(fact for fact in lane.facts if isinstance(fact, DisclosureWithheld))
    assert (withheld.handoff_id, withheld.to, withheld.categories) == (handoff_id, SOTE, DEFAULTS)
    assert lane.last is not None
    assert lane.last.handoff_id == handoff_id
    assert lane.hot.holdings == 0


@pytest.mark.parametrize("kind", [ReferralCancelled, ReferralMarkedInError])
def test_what_its_source_took_back_after_it_arrived_is_recalled_when_the_basis_goes(
    kind: type[PlainAnswer],
) -> None:
    lane, says, _ = staged(Status.REQUESTED)
    handoff_id = ended(lane, says, kind, at(hours=1))
    assert recalls(lane) == []
    lane.hear(says.withdraws(at(days=1)))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]


def test_each_agency_on_a_persons_way_is_recalled_in_one_entry() -> None:
    lane, says = Lane(), Speaker()
    given = says.consents(at(days=-1), recipient=None)
    lane.hear(given._replace(sources=()))
    for hour, recipient in enumerate((SOTE, KELA, SOTE)):
        lane.hear(says.refers(at(hours=2 * hour), recipient=recipient))
        handoff_id = lane.handoff.handoff_id
        if hour < 2:
            lane.hear(
                says.rejects(
                    at(hours=2 * hour + 1), recipient, handoff_id, RejectReason.NO_CAPACITY
                )
            )
    lane.hear(says.answers(HandoffAccepted, at(hours=6), SOTE, lane.handoff.handoff_id))

    lane.hear(says.withdraws(at(hours=7)))

    issued = [fact for fact in lane.facts if isinstance(fact, RecallIssued)]
    assert [fact.to for fact in issued] == [SOTE, SOTE, KELA]
    assert len({fact.handoff_id for fact in issued}) == 3
    assert {fact.categories for fact in issued} == {DEFAULTS}
    assert [n.to for n in lane.notices if n.kind is NoticeKind.RECALL] == [SOTE, SOTE, KELA]


def test_who_was_asked_before_a_referral_was_passed_on_is_recalled_too() -> None:
    lane, says = Lane(), Speaker()
    given = says.consents(at(days=-1), recipient=None)
    lane.hear(given._replace(sources=()))
    lane.hear(says.refers(at(), recipient=KELA))
    first = lane.handoff.handoff_id
    lane.hear(says.rejects(at(hours=1), KELA, first, RejectReason.MISDIRECTED))
    second = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffReceived, at(hours=2), SOTE, second))
    lane.hear(says.withdraws(at(hours=3)))
    assert recalls(lane) == [(second, SOTE, DEFAULTS), (first, KELA, DEFAULTS)]


def test_the_same_data_is_recalled_once_whatever_goes_next() -> None:
    lane, says, handoff_id = staged(Status.COMPLETED)
    lane.hear(says.consents(at(days=1), categories=(IDENTITY, NEEDS)))
    lane.hear(says.prohibits(at(days=2)))
    lane.hear(says.withdraws(at(days=3)))
    lane.hear(says.prohibits(at(days=4), statement="K-2"))
    assert recalls(lane) == [(handoff_id, SOTE, (CONTACT,)), (handoff_id, SOTE, (IDENTITY, NEEDS))]
    (waiting,) = lane.hot.recalls
    assert (waiting.categories, waiting.issued_at) == ((CONTACT, IDENTITY, NEEDS), at(days=1))


def test_data_whose_basis_stands_stays_where_it_is() -> None:
    region = with_basis(statute((IDENTITY, NEEDS)))
    lane, says, handoff_id = staged(Status.COMPLETED, agreement=region)
    lane.hear(says.withdraws(at(days=1)))
    assert recalls(lane) == [(handoff_id, SOTE, (CONTACT,))]
    assert lane.hot.holdings == 1
    lane.hear(says.prohibits(at(days=2)))
    assert recalls(lane)[1:] == [(handoff_id, SOTE, (IDENTITY, NEEDS))]


def test_a_vital_interest_holds_against_a_prohibition_when_the_handoff_is_over_too() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.refers(at(), basis=Basis.VITAL))
    ended(lane, says, ReferralCancelled, at(hours=1))
    lane.hear(says.prohibits(at(days=1)))
    assert recalls(lane) == []


def test_a_new_non_disclosure_order_recalls_contact_data_from_the_past() -> None:
    lane, says, handoff_id = staged(Status.COMPLETED)
    says.protected = True
    lane.hear(says.reaches(at(days=1), Milestone.PLAN_MADE))
    assert recalls(lane) == [(handoff_id, SOTE, (CONTACT,))]
    lane.hear(says.reaches(at(days=2), Milestone.PLAN_MADE))
    assert len(recalls(lane)) == 1


def test_an_accepted_service_goes_on_and_its_data_stops() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    lane.hear(says.withdraws(at(hours=1)))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]
    for hour, kind in ((2, ServiceStarted), (3, WorkerNamed), (4, ServiceCompleted)):
        step = lane.hear(says.answers(kind, at(hours=hour), SOTE, handoff_id))
        assert step.verdict is Verdict.ACCEPTED
        assert not any(n.to == SOTE for n in lane.notices)
    assert lane.hot.holdings == 0
    lane.hear(says.prohibits(at(hours=5)))
    assert len(recalls(lane)) == 1
    confirmed = lane.hear(says.answers(RecallAcknowledged, at(hours=6), SOTE, handoff_id))
    assert confirmed.verdict is Verdict.ACCEPTED


def test_what_went_again_on_a_new_consent_is_recalled_again() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    lane.hear(says.withdraws(at(hours=1)))
    lane.hear(says.consents(at(hours=2), categories=(NEEDS,), statement="S-2"))
    again = lane.told(NoticeKind.INFORMATION)
    lane.hear(
        says.dispatch(DeliveryStarted, at(hours=3), again.notice_id, handoff_id, SOTE, again.kind)
    )
    lane.hear(says.withdraws(at(hours=4), statement="S-2"))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS), (handoff_id, SOTE, (NEEDS,))]


def test_an_agency_that_left_the_region_is_still_asked_for_the_data() -> None:
    lane, says, handoff_id = staged(Status.COMPLETED)
    left = {name: agency for name, agency in REGION.agencies.items() if name != SOTE}
    lane.agreement = REGION._replace(agencies=left, services=REGION.services[1:])
    lane.hear(says.withdraws(at(days=1)))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]


def test_one_agencys_confirmation_is_not_anothers() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1), recipient=None)._replace(sources=()))
    handoffs: list[HandoffId] = []
    for hour, recipient in ((1, SOTE), (3, KELA)):
        lane.hear(says.refers(at(hours=hour), recipient=recipient))
        handoffs.append(lane.handoff.handoff_id)
        lane.hear(says.rejects(at(hours=hour + 1), recipient, handoffs[-1]))
    lane.hear(says.withdraws(at(hours=6)))

    other = lane.hear(says.answers(RecallAcknowledged, at(hours=7), KELA, handoffs[0]))
    assert (other.verdict, other.rule) == (Verdict.REFUSED, "not-a-party")
    lane.hear(says.answers(RecallAcknowledged, at(hours=8), KELA, handoffs[1]))

    assert lane.all_facts(RecallConfirmed) == [RecallConfirmed(handoffs[1], KELA)]
    assert [(recall.handoff_id, recall.to) for recall in lane.hot.recalls] == [(handoffs[0], SOTE)]
    lane.hear(says.answers(RecallAcknowledged, at(hours=9), SOTE, handoffs[0]))
    assert lane.hot.recalls == ()


@pytest.mark.parametrize(
    ("status", "kind"), [(Status.REQUESTED, ServiceStarted), (Status.RECEIVED, WorkerNamed)]
)
def test_who_answers_has_the_data_though_its_answer_is_refused(
    status: Status, kind: type[PlainAnswer]
) -> None:
    lane, says, handoff_id = staged(status)
    lane.hear(says.answers(kind, at(hours=1), EMPLOYMENT, handoff_id))
    by_source = lane.handoff.disclosed
    step = lane.hear(says.answers(kind, at(hours=1), SOTE, handoff_id))
    assert (step.verdict, lane.handoff.disclosed) == (Verdict.REFUSED, DEFAULTS)
    assert by_source == (() if status is Status.REQUESTED else DEFAULTS)
    lane.hear(says.withdraws(at(hours=2)))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]


def test_who_guesses_at_a_handoff_that_waits_for_its_basis_has_nothing() -> None:
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))
    assert (lane.handoff.disclosed, lane.handoff.delivery_started) == ((), False)


def unsent(kind: type[PlainAnswer] | None) -> tuple[Lane, Speaker, HandoffId, Event]:
    """End a handoff before its referral left; give the receipt that comes all the same."""
    lane, says, handoff_id = staged(Status.REQUESTED)
    (notice_id,) = lane.waiting
    if kind is None:
        lane.hear(says.withdraws(at(hours=1)))
    else:
        lane.hear(says.answers(kind, at(hours=1), EMPLOYMENT, handoff_id))
    assert (lane.hot.handoffs, lane.hot.holdings) == ((), 0)
    receipt = says.dispatch(NoticeDelivered, at(hours=2), notice_id, handoff_id, SOTE)
    return lane, says, handoff_id, receipt


@pytest.mark.parametrize("by", ["receipt", "answer"])
def test_what_arrived_after_its_source_took_it_back_is_recalled_when_the_basis_goes(
    by: str,
) -> None:
    lane, says, handoff_id, receipt = unsent(ReferralCancelled)
    answer = says.answers(HandoffReceived, at(hours=2), SOTE, handoff_id)
    lane.hear(receipt if by == "receipt" else answer)
    assert (recalls(lane), lane.hot.holdings) == ([], 1)
    lane.hear(answer._replace(envelope=says.envelope(SOTE, at(hours=3))))
    lane.hear(says.withdraws(at(hours=4)))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]


def test_what_arrived_when_the_basis_had_gone_meanwhile_is_recalled_at_once() -> None:
    lane, says, handoff_id, receipt = unsent(ReferralCancelled)
    lane.hear(says.consents(at(hours=1.5), categories=(IDENTITY,)))
    assert recalls(lane) == []
    lane.hear(receipt)
    assert recalls(lane) == [(handoff_id, SOTE, (CONTACT, NEEDS))]
    assert lane.hot.holdings == 1


def test_what_arrived_of_a_withdrawn_handoff_is_recalled_whatever_was_said_since() -> None:
    lane, says, handoff_id, receipt = unsent(None)
    lane.hear(says.consents(at(hours=1.5), statement="S-2"))
    lane.hear(receipt)
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]
    assert lane.hot.holdings == 0


def test_a_receipt_of_what_was_recalled_already_recalls_nothing_again() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    (notice_id,) = lane.waiting
    lane.hear(says.dispatch(DeliveryStarted, at(hours=1), notice_id, handoff_id, SOTE))
    lane.hear(says.withdraws(at(hours=2)))
    lane.hear(says.dispatch(NoticeDelivered, at(hours=3), notice_id, handoff_id, SOTE))
    lane.hear(says.answers(HandoffAccepted, at(hours=4), SOTE, handoff_id))
    assert len(recalls(lane)) == 1


def test_a_receipt_of_what_may_still_be_there_makes_it_disclosed() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    (old,) = lane.waiting
    lane.hear(says.consents(at(hours=1), categories=(IDENTITY, NEEDS)))
    lane.hear(says.dispatch(NoticeDelivered, at(hours=2), old, handoff_id, SOTE))
    assert recalls(lane) == [(handoff_id, SOTE, (CONTACT,))]
    assert lane.handoff.disclosed == (IDENTITY, NEEDS)
    assert lane.handoff.status is Status.RECEIVED
    assert [part.part for part in lane.told(NoticeKind.RECALL).content] == ["identity"]


def test_ordinary_events_do_not_ask_what_agencies_hold() -> None:
    lane, says, _ = staged(Status.COMPLETED)
    ordinary: list[Event] = [
        says.consents(at(days=1)),  # the same version of the same consent
        says.consents(at(days=1), statement="S-9"),
        says.lifts(at(days=1)),
        says.reaches(at(days=1), Milestone.PLAN_MADE),
        says.refers(at(days=1)),
    ]
    ending: list[Event] = [
        says.consents(at(days=1), categories=()),
        says.consents(at(days=1), valid=(None, EXPIRY)),
        says.consents(at(days=1), service_tasks=("tyoikaisten",)),
        says.withdraws(at(days=1)),
        says.prohibits(at(days=1)),
        says.reaches(at(days=1), Milestone.TYP_MEMBERSHIP_ENDED),
    ]
    assert [e for e in ordinary if needs_closed(lane.hot, e)] == []
    assert [e for e in ending if not needs_closed(lane.hot, e)] == []
    lane.hear(says.withdraws(at(days=1)))
    assert [e for e in ending if needs_closed(lane.hot, e)] == []


def test_a_membership_that_ends_recalls_from_a_person_with_nothing_open() -> None:
    lane, says, handoff_id = staged(Status.COMPLETED, on_membership, MEMBERS_MAY_TELL)
    assert lane.hot.statements == ()
    lane.hear(says.reaches(at(days=3), Milestone.TYP_MEMBERSHIP_ENDED, TYP))
    assert recalls(lane) == [(handoff_id, SOTE, DEFAULTS)]
