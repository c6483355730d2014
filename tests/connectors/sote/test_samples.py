"""Every sample and every example of the real world gets what its page says."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.local_time import iso
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
from streams.promises.connector import Connector, Reading, Unreadable
from tests.connectors.region import LAPPEENRANTA, NOW, REGION, SOTE, WIRE
from tests.connectors.sote.documents import CONNECTOR, SAMPLES, accepted, files, read, sample

EXAMPLES = Path(__file__).parents[4] / "shared" / "examples"
HANDOFF = "h-01J0000000000000000000SAMP"
SHARED = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)


def promised() -> dict[str, str]:
    """Read off `samples.md` which event each sample becomes."""
    page = (WIRE / "samples.md").read_text(encoding="utf-8")
    part = page[page.index("\n## sote\n") : page.index("\n## employment\n")]
    return dict(re.findall(r"^\| `(\S+)` \| (\w+) \|", part, re.MULTILINE))


EXPECTED = orjson.loads((SAMPLES / "invalid" / "expected.json").read_bytes())


def test_the_connector_keeps_the_promise() -> None:
    connector: Connector = CONNECTOR
    assert connector.content_type == "application/fhir+json"
    assert connector.extension == ".json"


def test_every_sample_has_its_line() -> None:
    assert sorted(promised()) == [path.name for path in files(SAMPLES)]


@pytest.mark.parametrize(("name", "event"), promised().items())
def test_a_sample_becomes_its_event(name: str, event: str) -> None:
    got = accepted((SAMPLES / name).read_bytes())
    assert type(got.event).__name__ == event
    assert got.event.envelope.agency == SOTE
    assert got.event.envelope.source_ref.message_id.startswith("L-2026-000")
    assert got.event.envelope.source_ref.version == 1
    assert got.details["hetu"] == got.hetu


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_bad_sample_gets_every_error_that_its_page_says(name: str) -> None:
    messages = CONNECTOR.split((SAMPLES / "invalid" / name).read_bytes())
    assert len(messages) == EXPECTED[name]["receipts"]
    got = CONNECTOR.read(messages[0], SOTE, REGION, NOW)
    problems = got.problems if isinstance(got, Unreadable) else ()
    told = [
        {"code": problem.code, "pointer": problem.pointer}
        | ({"nearest": problem.nearest} if problem.nearest is not None else {})
        for problem in problems
    ]
    assert told == EXPECTED[name]["errors"]


def test_a_referral_is_read_with_all_that_it_says() -> None:
    got = accepted(sample("referral-submitted"))
    event = got.event
    assert isinstance(event, ReferralSubmitted)
    assert event.recipient == LAPPEENRANTA
    assert event.service is Service.JOB_COACHING
    assert event.priority is Priority.ROUTINE
    assert (event.basis, event.basis_reference) == (Basis.CONSENT, "S-sote-1")
    assert event.categories == SHARED
    assert iso(event.envelope.occurred_at) == "2026-02-09T16:15:00+02:00"
    assert (event.envelope.municipality, event.envelope.protected) == ("405", False)
    assert got.details["family_name"] == "Viitasalmi"
    assert got.details["given_names"] == "Öörni"
    assert got.details["phone"] == "+358504668112"
    assert got.details["language"] == "so"
    assert got.details["municipality"] == "405"
    assert got.details["reason"] == "Työkyky alentunut, selkäkipu & unettomuus."


def test_an_open_referral_names_no_recipient_and_keeps_the_non_disclosure_order() -> None:
    event = accepted(sample("referral-open")).event
    assert isinstance(event, ReferralSubmitted)
    assert event.recipient is None
    assert event.priority is Priority.URGENT
    assert event.categories == ()
    assert event.envelope.protected


def test_a_consent_is_read_with_its_extent_and_whole_days() -> None:
    event = accepted(sample("consent-given")).event
    assert isinstance(event, ConsentGiven)
    assert (event.statement_id, event.kind) == ("S-sote-1", StatementKind.CONSENT)
    assert event.envelope.source_ref.message_id == "L-2026-00001"
    assert (event.sources, event.recipients) == ((SOTE,), (LAPPEENRANTA,))
    assert (event.purposes, event.categories) == ((Purpose.WORK_ABILITY,), SHARED)
    assert event.valid_from is not None
    assert event.valid_to is not None
    assert iso(event.valid_from) == "2026-02-01T00:00:00+02:00"
    assert iso(event.valid_to) == "2027-02-01T00:00:00+02:00"


@pytest.mark.parametrize(
    ("name", "handoff_id", "referral_id"),
    [
        ("received", HANDOFF, None),
        ("accepted", None, "X-2026-00042"),
        ("information-provided", None, "L-2026-00002"),
        ("referral-cancelled", None, "L-2026-00002"),
        ("recall-acknowledged", HANDOFF, None),
    ],
)
def test_an_answer_names_its_handoff_in_one_way(
    name: str, handoff_id: str | None, referral_id: str | None
) -> None:
    event: Any = accepted(sample(name)).event
    assert (event.handoff_id, event.referral_id) == (handoff_id, referral_id)


def test_free_text_goes_where_it_is_sealed() -> None:
    assert (
        accepted(sample("completed")).details["outcome"] == "Suunnitelma tehty, työkokeilu alkaa."
    )
    assert accepted(sample("rejected")).details["remark"] == "Kuuluu toiselle viranomaiselle."
    assert accepted(sample("information-requested")).details["remark"] == "Tarvitaan B-lausunto."


def test_a_rejection_carries_its_reason() -> None:
    event: Any = accepted(sample("rejected")).event
    assert event.reason is RejectReason.MISDIRECTED


def test_a_milestone_without_days_counts_none() -> None:
    event = accepted(sample("milestone")).event
    assert isinstance(event, MilestoneReached)
    assert (event.milestone, event.amount) == (Milestone.PLAN_MADE, None)


def test_a_named_worker_is_known_by_name_role_and_unit() -> None:
    details = accepted(sample("worker-named")).details
    assert details["worker_name"] == "Sanna Ohjaaja"
    assert details["worker_role"] == "työkykykoordinaattori"
    assert details["worker_unit"] == "Keskusta"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="cannot run here: no examples of others beside")
@pytest.mark.parametrize("folder", ["gravity-sdoh-cc", "hl7-finland"])
def test_what_others_wrote_gets_a_receipt_and_never_an_exception(folder: str) -> None:
    found = files(EXAMPLES / folder)
    assert found
    for path in found:
        got = read(path.read_bytes())
        assert isinstance(got, Reading) or got.problems, path.name
