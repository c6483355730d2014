"""`person-id`: from a HETU to a pseudonym, and never back, not even on a screen."""

import sys
from pathlib import Path
from typing import Any

import pytest
from dirty_equals import IsPartialDict, IsStr

from tests.cli import messages
from tests.cli.command import OneHub

PSEUDONYM: Any = IsStr(regex=r"p-[0-9A-Z]{26}\n")


def test_the_pseudonym_is_that_of_the_person_s_handoffs(served: OneHub) -> None:
    ended = served.run("person-id", stdin=f"{messages.HETU}\n".encode())

    assert ended.code == 0
    assert ended.data == PSEUDONYM
    assert served.json("handoffs")[0]["person"] == ended.data.strip()


@pytest.mark.parametrize("spelt", [f"  {messages.HETU} ", messages.HETU.lower() + "\r\n"])
def test_a_person_has_one_pseudonym_however_spelt(served: OneHub, spelt: str) -> None:
    plain = served.run("person-id", "--json", stdin=messages.HETU.encode()).document()

    assert served.run("person-id", "--json", stdin=spelt.encode()).document() == plain
    assert plain == {"person": IsStr(regex=r"p-[0-9A-Z]{26}")}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("270789Y922T", "hetu-check"),
        ("270789Y9225", "hetu-check"),
        ("hello", "hetu-format"),
        ("", "hetu-format"),
        ("\N{FULLWIDTH DIGIT TWO}70789Y922S", "hetu-format"),
        (f"{messages.HETU}\n{messages.HETU}\n", "hetu-format"),
        ("x" * 100, "hetu-format"),
    ],
)
def test_what_is_no_hetu_is_refused_with_its_code_and_not_repeated(
    served: OneHub, given: str, code: str
) -> None:
    ended = served.run("person-id", "--json", stdin=given.encode())

    assert ended.code == 5
    assert ended.document() == IsPartialDict({"status": 422, "code": code})
    assert not given.strip() or given.strip() not in ended.data + ended.talk


def test_a_number_that_a_test_region_does_not_take_is_refused(served: OneHub) -> None:
    real = "010190-123"
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int("010190123") % 31]

    ended = served.run("person-id", "--json", stdin=(real + check).encode())

    assert (ended.code, ended.document()["code"]) == (5, "hetu-not-allowed")


def test_bytes_that_are_no_text_are_no_hetu(served: OneHub) -> None:
    assert served.run("person-id", stdin=b"\xff\xfe\x00").code == 5


def test_a_hub_that_is_still_to_be_made_gets_its_secrets(hub: OneHub, tmp_path: Path) -> None:
    first = hub.run("person-id", stdin=messages.HETU.encode())
    hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "said", messages.consent()))

    (line,) = hub.run("ledger").lines()

    assert "hub.key" in first.talk
    assert line["person"] == first.data.strip()


def test_on_a_terminal_the_hetu_is_asked_for_and_not_shown(
    served: OneHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.cli import person_id

    class Terminal:
        def isatty(self) -> bool:
            return True

    asked: list[bool] = []

    def hidden(_text: str, *, hide_input: bool, err: bool) -> str:
        asked.append(hide_input and err)
        return messages.HETU

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("click.prompt", hidden)

    assert person_id._given() == messages.HETU
    assert asked == [True]
    assert served.data.exists()
