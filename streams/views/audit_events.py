"""Disclosures as FHIR R4B AuditEvents: a pair for each, one at its source and one at its recipient.

After the pattern of IHE's Basic Audit Log Patterns (Privacy Disclosure at source and at recipient):
DICOM's Export and Import, ISO 21089's disclose; the agency itself observes its side. After the
Finnish notice of disclosure (luovutusilmoitus, facts 2.4): one disclosure one notice, exactly one
agent who asked for it, each data category an entity of its own with a description of the data. The
person is a pseudonym; nothing sealed is opened. Why each code: docs/decisions/0026.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from streams.domain.agreement import Agency
from streams.domain.calendar import moment
from streams.domain.ids import Instant
from streams.views.answers import DisclosureSeen
from streams.views.disclosures import DISCLOSED
from streams.views.fates import DEAD
from streams.views.grounds import DisclosureTold, Ground

Json = dict[str, Any]

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_URI = "urn:ietf:rfc:3986"
_OWN = "urn:saattaen:"
"""The hub's own code systems and identifiers, as the sote connector writes them."""

_SOURCE_AGENT = (_DICOM, "110153", "Source Role ID")
_RECIPIENT_AGENT = (_DICOM, "110152", "Destination Role ID")
_SUCCESS, _SERIOUS_FAILURE = "0", "8"
WORDS = "remark"
"""The part of a notice that is free text; its words stay sealed."""


def as_bundle(told: Iterable[DisclosureTold], described: Mapping[str, str]) -> Json:
    """Give a Bundle (collection) with a pair of AuditEvents for each disclosure that left.

    What was held back and never sent has no pair: nothing was disclosed. What a disclosure held
    back, and what was fetched back of it, stands in its pair.

    Args:
        told: The disclosures, in the order of the pairs.
        described: What each data category is, and `remark`, in words.
    """
    events: list[Json] = []
    for each in told:
        left_at, arrived_at = each.seen.left_at, each.seen.arrived_at
        if each.seen.what != DISCLOSED or left_at is None:
            continue
        period = {"start": _instant(left_at)}
        if arrived_at is not None:
            period["end"] = _instant(arrived_at)
        common = {"period": period, **_told(each, described)}
        events += [_at_source(each, common), _at_recipient(each, common)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"{_OWN}audit-event:{event['id']}", "resource": event} for event in events
        ],
    }


def _at_source(told: DisclosureTold, common: Json) -> Json:
    return {
        **_begun(told, "source", (_DICOM, "110106", "Export")),
        **common,
        "action": "R",
        "recorded": common["period"]["start"],
        "outcome": _SUCCESS,
        "source": _source(_reference(told.seen.source, told.source)),
    }


def _at_recipient(told: DisclosureTold, common: Json) -> Json:
    seen = told.seen
    event: Json = {
        **_begun(told, "recipient", (_DICOM, "110107", "Import")),
        **common,
        "action": "C",
        "recorded": common["period"].get("end", common["period"]["start"]),
        "source": _source(_reference(seen.to, told.recipient)),
    }
    # Without an outcome where it left, and nobody has said yet whether it arrived.
    if seen.arrived_at is not None:
        event["outcome"] = _SUCCESS
    elif seen.status == DEAD:
        event["outcome"] = _SERIOUS_FAILURE
    return event


def _begun(told: DisclosureTold, side: str, kind: tuple[str, str, str]) -> Json:
    return {
        "resourceType": "AuditEvent",
        "id": f"{told.seen.notice_id}-{side}",
        "type": _coding(*kind),
        "subtype": [_coding(_LIFECYCLE, "disclose", "Disclose Record Lifecycle Event")],
    }


def _told(told: DisclosureTold, described: Mapping[str, str]) -> Json:
    seen = told.seen
    both: Json = {
        "outcomeDesc": seen.reached,
        "agent": [
            # The source asked that the data go: it referred the person.
            _agent(_SOURCE_AGENT, _reference(seen.source, told.source), asked=True),
            _agent(_RECIPIENT_AGENT, _reference(seen.to, told.recipient), asked=False),
        ],
        "entity": [_person(told), _handoff(told), *_data(told, described)],
    }
    if told.purpose is not None:
        both["purposeOfEvent"] = [{"coding": [_coding(f"{_OWN}purpose", told.purpose)]}]
    return both


