"""The story: the same seed, the same bytes; every outcome for every seed; nothing of a person."""

import json
import os
import re
import resource
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.bootstrap.story import desk, plot, story
from streams.bootstrap.story.report import came_out
from streams.bootstrap.story.telling import told
from tests.cli.command import run
from tests.measuring import unmeasured_environment

SEED, OTHER_SEED = 7, 2**31 - 1
OUTCOMES = [
    *("completed", "breached", "released", "waiting", "nothing-left", "recalled"),
    *("rerouted", "convened", "parked", "duplicate"),
]
CPU_S_MAX = 5.0
_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_DEMO = ["-c", "from streams.cli import main; main()", "demo", "--once", "--seed", str(SEED)]


class Kept(NamedTuple):
    """A story that was played into a folder, with everything that was said."""

    data: Path
    report: dict[str, Any]
    said: bytes


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    data = tmp_path_factory.mktemp("story") / "hub"
    ended = run("demo", "--once", "--seed", SEED, "--keep", data, "--json")
    assert ended.code == 0, ended.talk
    return Kept(data, ended.document(), (ended.data + ended.talk).encode())


def played_anew(*words: str) -> tuple[bytes, float]:
    """Play the story in a process of its own; give what it printed, and its processor time.

    Its hash seed is not this process's, and nobody measures its coverage: that is what takes time.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    hash_seed = "4242" if os.environ.get("PYTHONHASHSEED") != "4242" else "0"
    ended = subprocess.run(
        [sys.executable, *_DEMO, *words],
        check=True,
        capture_output=True,
        env=unmeasured_environment() | {"PYTHONHASHSEED": hash_seed},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ended.stdout, used_s


@cache
def canaries() -> frozenset[str]:
    """Give everything that is said of a person in the story: names, numbers, free texts."""
    persons = [
        (person.hetu, person.given_names, person.family_name, person.phone)
        for person in story.people(SEED)
    ]
    said = (*desk.WORDS.values(), *plot.REASONS.values(), desk.WORKER[0], plot.ON_THE_PHONE)
    return frozenset([text for of_person in persons for text in of_person]).union(said)


def leaks(content: bytes) -> list[str]:
    """Find the canaries in some bytes, in any encoding they may have come in."""
    return [
        canary
        for canary in sorted(canaries())
        for encoding in _ENCODINGS
        if canary.encode(encoding, "replace") in content
    ]


def test_every_outcome_of_the_story_came_about(kept: Kept) -> None:
    assert [*kept.report["outcomes"]] == OUTCOMES
    assert {key for key, each in kept.report["outcomes"].items() if not each["happened"]} == set()
    assert kept.report["replay"]["agrees"] is True


@pytest.mark.usefixtures("unmeasured")
def test_another_seed_tells_of_others_and_ends_the_same(tmp_path: Path, kept: Kept) -> None:
    report = story.play(tmp_path / "hub", OTHER_SEED, kept=False)
    assert came_out(report)
    assert report["replay"] != kept.report["replay"]
    outcomes = report["outcomes"]
    assert isinstance(outcomes, dict)
    persons = {each["person"] for each in outcomes.values()}
    assert not persons & {each["person"] for each in kept.report["outcomes"].values()}
    assert all(each["happened"] for each in outcomes.values())


def test_the_same_seed_gives_the_same_bytes_quickly_whatever_the_hash_seed(kept: Kept) -> None:
    printed, used_s = played_anew("--json")
    report = json.loads(printed)
    # Where no folder is kept, the next commands begin with keeping one; all else is the same.
    first, *others = report["next"]
    assert first == f"saattaen demo --once --seed {SEED} --keep saattaen-demo"
    assert all(command.endswith("--data saattaen-demo") for command in others)
    same = {**report, "next": kept.report["next"]}
    assert json.dumps(same) == json.dumps(kept.report)
    assert used_s < CPU_S_MAX


def test_nothing_of_any_person_lies_in_the_hubs_folder_or_was_said(kept: Kept) -> None:
    files = [path for path in kept.data.parent.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"ledger.db", "keys.db", "dispatch.db", "hub.key"}
    assert {path.name: found for path in files if (found := leaks(path.read_bytes()))} == {}
    assert leaks(kept.said) == []
    assert leaks(told(kept.report).encode()) == []


@pytest.mark.parametrize("encoding", _ENCODINGS)
def test_a_leak_would_be_seen(encoding: str) -> None:
    for canary in canaries():
        planted = b"\0\xff" + canary.encode(encoding, "replace") + b"\0\xff"
        assert canary in leaks(planted)


def test_the_ledger_says_of_each_outcome_what_the_report_says(kept: Kept) -> None:
    # Read by another way than the report's: the hub's own answers.
    found = run("handoffs", "--data", kept.data, "--json").document()
    by_id = {handoff["handoff_id"]: handoff for handoff in found}
    for outcome in kept.report["outcomes"].values():
        for handoff in outcome["handoffs"]:
            assert by_id[handoff["handoff_id"]]["status"] == handoff["status"]
            assert by_id[handoff["handoff_id"]]["case_id"] == outcome["case_id"]
        newest = by_id[outcome["handoffs"][-1]["handoff_id"]]
        assert newest["responsible"] == outcome["responsible"]


def test_the_named_outcomes_are_told_literally(kept: Kept) -> None:
    outcomes = kept.report["outcomes"]
    (late,) = outcomes["breached"]["handoffs"]
    assert late["clocks"]["acceptance"] == "breached"
    assert set(late["escalated_to"]) >= {"sote.south-karelia", "employment.lappeenranta"}
    assert [decline["reason"] for decline in outcomes["convened"]["declines"]] == [
        *("no-capacity", "not-eligible", "already-served"),
    ]
    assert outcomes["convened"]["convened_with"] == "sote.south-karelia"
    (waiting,) = outcomes["waiting"]["handoffs"]
    assert {act["ask_for"] for each in waiting["withheld"] for act in each["missing"]} == {
        "consent"
    }
    assert outcomes["nothing-left"]["handoffs"][0]["data_left"] is False
    assert outcomes["recalled"]["handoffs"][0]["recalls_confirmed_by"] == ["sote.south-karelia"]
    assert [handoff["recipient"] for handoff in outcomes["rerouted"]["handoffs"]] == [
        *("kela", "sote.south-karelia"),
    ]
    codes = [error["code"] for each in kept.report["dead_letters"] for error in each["errors"]]
    assert sorted(codes) == [
        *("hetu-check", "unknown-agency", "unknown-code", "unknown-code", "unknown-code"),
        "unknown-handoff",
    ]
    mends = [error["mend"] for each in kept.report["dead_letters"] for error in each["errors"]]
    assert any("did you mean TYOKYVYN_ARVIOINTI?" in mend for mend in mends)
    assert len({each["format"] for each in kept.report["notices"]}) == 4


def test_the_next_commands_work_when_pasted(kept: Kept) -> None:
    assert len(kept.report["next"]) == 4
    for command in kept.report["next"]:
        name, *words = shlex.split(command)
        assert name == "saattaen"
        assert run(*words).code == 0


def test_a_report_that_did_not_come_out_says_so_and_is_a_finding(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {**kept.report, "outcomes": {k: dict(v) for k, v in kept.report["outcomes"].items()}}
    broken["outcomes"]["parked"] = {"title": "Kept", "happened": False, "person": "p-1"}
    broken["replay"] = {"live": "00", "replayed": "11", "agrees": False}
    text = told(broken)
    assert re.search(r"Kept +\(DID NOT HAPPEN\)", text)
    assert "DIFFERENT" in text
    assert not came_out(broken)
    assert not came_out({"outcomes": None, "replay": None})
    monkeypatch.setattr(story, "play", lambda *_words, **_named: broken)
    assert run("demo", "--once").code == 6


def test_a_story_that_is_not_told_to_the_end_reports_what_did_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "DAYS", 2)
    report = story.play(tmp_path / "hub", SEED, kept=False)
    assert not came_out(report)
    outcomes = report["outcomes"]
    assert isinstance(outcomes, dict)
    assert {key for key, each in outcomes.items() if each["happened"]} == set()
    assert told(report).count("DID NOT HAPPEN") == len(OUTCOMES)


def test_the_story_keeps_nothing_it_was_not_asked_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folders = []

    def play(data: Path, seed: int, *, kept: bool) -> dict[str, Any]:
        folders.append(data.parent)
        assert (seed, kept) == (1, False)
        return report

    report = kept.report
    monkeypatch.setattr(story, "play", play)
    ended = run("demo")
    assert ended.code == 0
    assert ended.talk.splitlines()[0].startswith("the console is not part of this release yet")
    assert ended.data == told(report)
    assert [folder.parent for folder in folders] == [tmp_path]
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["file", "folder", "secrets"])
def test_a_folder_that_is_taken_is_never_played_into(taken: str, tmp_path: Path) -> None:
    keep = tmp_path / "hub"
    if taken == "file":
        keep.write_bytes(b"")
    elif taken == "folder":
        keep.mkdir()
        (keep / "ledger.db").write_bytes(b"")
    else:
        (tmp_path / "hub.key").write_bytes(b"")
    ended = run("demo", "--once", "--keep", keep)
    assert ended.code == 4
    assert "is there already" in ended.talk
