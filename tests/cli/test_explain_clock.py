"""`explain clock`: every stretch with its reason in the reader's language, and an exact sum."""

import shutil
from pathlib import Path

import pytest
from dirty_equals import IsPartialDict, IsStr

from tests.cli import messages
from tests.cli.command import REGION, OneHub

NOT_VERIFIED = {
    "fi": "(ei tarkistettu säädöksestä)",
    "sv": "(inte kontrollerad i författningen)",
    "en": "(not verified)",
}
BEFORE_CHRISTMAS = "2026-12-23T12:00:00+02:00"
LONG_AFTER = "2027-02-01T12:00:00+02:00"


def sent(hub: OneHub, folder: Path, at: str, *said: dict[str, object]) -> None:
    agency = messages.TYP if "typAsiakkuusTunnus" in said[0] else messages.EMPLOYMENT
    file = messages.written(folder, f"said-{len(list(folder.iterdir()))}", *said)
    assert hub.ingest(agency, file, at=at).code == 0


def clock_of(hub: OneHub, rule: str = "acceptance") -> dict[str, str]:
    found: dict[str, str] = next(c for c in hub.json("clocks") if c["rule"] == rule)
    return found


def cancellation() -> dict[str, object]:
    said = {k: v for k, v in messages.referral(4).items() if k not in ("ohjaus", "luovutus")}
    return {**said, "tapahtumaTyyppi": "OHJAUS_PERUTTU", "vastaus": {"lahdetunnus": "TE-2"}}


def referred(at: str = BEFORE_CHRISTMAS) -> list[dict[str, object]]:
    return [said | {"aikaleima": at} for said in (messages.consent(), messages.referral())]


@pytest.fixture
def waiting(hub: OneHub, tmp_path: Path) -> OneHub:
    """Give a hub in which somebody was referred on the day before Christmas Eve."""
    sent(hub, tmp_path, BEFORE_CHRISTMAS, *referred())
    return hub


@pytest.mark.parametrize(
    ("language", "reasons"),
    [
        (
            "fi",
            ["24.12. jouluaatto", "25.12. joulupäivä", "1.1. uudenvuodenpäivä", "alkamispäivä"],
        ),
        ("sv", ["24.12. julafton", "25.12. juldagen", "1.1. nyårsdagen", "startdagen"]),
        ("en", ["24 December Christmas Eve", "25 December Christmas Day", "day 0", "weekend"]),
    ],
)
def test_every_stretch_has_its_reason_in_the_readers_language(
    waiting: OneHub, language: str, reasons: list[str]
) -> None:
    clock_id = clock_of(waiting)["clock_id"]

    told = waiting.run("explain", "clock", clock_id, "--language", language).data

    assert [reason for reason in reasons if reason not in told] == []
    assert NOT_VERIFIED[language] in told
    assert clock_id in told


def test_the_parts_sum_to_the_budget_and_to_the_due_time(waiting: OneHub) -> None:
    clock = clock_of(waiting)

    why = waiting.json("explain", "clock", clock["clock_id"])

    intervals = why["intervals"]
    assert sum(each["counted"] for each in intervals) == why["counted"] == why["budget"] == 5
    assert (why["left"], why["counted_in"]) == (0, "days")
    assert intervals[0]["from"] == clock["started_at"]
    assert intervals[-1]["to"] == clock["due_at"] == "2027-01-04T22:00:00+00:00"
    assert [each["from"] for each in intervals[1:]] == [each["to"] for each in intervals[:-1]]
    assert [each["day"] for each in intervals if each["reason"] == "holiday"] == [
        "2026-12-24",
        "2026-12-25",
        "2026-12-26",
        "2027-01-01",
    ]
    assert why["clock"] == clock
    assert why["rule"] == {
        "rule": "acceptance",
        "unit": "working_days",
        "limit": 5,
        "calendar": "national",
        "statutory": False,
        "law_ref": "bar",
        "verified": False,
        "evidence": None,
    }
    assert why == IsPartialDict(
        {
            "language": "en",
            "agreement_digest": IsStr(regex="[0-9a-f]{64}"),
            "remark": None,
            "outcome": "still waits",
            "sum": "5 working days counted = 5 working days budget, ends 5 January 2027 00:00",
        }
    )


def test_what_became_of_a_clock_is_told(waiting: OneHub, tmp_path: Path) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    assert waiting.run("advance", "--to", LONG_AFTER).code == 0
    breached = waiting.json("explain", "clock", clock_id)
    accepted = messages.answer(3, "HYVAKSYTTY") | {"aikaleima": "2027-01-07T00:00:00+02:00"}
    sent(waiting, tmp_path, LONG_AFTER, accepted)

    met = waiting.json("explain", "clock", clock_id)
    told = waiting.run("explain", "clock", clock_id, "--language", "fi").data

    assert breached["outcome"] == "breached, still waits"
    assert met["outcome"] == "met on 7 January 2027 00:00, late by 48 h"
    assert met["intervals"] == breached["intervals"], "explained to its due time"
    assert "myöhässä 48 h" in told
    assert "koordinoija (sote.south-karelia)" in told


@pytest.mark.parametrize(
    ("state", "at", "outcome"),
    [
        ("HYVAKSYTTY", "2026-12-28T12:00:00+02:00", "met on 28 December 2026 12:00, in time"),
        (
            "PERUTTU",
            "2026-12-28T12:00:00+02:00",
            "cancelled on 28 December 2026 12:00: cancelled",
        ),
    ],
)
def test_a_clock_that_ended_in_time_says_how(
    waiting: OneHub, tmp_path: Path, state: str, at: str, outcome: str
) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    if state == "PERUTTU":
        sent(waiting, tmp_path, at, cancellation() | {"aikaleima": at})
    else:
        sent(waiting, tmp_path, at, messages.answer(3, state) | {"aikaleima": at})

    assert waiting.json("explain", "clock", clock_id)["outcome"] == outcome


