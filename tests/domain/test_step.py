"""`step`: one event in, one entry out, and the same every time."""

from typing import get_args

import pytest

from streams.domain.answers import HandoffAccepted, HandoffReceived
from streams.domain.closed_record import needs_closed
from streams.domain.codes import Milestone, NoticeKind, Service, Status
from streams.domain.entry import Fact
from streams.domain.envelope import HUB
from streams.domain.event import AgencyEvent, Event, HandoffAnswer, HubEvent, StatementMade
from streams.domain.hub_events import (
    AgencyHeardAgain,
    DeliveryStarted,
)
from streams.domain.ids import ClockId, HandoffId, Instant, derive
from streams.domain.referral import ReferralCancelled
from streams.domain.step import (
    RULES_VERSION,
    Person,
    Verdict,
    is_known,
    step,
    unknown_person,
)
from tests.domain.lane import Lane
from tests.domain.region import EMPLOYMENT, PERSON, REGION, SOTE, at
from tests.domain.speaker import Speaker
from tests.domain.stages import staged

SAYS = Speaker()
HEAD = SAYS.envelope(HUB, at(hours=1))
CLOCK = ClockId("c-0000000000000000000000000A")
KEPT_ALONE: list[Event] = [AgencyHeardAgain(HEAD, at())]


def test_nothing_is_known_of_an_unknown_person() -> None:
    nobody = unknown_person(PERSON)
    assert (nobody.person, nobody.sequence, nobody.recorded_at) == (PERSON, 0, 0)
    assert nobody.age_years == -1
    assert not any(nobody._replace(age_years=0)[3:])


def test_an_entry_names_its_event_its_place_its_rules_and_its_agreement() -> None:
    lane, says = Lane(), Speaker()
    referral = says.refers(at())
    decided = lane.hear(referral)
    entry = lane.entries[0]
    assert entry.entry_id == derive("l", PERSON, referral.envelope.event_id)
    assert (entry.person, entry.sequence, entry.recorded_at) == (PERSON, 1, at())
    assert (entry.rules_version, entry.agreement_digest) == (RULES_VERSION, REGION.digest)
    assert entry.event == referral
    assert decided.entry is entry
    assert decided.hot.sequence == 1


def test_time_only_moves_forward_for_a_person() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.reaches(at(days=2), Milestone.PLAN_MADE))
    lane.hear(says.reaches(at(days=1), Milestone.CONTACT_MADE))
    assert [entry.recorded_at for entry in lane.entries] == [at(days=2), at(days=2)]
    assert lane.entries[1].event.envelope.recorded_at == at(days=1)


def test_every_output_has_an_id_of_its_own_and_the_same_one_every_time() -> None:
    def ids() -> list[str]:
        lane, says, _ = staged(Status.RECEIVED)
        lane.hear(says.withdraws(at(hours=1)))
        return [n.notice_id for e in lane.entries for n in e.deliveries]

    assert ids() == ids()
    assert len(set(ids())) == len(ids()) == 4


def test_two_persons_under_one_message_id_share_no_output() -> None:
    other = Speaker()
    referral = other.refers(at(), message_id="r-1")
    one = step(Person(unknown_person(PERSON), None), referral, REGION)
    beda = unknown_person(type(PERSON)("p-00000000000000000000000002"))
    two = step(Person(beda, None), referral, REGION)
    assert one.entry is not None
    assert two.entry is not None
    assert one.entry.entry_id != two.entry.entry_id
    assert one.handoff_id != two.handoff_id
    assert one.entry.deliveries[0].notice_id != two.entry.deliveries[0].notice_id


@pytest.mark.parametrize("event", KEPT_ALONE, ids=lambda event: type(event).__name__)
def test_what_only_the_entry_keeps_changes_nothing(event: Event) -> None:
    lane, _, _ = staged(Status.REQUESTED)
    before = lane.hot
    decided = lane.hear(event)
    assert (decided.verdict, lane.facts, lane.notices) == (Verdict.ACCEPTED, (), ())
    assert lane.entries[-1].event == event
    unmoved = decided.hot._replace(
        sequence=before.sequence, recorded_at=before.recorded_at, known_ids=before.known_ids
    )
    assert unmoved == before


