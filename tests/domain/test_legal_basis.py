"""May this leave? Every basis, what beats it, and which of several is named."""

import pytest

from streams.domain.agreement import BasisRule
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.entry import Granted, Withheld
from streams.domain.ids import Instant, StatementId
from streams.domain.legal_basis import next_turn
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from tests.domain.questions import (
    ALL,
    BETWEEN_SOTES,
    CONTACT,
    IDENTITY,
    LAW,
    NEEDS,
    OTHER_SOTE,
    PERMIT,
    PROHIBITION,
    QUESTION,
    TWO_SOTES,
    asked,
    person,
    stated,
)
from tests.domain.region import EMPLOYMENT, KELA, REGION, SOTE, STRANGER, at, statute, with_basis

VITAL = QUESTION._replace(vital=True)
DOCUMENT, OTHER_DOCUMENT = b"document of test", b"another document"


def permitted(*statements: Statement) -> tuple[Category, ...]:
    return asked(person(*statements)).categories


def test_a_consent_permits_its_categories_and_says_which_consent() -> None:
    decision = asked(person(stated(categories=(CONTACT,))))
    assert decision.granted == (Granted(CONTACT, Basis.CONSENT, "S-1", None),)
    assert decision.withheld == tuple(Withheld(c, "no-basis", "", ()) for c in (IDENTITY, NEEDS))


@pytest.mark.parametrize(
    "statement",
    [
        stated(sources=(KELA,)),
        stated(recipients=(KELA,)),
        stated(purposes=(Purpose.EMPLOYMENT,)),
        stated(ended=True),
        stated(valid_from=at(hours=2)),
        stated(valid_to=at(hours=1)),
        PERMIT._replace(sources=(), recipients=()),
        stated(StatementKind.UNKNOWN),
    ],
)
def test_another_ended_early_or_expired_consent_is_absent(statement: Statement) -> None:
    assert permitted(statement) == ()


def test_a_consent_without_a_purpose_or_a_category_permits_nothing() -> None:
    assert permitted(stated(purposes=())) == ()
    assert permitted(stated(categories=())) == ()


def test_a_consent_without_agencies_means_any_of_the_region() -> None:
    anybody = stated(sources=(), recipients=())
    assert permitted(anybody) == ALL
    assert permitted(anybody._replace(sources=(EMPLOYMENT,))) == ALL
    for gone in (QUESTION._replace(source=STRANGER), QUESTION._replace(recipient=STRANGER)):
        assert asked(person(anybody), gone).categories == ()
        named = stated(sources=(gone.source,), recipients=(gone.recipient,))
        assert asked(person(named), gone).categories == ALL
        everything = PROHIBITION._replace(sources=())
        assert asked(person(named, everything), gone).categories == ()


def test_a_consent_holds_from_its_beginning_until_just_before_its_end() -> None:
    consent = person(stated(valid_from=at(hours=1), valid_to=at(hours=2)))
    moments = {at(hours=1): ALL, at(hours=2): ()}
    moments |= {Instant(at(hours=1) - 1): (), Instant(at(hours=2) - 1): ALL}
    for moment, categories in moments.items():
        assert asked(consent, QUESTION._replace(at=moment)).categories == categories


def test_statements_with_different_ids_add_up_and_the_first_recorded_is_named() -> None:
    first, second = stated(categories=(IDENTITY,)), stated(name="S-2", categories=(IDENTITY, NEEDS))
    granted = asked(person(first, second)).granted
    assert [(g.category, g.rule) for g in granted] == [(IDENTITY, "S-1"), (NEEDS, "S-2")]


