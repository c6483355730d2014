"""Who got what, when and on which basis; what stayed behind; what was fetched back; what left."""

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
)
from streams.domain.codes import Category, Part, Purpose, RejectReason, Service
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import AgencyId, HandoffId, Instant, NoticeId, PersonId
from streams.domain.referral import ReferralCancelled
from streams.views.answers import DisclosureSeen, RecallSeen
from tests.domain.region import (
    CONTENT,
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    PERSON,
    SOTE,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker
from tests.views.disclosed import seen
from tests.views.watched_hub import WatchedHub, watched

IDENTITY, CONTACT, NEEDS = DEFAULTS
ALL = [category.value for category in DEFAULTS]


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def the(hub: WatchedHub, what: str) -> DisclosureSeen:
    (found,) = seen(hub, what)
    return found


def referred(hub: WatchedHub, speaker: Speaker) -> HandoffId:
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    return hub.handoff_id


def reported(
    hub: WatchedHub,
    speaker: Speaker,
    kind: type[DeliveryStarted | NoticeDelivered | NoticeUndeliverable],
    when: Instant,
    to: AgencyId = SOTE,
) -> None:
    notice = seen(hub, "disclosed")[-1]
    named = NoticeId(str(notice.notice_id)), HandoffId(notice.handoff_id)
    hub.hear(speaker.dispatch(kind, when, *named, to))


def test_a_disclosure_says_who_got_what_and_on_what(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0), categories=(IDENTITY,)), speaker.refers(at(0, 1)))

    told = the(hub, "disclosed")

    assert (told.source, told.to, told.person) == (EMPLOYMENT, SOTE, PERSON)
    assert (told.kind, told.service) == ("referral", "work_ability_assessment")
    assert (told.recorded_at, told.handoff_id, told.case_id) == (
        at(0, 1),
        hub.handoff_id,
        hub.handoff_id,
    )
    assert (told.categories, told.carried) == (["identity"], ["identity"])
    assert told.basis == [
        {"category": "identity", "basis": "consent", "rule": "S-1", "overrode": None}
    ]
    assert [(held["category"], held["reason"]) for held in told.withheld] == [
        ("contact", "no-basis"),
        ("service_needs", "no-basis"),
    ]
    assert told.withheld[0]["missing"][0]["ask_for"] == "consent"
    assert told.entry_id == hub.entries[1].entry.entry_id


def test_what_was_permitted_and_not_in_the_message_was_not_carried(
    hub: WatchedHub, speaker: Speaker
) -> None:
    said = speaker.refers(at(0, 1))
    without_contact = tuple(part for part in CONTENT if part.part is not Part.CONTACT)
    hub.hear(speaker.consents(at(0)), said._replace(sealed=without_contact))

    told = the(hub, "disclosed")

    assert (told.categories, told.carried) == (ALL, ["identity", "service_needs"])


def test_nothing_has_left_before_it_leaves(hub: WatchedHub, speaker: Speaker) -> None:
    referred(hub, speaker)

    told = the(hub, "disclosed")

    assert (told.status, told.left_at, told.arrived_at, told.reached) == (
        "pending",
        None,
        None,
        "pending",
    )


def test_dispatch_says_when_it_left_and_arrived(hub: WatchedHub, speaker: Speaker) -> None:
    referred(hub, speaker)
    reported(hub, speaker, DeliveryStarted, at(1))
    left = the(hub, "disclosed")
    reported(hub, speaker, NoticeDelivered, at(2))
    arrived = the(hub, "disclosed")

    assert (left.left_at, left.left_by, left.arrived_at, left.reached) == (
        at(1),
        "DeliveryStarted",
        None,
        "left",
    )
    assert (arrived.left_at, arrived.arrived_at, arrived.arrived_by, arrived.reached) == (
        at(1),
        at(2),
        "NoticeDelivered",
        "arrived",
    )


