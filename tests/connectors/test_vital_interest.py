"""A vital interest is claimed in writing, on every wire: what beats a prohibition says why."""

import pytest

from streams.domain.codes import Basis
from streams.domain.referral import ReferralSubmitted
from streams.promises.connector import Reading
from tests.connectors import json_events
from tests.connectors.kela import batches
from tests.connectors.sote import documents

_CLAIM = "<luovutus><peruste>VALTTAMATON_ETU</peruste></luovutus>"
_LEGAL_BASIS = "urn:saattaen:legal-basis"
_REQUEST = "Bundle.entry[2].resource"


def spoken(**referral: object) -> json_events.Wire:
    """Claim a vital interest in JSON."""
    return json_events.referral(**referral) | {"luovutus": {"peruste": "VALTTAMATON_ETU"}}


def typed(ground: str) -> str:
    """Claim a vital interest in Kela's XML."""
    return batches.REFERRAL.format(ground + _CLAIM)


def coded(**request: object) -> documents.Json:
    """Claim a vital interest in FHIR; without a ground where none is given."""
    document = documents.changed(
        "referral-submitted", "ServiceRequest", **{"reasonCode": documents.GONE, **request}
    )
    task = documents.resource(document, "Task")
    task.pop("description", None)
    task["input"] = [
        {"type": {"coding": [{"system": _LEGAL_BASIS}]}, "valueCode": Basis.VITAL.value}
    ]
    return document


@pytest.mark.parametrize("ground", [{}, {"perustelu": None}, {"perustelu": ""}, {"perustelu": " "}])
def test_a_claim_without_its_ground_is_refused_in_json(ground: dict[str, object]) -> None:
    assert json_events.errors(spoken(**ground)) == [("missing-field", "/ohjaus/perustelu")]


@pytest.mark.parametrize("ground", ["", "<perustelu/>", "<perustelu> </perustelu>"])
def test_a_claim_without_its_ground_is_refused_in_xml(ground: str) -> None:
    errors = batches.errors(batches.era(batches.viesti(typed(ground))))
    assert errors == [("missing-field", "/era/viesti[1]/ohjaus/perustelu")]


@pytest.mark.parametrize("reason", [{}, {"reasonCode": []}, {"reasonCode": [{"text": " "}]}])
def test_a_claim_without_its_ground_is_refused_in_fhir(reason: dict[str, object]) -> None:
    assert documents.refused(coded(**reason)) == [("missing-field", f"{_REQUEST}.reasonCode")]


def test_all_that_is_wrong_with_a_claim_is_told_at_once() -> None:
    wire = spoken() | {"luovutus": {"peruste": "VALTTAMATON_ETU", "viite": ""}}
    assert json_events.errors(wire) == [("bad-value", "/luovutus/viite")]
    wrong = typed("<kiireellisyys>HETI</kiireellisyys>")
    assert batches.errors(batches.era(batches.viesti(wrong))) == [
        ("unknown-code", "/era/viesti[1]/ohjaus/kiireellisyys"),
        ("missing-field", "/era/viesti[1]/ohjaus/perustelu"),
    ]
    document = coded()
    documents.resource(document, "ServiceRequest")["resourceType"] = "Basic"
    assert documents.refused(document)[-1] == (
        "missing-field",
        "Bundle.entry[1].resource.description",
    )


def test_a_claim_with_its_ground_is_a_vital_interest() -> None:
    described = coded()
    documents.resource(described, "Task")["description"] = "Hengenvaara."
    readings = (
        json_events.read(spoken(perustelu="Hengenvaara.")),
        batches.reading(batches.era(batches.viesti(typed("<perustelu>Hengenvaara.</perustelu>")))),
        documents.accepted(coded(reasonCode=[{"text": "Hengenvaara."}])),
        documents.accepted(described),
    )
    for reading in readings:
        assert isinstance(reading, Reading)
        assert isinstance(reading.event, ReferralSubmitted)
        assert reading.event.basis is Basis.VITAL
        assert reading.details["reason"] == "Hengenvaara."
