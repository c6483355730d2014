"""Handoffs in the views stand where the ledger says, and nowhere else."""

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    RecallAcknowledged,
    ServiceCompleted,
)
from streams.domain.codes import Priority, RejectReason
from streams.domain.ids import AgencyId, HandoffId, PersonId
from streams.domain.referral import ReferralCancelled
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    MONDAY,
    PERSON,
    SOTE,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched


def referred(hub: WatchedHub, speaker: Speaker) -> HandoffId:
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    return hub.handoff_id


def test_a_handoff_shows_what_its_referral_said_and_when(hub: WatchedHub) -> None:
    referred(hub, Speaker())

    seen = hub.handoff()

    assert (seen.source, seen.recipient) == (EMPLOYMENT, SOTE)
    assert (seen.service, seen.status) == ("work_ability_assessment", "requested")
    assert (seen.priority, seen.status_reason) == ("routine", None)
    assert (seen.occurred_at, seen.recorded_at) == (at(0, 1), at(0, 1))
    assert seen.case_id == seen.handoff_id
    assert seen.person == PERSON
    assert seen.missing_basis is None


def test_responsibility_moves_with_acceptance_and_comes_back_at_the_end(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    assert hub.handoff().responsible == EMPLOYMENT

    hub.hear(speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id))
    assert (hub.handoff().status, hub.handoff().responsible) == ("accepted", SOTE)

    hub.hear(speaker.answers(ServiceCompleted, at(2), SOTE, handoff_id))
    assert (hub.handoff().status, hub.handoff().responsible) == ("completed", EMPLOYMENT)
    assert hub.handoff().updated_at == at(2)


def test_a_handoff_without_a_basis_names_what_is_missing_until_it_comes(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.refers(at(0)))
    missing = hub.handoff().missing_basis
    assert missing is not None
    assert [each["category"] for each in missing] == [c.value for c in DEFAULTS]
    assert {each["ask_for"] for each in missing} == {"consent"}

    hub.hear(speaker.consents(at(1)))

    assert (hub.handoff().status, hub.handoff().missing_basis) == ("requested", None)
    assert hub.handoff().status_reason == "basis-found"


def test_the_next_due_time_is_that_of_the_running_clock(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    (clock,) = hub.handoff().clocks
    assert hub.handoff().next_due_at == clock.due_at

    hub.hear(speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id))

    assert hub.handoff().next_due_at is None


def test_a_refused_event_changes_nothing_of_a_handoff(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    before = hub.handoff()

    hub.hear(speaker.answers(HandoffAccepted, at(1), KELA, handoff_id))

    assert hub.handoff() == before


def test_a_newer_version_of_the_referral_brings_its_priority(hub: WatchedHub) -> None:
    speaker = Speaker()
    first = speaker.refers(at(0, 1), message_id="r-1")
    newer = speaker.refers(at(0, 2), message_id="r-1", version=2)
    hub.hear(speaker.consents(at(0)), first)

    hub.hear(newer._replace(priority=Priority.URGENT))

    (seen,) = hub.handoffs()
    assert (seen.priority, seen.updated_at) == ("urgent", at(0, 2))


def test_a_misdirected_referral_that_is_passed_on_happened_when_it_was_sent() -> None:
    agreement = with_basis(statute(DEFAULTS, to_sector="kela"), statute(DEFAULTS))
    speaker = Speaker()
    with watched(agreement) as hub:
        hub.hear(speaker.refers(at(0), recipient=KELA))
        first = hub.handoff_id
        hub.hear(speaker.rejects(at(1), KELA, first, RejectReason.MISDIRECTED))

        rejected, rerouted = hub.handoffs()

    assert (rejected.status, rejected.status_reason) == ("rejected", "misdirected")
    assert (rerouted.recipient, rerouted.case_id) == (SOTE, first)
    assert (rerouted.occurred_at, rerouted.recorded_at) == (at(0), at(1))


@pytest.mark.parametrize(
    ("agency", "count"),
    [(EMPLOYMENT, 1), (SOTE, 1), (KELA, 0)],
    ids=["source", "recipient", "none"],
)
def test_an_agency_finds_the_handoffs_it_is_party_to(
    hub: WatchedHub, agency: AgencyId, count: int
) -> None:
    referred(hub, Speaker())

    assert len(hub.desk.handoffs(agency=agency)) == count


def test_handoffs_are_found_by_status_person_case_and_id(hub: WatchedHub) -> None:
    other = PersonId("p-00000000000000000000000002")
    handoff_id = referred(hub, Speaker())
    hub.hear(Speaker(other).refers(at(0, 2)))
    hub.desk.catch_up(hub.engine)

    assert [s.person for s in hub.desk.handoffs(status="awaiting-basis")] == [other]
    assert [s.handoff_id for s in hub.desk.handoffs(person=PERSON)] == [handoff_id]
    assert [s.handoff_id for s in hub.desk.case(handoff_id)] == [handoff_id]
    assert hub.desk.handoff(handoff_id) == hub.desk.handoffs(person=PERSON)[0]
    assert hub.desk.handoff(HandoffId("h-nobody")) is None


def test_overdue_is_what_should_have_come_by_now(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    due_at = hub.handoff().next_due_at
    assert due_at is not None
    assert hub.desk.handoffs(overdue_at=MONDAY) == []
    assert [s.handoff_id for s in hub.desk.handoffs(overdue_at=due_at)] == [handoff_id]

    hub.advance(due_at)
    assert [c.state for c in hub.handoff().clocks] == ["breached"]
    assert len(hub.desk.handoffs(overdue_at=due_at)) == 1

    hub.hear(speaker.answers(HandoffAccepted, at(10), SOTE, handoff_id))
    hub.desk.catch_up(hub.engine)
    assert hub.desk.handoffs(overdue_at=at(10)) == []


def test_a_handoff_whose_basis_goes_is_cancelled_and_says_why(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    hub.hear(speaker.answers(HandoffReceived, at(1), SOTE, handoff_id), speaker.withdraws(at(2)))

    assert (hub.handoff().status, hub.handoff().status_reason) == ("cancelled", "basis-withdrawn")
    assert hub.fate("recall") == ["pending"]

    hub.hear(speaker.answers(RecallAcknowledged, at(3), SOTE, handoff_id))
    assert hub.fate("recall") == ["delivered"]


def test_a_cancelled_referral_says_no_reason_where_none_was_given(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(ReferralCancelled, at(1), EMPLOYMENT, handoff_id))

    assert (hub.handoff().status, hub.handoff().status_reason) == ("cancelled", None)
