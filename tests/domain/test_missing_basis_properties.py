"""What is told as missing, held against a search that leaves nothing out; and planted bugs."""

from collections.abc import Callable, Iterator
from itertools import chain, combinations
from typing import NamedTuple

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis, Branch, Category
from streams.domain.entry import Act, MissingBasis
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.missing_basis import seek
from streams.domain.person import PersonState
from streams.domain.statements import StatementKind
from tests.domain.questions import AGREEMENTS, PERSONS, QUESTIONS, stated

pytestmark = pytest.mark.usefixtures("unmeasured")

BURDENS = {Act.GIVE: 1, Act.LIFT: 2, Act.BEGIN: 4}
"""What each act asks of the person (decision 0023)."""
Seek = Callable[[PersonState, Question, Agreement, Decision], Decision]


class Done(NamedTuple):
    """An act that could be done, whether or not it helps."""

    act: Act
    what: str
    """The prohibition to lift, or the kind and direction of the statement to give."""


def doable(whom: PersonState, agreement: Agreement) -> list[Done]:
    """Give everything that anybody could do, to the purpose or not."""
    lifts = {
        said.statement_id: Done(Act.LIFT, said.statement_id)
        for said in whom.statements
        if said.kind is StatementKind.PROHIBITION
    }
    recorded = {kind for agency in agreement.agencies.values() for kind in agency.records}
    gives = [Done(Act.GIVE, f"permit/{branch}") for branch in Branch if "permit" in recorded]
    if "consent" in recorded:
        gives.append(Done(Act.GIVE, "consent/unknown"))
    return [*lifts.values(), *gives, Done(Act.BEGIN, "")]


def after(whom: PersonState, question: Question, acts: tuple[Done, ...]) -> PersonState:
    """Give the person after acts have been done."""
    said = list(whom.statements)
    for done in acts:
        kind, _, branch = done.what.partition("/")
        if done.act is Act.LIFT:
            said = [
                known
                for known in said
                if known.kind is not StatementKind.PROHIBITION or known.statement_id != done.what
            ]
        elif done.act is Act.GIVE:
            given = stated(
                StatementKind(kind),
                name="given",
                to_branch=Branch(branch),
                sources=(question.source,),
                recipients=(question.recipient,),
                purposes=(question.purpose,),
                categories=tuple(Category),
            )
            said.append(given)
    begins = any(done.act is Act.BEGIN for done in acts)
    return whom._replace(statements=tuple(said), typ_member=whom.typ_member or begins)


def as_done(missing: tuple[MissingBasis, ...], question: Question) -> tuple[Done, ...]:
    """Put what is told as missing into acts, each once."""
    found = []
    for one in missing:
        what = one.rule if one.act is Act.LIFT else ""
        if one.act is Act.GIVE:
            permit = one.ask_for is Basis.SOTE_PERMIT
            what = f"permit/{question.to_branch}" if permit else "consent/unknown"
        found.append(Done(one.act, what))
    return tuple(dict.fromkeys(found))


def burden(acts: tuple[Done, ...]) -> int:
    """Add up what acts ask of the person."""
    return sum(BURDENS[done.act] for done in acts)


def faults(
    look: Seek, whom: PersonState, question: Question, agreement: Agreement
) -> Iterator[str]:
    """Say what is wrong with what a search tells, trying out every set of acts there is."""
    decision = decide(whom, question, agreement)
    told = look(whom, question, agreement, decision)

    def permits(acts: tuple[Done, ...]) -> set[Category]:
        return set(decide(after(whom, question, acts), question, agreement).categories)

    everything = doable(whom, agreement)
    helped = permits(tuple(everything)) - set(decision.categories)
    if {held.category for held in told.withheld if held.missing} != helped:
        yield "it helps other categories than could be helped"
    if told._replace(withheld=tuple(h._replace(missing=()) for h in told.withheld)) != decision:
        yield "it changes the decision itself"
    for held in told.withheld:
        acts = as_done(held.missing, question)
        if len(acts) != len(held.missing):
            yield "one act is told twice"
        if held.missing and held.category not in permits(acts):
            yield "what is told does not permit the category"
        if any(held.category in permits(tuple(a for a in acts if a != act)) for act in acts):
            yield "an act could be left out"
    together = as_done(told.missing, question)
    ways = chain.from_iterable(combinations(everything, n) for n in range(len(everything) + 1))
    if burden(together) > min(burden(way) for way in ways if helped <= permits(way)):
        yield "less would do"


