"""Dead letters are listed, shown without what they say, and taken in again."""

from pathlib import Path

import pytest
from dirty_equals import IsInt, IsPartialDict, IsStr

from streams.domain.ids import Instant, PersonId
from streams.engines.keys_sqlite import SqliteKeyStore
from streams.sealing.hub_secrets import read_secrets
from tests.cli import messages
from tests.cli.command import REGION, OneHub, run

LETTER = IsStr(regex=r"d-[0-9A-Z]{26}")
UNKNOWN_SERVICE = "TYOKOKEILU"


@pytest.fixture
def narrow(tmp_path: Path) -> OneHub:
    """Give a hub whose region lacks TYP, so that a referral to it becomes a dead letter."""
    region = tmp_path / "narrow.toml"
    text = REGION.read_text(encoding="utf-8")
    start = text.index('[[agency]]\nid = "typ.south-karelia"')
    text = text[:start] + text[text.index("[service.work_ability_coordination]") :]
    region.write_text(text.replace('"typ"', '"sote"'), encoding="utf-8")
    return OneHub(tmp_path / "hub", region)


def to_typ(hub: OneHub, tmp_path: Path) -> str:
    said = messages.written(tmp_path, "said", messages.referral(2, {"ytunnus": "9100007-2"}))
    (receipt,) = hub.ingest(messages.EMPLOYMENT, said).lines()
    assert receipt["errors"][0]["code"] == "unknown-agency"
    letter: str = receipt["dead_letter_id"]
    return letter


def test_a_dead_letter_has_the_agreed_shape(narrow: OneHub, tmp_path: Path) -> None:
    letter = to_typ(narrow, tmp_path)

    assert narrow.json("dead-letters", "list") == [
        {
            "dead_letter_id": letter,
            "agency": messages.EMPLOYMENT,
            "message_id": "TE-2",
            "errors": [
                {
                    "code": "unknown-agency",
                    "pointer": "/ohjaus/vastaanottaja/ytunnus",
                    "detail": IsStr(min_length=1),
                }
            ],
            "recorded_at": "2026-02-12T10:00:00+00:00",
        }
    ]


def test_a_dead_letter_shows_its_size_and_not_its_words(narrow: OneHub, tmp_path: Path) -> None:
    letter = to_typ(narrow, tmp_path)

    shown = narrow.json("dead-letters", "show", letter)
    told = narrow.run("dead-letters", "show", letter).data

    assert shown == IsPartialDict(
        {"body_kind": "raw", "sealed_bytes": IsInt(gt=100), "person": IsStr(regex="p-.*")}
    )
    assert "unknown-agency  /ohjaus/vastaanottaja/ytunnus" in told
    assert "Hämäläinen" not in told


def test_a_dead_letter_that_nobody_has_is_not_found(narrow: OneHub, tmp_path: Path) -> None:
    letter = to_typ(narrow, tmp_path)

    assert narrow.run("dead-letters", "show", "d-nobody").code == 3
    assert narrow.run("dead-letters", "replay", letter, "d-nobody").code == 3
    assert len(narrow.json("dead-letters", "list")) == 1, "nothing was replayed"


def test_a_message_is_taken_in_again_when_the_agreement_was_mended(
    narrow: OneHub, tmp_path: Path
) -> None:
    letter = to_typ(narrow, tmp_path)
    mended = OneHub(narrow.data)

    (receipt,) = mended.run("dead-letters", "replay", letter).lines()

    assert (receipt["status"], receipt["message_id"]) == ("accepted", "TE-2")
    assert mended.json("dead-letters", "list") == []
    assert [handoff["recipient"] for handoff in mended.json("handoffs")] == [messages.TYP]


def test_a_message_that_is_still_wrong_stays(narrow: OneHub, tmp_path: Path) -> None:
    letter = to_typ(narrow, tmp_path)

    (receipt,) = narrow.run("dead-letters", "replay", letter, letter).lines()

    assert (receipt["status"], receipt["dead_letter_id"]) == ("dead-letter", letter)
    assert [each["dead_letter_id"] for each in narrow.json("dead-letters", "list")] == [letter]


