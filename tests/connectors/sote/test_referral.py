"""What a referral says: its ServiceRequest, recipient and basis; and a ServiceRequest alone."""

from typing import Any

import pytest

from connectors.local_time import iso
from streams.domain.codes import Category, Priority
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.promises.connector import Unreadable
from tests.connectors.region import IMATRA, KELA, LAPPEENRANTA, TYP
from tests.connectors.sote.documents import (
    GONE,
    Json,
    accepted,
    changed,
    read,
    refused,
    resource,
    sample,
)

TASK = "Bundle.entry[1].resource"
REQUEST = "Bundle.entry[2].resource"
HEADER = "Bundle.entry[0].resource"
KELA_ID = {"identifier": {"system": "urn:oid:1.2.246.10.91000064", "value": "9100006-4"}}
UNIT = {"identifier": {"value": "urn:oid:1.2.246.10.91000056.10.777"}}


def referral(document: Json) -> ReferralSubmitted:
    event = accepted(document).event
    assert isinstance(event, ReferralSubmitted)
    return event


def alone(**fields: object) -> Json:
    """Give the sample's ServiceRequest as a bare resource that contains its person."""
    document = sample("referral-submitted")
    request = resource(document, "ServiceRequest")
    person = resource(document, "Patient") | {"id": "p"}
    request |= {"subject": {"reference": "#p"}, "contained": [person]}
    request["identifier"] = [{"system": "urn:x", "value": "SR-1"}]
    for field, value in fields.items():
        request[field] = value
        if value is GONE:
            request.pop(field)
    return request


# To whom


@pytest.mark.parametrize(
    ("owner", "recipient"),
    [
        ({"identifier": {"system": "urn:oid:1.2.246.10.91000064"}}, KELA),
        ({"identifier": {"value": "1.2.246.10.91000064"}}, KELA),
        ({"identifier": {"value": "URN:OID:1.2.246.10.91000064"}}, KELA),
        ({"reference": "urn:oid:1.2.246.10.91000072"}, TYP),
        (KELA_ID, KELA),
        (UNIT, IMATRA),
    ],
)
def test_an_agency_is_known_by_each_spelling(owner: Json, recipient: str) -> None:
    assert referral(changed("referral-submitted", "Task", owner=owner)).recipient == recipient


@pytest.mark.parametrize(
    ("owner", "problem"),
    [
        ({"identifier": {"value": "9100009-9"}}, ("unknown-agency", "owner.identifier.value")),
        (
            {"identifier": {"system": "urn:oid:1.2.246.10.91000064", "value": "0000000-0"}},
            ("unknown-agency", "owner.identifier.value"),
        ),
        ({"identifier": {"value": 5}}, ("unknown-agency", "owner.identifier.value")),
        ({"identifier": {"value": "1.2.3"}}, ("unknown-agency", "owner.identifier.value")),
        ({"display": "Kela"}, ("unknown-agency", "owner")),
        ({"reference": "Organization/1"}, ("unresolved-reference", "owner.reference")),
        ("Kela", ("bad-value", "owner")),
    ],
)
def test_a_recipient_that_is_not_of_the_agreement_is_refused(
    owner: object, problem: tuple[str, str]
) -> None:
    code, place = problem
    document = changed("referral-submitted", "Task", owner=owner)
    assert refused(document) == [(code, f"{TASK}.{place}")]


def organised(kind: str = "Organization", **fields: object) -> Json:
    """Give the referral with its recipient as a resource of the Bundle."""
    document = changed("referral-submitted", "Task", owner={"reference": f"{kind}/o"})
    document["entry"].append({"resource": {"resourceType": kind, "id": "o", **fields}})
    return document


def test_a_recipient_may_be_an_organization_of_the_message() -> None:
    document = organised(identifier=[5, {"value": "x"}, KELA_ID["identifier"]])
    assert referral(document).recipient == KELA


@pytest.mark.parametrize("identifier", [GONE, [], [{"value": "x"}], "x"])
def test_an_organization_that_nobody_knows_is_an_unknown_agency(identifier: object) -> None:
    document = organised() if identifier is GONE else organised(identifier=identifier)
    pointer = "Bundle.entry[4].resource.identifier"
    assert refused(document) == [("unknown-agency", pointer)]


@pytest.mark.parametrize(
    ("kind", "field"), [("PractitionerRole", "organization"), ("HealthcareService", "providedBy")]
)
def test_a_role_or_service_leads_to_its_organization(kind: str, field: str) -> None:
    assert referral(organised(kind, **{field: KELA_ID})).recipient == KELA
    dangling = organised(kind, **{field: {"reference": "Organization/none"}})
    pointer = f"Bundle.entry[4].resource.{field}.reference"
    assert refused(dangling) == [("unresolved-reference", pointer)]
    itself = organised(kind, **{field: {"reference": f"{kind}/o"}})
    assert refused(itself) == [("unknown-agency", pointer)]
    assert refused(organised(kind)) == [("unknown-agency", f"{TASK}.owner.reference")]


