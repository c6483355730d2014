"""The Task of a notice: what the hub tells an agency of a handoff, in FHIR's words."""

from typing import NamedTuple

from connectors.local_time import iso
from connectors.sote import systems
from connectors.sote.enclosures import agency_reference, own_id
from connectors.sote.findings import Json
from connectors.sote.vocabulary import REJECT_REASONS
from streams.domain.agreement import Agreement
from streams.domain.codes import NoticeKind, Status
from streams.domain.entry import Decline, MissingBasis, Notice, Withheld
from streams.domain.ids import AgencyId
from streams.promises.connector import Details

FULFIL = {"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}
_OF_THE_HUB = {
    Status.AWAITING_BASIS: "requested",
    Status.UNDELIVERABLE: "requested",
    Status.INFO_NEEDED: "received",
}
"""Statuses that FHIR does not have, and the one that each is told in; its own is businessStatus."""
_STATUSES = {
    status.value: _OF_THE_HUB.get(status, status.value)
    for status in Status
    if status is not Status.UNKNOWN
}
_SAID_WITH_STATUS = ("rejected", "cancelled", "failed", "on-hold")
_FURTHER_DETAILS = (
    "typ_clienthood_id",
    "typ_members",
    "benefit_code",
    "benefit_started_on",
    "benefit_days_paid",
)
_LISTS_CATEGORIES = (
    NoticeKind.REFERRAL,
    NoticeKind.INFORMATION,
    NoticeKind.RECALL,
    NoticeKind.CONVENE,
)
_TO_WHOEVER_ACTS = (NoticeKind.RECALL, NoticeKind.ESCALATION, NoticeKind.CONVENE)


class Standing(NamedTuple):
    """A Task's status, what the hub adds to it (businessStatus), and its code."""

    status: str
    business_status: str
    code: dict[str, str]


def _own(status: str, code: str) -> Standing:
    return Standing(status, "", {"system": systems.TASK, "code": code})


_STANDINGS = {
    NoticeKind.REFERRAL: Standing("requested", "", FULFIL),
    NoticeKind.INFORMATION_REQUEST: Standing("received", "info-needed", FULFIL),
    NoticeKind.INFORMATION: Standing("received", "info-provided", FULFIL),
    # Not `rejected`: the hub refused a message, no recipient refused the person.
    NoticeKind.REFUSAL: _own("failed", "refusal"),
    NoticeKind.RECALL: _own("requested", "recall"),
    NoticeKind.ESCALATION: _own("requested", "escalation"),
    NoticeKind.CONVENE: _own("requested", "convene"),
}
_WORKER_NAMED = _own("accepted", "named-worker")


def names_worker(notice: Notice, details: Details) -> bool:
    """Say whether a notice tells its receiver who walks with the person."""
    told = (NoticeKind.STATUS, NoticeKind.INFORMATION)
    return notice.kind in told and "worker_name" in details


def standing(notice: Notice, details: Details) -> Standing:
    """Give where a notice's Task stands, and what it is about."""
    if names_worker(notice, details):
        return _WORKER_NAMED
    known = _STANDINGS.get(notice.kind)
    if known is not None:
        return known
    status = _STATUSES.get(notice.detail, "requested")
    return Standing(status, notice.detail if status != notice.detail else "", FULFIL)


def task(notice: Notice, details: Details, agreement: Agreement, links: dict[str, str]) -> Json:
    """Write the Task of a notice; `links` are the fullUrls of its `for`, `focus` and `owner`."""
    stands = standing(notice, details)
    resource: Json = {"resourceType": "Task", "id": own_id(notice.notice_id, "task")}
    extensions = _extensions(notice, agreement)
    if extensions:
        resource["extension"] = extensions
    resource["identifier"] = _identifiers(notice)
    if notice.referral_id is not None and notice.to == notice.source:
        # The source's own id is the source's affair: the recipient has the hub's.
        identifier = {"value": notice.referral_id}
        resource["basedOn"] = [{"type": "Task", "identifier": identifier}]
    if notice.case_id is not None:
        resource["groupIdentifier"] = {"system": systems.CASE, "value": notice.case_id}
    resource["status"] = stands.status
    reason = _status_reason(notice, details, stands.status)
    if reason:
        resource["statusReason"] = reason
    if stands.business_status:
        coding = {"system": systems.BUSINESS_STATUS, "code": stands.business_status}
        resource["businessStatus"] = {"coding": [coding]}
    resource["intent"] = "order"
    if notice.priority is not None:
        resource["priority"] = notice.priority
    resource["code"] = {"coding": [stands.code]}
    for field in ("focus", "for"):
        if field in links:
            resource[field] = {"reference": links[field]}
    resource["authoredOn"] = resource["lastModified"] = iso(notice.occurred_at)
    _parties(notice, agreement, links, resource)
    _content(notice, details, stands, resource)
    return resource


def _identifiers(notice: Notice) -> list[Json]:
    identifiers: list[Json] = [{"system": systems.NOTICE, "value": notice.notice_id}]
    if notice.handoff_id is not None:
        identifiers.append({"system": systems.HANDOFF, "value": notice.handoff_id})
    return identifiers


def _status_reason(notice: Notice, details: Details, status: str) -> Json:
    reason: Json = {}
    if notice.reason and notice.kind is not NoticeKind.REFUSAL:
        known = notice.reason in REJECT_REASONS
        system = systems.REJECT_REASON if known else systems.REASON
        reason["coding"] = [{"system": system, "code": notice.reason}]
    if status in _SAID_WITH_STATUS and "remark" in details:
        reason["text"] = details["remark"]
    return reason


def _parties(notice: Notice, agreement: Agreement, links: dict[str, str], resource: Json) -> None:
    owner = notice.to if notice.kind in _TO_WHOEVER_ACTS else notice.recipient
    if "owner" in links:
        # The named worker owns the Task; the agency that named them asks.
        if notice.recipient is not None:
            resource["requester"] = agency_reference(notice.recipient, agreement)
        resource["owner"] = {"reference": links["owner"]}
        return
    if notice.source is not None:
        resource["requester"] = agency_reference(notice.source, agreement)
    if owner is not None:
        resource["owner"] = agency_reference(owner, agreement)


def _content(notice: Notice, details: Details, stands: Standing, resource: Json) -> None:
    if "remark" in details and stands.status not in _SAID_WITH_STATUS:
        resource["note"] = [{"text": details["remark"]}]
    if "reason" in details and "focus" not in resource:
        resource["description"] = details["reason"]
    if notice.due_at is not None:
        resource["restriction"] = {"period": {"end": iso(notice.due_at)}}
    inputs = _inputs(notice, details, with_service="focus" not in resource)
    if inputs:
        resource["input"] = inputs
    if "outcome" in details:
        output = {"type": {"text": "outcome"}, "valueString": details["outcome"]}
        resource["output"] = [output]


def _inputs(notice: Notice, details: Details, *, with_service: bool) -> list[Json]:
    inputs: list[Json] = []
    if notice.service is not None and with_service:
        inputs.append(_typed(systems.SERVICE, {"valueCode": notice.service}))
    if notice.kind in _LISTS_CATEGORIES:
        inputs += [
            _typed(systems.DATA_CATEGORY, {"valueCode": category}) for category in notice.categories
        ]
    if notice.detail and notice.kind is NoticeKind.ESCALATION:
        inputs.append(_typed(systems.RUNG, {"valueCode": notice.detail}))
    if notice.detail and notice.kind is NoticeKind.CONVENE:
        inputs.append(_typed(systems.BOUNCE, {"valueCode": notice.detail}))
    if notice.reason and notice.kind is NoticeKind.REFUSAL:
        # What the hub refused, by its sender's own id of it.
        inputs.append(_typed(systems.MESSAGE, {"valueString": notice.reason}))
    given: dict[str, object] = {**details}
    inputs += [
        _typed(systems.DETAIL, {"valueString": given[field]}, field)
        for field in _FURTHER_DETAILS
        if field in given
    ]
    return inputs


def _typed(system: str, value: Json, code: str | None = None) -> Json:
    coding = {"system": system} if code is None else {"system": system, "code": code}
    return {"type": {"coding": [coding]}, **value}


def _extensions(notice: Notice, agreement: Agreement) -> list[Json]:
    extensions: list[Json] = []
    if notice.to == notice.source:
        # Only the source can ask the person for what is missing, and nobody else needs to know of
        # what kind the data is that it keeps back.
        extensions += [_withheld(withheld) for withheld in notice.withheld]
        missing = [*notice.missing, *[one for held in notice.withheld for one in held.missing]]
        extensions += [_missing(basis, agreement) for basis in dict.fromkeys(missing)]
    extensions += [_decline(decline, agreement) for decline in notice.declines]
    if notice.kind in _TO_WHOEVER_ACTS and notice.recipient is not None:
        extensions.append(_party(notice.recipient, agreement))
    return extensions


def _withheld(withheld: Withheld) -> Json:
    return _extension(
        systems.WITHHELD,
        {
            "category": {"valueCode": withheld.category},
            "reason": {"valueCode": withheld.reason},
        },
    )


def _missing(basis: MissingBasis, agreement: Agreement) -> Json:
    rule: dict[str, Json] = {"rule": {"valueString": basis.rule}} if basis.rule else {}
    return _extension(
        systems.MISSING_BASIS,
        {
            "category": {"valueCode": basis.category},
            "act": {"valueCode": basis.act},
            **rule,
            "ask-for": {"valueCode": basis.ask_for},
            "source": {"valueReference": agency_reference(basis.source, agreement)},
            "recipient": {"valueReference": agency_reference(basis.recipient, agreement)},
            "purpose": {"valueCode": basis.purpose},
        },
    )


def _decline(decline: Decline, agreement: Agreement) -> Json:
    return _extension(
        systems.DECLINE,
        {
            "handoff": {"valueString": decline.handoff_id},
            "source": {"valueReference": agency_reference(decline.source, agreement)},
            "recipient": {"valueReference": agency_reference(decline.recipient, agreement)},
            "reason": {"valueCode": decline.reason},
            "at": {"valueDateTime": iso(decline.at)},
        },
    )


def _party(recipient: AgencyId, agreement: Agreement) -> Json:
    return {"url": systems.PARTY, "valueReference": agency_reference(recipient, agreement)}


def _extension(url: str, parts: dict[str, Json]) -> Json:
    return {"url": url, "extension": [{"url": name, **value} for name, value in parts.items()]}
