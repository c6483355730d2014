"""Permits in Kanta's shape for the tests: a transaction of Consent and Provenance pairs."""

from tests.connectors.sote.documents import Json

HETU = "040700E964A"
PATIENT = "urn:uuid:asiakas"
PROFESSIONAL, CLIENT, REPRESENTATIVE, UNIT = "2", "12", "5", "7"
DISPLAYS = {
    "health-to-social": "Luovutuslupa terveydenhuollosta sosiaalihuoltoon",
    "social-to-health": "Luovutuslupa sosiaalihuollosta terveydenhuoltoon",
}
OF_SOTE = {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.91000013"}}


def inner(**fields: object) -> Json:
    """Give what a permit says."""
    return {
        "type": "permit",
        "period": {"start": "2026-02-01"},
        "class": [{"system": "urn:saattaen:data-category", "code": "health_functional_ability"}],
        "actor": [{"reference": OF_SOTE}],
    } | {name.rstrip("_"): value for name, value in fields.items()}


def permit(name: str = "L-1", way: str = "health-to-social", **fields: object) -> Json:
    """Give a permit, as Kanta codes it: its category is known by its display."""
    coding = {"system": "https://gen.kanta.fi/x", "code": "1", "display": DISPLAYS[way]}
    return {
        "resourceType": "Consent",
        "identifier": [{"value": name}],
        "status": "active",
        "category": [{"coding": [coding]}],
        "patient": {"reference": PATIENT},
        "dateTime": "2026-02-09T10:00:00+02:00",
        "provision": {"provision": [inner()]},
    } | fields


def agent(role: str, **who: object) -> Json:
    """Give somebody who took part in recording a permit."""
    found: Json = {"type": {"coding": [{"system": "https://gen.kanta.fi/roles", "code": role}]}}
    return found | ({"who": who} if who else {})


def provenance(place: int, *roles: str | Json, **fields: object) -> Json:
    """Give the Provenance of the permit at a place of the transaction, counted from 0."""
    return {
        "resourceType": "Provenance",
        "target": [{"reference": f"urn:uuid:permit-{place}"}],
        "recorded": "2026-02-09T10:05:00+02:00",
        "agent": [role if isinstance(role, dict) else agent(role) for role in roles],
    } | fields


def transaction(*pairs: tuple[Json, Json | None], hetu: str = HETU) -> Json:
    """Post pairs, each Consent with its Provenance in the next entry, and last the person."""
    entries: list[Json] = []
    for place, (consent, of_it) in enumerate(pairs):
        entries.append({"fullUrl": f"urn:uuid:permit-{place}", "resource": consent})
        entries.append({"resource": of_it} if of_it is not None else {})
    identifier = {"system": "urn:oid:1.2.246.21", "value": hetu}
    person = {"resourceType": "Patient", "identifier": [identifier]}
    entries.append({"fullUrl": PATIENT, "resource": person})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def posted(consent: Json, *roles: str | Json) -> Json:
    """Post one pair."""
    return transaction((consent, provenance(0, *(roles or (CLIENT,)))))
