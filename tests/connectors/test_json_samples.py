"""Every shared JSON sample becomes the contract event of its table, or its expected errors."""

import json
import re
from datetime import date
from functools import cache
from typing import Any

import pytest

from connectors.employment import EmploymentConnector
from connectors.finnish_json.connector import FinnishJsonConnector
from connectors.local_time import end_of_day, iso, local_midnight
from connectors.typ import TypConnector
from streams.domain.answers import HandoffAccepted, HandoffRejected, ServiceCompleted, WorkerNamed
from streams.domain.codes import (
    Basis,
    Branch,
    Category,
    Milestone,
    Priority,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.envelope import Envelope, SourceRef
from streams.domain.ids import AgencyId, EventId, HandoffId, Instant, PersonId, StatementId
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled, ReferralSubmitted
from streams.domain.statements import ConsentGiven, ConsentWithdrawn, GivenBy, StatementKind
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import LAPPEENRANTA, NOW, REGION, SOTE, TYP, WIRE

SENDERS: dict[str, tuple[AgencyId, FinnishJsonConnector]] = {
    "employment": (LAPPEENRANTA, EmploymentConnector()),
    "typ": (TYP, TypConnector()),
}
SAMPLED_HANDOFF = HandoffId("h-01J0000000000000000000SAMP")
PERMITTED = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)


def taken(folder: str, file: str) -> list[Reading | Unreadable]:
    agency, connector = SENDERS[folder]
    messages = connector.split((WIRE / folder / file).read_bytes())
    return [connector.read(message, agency, REGION, NOW) for message in messages]


def sample(folder: str, file: str) -> Reading:
    (reading,) = taken(folder, file)
    assert isinstance(reading, Reading)
    return reading


@cache
def table() -> list[tuple[str, str, list[str]]]:
    """Give folder, file and events of each row of samples.md."""
    rows, folder = [], ""
    for line in (WIRE / "samples.md").read_text().splitlines():
        if line.startswith("## "):
            folder = line[3:]
        found = re.match(r"\| `(?P<file>[^`]+)` \| (?P<events>[\w, ]+) \|", line)
        if found and folder in SENDERS:
            rows.append((folder, found["file"], found["events"].split(", ")))
    return rows


def expected_errors() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (folder, file, expected)
        for folder in SENDERS
        for file, expected in json.loads(
            (WIRE / folder / "invalid" / "expected.json").read_text()
        ).items()
    ]


@pytest.mark.parametrize(("folder", "file", "events"), table(), ids=lambda part: str(part)[:40])
def test_a_sample_becomes_its_events(folder: str, file: str, events: list[str]) -> None:
    readings = taken(folder, file)
    assert [type(r.event).__name__ for r in readings if isinstance(r, Reading)] == events


def test_no_sample_is_left_out_of_the_table() -> None:
    files = {
        (folder, path.name)
        for folder in SENDERS
        for path in (WIRE / folder).iterdir()
        if path.is_file()
    }
    assert files == {(folder, file) for folder, file, _events in table()}


@pytest.mark.parametrize(
    ("folder", "file", "expected"), expected_errors(), ids=lambda part: str(part)[:30]
)
def test_an_invalid_sample_names_every_error(
    folder: str, file: str, expected: dict[str, Any]
) -> None:
    readings = taken(folder, f"invalid/{file}")
    assert len(readings) == expected["receipts"]
    problems = [p for reading in readings if isinstance(reading, Unreadable) for p in reading[0]]
    found = [
        {"code": p.code, "pointer": p.pointer} | ({"nearest": p.nearest} if p.nearest else {})
        for p in problems
    ]
    assert found == expected["errors"]


def test_a_referral_says_who_what_and_on_which_ground() -> None:
    reading = sample("employment", "referral-submitted.json")
    envelope = Envelope(
        EventId(""),
        PersonId(""),
        LAPPEENRANTA,
        Instant(1_770_646_500_000_000),
        Instant(0),
        SourceRef("TE-2026-00002", 1, None),
        b"",
        age_years=36,
        municipality="405",
        protected=False,
    )
    assert reading.event == ReferralSubmitted(
        envelope,
        SOTE,
        Service.WORK_ABILITY_ASSESSMENT,
        Priority.ROUTINE,
        Basis.CONSENT,
        "S-employment-1",
        PERMITTED,
        (),
        (),
    )
    assert reading.hetu == "270789Y922S"
    assert reading.details == {
        "hetu": "270789Y922S",
        "family_name": "Hämäläinen",
        "given_names": "Toivo",
        "phone": "+358501167546",
        "language": "fi",
        "municipality": "405",
        "reason": "Työkyky alentunut, selkäkipu & unettomuus.",
        "official_id": "V0002",
        "official_unit": "Toimipiste 1",
    }