@settings(max_examples=300)
@given(PERSONS, QUESTIONS, AGREEMENTS)
def test_what_is_told_permits_what_it_claims_with_the_least_burden_and_nothing_to_spare(
    whom: PersonState, question: Question, agreement: Agreement
) -> None:
    assert list(faults(seek, whom, question, agreement)) == []


# Bugs as somebody might make them


def said_by_heart(
    person: PersonState, question: Question, agreement: Agreement, decision: Decision
) -> Decision:
    """Ask for a consent, whatever stands in the way."""
    free = person._replace(statements=(), protected=False)
    told = seek(free, question, agreement, decide(free, question, agreement))
    acts = {held.category: held.missing for held in told.withheld}
    withheld = [held._replace(missing=acts.get(held.category, ())) for held in decision.withheld]
    return decision._replace(withheld=tuple(withheld))


def every_prohibition_lifted(
    person: PersonState, question: Question, agreement: Agreement, decision: Decision
) -> Decision:
    """Have the person lift whatever they ever prohibited."""
    told = seek(person, question, agreement, decision)
    ids = [s.statement_id for s in person.statements if s.kind is StatementKind.PROHIBITION]
    withheld = []
    for held in told.withheld:
        lifts = [one._replace(act=Act.LIFT, rule=rule) for one in held.missing[:1] for rule in ids]
        rest = [one for one in held.missing if one.act is not Act.LIFT]
        withheld.append(held._replace(missing=(*lifts, *rest)))
    return told._replace(withheld=tuple(withheld))


def the_clienthood_first(
    person: PersonState, question: Question, agreement: Agreement, decision: Decision
) -> Decision:
    """Send the person to the TYP where a consent would do."""
    nobody = {name: a._replace(records=()) for name, a in agreement.agencies.items()}
    begun = seek(person, question, agreement._replace(agencies=nobody), decision)
    given = seek(person, question, agreement, decision)
    withheld = [
        one if one.missing else other
        for one, other in zip(begun.withheld, given.withheld, strict=True)
    ]
    return decision._replace(withheld=tuple(withheld))


def the_first_prohibition_alone(
    person: PersonState, question: Question, agreement: Agreement, decision: Decision
) -> Decision:
    """Name the prohibition that the decision names, and forget the others."""
    told = seek(person, question, agreement, decision)
    withheld = [
        held._replace(missing=tuple(one for one in held.missing if one.rule in ("", held.rule)))
        for held in told.withheld
    ]
    return told._replace(withheld=tuple(withheld))


def silent(
    _person: PersonState, _question: Question, _agreement: Agreement, decision: Decision
) -> Decision:
    """Say nothing."""
    return decision


@pytest.mark.parametrize(
    "planted",
    [
        said_by_heart,
        every_prohibition_lifted,
        the_clienthood_first,
        the_first_prohibition_alone,
        silent,
    ],
    ids=lambda planted: planted.__name__,
)
def test_a_planted_bug_is_found(planted: Seek) -> None:
    cases = st.tuples(PERSONS, QUESTIONS, AGREEMENTS)
    # Any case will do: to look for the smallest takes a minute.
    looking = settings(max_examples=5_000, phases=(Phase.generate,))
    found = find(cases, lambda case: any(faults(planted, *case)), settings=looking)
    assert list(faults(planted, *found))
