import sqlite3
from pathlib import Path

import pytest

from tests.cli.command import WIRE, OneHub

EMPLOYMENT = "employment.lappeenranta"
LATER = "2026-06-01T00:00:00+03:00"


@pytest.fixture
def referred(hub: OneHub) -> OneHub:
    """Give a hub in which somebody waits to be accepted."""
    files = [
        WIRE / "employment" / name for name in ("consent-given.json", "referral-submitted.json")
    ]
    assert hub.ingest(EMPLOYMENT, *files).code == 0
    return hub


def test_advancing_fires_what_is_due_and_moves_the_hubs_time(referred: OneHub) -> None:
    assert [clock["state"] for clock in referred.json("clocks")] == ["running"]
    ended = referred.run("advance", "--to", LATER)
    assert ended.code == 0
    assert ended.data.endswith("fired; the hub's time is 2026-05-31T21:00:00+00:00\n")
    assert [clock["state"] for clock in referred.json("clocks")] == ["breached"]
    again = referred.json("advance", "--to", LATER)
    assert again == {
        "fired": 0,
        "from": "2026-05-31T21:00:00+00:00",
        "to": "2026-05-31T21:00:00+00:00",
    }


def test_time_never_goes_back(referred: OneHub) -> None:
    ended = referred.run("advance", "--to", "2026-01-01", "--json")
    assert ended.code == 4
    problem = ended.document()
    assert problem["now"] == "2026-02-12T10:00:00+00:00"
    assert problem["now"] in problem["detail"]


@pytest.mark.parametrize("words", [("advance", "--to", LATER), ("replay",)])
def test_no_hub_is_made_by_asking_for_one(hub: OneHub, words: tuple[str, ...]) -> None:
    ended = hub.run(*words)
    assert ended.code == 3
    assert not hub.data.exists()


def test_a_ledger_decided_again_is_the_same(referred: OneHub) -> None:
    ended = referred.run("replay")
    assert ended.code == 0
    live, replayed, entries = ended.data.splitlines()
    assert live.removeprefix("live ") == replayed.removeprefix("replayed ")
    assert entries == "entries 2"
    assert referred.run("replay", "--digest").data.splitlines() == [live, replayed]
    assert referred.json("replay") == {
        "live": live.removeprefix("live "),
        "replayed": replayed.removeprefix("replayed "),
        "agrees": True,
        "entries": 2,
        "first_differing": None,
        "undecidable": 0,
    }


def test_a_state_that_was_meddled_with_is_a_finding(referred: OneHub) -> None:
    meddle(referred.data, "UPDATE hot SET state_digest = zeroblob(32)")
    assert referred.run("replay", "--digest").code == 6
    ended = referred.run("replay", "--json")
    assert ended.code == 6
    assert ended.document()["agrees"] is False


def test_an_entry_that_is_decided_otherwise_is_named(referred: OneHub) -> None:
    meddle(referred.data, "UPDATE entry SET entry_digest = zeroblob(32) WHERE position = 2")
    ended = referred.run("replay")
    assert ended.code == 6
    second = referred.run("ledger").lines()[1]["entry_id"]
    assert ended.data.splitlines()[-1] == f"first differing entry {second}"


def test_a_ledger_is_decided_again_by_the_agreements_that_it_was_decided_by(
    referred: OneHub,
) -> None:
    shipped = OneHub(referred.data, Path(__file__).parents[2] / "deploy" / "agreements")
    assert shipped.run("replay").code == 0
    for kept in (referred.data / "agreements").iterdir():
        kept.unlink()
    ended = shipped.run("replay")
    assert ended.code == 6
    assert ended.data.splitlines()[-1] == "entries that cannot be decided again 2"


def meddle(data: Path, sql: str) -> None:
    connection = sqlite3.connect(data / "ledger.db")
    with connection:
        connection.execute(sql)
    connection.close()
