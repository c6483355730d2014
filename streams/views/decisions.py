"""Which of a handoff's data may go, category by category, and the chain of rules that says so.

The question is put again, as of an instant, to the domain itself; what is added here is only where
each rule of the answer stands: a statement with its recorder, a law with whether anybody has
checked it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis, Branch
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    Granted,
    HandoffOpened,
    HandoffStatusChanged,
    MissingBasis,
    Withheld,
)
from streams.domain.ids import HandoffId, Instant, PersonId
from streams.domain.legal_basis import Decision, Question
from streams.domain.statement import Standing
from streams.domain.statements import StatementKind
from streams.promises.engine import Stored
from streams.views.retelling import Retelling, Rules
from streams.views.statements import StatementSeen, statements

PERMIT, DENY = "permit", "deny"
PERMITS, OVERRIDDEN, HOLDS = "permits", "overridden", "holds"
"""What a link of a chain does: it lets the data go, was overridden, or holds the data back."""
STATEMENT, LAW, VITAL, ORDER = "statement", "law", "vital", "non-disclosure-order"
"""What a link is: a person's statement, a law, a vital interest, a non-disclosure order."""

BY_LAW = (Basis.STATUTE, Basis.TYP_MEMBERSHIP)
"""Bases whose rule is a law reference."""
_PROHIBITS = StatementKind.PROHIBITION.value


class Link(NamedTuple):
    """One rule of a chain; `verified` None where there is nothing to check against a statute."""

    role: str
    what: str
    statement_id: str | None
    kind: str | None
    recorder: str | None
    law_ref: str | None
    verified: bool | None


class CategoryTold(NamedTuple):
    """A category's answer; `missing` are acts that all have to be done so that it may go."""

    category: str
    decision: str
    basis: str | None
    reason: str | None
    chain: tuple[Link, ...]
    missing: tuple[MissingBasis, ...]


class DecidedSeen(NamedTuple):
    """What an entry of the ledger decided of the handoff's data, for one agency."""

    recorded_at: Instant
    entry_id: str
    to: str
    granted: tuple[Granted, ...]
    withheld: tuple[Withheld, ...]


class DecisionTold(NamedTuple):
    """A decision as of an instant, and all that it rests on.

    `statements` are those of the person in force then; `decided` is what the ledger had decided of
    the handoff by then, in its order.
    """

    handoff_id: str
    case_id: str
    person: str
    status: str
    service: str
    question: Question
    decision: Decision
    agreement: Agreement
    typ_member: bool
    protected: bool
    categories: tuple[CategoryTold, ...]
    statements: tuple[StatementSeen, ...]
    decided: tuple[DecidedSeen, ...]

    @property
    def to_branch(self) -> str | None:
        """The branch of sote that the data goes to, None where it goes to none."""
        branch = self.question.to_branch
        return branch.value if branch is not Branch.UNKNOWN else None


def explain_disclosure(
    told: Sequence[Stored], handoff_id: HandoffId, at: Instant, agreement: Agreement, rules: Rules
) -> DecisionTold | None:
    """Ask again what of a handoff may go to its recipient; None where it was not opened by then.

    Args:
        told: The person's entries up to the instant, in order, from the first.
        handoff_id: Which handoff; it may be over.
        at: The instant by which validity is judged.
        agreement: The version in force then, with the records in force then.
        rules: The versions that the entries name.

    Raises:
        RulesGoneError: An entry was decided under an agreement that is not at hand.
    """
    opened = _opened(told, handoff_id)
    if opened is None:
        return None
    retelling = Retelling(PersonId(told[0].entry.person), rules)
    for stored in told:
        retelling.take(stored.entry)
    question = retelling.question(handoff_id, at, agreement)
    decision = retelling.decide(question, agreement)
    in_force = [seen for seen in statements(told, at) if seen.state == Standing.ACTIVE]
    every: list[Granted | Withheld] = [*decision.granted, *decision.withheld]
    answers = {answer.category: _told(answer, question, agreement, in_force) for answer in every}
    return DecisionTold(
        handoff_id,
        opened.case_id,
        retelling.state.person,
        _status(told, opened),
        opened.service.value,
        question,
        decision,
        agreement,
        retelling.state.typ_member,
        retelling.state.protected,
        tuple([answers[category] for category in question.categories]),
        tuple(in_force),
        tuple(_decided(told, handoff_id)),
    )


