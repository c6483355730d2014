"""`ingest`: a receipt for every message, in order, or nothing taken in and the reason named."""

import json
import os
from pathlib import Path

import pytest
from dirty_equals import IsPartialDict, IsStr

from tests.cli import messages
from tests.cli.command import REGION, WIRE, OneHub, run
from tests.cli.conftest import SENDERS, samples

EVENT_ID, HANDOFF_ID, DEAD_LETTER_ID = (
    IsStr(regex=rf"{letter}-[0-9A-Z]{{26}}") for letter in "ehd"
)


@pytest.mark.parametrize("folder", SENDERS)
def test_every_sample_gets_its_receipts(hub: OneHub, folder: str) -> None:
    files = samples(WIRE / folder)

    ended = hub.ingest(SENDERS[folder], *files)

    assert ended.code == 0
    receipts = ended.lines()
    assert len(receipts) >= len(files)
    assert all(receipt["status"] != "dead-letter" for receipt in receipts)
    assert all(receipt["event_id"] == EVENT_ID for receipt in receipts)


@pytest.mark.parametrize("folder", SENDERS)
def test_every_bad_sample_says_what_is_wrong_with_it(hub: OneHub, folder: str) -> None:
    invalid = WIRE / folder / "invalid"
    expected = json.loads((invalid / "expected.json").read_text())

    for name, told in expected.items():
        receipts = hub.ingest(SENDERS[folder], invalid / name).lines()

        assert len(receipts) == told["receipts"], name
        statuses = [receipt["status"] for receipt in receipts]
        wanted = told["status"]
        assert statuses == (wanted if isinstance(wanted, list) else [wanted] * len(receipts)), name
        errors = [error for receipt in receipts for error in receipt["errors"]]
        # `one-good-two-bad.xml` names its good message by an id that no hub knows.
        assert errors == [IsPartialDict(error) for error in told["errors"]], name
        assert all(
            ("nearest" in e) == ("nearest" in t)
            for e, t in zip(errors, told["errors"], strict=True)
        )


