"""Enclosures of a notice: its Patient, ServiceRequest and Practitioner, and how agencies are named.

Only what the notice's details hold is written: what may not leave was left out before.
"""

from uuid import UUID, uuid5

from connectors.local_time import iso
from connectors.sote import systems
from connectors.sote.findings import Json
from streams.domain.agreement import Agreement
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, NoticeId
from streams.promises.connector import Details

_URN_OID = "urn:oid:"
_OF_NOTICES = UUID("01a177d7-d866-55f8-b593-aff79e38dfdc")


def own_id(notice_id: NoticeId, place: str) -> str:
    """Derive a resource's id from its notice and its place in it: the same on every attempt."""
    return str(uuid5(_OF_NOTICES, f"{notice_id}/{place}"))


def address(notice_id: NoticeId, place: str) -> str:
    """Give the fullUrl of a resource of a notice."""
    return f"urn:uuid:{own_id(notice_id, place)}"


def agency_reference(agency_id: AgencyId, agreement: Agreement) -> Json:
    """Name an agency by its OID; one that has left the agreement by the hub's id of it."""
    agency = agreement.agencies.get(agency_id)
    if agency is None:
        return {"identifier": {"system": systems.AGENCY, "value": agency_id}}
    value = _URN_OID + agency.oid.removeprefix(_URN_OID)
    return {
        "identifier": {"system": systems.URI, "value": value},
        "display": agency.name_fi,
    }


def patient(notice: Notice, details: Details) -> Json:
    """Write the person, as far as the receiver may know them, and whether they are protected."""
    resource: Json = {"resourceType": "Patient", "id": own_id(notice.notice_id, "patient")}
    if notice.protected:
        label = {"system": systems.SECURITY_LABEL, "code": systems.NON_DISCLOSURE}
        resource["meta"] = {"security": [label]}
    if "municipality" in details:
        coding = {"system": systems.MUNICIPALITY, "code": details["municipality"]}
        resource["extension"] = [{"url": systems.MUNICIPALITY_URL, "valueCoding": coding}]
    if "hetu" in details:
        value = details["hetu"]
        system = f"{_URN_OID}{systems.HETU}"
        resource["identifier"] = [{"use": "official", "system": system, "value": value}]
    name: Json = {}
    if "family_name" in details:
        name["family"] = details["family_name"]
    if "given_names" in details:
        name["given"] = details["given_names"].split()
    if name:
        resource["name"] = [{"use": "official", **name}]
    if "phone" in details:
        resource["telecom"] = [{"system": "phone", "value": details["phone"]}]
    if "language" in details:
        coding = {"system": systems.LANGUAGE, "code": details["language"]}
        resource["communication"] = [{"language": {"coding": [coding]}}]
    return resource


def service_request(notice: Notice, details: Details, agreement: Agreement) -> Json:
    """Write what the person is referred to, and why where that may be told."""
    resource: Json = {
        "resourceType": "ServiceRequest",
        "id": own_id(notice.notice_id, "service-request"),
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": systems.SERVICE, "code": notice.service}]},
        "subject": {"reference": address(notice.notice_id, "patient")},
        "authoredOn": iso(notice.occurred_at),
    }
    if notice.source is not None:
        resource["requester"] = agency_reference(notice.source, agreement)
    if notice.recipient is not None:
        resource["performer"] = [agency_reference(notice.recipient, agreement)]
    if "reason" in details:
        resource["reasonCode"] = [{"text": details["reason"]}]
    return resource


def practitioner(notice_id: NoticeId, details: Details) -> Json:
    """Write who was named to walk with the person."""
    resource: Json = {"resourceType": "Practitioner", "id": own_id(notice_id, "practitioner")}
    if "worker_unit" in details:
        resource["extension"] = [{"url": systems.UNIT, "valueString": details["worker_unit"]}]
    resource["name"] = [{"text": details.get("worker_name", "")}]
    if "worker_role" in details:
        resource["qualification"] = [{"code": {"text": details["worker_role"]}}]
    return resource
