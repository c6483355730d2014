"""The fate of notices, as far as the ledger tells it."""

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.codes import Category, NoticeKind
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import HandoffId, NoticeId
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from tests.domain.region import EMPLOYMENT, KELA, SOTE, at
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub

IDENTITY = (Category.IDENTITY,)


def referred(hub: WatchedHub, speaker: Speaker) -> HandoffId:
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    return hub.handoff_id


def test_a_notice_is_pending_with_what_it_carries_and_what_stays_behind(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0), categories=IDENTITY), speaker.refers(at(0, 1)))

    (notice,) = hub.deliveries("referral")

    assert (notice.to, notice.status, notice.handoff_id) == (SOTE, "pending", hub.handoff_id)
    assert notice.categories == ["identity"]
    assert [held["category"] for held in notice.withheld] == ["contact", "service_needs"]
    assert {held["reason"] for held in notice.withheld} == {"no-basis"}
    assert notice.withheld[0]["missing"][0]["ask_for"] == "consent"


@pytest.mark.parametrize("answer", [HandoffReceived, HandoffAccepted, InformationRequested])
def test_who_answers_a_referral_has_it(
    hub: WatchedHub, answer: type[HandoffReceived | HandoffAccepted | InformationRequested]
) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(answer, at(1), SOTE, handoff_id))

    assert hub.fate("referral") == ["delivered"]


def test_what_another_agency_says_delivers_nothing(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(HandoffAccepted, at(1), KELA, handoff_id))

    assert hub.fate("referral") == ["pending"]


def test_an_answer_that_is_refused_still_shows_that_the_referral_arrived(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(ServiceStarted, at(1), SOTE, handoff_id))

    assert hub.handoff().status == "requested"
    assert hub.fate("referral") == ["delivered"]


def test_a_named_worker_shows_that_the_information_arrived(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.answers(InformationRequested, at(1), SOTE, handoff_id),
        speaker.answers(InformationProvided, at(2), EMPLOYMENT, handoff_id),
    )
    assert hub.fate("information-request") == ["delivered"]
    assert hub.fate("information") == ["pending"]

    hub.hear(
        speaker.answers(HandoffAccepted, at(3), SOTE, handoff_id),
        speaker.answers(WorkerNamed, at(4), SOTE, handoff_id),
    )

    assert hub.fate("information") == ["delivered", "pending"]


def test_an_answer_before_its_referral_shows_that_the_recipient_has_it(hub: WatchedHub) -> None:
    speaker = Speaker()
    answer = speaker.answers(HandoffAccepted, at(0, 2), SOTE, referral_id="r-1")

    hub.hear(speaker.consents(at(0)), answer, speaker.refers(at(0, 3), message_id="r-1"))

    assert hub.handoff().status == "accepted"
    assert hub.fate("referral") == ["delivered"]


def test_a_referral_that_comes_after_its_cancellation_never_leaves(hub: WatchedHub) -> None:
    speaker = Speaker()
    cancelled = speaker.answers(ReferralCancelled, at(0, 2), EMPLOYMENT, referral_id="r-1")

    hub.hear(speaker.consents(at(0)), cancelled, speaker.refers(at(0, 3), message_id="r-1"))

    assert hub.handoff().status == "cancelled"
    assert hub.fate("referral") == ["cancelled"]


def test_a_refused_answer_before_its_referral_tells_nothing_of_its_delivery(
    hub: WatchedHub,
) -> None:
    speaker = Speaker()
    answer = speaker.answers(HandoffAccepted, at(0, 2), KELA, referral_id="r-1")

    hub.hear(speaker.consents(at(0)), answer, speaker.refers(at(0, 3), message_id="r-1"))

    assert hub.fate("referral") == ["pending"]


@pytest.mark.parametrize("kind", [ReferralCancelled, ReferralMarkedInError])
def test_a_referral_called_off_before_it_left_never_leaves(
    hub: WatchedHub, kind: type[ReferralCancelled | ReferralMarkedInError]
) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(kind, at(1), EMPLOYMENT, handoff_id))

    assert hub.fate("referral") == ["cancelled"]