def test_a_receipt_has_the_agreed_shape(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    bad = messages.written(tmp_path, "bad", messages.referral(henkilotunnus="270789Y922T"))

    accepted, referred = hub.ingest(messages.EMPLOYMENT, said).lines()
    (dead,) = hub.ingest(messages.EMPLOYMENT, bad).lines()

    assert accepted == {
        "event_id": EVENT_ID,
        "agency": messages.EMPLOYMENT,
        "message_id": "TE-1",
        "status": "accepted",
        "handoff_id": None,
        "dead_letter_id": None,
        "errors": [],
    }
    assert referred["handoff_id"] == HANDOFF_ID
    assert dead == {
        "event_id": None,
        "agency": messages.EMPLOYMENT,
        "message_id": "TE-2",
        "status": "dead-letter",
        "handoff_id": None,
        "dead_letter_id": DEAD_LETTER_ID,
        "errors": [
            {
                "code": "hetu-check",
                "pointer": "/asiakas/henkilotunnus",
                "detail": IsStr(min_length=1),
            }
        ],
    }


def test_a_repeat_is_a_duplicate_and_makes_no_entry(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    first = hub.ingest(messages.EMPLOYMENT, said).lines()
    again = hub.ingest(messages.EMPLOYMENT, said).lines()

    assert [receipt["status"] for receipt in again] == ["duplicate", "duplicate"]
    assert [r["event_id"] for r in again] == [r["event_id"] for r in first]
    assert len(hub.run("ledger").lines()) == 2


def test_stdin_is_one_of_the_files(hub: OneHub) -> None:
    raw = json.dumps(messages.consent()).encode()
    ended = hub.run("ingest", "--from", messages.EMPLOYMENT, "-", stdin=raw)

    assert [receipt["message_id"] for receipt in ended.lines()] == ["TE-1"]


def test_receipts_come_in_the_order_of_files_and_messages(hub: OneHub, tmp_path: Path) -> None:
    first = messages.written(tmp_path, "b", messages.consent(), messages.referral())
    second = messages.written(tmp_path, "a", messages.referral(5))

    receipts = hub.ingest(messages.EMPLOYMENT, first, second).lines()

    assert [receipt["message_id"] for receipt in receipts] == ["TE-1", "TE-2", "TE-5"]


def test_a_missing_file_is_named_before_anything_is_taken_in(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())

    ended = hub.ingest(messages.EMPLOYMENT, said, tmp_path / "nowhere.json")

    assert (ended.code, ended.data) == (5, "")
    assert "nowhere.json is not there" in ended.talk
    assert not hub.data.exists()


def test_a_folder_is_no_file(hub: OneHub, tmp_path: Path) -> None:
    ended = hub.ingest(messages.EMPLOYMENT, tmp_path)

    assert (ended.code, "is no file" in ended.talk) == (5, True)


def test_a_file_that_may_not_be_read_is_named(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())
    said.chmod(0)
    if os.access(said, os.R_OK):
        pytest.skip("cannot run here: this user may read everything")

    ended = hub.ingest(messages.EMPLOYMENT, said)

    assert (ended.code, "cannot be read" in ended.talk) == (5, True)


def test_a_file_that_goes_away_meanwhile_is_named(
    hub: OneHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = messages.written(tmp_path, "said", messages.consent())

    def gone(_self: Path) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "read_bytes", gone)

    ended = hub.ingest(messages.EMPLOYMENT, said)

    assert (ended.code, "cannot be read" in ended.talk) == (5, True)


def test_stdin_is_read_once(hub: OneHub) -> None:
    assert hub.ingest(messages.EMPLOYMENT, "-", "-").code == 2


def test_an_unknown_agency_is_refused_with_the_nearest(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())

    ended = hub.run("ingest", "--from", "employment.lappenranta", said, "--json")

    assert ended.code == 5
    assert ended.document() == IsPartialDict(
        {
            "type": "urn:saattaen:problem:invalid-input",
            "status": 422,
            "code": "unknown-agency",
            "nearest": messages.EMPLOYMENT,
        }
    )
    assert not hub.data.exists()


def test_the_first_start_tells_where_the_secrets_are(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())

    first = hub.ingest(messages.EMPLOYMENT, said)
    second = hub.ingest(messages.EMPLOYMENT, said)

    assert f"{hub.data}.key" in first.talk
    assert "apart from backups" in first.talk
    assert len(first.talk.splitlines()) == 1
    assert second.talk == ""


def test_secrets_elsewhere_are_named_by_option_or_environment(tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())
    words = ["ingest", "--region", REGION, "--from", messages.EMPLOYMENT, said, "--data"]

    by_option = run(*words, tmp_path / "one", "--keys", tmp_path / "secrets")
    by_environment = run(*words, tmp_path / "two", SAATTAEN_KEYS_FILE=str(tmp_path / "secrets"))

    assert (by_option.code, by_environment.code) == (0, 0)
    assert not (tmp_path / "one.key").exists()
    assert by_environment.talk == ""
    persons = [
        OneHub(tmp_path / name).run("ledger").lines()[0]["person"] for name in ("one", "two")
    ]
    assert persons[0] == persons[1]


def test_a_hub_that_is_held_is_unavailable(hub: OneHub, tmp_path: Path) -> None:
    from streams.engines.sqlite_store import FolderLock

    said = messages.written(tmp_path, "said", messages.consent())
    lock = FolderLock(hub.data)

    ended = hub.ingest(messages.EMPLOYMENT, said)

    assert (ended.code, ended.data) == (7, "")
    assert len(ended.talk.splitlines()) <= 2
    lock.release()


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "9999-12-31T23:59:59-23:59"])
def test_an_instant_that_cannot_be_read_is_a_usage_error(
    hub: OneHub, tmp_path: Path, moment: str
) -> None:
    said = messages.written(tmp_path, "said", messages.consent())
    ended = hub.ingest(messages.EMPLOYMENT, said, at=moment)

    assert (ended.code, "--recorded-at" in ended.talk) == (2, True)


def test_an_instant_without_an_offset_is_local_time(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent())
    hub.ingest(messages.EMPLOYMENT, said, at="2026-02-12T12:00")

    (line,) = hub.run("ledger").lines()

    assert line["event"]["recorded_at"] == "2026-02-12T10:00:00+00:00"
