"""Escalations are listed, and taken up by people on duty, each answer an event of the hub."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dirty_equals import IsPartialDict, IsStr

from streams.cli import escalation_answers as module
from streams.engines.sqlite_store import FolderLock
from tests.awaiting import await_that
from tests.cli import messages
from tests.cli.command import Ended, OneHub, run
from tests.cli.conftest import NOW
from tests.cli.processes import Process, running_hub

TOMORROW = "2026-02-19T12:00:00+02:00"
ACCEPTANCE_BREACH = ("acceptance", "breach")


@pytest.fixture
def late(unanswered: OneHub, hub: OneHub) -> OneHub:
    """Give that hub anew."""
    shutil.copytree(unanswered.data, hub.data)
    shutil.copy(unanswered.data.with_name("hub.key"), hub.data.with_name("hub.key"))
    return hub


@pytest.fixture
def running(late: OneHub, tmp_path: Path) -> Iterator[Process]:
    """Let a hub run on the folder in a process of its own."""
    with running_hub(tmp_path, "--data", late.data, "--region", late.region) as process:
        yield process


def listed(hub: OneHub, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hub.json("escalations", "list", *words)
    return found


def clock_of(hub: OneHub) -> str:
    clock_id: str = listed(hub)[0]["clock_id"]
    return clock_id


def breach_of(hub: OneHub) -> dict[str, Any]:
    (seen,) = [seen for seen in listed(hub) if (seen["rule"], seen["rung"]) == ACCEPTANCE_BREACH]
    return seen


def deeds(hub: OneHub) -> list[dict[str, Any]]:
    """Give what people on duty said, as the ledger keeps it."""
    events = [line["event"] for line in hub.run("ledger").lines()]
    return [event for event in events if event["type"].startswith("Escalation")]


def answer(hub: OneHub, word: str, *words: str, rung: str = "breach", at: str = NOW) -> Ended:
    return hub.run("escalations", word, clock_of(hub), rung, "--recorded-at", at, *words)


def test_an_escalation_has_the_agreed_shape(late: OneHub) -> None:
    warned, breached = listed(late)

    assert breached == {
        "clock_id": IsStr(regex="c-[0-9A-Z]{26}"),
        "rung": "breach",
        "rule": "acceptance",
        "handoff_id": IsStr(regex="h-[0-9A-Z]{26}"),
        "owner": messages.TYP,
        "role": "coordinator",
        "told": "sote.south-karelia",
        "told_at": "2026-02-16T22:00:00+00:00",
        "due_at": "2026-02-16T22:00:00+00:00",
        "late_by_s": 0,
        "state": "open",
        "by": None,
        "until": None,
        "reason": None,
    }
    assert (warned["rung"], warned["role"], warned["told"]) == (
        "warn-0.6",
        "recipient",
        messages.TYP,
    )


@pytest.mark.parametrize(
    ("words", "rungs"),
    [
        ((), ["warn-0.6", "breach"]),
        (("--open",), ["warn-0.6", "breach"]),
        (("--role", "coordinator"), ["breach"]),
        (("--agency", "sote.south-karelia"), ["breach"]),
        (("--agency", messages.TYP), ["warn-0.6", "breach"]),
        (("--agency", "kela"), []),
    ],
)
def test_escalations_are_chosen_by_what_is_asked(
    late: OneHub, words: tuple[str, ...], rungs: list[str]
) -> None:
    assert [each["rung"] for each in listed(late, *words)] == rungs


def test_people_get_a_table_or_hear_that_there_is_none(late: OneHub) -> None:
    head, *rows = late.run("escalations", "list").data.splitlines()
    none = late.run("escalations", "list", "--role", "management")

    assert head.split() == [
        "CLOCK",
        "RUNG",
        "RULE",
        "OWNER",
        "ROLE",
        "TOLD",
        "AT",
        "STATE",
        "BY",
        "UNTIL",
        "REASON",
    ]
    assert len(rows) == 2
    assert (none.data, none.talk) == ("", "no such escalations\n")


def test_who_takes_an_escalation_up_stands_at_it_and_in_the_clock(late: OneHub) -> None:
    ended = answer(late, "acknowledge", "--by", "duty-1")

    (receipt,) = ended.lines()
    assert ended.code == 0
    assert receipt == {
        "event_id": IsStr(regex="e-[0-9A-Z]{26}"),
        "agency": "hub",
        "message_id": None,
        "status": "accepted",
        "handoff_id": listed(late)[1]["handoff_id"],
        "dead_letter_id": None,
        "errors": [],
    }
    assert listed(late)[1] == IsPartialDict({"state": "acknowledged", "by": "duty-1"})
    assert [each["rung"] for each in listed(late, "--open")] == ["warn-0.6"]
    rungs = late.json("clocks")[0]["rungs"]
    assert [rung["acknowledged_by"] for rung in rungs] == [None, "duty-1"]


def test_the_same_said_again_is_a_duplicate_and_makes_no_entry(late: OneHub) -> None:
    answer(late, "acknowledge", "--by", "duty-1")
    entries = late.run("ledger").data

    again = answer(late, "acknowledge", "--by", "duty-1", at=TOMORROW)

    assert (again.code, again.lines()[0]["status"]) == (0, "duplicate")
    assert late.run("ledger").data == entries


def test_an_escalation_can_be_given_away_and_back_again(late: OneHub) -> None:
    statuses = [
        answer(late, "assign", "--to", to).lines()[0]["status"]
        for to in ("duty-1", "duty-2", "duty-1")
    ]

    assert statuses == ["accepted"] * 3
    assert listed(late)[1] == IsPartialDict({"state": "assigned", "by": "duty-1"})


def test_a_snoozed_escalation_rests_until_its_end(late: OneHub) -> None:
    ended = answer(late, "snooze", "--until", TOMORROW, "--reason", "waiting-for-person")
    resting = listed(late)[1]
    late.run("advance", "--to", TOMORROW)
    awake = listed(late)[1]

    assert ended.code == 0
    assert resting == IsPartialDict(
        {
            "state": "snoozed",
            "until": "2026-02-19T10:00:00+00:00",
            "reason": "waiting-for-person",
            "by": None,
        }
    )
    assert awake["state"] == "open"


def test_what_the_hub_refuses_is_a_conflict_that_names_its_rule(late: OneHub) -> None:
    over = answer(late, "snooze", "--until", "2026-02-01", "--reason", "wrong-alarm")
    entries = late.run("ledger").data
    nowhere = answer(late, "acknowledge", "--by", "duty-1", rung="breach-nobody")

    assert (over.code, over.lines()[0]["status"]) == (4, "refused")
    assert [error["code"] for error in over.lines()[0]["errors"]] == ["snooze-is-over"]
    assert "refused by the rule snooze-is-over" in over.talk
    assert (nowhere.code, nowhere.lines()[0]["errors"][0]["code"]) == (4, "no-such-escalation")
    assert late.run("ledger").data == entries, "a rung that no agreement names is not kept"
    assert {each["state"] for each in listed(late)} == {"open"}


def test_nobody_takes_up_what_has_not_been_told_until_it_is(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    hub.ingest(messages.EMPLOYMENT, said, at="2026-02-09T12:00:00+02:00")
    clock_id = hub.json("clocks")[0]["clock_id"]
    words = ("escalations", "acknowledge", clock_id, "breach", "--by", "duty-1", "--recorded-at")

    early = hub.run(*words, "2026-02-10")
    hub.run("advance", "--to", NOW)
    then = hub.run(*words, NOW)

    assert (early.code, early.lines()[0]["errors"][0]["code"]) == (4, "no-such-escalation")
    assert (then.code, then.lines()[0]["status"]) == (0, "accepted")


def test_an_escalation_of_a_clock_that_is_over_is_closed(late: OneHub, tmp_path: Path) -> None:
    accepted = messages.written(tmp_path, "accepted", messages.answer(3, "HYVAKSYTTY"))
    assert late.ingest(messages.TYP, accepted, at=NOW).code == 0

    ended = answer(late, "acknowledge", "--by", "duty-1")

    assert {each["state"] for each in listed(late)} == {"closed"}
    assert (ended.code, ended.lines()[0]["status"]) == (4, "refused")


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("acknowledge", ("--by", "Maija Meikäläinen")),
        ("acknowledge", ("--by", "maija.meikalainen@example.fi")),
        ("acknowledge", ("--by", messages.HETU)),
        ("acknowledge", ("--by", "")),
        ("assign", ("--to", f"duty-{messages.HETU}")),
        ("assign", ("--to", "duty 1")),
        ("snooze", ("--until", TOMORROW, "--reason", "waits for Maija")),
        ("snooze", ("--until", TOMORROW, "--reason", messages.HETU)),
        ("snooze", ("--until", TOMORROW, "--reason", "x" * 65)),
    ],
)
def test_names_hetus_and_free_text_are_invalid_and_never_repeated(
    late: OneHub, word: str, options: tuple[str, ...]
) -> None:
    entries = late.run("ledger").data

    ended = answer(late, word, *options)

    assert (ended.code, ended.data) == (5, "")
    assert not [said for said in ("Maija", "maija", messages.HETU) if said in ended.talk]
    assert late.run("ledger").data == entries


def test_a_clock_that_nobody_has_is_not_found(late: OneHub) -> None:
    ended = late.run("escalations", "assign", "c-nobody", "breach", "--to", "duty-1", "--json")

    assert ended.code == 3
    assert ended.document() == IsPartialDict({"status": 404})


def test_beside_a_hub_that_runs_the_answer_is_handed_over_and_its_receipt_printed(
    late: OneHub, running: Process
) -> None:
    words = ("escalations", "acknowledge", clock_of(late), "breach", "--by", "duty-1")
    began = datetime.now(UTC)

    ended = late.run(*words)
    again = late.run(*words)

    assert ended.code == 0, ended.talk
    assert ended.lines() == [
        {
            "event_id": IsStr(regex="e-[0-9A-Z]{26}"),
            "agency": "hub",
            "message_id": None,
            "status": "accepted",
            "handoff_id": IsStr(regex="h-[0-9A-Z]{26}"),
            "dead_letter_id": None,
            "errors": [],
        }
    ]
    assert (again.code, again.lines()[0]["status"]) == (0, "duplicate")
    assert breach_of(late) == IsPartialDict({"state": "acknowledged", "by": "duty-1"})
    (event,) = deeds(late)
    recorded_at = datetime.fromisoformat(event["recorded_at"])
    assert began - timedelta(seconds=1) <= recorded_at <= datetime.now(UTC)
    assert event["occurred_at"] == event["recorded_at"]
    assert not list((late.data / "receipts" / "hub").iterdir())
    assert not list((late.data / "inbox" / "hub").iterdir())
    assert running.stop() == 0
    assert "duty-1" not in running.said()
    assert late.run("replay", "--digest").code == 0


def test_what_a_running_hub_refuses_is_a_conflict_too(late: OneHub, running: Process) -> None:
    words = ("escalations", "snooze", clock_of(late), "breach", "--reason", "wrong-alarm")

    over = late.run(*words, "--until", "2026-02-19")
    nowhere = late.run("escalations", "assign", clock_of(late), "no-rung", "--to", "duty-1")
    elsewhen = late.run(*words, "--until", "2199-01-01", "--recorded-at", NOW, "--json")
    nobody = late.run("escalations", "assign", "c-nobody", "breach", "--to", "duty-1")
    named = late.run("escalations", "assign", clock_of(late), "breach", "--to", "Maija M")

    assert (over.code, over.lines()[0]["errors"][0]["code"]) == (4, "snooze-is-over")
    assert "refused by the rule snooze-is-over" in over.talk
    assert (nowhere.code, nowhere.lines()[0]["errors"][0]["code"]) == (4, "no-such-escalation")
    assert (elsewhen.code, elsewhen.document()["status"]) == (4, 409)
    assert (nobody.code, named.code) == (3, 5)
    assert breach_of(late)["state"] == "open"
    assert running.process.poll() is None


def test_a_malformed_answer_gets_its_errors_and_stops_no_running_hub(
    late: OneHub, running: Process
) -> None:
    draft = late.data / "inbox" / "hub" / ".by-hand"
    draft.write_text(json.dumps({"answer": "assign", "to": "Maija Meikäläinen", "Maija": 1}))
    draft.rename(draft.with_name("by-hand"))
    receipts = late.data / "receipts" / "hub" / "by-hand.ndjson"

    await_that(receipts.exists)
    then = late.run("escalations", "assign", clock_of(late), "breach", "--to", "duty-1")

    receipt = json.loads(receipts.read_bytes())
    assert (receipt["status"], receipt["agency"]) == ("refused", "hub")
    assert {error["pointer"] for error in receipt["errors"]} >= {"/clock_id", "/rung", "/to", ""}
    assert "Maija" not in receipts.read_text() + running.said()
    assert (then.code, then.lines()[0]["status"]) == (0, "accepted")


def test_another_writer_is_waited_for_and_then_given_up(
    late: OneHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOLDER_WAIT_S", 0.2)
    lock = FolderLock(late.data)
    try:
        ended = answer(late, "acknowledge", "--by", "duty-1")
    finally:
        lock.release()

    assert (ended.code, ended.data) == (7, "")
    assert "held by another" in ended.talk
    assert answer(late, "acknowledge", "--by", "duty-1").code == 0


def test_in_virtual_time_an_answer_moves_no_time_and_fires_no_clock(
    hub: OneHub, tmp_path: Path
) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    hub.ingest(messages.EMPLOYMENT, said, at="2026-02-09T12:00:00+02:00")
    assert hub.run("advance", "--to", "2026-02-14T12:00:00+02:00").code == 0
    before = hub.run("ledger").lines()

    words = (clock_of(hub), "warn-0.6", "--by", "duty-1")
    ended = hub.run("escalations", "acknowledge", *words)

    (added,) = hub.run("ledger").lines()[len(before) :]
    assert ended.code == 0
    assert added["event"] == IsPartialDict(
        {
            "type": "EscalationAcknowledged",
            "occurred_at": "2026-02-14T10:00:00+00:00",
            "recorded_at": "2026-02-14T10:00:00+00:00",
        }
    )
    assert added["facts"] == []
    assert [seen["rung"] for seen in listed(hub)] == ["warn-0.6"], "the breach is still to come"
    hub.run("advance", "--to", NOW)
    assert breach_of(hub)["told_at"] == "2026-02-16T22:00:00+00:00"


def test_a_hub_that_cannot_be_written_is_unavailable(late: OneHub) -> None:
    words = ("escalations", "acknowledge", clock_of(late), "breach", "--by", "duty-1")
    (late.data / "ledger.db").write_bytes(b"no database at all")

    assert late.run(*words).code == 7


def test_an_answer_is_told_in_the_trace(late: OneHub) -> None:
    answer(late, "assign", "--to", "duty-2")
    handoff_id = listed(late)[0]["handoff_id"]

    last = late.json("trace", handoff_id)["entries"][-1]

    assert last["event"] == IsPartialDict(
        {"type": "EscalationAssigned", "agency": "hub", "rung": "breach", "to": "duty-2"}
    )
    assert "EscalationAssigned  hub" in late.run("trace", handoff_id).data


def test_the_group_says_what_it_can(hub: OneHub) -> None:
    told = run("escalations", "--help").data

    assert all(f"  {name}" in told for name in ("list", "acknowledge", "assign", "snooze"))
    assert not hub.data.exists()
