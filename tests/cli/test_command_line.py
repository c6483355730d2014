"""The command line as a whole: help, usage, exit codes, and how failures are told."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from dirty_equals import IsPartialDict, IsStr

from streams.cli import failures
from streams.cli.command_line import COMMANDS, saattaen
from tests.cli import messages
from tests.cli.command import REGION, OneHub, run
from tests.measuring import unmeasured_environment

SAATTAEN = Path(sys.executable).with_name("saattaen")
GROUPS = ("explain", "dead-letters", "agreement", "contracts", "kafka", "worker")


def process(*words: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [str(word) for word in (SAATTAEN, *words)]
    environment = unmeasured_environment()
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, timeout=60, env=environment
    )


def test_help_lists_every_command_and_loads_none() -> None:
    program = (
        "import sys\n"
        "from streams.cli.command_line import saattaen\n"
        "saattaen(['--help'], standalone_mode=False)\n"
        "heavy = {'sqlalchemy', 'pydantic', 'orjson', 'apsw', 'rich', 'streams.domain'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        env=unmeasured_environment(),
    )

    assert all(f"  {name} " in shown.stdout for name in COMMANDS)
    assert shown.stderr == "[]\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    ended = run(name, "--help")

    assert ended.code == 0
    assert ended.data.startswith(f"Usage: saattaen {name}")
    if name not in GROUPS:
        assert "Example" in ended.data
    if name not in (*GROUPS, "run"):
        assert "--json" in ended.data


def test_the_version_is_told() -> None:
    assert run("--version").data.startswith("saattaen ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("handofs",), "did you mean handoffs?"),
        (("qqqq",), "there is no command 'qqqq'"),
        (("explain", "routng"), "did you mean routing?"),
        (("handoffs", "--statu", "accepted"), "--status"),
        (("handoffs", "--status", "open"), "'open' is not one of"),
        (("trace",), "missing argument"),
        (("--nonsense",), "no such option"),
    ],
)
def test_a_command_that_cannot_be_understood_exits_2(words: tuple[str, ...], said: str) -> None:
    ended = run(*words)

    assert (ended.code, ended.data) == (2, "")
    assert said.lower() in ended.talk.lower()
    assert len(ended.talk.splitlines()) == 1


def test_usage_errors_are_problem_bodies_too() -> None:
    ended = run("handoffs", "--status", "open", "--json")

    assert (ended.code, ended.talk) == (2, "")
    assert ended.document() == {
        "type": "urn:saattaen:problem:usage",
        "title": IsStr(),
        "status": 400,
        "detail": IsStr(regex=".*saattaen handoffs --help.*"),
    }


def test_what_stands_after_two_dashes_asks_for_nothing() -> None:
    assert failures.asks_for_json(["trace", "--json", "x"])
    assert not failures.asks_for_json(["trace", "--", "--json"])


def test_a_hetu_in_a_command_line_is_never_repeated() -> None:
    ended = run("trace", messages.HETU, "--nonsense", messages.HETU)
    other = run(messages.HETU)

    assert messages.HETU not in ended.talk + other.talk
    assert (ended.code, other.code) == (2, 2)


def test_an_agreement_that_cannot_be_used_says_everything_at_once(tmp_path: Path) -> None:
    region = tmp_path / "region.toml"
    region.write_text('[region]\nid = 5\n[[agency]]\nsector = "sote"\n')
    said = messages.written(tmp_path, "said", messages.consent())

    ended = run("ingest", "--region", region, "--from", "kela", said, "--json")

    assert ended.code == 5
    assert ended.document() == IsPartialDict({"status": 422})
    assert len(ended.document()["errors"]) > 1


def test_a_view_that_cannot_be_written_is_unavailable(hub: OneHub, tmp_path: Path) -> None:
    hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "said", messages.consent()))
    (hub.data / "views.db").mkdir()

    ended = hub.run("handoffs", "--json")

    assert ended.code == 7
    assert ended.document()["type"] == "urn:saattaen:problem:unavailable"


def test_secrets_that_are_gone_are_invalid_input(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())
    hub.ingest(messages.EMPLOYMENT, said)
    hub.data.with_name("hub.key").unlink()

    assert hub.ingest(messages.EMPLOYMENT, said).code == 5
    assert hub.run("person-id", stdin=messages.HETU.encode()).code == 5


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "views.db"), 7, "views.db: Permission denied"),
        (OSError(), 7, "OSError"),
        (click.Abort(), 130, ""),
        (KeyboardInterrupt(), 130, ""),
        (click.ClickException("Not so."), 2, "not so."),
    ],
)
def test_what_a_machine_does_is_told_in_one_line(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> object:
        raise error

    assert failures.exit_code_of(fails, as_json=False) == code
    assert capsys.readouterr().err == (f"saattaen: {said}\n" if said else "")


def test_a_defect_tells_its_place_and_not_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> object:
        raise ValueError(messages.HETU)

    assert failures.exit_code_of(fails, as_json=True) == 1
    told = capsys.readouterr()
    assert (
        json.loads(told.out)["detail"]
        == "a defect of the hub (ValueError): please report its place"
    )
    assert "in fails" in told.err
    assert messages.HETU not in told.out + told.err


def test_a_reader_that_leaves_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> object:
        raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", sys.stdout)

    assert failures.exit_code_of(fails, as_json=False) == 1


def test_a_caller_that_is_not_standalone_gets_the_code() -> None:
    assert saattaen(["handofs"], standalone_mode=False) == 2


def test_a_process_gives_data_talk_and_code(tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())
    place = ["--data", tmp_path / "hub", "--region", REGION]

    taken = process("ingest", *place, "--from", messages.EMPLOYMENT, said)
    listed = process("handoffs", *place, "--json")
    refused = process("trace", *place, "h-nobody")

    assert (taken.returncode, json.loads(taken.stdout)["status"]) == (0, "accepted")
    assert b"made the hub's secrets" in taken.stderr
    assert (listed.returncode, listed.stdout) == (0, b"[]\n")
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert b"Traceback" not in refused.stderr


def test_a_pipe_that_closes_early_leaves_no_traceback(served: OneHub) -> None:
    words = [str(w) for w in (SAATTAEN, "ledger", "--data", served.data, "--region", REGION)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=unmeasured_environment()
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 1


def test_on_a_terminal_what_is_alarming_is_red(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from streams.cli.output import print_table

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_table(("CLOCK", "STATE"), [("c-1", "breached"), ("c-2", "met")], none="")
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(("CLOCK", "STATE"), [("c-1", "breached")], none="")

    head, red, plain, _head, colourless = capsys.readouterr().out.splitlines()
    assert "CLOCK" in head
    assert (plain, colourless) == ("c-2    met", "c-1    breached")
    assert red in ("\x1b[31mc-1    breached\x1b[0m", "c-1    breached")


@pytest.mark.usefixtures("unmeasured")
def test_no_person_shows_in_any_answer(sampled: OneHub) -> None:
    from tests.cli.persons import said_of_persons

    handoffs = [handoff["handoff_id"] for handoff in sampled.json("handoffs")]
    persons = {line["person"] for line in sampled.run("ledger").lines()}
    letters = [letter["dead_letter_id"] for letter in sampled.json("dead-letters", "list")]
    asked = [
        ("handoffs",),
        ("clocks",),
        ("deliveries",),
        ("dead-letters", "list"),
        *(("trace", subject) for subject in (*handoffs, *persons)),
        *(("explain", "routing", handoff) for handoff in handoffs),
        *(("explain", "disclosure", handoff) for handoff in handoffs),
        *(("consents", "--all", "--person", person) for person in persons),
        *(("disclosures", "--person", person) for person in persons),
        *(("disclosures", "--fhir", "--person", person) for person in persons),
        *(("dead-letters", "show", letter) for letter in letters),
        ("dead-letters", "replay", *letters, "--dry-run"),
    ]

    shown = sampled.run("ledger").data
    for words in asked:
        shown += sampled.run(*words).data + sampled.run(*words, "--json").data

    assert len(shown) > 100_000
    assert [text for text in said_of_persons() if text in shown] == []
