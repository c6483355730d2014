"""What a legal-basis decision costs: 50 statements a person, 200 rules, no missing-basis search."""

import gc
from collections.abc import Callable
from time import perf_counter_ns

from streams.domain.codes import Branch, Category, Purpose
from streams.domain.ids import StatementId
from streams.domain.legal_basis import Question, decide
from streams.domain.person import Statement
from streams.domain.statements import StatementKind
from streams.domain.step import unknown_person
from tests.domain.region import DEFAULTS, EMPLOYMENT, MONDAY, PERSON, REGION, SOTE, statute

STATEMENTS, RULES, CALLS, ROUNDS = 50, 200, 5_000, 3


def measure(rounds: dict[str, list[float]], say: Callable[[str], None]) -> dict[str, float]:
    """Give the 99th percentile of `decide()` over all calls of all rounds, in microseconds."""
    kinds = (StatementKind.CONSENT, StatementKind.PROHIBITION, StatementKind.PERMIT)
    purposes = [purpose for purpose in Purpose if purpose is not Purpose.UNKNOWN]
    statements = tuple(
        Statement(
            StatementId(f"S-{number}"),
            EMPLOYMENT,
            kinds[number % 3],
            Branch.UNKNOWN,
            (EMPLOYMENT,),
            (SOTE,),
            (purposes[number % 4],),
            (Category.PLAN,) if number % 3 == 1 else DEFAULTS,
            (),
            (),
            None,
            None,
            MONDAY,
            ended=number % 5 == 0,
        )
        for number in range(STATEMENTS)
    )
    person = unknown_person(PERSON)._replace(statements=statements)
    rules = tuple(
        statute((Category.PLAN,))._replace(purpose=purposes[number % 4]) for number in range(RULES)
    )
    agreement = REGION._replace(basis_rules=rules)
    question = Question(EMPLOYMENT, SOTE, Purpose.WORK_ABILITY, DEFAULTS, MONDAY, vital=False)
    spent_ns: list[int] = []
    gc.collect()
    for number in range(-1, ROUNDS):
        of_round: list[int] = []
        for _ in range(CALLS):
            began = perf_counter_ns()
            decide(person, question, agreement)
            of_round.append(perf_counter_ns() - began)
        if number >= 0:
            spent_ns += of_round
            rounds.setdefault("decide.p99_us", []).append(_p99_us(of_round))
    found = {"p99_us": _p99_us(spent_ns)}
    say(f"decide {found}")
    return found


def _p99_us(spent_ns: list[int]) -> float:
    return round(sorted(spent_ns)[len(spent_ns) * 99 // 100] / 1000, 1)
