"""Legal basis: which data may leave, category by category, and what is missing where it may not.

A prohibition beats consent, permit and ordinary statutes; statutes marked `overrides_prohibition`
and vital interest beat a prohibition. Contact data of a person with a non-disclosure order
(turvakielto) leaves only where a statute names it. Expired is absent. What a referral claims is no
basis, but for vital interest: the hub must know the statement.
"""

from typing import NamedTuple

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.entry import Act, Granted, MissingBasis, Withheld
from streams.domain.ids import AgencyId, Instant
from streams.domain.person import Handoff, PersonState, Statement
from streams.domain.statements import StatementKind


class Question(NamedTuple):
    """May data of these categories go from source to recipient for this purpose, at this instant?

    `vital`: the source claims a vital interest (facts 2.1 VITAL, verified = false). `to_branch` is
    the branch of sote that the data goes to, `service_task` whose data it is, `documents` what it
    is drawn from; empty or unknown where nobody has said.
    """

    source: AgencyId
    recipient: AgencyId
    purpose: Purpose
    categories: tuple[Category, ...]
    at: Instant
    vital: bool
    to_branch: Branch = Branch.UNKNOWN
    service_task: str = ""
    documents: tuple[bytes, ...] = ()

    @classmethod
    def about(
        cls, handoff: Handoff, recipient: AgencyId, at: Instant, agreement: Agreement
    ) -> "Question":
        """Ask what of a handoff's requested categories may go to an agency."""
        service = agreement.service(handoff.service)
        return cls(
            handoff.source,
            recipient,
            handoff.purpose,
            handoff.requested,
            at,
            handoff.vital,
            service.branch if service is not None else Branch.UNKNOWN,
            service.service_task if service is not None else "",
            handoff.documents,
        )


class Decision(NamedTuple):
    """What may leave, each category on its basis, and what stays behind, each with its reason."""

    granted: tuple[Granted, ...]
    withheld: tuple[Withheld, ...]

    @property
    def categories(self) -> tuple[Category, ...]:
        """The permitted categories, in the order they were asked for."""
        return tuple([grant.category for grant in self.granted])

    @property
    def missing(self) -> tuple[MissingBasis, ...]:
        """What would permit the rest, where anything would."""
        return tuple([missing for held in self.withheld for missing in held.missing])


class _Known(NamedTuple):
    """What bears on a question: statements in force and rules of the two sectors."""

    consents: list[Statement]
    prohibitions: list[Statement]
    rules: list["_Rule"]
    ask_for: Basis


class _Rule(NamedTuple):
    basis: Basis
    categories: tuple[Category, ...]
    overrides_prohibition: bool
    law_ref: str


def decide(person: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Decide a question category by category: the same question, the same answer."""
    known = _bearing_on(person, question, agreement)
    granted: list[Granted] = []
    withheld: list[Withheld] = []
    for category in question.categories:
        answer = _decide_category(category, known, question, protected=person.protected)
        if isinstance(answer, Granted):
            granted.append(answer)
        else:
            withheld.append(answer)
    return Decision(tuple(granted), tuple(withheld))


def next_turn(person: PersonState) -> Instant | None:
    """Give the next instant at which a statement begins or expires, None where none does."""
    turns = [
        bound
        for statement in person.statements
        if not statement.ended
        for bound in (statement.valid_from, statement.valid_to)
        if bound is not None and bound > person.recorded_at
    ]
    return min(turns) if turns else None


def _bearing_on(person: PersonState, question: Question, agreement: Agreement) -> _Known:
    from_sector = agreement.sector(question.source)
    to_sector = agreement.sector(question.recipient)
    inside_sote = from_sector == to_sector == "sote"
    consents: list[Statement] = []
    prohibitions: list[Statement] = []
    for statement in person.statements:
        if not _concerns(statement, question):
            continue
        if statement.kind is StatementKind.PROHIBITION:
            prohibitions.append(statement)
        elif statement.kind is StatementKind.CONSENT or (
            statement.kind is StatementKind.PERMIT and inside_sote
        ):
            consents.append(statement)
    rules = [
        _Rule(rule.kind, rule.categories, rule.overrides_prohibition, rule.law_ref)
        for rule in agreement.basis_rules
        if rule.from_sector == from_sector
        and rule.to_sector == to_sector
        and rule.purpose is question.purpose
        and (rule.kind is not Basis.TYP_MEMBERSHIP or person.typ_member)
    ]
    return _Known(
        consents, prohibitions, rules, Basis.SOTE_PERMIT if inside_sote else Basis.CONSENT
    )


def _concerns(statement: Statement, question: Question) -> bool:
    if statement.ended or not _is_in_force(statement, question.at):
        return False
    if statement.sources and question.source not in statement.sources:
        return False
    if statement.recipients and question.recipient not in statement.recipients:
        return False
    if statement.kind is StatementKind.PROHIBITION and not statement.purposes:
        return True
    return question.purpose in statement.purposes


def _is_in_force(statement: Statement, at: Instant) -> bool:
    if statement.valid_from is not None and at < statement.valid_from:
        return False
    return statement.valid_to is None or at < statement.valid_to


def _decide_category(
    category: Category, known: _Known, question: Question, *, protected: bool
) -> Granted | Withheld:
    statutes = [rule for rule in known.rules if category in rule.categories]
    guarded = protected and category is Category.CONTACT
    if guarded:
        statutes = [rule for rule in statutes if rule.basis is Basis.STATUTE]
    prohibition = next(
        (p for p in known.prohibitions if not p.categories or category in p.categories), None
    )
    beaten = prohibition.statement_id if prohibition is not None else None
    for rule in statutes:
        if prohibition is None or rule.overrides_prohibition:
            return Granted(category, rule.basis, rule.law_ref, beaten)
    if guarded:
        return Withheld(category, "non-disclosure-order", "", ())
    if question.vital:
        return Granted(category, Basis.VITAL, "vital", beaten)
    if prohibition is not None:
        return Withheld(category, "prohibited", prohibition.statement_id, ())
    for consent in known.consents:
        if category in consent.categories:
            permit = consent.kind is StatementKind.PERMIT
            basis = Basis.SOTE_PERMIT if permit else Basis.CONSENT
            return Granted(category, basis, consent.statement_id, None)
    missing = MissingBasis(
        category,
        known.ask_for,
        question.source,
        question.recipient,
        question.purpose,
        Act.GIVE,
        "",
    )
    return Withheld(category, "no-basis", "", (missing,))
