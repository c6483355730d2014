"""A notice, written as a FHIR R4 message Bundle: the same notice, the same bytes.

MessageHeader first, then the Task, then what the Task refers to. Everything is derived from the
notice, so that a second attempt is the first one again.
"""

import re

import orjson

from connectors.local_time import iso
from connectors.sote import systems
from connectors.sote.enclosures import (
    address,
    agency_reference,
    own_id,
    patient,
    practitioner,
    service_request,
)
from connectors.sote.findings import Json
from connectors.sote.notice_task import names_worker, task
from connectors.sote.operation_outcome import operation_outcome
from streams.domain.agreement import Agreement
from streams.domain.codes import NoticeKind
from streams.domain.entry import Notice, Problem
from streams.domain.statement import REFUSALS
from streams.promises.connector import Details, OpenNotice

_EVENTS = {
    NoticeKind.REFERRAL: "referral-request",
    NoticeKind.INFORMATION: "referral-update",
    NoticeKind.INFORMATION_REQUEST: "referral-response",
    NoticeKind.REFUSAL: "referral-response",
    NoticeKind.RECALL: "recall",
    NoticeKind.ESCALATION: "escalation",
    NoticeKind.CONVENE: "convene",
}
_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_OF_THE_PERSON = (
    "hetu",
    "family_name",
    "given_names",
    "phone",
    "language",
    "municipality",
)
_REFUSED = "The rules of the handoff do not allow this. Nothing was changed."
_STATEMENT_REFUSED = "The rules of statements do not allow this. Nothing was changed."


def render(opened: OpenNotice, agreement: Agreement) -> bytes:
    """Write a notice for the agency that it is for."""
    notice, details = opened.notice, opened.details
    enclosed = _enclosures(notice, details, agreement)
    links = {field: address(notice.notice_id, place) for field, place, _ in enclosed if field}
    resources = [
        ("header", _header(notice, details, agreement)),
        ("task", task(notice, details, agreement, links)),
        *((place, resource) for _, place, resource in enclosed),
    ]
    bundle: Json = {
        "resourceType": "Bundle",
        "id": own_id(notice.notice_id, "bundle"),
        "type": "message",
        "timestamp": iso(opened.sent_at),
        "entry": [
            {"fullUrl": address(notice.notice_id, place), "resource": resource}
            for place, resource in resources
        ],
    }
    return orjson.dumps(bundle)


def _header(notice: Notice, details: Details, agreement: Agreement) -> Json:
    receiver = agency_reference(notice.to, agreement)
    agency = agreement.agencies.get(notice.to)
    oid = agency.oid.removeprefix("urn:oid:") if agency is not None else ""
    endpoint = f"urn:oid:{oid}" if oid else f"{systems.AGENCY}:{notice.to}"
    header: Json = {
        "resourceType": "MessageHeader",
        "id": own_id(notice.notice_id, "header"),
        "eventCoding": {"system": systems.EVENT, "code": _event(notice, details)},
        "destination": [{"endpoint": endpoint, "receiver": receiver}],
        "source": {"name": "Saattaen", "endpoint": systems.HUB},
        "focus": [{"reference": address(notice.notice_id, "task")}],
    }
    if notice.kind is NoticeKind.REFUSAL and _FHIR_ID.fullmatch(notice.reason):
        outcome = {"reference": address(notice.notice_id, "outcome")}
        response = {"identifier": notice.reason, "code": "fatal-error", "details": outcome}
        header["response"] = response
    return header


def _event(notice: Notice, details: Details) -> str:
    if names_worker(notice, details):
        return "named-worker"
    if notice.kind in _EVENTS:
        return _EVENTS[notice.kind]
    return "referral-response" if notice.to == notice.source else "referral-update"


def _enclosures(
    notice: Notice, details: Details, agreement: Agreement
) -> list[tuple[str, str, Json]]:
    """Give the Task's enclosures: the field that refers to each, its place, and itself."""
    enclosed: list[tuple[str, str, Json]] = []
    carries = notice.kind is NoticeKind.REFERRAL or (
        notice.kind is NoticeKind.INFORMATION and bool(notice.categories)
    )
    with_referral = carries and notice.service is not None
    if with_referral:
        request = service_request(notice, details, agreement)
        enclosed.append(("focus", "service-request", request))
    if notice.kind is NoticeKind.REFUSAL:
        of_statement = notice.detail in REFUSALS
        problem = Problem(
            notice.detail or "refused",
            "Consent.identifier" if of_statement else "Task.status",
            _STATEMENT_REFUSED if of_statement else _REFUSED,
            None,
        )
        outcome = operation_outcome([problem])
        own = {"resourceType": "OperationOutcome", "id": own_id(notice.notice_id, "outcome")}
        enclosed.append(("focus", "outcome", own | outcome))
    if with_referral or any(field in details for field in _OF_THE_PERSON):
        enclosed.append(("for", "patient", patient(notice, details)))
    if names_worker(notice, details):
        enclosed.append(("owner", "practitioner", practitioner(notice.notice_id, details)))
    return enclosed