def test_a_milestone_that_bears_on_nothing_is_kept() -> None:
    lane, says = Lane(), Speaker()
    decided = lane.hear(says.reaches(at(), Milestone.PLAN_MADE))
    assert (decided.verdict, decided.handoff_id, lane.facts) == (Verdict.ACCEPTED, None, ())


def test_the_closed_record_is_read_only_where_the_hot_one_cannot_tell() -> None:
    lane, says, over = staged(Status.CANCELLED)
    lane.hear(says.refers(at(hours=1), message_id="r-open"))
    still_open = lane.handoff.handoff_id
    notice = lane.told(NoticeKind.REFERRAL)
    elsewhere = HandoffId("h-0000000000000000000000000A")
    hour = at(hours=2)

    def started(handoff_id: HandoffId, kind: NoticeKind = NoticeKind.REFERRAL) -> Event:
        return says.dispatch(DeliveryStarted, hour, notice.notice_id, handoff_id, SOTE, kind)

    reads = {
        "the same referral": says.refers(hour, message_id="m-staged", version=2),
        "a handoff that is not open": says.answers(HandoffAccepted, hour, SOTE, over),
        "an unknown handoff": says.answers(HandoffAccepted, hour, SOTE, elsewhere),
        "a name of old": says.answers(HandoffAccepted, hour, SOTE, referral_id="m-staged"),
        "a delivery of old": started(over),
    }
    does_without = {
        "a new referral": says.refers(hour, message_id="r-new"),
        "an open handoff": says.answers(HandoffAccepted, hour, SOTE, still_open),
        "a new name": says.answers(HandoffAccepted, hour, SOTE, referral_id="r-open"),
        "no name at all": says.answers(HandoffAccepted, hour, SOTE),
        "an open delivery": started(still_open),
        "a status of old": started(over, NoticeKind.STATUS),
        "a milestone": says.reaches(hour, Milestone.PLAN_MADE),
    }
    assert [name for name, event in reads.items() if not needs_closed(lane.hot, event)] == []
    assert [name for name, event in does_without.items() if needs_closed(lane.hot, event)] == []
    nobody = unknown_person(PERSON)
    assert not any(needs_closed(nobody, event) for event in reads.values())


def test_an_event_is_known_from_its_entry_on() -> None:
    lane, says = Lane(), Speaker()
    reached = says.reaches(at(), Milestone.PLAN_MADE)
    assert not is_known(Person(lane.hot, None), reached)
    lane.hear(reached)
    assert is_known(Person(lane.hot, None), reached)


def test_what_is_over_leaves_a_summary_and_a_chained_digest() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    before = lane.hot
    decided = lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))
    assert decided.closed_added is not None
    assert len(decided.closed_added.summaries) == 71
    assert (before.closed_count, decided.hot.closed_count) == (0, 1)
    assert len(decided.hot.closed_digest) == 32
    lane.hear(says.refers(at(hours=2), message_id="r-2"))
    lane.hear(says.answers(ReferralCancelled, at(hours=3), EMPLOYMENT, lane.handoff.handoff_id))
    assert lane.hot.closed_digest != decided.hot.closed_digest
    assert len(lane.closed.summaries) == 142


def test_a_step_changes_nothing_that_it_was_given() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    before, copy = lane.hot, lane.hot._replace()
    event = says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id)
    once = step(Person(before, None), event, REGION)
    again = step(Person(before, None), event, REGION)
    assert once == again
    assert before == copy


def test_an_unknown_service_of_a_newer_contract_is_refused_and_stops_nobody() -> None:
    lane, says = Lane(), Speaker()
    assert lane.hear(says.refers(at(), service_code=Service.UNKNOWN)).rule == "service-not-agreed"


def test_moments_before_1970_and_far_ahead_are_decided() -> None:
    for moment in (Instant(-86_400_000_000 * 365), at(days=60_000)):
        lane, says = Lane(), Speaker()
        lane.hear(says.consents(moment), says.refers(moment))
        assert lane.handoff.status is Status.REQUESTED


def test_every_event_belongs_to_an_agency_or_to_the_hub() -> None:
    assert set(get_args(Event)) == {*get_args(AgencyEvent), *get_args(HubEvent)}
    assert {*get_args(HandoffAnswer), *get_args(StatementMade)} <= set(get_args(AgencyEvent))
    assert len(get_args(Event)) == 29
    assert len(get_args(Fact)) == 25
