"""Every row of the decision table is decided as the domain page reads, and no bug passes it."""

from collections import Counter
from itertools import islice

import pytest

from streams.domain.agreement import Agreement, Agreements, BasisBook
from streams.domain.codes import Basis
from streams.domain.entry import Granted
from streams.domain.ids import Instant
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from tests.domain.decision_table import CIRCUMSTANCES, Decide, Table, table
from tests.measuring import measured_by_nobody

pytestmark = pytest.mark.usefixtures("unmeasured")

ROWS_MIN = 2_000
SEEN_MIN = 100
"""How often each answer has to stand in the table, so that it says something of it."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Table:
    with measured_by_nobody():
        return table(tmp_path_factory.mktemp("agreement"))


def test_every_row_is_decided_as_the_page_reads(rows: Table) -> None:
    assert list(islice(rows.differences(decide), 5)) == []


def test_the_table_holds_every_answer_in_every_circumstance(rows: Table) -> None:
    answers = [answer for of_case in rows.answers for answer in of_case]
    assert len(answers) >= ROWS_MIN
    seen = Counter((answer.basis_or_reason, bool(answer.overrode)) for answer in answers)
    expected = {(basis.value, False) for basis in Basis if basis is not Basis.UNKNOWN}
    expected |= {("statute", True), ("vital", True)}
    expected |= {(why, False) for why in ("no-basis", "prohibited", "non-disclosure-order")}
    assert set(seen) == expected
    assert min(seen.values()) >= SEEN_MIN
    # No two of them are asked in step, or a pair would never meet.
    sayings = {case.said for case in rows.cases}
    met = {
        (case.said, case.person.protected, case.person.typ_member, case.question[-4:])
        for case in rows.cases
    }
    assert len(met) == len(sayings) * len(CIRCUMSTANCES)


# Bugs as somebody might make them, each of which the table has to see.


def _said_otherwise(person: PersonState, **changes: object) -> PersonState:
    return person._replace(
        statements=tuple(
            Statement(**{**statement._asdict(), **changes}) for statement in person.statements
        )
    )


def a_leaked_category(person: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Let one category more leave, where any may."""
    decision = decide(person, question, agreement)
    if not decision.granted or not decision.withheld:
        return decision
    leaked = decision.granted[0]._replace(category=decision.withheld[0].category)
    return Decision((*decision.granted, leaked), decision.withheld[1:])


def an_ignored_expiry(person: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Let statements hold for ever."""
    return decide(_said_otherwise(person, valid_to=None), question, agreement)


def an_ignored_beginning(person: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Let statements hold before their time."""
    return decide(_said_otherwise(person, valid_from=None), question, agreement)


def a_withdrawal_overlooked(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Let what was withdrawn or lifted hold on."""
    return decide(_said_otherwise(person, ended=False), question, agreement)


def a_consent_for_one_used_for_another(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take every statement for one to everybody."""
    return decide(_said_otherwise(person, recipients=()), question, agreement)


def a_consent_of_one_used_of_another(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take every statement for one of everybody's data."""
    return decide(_said_otherwise(person, sources=()), question, agreement)


def a_consent_used_for_another_purpose(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take every statement for one for this purpose."""
    return decide(_said_otherwise(person, purposes=(question.purpose,)), question, agreement)


def a_permit_used_in_the_wrong_direction(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take every permit for one to the branch that is asked about."""
    turned = _said_otherwise(person, to_branch=question.to_branch)
    return decide(turned, question, agreement)


def a_permit_used_outside_sote(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take permits for consents."""
    taken = [
        said._replace(kind=StatementKind.CONSENT) if said.kind is StatementKind.PERMIT else said
        for said in person.statements
    ]
    return decide(person._replace(statements=tuple(taken)), question, agreement)


def a_prohibition_overlooked(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Hear what permits alone."""
    heard = [said for said in person.statements if said.kind is not StatementKind.PROHIBITION]
    return decide(person._replace(statements=tuple(heard)), question, agreement)


def a_document_taken_for_the_whole_agency(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Forget what a prohibition is about."""
    return decide(_said_otherwise(person, documents=()), question, agreement)


def a_document_overlooked(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Forget what the referral draws on."""
    return decide(person, question._replace(documents=()), agreement)


def a_limit_to_a_service_task_overlooked(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take what the person permits for permitted of every service task."""
    heard = [
        said if said.kind is StatementKind.PROHIBITION else said._replace(service_tasks=())
        for said in person.statements
    ]
    return decide(person._replace(statements=tuple(heard)), question, agreement)


def a_service_task_overlooked(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Forget whose data it is."""
    return decide(person, question._replace(service_task=""), agreement)


def a_clienthood_taken_for_granted(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take everybody for a client of the TYP."""
    return decide(person._replace(typ_member=True), question, agreement)


def an_order_lifted_by_consent(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Forget the non-disclosure order of whoever has said anything."""
    protected = person.protected and not person.statements
    return decide(person._replace(protected=protected), question, agreement)


def a_vital_interest_taken_for_granted(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take every referral for a matter of life."""
    return decide(person, question._replace(vital=True), agreement)


def a_statute_that_overrides_unmarked(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Let every statute beat a prohibition."""
    rules = BasisBook(r._replace(overrides_prohibition=True) for r in agreement.basis_rules)
    return decide(person, question, agreement._replace(basis_rules=rules))


def an_override_kept_quiet(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Do not say which prohibition was beaten."""
    decision = decide(person, question, agreement)
    quiet = [Granted(*grant[:3], None) for grant in decision.granted]
    return Decision(tuple(quiet), decision.withheld)


def an_agency_that_has_left_the_region(
    person: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Take an agency that the agreement does not have for one of the region."""
    guest = next(iter(agreement.agencies.values()))._replace(sector="prison")
    agencies = {question.source: guest, question.recipient: guest, **agreement.agencies}
    return decide(person, question, agreement._replace(agencies=agencies))


PLANTED: tuple[Decide, ...] = (
    a_leaked_category,
    an_ignored_expiry,
    an_ignored_beginning,
    a_withdrawal_overlooked,
    a_consent_for_one_used_for_another,
    a_consent_of_one_used_of_another,
    a_consent_used_for_another_purpose,
    a_permit_used_in_the_wrong_direction,
    a_permit_used_outside_sote,
    a_prohibition_overlooked,
    a_document_taken_for_the_whole_agency,
    a_document_overlooked,
    a_limit_to_a_service_task_overlooked,
    a_service_task_overlooked,
    a_clienthood_taken_for_granted,
    an_order_lifted_by_consent,
    a_vital_interest_taken_for_granted,
    a_statute_that_overrides_unmarked,
    an_override_kept_quiet,
    an_agency_that_has_left_the_region,
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_a_planted_bug_is_seen_in_the_table(rows: Table, planted: Decide) -> None:
    assert next(rows.differences(planted), None) is not None


def test_a_rule_out_of_its_time_is_seen_in_the_table(rows: Table) -> None:
    (version,) = rows.agreements.versions
    timeless = rows._replace(agreements=_Timeless(version))
    assert next(timeless.differences(decide), None) is not None


class _Timeless(Agreements):
    """Agreements of which every record always holds."""

    def __init__(self, version: Agreement) -> None:
        """Keep the one version."""
        super().__init__((version,))

    def in_force(self, at: Instant) -> Agreement:
        """Give all of it, whenever."""
        return self.versions[0]
