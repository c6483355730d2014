"""The repository keeps its house rules, and each rule's checker sees a planted fault."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePath
from typing import NamedTuple

import pytest

from tests import house_rules

ROOT = Path(__file__).parent.parent
CODE = ("streams/", "connectors/")
PYTHON = (*CODE, "tests/")
NOT_OURS = {".git", ".venv", "build", "dist", "__pycache__"}


class Rule(NamedTuple):
    """A checker, the files it is for, a fault it must see, and a neighbour it must let pass."""

    checker: Callable[[PurePath, str], Iterator[str]]
    folders: tuple[str, ...]
    suffix: str
    fault: str
    harmless: str
    name: str = "handoff.py"


def hetu(individual: str) -> str:
    """Make a HETU at run time: one with a real-looking number must not stand in any file."""
    remainder = int("010190" + individual) % 31
    return f"010190-{individual}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[remainder]}"


LONG = "def accept():\n" + "    x = 1\n" * 50
RULES = [
    Rule(house_rules.long_module, PYTHON, ".py", "x = 1\n" * 401, "x = 1\n" * 400),
    Rule(house_rules.long_function, CODE, ".py", LONG, LONG.removesuffix("    x = 1\n")),
    Rule(house_rules.pattern_name, PYTHON, ".py", "", "", name="utils/handoff.py"),
    Rule(house_rules.missing_docstring, CODE, ".py", '"""M."""\ndef accept(): ...', '"""M."""'),
    Rule(
        house_rules.missing_docstring,
        CODE,
        ".py",
        '"""M."""\nclass Handoff:\n    """H."""\n    def accept(self): ...',
        '"""M."""\nclass Handoff:\n    """H."""\n    def _accept(self): ...',
    ),
    Rule(house_rules.bare_ignore, PYTHON, ".py", "x = 1  # noqa", "x = 1  # noqa: E1  # why not"),
    Rule(
        house_rules.bare_ignore,
        PYTHON,
        ".py",
        "x = 1  # type: ignore[misc]",
        "x = 1  # type: ignore[misc]  # noqa: E1  # the stubs say otherwise",
    ),
    Rule(house_rules.bare_ignore, PYTHON, ".py", "x = 1  # pragma: no cover", "x = '# noqa'"),
    Rule(
        house_rules.bare_lint_setting,
        ("ruff.toml", "streams/", "connectors/", "tests/"),
        "ruff.toml",
        'ignore = [\n    "E501",\n]',
        'ignore = [\n    "E501", # a table\n]',
    ),
    Rule(house_rules.machine_path, ("",), "", "see /" + "work/main", "see /work_ability"),
    Rule(house_rules.machine_path, ("",), "", "cd /" + "root", "ends with </root>"),
    Rule(house_rules.registry_host, ("",), "", "from pypi" + ".org", "from the package index"),
    Rule(house_rules.real_looking_hetu, ("",), "", f"<{hetu('123')}>", f"<{hetu('923')}>"),
    Rule(house_rules.real_looking_hetu, ("",), "", hetu("899").lower(), "010190-123?"),
    Rule(
        house_rules.undocumented_field,
        ("schemas/",),
        ".avsc",
        '{"name": "R", "fields": [{"name": "a", "doc": "A.", "type": '
        '["null", {"type": "record", "name": "S", "fields": [{"name": "b", "type": "int"}]}]}]}',
        '{"name": "R", "fields": [{"name": "a", "type": "int", "doc": "A."}]}',
    ),
    Rule(
        house_rules.library_in_domain,
        ("streams/domain/",),
        ".py",
        "from pydantic import BaseModel",
        "from datetime import date\nfrom streams.domain import ids",
    ),
    Rule(
        house_rules.library_in_domain,
        ("streams/domain/",),
        ".py",
        "import streams.contracts",
        "import streams.domain.ids",
    ),
    Rule(
        house_rules.impure_call_in_domain,
        ("streams/domain/",),
        ".py",
        "digest = hash(handoff)",
        "digest = sha256(handoff)",
    ),
]
EACH = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.checker.__name__)


@cache
def files() -> tuple[str, ...]:
    """List what is, or is about to be, in the repository; without git, what lies in the folder."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if shutil.which("git") and (ROOT / ".git").exists():
        shown = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
        names = [name for name in shown.stdout.split("\0") if name]
    else:
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        names = [path.as_posix() for path in found if not NOT_OURS & set(path.parts)]
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_bytes().decode(errors="replace")


@EACH
def test_the_repository_keeps_the_rule(rule: Rule) -> None:
    covered = [n for n in files() if n.startswith(rule.folders) and n.endswith(rule.suffix)]
    findings = [
        f"{name}:{finding}"
        for name in covered
        for finding in rule.checker(PurePath(name), text_of(name))
    ]
    assert not findings, "\n".join(findings)


