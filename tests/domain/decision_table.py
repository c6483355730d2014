"""The decision table: agency by agency by purpose by category, by what was said, by when.

Its rules are those of the shipped agreement file, to which it adds what that region lacks: a second
sote, for permits, and statutes that hold for a month, that name contact data, that override.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle, product
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.agreement_file import SHIPPED_REGION, load_agreements, shipped_folder
from streams.domain.agreement import Agreement, Agreements
from streams.domain.calendar import instant
from streams.domain.codes import Branch, Category, Purpose
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.legal_basis import Decision, Question
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from tests.domain.by_the_page import Answer, Asked, Region, Whose
from tests.domain.questions import person, stated
from tests.domain.region import EMPLOYMENT, KELA, SOTE, STRANGER, TYP

NEXT_DOOR = AgencyId("sote.kymenlaakso")
AGENCIES = (EMPLOYMENT, SOTE, KELA, TYP, NEXT_DOOR, STRANGER)
PURPOSES = tuple(Purpose)
CATEGORIES = tuple(Category)
DOCUMENT, TASK = b"document of test", "tyoikaisten"
WINTER = instant(datetime(2026, 2, 10, 10, 0, tzinfo=UTC))
_APRIL = instant(datetime(2026, 3, 31, 21, 0, tzinfo=UTC))
"""Local midnight at which March ends."""
MOMENTS = (WINTER, Instant(_APRIL - 1), _APRIL)
_ADDED = """
[[agency]]
id = "sote.kymenlaakso"
sector = "sote"
name = { fi = "Kymenlaakso", sv = "Kymmenedalen", en = "Kymenlaakso" }
business_id = "9100008-0"
oid = "1.2.246.10.91000080"
xroad_member = "FI-TEST/MUN/9100008-0/sote"
municipalities = ["286"]

[[basis]]
kind = "statute"
from_sector = "employment"
to_sector = "kela"
purpose = "rehabilitation"
categories = ["plan", "contact"]
overrides_prohibition = true
law_ref = "In March 1 §"
valid_from = 2026-03-01
valid_to = 2026-03-31

[[basis]]
kind = "statute"
from_sector = "sote"
to_sector = "sote"
purpose = "social_care"
categories = ["identity", "contact"]
law_ref = "From April 2 §"
valid_from = 2026-04-01

"""

Decide = Callable[[PersonState, Question, Agreement], Decision]


class Circumstances(NamedTuple):
    """What is asked about, beside who, what and when, and what else is known of the person."""

    protected: bool = False
    member: bool = False
    vital: bool = False
    to_branch: Branch = Branch.UNKNOWN
    service_task: str = ""
    documents: tuple[bytes, ...] = ()


CIRCUMSTANCES = (
    Circumstances(),
    Circumstances(to_branch=Branch.SOCIAL),
    Circumstances(member=True),
    Circumstances(protected=True, to_branch=Branch.HEALTH),
    Circumstances(to_branch=Branch.SOCIAL, service_task=TASK),
    Circumstances(member=True, documents=(b"another document", DOCUMENT)),
    Circumstances(vital=True),
    Circumstances(protected=True, member=True),
    Circumstances(protected=True, vital=True, service_task="vammaispalvelut"),
    Circumstances(to_branch=Branch.HEALTH, service_task=TASK, documents=(DOCUMENT,)),
    Circumstances(to_branch=Branch.SOCIAL, documents=(b"another document",)),
)
"""A prime number of them, so that they meet every combination of the rest in turn."""


class Case(NamedTuple):
    """One question with its person; each of its categories is a row."""

    said: str
    person: PersonState
    question: Question


class Table(NamedTuple):
    """All cases, the agreements they are decided by, and what the page answers to each category."""

    agreements: Agreements
    cases: tuple[Case, ...]
    answers: tuple[tuple[Answer, ...], ...]

    def differences(self, decide: Decide) -> Iterator[str]:
        """Say of each row where a way of deciding answers otherwise than the page."""
        for case, answers in zip(self.cases, self.answers, strict=True):
            agreement = self.agreements.in_force(case.question.at)
            decided = answers_of(decide(case.person, case.question, agreement))
            for category, expected in zip(case.question.categories, answers, strict=True):
                found = decided.get(category)
                if found != expected:
                    asked = case.question._replace(categories=(category,))
                    yield f"{case.said}, {asked}: {found}, and not {expected}"


def answers_of(decision: Decision) -> dict[Category, Answer]:
    """Put a decision into the page's words."""
    found = {held.category: Answer(False, held.reason, held.rule) for held in decision.withheld}
    found |= {
        grant.category: Answer(True, grant.basis, grant.rule, grant.overrode)
        for grant in decision.granted
    }
    return found


def table(folder: Path) -> Table:
    """Make the table; the agreement file is written into a folder for the hub to load."""
    text = (shipped_folder() / SHIPPED_REGION).read_text(encoding="utf-8")
    text = text.replace("[bounce]", f"{_ADDED}[bounce]", 1)
    (folder / SHIPPED_REGION).write_text(text, encoding="utf-8")
    region = Region(text)
    cases = tuple(_cases())
    answers = tuple(
        tuple(region.answer(asked, _whose(case.person)) for asked in _asked(case.question))
        for case in cases
    )
    return Table(load_agreements(folder / SHIPPED_REGION), cases, answers)