def _source(observer: Json) -> Json:
    return {
        "site": "saattaen",
        "observer": observer,
        "type": [_coding(_SOURCE_TYPE, "4", "Application Server")],
    }


def _agent(role: tuple[str, str, str], who: Json, *, asked: bool) -> Json:
    return {"type": {"coding": [_coding(*role)]}, "who": who, "requestor": asked}


def _reference(agency_id: str, agency: Agency | None) -> Json:
    """Name an agency by its OID, or where the agreement has none by the hub's own id."""
    if agency is None or not agency.oid:
        return {"identifier": {"system": f"{_OWN}agency", "value": agency_id}}
    oid = agency.oid.removeprefix("urn:oid:")
    identifier = {"system": _URI, "value": f"urn:oid:{oid}"}
    return {"type": "Organization", "identifier": identifier, "display": agency.name_fi}


def _person(told: DisclosureTold) -> Json:
    return {
        "what": {"identifier": {"system": f"{_OWN}person", "value": told.seen.person}},
        "type": _coding(_ENTITY_TYPE, "1", "Person"),
        "role": _coding(_ENTITY_ROLE, "1", "Patient"),
    }


def _handoff(told: DisclosureTold) -> Json:
    seen = told.seen
    details = [
        ("notice", seen.notice_id),
        ("notice-kind", seen.kind),
        ("case", seen.case_id),
        ("service", seen.service),
        ("ledger-entry", seen.entry_id),
        ("agreement-digest", seen.agreement_digest),
    ]
    details += [("withheld", f"{held['category']} {held['reason']}") for held in seen.withheld]
    return {
        "what": {"identifier": {"system": f"{_OWN}handoff", "value": seen.handoff_id}},
        "type": _coding(_ENTITY_TYPE, "2", "System Object"),
        "role": _coding(_ENTITY_ROLE, "20", "Job"),
        "detail": _details(details),
    }


def _data(told: DisclosureTold, described: Mapping[str, str]) -> list[Json]:
    """Give each data category that went, and the words beside it, an entity of its own."""
    seen = told.seen
    grounds = {ground.category: ground for ground in told.grounds}
    categories = [*seen.categories, *([WORDS] if WORDS in seen.carried else [])]
    return [
        _dataset(category, grounds.get(category), seen)
        | {"description": described.get(category, category)}
        for category in categories
    ]


def _dataset(category: str, ground: Ground | None, seen: DisclosureSeen) -> Json:
    details: list[tuple[str, str | None]] = [
        # Permitted, and yet the referral may have said nothing of it.
        ("carried", "true" if category in seen.carried else "false")
    ]
    if ground is not None:
        verified = None if ground.verified is None else str(ground.verified).lower()
        details += [
            ("legal-basis", ground.basis),
            ("statement", ground.statement_id),
            ("law", ground.law_ref),
            ("law-verified", verified),
            ("overridden-prohibition", ground.overrode),
        ]
    for recall in seen.recalls:
        if category in recall.categories:
            details.append(("recalled", _instant(recall.issued_at)))
            if recall.confirmed_at is not None:
                details.append(("recall-confirmed", _instant(recall.confirmed_at)))
    return {
        "what": {"identifier": {"system": f"{_OWN}data-category", "value": category}},
        "type": _coding(_ENTITY_TYPE, "2", "System Object"),
        "role": _coding(_ENTITY_ROLE, "4", "Domain Resource"),
        "name": category,
        "detail": _details(details),
    }


def _details(named: Iterable[tuple[str, str | None]]) -> list[Json]:
    return [{"type": f"{_OWN}{name}", "valueString": value} for name, value in named if value]


def _coding(system: str, code: str, display: str | None = None) -> Json:
    coding: Json = {"system": system, "code": code}
    return coding | {"display": display} if display is not None else coding


def _instant(at: Instant) -> str:
    return moment(at).isoformat()