@EACH
def test_the_rule_sees_a_planted_fault(rule: Rule) -> None:
    assert list(rule.checker(PurePath(rule.name), rule.fault))


@EACH
def test_the_rule_lets_a_harmless_neighbour_pass(rule: Rule) -> None:
    assert not list(rule.checker(PurePath("handoff.py"), rule.harmless))


def test_every_event_class_has_its_contract() -> None:
    contracts = {
        PurePath(name).stem
        for name in files()
        if name.startswith("schemas/avro/") and name.endswith(".avsc")
    }
    domain = {
        name: text_of(name)
        for name in files()
        if name.startswith("streams/domain/") and name.endswith(".py")
    }
    missing = list(house_rules.events_without_contract(domain, contracts))
    assert not missing, "\n".join(missing)


def test_an_event_class_without_its_contract_is_seen() -> None:
    module = (
        "class HandoffAccepted(NamedTuple):\n    envelope: Envelope\n    handoff_id: HandoffId\n"
        'class HandoffSung(NamedTuple):\n    """S."""\n    envelope: Envelope\n'
        "class Clock(NamedTuple):\n    clock_id: ClockId\n    envelope: Envelope\n"
        "class Lane:\n    envelope: Envelope\n"
    )
    assert list(house_rules.event_classes(module)) == ["HandoffAccepted", "HandoffSung"]
    missing = house_rules.events_without_contract({"song.py": module}, {"HandoffAccepted"})
    assert list(missing) == ["song.py: HandoffSung has no HandoffSung.avsc"]


def test_every_room_has_its_ring() -> None:
    settings = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]
    rings = " ".join(settings["contracts"][0]["layers"]).replace("(", " ").replace(")", " ")
    rooms = {name.split("/")[1].removesuffix(".py") for name in files() if name[:8] == "streams/"}
    rooms -= {"__init__", "py.typed"}
    assert rooms <= {ring.removeprefix("streams.") for ring in rings.split()}


@pytest.mark.parametrize(
    ("room", "line", "verdict"),
    [
        ("domain", "import streams.contracts", 1),
        ("domain", "import pydantic", 1),
        ("engines", "import connectors", 1),
        ("engines", "import streams.domain", 0),
    ],
)
def test_an_import_against_the_rings_is_refused(
    tmp_path: Path, room: str, line: str, verdict: int
) -> None:
    for package in ("streams", "connectors"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=lambda *_: ["__pycache__"])
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "streams" / room / "planted.py").write_text(line + "\n")
    linter = "import sys; from importlinter.cli import lint_imports_command as main; main()"
    run = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"], cwd=tmp_path, capture_output=True, check=False
    )
    assert run.returncode == verdict, run.stdout.decode()


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)",
        "import uuid",
        "import random",
        "import os",
        "from time import time",
    ],
)
def test_clock_chance_and_machine_are_banned_from_the_domain(line: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--stdin-filename", "streams/domain/new.py", "-"],
        cwd=ROOT,
        input=f'"""New."""\n\n{line}\n',
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in run.stdout


def test_the_lock_names_hashes_and_no_addresses() -> None:
    lock = text_of("requirements.lock")
    requirements = lock.replace("\\\n", "").splitlines()
    assert requirements
    assert all("==" in line and "--hash=sha256:" in line for line in requirements)
    assert not [sign for sign in ("://", "#", "--index", "--find-links") if sign in lock]


JUNIT = "<testsuites><testsuite><testcase/><testcase>{}</testcase></testsuite></testsuites>"


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("", 0),
        ('<skipped type="pytest.skip" message="cannot run here: no browser"/>', 0),
        ('<skipped type="pytest.xfail" message="known"/>', 0),
        ('<skipped type="pytest.skip" message="later"/>', 1),
        ('<skipped type="pytest.skip" message="collection skipped">Skipped: later</skipped>', 1),
        ('<skipped type="pytest.skip" message="not: cannot run here: no"/>', 1),
        ('<failure message="no"/>', 1),
    ],
)
def test_a_skip_without_a_good_reason_fails_the_gate(
    tmp_path: Path, outcome: str, verdict: int
) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(JUNIT.format(outcome))
    assert _gate(report) == verdict


def test_a_run_without_tests_fails_the_gate(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text("<testsuites><testsuite/></testsuites>")
    assert _gate(report) == 1


def _gate(report: Path) -> int:
    gate = [sys.executable, str(ROOT / ".ci" / "skips.py"), str(report)]
    return subprocess.run(gate, capture_output=True, check=False).returncode
