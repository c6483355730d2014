"""What tests of the legal basis are made of: statements, persons, questions and two sotes."""

from hypothesis import strategies as st

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from streams.domain.step import unknown_person
from tests.domain.region import EMPLOYMENT, KELA, PERSON, REGION, SOTE, at, statute, with_basis

IDENTITY, CONTACT, NEEDS = Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS
ALL = (IDENTITY, CONTACT, NEEDS)
LAW = "Act 1/2026 1 §"
OTHER_SOTE = AgencyId("sote.elsewhere")
TWO_SOTES = REGION._replace(
    agencies={
        **REGION.agencies,
        OTHER_SOTE: REGION.agencies[SOTE]._replace(agency_id=OTHER_SOTE),
    }
)


def stated(
    kind: StatementKind = StatementKind.CONSENT,
    *,
    name: str = "S-1",
    to_branch: Branch = Branch.UNKNOWN,
    sources: tuple[AgencyId, ...] = (EMPLOYMENT,),
    recipients: tuple[AgencyId, ...] = (SOTE,),
    purposes: tuple[Purpose, ...] = (Purpose.WORK_ABILITY,),
    categories: tuple[Category, ...] = ALL,
    documents: tuple[bytes, ...] = (),
    service_tasks: tuple[str, ...] = (),
    valid_from: Instant | None = None,
    valid_to: Instant | None = None,
    ended: bool = False,
) -> Statement:
    """State something: without more said, consent to all from employment to sote."""
    return Statement(
        StatementId(name),
        EMPLOYMENT,
        kind,
        to_branch,
        sources,
        recipients,
        purposes,
        categories,
        documents,
        service_tasks,
        valid_from,
        valid_to,
        at(),
        ended,
    )


PROHIBITION = stated(
    StatementKind.PROHIBITION, name="K-1", recipients=(), purposes=(), categories=()
)
"""Employment may tell nobody anything."""
PERMIT = stated(
    StatementKind.PERMIT,
    name="L-1",
    to_branch=Branch.SOCIAL,
    sources=(SOTE,),
    recipients=(OTHER_SOTE,),
)
"""One sote may tell the social care of the other."""


def person(*statements: Statement, protected: bool = False, member: bool = False) -> PersonState:
    """Make a person who has said this."""
    known = unknown_person(PERSON)
    return known._replace(statements=statements, protected=protected, typ_member=member)


QUESTION = Question(EMPLOYMENT, SOTE, Purpose.WORK_ABILITY, ALL, at(hours=1), vital=False)
BETWEEN_SOTES = QUESTION._replace(source=SOTE, recipient=OTHER_SOTE, to_branch=Branch.SOCIAL)


def asked(
    whom: PersonState, question: Question = QUESTION, agreement: Agreement = REGION
) -> Decision:
    """Ask what may leave: without more said, from employment to sote."""
    return decide(whom, question, agreement)


def recording(agreement: Agreement, *kinds: StatementKind) -> Agreement:
    """Let every agency record these kinds of statements alone."""
    agencies = {name: a._replace(records=kinds) for name, a in agreement.agencies.items()}
    return agreement._replace(agencies=agencies)


# What hypothesis draws: all of it meets often enough to matter.
STATEMENTS = st.builds(
    stated,
    st.sampled_from([StatementKind.CONSENT, *StatementKind]),
    name=st.sampled_from(["S-1", "S-2", "S-3"]),
    to_branch=st.sampled_from(Branch),
    sources=st.sampled_from([(), (EMPLOYMENT, SOTE), (SOTE, KELA)]),
    recipients=st.sampled_from([(), (SOTE, OTHER_SOTE, KELA), (KELA,)]),
    purposes=st.sampled_from([tuple(Purpose), (Purpose.WORK_ABILITY,), (Purpose.EMPLOYMENT,), ()]),
    categories=st.sets(st.sampled_from(ALL)).map(sorted).map(tuple),
    documents=st.sampled_from([(), (), (), (b"document",)]),
    service_tasks=st.sampled_from([(), (), (), ("tyoikaisten",)]),
    valid_from=st.sampled_from([None, None, None, at(hours=1)]),
    valid_to=st.sampled_from([None, None, None, at(hours=2)]),
    ended=st.sampled_from([False, False, False, True]),
)
PERSONS = st.builds(
    lambda said, protected, member: person(*said, protected=protected, member=member),
    st.lists(STATEMENTS, max_size=4),
    st.booleans(),
    st.booleans(),
)
QUESTIONS = st.builds(
    Question,
    st.sampled_from([EMPLOYMENT, SOTE]),
    st.sampled_from([OTHER_SOTE, KELA]),
    st.just(Purpose.WORK_ABILITY),
    st.lists(st.sampled_from(ALL), unique=True, min_size=1).map(tuple),
    st.sampled_from([at(), at(hours=1), at(hours=2)]),
    st.sampled_from([False, False, True]),
    st.sampled_from(Branch),
    st.sampled_from(["", "tyoikaisten"]),
    st.sampled_from([(), (b"document",)]),
)
_RULES = st.lists(
    st.builds(
        statute,
        st.sets(st.sampled_from(ALL), min_size=1).map(sorted).map(tuple),
        overrides=st.booleans(),
        kind=st.sampled_from([Basis.STATUTE, Basis.TYP_MEMBERSHIP, Basis.TYP_MEMBERSHIP]),
        from_sector=st.sampled_from(["employment", "sote"]),
        to_sector=st.sampled_from(["sote", "kela"]),
    ),
    max_size=3,
)
_RECORDED = st.sampled_from(
    [tuple(StatementKind), (StatementKind.CONSENT,), (StatementKind.PERMIT,), ()]
)
AGREEMENTS = st.builds(
    lambda rules, kinds: recording(
        TWO_SOTES._replace(basis_rules=with_basis(*rules).basis_rules), *kinds
    ),
    _RULES,
    _RECORDED,
)
