"""What holds of every decision, whatever was said; and planted bugs."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis
from streams.domain.entry import Granted
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from tests.domain.decision_table import Decide
from tests.domain.questions import (
    AGREEMENTS,
    PERSONS,
    QUESTION,
    QUESTIONS,
    STATEMENTS,
    person,
    stated,
)
from tests.domain.region import REGION

pytestmark = pytest.mark.usefixtures("unmeasured")

Case = tuple[PersonState, Question, Agreement]
Fault = Callable[[Decide, Case, Statement], Iterator[str]]
CASES = st.tuples(PERSONS, QUESTIONS, AGREEMENTS)


def heard(case: Case, statement: Statement, *, first: bool) -> Case:
    """Let the person say one thing more, before or after the rest."""
    whom, question, agreement = case
    said = (statement, *whom.statements) if first else (*whom.statements, statement)
    return whom._replace(statements=said), question, agreement


def another_prohibition_permits_more(
    ask: Decide, case: Case, statement: Statement
) -> Iterator[str]:
    before = set(ask(*case).categories)
    prohibition = statement._replace(kind=StatementKind.PROHIBITION)
    for first in (True, False):
        if not set(ask(*heard(case, prohibition, first=first)).categories) <= before:
            yield "another prohibition permits more"


def another_consent_permits_less(ask: Decide, case: Case, statement: Statement) -> Iterator[str]:
    before = set(ask(*case).categories)
    for kind in (StatementKind.CONSENT, StatementKind.PERMIT):
        for first in (True, False):
            more = heard(case, statement._replace(kind=kind), first=first)
            if not before <= set(ask(*more).categories):
                yield f"another {kind} permits less"


def an_answer_that_was_not_asked_for(ask: Decide, case: Case, _: Statement) -> Iterator[str]:
    decision = ask(*case)
    withheld = [held.category for held in decision.withheld]
    if sorted([*decision.categories, *withheld]) != sorted(case[1].categories):
        yield "not every category that was asked for is answered once, and no other"


def another_answer_the_second_time(ask: Decide, case: Case, _: Statement) -> Iterator[str]:
    if ask(*case) != ask(*case):
        yield "asked again, it answers otherwise"


def a_company_that_changes_an_answer(ask: Decide, case: Case, _: Statement) -> Iterator[str]:
    whom, question, agreement = case
    together = ask(*case).categories
    for category in question.categories:
        alone = ask(whom, question._replace(categories=(category,)), agreement).categories
        if (category in together) is not bool(alone):
            yield "what else is asked for changes the answer"


FAULTS: tuple[Fault, ...] = (
    another_prohibition_permits_more,
    another_consent_permits_less,
    an_answer_that_was_not_asked_for,
    another_answer_the_second_time,
    a_company_that_changes_an_answer,
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_decision_has(fault: Fault) -> None:
    @settings(max_examples=200)
    @given(CASES, STATEMENTS)
    def holds(case: Case, statement: Statement) -> None:
        assert list(fault(decide, case, statement)) == []

    holds()


# Bugs as somebody might make them


def a_prohibition_taken_for_a_consent(
    whom: PersonState, question: Question, agreement: Agreement
) -> Decision:
    """Hear whom and what somebody speaks of, and not that they say no."""
    heard_as = [said._replace(kind=StatementKind.CONSENT) for said in whom.statements]
    return decide(whom._replace(statements=tuple(heard_as)), question, agreement)


def the_newest_word_alone(whom: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Hear only the last thing that was said."""
    return decide(whom._replace(statements=whom.statements[-1:]), question, agreement)


def a_leaked_category(whom: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Send what a consent covers, asked for or not."""
    decision = decide(whom, question, agreement)
    extra = [
        Granted(category, Basis.CONSENT, said.statement_id, None)
        for said in whom.statements
        for category in said.categories
        if category not in question.categories and decision.granted
    ]
    return Decision((*decision.granted, *extra), decision.withheld)


def all_or_nothing(whom: PersonState, question: Question, agreement: Agreement) -> Decision:
    """Send all or nothing."""
    decision = decide(whom, question, agreement)
    return decision if not decision.withheld else Decision((), decision.withheld)


class AnswersOnce:
    """Decides only what it has not been asked before."""

    def __init__(self) -> None:
        """Begin with nothing decided."""
        self.asked: list[tuple[PersonState, Question]] = []

    def __call__(self, whom: PersonState, question: Question, agreement: Agreement) -> Decision:
        """Decide, or forget."""
        if (whom, question) in self.asked:
            return Decision((), ())
        self.asked.append((whom, question))
        return decide(whom, question, agreement)


@pytest.mark.parametrize(
    ("fault", "planted"),
    [
        (another_prohibition_permits_more, a_prohibition_taken_for_a_consent),
        (another_consent_permits_less, the_newest_word_alone),
        (an_answer_that_was_not_asked_for, a_leaked_category),
        (a_company_that_changes_an_answer, all_or_nothing),
    ],
    ids=lambda either: either.__name__,
)
def test_a_planted_bug_is_found(fault: Fault, planted: Decide) -> None:
    looking = settings(max_examples=5_000, phases=(Phase.generate,))
    find(
        st.tuples(CASES, STATEMENTS),
        lambda drawn: any(fault(planted, *drawn)),
        settings=looking,
    )


def test_a_second_answer_that_differs_is_found() -> None:
    case = (person(stated()), QUESTION, REGION)
    assert list(another_answer_the_second_time(AnswersOnce(), case, stated()))
