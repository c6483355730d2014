"""What alone a prohibition is about: documents and service tasks; and what a referral draws on."""

import orjson
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from streams.domain.statements import ConsentGiven, DisclosureProhibited
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import NOW, REGION, SOTE
from tests.connectors.sote.documents import (
    CONNECTOR,
    Json,
    accepted,
    changed,
    refused,
    resource,
    sample,
)

PROVISION = "Bundle.entry[1].resource.provision"
TASKS = REGION._replace(service_tasks=("TYOIKAISTEN_PALVELUT", "PAIHDEHUOLTO"))
FUNCTION_CODE = "https://gen.kanta.fi/fhir/StructureDefinition/FunctionCode"


def prohibiting(**provision: object) -> Json:
    document = sample("disclosure-prohibited")
    named = {field.rstrip("_"): value for field, value in provision.items()}
    resource(document, "Consent")["provision"] |= named
    return document


def aimed(document: Json) -> tuple[tuple[str, ...], tuple[str, ...]]:
    reading = accepted(document)
    assert isinstance(reading.event, DisclosureProhibited)
    assert reading.event.documents == ()
    return reading.document_ids, reading.event.service_tasks


def data(**reference: object) -> Json:
    return {"meaning": "instance", "reference": reference}


def test_a_prohibition_names_its_documents_by_id() -> None:
    first = data(identifier={"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.1.14.7"})
    document = prohibiting(data=[first, data(identifier={"value": "B-2"}), first])
    assert aimed(document) == (("urn:oid:1.2.246.10.1.14.7", "B-2"), ())


def test_a_document_of_the_message_is_known_by_its_own_id() -> None:
    for resource_type, field, value in (
        ("DocumentReference", "masterIdentifier", {"value": "D-1"}),
        ("DocumentReference", "identifier", [{"value": "D-1"}]),
        ("Composition", "identifier", {"value": "D-1"}),
    ):
        document = prohibiting(data=[data(reference="urn:uuid:doc")])
        inner = {"resourceType": resource_type, field: value}
        document["entry"].append({"fullUrl": "urn:uuid:doc", "resource": inner})
        assert aimed(document) == (("D-1",), ())


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ({}, ("missing-field", "data[0].reference.identifier")),
        ({"reference": "DocumentReference/9"}, ("missing-field", "data[0].reference.identifier")),
        ({"identifier": {"value": 7}}, ("bad-value", "data[0].reference.identifier.value")),
    ],
)
def test_a_document_without_an_id_would_not_be_prohibited(
    reference: Json, problem: tuple[str, str]
) -> None:
    code, place = problem
    assert refused(prohibiting(data=[{"reference": reference}])) == [(code, f"{PROVISION}.{place}")]


@pytest.mark.parametrize(
    ("coding", "categories"),
    [
        ({"system": "urn:saattaen:service-task", "code": "PAIHDEHUOLTO"}, 0),
        ({"extension": [{"url": FUNCTION_CODE, "valueCode": "PAIHDEHUOLTO"}]}, 0),
        ({"extension": [{"url": FUNCTION_CODE, "valueString": "PAIHDEHUOLTO"}]}, 0),
        (
            {
                "code": "plan",
                "extension": [{"url": FUNCTION_CODE, "valueCoding": {"code": "PAIHDEHUOLTO"}}],
            },
            1,
        ),
        (
            {
                "extension": [
                    {"url": "urn:else", "valueCode": "x"},
                    {
                        "url": FUNCTION_CODE,
                        "valueCodeableConcept": {"coding": [{"code": "PAIHDEHUOLTO"}]},
                    },
                ]
            },
            0,
        ),
    ],
)
def test_a_prohibition_names_its_service_tasks_among_its_classes(
    coding: Json, categories: int
) -> None:
    for agreement in (REGION, TASKS):
        raw = orjson.dumps(prohibiting(class_=[coding, coding]))
        [message] = CONNECTOR.split(raw)
        reading = CONNECTOR.read(message, SOTE, agreement, NOW)
        assert isinstance(reading, Reading), reading
        assert isinstance(reading.event, DisclosureProhibited)
        assert reading.event.service_tasks == ("PAIHDEHUOLTO",)
        assert len(reading.event.categories) == categories


def test_a_task_that_is_not_agreed_names_the_nearest() -> None:
    for coding, place in (
        ({"system": "urn:saattaen:service-task", "code": "PAIHDEHUOLT"}, "code"),
        ({"extension": [{"url": FUNCTION_CODE, "valueCode": "PAIHDEHUOLT"}]}, "extension[0]."),
    ):
        [message] = CONNECTOR.split(orjson.dumps(prohibiting(class_=[coding])))
        reading = CONNECTOR.read(message, SOTE, TASKS, NOW)
        assert isinstance(reading, Unreadable)
        [problem] = reading.problems
        assert (problem.code, problem.nearest) == ("unknown-code", "PAIHDEHUOLTO")
        assert problem.pointer.startswith(f"{PROVISION}.class[0].{place}")


