"""Every sample becomes what the samples' own table says."""

import json
import re
from datetime import date, time

import pytest

from connectors.local_time import local_instant, local_midnight
from streams.domain.answers import HandoffRejected, InformationProvided, WorkerNamed
from streams.domain.codes import (
    Basis,
    Category,
    Milestone,
    Priority,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import ConsentGiven, StatementKind
from streams.promises.connector import Reading, Unreadable
from tests.connectors.kela.batches import CONNECTOR, SAMPLES, readings
from tests.connectors.region import KELA, LAPPEENRANTA, NOW, REGION, WIRE

TABLE = (WIRE / "samples.md").read_text().split("## kela")[1].split("##")[0]
EVENTS_OF_SAMPLE = dict(re.findall(r"\| `([\w.-]+\.xml)` \| ([\w, ]+) \|", TABLE))
EXPECTED = json.loads((SAMPLES / "invalid" / "expected.json").read_text())
CATEGORIES = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)


def sample(name: str) -> Reading:
    (read,) = readings((SAMPLES / name).read_bytes())
    assert isinstance(read, Reading)
    return read


def test_the_table_names_every_sample() -> None:
    assert set(EVENTS_OF_SAMPLE) == {path.name for path in SAMPLES.glob("*.xml")}


@pytest.mark.parametrize("name", sorted(EVENTS_OF_SAMPLE))
def test_a_sample_becomes_the_events_of_the_table(name: str) -> None:
    read = readings((SAMPLES / name).read_bytes())
    kinds = [type(each.event).__name__ if isinstance(each, Reading) else each for each in read]
    assert kinds == EVENTS_OF_SAMPLE[name].split(", ")


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_invalid_sample_has_exactly_the_expected_errors(name: str) -> None:
    expected = EXPECTED[name]
    read = readings((SAMPLES / "invalid" / name).read_bytes())
    found = [each for each in read if isinstance(each, Unreadable)]
    problems = [problem for each in found for problem in each.problems]
    assert len(read) == expected["receipts"]
    assert [
        {"code": p.code, "pointer": p.pointer} | ({"nearest": p.nearest} if p.nearest else {})
        for p in problems
    ] == expected["errors"]
    statuses = ["dead-letter" if isinstance(each, Unreadable) else "accepted" for each in read]
    assert statuses == (
        expected["status"] if isinstance(expected["status"], list) else [expected["status"]]
    )


@pytest.mark.parametrize("name", sorted(EVENTS_OF_SAMPLE))
def test_a_message_reads_the_same_when_it_stands_alone(name: str) -> None:
    for message in CONNECTOR.split((SAMPLES / name).read_bytes()):
        (alone,) = CONNECTOR.split(message.raw)
        assert alone.raw == message.raw
        assert CONNECTOR.read(alone, KELA, REGION, NOW) == CONNECTOR.read(
            message, KELA, REGION, NOW
        )


def test_a_referral_carries_all_that_kela_said() -> None:
    read = sample("referral-submitted.xml")
    event = read.event
    assert isinstance(event, ReferralSubmitted)
    assert event.recipient == LAPPEENRANTA
    assert event.service is Service.VOCATIONAL_REHABILITATION
    assert event.priority is Priority.ROUTINE
    assert (event.basis, event.basis_reference) == (Basis.CONSENT, "S-kela-1")
    assert event.categories == CATEGORIES
    assert read.hetu == "150784V990X"
    assert read.details == {
        "hetu": "150784V990X",
        "family_name": "Hämäläinen",
        "given_names": "Öörni",
        "municipality": "405",
        "benefit_code": "SPR",
        "benefit_started_on": "2025-11-03",
        "benefit_days_paid": "62",
        "reason": "Työkyky alentunut, selkäkipu & unettomuus.",
    }
    head = event.envelope
    assert (head.agency, head.municipality, head.protected) == (KELA, "405", False)
    assert head.occurred_at == local_instant(date(2026, 2, 9), time(16, 15))
    assert (head.source_ref.message_id, head.source_ref.version) == ("K-2026-00002", 1)
    assert head.age_years == 41


def test_an_open_referral_of_a_protected_person_names_no_recipient() -> None:
    event = sample("referral-open.xml").event
    assert isinstance(event, ReferralSubmitted)
    assert event.recipient is None
    assert event.categories == ()
    assert event.basis is None
    assert event.priority is Priority.URGENT
    assert event.envelope.protected


def test_a_consent_holds_whole_local_days() -> None:
    event = sample("consent-given.xml").event
    assert isinstance(event, ConsentGiven)
    assert event.kind is StatementKind.CONSENT
    assert (event.sources, event.recipients) == ((KELA,), (LAPPEENRANTA,))
    assert (event.purposes, event.categories) == ((Purpose.WORK_ABILITY,), CATEGORIES)
    assert event.valid_from == local_midnight(date(2026, 2, 1))
    assert event.valid_to == local_midnight(date(2027, 2, 1))


def test_a_milestone_counts_days() -> None:
    event = sample("milestone.xml").event
    assert isinstance(event, MilestoneReached)
    assert (event.milestone, event.amount) == (Milestone.SICKNESS_BENEFIT_DAYS, 62)


def test_a_named_worker_is_told_in_the_details_alone() -> None:
    read = sample("worker-named.xml")
    assert isinstance(read.event, WorkerNamed)
    assert read.event.handoff_id == "h-01J0000000000000000000SAMP"
    assert read.details["worker_name"] == "Sanna Ohjaaja"
    assert read.details["worker_role"] == "työkykykoordinaattori"
    assert read.details["worker_unit"] == "Keskusta"


def test_answers_keep_their_texts_and_reasons() -> None:
    read = readings((SAMPLES / "answers-batch.xml").read_bytes())
    assert all(isinstance(each, Reading) for each in read)
    rejected, completed = read[2], read[7]
    assert isinstance(rejected, Reading)
    assert isinstance(completed, Reading)
    assert isinstance(rejected.event, HandoffRejected)
    assert rejected.event.reason is RejectReason.MISDIRECTED
    assert rejected.details["remark"] == "Kuuluu toiselle viranomaiselle."
    assert completed.details["outcome"] == "Suunnitelma tehty, työkokeilu alkaa."


def test_a_source_names_its_own_referral() -> None:
    event = sample("information-provided.xml").event
    assert isinstance(event, InformationProvided)
    assert (event.handoff_id, event.referral_id) == (None, "K-2026-00002")