def test_a_dry_run_tells_what_would_become_of_it_and_keeps_nothing(
    narrow: OneHub, tmp_path: Path
) -> None:
    letter = to_typ(narrow, tmp_path)
    mended = OneHub(narrow.data)

    would = mended.run("dead-letters", "replay", letter, "--dry-run")
    would_not = narrow.run("dead-letters", "replay", letter, "--dry-run")

    assert [receipt["status"] for receipt in would.lines()] == ["accepted"]
    assert [receipt["status"] for receipt in would_not.lines()] == ["dead-letter"]
    assert would.talk == "dry run: nothing was kept\n"
    assert mended.json("handoffs") == []
    assert len(mended.json("dead-letters", "list")) == 1


def unanswered(hub: OneHub, tmp_path: Path) -> str:
    """Let an answer wait for a referral that does not come."""
    answer = messages.written(tmp_path, "answer", messages.answer(3, "HYVAKSYTTY"))
    later = messages.written(tmp_path, "later", messages.answer(9, "VASTAANOTETTU", 8))
    (parked,) = hub.ingest(messages.TYP, answer).lines()
    assert parked["status"] == "parked"
    hub.ingest(messages.TYP, later, at="2026-02-20T12:00:00+02:00")
    (letter,) = hub.json("dead-letters", "list")
    assert letter["errors"][0]["code"] == "unknown-handoff"
    found: str = letter["dead_letter_id"]
    return found


def test_an_answer_whose_referral_came_at_last_is_a_new_attempt(
    hub: OneHub, tmp_path: Path
) -> None:
    letter = unanswered(hub, tmp_path)
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    hub.ingest(messages.EMPLOYMENT, said, at="2026-02-20T13:00:00+02:00")

    (would,) = hub.run("dead-letters", "replay", letter, "--dry-run").lines()
    (receipt,) = hub.run("dead-letters", "replay", letter).lines()

    assert would == receipt
    assert (receipt["status"], receipt["message_id"]) == ("accepted", "T-3")
    assert letter not in [each["dead_letter_id"] for each in hub.json("dead-letters", "list")]
    assert [handoff["status"] for handoff in hub.json("handoffs")] == ["accepted"]


def test_a_reused_id_is_taken_in_under_an_id_of_its_own(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    other = messages.referral() | {"aikaleima": "2026-02-09T11:00:00+02:00"}
    hub.ingest(messages.EMPLOYMENT, said)
    (dead,) = hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "o", other)).lines()
    assert dead["errors"][0]["code"] == "id-reused"
    shown = hub.json("dead-letters", "show", dead["dead_letter_id"])
    assert shown["body_kind"] == "event:ReferralSubmitted"

    (receipt,) = hub.run("dead-letters", "replay", dead["dead_letter_id"]).lines()

    assert receipt["status"] == "accepted"
    assert receipt["event_id"] != dead["event_id"]
    assert hub.json("dead-letters", "list") == []


def test_a_dead_letter_of_somebody_erased_cannot_be_replayed(
    narrow: OneHub, tmp_path: Path
) -> None:
    letter = to_typ(narrow, tmp_path)
    person = narrow.json("dead-letters", "show", letter)["person"]
    place = narrow.data.with_name("hub.key")
    keys = SqliteKeyStore(narrow.data / "keys.db", read_secrets(place).master, secrets_file=place)
    keys.destroy(PersonId(person), Instant(0))
    keys.close()

    ended = narrow.run("dead-letters", "replay", letter)

    assert (ended.code, ended.data) == (4, "")
    assert "its key was destroyed" in ended.talk


def test_a_dead_letter_of_an_agency_that_left_is_refused(narrow: OneHub, tmp_path: Path) -> None:
    to_typ(narrow, tmp_path)
    region = tmp_path / "smaller.toml"
    region.write_text(REGION.read_text().replace(f'"{messages.EMPLOYMENT}"', '"employment.other"'))
    (letter,) = narrow.json("dead-letters", "list")

    ended = run(
        "dead-letters",
        "replay",
        letter["dead_letter_id"],
        "--data",
        narrow.data,
        "--region",
        region,
    )

    assert (ended.code, messages.EMPLOYMENT in ended.talk) == (5, True)