def test_who_answers_shows_that_it_arrived(hub: WatchedHub, speaker: Speaker) -> None:
    handoff_id = referred(hub, speaker)
    hub.hear(speaker.answers(HandoffReceived, at(1), SOTE, handoff_id))
    # What the hub then hears of its own delivery says nothing new.
    reported(hub, speaker, NoticeDelivered, at(2))

    told = the(hub, "disclosed")

    assert (told.left_at, told.left_by) == (at(1), "answer")
    assert (told.arrived_at, told.arrived_by) == (at(1), "answer")


def test_what_died_on_its_way_may_have_left(hub: WatchedHub, speaker: Speaker) -> None:
    referred(hub, speaker)
    reported(hub, speaker, DeliveryStarted, at(1))
    reported(hub, speaker, NoticeUndeliverable, at(2))

    told = the(hub, "disclosed")

    assert (told.status, told.left_at, told.arrived_at, told.reached) == (
        "dead",
        at(1),
        None,
        "left",
    )


def test_an_answer_before_its_referral_shows_that_the_recipient_has_it(
    hub: WatchedHub, speaker: Speaker
) -> None:
    early = speaker.answers(HandoffAccepted, at(0, 2), SOTE, referral_id="r-1")
    hub.hear(speaker.consents(at(0)), early, speaker.refers(at(0, 3), message_id="r-1"))

    told = the(hub, "disclosed")

    assert (told.status, told.left_at, told.left_by) == ("delivered", at(0, 3), "answer")


def test_what_waits_for_a_basis_is_withheld_and_nothing_more(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(speaker.refers(at(0)))

    told = the(hub, "withheld")

    assert seen(hub) == [told]
    assert (told.to, told.kind, told.notice_id, told.status) == (SOTE, None, None, None)
    assert (told.categories, told.basis, told.carried) == (ALL, [], [])
    assert [held["reason"] for held in told.withheld] == ["no-basis"] * 3


def test_what_a_later_basis_lets_go_is_a_disclosure_of_its_own(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(
        speaker.consents(at(0), categories=(IDENTITY,)),
        speaker.refers(at(1)),
        speaker.consents(at(2), statement="S-2", categories=(CONTACT,)),
    )

    first, second = seen(hub, "disclosed")

    assert (first.kind, first.categories) == ("referral", ["identity"])
    assert (second.kind, second.categories, second.basis[0]["rule"]) == (
        "information",
        ["contact"],
        "S-2",
    )


def test_a_withdrawal_fetches_back_what_left_until_it_is_confirmed(
    hub: WatchedHub, speaker: Speaker
) -> None:
    handoff_id = referred(hub, speaker)
    reported(hub, speaker, DeliveryStarted, at(1))
    hub.hear(speaker.consents(at(2), categories=(IDENTITY,)))
    recalled = RecallSeen(("contact", "service_needs"), at(2), None)

    first, anew = seen(hub, "disclosed")
    recall = the(hub, "recalled")

    assert (first.recalls, anew.recalls) == ((recalled,), ())
    assert [held["category"] for held in anew.withheld] == ["contact", "service_needs"]
    assert (recall.kind, recall.to, recall.categories) == (
        "recall",
        SOTE,
        ["contact", "service_needs"],
    )
    assert (recall.recorded_at, recall.confirmed_at) == (at(2), None)

    hub.hear(speaker.answers(RecallAcknowledged, at(3), SOTE, handoff_id))

    assert the(hub, "recalled").confirmed_at == at(3)
    assert seen(hub, "disclosed")[0].recalls == (recalled._replace(confirmed_at=at(3)),)


def test_what_never_left_is_not_fetched_back(hub: WatchedHub, speaker: Speaker) -> None:
    referred(hub, speaker)
    hub.hear(speaker.withdraws(at(1)))

    told = the(hub, "disclosed")

    assert (told.status, told.left_at, told.recalls) == ("cancelled", None, ())
    assert seen(hub, "recalled") == []
    assert [held["category"] for held in the(hub, "withheld").withheld] == ALL


def test_what_arrives_after_the_end_is_fetched_back_then(hub: WatchedHub, speaker: Speaker) -> None:
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.withdraws(at(1)),
        speaker.answers(HandoffReceived, at(2), SOTE, handoff_id),
    )

    told = the(hub, "disclosed")

    assert (told.left_at, told.recalls) == (at(2), (RecallSeen(tuple(ALL), at(2), None),))


def test_what_is_disclosed_again_after_a_recall_is_not_recalled(
    hub: WatchedHub, speaker: Speaker
) -> None:
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id),
        speaker.withdraws(at(2)),
        speaker.consents(at(3)),
    )

    first, again = seen(hub, "disclosed")

    assert (len(first.recalls), again.recalls) == (1, ())
    assert (again.kind, again.categories) == ("information", ALL)