def test_a_task_without_a_code_lacks_it() -> None:
    for coding, place in (
        ({"system": "urn:saattaen:service-task"}, "class[0].code"),
        ({"extension": [{"url": FUNCTION_CODE}]}, "class[0].extension[0].valueCode"),
    ):
        assert refused(prohibiting(class_=[coding])) == [("missing-field", f"{PROVISION}.{place}")]


def limited(category: str, *tasks: str) -> Json:
    return {
        "code": category,
        "extension": [{"url": FUNCTION_CODE, "valueCode": task} for task in tasks],
    }


def task(code: str) -> Json:
    return {"system": "urn:saattaen:service-task", "code": code}


def permitting(*classes: Json) -> Json:
    document = sample("consent-given")
    resource(document, "Consent")["provision"]["class"] = [*classes]
    return document


@pytest.mark.parametrize(
    ("classes", "categories"),
    [
        ((limited("plan", "X", "Y"), limited("identity", "Y", "X")), 2),
        (({"code": "plan"}, task("X"), task("Y"), {"code": "identity"}), 2),
        ((limited("plan", "X", "Y"), task("Y"), task("X")), 1),
        ((task("X"), task("Y")), 0),
        (({"extension": limited("", "X", "Y")["extension"]}, {"code": "plan"}), 1),
    ],
)
def test_a_permit_may_be_for_service_tasks_alone(
    classes: tuple[Json, ...], categories: int
) -> None:
    [message] = CONNECTOR.split(orjson.dumps(permitting(*classes)))
    reading = CONNECTOR.read(message, SOTE, REGION, NOW)
    assert isinstance(reading, Reading), reading
    assert isinstance(reading.event, ConsentGiven)
    assert {*reading.event.service_tasks} == {"X", "Y"}
    assert len(reading.event.categories) == categories


@pytest.mark.parametrize(
    ("classes", "place"),
    [
        ((limited("plan", "X"), {"code": "identity"}), "class[1]"),
        (({"code": "identity"}, limited("plan", "X")), "class[1].extension[0]"),
        ((limited("plan", "X"), limited("identity", "X", "Y")), "class[1].extension[0]"),
        ((task("X"), limited("plan", "Y")), "class[1].extension[0]"),
    ],
)
def test_a_permit_whose_classes_have_different_limits_is_refused(
    classes: tuple[Json, ...], place: str
) -> None:
    assert refused(permitting(*classes)) == [("bad-value", f"{PROVISION}.{place}")]


def test_a_task_of_a_permit_that_is_not_agreed_names_the_nearest() -> None:
    [message] = CONNECTOR.split(orjson.dumps(permitting(limited("plan", "PAIHDEHUOLT"))))
    reading = CONNECTOR.read(message, SOTE, TASKS, NOW)
    assert isinstance(reading, Unreadable)
    [problem] = reading.problems
    assert (problem.code, problem.nearest) == ("unknown-code", "PAIHDEHUOLTO")


def test_more_documents_and_tasks_than_anybody_names_are_refused() -> None:
    many = [data(identifier={"value": f"D-{number}"}) for number in range(65)]
    assert refused(prohibiting(data=many)) == [("bad-value", f"{PROVISION}.data[64]")]
    tasks = [{"system": "urn:saattaen:service-task", "code": f"T-{n}"} for n in range(65)]
    assert refused(prohibiting(class_=tasks)) == [("bad-value", f"{PROVISION}.class[64]")]


# What a referral draws on


def test_a_referral_names_the_documents_it_draws_on() -> None:
    drawn_on = [
        {"identifier": {"value": "D-1"}},
        {"reference": "urn:uuid:doc"},
        {"reference": "Condition/of-another-place"},
        {"identifier": {"value": "D-1"}},
    ]
    document = changed("referral-submitted", "ServiceRequest", supportingInfo=drawn_on)
    own = {"resourceType": "DocumentReference", "masterIdentifier": {"value": "D-2"}}
    document["entry"].append({"fullUrl": "urn:uuid:doc", "resource": own})
    assert accepted(document).document_ids == ("D-1", "D-2")
    assert accepted(sample("referral-submitted")).document_ids == ()


def test_a_bare_referral_names_them_too() -> None:
    document = sample("referral-submitted")
    request = resource(document, "ServiceRequest")
    patient = resource(document, "Patient") | {"id": "p"}
    bare = request | {
        "subject": {"reference": "#p"},
        "contained": [patient],
        "identifier": [{"value": "SR-1"}],
        "supportingInfo": [{"identifier": {"value": "D-9"}}],
    }
    assert accepted(bare).document_ids == ("D-9",)


@drawn(st.lists(st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1), max_size=9))
def test_what_is_written_of_documents_reads_back(names: list[str]) -> None:
    document = prohibiting(data=[data(identifier={"value": name}) for name in names])
    assert accepted(document).document_ids == tuple(dict.fromkeys(names))


def test_a_document_of_the_message_that_has_no_id_is_missing_one() -> None:
    document = prohibiting(data=[data(reference="urn:uuid:doc")])
    document["entry"].append({"fullUrl": "urn:uuid:doc", "resource": {"resourceType": "Binary"}})
    assert refused(document) == [
        ("missing-field", f"{PROVISION}.data[0].reference.identifier"),
    ]