def test_a_person_is_no_recipient() -> None:
    document = sample("referral-submitted")
    task = resource(document, "Task")
    task["owner"] = task["for"]
    assert refused(document) == [("unknown-agency", f"{TASK}.owner.reference")]


@pytest.mark.parametrize(
    ("destination", "recipient"),
    [
        ([{"endpoint": "urn:oid:1.2.246.10.91000021"}], LAPPEENRANTA),
        ([{"endpoint": "https://x", "receiver": KELA_ID}], KELA),
        ([{"endpoint": "urn:saattaen:hub"}], None),
        ([{"name": "Hub"}], None),
        ([], None),
        (GONE, None),
    ],
)
def test_without_an_owner_the_headers_destination_counts(
    destination: object, recipient: str | None
) -> None:
    document = changed("referral-submitted", "Task", owner=GONE)
    header = resource(document, "MessageHeader")
    header["destination"] = destination
    if destination is GONE:
        header.pop("destination")
    assert referral(document).recipient == recipient


def test_a_destination_that_nobody_knows_is_not_taken_for_an_open_referral() -> None:
    document = changed("referral-submitted", "Task", owner=GONE)
    header = resource(document, "MessageHeader")
    header["destination"] = [{"endpoint": "https://elsewhere.example/fhir"}]
    assert refused(document) == [("unknown-agency", f"{HEADER}.destination[0].endpoint")]


# What for


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (GONE, ("missing-field", f"{REQUEST}.code")),
        ({"coding": [{"system": "snomed", "code": "1"}]}, ("missing-field", f"{REQUEST}.code")),
        (
            {"coding": [{"system": "urn:saattaen:service"}]},
            ("missing-field", f"{REQUEST}.code.coding[0].code"),
        ),
        (
            {"coding": [{"system": "urn:saattaen:service", "code": "unknown"}]},
            ("unknown-code", f"{REQUEST}.code.coding[0].code"),
        ),
    ],
)
def test_a_referral_is_to_an_agreed_service(code: object, problem: tuple[str, str]) -> None:
    assert refused(changed("referral-submitted", "ServiceRequest", code=code)) == [problem]


def test_the_service_may_come_after_anothers_coding() -> None:
    ours = {"system": "urn:saattaen:service", "code": "job_coaching"}
    code = {"coding": [{"system": "snomed", "code": "1"}, ours]}
    assert referral(changed("referral-submitted", "ServiceRequest", code=code))


@pytest.mark.parametrize("reference", ["ServiceRequest/none", "urn:uuid:none", "#none"])
def test_a_focus_that_is_not_there_is_unresolved(reference: str) -> None:
    document = changed("referral-submitted", "Task", focus={"reference": reference})
    assert refused(document) == [("unresolved-reference", f"{TASK}.focus.reference")]


def test_a_focus_on_something_else_is_a_bad_value() -> None:
    document = sample("referral-submitted")
    task = resource(document, "Task")
    task["focus"] = task["for"]
    assert refused(document) == [("bad-value", f"{TASK}.focus.reference")]


def test_without_a_focus_the_only_service_request_is_meant() -> None:
    document = changed("referral-submitted", "Task", focus=GONE)
    assert referral(document)
    del document["entry"][2]
    assert refused(document) == [("missing-field", f"{TASK}.focus")]


def test_a_task_may_be_based_on_its_service_request() -> None:
    document = sample("referral-submitted")
    task = resource(document, "Task")
    task["basedOn"] = [5, task.pop("focus")]
    assert referral(document)


@pytest.mark.parametrize(
    ("priority", "read_as"),
    [
        ("urgent", Priority.URGENT),
        ("asap", Priority.URGENT),
        ("stat", Priority.URGENT),
        ("routine", Priority.ROUTINE),
        (GONE, Priority.ROUTINE),
    ],
)
def test_priority_is_the_tasks(priority: object, read_as: Priority) -> None:
    document = changed("referral-submitted", "Task", priority=priority)
    assert referral(document).priority is read_as


def test_priority_may_stand_in_the_service_request() -> None:
    document = changed("referral-submitted", "Task", priority=GONE)
    resource(document, "ServiceRequest")["priority"] = "urgent"
    assert referral(document).priority is Priority.URGENT


def test_an_unknown_priority_names_the_nearest() -> None:
    got = read(changed("referral-submitted", "Task", priority="urgentt"))
    assert isinstance(got, Unreadable)
    assert [problem.nearest for problem in got.problems] == ["urgent"]


def given(system: str, **value: object) -> Json:
    return {"type": {"coding": [{"system": f"urn:saattaen:{system}"}]}, **value}


def test_categories_stand_once_and_in_the_contracts_order() -> None:
    codes = ("plan", "identity", "plan", "contact")
    inputs = [given("data-category", valueCode=code) for code in codes]
    document = changed("referral-submitted", "Task", input=inputs)
    categories = referral(document).categories
    assert categories == (Category.IDENTITY, Category.CONTACT, Category.PLAN)


