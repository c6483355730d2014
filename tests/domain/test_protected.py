"""A person with a non-disclosure order (turvakielto): what is known, kept and told."""

from streams.domain.answers import HandoffAccepted, HandoffReceived
from streams.domain.codes import Category, Milestone, NoticeKind, Part, Status
from streams.domain.entry import RecallIssued
from streams.domain.envelope import HUB
from streams.domain.step import kept
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    LAPPEENRANTA,
    SOTE,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker

IDENTITY, CONTACT, NEEDS = DEFAULTS


def test_the_municipality_is_clear_in_the_state_and_left_out_of_the_entry() -> None:
    lane, says = Lane(), Speaker(protected=True)
    lane.hear(says.consents(at(days=-1)), says.refers(at(), recipient=None))
    assert (lane.hot.municipality, lane.hot.protected) == (LAPPEENRANTA, True)
    assert {entry.event.envelope.municipality for entry in lane.entries} == {""}
    assert lane.handoff.recipient == SOTE  # routed by it all the same


def test_of_anybody_else_the_entry_keeps_the_municipality() -> None:
    lane, says = Lane(), Speaker()
    referral = says.refers(at())
    lane.hear(referral)
    assert lane.entries[-1].event == kept(referral) == referral


def test_a_parked_answer_keeps_the_municipality_in_the_state_alone() -> None:
    lane, says = Lane(), Speaker(protected=True)
    lane.hear(says.answers(HandoffAccepted, at(), SOTE, referral_id="r-1"))
    assert lane.hot.parked[0].event.envelope.municipality == LAPPEENRANTA
    assert lane.entries[-1].event.envelope.municipality == ""


def test_contact_data_stays_behind_although_the_person_consented() -> None:
    lane, says = Lane(), Speaker(protected=True)
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    notice = lane.told(NoticeKind.REFERRAL)
    assert notice.categories == (IDENTITY, NEEDS)
    assert [(held.category, held.reason) for held in notice.withheld] == [
        (CONTACT, "non-disclosure-order")
    ]
    assert [part.part for part in notice.content] == [Part.IDENTITY, Part.SERVICE_NEEDS]


def test_contact_data_leaves_where_a_statute_names_it() -> None:
    lane, says = Lane(with_basis(statute((CONTACT,)))), Speaker(protected=True)
    lane.hear(says.refers(at()))
    assert lane.told(NoticeKind.REFERRAL).categories == (CONTACT,)


def test_what_says_nothing_of_the_person_changes_nothing_of_the_order() -> None:
    lane, says = Lane(), Speaker(protected=True)
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    silent = Speaker(municipality="")
    silent.said = 9
    lane.hear(silent.reaches(at(hours=1), Milestone.PLAN_MADE, agency=HUB))
    assert (lane.hot.municipality, lane.hot.protected) == (LAPPEENRANTA, True)


def test_an_order_may_be_known_before_the_municipality() -> None:
    lane, says = Lane(), Speaker(municipality="", protected=True)
    lane.hear(says.reaches(at(), Milestone.PLAN_MADE))
    assert (lane.hot.municipality, lane.hot.protected) == ("", True)


def test_an_order_that_comes_later_stops_and_recalls_contact_data() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))
    says.protected = True

    step = lane.hear(says.reaches(at(hours=2), Milestone.CONTACT_MADE, agency=SOTE))

    assert step.handoff_id == handoff_id
    assert RecallIssued(handoff_id, SOTE, (CONTACT,)) in lane.facts
    assert lane.handoff.granted == (IDENTITY, NEEDS)


def test_an_order_that_comes_before_the_delivery_lets_no_contact_data_leave() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    old = lane.waiting
    says.protected = True
    lane.hear(says.reaches(at(hours=1), Milestone.CONTACT_MADE, agency=SOTE))
    assert Category.CONTACT not in lane.told(NoticeKind.REFERRAL).categories
    assert lane.all_facts(RecallIssued) == []
    assert set(old).isdisjoint(lane.waiting)


def test_contact_data_follows_when_the_order_has_ended() -> None:
    lane, says = Lane(), Speaker(protected=True)
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, lane.handoff.handoff_id))
    says.protected = False
    lane.hear(says.reaches(at(hours=2), Milestone.CONTACT_MADE, agency=EMPLOYMENT))
    assert lane.told(NoticeKind.INFORMATION).categories == (CONTACT,)
    assert lane.handoff.status is Status.RECEIVED
