"""Missing basis: the least that would have to be done so that withheld data may leave.

Nothing is said by heart. What could be done is tried on the person as they would be afterwards,
and `decide` says what then may leave. The least burdensome for the person goes first:

    burden  act
    1       the person gives one consent or permit, made to measure, to be withdrawn at will
    2       the person lifts a prohibition of their own: a protection is gone, for others as well
    4       a TYP clienthood begins: a service, with its register

The set with the least total is told, none of whose acts could be left out. Only acts that concern
the question are tried, and of these no more than can matter: no act beats a prohibition, so each
that stands in a category's way has to be lifted whatever else is done, and the rest need not be; a
consent covers all that a clienthood would, so no set holds both (decision 0023).
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.domain.agreement import Agreement
from streams.domain.codes import Branch, Category
from streams.domain.entry import Act, Granted, MissingBasis
from streams.domain.ids import StatementId
from streams.domain.legal_basis import (
    ORDERED,
    PROHIBITED,
    SOTE,
    Decision,
    Question,
    decide,
    prohibitions,
)
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind


class _Way(NamedTuple):
    """An act beside the lifting of prohibitions, None for none, and the person after it."""

    act: Act | None
    person: PersonState


class _Found(NamedTuple):
    """The basis that a category would rest on, and the act that brings it."""

    act: Act | None
    grant: Granted


def seek(
    person: PersonState, question: Question, agreement: Agreement, decision: Decision
) -> Decision:
    """Give a decision with what is missing: for each withheld category the acts that permit it.

    All of a category's acts have to be done, prohibitions first. A category that nothing helps has
    none: contact data under a non-disclosure order that no statute lifts.
    """
    hopeful = tuple([held.category for held in decision.withheld if held.reason != ORDERED])
    if not hopeful:
        return decision
    in_the_way: list[Statement] = []
    if any(held.reason == PROHIBITED for held in decision.withheld):
        in_the_way = prohibitions(person, question, agreement)
    found = _search(person, question._replace(categories=hopeful), agreement, in_the_way)
    told = [
        held._replace(missing=_acts(held.category, found[held.category], question, in_the_way))
        if held.category in found
        else held
        for held in decision.withheld
    ]
    return Decision(decision.granted, tuple(told))


def _search(
    person: PersonState, question: Question, agreement: Agreement, in_the_way: list[Statement]
) -> dict[Category, _Found]:
    found: dict[Category, _Found] = {}
    for act, after in _ways(person, question, agreement, in_the_way):
        decision = decide(after, question, agreement)
        for grant in decision.granted:
            found[grant.category] = _Found(act, grant)
        if not decision.withheld:
            break
        behind = tuple([held.category for held in decision.withheld])
        question = question._replace(categories=behind)
    return found


def _ways(
    person: PersonState, question: Question, agreement: Agreement, in_the_way: list[Statement]
) -> Iterator[_Way]:
    """Give the ways that could help, the least burdensome first."""
    if in_the_way:
        lifted = {prohibition.statement_id for prohibition in in_the_way}
        left = [
            statement
            for statement in person.statements
            if statement.kind is not StatementKind.PROHIBITION
            or statement.statement_id not in lifted
        ]
        person = person._replace(statements=tuple(left))
        yield _Way(None, person)
    for kind in _kinds(question, agreement):
        given = _made_to_measure(kind, question)
        yield _Way(Act.GIVE, person._replace(statements=(*person.statements, given)))
    if not person.typ_member:
        yield _Way(Act.BEGIN, person._replace(typ_member=True))


def _kinds(question: Question, agreement: Agreement) -> Iterator[StatementKind]:
    """Give the kinds of statement that would count, and that some agency may record."""
    sectors = agreement.sector(question.source), agreement.sector(question.recipient)
    # Inside sote the law asks for a permit (facts 2.2), which has to say which way data goes.
    inside_sote = sectors == (SOTE, SOTE) and question.to_branch is not Branch.UNKNOWN
    for kind in (StatementKind.PERMIT, StatementKind.CONSENT)[not inside_sote :]:
        if any(kind in agency.records for agency in agreement.agencies.values()):
            yield kind


def _made_to_measure(kind: StatementKind, question: Question) -> Statement:
    return Statement(
        StatementId(""),
        question.source,
        kind,
        question.to_branch,
        (question.source,),
        (question.recipient,),
        (question.purpose,),
        question.categories,
        documents=(),
        service_tasks=(),
        valid_from=None,
        valid_to=None,
        occurred_at=question.at,
        ended=False,
    )


def _acts(
    category: Category, found: _Found, question: Question, in_the_way: list[Statement]
) -> tuple[MissingBasis, ...]:
    source, recipient, purpose = question.source, question.recipient, question.purpose
    basis, lift = found.grant.basis, Act.LIFT
    lifted = [
        prohibition.statement_id
        for prohibition in in_the_way
        if not prohibition.categories or category in prohibition.categories
    ]
    acts = [
        MissingBasis(category, basis, source, recipient, purpose, lift, statement_id)
        # Two recorders may have used one id; the person who lifts what is called so lifts both.
        for statement_id in dict.fromkeys(lifted)
    ]
    if found.act is not None:
        rule = found.grant.rule
        acts.append(MissingBasis(category, basis, source, recipient, purpose, found.act, rule))
    return tuple(acts)