def test_what_a_newer_version_does_not_name_is_held_back_for_that_reason(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(
        speaker.consents(at(0), categories=(IDENTITY,)),
        speaker.refers(at(1), message_id="r-1"),
        speaker.refers(at(2), message_id="r-1", version=2, categories=(CONTACT,)),
    )

    told = the(hub, "withheld")

    assert hub.handoff().status == "cancelled"
    assert [(held["category"], held["reason"]) for held in told.withheld] == [
        ("identity", "not-asked-for")
    ]


def test_words_that_answer_a_question_are_a_disclosure_too(
    hub: WatchedHub, speaker: Speaker
) -> None:
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.answers(InformationRequested, at(1), SOTE, handoff_id),
        speaker.answers(InformationProvided, at(2), EMPLOYMENT, handoff_id),
    )

    _, told = seen(hub, "disclosed")

    assert (told.kind, told.categories, told.carried) == (
        "information",
        ["identity"],
        ["identity", "remark"],
    )
    assert [(row["category"], row["rule"]) for row in told.basis] == [("identity", "S-1")]


def test_the_parties_hear_how_things_stand_and_that_discloses_nothing(
    hub: WatchedHub, speaker: Speaker
) -> None:
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id),
        speaker.answers(ReferralCancelled, at(2), EMPLOYMENT, handoff_id),
    )

    assert [told.kind for told in seen(hub)] == ["referral"]


def test_what_was_asked_for_first_stands_with_what_was_passed_on(speaker: Speaker) -> None:
    rules = with_basis(statute(DEFAULTS, to_sector="kela"), statute(DEFAULTS))
    with watched(rules) as hub:
        hub.hear(speaker.refers(at(0), recipient=KELA))
        hub.hear(speaker.rejects(at(1), KELA, hub.handoff_id, RejectReason.MISDIRECTED))

        first, passed_on = seen(hub, "disclosed")

    assert (passed_on.to, passed_on.case_id) == (SOTE, first.handoff_id)
    assert (passed_on.asked_at, passed_on.asked_under) == (at(0), rules.digest.hex())


def test_only_what_was_recorded_between_two_instants_is_asked_for(
    hub: WatchedHub, speaker: Speaker
) -> None:
    handoff_id = referred(hub, speaker)
    hub.hear(
        speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id),
        speaker.withdraws(at(2)),
    )

    assert [told.what for told in seen(hub, until=at(2))] == ["disclosed"]
    assert [told.what for told in seen(hub, since=at(2))] == ["withheld", "recalled"]
    assert seen(hub, until=at(2))[0].recalls[0].issued_at == at(2)


def test_another_persons_disclosures_are_not_told(hub: WatchedHub, speaker: Speaker) -> None:
    other = Speaker(PersonId("p-00000000000000000000000002"))
    hub.hear(other.consents(at(0)), other.refers(at(1)))

    assert seen(hub) == []


def test_a_disclosure_for_another_purpose_rests_on_its_own_statement(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(
        speaker.consents(at(0)),
        speaker.consents(at(0), statement="S-2", recipient=KELA, purpose=Purpose.REHABILITATION),
        speaker.refers(at(1)),
        speaker.refers(at(2), recipient=KELA, service_code=Service.VOCATIONAL_REHABILITATION),
    )

    assert [{row["rule"] for row in told.basis} for told in seen(hub)] == [{"S-1"}, {"S-2"}]
    assert Category.IDENTITY.value in seen(hub)[1].categories