@pytest.mark.parametrize(
    ("asked", "code", "place"),
    [
        (given("data-category", valueCode="contct"), "unknown-code", "valueCode"),
        (given("data-category"), "missing-field", "valueCode"),
        (given("legal-basis", valueCode="consen"), "unknown-code", "valueCode"),
        (given("legal-basis-reference", valueString=5), "bad-value", "valueString"),
        ({"type": 5}, "bad-value", "type"),
    ],
)
def test_an_input_that_cannot_be_read_is_told(asked: Json, code: str, place: str) -> None:
    document = changed("referral-submitted", "Task", input=[asked])
    assert refused(document) == [(code, f"{TASK}.input[0].{place}")]


def test_an_input_of_another_kind_is_left_out() -> None:
    inputs = [{}, {"type": {"text": "x"}}, {"type": {"coding": [{"system": "y"}]}}]
    event = referral(changed("referral-submitted", "Task", input=inputs))
    assert (event.basis, event.basis_reference, event.categories) == (None, None, ())


def test_reasons_and_description_tell_why() -> None:
    document = changed("referral-submitted", "Task", description="c", note=[{"text": "d"}])
    request = resource(document, "ServiceRequest")
    request["reasonCode"] = [{"text": "a"}, {"text": "b"}]
    request["note"] = [{"text": "e"}]
    details = accepted(document).details
    assert (details["reason"], details["remark"]) == ("a\nb\nc", "d\ne")


def test_what_is_of_the_wrong_kind_is_told_with_its_place() -> None:
    document = changed("referral-submitted", "ServiceRequest", reasonCode=[{"text": 5}, "x"])
    assert refused(document) == [
        ("bad-value", f"{REQUEST}.reasonCode[1]"),
        ("bad-value", f"{REQUEST}.reasonCode[0].text"),
    ]


# About whom


def test_a_task_and_a_service_request_are_about_one_person() -> None:
    document = sample("referral-submitted")
    other = resource(sample("referral-open"), "Patient") | {"id": "other"}
    document["entry"].append({"resource": other})
    request = resource(document, "ServiceRequest")
    request["subject"] = {"reference": "Patient/other"}
    assert refused(document) == [("bad-value", f"{REQUEST}.subject.reference")]
    other["identifier"] = resource(document, "Patient")["identifier"]
    assert referral(document)
    other["identifier"] = [{"value": "local"}]
    assert referral(document)
    request["subject"] = "nobody"
    assert referral(document)


def test_a_task_without_a_person_is_about_its_service_requests() -> None:
    document = changed("referral-submitted", "Task", for_=GONE)
    assert referral(document)
    assert refused(changed("accepted", "Task", for_=GONE)) == [("missing-field", "Task.for")]


# A ServiceRequest alone


def test_an_active_service_request_is_an_open_referral() -> None:
    event = referral(alone(requester=GONE))
    assert event.recipient is None
    assert event.categories == ()
    assert event.envelope.source_ref.message_id == "SR-1"
    assert iso(event.envelope.occurred_at) == "2026-02-09T16:15:00+02:00"


def test_a_service_request_names_its_recipient_as_performer() -> None:
    assert referral(alone(performer=[KELA_ID])).recipient == KELA
    pointer = "ServiceRequest.performer[0].identifier.value"
    nobody = alone(performer=[{"identifier": {"value": "9100009-9"}}])
    assert refused(nobody) == [("unknown-agency", pointer)]


@pytest.mark.parametrize(
    ("status", "kind"),
    [("revoked", ReferralCancelled), ("entered-in-error", ReferralMarkedInError)],
)
def test_a_service_request_takes_itself_back(status: str, kind: type[object]) -> None:
    got = accepted(alone(status=status, note=[{"text": "x"}]))
    assert type(got.event) is kind
    event: Any = got.event
    assert (event.handoff_id, event.referral_id) == (None, "SR-1")
    assert event.envelope.source_ref.message_id == f"SR-1/{status}"
    assert got.details["remark"] == "x"


def test_a_service_request_may_name_the_referral_that_it_takes_back() -> None:
    based_on = [{"identifier": {"value": "L-1"}}]
    event: Any = accepted(alone(status="revoked", basedOn=based_on)).event
    assert event.referral_id == "L-1"


def test_a_service_request_says_what_it_lacks() -> None:
    bare = alone(identifier=GONE, authoredOn=GONE, code=GONE, subject=GONE)
    assert refused(bare) == [
        ("missing-field", "ServiceRequest.subject"),
        ("missing-field", "ServiceRequest.authoredOn"),
        ("missing-field", "ServiceRequest.identifier"),
        ("missing-field", "ServiceRequest.code"),
    ]
    assert refused(alone(identifier=GONE, status="revoked")) == [
        ("missing-field", "ServiceRequest.identifier"),
        ("missing-field", "ServiceRequest.basedOn"),
    ]


def test_a_draft_is_no_referral() -> None:
    assert refused(alone(status="draft")) == [("unknown-code", "ServiceRequest.status")]
