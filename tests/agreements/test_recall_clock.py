"""A recall's clock: what starts and meets it, and that nothing else of an agreement moves it."""

from datetime import date
from pathlib import Path

import pytest

from streams.bootstrap.agreement_clock_summary import clock_summary
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_lint import lint
from streams.bootstrap.agreement_problems import AgreementError, Problem
from streams.domain.clock_rules import RungRule, triggers
from tests.agreements.files import SAMPLE, only, planted

RECALL = """
[[clock]]
rule = "new"
scope = "recall"
unit = "working_days"
limit = 3
starts_on = ["RecallIssued"]
met_on = ["RecallAcknowledged"]
law_ref = "Agreement of the agencies"
"""
HANDOFF = """
[[clock]]
rule = "new"
unit = "working_days"
limit = 5
starts_on = ["accepted"]
met_on = ["in-progress"]
"""
TODAY = date(2026, 11, 22)


def problems(path: Path) -> list[Problem]:
    with pytest.raises(AgreementError) as wrong:
        load_agreements(path)
    return list(wrong.value.problems)


def test_the_shipped_region_waits_three_working_days_for_a_confirmation() -> None:
    rule = only().clock_rules.rule("recall")
    assert rule is not None
    assert (rule.scope, rule.limit, rule.unit) == ("recall", 3, "working_days")
    assert (rule.starts_on, rule.met_on) == (
        triggers("RecallIssued"),
        triggers("RecallAcknowledged"),
    )
    assert rule.rungs == (
        RungRule("after-start-2wd", 0.0, "recipient", "start", 2, "working_days", True),
        RungRule("breach", 1.0, "coordinator", office_hours=True),
        RungRule("breach-source", 1.0, "source", office_hours=True),
        RungRule("late-5wd", 0.0, "management", "due", 5, "working_days", office_hours=True),
    )
    shown = clock_summary(rule)
    assert (shown["scope"], shown["starts_on"], shown["met_on"]) == (
        "recall",
        ["RecallIssued"],
        ["RecallAcknowledged"],
    )


def test_it_may_stand_in_an_agreement_and_has_no_gap(tmp_path: Path) -> None:
    path = planted(tmp_path, add=RECALL)
    assert only(path).clock_rules.rule("new") is not None
    found = lint(path, today=TODAY)
    assert [f for f in found if "new" in f.text or f.code == "recall-without-clock"] == []


def test_an_agreement_without_one_hears_of_it(tmp_path: Path) -> None:
    found = [f for f in lint(planted(tmp_path), today=TODAY) if f.code == "recall-without-clock"]
    assert [(f.severity, f.path) for f in found] == [("info", "clock")]
    assert 'scope = "recall"' in found[0].mend


@pytest.mark.parametrize(
    ("old", "new", "key", "mend"),
    [
        ('["RecallIssued"]', '["accepted"]', "starts_on", 'write starts_on = ["RecallIssued"]'),
        ('["RecallAcknowledged"]', '["completed"]', "met_on",
         'write met_on = ["RecallAcknowledged"]'),
        ("limit = 3", 'limit = 3\ncancelled_on = ["cancelled"]', "cancelled_on",
         "leave cancelled_on out"),
        ("limit = 3", 'limit = 3\npauses_on = ["on-hold"]', "pauses_on", "leave pauses_on out"),
        ("limit = 3", 'limit = 3\nservices = ["job_coaching"]', "services", "leave it out"),
        ("limit = 3", "limit = 3\nage_from = 18", "age_from", "leave it out"),
        ("limit = 3", "limit = 3\ntyp_member = false", "typ_member", "leave it out"),
        ("limit = 3", 'limit = 3\nsource_sectors = ["kela"]', "source_sectors", "leave it out"),
        ("limit = 3", 'limit = 3\nowner_sector = "kela"', "owner_sector",
         'leave it out, or write scope = "person"'),
    ],
)  # fmt: skip  # a table reads in rows
def test_nothing_else_moves_it_and_it_asks_for_nothing(
    tmp_path: Path, old: str, new: str, key: str, mend: str
) -> None:
    assert old in RECALL
    found = problems(planted(tmp_path, of=SAMPLE, add=RECALL.replace(old, new)))
    assert [(p.path, p.code, p.mend) for p in found] == [(f"clock[1].{key}", "contradiction", mend)]


@pytest.mark.parametrize("scope", ["handoff", "case"])
@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("starts_on", '["accepted"]', '["RecallIssued"]'),
        ("met_on", '["in-progress"]', '["in-progress", "RecallAcknowledged"]'),
    ],
)
def test_what_is_said_of_a_recall_moves_no_other_clock(
    tmp_path: Path, scope: str, key: str, old: str, new: str
) -> None:
    text = HANDOFF.replace(old, new).replace("limit = 5", f'limit = 5\nscope = "{scope}"')
    found = problems(planted(tmp_path, of=SAMPLE, add=text))
    assert [(p.path, p.code) for p in found] == [(f"clock[1].{key}", "contradiction")]
    assert found[0].mend == 'leave it out, or write scope = "recall"'
