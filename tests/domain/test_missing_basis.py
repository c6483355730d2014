"""What is missing where data may not leave: the least that could be done, and nothing for show."""

import pytest

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.entry import Act, MissingBasis
from streams.domain.ids import StatementId
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.missing_basis import seek
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from tests.domain.questions import (
    ALL,
    BETWEEN_SOTES,
    CONTACT,
    IDENTITY,
    LAW,
    NEEDS,
    PERMIT,
    PROHIBITION,
    QUESTION,
    TWO_SOTES,
    person,
    recording,
    stated,
)
from tests.domain.region import EMPLOYMENT, KELA, REGION, SOTE, at, statute, with_basis

MEMBERS = with_basis(statute((IDENTITY, CONTACT), kind=Basis.TYP_MEMBERSHIP))


def sought(
    whom: PersonState, question: Question = QUESTION, agreement: Agreement = REGION
) -> Decision:
    return seek(whom, question, agreement, decide(whom, question, agreement))


def told(
    whom: PersonState, question: Question = QUESTION, agreement: Agreement = REGION
) -> dict[Category, list[tuple[Act, Basis, str]]]:
    """Say for each withheld category what has to be done, for which basis, and to what."""
    decision = sought(whom, question, agreement)
    return {
        held.category: [(missing.act, missing.ask_for, missing.rule) for missing in held.missing]
        for held in decision.withheld
    }


GIVE_CONSENT = (Act.GIVE, Basis.CONSENT, "")


def for_all(act: tuple[Act, Basis, str]) -> dict[Category, list[tuple[Act, Basis, str]]]:
    return {category: [act] for category in ALL}


def test_where_all_may_leave_nothing_is_missing() -> None:
    decision = decide(person(stated()), QUESTION, REGION)
    assert seek(person(stated()), QUESTION, REGION, decision) is decision
    assert decision.missing == ()


def test_without_a_basis_a_consent_is_missing_made_to_measure() -> None:
    decision = sought(person(stated(categories=(CONTACT,))))
    assert decision.categories == (CONTACT,)
    flow = (EMPLOYMENT, SOTE, Purpose.WORK_ABILITY)
    assert decision.missing == tuple(
        MissingBasis(category, Basis.CONSENT, *flow, Act.GIVE, "") for category in (IDENTITY, NEEDS)
    )


@pytest.mark.parametrize(
    "consent",
    [
        stated(valid_to=at(hours=1)),
        stated(valid_from=at(hours=2)),
        stated(ended=True),
        stated(recipients=(KELA,)),
        stated(purposes=(Purpose.EMPLOYMENT,)),
    ],
)
def test_a_consent_that_has_ended_or_does_not_cover_is_asked_for_anew(consent: Statement) -> None:
    assert told(person(consent)) == for_all(GIVE_CONSENT)


def test_inside_sote_the_permit_for_the_right_direction_is_missing() -> None:
    to_health = BETWEEN_SOTES._replace(to_branch=Branch.HEALTH)
    give = (Act.GIVE, Basis.SOTE_PERMIT, "")
    assert told(person(PERMIT), to_health, TWO_SOTES) == for_all(give)
    # Where nobody knows the direction, no permit would count.
    nowhere = BETWEEN_SOTES._replace(to_branch=Branch.UNKNOWN)
    assert told(person(), nowhere, TWO_SOTES) == for_all(GIVE_CONSENT)
    plain = recording(TWO_SOTES, StatementKind.CONSENT)
    assert told(person(), to_health, plain) == for_all(GIVE_CONSENT)


def test_a_prohibition_in_the_way_of_a_consent_is_to_be_lifted_and_no_more() -> None:
    lift = (Act.LIFT, Basis.CONSENT, "K-1")
    assert told(person(stated(), PROHIBITION)) == for_all(lift)
    narrow = PROHIBITION._replace(categories=(CONTACT,))
    assert told(person(stated(), narrow)) == {CONTACT: [lift]}


def test_what_it_would_rest_on_then_is_said() -> None:
    plain = with_basis(statute((IDENTITY,)), statute(ALL, kind=Basis.TYP_MEMBERSHIP))
    assert told(person(PROHIBITION, member=True), agreement=plain) == {
        IDENTITY: [(Act.LIFT, Basis.STATUTE, "K-1")],
        CONTACT: [(Act.LIFT, Basis.TYP_MEMBERSHIP, "K-1")],
        NEEDS: [(Act.LIFT, Basis.TYP_MEMBERSHIP, "K-1")],
    }


def test_with_a_prohibition_and_no_basis_both_are_missing() -> None:
    consent = stated(categories=(IDENTITY,))
    of_some = PROHIBITION._replace(categories=(IDENTITY, CONTACT))
    assert told(person(consent, of_some)) == {
        IDENTITY: [(Act.LIFT, Basis.CONSENT, "K-1")],
        CONTACT: [(Act.LIFT, Basis.CONSENT, "K-1"), GIVE_CONSENT],
        NEEDS: [GIVE_CONSENT],
    }


def test_every_prohibition_in_the_way_is_to_be_lifted_and_none_beside_it() -> None:
    said = (
        PROHIBITION._replace(statement_id=StatementId("K-1"), categories=(CONTACT,)),
        PROHIBITION._replace(statement_id=StatementId("K-2"), recipients=(KELA,)),
        PROHIBITION._replace(statement_id=StatementId("K-3"), valid_to=at()),
        PROHIBITION._replace(statement_id=StatementId("K-4"), documents=(b"elsewhere",)),
        PROHIBITION._replace(statement_id=StatementId("K-5"), categories=(CONTACT, NEEDS)),
        PROHIBITION._replace(statement_id=StatementId("K-5"), recorder=KELA),
    )
    lifts = {c: [rule for _, _, rule in acts] for c, acts in told(person(stated(), *said)).items()}
    assert lifts == {IDENTITY: ["K-5"], CONTACT: ["K-1", "K-5"], NEEDS: ["K-5"]}


def test_where_nobody_records_consents_a_clienthood_is_missing_as_far_as_it_covers() -> None:
    region = recording(MEMBERS, StatementKind.PROHIBITION)
    begin = (Act.BEGIN, Basis.TYP_MEMBERSHIP, LAW)
    lift = (Act.LIFT, Basis.TYP_MEMBERSHIP, "K-1")
    assert told(person(), agreement=region) == {IDENTITY: [begin], CONTACT: [begin], NEEDS: []}
    assert told(person(PROHIBITION), agreement=region)[IDENTITY] == [lift, begin]
    assert told(person(member=True), agreement=region) == {NEEDS: []}


def test_a_consent_burdens_less_than_a_clienthood() -> None:
    assert told(person(), agreement=MEMBERS) == for_all(GIVE_CONSENT)


def test_nothing_helps_against_a_non_disclosure_order_but_a_statute() -> None:
    assert told(person(stated(), protected=True)) == {CONTACT: []}
    assert told(person(stated(), PROHIBITION, protected=True))[CONTACT] == []
    assert told(person(protected=True), agreement=MEMBERS)[CONTACT] == []
    named = with_basis(statute((CONTACT,)))
    lift = (Act.LIFT, Basis.STATUTE, "K-1")
    assert told(person(PROHIBITION, protected=True), agreement=named)[CONTACT] == [lift]


def test_nothing_helps_what_the_hub_has_no_code_for() -> None:
    question = QUESTION._replace(categories=(Category.UNKNOWN,))
    assert told(person(), question) == {Category.UNKNOWN: []}
    assert told(person(), QUESTION._replace(purpose=Purpose.UNKNOWN)) == {c: [] for c in ALL}
