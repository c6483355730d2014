"""FHIR documents for the tests: the samples, changed in one place or another."""

import copy
from pathlib import Path
from typing import Any

import orjson

from connectors.sote import SoteConnector
from streams.domain.ids import AgencyId
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import NOW, REGION, SOTE, WIRE

SAMPLES = WIRE / "sote"
CONNECTOR = SoteConnector()
GONE: Any = object()
"""Take the node away."""

Json = dict[str, Any]


def sample(name: str) -> Json:
    document: Json = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return document


def resource(document: Json, kind: str) -> Json:
    """Give the first entry's resource of a type, to be changed in place."""
    if document["resourceType"] == kind:
        return document
    entries: list[Json] = [entry["resource"] for entry in document["entry"]]
    return next(found for found in entries if found["resourceType"] == kind)


def changed(name: str, kind: str, /, **fields: object) -> Json:
    """Give a sample with fields of its first resource of a type put in, or taken away by GONE."""
    document = sample(name)
    found = resource(document, kind)
    for field, value in fields.items():
        own = field.rstrip("_")
        if value is GONE:
            found.pop(own, None)
        else:
            found[own] = copy.deepcopy(value)
    return document


def read(document: bytes | Json, agency: AgencyId = SOTE) -> Reading | Unreadable:
    """Read a document of one message."""
    raw = document if isinstance(document, bytes) else orjson.dumps(document)
    [message] = CONNECTOR.split(raw)
    return CONNECTOR.read(message, agency, REGION, NOW)


def accepted(document: bytes | Json, agency: AgencyId = SOTE) -> Reading:
    got = read(document, agency)
    assert isinstance(got, Reading), got
    return got


def refused(document: bytes | Json, agency: AgencyId = SOTE) -> list[tuple[str, str]]:
    """Give code and pointer of every problem."""
    got = read(document, agency)
    assert isinstance(got, Unreadable), type(got.event)
    return [(problem.code, problem.pointer) for problem in got.problems]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if path.name != "expected.json")