def test_a_withdrawal_before_delivery_cancels_the_notice(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    hub.hear(speaker.withdraws(at(1)))
    assert hub.fate("referral") == ["cancelled"]
    assert hub.fate("recall") == []

    hub.hear(speaker.answers(HandoffReceived, at(2), SOTE, handoff_id))

    # It had it from elsewhere, or the hub was wrong: either way the ledger says so.
    assert hub.fate("referral") == ["delivered"]
    assert hub.fate("recall") == ["pending"]


def test_a_narrower_consent_issues_the_referral_anew(hub: WatchedHub) -> None:
    speaker = Speaker()
    referred(hub, speaker)

    hub.hear(speaker.consents(at(1), categories=IDENTITY))

    assert hub.fate("referral") == ["cancelled", "pending"]


def test_only_what_holds_the_withdrawn_data_is_cancelled(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    notice_id = NoticeId(hub.deliveries("referral")[0].notice_id)
    hub.hear(speaker.consents(at(1), categories=IDENTITY))
    hub.hear(speaker.dispatch(DeliveryStarted, at(2), notice_id, handoff_id, SOTE))
    for statement, category in (("S-2", Category.CONTACT), ("S-3", Category.SERVICE_NEEDS)):
        hub.hear(speaker.consents(at(3), categories=(category,), statement=statement))
    assert hub.fate("information") == ["pending", "pending"]

    hub.hear(speaker.withdraws(at(4), statement="S-2"))

    assert hub.fate("information") == ["cancelled", "pending"]


def test_a_convened_coordinators_notice_is_cancelled_with_its_basis(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0), recipient=None))
    for day in (1, 2, 3):
        hub.hear(speaker.refers(at(day)))
        hub.hear(speaker.rejects(at(day, 1), SOTE, hub.handoff_id))
    assert hub.fate("convene") == ["pending"]

    hub.hear(speaker.withdraws(at(4)))

    assert hub.fate("convene") == ["cancelled", "pending"]


def test_a_newer_version_follows_the_referral_as_information(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(
        speaker.consents(at(0)),
        speaker.refers(at(0, 1), message_id="r-1"),
        speaker.refers(at(0, 2), message_id="r-1", version=2),
    )

    assert hub.fate("referral") == ["pending"]
    assert hub.fate("information") == ["pending"]


def test_a_newer_version_that_asks_for_less_issues_the_referral_anew(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(
        speaker.consents(at(0)),
        speaker.refers(at(0, 1), message_id="r-1"),
        speaker.refers(at(0, 2), message_id="r-1", version=2, categories=IDENTITY),
    )

    assert hub.fate("referral") == ["cancelled", "pending"]


def test_dispatch_reports_start_delivery_and_death(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    notice_id = NoticeId(hub.deliveries("referral")[0].notice_id)

    hub.hear(speaker.dispatch(DeliveryStarted, at(1), notice_id, handoff_id, SOTE))
    assert hub.fate("referral") == ["started"]

    hub.hear(speaker.dispatch(NoticeUndeliverable, at(2), notice_id, handoff_id, SOTE))
    assert hub.fate("referral") == ["dead"]
    assert hub.handoff().status == "undeliverable"

    hub.hear(speaker.dispatch(NoticeDelivered, at(3), notice_id, handoff_id, SOTE))
    assert hub.fate("referral") == ["delivered"]
    assert hub.handoff().status == "received"


def test_a_cancelled_notice_does_not_start(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    notice_id = NoticeId(hub.deliveries("referral")[0].notice_id)
    hub.hear(speaker.withdraws(at(1)))

    hub.hear(speaker.dispatch(DeliveryStarted, at(2), notice_id, handoff_id, SOTE))

    assert hub.fate("referral") == ["cancelled"]


def test_what_has_left_stays_started_when_the_basis_goes(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    notice_id = NoticeId(hub.deliveries("referral")[0].notice_id)
    hub.hear(speaker.dispatch(DeliveryStarted, at(1), notice_id, handoff_id, SOTE))

    hub.hear(speaker.withdraws(at(2)))

    assert hub.fate("referral") == ["started"]
    assert hub.fate("recall") == ["pending"]


def test_only_a_confirmation_says_that_a_recall_arrived(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id),
        speaker.withdraws(at(2)),
        speaker.answers(ServiceStarted, at(3), SOTE, handoff_id),
    )
    assert hub.fate("recall") == ["pending"]

    hub.hear(speaker.answers(RecallAcknowledged, at(4), SOTE, handoff_id))

    assert hub.fate("recall") == ["delivered"]


def test_notices_are_found_by_agency_and_fate(hub: WatchedHub) -> None:
    referred(hub, Speaker())
    (notice,) = hub.deliveries("referral")

    assert hub.desk.deliveries(to=SOTE, status="pending") == [notice]
    assert hub.desk.deliveries(to=KELA) == []
    assert hub.desk.deliveries(status="dead") == []
    assert hub.desk.fates([notice.notice_id, "n-nobody"]) == {notice.notice_id: "pending"}
    assert notice.kind == NoticeKind.REFERRAL.value