def test_a_permit_counts_between_two_sote_agencies_alone_and_one_way() -> None:
    decision = asked(person(PERMIT), BETWEEN_SOTES, TWO_SOTES)
    assert decision.granted[0] == Granted(IDENTITY, Basis.SOTE_PERMIT, "L-1", None)
    assert decision.categories == ALL
    for elsewhere in (
        BETWEEN_SOTES._replace(source=OTHER_SOTE, recipient=SOTE),
        BETWEEN_SOTES._replace(to_branch=Branch.HEALTH),
        BETWEEN_SOTES._replace(to_branch=Branch.UNKNOWN),
    ):
        assert asked(person(PERMIT), elsewhere, TWO_SOTES).categories == ()
    nowhere = PERMIT._replace(to_branch=Branch.UNKNOWN)
    for branch in Branch:
        question = BETWEEN_SOTES._replace(to_branch=branch)
        assert asked(person(nowhere), question, TWO_SOTES).categories == ()


def test_a_permit_does_not_reach_out_of_sote_nor_into_it() -> None:
    anybody = PERMIT._replace(sources=(), recipients=())
    for source, recipient in ((SOTE, KELA), (KELA, SOTE), (EMPLOYMENT, KELA)):
        question = BETWEEN_SOTES._replace(source=source, recipient=recipient)
        assert asked(person(anybody), question, TWO_SOTES).categories == ()


def test_a_consent_counts_between_two_sote_agencies_too() -> None:
    consent = stated(sources=(SOTE,), recipients=(OTHER_SOTE,))
    decision = asked(person(consent), BETWEEN_SOTES, TWO_SOTES)
    assert decision.granted[0].basis is Basis.CONSENT
    unknown = consent._replace(kind=StatementKind.UNKNOWN, to_branch=Branch.SOCIAL)
    assert not asked(person(unknown), BETWEEN_SOTES, TWO_SOTES).granted


def test_a_statute_permits_what_it_names_for_its_sectors_and_purpose() -> None:
    region = with_basis(statute((IDENTITY,)))
    granted = asked(person(), agreement=region).granted
    assert granted == (Granted(IDENTITY, Basis.STATUTE, LAW, None),)
    for elsewhere in (
        QUESTION._replace(source=KELA),
        QUESTION._replace(recipient=KELA),
        QUESTION._replace(source=STRANGER),
        QUESTION._replace(purpose=Purpose.EMPLOYMENT),
    ):
        assert asked(person(), elsewhere, region).categories == ()


def test_the_typ_act_covers_members_alone() -> None:
    region = with_basis(statute(ALL, kind=Basis.TYP_MEMBERSHIP))
    assert asked(person(), agreement=region).categories == ()
    granted = asked(person(member=True), agreement=region).granted
    assert [grant.basis for grant in granted] == [Basis.TYP_MEMBERSHIP] * 3


def test_a_rule_of_any_other_kind_permits_nothing() -> None:
    for kind in (Basis.UNKNOWN, Basis.CONSENT, Basis.SOTE_PERMIT, Basis.VITAL):
        region = with_basis(statute(ALL, kind=kind, overrides=True))
        assert asked(person(member=True), agreement=region).categories == ()


def test_what_the_hub_has_no_code_for_is_never_permitted() -> None:
    codes = (Category.UNKNOWN, IDENTITY)
    rules = (
        statute(codes, overrides=True),
        statute(codes, overrides=True)._replace(purpose=Purpose.UNKNOWN),
        statute(codes, kind=Basis.TYP_MEMBERSHIP),
    )
    purposes = (Purpose.UNKNOWN, Purpose.WORK_ABILITY)
    everything = person(stated(purposes=purposes, categories=codes), member=True)
    question = VITAL._replace(categories=codes)
    decision = asked(everything, question, with_basis(*rules))
    assert decision.categories == (IDENTITY,)
    assert decision.withheld == (Withheld(Category.UNKNOWN, "no-basis", "", ()),)
    unknown = question._replace(purpose=Purpose.UNKNOWN)
    assert asked(everything, unknown, with_basis(*rules)).categories == ()