def is_checked(granted: Granted, question: Question, agreement: Agreement) -> bool | None:
    """Say whether anybody has checked the law that a category went by against the statute.

    None where it went by no law, or the agreement does not name it.
    """
    if granted.basis not in BY_LAW:
        return None
    sectors = agreement.sector(question.source), agreement.sector(question.recipient)
    for rule in agreement.basis_rules:
        same = rule.kind is granted.basis and rule.law_ref == granted.rule
        here = (rule.from_sector, rule.to_sector) == sectors and rule.purpose is question.purpose
        if same and here and granted.category in rule.categories:
            return rule.verified
    return None


def _opened(told: Sequence[Stored], handoff_id: HandoffId) -> HandoffOpened | None:
    for stored in told:
        for fact in stored.entry.facts:
            if isinstance(fact, HandoffOpened) and fact.handoff_id == handoff_id:
                return fact
    return None


def _status(told: Sequence[Stored], opened: HandoffOpened) -> str:
    status = opened.status
    for stored in told:
        for fact in stored.entry.facts:
            if isinstance(fact, HandoffStatusChanged) and fact.handoff_id == opened.handoff_id:
                status = fact.to
    return status.value


def _decided(told: Sequence[Stored], handoff_id: HandoffId) -> list[DecidedSeen]:
    found: list[DecidedSeen] = []
    for stored in told:
        entry = stored.entry
        of_this: dict[str, DecidedSeen] = {}
        for fact in entry.facts:
            if not isinstance(fact, DisclosureMade | DisclosureWithheld):
                continue
            if fact.handoff_id != handoff_id:
                continue
            nothing = DecidedSeen(entry.recorded_at, entry.entry_id, fact.to, (), ())
            so_far = of_this.get(fact.to, nothing)
            if isinstance(fact, DisclosureMade):
                so_far = so_far._replace(granted=so_far.granted + fact.basis)
            else:
                so_far = so_far._replace(withheld=so_far.withheld + fact.missing)
            of_this[fact.to] = so_far
        found += of_this.values()
    return found


def _told(
    answer: Granted | Withheld,
    question: Question,
    agreement: Agreement,
    in_force: list[StatementSeen],
) -> CategoryTold:
    category = answer.category.value
    if isinstance(answer, Withheld):
        chain: list[Link] = []
        if answer.rule:
            chain.append(_statement(HOLDS, answer.rule, answer, question, in_force))
        elif answer.reason == ORDER:
            chain.append(Link(HOLDS, ORDER, None, None, None, None, None))
        return CategoryTold(category, DENY, None, answer.reason, tuple(chain), answer.missing)
    if answer.basis in BY_LAW:
        checked = is_checked(answer, question, agreement)
        chain = [Link(PERMITS, LAW, None, answer.basis.value, None, answer.rule, checked)]
    elif answer.basis is Basis.VITAL:
        chain = [Link(PERMITS, VITAL, None, None, question.source, None, None)]
    else:
        chain = [_statement(PERMITS, answer.rule, answer, question, in_force)]
    if answer.overrode is not None:
        chain.append(_statement(OVERRIDDEN, answer.overrode, answer, question, in_force))
    return CategoryTold(category, PERMIT, answer.basis.value, None, tuple(chain), ())


def _statement(
    role: str,
    statement_id: str,
    answer: Granted | Withheld,
    question: Question,
    in_force: list[StatementSeen],
) -> Link:
    # Two agencies may call two statements by one id: it is the one that the question concerns.
    for seen in in_force:
        prohibits = seen.kind == _PROHIBITS
        if seen.statement_id != statement_id or prohibits is (role == PERMITS):
            continue
        if _concerns(seen, answer, question):
            return Link(role, STATEMENT, statement_id, seen.kind, seen.recorder, None, None)
    return Link(role, STATEMENT, statement_id, None, None, None, None)


def _concerns(seen: StatementSeen, answer: Granted | Withheld, question: Question) -> bool:
    empty_is_any = seen.kind == _PROHIBITS
    return (
        (not seen.sources or question.source in seen.sources)
        and (not seen.recipients or question.recipient in seen.recipients)
        and (question.purpose.value in seen.purposes or (empty_is_any and not seen.purposes))
        and (answer.category.value in seen.categories or (empty_is_any and not seen.categories))
    )
