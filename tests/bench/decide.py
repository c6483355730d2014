"""What a legal-basis decision costs, without and with the search for what is missing.

50 statements a person and 200 rules, and persons of whom each path is walked: the data goes, on the
last of many consents or by a statute that overrides; all is prohibited, by one or by all that was
ever said; some of it lacks a basis; a permit counts, or goes the other way; a non-disclosure order
holds. The hardest are one in four of the calls, so that the 99th percentile is theirs.
"""

import gc
from collections.abc import Callable, Iterator
from itertools import islice, product
from time import perf_counter_ns
from typing import NamedTuple

from streams.domain.agreement import Agreement, BasisBook, BasisRule
from streams.domain.codes import Basis, Branch, Category, Purpose
from streams.domain.ids import AgencyId, StatementId
from streams.domain.legal_basis import Question, decide
from streams.domain.missing_basis import seek
from streams.domain.person import PersonState, Statement
from streams.domain.statements import StatementKind
from streams.domain.step import unknown_person
from tests.domain.region import EMPLOYMENT, IMATRA, KELA, MONDAY, PERSON, REGION, SOTE, TYP, statute

STATEMENTS, RULES, CALLS, ROUNDS = 50, 200, 5_000, 3
_NEXT_DOOR = AgencyId("sote.kymenlaakso")
_AGENCIES = (EMPLOYMENT, IMATRA, SOTE, KELA, TYP, _NEXT_DOOR)
_SECTORS = ("employment", "sote", "kela", "typ")
_DATA = tuple(category for category in Category if category is not Category.UNKNOWN)
_PURPOSES = tuple(purpose for purpose in Purpose if purpose is not Purpose.UNKNOWN)


class _Case(NamedTuple):
    person: PersonState
    question: Question


def measure(rounds: dict[str, list[float]], say: Callable[[str], None]) -> dict[str, float]:
    """Give the 99th percentiles over all calls of all rounds, in microseconds."""
    agreement = _agreement()
    cases = list(_cases())
    spent_ns: dict[str, list[int]] = {"p99_us": [], "search_p99_us": []}
    gc.collect()
    for number in range(-1, ROUNDS):  # the first does not count
        for name, searches in (("p99_us", False), ("search_p99_us", True)):
            of_round = _round(cases, agreement, searches=searches)
            if number >= 0:
                spent_ns[name] += of_round
                rounds.setdefault(f"decide.{name}", []).append(_p99_us(of_round))
    found = {name: _p99_us(spent) for name, spent in spent_ns.items()}
    say(f"decide {found}")
    return found


def _round(cases: list[_Case], agreement: Agreement, *, searches: bool) -> list[int]:
    spent_ns: list[int] = []
    for number in range(CALLS):
        person, question = cases[number % len(cases)]
        began = perf_counter_ns()
        decision = decide(person, question, agreement)
        if searches:
            seek(person, question, agreement, decision)
        spent_ns.append(perf_counter_ns() - began)
    return spent_ns


def _p99_us(spent_ns: list[int]) -> float:
    return round(sorted(spent_ns)[len(spent_ns) * 99 // 100] / 1000, 1)


def _agreement() -> Agreement:
    next_door = REGION.agencies[SOTE]._replace(agency_id=_NEXT_DOOR)
    return REGION._replace(
        agencies={**REGION.agencies, _NEXT_DOOR: next_door},
        basis_rules=BasisBook(islice(_rules(), RULES)),
    )


def _rules() -> Iterator[BasisRule]:
    """Give rules for every flow: some plain, some overriding, some of the TYP act."""
    flows = product(range(4), _PURPOSES, _SECTORS, _SECTORS)
    for number, (turn, purpose, sender, receiver) in enumerate(flows):
        kind = Basis.TYP_MEMBERSHIP if number % 3 == 0 else Basis.STATUTE
        categories = _DATA[turn % 3 : turn % 3 + 2]
        rule = statute(categories, kind=kind, overrides=number % 7 == 0)
        yield rule._replace(from_sector=sender, to_sector=receiver, purpose=purpose)


def _cases() -> Iterator[_Case]:
    asked = Question(EMPLOYMENT, SOTE, Purpose.WORK_ABILITY, _DATA, MONDAY, vital=False)
    inside = asked._replace(source=SOTE, recipient=_NEXT_DOOR, to_branch=Branch.SOCIAL)
    usual = _person([_usual(number) for number in range(STATEMENTS)])
    consent = _said(StatementKind.CONSENT, 0, (EMPLOYMENT,), (SOTE,), _DATA)
    prohibition = consent._replace(kind=StatementKind.PROHIBITION, purposes=(), recipients=())
    yield _Case(usual, asked)
    yield _Case(usual._replace(protected=True, typ_member=True), asked._replace(recipient=KELA))
    yield _Case(usual, inside)
    yield _Case(usual, inside._replace(to_branch=Branch.HEALTH, documents=(b"one", b"another")))
    yield _Case(usual, asked._replace(vital=True))
    yield _Case(_person([*usual.statements[:-1], prohibition._replace(categories=())]), asked)
    # The hardest: all fifty concern the question, and all stand in its way or none gives all of it.
    by_one = [consent._replace(categories=_DATA[n % 4 : n % 4 + 1]) for n in range(STATEMENTS)]
    yield _Case(_person(by_one), asked)
    by_all = [prohibition._replace(documents=(b"none", b"one"))] * STATEMENTS
    yield _Case(_person(by_all), asked._replace(documents=(b"another", b"one")))


def _usual(number: int) -> Statement:
    """Give one of the statements of an ordinary person with much behind them."""
    kinds = (StatementKind.CONSENT, StatementKind.CONSENT, StatementKind.PROHIBITION)
    sender, receiver = _AGENCIES[number % 5], _AGENCIES[(number + 2) % 6]
    kind = kinds[number % 3]
    if sender == SOTE and receiver == _NEXT_DOOR:
        kind = StatementKind.PERMIT
    categories = _DATA[:3] if kind is not StatementKind.PROHIBITION else _DATA[3:4]
    said = _said(kind, number, (sender,), (receiver,), categories)
    return said._replace(
        recipients=() if number % 4 == 0 else said.recipients,
        valid_to=MONDAY if number % 6 == 0 else None,
        ended=number % 5 == 4,
    )


def _said(
    kind: StatementKind,
    number: int,
    sources: tuple[AgencyId, ...],
    recipients: tuple[AgencyId, ...],
    categories: tuple[Category, ...],
) -> Statement:
    return Statement(
        StatementId(f"S-{number}"),
        EMPLOYMENT,
        kind,
        Branch.SOCIAL if kind is StatementKind.PERMIT else Branch.UNKNOWN,
        sources,
        recipients,
        (_PURPOSES[number % 4],),
        categories,
        (),
        (),
        None,
        None,
        MONDAY,
        ended=False,
    )


def _person(statements: list[Statement]) -> PersonState:
    named = [
        statement._replace(statement_id=StatementId(f"S-{number}"))
        for number, statement in enumerate(statements)
    ]
    return unknown_person(PERSON)._replace(statements=tuple(named))