def test_of_several_bases_the_most_ordinary_is_named() -> None:
    plain = statute((IDENTITY,))._replace(law_ref="plain")
    overriding = statute((IDENTITY, CONTACT), overrides=True)._replace(law_ref="overriding")
    typ = statute(ALL, kind=Basis.TYP_MEMBERSHIP)._replace(law_ref="typ")
    consenting, member = person(stated()), person(stated(), member=True)

    def named(whom: PersonState, *rules: BasisRule) -> list[str]:
        return [grant.rule for grant in asked(whom, VITAL, with_basis(*rules)).granted]

    assert named(member, overriding, typ, plain) == ["plain", "overriding", "typ"]
    assert named(consenting, overriding, typ, plain) == ["plain", "overriding", "S-1"]
    assert named(consenting) == ["S-1", "S-1", "S-1"]
    assert [grant.rule for grant in asked(person(), VITAL).granted] == ["vital"] * 3
    again = plain._replace(law_ref="after it")
    assert named(consenting, plain, again) == ["plain", "S-1", "S-1"]


@pytest.mark.parametrize(
    ("rules", "member", "statements"),
    [
        ((), False, (stated(),)),
        ((statute(ALL),), False, ()),
        ((statute(ALL, kind=Basis.TYP_MEMBERSHIP),), True, ()),
        ((statute(ALL, kind=Basis.TYP_MEMBERSHIP, overrides=True),), True, ()),
    ],
)
def test_a_prohibition_beats_consent_membership_and_plain_statutes(
    rules: tuple[BasisRule, ...], member: bool, statements: tuple[Statement, ...]
) -> None:
    region = with_basis(*rules)
    free = asked(person(*statements, member=member), agreement=region)
    held = asked(person(*statements, PROHIBITION, member=member), agreement=region)
    assert free.categories == ALL
    assert held.granted == ()
    assert held.withheld == tuple(Withheld(c, "prohibited", "K-1", ()) for c in ALL)


def test_a_prohibition_beats_a_permit() -> None:
    prohibition = PROHIBITION._replace(sources=(SOTE,))
    decision = asked(person(PERMIT, prohibition), BETWEEN_SOTES, TWO_SOTES)
    assert decision.categories == ()


def test_an_overriding_statute_beats_a_prohibition_and_says_which() -> None:
    region = with_basis(statute((IDENTITY,)), statute((IDENTITY,), overrides=True))
    decision = asked(person(PROHIBITION), agreement=region)
    assert decision.granted == (Granted(IDENTITY, Basis.STATUTE, LAW, StatementId("K-1")),)
    assert asked(person(), agreement=region).granted[0].overrode is None


def test_a_vital_interest_beats_a_prohibition_and_says_which() -> None:
    decision = asked(person(PROHIBITION), VITAL)
    assert decision.categories == ALL
    assert decision.granted[0] == Granted(IDENTITY, Basis.VITAL, "vital", StatementId("K-1"))
    assert asked(person(), VITAL).granted[0].overrode is None


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


def test_of_several_prohibitions_the_first_recorded_is_named_for_each_category() -> None:
    of_contact = PROHIBITION._replace(categories=(CONTACT,))
    of_all = PROHIBITION._replace(statement_id=StatementId("K-2"))
    of_needs = PROHIBITION._replace(statement_id=StatementId("K-3"), categories=(NEEDS, CONTACT))
    held = asked(person(of_contact, of_all, of_needs)).withheld
    assert [withheld.rule for withheld in held] == ["K-2", "K-1", "K-2"]
    held = asked(person(of_needs, of_contact, of_all)).withheld
    assert [withheld.rule for withheld in held] == ["K-2", "K-3", "K-3"]
    of_identity = PROHIBITION._replace(statement_id=StatementId("K-4"), categories=(IDENTITY,))
    held = asked(person(of_needs, of_identity, of_all)).withheld
    assert [withheld.rule for withheld in held] == ["K-4", "K-3", "K-3"]


