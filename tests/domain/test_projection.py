"""What is remembered of a ladder is what would be counted anew."""

import pytest

from streams.domain import budget, projection
from streams.domain.clock_rules import ClockRule, RungRule
from streams.domain.projection import project, with_breach
from tests.domain.region import ACCEPTANCE, REGION, SOTE, at

OFFICES = REGION.offices(SOTE)
SOON = RungRule("soon", 0.0, "recipient", "start", 15, "minutes")
HELD = RungRule("held", 0.5, "recipient", office_hours=True)
NEXT_DAY = RungRule("next-day", 0.0, "recipient", "start", 1, "working_days")
IN_HOURS = ACCEPTANCE._replace(unit="hours", limit=30)
RULES = (
    ACCEPTANCE,
    ACCEPTANCE._replace(rungs=(*ACCEPTANCE.rungs, SOON)),
    IN_HOURS,
    IN_HOURS._replace(rungs=(*ACCEPTANCE.rungs, SOON, HELD)),
    IN_HOURS._replace(rungs=(*ACCEPTANCE.rungs, NEXT_DAY)),
)


@pytest.mark.parametrize("rule", RULES)
def test_a_ladder_that_is_asked_for_again_is_the_one_that_is_counted(rule: ClockRule) -> None:
    for hours in (0, 1, 30, 1):
        counted = budget.projection(rule, at(hours=hours), (), OFFICES, (0, None))
        due_at, ladder = counted
        assert project(rule, OFFICES, at(hours=hours)) == (due_at, with_breach(ladder, due_at))


def test_a_rule_of_the_same_name_is_not_taken_for_the_other() -> None:
    longer = ACCEPTANCE._replace(limit=6)
    assert project(longer, OFFICES, at()) != project(ACCEPTANCE, OFFICES, at())
    in_longer_hours = IN_HOURS._replace(limit=31)
    assert project(in_longer_hours, OFFICES, at()) != project(IN_HOURS, OFFICES, at())


def test_no_more_ladders_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "_KEPT_MAX", 3)
    monkeypatch.setattr(projection, "_of_days", {})
    first = project(ACCEPTANCE, OFFICES, at())
    for days in range(1, 9):
        project(ACCEPTANCE, OFFICES, at(days=days))
        assert len(projection._of_days) <= 3
    assert project(ACCEPTANCE, OFFICES, at()) == first
