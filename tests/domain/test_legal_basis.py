"""May this leave? Every basis, what beats it, and the smallest thing that is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.agreement import Agreement, BasisRule
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.entry import Act, Granted, MissingBasis, Withheld
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.legal_basis import Decision, Question, decide, next_turn
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from streams.domain.step import unknown_person
from tests.domain.region import (
    EMPLOYMENT,
    KELA,
    PERSON,
    REGION,
    SOTE,
    STRANGER,
    at,
    statute,
    with_basis,
)

IDENTITY, CONTACT, NEEDS = Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS
ALL = (IDENTITY, CONTACT, NEEDS)
OTHER_SOTE = AgencyId("sote.elsewhere")
TWO_SOTES = REGION._replace(
    agencies={
        **REGION.agencies,
        OTHER_SOTE: REGION.agencies[SOTE]._replace(agency_id=OTHER_SOTE),
    }
)
LAW = "Act 1/2026 1 §"


def stated(
    kind: StatementKind = StatementKind.CONSENT,
    *,
    name: str = "S-1",
    sources: tuple[AgencyId, ...] = (EMPLOYMENT,),
    recipients: tuple[AgencyId, ...] = (SOTE,),
    purposes: tuple[Purpose, ...] = (Purpose.WORK_ABILITY,),
    categories: tuple[Category, ...] = ALL,
    valid_from: Instant | None = None,
    valid_to: Instant | None = None,
    ended: bool = False,
) -> Statement:
    return Statement(
        StatementId(name),
        EMPLOYMENT,
        kind,
        Branch.UNKNOWN,
        sources,
        recipients,
        purposes,
        categories,
        (),
        (),
        valid_from,
        valid_to,
        at(),
        ended,
    )


PROHIBITION = stated(
    StatementKind.PROHIBITION, name="K-1", recipients=(), purposes=(), categories=()
)


def person(*statements: Statement, protected: bool = False, member: bool = False) -> PersonState:
    known = unknown_person(PERSON)
    return known._replace(statements=statements, protected=protected, typ_member=member)


def asked(
    whom: PersonState,
    agreement: Agreement = REGION,
    *,
    source: AgencyId = EMPLOYMENT,
    recipient: AgencyId = SOTE,
    categories: tuple[Category, ...] = ALL,
    vital: bool = False,
    when: Instant | None = None,
) -> Decision:
    moment = when if when is not None else at(hours=1)
    question = Question(source, recipient, Purpose.WORK_ABILITY, categories, moment, vital)
    return decide(whom, question, agreement)


def permitted(*statements: Statement) -> tuple[Category, ...]:
    return asked(person(*statements)).categories


def test_a_consent_permits_its_categories_and_says_which_consent() -> None:
    decision = asked(person(stated(categories=(CONTACT,))), categories=(IDENTITY, CONTACT))
    assert decision.granted == (Granted(CONTACT, Basis.CONSENT, "S-1", None),)
    missing = MissingBasis(
        IDENTITY, Basis.CONSENT, EMPLOYMENT, SOTE, Purpose.WORK_ABILITY, Act.GIVE, ""
    )
    assert decision.withheld == (Withheld(IDENTITY, "no-basis", "", (missing,)),)
    assert decision.missing == (missing,)


@pytest.mark.parametrize(
    "statement",
    [
        stated(sources=(KELA,)),
        stated(recipients=(KELA,)),
        stated(purposes=(Purpose.EMPLOYMENT,)),
        stated(ended=True),
        stated(valid_from=at(hours=2)),
        stated(valid_to=at(hours=1)),
        stated(StatementKind.PERMIT),
        stated(StatementKind.UNKNOWN),
    ],
)
def test_another_ended_early_or_expired_consent_is_absent(statement: Statement) -> None:
    assert permitted(statement) == ()


def test_a_consent_without_a_purpose_or_a_category_permits_nothing() -> None:
    assert permitted(stated(purposes=())) == ()
    assert permitted(stated(categories=())) == ()


def test_a_consent_without_agencies_means_any_of_the_region() -> None:
    assert permitted(stated(sources=(), recipients=())) == ALL


def test_a_consent_holds_from_its_beginning_until_just_before_its_end() -> None:
    consent = person(stated(valid_from=at(hours=1), valid_to=at(hours=2)))
    moments = {at(hours=1): ALL, at(hours=2): ()}
    moments |= {Instant(at(hours=1) - 1): (), Instant(at(hours=2) - 1): ALL}
    for moment, categories in moments.items():
        assert asked(consent, when=moment).categories == categories


def test_statements_with_different_ids_add_up() -> None:
    first, second = stated(categories=(IDENTITY,)), stated(name="S-2", categories=(NEEDS,))
    assert permitted(first, second) == (IDENTITY, NEEDS)


def test_a_permit_counts_between_two_sote_agencies_alone_and_one_way() -> None:
    permit = stated(StatementKind.PERMIT, sources=(SOTE,), recipients=(OTHER_SOTE,))
    there = asked(person(permit), TWO_SOTES, source=SOTE, recipient=OTHER_SOTE)
    back = asked(person(permit), TWO_SOTES, source=OTHER_SOTE, recipient=SOTE)
    assert there.granted[0] == Granted(IDENTITY, Basis.SOTE_PERMIT, "S-1", None)
    assert back.categories == ()
    assert [missing.ask_for for missing in back.missing] == [Basis.SOTE_PERMIT] * 3


def test_a_consent_counts_between_two_sote_agencies_too() -> None:
    consent = stated(sources=(SOTE,), recipients=(OTHER_SOTE,))
    decision = asked(person(consent), TWO_SOTES, source=SOTE, recipient=OTHER_SOTE)
    assert decision.granted[0].basis is Basis.CONSENT
    unknown = consent._replace(kind=StatementKind.UNKNOWN)
    assert not asked(person(unknown), TWO_SOTES, source=SOTE, recipient=OTHER_SOTE).granted


def test_a_statute_permits_what_it_names_for_its_sectors_and_purpose() -> None:
    region = with_basis(statute((IDENTITY,)))
    assert asked(person(), region).granted == (Granted(IDENTITY, Basis.STATUTE, LAW, None),)
    assert asked(person(), region, source=KELA).categories == ()
    assert asked(person(), region, recipient=KELA).categories == ()
    other_purpose = with_basis(statute((IDENTITY,))._replace(purpose=Purpose.EMPLOYMENT))
    assert asked(person(), other_purpose).categories == ()


def test_an_agency_that_left_the_region_has_no_statute() -> None:
    region = with_basis(statute((IDENTITY,), from_sector=""))
    assert asked(person(), with_basis(statute((IDENTITY,))), source=STRANGER).categories == ()
    assert region.sector(STRANGER) == ""


def test_the_typ_act_covers_members_alone() -> None:
    region = with_basis(statute(ALL, kind=Basis.TYP_MEMBERSHIP))
    assert asked(person(), region).categories == ()
    granted = asked(person(member=True), region).granted
    assert {grant.basis for grant in granted} == {Basis.TYP_MEMBERSHIP}


def test_a_statute_is_named_before_a_consent() -> None:
    decision = asked(person(stated()), with_basis(statute((IDENTITY,))))
    assert [g.basis for g in decision.granted] == [Basis.STATUTE, Basis.CONSENT, Basis.CONSENT]


@pytest.mark.parametrize(
    ("rules", "member", "vital", "statements"),
    [
        ((), False, False, (stated(),)),
        ((statute(ALL),), False, False, ()),
        ((statute(ALL, kind=Basis.TYP_MEMBERSHIP),), True, False, ()),
    ],
)
def test_a_prohibition_beats_consent_membership_and_plain_statutes(
    rules: tuple[BasisRule, ...], member: bool, vital: bool, statements: tuple[Statement, ...]
) -> None:
    region = with_basis(*rules)
    free = asked(person(*statements, member=member), region, vital=vital)
    held = asked(person(*statements, PROHIBITION, member=member), region, vital=vital)
    assert free.categories == ALL
    assert held.granted == ()
    assert held.withheld == tuple(Withheld(c, "prohibited", "K-1", ()) for c in ALL)


def test_a_prohibition_beats_a_permit() -> None:
    permit = stated(StatementKind.PERMIT, sources=(SOTE,), recipients=(OTHER_SOTE,))
    prohibition = PROHIBITION._replace(sources=(SOTE,))
    decision = asked(person(permit, prohibition), TWO_SOTES, source=SOTE, recipient=OTHER_SOTE)
    assert decision.categories == ()


def test_an_overriding_statute_beats_a_prohibition_and_says_which() -> None:
    region = with_basis(statute((IDENTITY,)), statute((IDENTITY,), overrides=True))
    decision = asked(person(PROHIBITION), region)
    assert decision.granted == (Granted(IDENTITY, Basis.STATUTE, LAW, StatementId("K-1")),)
    assert asked(person(), region).granted[0].overrode is None


def test_a_vital_interest_beats_a_prohibition_and_says_which() -> None:
    decision = asked(person(PROHIBITION), vital=True)
    assert decision.categories == ALL
    assert decision.granted[0] == Granted(IDENTITY, Basis.VITAL, "vital", StatementId("K-1"))
    assert asked(person(), vital=True).granted[0].overrode is None


def test_a_prohibition_reaches_as_far_as_it_says() -> None:
    narrow = PROHIBITION._replace(categories=(CONTACT,))
    assert permitted(stated(), narrow) == (IDENTITY, NEEDS)
    purposeful = PROHIBITION._replace(purposes=(Purpose.EMPLOYMENT,))
    assert permitted(stated(), purposeful) == ALL
    matching = PROHIBITION._replace(purposes=(Purpose.WORK_ABILITY,))
    assert permitted(stated(), matching) == ()
    elsewhere = PROHIBITION._replace(recipients=(KELA,))
    assert permitted(stated(), elsewhere) == ALL
    lifted = PROHIBITION._replace(ended=True)
    assert permitted(stated(), lifted) == ALL


def test_contact_data_of_a_protected_person_needs_a_statute_that_names_it() -> None:
    order = Withheld(CONTACT, "non-disclosure-order", "", ())
    for whom, region, vital in (
        (person(stated(), protected=True), REGION, False),
        (person(protected=True), REGION, True),
        (
            person(protected=True, member=True),
            with_basis(statute(ALL, kind=Basis.TYP_MEMBERSHIP)),
            False,
        ),
    ):
        decision = asked(whom, region, vital=vital)
        assert decision.categories == (IDENTITY, NEEDS)
        assert decision.withheld == (order,)
    named = asked(person(protected=True), with_basis(statute((CONTACT,))))
    assert named.granted == (Granted(CONTACT, Basis.STATUTE, LAW, None),)
    prohibited = asked(person(PROHIBITION, protected=True), with_basis(statute((CONTACT,))))
    assert order in prohibited.withheld


def test_the_next_turn_is_the_earliest_bound_still_ahead() -> None:
    now = person(
        stated(valid_from=at(days=-2), valid_to=at(days=5)),
        stated(name="S-2", valid_from=at(days=3)),
        stated(name="S-3", valid_to=at(days=1), ended=True),
        stated(name="S-4"),
    )._replace(recorded_at=at())
    assert next_turn(now) == at(days=3)
    assert next_turn(now._replace(recorded_at=at(days=3))) == at(days=5)
    assert next_turn(now._replace(recorded_at=at(days=5))) is None


STATEMENTS = st.builds(
    stated,
    st.sampled_from(StatementKind),
    name=st.sampled_from(["S-1", "S-2", "S-3"]),
    sources=st.sampled_from([(), (EMPLOYMENT,), (KELA,)]),
    recipients=st.sampled_from([(), (SOTE,), (KELA,)]),
    purposes=st.sampled_from([(), (Purpose.WORK_ABILITY,), (Purpose.EMPLOYMENT,)]),
    categories=st.sets(st.sampled_from(ALL)).map(sorted).map(tuple),
    ended=st.booleans(),
)


@given(st.lists(STATEMENTS, max_size=4), st.booleans(), st.booleans())
def test_every_category_is_either_granted_or_withheld(
    statements: list[Statement], protected: bool, vital: bool
) -> None:
    decision = asked(person(*statements, protected=protected), vital=vital)
    withheld = tuple(held.category for held in decision.withheld)
    assert sorted(decision.categories + withheld) == sorted(ALL)


@given(st.lists(STATEMENTS, max_size=4), STATEMENTS)
def test_another_prohibition_never_permits_more(
    statements: list[Statement], another: Statement
) -> None:
    prohibition = another._replace(kind=StatementKind.PROHIBITION)
    before = set(permitted(*statements))
    assert set(permitted(*statements, prohibition)) <= before
