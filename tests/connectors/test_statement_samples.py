"""What a person says of their data, on every wire: each sample gets what its page says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.connectors import connector_of
from streams.domain.codes import NoticeKind
from streams.domain.entry import Notice
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, CaseId, HandoffId, NoticeId, PersonId
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.receive import ReceiveStep
from streams.promises.connector import Connector, Details, OpenNotice, Reading, Unreadable
from streams.promises.engine import DeadLetter
from streams.sealing.pseudonyms import Pseudonyms, looks_like_hetu
from streams.sealing.sealer import Sealer
from tests.connectors.region import KELA, LAPPEENRANTA, NOW, SOTE, TYP, WIRE

FOLDER = WIRE / "statements"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
AGREEMENTS = load_agreements()
REGION = AGREEMENTS.in_force(NOW)
AGENCIES = {"employment": LAPPEENRANTA, "typ": TYP, "kela": KELA, "sote": SOTE}
SAMPLES = [
    pytest.param(wire, name, expected, id=f"{wire}-{Path(name).stem}")
    for wire, of_wire in EXPECTED.items()
    for name, expected in of_wire.items()
]
MANDATE, EVIDENCE = "KANARIALINTU-VALTUUS", "KANARIALINTU-NAYTTO"


def on_wire(wire: str) -> tuple[Connector, AgencyId]:
    agency = AGENCIES[wire]
    return connector_of(REGION.agencies[agency].sector), agency


def readings(wire: str, name: str) -> list[Reading | Unreadable]:
    connector, agency = on_wire(wire)
    messages = connector.split((FOLDER / wire / name).read_bytes())
    return [connector.read(message, agency, REGION, NOW) for message in messages]


def shown(reading: Reading, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Give of a reading what a page says of it, as JSON has it."""
    event: Any = reading.event
    own = {
        "type": type(event).__name__,
        "about": reading.about,
        "document_ids": list(reading.document_ids),
        "details": {name: reading.details.get(name) for name in asked.get("details", {})},
    }
    return {name: _plain(own.get(name, getattr(event, name, None))) for name in asked}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value


def test_every_sample_has_its_line() -> None:
    for wire, expected in EXPECTED.items():
        assert sorted(expected) == sorted(path.name for path in (FOLDER / wire).iterdir())


@pytest.mark.parametrize(("wire", "name", "expected"), SAMPLES)
def test_a_sample_gets_what_its_page_says(wire: str, name: str, expected: dict[str, Any]) -> None:
    found = readings(wire, name)
    if "errors" in expected:
        problems = [p for one in found if isinstance(one, Unreadable) for p in one.problems]
        assert all(isinstance(one, Unreadable) for one in found)
        assert [
            {"code": p.code, "pointer": p.pointer} | ({"nearest": p.nearest} if p.nearest else {})
            for p in problems
        ] == expected["errors"]
        return
    assert len(found) == len(expected["events"])
    for one, event in zip(found, expected["events"], strict=True):
        assert isinstance(one, Reading), one
        assert shown(one, event) == event


@pytest.mark.parametrize(("wire", "name", "expected"), SAMPLES)
def test_no_document_mandate_or_evidence_travels_in_clear(
    wire: str, name: str, expected: dict[str, Any]
) -> None:
    connector, agency = on_wire(wire)
    step = ReceiveStep(connector, AGREEMENTS, MemoryKeyStore(), Pseudonyms(b"p" * 64), Sealer())
    received = step.receive((FOLDER / wire / name).read_bytes(), agency, NOW)
    taken = repr(received)
    assert not looks_like_hetu(taken)
    for event in expected.get("events", ()):
        hidden = [*event.get("document_ids", ()), *event.get("details", {}).values()]
        assert not [text for text in hidden if text in taken]
    for one, event in zip(received, expected.get("events", ()), strict=False):
        assert not isinstance(one.taken, DeadLetter)
        documents = _documents(one.taken)
        assert [len(digest) for digest in documents] == [16] * len(event.get("document_ids", ()))
        assert one.about == event["about"]


def _documents(event: AgencyEvent) -> tuple[bytes, ...]:
    return getattr(event, "documents", ())


def test_every_wire_has_each_kind_of_error() -> None:
    """Bad input gets the same codes, whoever sent it."""
    codes = {
        wire: {error["code"] for of in expected.values() for error in of.get("errors", ())}
        for wire, expected in EXPECTED.items()
    }
    assert set(map(frozenset, codes.values())) == {
        frozenset({"missing-field", "bad-value", "unknown-code"})
    }
    same = ("proxy-without-mandate", "end-before-start", "unknown-codes", "digest", "unknown-task")
    for wire in EXPECTED:
        assert {Path(name).stem for name in EXPECTED[wire]} >= {f"bad-{each}" for each in same}


@pytest.mark.parametrize("wire", sorted(AGENCIES))
@pytest.mark.parametrize("kind", sorted(set(NoticeKind)))
def test_no_notice_shows_a_mandate_or_evidence_on_any_wire(wire: str, kind: NoticeKind) -> None:
    connector, agency = on_wire(wire)
    notice = Notice(
        notice_id=NoticeId("n-0123456789ABCDEFGHJKMNPQRS"),
        to=agency,
        role="",
        kind=kind,
        person=PersonId("p-00000000000000000000000001"),
        protected=False,
        handoff_id=HandoffId("h-0123456789ABCDEFGHJKMNPQRS"),
        case_id=CaseId("h-0123456789ABCDEFGHJKMNPQRS"),
        referral_id="R-1",
        source=agency,
        recipient=agency,
        service=None,
        priority=None,
        detail="no-such-statement",
        reason="",
        occurred_at=NOW,
        due_at=NOW,
        categories=(),
        withheld=(),
        missing=(),
        declines=(),
        content=(),
    )
    details = Details(remark="Sanottu", mandate_ref=MANDATE, evidence_ref=EVIDENCE)
    body = connector.render(OpenNotice(notice, details, NOW), REGION)
    assert b"KANARIALINTU" not in body
