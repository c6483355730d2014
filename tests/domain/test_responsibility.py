"""Responsibility is conserved: for every case exactly one agency answers at every instant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    ServiceCompleted,
    ServiceFailed,
    ServicePaused,
    ServiceStarted,
)
from streams.domain.codes import Status
from streams.domain.entry import ResponsibilityMoved
from streams.domain.ids import AgencyId, HandoffId
from streams.domain.person import Case
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from streams.domain.responsibility import responsible
from tests.domain.lane import Lane
from tests.domain.region import EMPLOYMENT, KELA, SOTE, PlainAnswer, at
from tests.domain.speaker import Speaker
from tests.domain.stages import staged


def holder(lane: Lane) -> AgencyId:
    (case,) = lane.hot.cases
    return case.responsible


@pytest.mark.parametrize(
    "status",
    [
        Status.AWAITING_BASIS,
        Status.REQUESTED,
        Status.RECEIVED,
        Status.INFO_NEEDED,
        Status.UNDELIVERABLE,
    ],
)
def test_the_source_is_responsible_until_the_recipient_accepts(status: Status) -> None:
    lane, _, _ = staged(status)
    assert holder(lane) == EMPLOYMENT
    assert lane.all_facts(ResponsibilityMoved) == []


def test_responsibility_moves_in_the_entry_of_the_acceptance() -> None:
    lane, _, handoff_id = staged(Status.ACCEPTED)
    assert holder(lane) == SOTE
    (moved,) = [fact for fact in lane.facts if isinstance(fact, ResponsibilityMoved)]
    assert (moved.handoff_id, moved.from_, moved.to) == (handoff_id, EMPLOYMENT, SOTE)


@pytest.mark.parametrize(
    ("kind", "speaker"),
    [
        (ServiceCompleted, SOTE),
        (ServiceFailed, SOTE),
        (ReferralCancelled, SOTE),
        (ReferralCancelled, EMPLOYMENT),
        (ReferralMarkedInError, EMPLOYMENT),
    ],
)
def test_when_an_accepted_handoff_ends_responsibility_goes_back(
    kind: type[PlainAnswer], speaker: AgencyId
) -> None:
    lane, says, handoff_id = staged(Status.IN_PROGRESS)
    lane.hear(says.answers(kind, at(hours=1), speaker, handoff_id))
    (moved,) = [fact for fact in lane.facts if isinstance(fact, ResponsibilityMoved)]
    assert (moved.handoff_id, moved.from_, moved.to) == (handoff_id, SOTE, EMPLOYMENT)


@pytest.mark.parametrize("kind", [ServiceStarted, ServicePaused])
def test_what_happens_in_between_moves_nothing(kind: type[PlainAnswer]) -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    lane.hear(says.answers(kind, at(hours=1), SOTE, handoff_id))
    assert holder(lane) == SOTE
    assert len(lane.all_facts(ResponsibilityMoved)) == 1


def two_in_a_case() -> tuple[Lane, Speaker, HandoffId, HandoffId]:
    """Let one rejection be followed by two referrals for the same need, to sote and to Kela."""
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)))
    lane.hear(says.consents(at(days=-1), recipient=KELA, statement="S-2"))
    lane.hear(says.refers(at()))
    lane.hear(says.rejects(at(), SOTE, lane.handoff.handoff_id))
    lane.hear(says.refers(at(hours=1)))
    first = lane.handoff.handoff_id
    lane.hear(says.refers(at(hours=1), recipient=KELA))
    return lane, says, first, lane.handoff.handoff_id


def test_it_goes_to_whoever_accepted_last_of_those_still_open_else_to_the_first_source() -> None:
    lane, says, by_sote, by_kela = two_in_a_case()
    holders = [holder(lane)]
    for kind, agency, handoff_id in (
        (HandoffAccepted, KELA, by_kela),
        (HandoffAccepted, SOTE, by_sote),
        (ServiceCompleted, SOTE, by_sote),
        (ServiceCompleted, KELA, by_kela),
    ):
        lane.hear(says.answers(kind, at(hours=2), agency, handoff_id))
        holders.append(holder(lane))
    assert holders == [EMPLOYMENT, KELA, SOTE, KELA, EMPLOYMENT]


def test_the_end_of_an_earlier_handoff_takes_nothing_from_the_later_one() -> None:
    lane, says, by_sote, by_kela = two_in_a_case()
    lane.hear(says.answers(HandoffAccepted, at(hours=2), SOTE, by_sote))
    lane.hear(says.answers(HandoffAccepted, at(hours=2), KELA, by_kela))
    lane.hear(says.answers(ServiceFailed, at(hours=3), SOTE, by_sote))
    assert holder(lane) == KELA
    assert not any(isinstance(fact, ResponsibilityMoved) for fact in lane.facts)


def test_cases_of_one_person_do_not_disturb_each_other() -> None:
    lane, says, handoff_id = staged(Status.ACCEPTED)
    lane.hear(says.refers(at(hours=1), message_id="r-2"))
    assert [case.responsible for case in lane.hot.cases] == [SOTE, EMPLOYMENT]
    lane.hear(says.answers(ServiceCompleted, at(hours=2), SOTE, handoff_id))
    assert [case.responsible for case in lane.hot.cases] == [EMPLOYMENT]


def test_a_case_without_an_accepted_handoff_is_its_first_sources() -> None:
    lane, _, _ = staged(Status.REQUESTED)
    (case,) = lane.hot.cases
    assert responsible(case, ()) == EMPLOYMENT
    other = Case(case.case_id, KELA, KELA)
    assert responsible(other, lane.hot.handoffs) == KELA


ANSWERS = (
    HandoffReceived,
    HandoffAccepted,
    ServiceStarted,
    ServicePaused,
    ServiceCompleted,
    ReferralCancelled,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ANSWERS), st.sampled_from([EMPLOYMENT, SOTE, KELA]), st.booleans()
        ),
        max_size=12,
    )
)
def test_whatever_is_said_one_agency_answers_and_only_an_acceptance_or_an_end_moves_that(
    said: list[tuple[type[PlainAnswer], AgencyId, bool]],
) -> None:
    lane, says, first, second = two_in_a_case()
    before = {case.case_id: case.responsible for case in lane.hot.cases}
    for kind, agency, of_first in said:
        lane.hear(says.answers(kind, at(hours=2), agency, first if of_first else second))
        after = {case.case_id: case.responsible for case in lane.hot.cases}
        if before != after:
            assert kind in (HandoffAccepted, ServiceCompleted, ReferralCancelled)
        before = after
    accepted = [h for h in lane.hot.handoffs if h.accepted_at_sequence]
    last = max(accepted, key=lambda h: h.accepted_at_sequence, default=None)
    expected = last.recipient if last is not None else EMPLOYMENT
    assert list(before.values()) == [expected]
