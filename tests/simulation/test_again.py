"""A history can be told again: in another process, in another order of sets, and shorter."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.act import Act, Verb, acts_of
from tests.simulation.narrator import persons_of, told, told_from
from tests.simulation.shorter import shortest

ROOT = Path(__file__).parents[2]
GOLDEN = 925
"""A history in which most of what can happen happens."""


def said(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_golden_history_is_a_full_one() -> None:
    facts = {type(fact).__name__ for s in told_from(GOLDEN)[1].ledger for fact in s.entry.facts}
    assert facts >= {
        "ResponsibilityMoved",
        "DisclosureMade",
        "DisclosureWithheld",
        "RecallIssued",
        "CaseConvened",
        "ClockBreached",
        "ClockMet",
        "EventReleased",
        "Rerouted",
    }


def test_the_order_of_sets_changes_nothing() -> None:
    first, second = (said(str(GOLDEN), "--digests", hash_seed=seed) for seed in ("1", "2"))
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(first.stdout.splitlines()) > 20
    assert first.stdout == second.stdout


def test_a_seed_tells_the_same_history_every_time() -> None:
    assert told_from(GOLDEN) == told_from(GOLDEN)


def test_the_command_shows_a_history_and_finds_nothing_wrong() -> None:
    shown = said(str(GOLDEN), "--shortest")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "HandoffOpened" in shown.stdout
    assert "!!" not in shown.stdout


def test_acts_that_a_fault_can_spare_are_left_out() -> None:
    acts = list(acts_of(GOLDEN))

    def restarts(left: Sequence[Act]) -> bool:
        return any(act.verb is Verb.RESTART for act in left)

    without = [act for act in acts if act.verb is not Verb.RESTART]
    asked = Act(Verb.RESTART, rest=0, late=0, number=0)
    assert shortest([*without, asked, *without], restarts) == [asked]


def test_a_history_without_acts_is_one_too() -> None:
    operations, run = told([], persons_of(GOLDEN))
    assert (operations, run.ledger) == ([], ())
