import os
import shutil
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.bootstrap import checkup_hub, checkup_place, doctor
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.checkup import Examined, Finding
from streams.bootstrap.dispatching import open_attempts
from streams.bootstrap.inbox import Inbox
from streams.contracts.declarations import ContractError
from streams.domain.calendar import DAY_US, instant
from streams.domain.codes import NoticeKind
from streams.domain.ids import AgencyId, Instant
from streams.engines.embedded import EmbeddedEngine
from streams.engines.sqlite_store import FolderLock
from streams.promises.engine import UnavailableError
from tests.cli.command import WIRE, OneHub, run

EMPLOYMENT = "employment.lappeenranta"
NOON = instant(datetime(2026, 2, 12, 12, tzinfo=UTC))
CHECKS = [
    *("python", "contracts", "agreement", "agreement-lint", "calendar", "secrets", "folder"),
    *("sqlite", "disk", "fsync", "integrity", "clocks", "deliveries", "dead-letters"),
]


class Clinic:
    """A hub's folder with the shipped region, and what a check finds of it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "hub"
        self.examined = Examined(self.data, None, None, NOON, date(2026, 2, 12))

    def filled(self) -> "Clinic":
        """Take in a consent and a referral, and one message that cannot be read."""
        names = ("consent-given.json", "referral-submitted.json", "invalid/truncated.json")
        files = [WIRE / "employment" / name for name in names]
        words = ("ingest", "--from", EMPLOYMENT, "--recorded-at", "2026-02-12T13:00:00+02:00")
        assert run(*words, "--data", self.data, *files).code == 0
        return self

    def state_of(self, check: str, **otherwise: Any) -> tuple[str, str, str]:  # noqa: ANN401  # as _replace takes it
        found = doctor.CHECKS[check](self.examined._replace(**otherwise))
        assert found.check == check
        return found.state, found.measured, found.mend


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def test_before_there_is_a_hub_all_is_well(clinic: Clinic) -> None:
    ended = run("doctor", "--data", clinic.data, "--json")
    assert ended.code == 0
    found = ended.document()
    assert [each["check"] for each in found] == CHECKS
    assert {each["state"] for each in found if each["check"] not in ("disk", "fsync")} == {"ok"}
    assert not clinic.data.exists()


def test_a_sound_hub_is_told_of_in_lines_with_the_mend_of_what_waits(clinic: Clinic) -> None:
    ended = run("doctor", "--data", clinic.filled().data)
    assert ended.code == 0
    assert "integrity" in ended.data
    assert f"dead-letters: saattaen dead-letters list --data {clinic.data}" in ended.talk


def test_what_fails_is_a_finding(clinic: Clinic) -> None:
    clinic.filled()
    Path(f"{clinic.data}.key").chmod(0o644)
    ended = run("doctor", "--data", clinic.data)
    assert ended.code == 6
    assert "secrets: chmod 600" in ended.talk
    assert clinic.state_of("secrets")[0] == "fail"


def test_secrets_that_are_missing_or_lie_in_the_folder_fail(clinic: Clinic) -> None:
    clinic.filled()
    inside = clinic.data / "hub.key"
    Path(f"{clinic.data}.key").rename(inside)
    assert clinic.state_of("secrets")[2].startswith("put it back")
    state, measured, _ = clinic.state_of("secrets", keys_file=inside)
    assert (state, measured) == ("fail", f"{inside} lies in the hub's folder")


def test_an_agreement_that_cannot_be_used_fails_with_the_lint_command(
    clinic: Clinic, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[region]\n")
    lint = f"saattaen agreement lint {wrong}"
    for check in ("agreement", "agreement-lint", "calendar"):
        state, _, mend = clinic.state_of(check, region=wrong)
        assert (state, mend) == ("fail", lint)
    clinic.filled()
    found = {each.check: each for each in doctor.examine(clinic.examined._replace(region=wrong))}
    assert found["clocks"].measured == "could not be looked at (AgreementError)"


def test_an_agreement_with_mere_gaps_is_warned_of(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = SimpleNamespace(severity="warn")
    monkeypatch.setattr(checkup_place, "lint", lambda *_file, **_today: [gap])
    state, measured, mend = clinic.state_of("agreement-lint")
    assert (state, measured) == ("warn", "0 errors, 1 warnings")
    assert mend == "saattaen agreement lint"


@pytest.mark.parametrize(
    ("today", "state"), [(date(2044, 6, 1), "warn"), (date(2046, 1, 1), "fail")]
)
def test_a_calendar_that_ends_is_said_in_time(clinic: Clinic, today: date, state: str) -> None:
    assert clinic.state_of("calendar", today=today)[0] == state


def test_an_old_python_or_sqlite_fails(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup_place, "PYTHON_MIN", (4, 0))
    monkeypatch.setattr(checkup_place, "SQLITE_MIN", (99, 0, 0))
    assert clinic.state_of("python")[0] == "fail"
    assert clinic.state_of("sqlite")[0] == "fail"


def test_contracts_that_did_not_come_with_the_package_fail(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ContractError("Notice", "is not there")

    monkeypatch.setattr(checkup_place, "contracts_list", missing)
    assert clinic.state_of("contracts")[:2] == ("fail", "Notice: is not there")


def test_a_file_system_that_keeps_no_promises_fails(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Share:
        def pragma(self, name: str) -> object:
            return {"journal_mode": "delete", "synchronous": 1}[name]

        def close(self) -> None:
            pass

    monkeypatch.setattr(checkup_place, "opened", lambda *_place, **_how: Share())
    assert clinic.state_of("sqlite")[2] == "put the folder on a local disk, on no network share"

    def unusable(*_place: object, **_how: object) -> None:
        raise UnavailableError("no")

    monkeypatch.setattr(checkup_place, "opened", unusable)
    assert clinic.state_of("sqlite")[:2] == ("fail", "UnavailableError")


@pytest.mark.parametrize(("free", "state"), [(2**20, "fail"), (2**29, "warn"), (2**40, "ok")])
def test_a_disk_that_fills_is_said_in_time(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage)
    assert clinic.state_of("disk")[0] == state


def test_a_slow_or_failing_disk_is_told_of(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup_place, "FSYNC_MS_WARN", -1.0)
    assert clinic.state_of("fsync")[0] == "warn"

    def broken(_file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    assert clinic.state_of("fsync")[:2] == ("fail", "Input/output error")


def test_a_folder_is_free_runs_is_held_or_cannot_be_written(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.data.mkdir()
    assert clinic.state_of("folder")[1].endswith("writable and free")
    inbox = Inbox(clinic.data, [AgencyId("kela")])
    lock = FolderLock(clinic.data)
    assert clinic.state_of("folder")[:2] == ("ok", f"{clinic.data}, a hub runs on it")
    inbox.close()
    assert clinic.state_of("folder")[0] == "warn"
    lock.release()
    monkeypatch.setattr(os, "access", lambda *_place: False)
    assert clinic.state_of("folder")[0] == "fail"
    assert clinic.state_of("folder", data=clinic.data / "new")[0] == "fail"


def test_a_damaged_store_fails(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.filled()
    ledger = clinic.data / "ledger.db"
    whole = ledger.read_bytes()
    ledger.write_bytes(b"no database, but long enough to be looked at as one " * 40)
    state, _, mend = clinic.state_of("integrity")
    assert (state, mend.startswith("stop the hub")) == ("fail", True)
    ledger.write_bytes(whole)

    class Damaged:
        def pragma(self, _name: str) -> str:
            return "row 1 missing from index"

        def close(self) -> None:
            pass

    monkeypatch.setattr(checkup_hub, "opened", lambda *_place, **_how: Damaged())
    assert clinic.state_of("integrity")[:2] == ("fail", "ledger.db is damaged")


def test_clocks_that_nobody_fires_are_warned_of(clinic: Clinic) -> None:
    clinic.filled()
    early = instant(datetime(2026, 2, 9, 16, tzinfo=UTC))
    assert clinic.state_of("clocks", now=early)[1].startswith("next due 2026-02-09")
    later = Instant(NOON + 40 * DAY_US)
    state, _, mend = clinic.state_of("clocks", now=later)
    assert (state, mend) == ("warn", f"saattaen run --data {clinic.data}")
    inbox = Inbox(clinic.data, [AgencyId("kela")])
    assert "log of the running hub" in clinic.state_of("clocks", now=later)[2]
    inbox.close()
    with_none = sqlite3.connect(clinic.data / "ledger.db")
    with with_none:
        with_none.execute("UPDATE hot SET next_at = NULL")
        with_none.execute("DELETE FROM heard")
    with_none.close()
    assert clinic.state_of("clocks", now=later)[1] == "none waits"


def test_notices_that_wait_or_died_are_warned_of(clinic: Clinic) -> None:
    clinic.filled()
    assert clinic.state_of("deliveries")[1] == "dispatch has not run here yet"
    engine = EmbeddedEngine(clinic.data, load_agreements(), writes=False)
    attempts = open_attempts(clinic.data)
    assert clinic.state_of("deliveries")[1] == "none waits"
    for stored in engine.ledger():
        for ordinal, notice in enumerate(stored.entry.deliveries):
            attempts.enqueue(notice, stored.position, ordinal)
            assert notice.kind is NoticeKind.REFERRAL
    engine.close()
    assert clinic.state_of("deliveries")[0] == "ok"
    later = Instant(NOON + DAY_US)
    state, measured, mend = clinic.state_of("deliveries", now=later)
    assert (state, mend) == ("warn", f"saattaen run --data {clinic.data}")
    assert "for sote.south-karelia since 2026-02-12T11:00:00" in measured
    inbox = Inbox(clinic.data, [AgencyId("kela")])
    assert clinic.state_of("deliveries", now=later)[2].startswith("saattaen deliveries --to sote")
    inbox.close()
    (waiting,) = attempts.deliveries(None, None)
    attempts.bury(waiting.notice_id, 1, "http-400")
    attempts.close()
    assert clinic.state_of("deliveries")[1] == "1 could not be delivered"


def test_no_dead_letter_waits_where_none_is(hub: OneHub) -> None:
    assert hub.ingest(EMPLOYMENT, WIRE / "employment" / "milestone.json").code == 0
    examined = Examined(hub.data, hub.region, None, NOON, date(2026, 2, 12))
    found = checkup_hub.dead_letters_wait(examined)
    assert found == Finding("dead-letters", "ok", "none waits", "")


def test_a_check_that_cannot_be_made_is_a_finding_too(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faint(_hub: Examined) -> Finding:
        raise ZeroDivisionError

    monkeypatch.setattr(doctor, "CHECKS", {"faint": faint})
    (found,) = doctor.examine(clinic.examined)
    assert (found.check, found.state) == ("faint", "fail")
    assert doctor.is_ill([found])