def test_an_answer_that_was_told_too_late_is_told_so(waiting: OneHub, tmp_path: Path) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    accepted = messages.answer(3, "HYVAKSYTTY") | {"aikaleima": "2026-12-28T12:00:00+02:00"}
    sent(waiting, tmp_path, LONG_AFTER, accepted)

    outcome = waiting.json("explain", "clock", clock_id)["outcome"]

    assert outcome == "met in time on 28 December 2026 12:00, but told only after the breach"


def test_a_clock_that_was_overdue_at_its_start_says_so(hub: OneHub, tmp_path: Path) -> None:
    sent(hub, tmp_path, LONG_AFTER, *referred())
    clock_id = clock_of(hub)["clock_id"]

    told = hub.run("explain", "clock", clock_id, "--language", "sv").data

    assert "tidsfristen hade redan gått ut" in told


def test_a_deadline_is_explained_under_the_agreement_that_gave_it(
    waiting: OneHub, tmp_path: Path
) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    edited = OneHub(waiting.data, region_with(tmp_path, limit="3"))

    assert edited.json("explain", "clock", clock_id)["budget"] == 5


def test_an_agreement_that_is_not_at_hand_is_a_conflict_with_its_mend(
    waiting: OneHub, tmp_path: Path
) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    shutil.rmtree(waiting.data / "agreements")
    edited = OneHub(waiting.data, region_with(tmp_path, limit="3"))

    ended = edited.run("explain", "clock", clock_id)

    assert (ended.code, ended.data) == (4, "")
    assert "--region" in ended.talk


def test_an_agreement_that_only_reads_otherwise_explains_as_well(
    waiting: OneHub, tmp_path: Path
) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    shutil.rmtree(waiting.data / "agreements")
    region = tmp_path / "renamed.toml"
    text = REGION.read_text(encoding="utf-8").replace('park_for = "24h"', 'park_for = "25h"')
    region.write_text(text, encoding="utf-8")

    assert OneHub(waiting.data, region).json("explain", "clock", clock_id)["counted"] == 5


def test_a_clock_that_nobody_has_is_not_found(waiting: OneHub) -> None:
    assert waiting.run("explain", "clock", "c-nobody").code == 3
    assert waiting.run("explain", "clock", "c-nobody", "--language", "de").code == 2


def region_with(folder: Path, **changes: str) -> Path:
    """Write the region anew, its clock's lines changed."""
    text = REGION.read_text(encoding="utf-8")
    for key, value in changes.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{key} = "))
        start = text.index("[[clock]]")
        clock = text[start:].replace(before, f"{key} = {value}", 1)
        text = text[:start] + clock
    file = folder / "region.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_holiday_on_a_sunday_is_named_too(hub: OneHub, tmp_path: Path) -> None:
    at = "2026-12-03T12:00:00+02:00"
    sent(hub, tmp_path, at, *referred(at))

    told = hub.run("explain", "clock", clock_of(hub)["clock_id"], "--language", "fi").data

    assert "6.12. itsenäisyyspäivä" in told


def test_a_clock_that_stands_still_says_why_and_what_is_left(hub: OneHub, tmp_path: Path) -> None:
    region = region_with(tmp_path, pauses_on='["info-needed"]', unit='"hours"', limit="48")
    hub = OneHub(hub.data, region)
    sent(hub, tmp_path, BEFORE_CHRISTMAS, *referred())
    asked = messages.answer(3, "LISATIETOPYYNTO") | {"aikaleima": "2026-12-23T20:00:00+02:00"}
    sent(hub, tmp_path, "2026-12-23T20:00:00+02:00", asked)
    clock_id = clock_of(hub)["clock_id"]

    why = hub.json("explain", "clock", clock_id)
    told = hub.run("explain", "clock", clock_id, "--language", "fi").data

    assert why["sum"] == "8 h counted + 40 h left = 48 h budget"
    assert why["intervals"][-1] == IsPartialDict(
        {"to": None, "ground": "info-needed", "said": "suspended: more information was asked for"}
    )
    assert "seisoo: 40 h jäljellä" in told
    assert "keskeytys: lisätietoja pyydetty" in told


def test_a_deadline_that_a_new_agreement_moved_says_so(waiting: OneHub, tmp_path: Path) -> None:
    clock_id = clock_of(waiting)["clock_id"]
    edited = OneHub(waiting.data, region_with(tmp_path, limit="3", statutory="true"))
    assert edited.run("advance", "--to", "2026-12-28").code == 0

    told = edited.run("explain", "clock", clock_id, "--language", "sv").data

    assert "avtalet eller kalendern ändrades" in told
    assert "3 arbetsdagar räknat = 3 arbetsdagar tidsfrist, slutar 31.12.2026 0.00" in told
    assert "lagstadgad" in told


def test_how_a_rule_is_known_is_told(hub: OneHub, tmp_path: Path) -> None:
    hub = OneHub(hub.data, region_with(tmp_path, statutory='true\nevidence = "known?"'))
    sent(hub, tmp_path, BEFORE_CHRISTMAS, *referred())
    clock_id = clock_of(hub)["clock_id"]

    told = hub.run("explain", "clock", clock_id).data

    assert hub.json("explain", "clock", clock_id)["rule"]["evidence"] == "known?"
    assert "general knowledge, the detail unsure" in told
    assert "statutory, never pauses" in told
