"""JSON events made for a test: a sound one of each kind, with what the test changes in it."""

import json
from typing import Any

from connectors.employment import EmploymentConnector
from connectors.finnish_json.connector import FinnishJsonConnector
from connectors.typ import TypConnector
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import LAPPEENRANTA, NOW, agreement

Wire = dict[str, Any]

HETU = "270789Y922S"
ABSENT = object()
CONSENT: Wire = {"suostumusTunnus": "S-1", "tarkoitus": "KUNTOUTUS", "alkaen": "2026-02-01"}
EMPLOYMENT, TYP_REGISTER = EmploymentConnector(), TypConnector()


def event(kind: str, **fields: object) -> Wire:
    return {
        "tapahtumaTunnus": "TE-1",
        "tapahtumaTyyppi": kind,
        "aikaleima": "2026-02-09T16:15:00+02:00",
        "asiakas": {"henkilotunnus": HETU},
        **fields,
    }


def referral(**fields: object) -> Wire:
    return event("OHJAUS", ohjaus={"palvelu": "TYOKYVYN_ARVIOINTI", **fields})


def answer(**fields: object) -> Wire:
    return event("VASTAUS", vastaus={"kasittelytunnus": "h-1", **fields})


def consent(kind: str = "SUOSTUMUS", **fields: object) -> Wire:
    kept = {name: value for name, value in (CONSENT | fields).items() if value is not ABSENT}
    return event(kind, suostumus=kept)


def read(
    wire: object, connector: FinnishJsonConnector = EMPLOYMENT, profile: str = "test"
) -> Reading | Unreadable:
    (message,) = connector.split(json.dumps(wire).encode())
    return connector.read(message, LAPPEENRANTA, agreement(profile), NOW)


def taken(wire: Wire, connector: FinnishJsonConnector = EMPLOYMENT) -> Reading:
    reading = read(wire, connector)
    assert isinstance(reading, Reading), reading
    return reading


def errors(
    wire: Wire, connector: FinnishJsonConnector = EMPLOYMENT, profile: str = "test"
) -> list[tuple[str, ...]]:
    reading = read(wire, connector, profile)
    if isinstance(reading, Reading):
        return []
    return [
        (p.code, p.pointer, p.nearest) if p.nearest else (p.code, p.pointer)
        for p in reading.problems
    ]