def test_a_prohibition_of_a_document_holds_back_what_is_drawn_from_it() -> None:
    of_document = PROHIBITION._replace(documents=(OTHER_DOCUMENT, DOCUMENT))
    whom = person(stated(), of_document)
    assert asked(whom).categories == ALL
    assert asked(whom, QUESTION._replace(documents=(b"a third",))).categories == ALL
    drawn = QUESTION._replace(documents=(b"a third", DOCUMENT))
    assert asked(whom, drawn).categories == ()
    narrow = person(stated(), of_document._replace(categories=(NEEDS,)))
    assert asked(narrow, drawn).categories == (IDENTITY, CONTACT)


def test_a_prohibition_of_a_service_task_holds_back_that_tasks_data() -> None:
    of_task = PROHIBITION._replace(service_tasks=("tyoikaisten", "lastensuojelu"))
    whom = person(stated(), of_task)
    assert asked(whom).categories == ALL
    assert asked(whom, QUESTION._replace(service_task="vammaispalvelut")).categories == ALL
    assert asked(whom, QUESTION._replace(service_task="lastensuojelu")).categories == ()


def test_a_prohibition_of_a_document_and_of_a_task_holds_back_the_data_of_either() -> None:
    of_both = PROHIBITION._replace(documents=(DOCUMENT,), service_tasks=("lastensuojelu",))
    whom = person(stated(), of_both)
    assert asked(whom).categories == ALL
    assert asked(whom, QUESTION._replace(documents=(DOCUMENT,))).categories == ()
    assert asked(whom, QUESTION._replace(service_task="lastensuojelu")).categories == ()


def test_a_consent_of_a_service_task_lets_that_tasks_data_go_alone() -> None:
    whom = person(stated(service_tasks=("tyoikaisten", "lastensuojelu")))
    assert asked(whom).categories == ()
    assert asked(whom, QUESTION._replace(service_task="vammaispalvelut")).categories == ()
    assert asked(whom, QUESTION._replace(service_task="lastensuojelu")).categories == ALL
    of_all = person(*whom.statements, stated(name="S-2", categories=(NEEDS,)))
    assert asked(of_all).categories == (NEEDS,)


def test_a_permit_of_a_service_task_lets_that_tasks_data_go_alone() -> None:
    whom = person(PERMIT._replace(service_tasks=("tyoikaisten",)))
    assert asked(whom, BETWEEN_SOTES, TWO_SOTES).categories == ()
    asked_of_task = BETWEEN_SOTES._replace(service_task="tyoikaisten")
    assert asked(whom, asked_of_task, TWO_SOTES).categories == ALL


def test_contact_data_of_a_protected_person_needs_a_statute_that_names_it() -> None:
    order = Withheld(CONTACT, "non-disclosure-order", "", ())
    typ = with_basis(statute(ALL, kind=Basis.TYP_MEMBERSHIP))
    for whom, region, question in (
        (person(stated(), protected=True), REGION, QUESTION),
        (person(protected=True), REGION, VITAL),
        (person(protected=True, member=True), typ, QUESTION),
    ):
        decision = asked(whom, question, region)
        assert decision.categories == (IDENTITY, NEEDS)
        assert decision.withheld == (order,)
    for overrides in (False, True):
        region = with_basis(statute((CONTACT,), overrides=overrides))
        named = asked(person(protected=True), agreement=region)
        assert named.granted == (Granted(CONTACT, Basis.STATUTE, LAW, None),)
    assert order in asked(person(PROHIBITION, protected=True)).withheld


def test_where_a_statute_names_contact_data_a_prohibition_is_what_holds_it_back() -> None:
    whom = person(PROHIBITION, protected=True)
    prohibited = Withheld(CONTACT, "prohibited", "K-1", ())
    plain, overriding = statute((CONTACT,)), statute((CONTACT,), overrides=True)
    assert prohibited in asked(whom, agreement=with_basis(plain)).withheld
    # A vital interest lifts no non-disclosure order, whatever else does.
    assert prohibited in asked(whom, VITAL, with_basis(plain)).withheld
    granted = asked(whom, agreement=with_basis(overriding)).granted
    assert granted == (Granted(CONTACT, Basis.STATUTE, LAW, StatementId("K-1")),)


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
