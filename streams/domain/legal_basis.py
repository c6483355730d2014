"""Legal basis: which data may leave, category by category, and on what.

A prohibition beats consent, permit, the TYP act and ordinary statutes; statutes marked
`overrides_prohibition` and vital interest beat a prohibition. Contact data of a person with a
non-disclosure order (turvakielto) leaves only where a statute names it. Expired is absent. What a
referral claims is no basis, but for vital interest: the hub must know the statement.

Where several would do, the most ordinary is named: a plain statute, an overriding one, the TYP act,
the person's own permit or consent, and last a vital interest (decision 0022).
"""

from typing import NamedTuple

from streams.domain.agreement import Agreement, Laws
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.entry import Granted, MissingBasis, Withheld
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.person import Handoff, PersonState, Statement
from streams.domain.statements import StatementKind

SOTE = "sote"
"""The sector inside which data goes by permit."""
PROHIBITED, ORDERED, NO_BASIS = "prohibited", "non-disclosure-order", "no-basis"
"""Why a category stays behind."""
_NO_LAW = Laws()
# Looked up on its class, a code costs more than all else that is asked of a statement.
_PROHIBITION, _CONSENT, _PERMIT = (
    StatementKind.PROHIBITION,
    StatementKind.CONSENT,
    StatementKind.PERMIT,
)
_CONTACT, _UNKNOWN_CATEGORY = Category.CONTACT, Category.UNKNOWN
_UNKNOWN_PURPOSE, _UNKNOWN_BRANCH = Purpose.UNKNOWN, Branch.UNKNOWN


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


class _Said(NamedTuple):
    """What the person has said that bears on a question, in the order of its recording."""

    prohibitions: list[Statement]
    permissions: list[Statement]


def decide(person: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Decide a question category by category: the same question, the same answer.

    Of what is missing it says nothing: `missing_basis.seek` finds that, where somebody is told.
    """
    from_sector, to_sector = agreement.sector(question.source), agreement.sector(question.recipient)
    laws = agreement.basis_rules.laws(from_sector, to_sector, question.purpose)
    said = _heed(person, question, from_sector, to_sector)
    prohibited, all_prohibited = _first_prohibitions(said.prohibitions, question.categories)
    known = question.purpose is not _UNKNOWN_PURPOSE
    permitted = _first_permissions(said.permissions) if known else {}
    vital = question.vital and known
    granted: list[Granted] = []
    withheld: list[Withheld] = []
    for category in question.categories:
        law = laws.get(category, _NO_LAW)
        prohibition = prohibited.get(category, all_prohibited)
        guarded = category is _CONTACT and person.protected
        grant = _by_law(category, law, prohibition)
        if grant is None and not guarded and category is not _UNKNOWN_CATEGORY:
            if prohibition is None:
                clienthood = law.clienthood if person.typ_member else None
                grant = _otherwise(category, clienthood, permitted.get(category))
            if grant is None and vital:
                grant = Granted(category, Basis.VITAL, "vital", prohibition)
        if grant is not None:
            granted.append(grant)
        else:
            withheld.append(_withheld(category, law, prohibition, guarded=guarded))
    return Decision(tuple(granted), tuple(withheld))


def prohibitions(person: PersonState, question: Question, agreement: Agreement) -> list[Statement]:
    """Give the prohibitions that concern a question, in the order of their recording."""
    from_sector, to_sector = agreement.sector(question.source), agreement.sector(question.recipient)
    return _heed(person, question, from_sector, to_sector).prohibitions


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


def _heed(person: PersonState, question: Question, from_sector: str, to_sector: str) -> _Said:
    said = _Said([], [])
    source, recipient, at = question.source, question.recipient, question.at
    purpose, drawn_on = question.purpose, frozenset(question.documents)
    direction = question.to_branch if from_sector == to_sector == SOTE else _UNKNOWN_BRANCH
    for statement in person.statements:
        # Of many statements few concern a question: what rules most of them out comes first.
        purposes, prohibits = statement.purposes, statement.kind is _PROHIBITION
        if statement.ended or (purpose not in purposes and (purposes or not prohibits)):
            continue
        sources, recipients = statement.sources, statement.recipients
        if (sources and source not in sources) or (recipients and recipient not in recipients):
            continue
        begins, ends = statement.valid_from, statement.valid_to
        if (begins is not None and at < begins) or (ends is not None and at >= ends):
            continue
        if prohibits:
            if _reaches(statement, question.service_task, drawn_on):
                said.prohibitions.append(statement)
        # "Any agency of the region" is none that has left it.
        elif (
            (sources or from_sector)
            and (recipients or to_sector)
            and _permits(statement, question.service_task, direction)
        ):
            said.permissions.append(statement)
    return said


def _reaches(prohibition: Statement, service_task: str, drawn_on: frozenset[bytes]) -> bool:
    """Say whether the data is of what a prohibition names, if it names anything."""
    documents, service_tasks = prohibition.documents, prohibition.service_tasks
    if not documents and not service_tasks:
        return True
    # What was drawn from a document stands somewhere in free text, where nobody can cut it out.
    return service_task in service_tasks or not drawn_on.isdisjoint(documents)


def _permits(statement: Statement, service_task: str, direction: Branch) -> bool:
    """Say whether a statement permits what it covers, of data that goes into a branch of sote.

    One that names service tasks covers data of these alone, and none of which nobody has said.
    """
    if statement.service_tasks and service_task not in statement.service_tasks:
        return False
    if statement.kind is _CONSENT:
        return True
    if statement.kind is not _PERMIT or direction is _UNKNOWN_BRANCH:
        return False
    return statement.to_branch is direction


def _first_prohibitions(
    prohibitions: list[Statement], asked: tuple[Category, ...]
) -> tuple[dict[Category, StatementId], StatementId | None]:
    first: dict[Category, StatementId] = {}
    for prohibition in prohibitions:
        if not prohibition.categories:
            return first, prohibition.statement_id
        for category in prohibition.categories:
            first.setdefault(category, prohibition.statement_id)
        if first.keys() >= frozenset(asked):
            break
    return first, None


def _first_permissions(permissions: list[Statement]) -> dict[Category, Statement]:
    first: dict[Category, Statement] = {}
    for statement in permissions:
        for category in statement.categories:
            first.setdefault(category, statement)
    return first


def _by_law(category: Category, law: Laws, prohibition: StatementId | None) -> Granted | None:
    if prohibition is None and law.statute is not None:
        return Granted(category, Basis.STATUTE, law.statute, None)
    if law.overriding is not None:
        return Granted(category, Basis.STATUTE, law.overriding, prohibition)
    return None


def _otherwise(
    category: Category, clienthood: str | None, statement: Statement | None
) -> Granted | None:
    if clienthood is not None:
        return Granted(category, Basis.TYP_MEMBERSHIP, clienthood, None)
    if statement is None:
        return None
    basis = Basis.SOTE_PERMIT if statement.kind is _PERMIT else Basis.CONSENT
    return Granted(category, basis, statement.statement_id, None)


def _withheld(
    category: Category, law: Laws, prohibition: StatementId | None, *, guarded: bool
) -> Withheld:
    if guarded and law.statute is None and law.overriding is None:
        return Withheld(category, ORDERED, "", ())
    if prohibition is not None:
        return Withheld(category, PROHIBITED, prohibition, ())
    return Withheld(category, NO_BASIS, "", ())
