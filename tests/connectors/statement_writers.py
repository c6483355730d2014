"""One statement, written on each wire as an agency would: what goes in must come out again."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from connectors import finnish_codes as fi
from streams.domain.codes import Branch, Category, Purpose
from streams.domain.statements import GivenBy, StatementKind
from tests.connectors.region import KELA, LAPPEENRANTA, SOTE, TYP

HETU = "270789Y922S"
OF_WIRE = {"employment": LAPPEENRANTA, "typ": TYP, "kela": KELA, "sote": SOTE}


class Said(NamedTuple):
    """What a person said; documents of a prohibition alone."""

    name: str
    kind: StatementKind
    to_branch: Branch
    given_by: GivenBy
    mandate: str | None
    evidence: str | None
    digest: bytes
    purpose: Purpose
    categories: tuple[Category, ...]
    documents: tuple[str, ...]
    tasks: tuple[str, ...]


def _code(table: dict[str, Any], meaning: object) -> str:
    return next(code for code, known in table.items() if known == meaning)


def _filled(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def as_json(said: Said) -> bytes:
    """Write an event of the employment service's, or of TYP."""
    prohibits = said.kind is StatementKind.PROHIBITION
    permits = said.kind is StatementKind.PERMIT
    body = {
        "suostumusTunnus": said.name,
        "antaja": _code(fi.GIVERS, said.given_by),
        "valtuutus": said.mandate,
        "laji": None if prohibits else _code(fi.STATEMENT_KINDS, said.kind),
        "suunta": _code(fi.DIRECTIONS, said.to_branch) if permits else None,
        "tarkoitus": fi.PURPOSE_CODES[said.purpose],
        "tietoryhmat": [fi.CATEGORY_CODES[category] for category in said.categories],
        "alkaen": "2026-02-01",
        "asiakirjat": [*said.documents],
        "palvelutehtavat": [*said.tasks],
        "naytto": _filled({"viite": said.evidence, "tiiviste": said.digest.hex() or None}),
    }
    whole = {
        "tapahtumaTunnus": "TE-1",
        "tapahtumaTyyppi": "KIELTO" if prohibits else "SUOSTUMUS",
        "aikaleima": "2026-02-09T16:15:00+02:00",
        "asiakas": {"henkilotunnus": HETU},
        "suostumus": _filled(body),
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def as_xml(said: Said) -> bytes:
    """Write a batch of Kela's."""
    prohibits = said.kind is StatementKind.PROHIBITION
    permits = said.kind is StatementKind.PERMIT
    children = [
        ("suostumusTunnus", said.name),
        ("antaja", _code(fi.GIVERS, said.given_by)),
        ("valtuutus", said.mandate),
        ("laji", None if prohibits else _code(fi.STATEMENT_KINDS, said.kind)),
        ("suunta", _code(fi.DIRECTIONS, said.to_branch) if permits else None),
        ("tarkoitus", fi.PURPOSE_CODES[said.purpose]),
        *[("tietoryhma", fi.CATEGORY_CODES[category]) for category in said.categories],
        ("alkaen", "2026-02-01"),
        *[("asiakirja", document) for document in said.documents],
        *[("palvelutehtava", task) for task in said.tasks],
    ]
    evidence = _filled({"viite": said.evidence, "tiiviste": said.digest.hex() or None})
    attributes = "".join(f" {name}={quoteattr(str(text))}" for name, text in evidence.items())
    name = "kielto" if prohibits else "suostumus"
    inner = "".join(f"<{n}>{escape(text)}</{n}>" for n, text in children if text is not None)
    return (
        '<era xmlns="urn:fi:kela:yhteistyo:1"><viesti><viestiTunnus>K-1</viestiTunnus>'
        f"<pvm>2026-02-09</pvm><klo>16:15</klo><asiakas><hetu>{HETU}</hetu></asiakas>"
        f'<{name} tila="ANNETTU">{inner}<naytto{attributes}/></{name}></viesti></era>'
    ).encode()


def as_fhir(said: Said) -> bytes:
    """Write a bare Consent."""
    prohibits = said.kind is StatementKind.PROHIBITION
    identifier = [{"system": "urn:oid:1.2.246.21", "value": HETU}]
    contained: list[object] = [{"resourceType": "Patient", "id": "p", "identifier": identifier}]
    performer = "#p"
    if said.given_by is not GivenBy.SELF:
        performer = "#r"
        related = {
            "resourceType": "RelatedPerson",
            "id": "r",
            "patient": {"reference": "#p"},
            "relationship": [{"coding": [{"code": said.given_by}]}],
            "identifier": [{"value": said.mandate}] if said.mandate else None,
        }
        contained.append(_filled(related))
    ways = {Branch.SOCIAL: "health-to-social", Branch.HEALTH: "social-to-health"}
    code = ways.get(said.to_branch, "outside-sote")
    classes: list[dict[str, str]] = [{"code": category} for category in said.categories]
    classes += [{"system": "urn:saattaen:service-task", "code": task} for task in said.tasks]
    provision = {
        "type": "deny" if prohibits else "permit",
        "period": {"start": "2026-02-01"},
        "purpose": [{"code": said.purpose}],
        "class": classes,
        "data": [
            {"meaning": "instance", "reference": {"identifier": {"value": document}}}
            for document in said.documents
        ],
    }
    digest = base64.b64encode(said.digest).decode() or None
    consent = {
        "resourceType": "Consent",
        "contained": contained,
        "identifier": [{"value": said.name}],
        "status": "active",
        "category": [{"coding": [{"system": "urn:saattaen:consent-category", "code": code}]}],
        "patient": {"reference": "#p"},
        "dateTime": "2026-02-09T16:15:00+02:00",
        "performer": [{"reference": performer}],
        "sourceAttachment": _filled({"url": said.evidence, "hash": digest}),
        "provision": _filled(provision),
    }
    return json.dumps(_filled(consent), ensure_ascii=False).encode()


WRITERS: dict[str, Callable[[Said], bytes]] = {
    "employment": as_json,
    "typ": as_json,
    "kela": as_xml,
    "sote": as_fhir,
}