def test_an_open_referral_names_no_recipient_and_its_person_is_protected() -> None:
    event = sample("employment", "referral-open.json").event
    assert isinstance(event, ReferralSubmitted)
    assert event[1:] == (
        None,
        Service.WORK_ABILITY_ASSESSMENT,
        Priority.URGENT,
        None,
        None,
        (),
        (),
        (),
    )
    assert event.envelope.protected
    assert iso(event.envelope.occurred_at) == "2026-02-09T19:15:00+02:00"


def test_a_consent_holds_from_local_midnight_to_the_end_of_its_last_day() -> None:
    event = sample("employment", "consent-given.json").event
    assert isinstance(event, ConsentGiven)
    assert event[1:] == (
        StatementId("S-employment-1"),
        StatementKind.CONSENT,
        Branch.UNKNOWN,
        False,
        (LAPPEENRANTA,),
        (SOTE,),
        (Purpose.WORK_ABILITY,),
        PERMITTED,
        (),
        local_midnight(date(2026, 2, 1)),
        end_of_day(date(2027, 1, 31)),
        GivenBy.SELF,
        b"",
        (),
    )
    assert iso(end_of_day(date(2027, 1, 31))) == "2027-02-01T00:00:00+02:00"


def test_a_withdrawal_names_its_consent_alone() -> None:
    event = sample("employment", "consent-withdrawn.json").event
    assert isinstance(event, ConsentWithdrawn)
    assert event[1:] == ("S-employment-1", False, ())


def test_an_answer_names_its_handoff_by_the_hubs_id_or_the_sources() -> None:
    readings = [r for r in taken("employment", "answers.ndjson") if isinstance(r, Reading)]
    accepted, rejected, completed = readings[1], readings[2], readings[7]
    assert isinstance(accepted.event, HandoffAccepted)
    assert accepted.event[1:] == (None, "X-2026-00042", ())
    assert isinstance(rejected.event, HandoffRejected)
    assert rejected.event[1:] == (SAMPLED_HANDOFF, None, RejectReason.MISDIRECTED, ())
    assert rejected.details.get("remark") == "Kuuluu toiselle viranomaiselle."
    assert isinstance(completed.event, ServiceCompleted)
    assert completed.details.get("outcome") == "Suunnitelma tehty, työkokeilu alkaa."


def test_a_cancellation_comes_with_its_remark() -> None:
    reading = sample("employment", "referral-cancelled.json")
    assert isinstance(reading.event, ReferralCancelled)
    assert reading.event[1:] == (None, "TE-2026-00002", ())
    assert reading.details.get("remark") == "Asiakas muutti."


def test_a_milestone_and_a_named_worker_are_read() -> None:
    milestone = sample("typ", "milestone.json").event
    assert isinstance(milestone, MilestoneReached)
    assert milestone[1:] == (Milestone.PLAN_MADE, None, ())
    worker = sample("typ", "worker-named.json")
    assert isinstance(worker.event, WorkerNamed)
    assert worker.event[1:] == (SAMPLED_HANDOFF, None, ())
    named = [worker.details.get(field) for field in ("worker_name", "worker_role", "worker_unit")]
    assert named == ["Sanna Ohjaaja", "työkykykoordinaattori", "Keskusta"]


def test_the_typ_tells_its_clienthood_its_members_and_for_whom_it_speaks() -> None:
    details = sample("typ", "referral-submitted.json").details
    assert details.get("typ_clienthood_id") == "TYP--00002"
    assert json.loads(details.get("typ_members", "")) == [
        {"osapuoli": "TYOVOIMAVIRANOMAINEN", "vastuuhenkilo": "Työ Valmentaja"},
        {"osapuoli": "HYVINVOINTIALUE", "vastuuhenkilo": "Sosiaali Ohjaaja"},
    ]
    assert details.get("official_unit") == "TYOVOIMAVIRANOMAINEN: Toimipiste 1"


def test_an_employment_service_knows_no_typ_fields() -> None:
    connector = EmploymentConnector()
    (message,) = connector.split((WIRE / "typ" / "referral-submitted.json").read_bytes())
    reading = connector.read(message, LAPPEENRANTA, REGION, NOW)
    assert isinstance(reading, Reading)
    assert "typ_clienthood_id" not in reading.details
    assert reading.details.get("official_unit") == "Toimipiste 1"