def _asked(question: Question) -> Iterator[Asked]:
    for category in question.categories:
        yield Asked(
            question.source,
            question.recipient,
            question.purpose,
            category,
            question.at,
            question.vital,
            question.to_branch,
            question.service_task,
            question.documents,
        )


def _whose(whom: PersonState) -> Whose:
    return Whose(whom.statements, whom.protected, whom.typ_member)


def _cases() -> Iterator[Case]:
    circumstances = cycle(CIRCUMSTANCES)
    for source, recipient, purpose, moment in product(AGENCIES, AGENCIES, PURPOSES, MOMENTS):
        if source == recipient:
            continue
        for said, statements in _sayings(source, recipient, purpose):
            then = next(circumstances)
            yield Case(
                said,
                person(*statements, protected=then.protected, member=then.member),
                Question(source, recipient, purpose, CATEGORIES, moment, *then[2:]),
            )


def _sayings(
    source: AgencyId, recipient: AgencyId, purpose: Purpose
) -> Iterator[tuple[str, tuple[Statement, ...]]]:
    """Give what a person may have said, made for a question or just beside it."""
    single = _permissions(source, recipient, purpose) | _prohibitions(source, recipient, purpose)
    yield "nothing", ()
    for name, statement in single.items():
        yield name, (statement,)
    for barring in _prohibitions(source, recipient, purpose):
        for permitting in ("consent", "permit to social care"):
            yield f"{permitting}, {barring}", (single[permitting], single[barring])
    for names in (
        ("consent of two categories", "consent"),
        ("consent until April", "consent from April"),
        ("permit to social care", "permit to health care", "consent of two categories"),
        ("prohibition of contact data", "prohibition", "prohibition until April"),
        ("prohibition from April", "prohibition of a document", "consent"),
        ("withdrawn consent", "lifted prohibition", "consent to anybody"),
    ):
        yield ", ".join(names), tuple(single[name] for name in names)


def _permissions(source: AgencyId, recipient: AgencyId, purpose: Purpose) -> dict[str, Statement]:
    def other(than: AgencyId) -> AgencyId:
        return KELA if than != KELA else SOTE

    consent = stated(
        sources=(source,), recipients=(recipient,), purposes=(purpose,), categories=CATEGORIES
    )
    permit = consent._replace(kind=StatementKind.PERMIT)
    another = Purpose.EMPLOYMENT if purpose is not Purpose.EMPLOYMENT else Purpose.REHABILITATION
    found = {
        "consent": consent,
        "consent of two categories": consent._replace(categories=(Category.PLAN, Category.CONTACT)),
        "consent of anybody": consent._replace(sources=()),
        "consent to anybody": consent._replace(recipients=()),
        "consent to another": consent._replace(recipients=(other(recipient),)),
        "consent of another": consent._replace(sources=(other(source),)),
        "consent the other way": consent._replace(sources=(recipient,), recipients=(source,)),
        "consent for another purpose": consent._replace(purposes=(another,)),
        "consent for two purposes": consent._replace(purposes=(another, purpose)),
        "consent for no purpose": consent._replace(purposes=()),
        "consent of no category": consent._replace(categories=()),
        "consent until April": consent._replace(valid_to=_APRIL),
        "consent from April": consent._replace(valid_from=_APRIL),
        "withdrawn consent": consent._replace(ended=True),
        "statement of an unknown kind": consent._replace(kind=StatementKind.UNKNOWN),
        "permit to social care": permit._replace(to_branch=Branch.SOCIAL),
        "permit to health care": permit._replace(to_branch=Branch.HEALTH),
        "permit to anybody": permit._replace(to_branch=Branch.SOCIAL, recipients=()),
        "permit without a direction": permit,
        "consent of a service task": consent._replace(service_tasks=("lastensuojelu", TASK)),
        "permit of a service task": permit._replace(to_branch=Branch.SOCIAL, service_tasks=(TASK,)),
    }
    return _named(found, "S")


def _prohibitions(source: AgencyId, recipient: AgencyId, purpose: Purpose) -> dict[str, Statement]:
    prohibition = stated(
        StatementKind.PROHIBITION, sources=(source,), recipients=(), purposes=(), categories=()
    )
    of_task = prohibition._replace(service_tasks=("lastensuojelu", TASK))
    found = {
        "prohibition": prohibition,
        "prohibition of contact data": prohibition._replace(categories=(Category.CONTACT,)),
        "prohibition to the recipient": prohibition._replace(recipients=(recipient,)),
        "prohibition to the source": prohibition._replace(recipients=(source,)),
        "prohibition for the purpose": prohibition._replace(purposes=(purpose,)),
        "prohibition for employment": prohibition._replace(purposes=(Purpose.EMPLOYMENT,)),
        "prohibition of a document": prohibition._replace(documents=(DOCUMENT,)),
        "prohibition of a service task": of_task,
        "prohibition of a task's plan": of_task._replace(categories=(Category.PLAN,)),
        "prohibition of a document and a task": of_task._replace(documents=(DOCUMENT,)),
        "prohibition until April": prohibition._replace(valid_to=_APRIL),
        "prohibition from April": prohibition._replace(valid_from=_APRIL),
        "lifted prohibition": prohibition._replace(ended=True),
    }
    return _named(found, "K")


def _named(statements: dict[str, Statement], letter: str) -> dict[str, Statement]:
    return {
        name: statement._replace(statement_id=StatementId(f"{letter}-{number}"))
        for number, (name, statement) in enumerate(statements.items(), start=1)
    }
