"""Whom a message is about: references, HETUs and what else is known of the person."""

import orjson
import pytest

from connectors.hetu import age_years, read_hetu
from connectors.local_time import local_date
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import NOW, SOTE, agreement
from tests.connectors.sote.documents import (
    CONNECTOR,
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
PATIENT = "Bundle.entry[2].resource"
HETU = "040700E964A"
OTHER = "051162W981R"
SYSTEM = "urn:oid:1.2.246.21"
MUNICIPALITY = "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code"


def known(**fields: object) -> Json:
    return changed("completed", "Patient", **fields)


def identified(*identifiers: object) -> Json:
    return known(identifier=list(identifiers))


@pytest.mark.parametrize(
    "identifier",
    [
        {"system": SYSTEM, "value": HETU},
        {"system": "1.2.246.21", "value": f" {HETU.lower()} "},
        {"type": {"coding": [{"code": "NNFIN"}]}, "value": HETU},
        {"type": {"coding": [{"system": SYSTEM, "code": "x"}]}, "value": HETU},
    ],
)
def test_a_hetu_is_known_by_its_system_or_its_type(identifier: Json) -> None:
    assert accepted(identified({"system": "urn:x", "value": "1"}, identifier)).hetu == HETU


def test_an_official_hetu_goes_before_a_temporary_or_old_one() -> None:
    spellings = [
        {"use": "old", "system": SYSTEM, "value": OTHER},
        {"use": "temp", "system": SYSTEM, "value": OTHER},
        {"use": "official", "system": SYSTEM, "value": HETU},
    ]
    assert accepted(identified(*spellings)).hetu == HETU


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("040700E964B", "hetu-check"),
        ("040700E96", "hetu-format"),
        (5, "hetu-format"),
        ("", "missing-field"),
        (None, "missing-field"),
    ],
)
def test_a_hetu_that_is_none_is_told_where_it_stands(value: object, code: str) -> None:
    document = identified({"system": SYSTEM, "value": value})
    assert refused(document) == [(code, f"{PATIENT}.identifier[0].value")]


def test_an_artificial_hetu_is_refused_in_production() -> None:
    [message] = CONNECTOR.split(orjson.dumps(sample("completed")))
    got = CONNECTOR.read(message, SOTE, agreement("production"), NOW)
    assert isinstance(got, Unreadable)
    assert [problem.code for problem in got.problems] == ["hetu-not-allowed"]
    assert got.hetu is None


def test_no_problem_repeats_what_the_message_said() -> None:
    secret = "Viitasalmi-040700E964A"
    document = changed("referral-submitted", "Task", status=secret, priority=secret, owner=secret)
    resource(document, "Patient")["identifier"] = [{"system": SYSTEM, "value": secret}]
    got = read(document)
    assert isinstance(got, Unreadable)
    assert got.problems
    assert secret not in repr(got.problems)


def test_a_dead_letter_with_a_valid_hetu_lies_in_the_persons_lane() -> None:
    got = read(changed("completed", "Task", status="x"))
    assert isinstance(got, Unreadable)
    assert (got.message_id, got.hetu) == ("L-2026-00014", HETU)


@pytest.mark.parametrize(
    ("reference", "code", "field"),
    [
        ({"reference": "Patient/none"}, "unresolved-reference", "reference"),
        ({"reference": "#none"}, "unresolved-reference", "reference"),
        ({"identifier": {"value": "none"}}, "unresolved-reference", "identifier"),
        ({"display": "Joku"}, "unresolved-reference", "identifier"),
    ],
)
def test_a_person_who_is_not_in_the_message_is_unresolved(
    reference: Json, code: str, field: str
) -> None:
    document = changed("completed", "Task", for_=reference)
    assert refused(document) == [(code, f"{TASK}.for.{field}")]


@pytest.mark.parametrize("value", ["Patient/1", 5, []])
def test_a_reference_is_an_object(value: object) -> None:
    assert refused(changed("completed", "Task", for_=value)) == [("bad-value", f"{TASK}.for")]


def test_somebody_else_than_a_patient_is_a_bad_value() -> None:
    document = sample("worker-named")
    task = resource(document, "Task")
    task["for"] = task["owner"]
    assert refused(document) == [("bad-value", f"{TASK}.for.reference")]


def test_a_person_is_found_by_each_kind_of_reference() -> None:
    document = sample("completed")
    entry, task = document["entry"][2], resource(document, "Task")
    own_id = entry["resource"]["id"]
    for reference in (f"Patient/{own_id}", f"Patient/{own_id}/_history/3", f"urn:uuid:{own_id}"):
        task["for"] = {"reference": reference}
        assert accepted(document).hetu == HETU
    task["for"] = {"identifier": {"system": SYSTEM, "value": HETU}}
    assert accepted(document).details["family_name"] == "Viitasalmi"
    entry["fullUrl"] = "https://ptj.example/fhir/Patient/7"
    del entry["resource"]["id"]
    task["for"] = {"reference": "Patient/7"}
    assert accepted(document).hetu == HETU


def test_a_person_may_be_contained_in_a_task_of_a_bundle() -> None:
    document = sample("completed")
    person = document["entry"].pop()["resource"] | {"id": "p"}
    task = resource(document, "Task")
    task["contained"] = [5, person]
    task["for"] = {"reference": "#p"}
    assert accepted(document).hetu == HETU
    task["for"] = {"identifier": {"system": SYSTEM, "value": HETU}}
    assert accepted(document).hetu == HETU
    person["identifier"][0]["value"] = "x"
    task["for"] = {"reference": "#p"}
    pointer = f"{TASK}.contained[1].identifier[0].value"
    assert refused(document) == [("hetu-format", pointer)]


def test_a_reference_by_hetu_alone_names_the_person() -> None:
    document = sample("completed")
    document["entry"].pop()
    task = resource(document, "Task")
    task["for"] = {"identifier": {"system": SYSTEM, "value": HETU}}
    got = accepted(document)
    assert (got.hetu, got.details) == (HETU, {"hetu": HETU, "outcome": got.details["outcome"]})
    task["for"]["identifier"]["value"] = "x"
    assert refused(document) == [("hetu-format", f"{TASK}.for.identifier.value")]


def test_the_age_is_that_of_the_day_it_happened() -> None:
    got = accepted(sample("completed"))
    hetu = read_hetu(HETU, "test", local_date(NOW))
    assert not isinstance(hetu, str)
    assert got.event.envelope.age_years == age_years(hetu.born, got.event.envelope.occurred_at)
    assert got.event.envelope.age_years == 25


# What else is known


@pytest.mark.parametrize(
    ("meta", "protected"),
    [
        ({"security": [{"code": "TURVAKIELTO"}]}, True),
        ({"security": [{"code": "R"}, {"system": "x", "code": " turvakielto "}]}, True),
        ({"security": {"code": "TURVAKIELTO"}}, True),
        ({"security": [{"code": "R"}]}, False),
        ({"security": [{"code": 5}, 5]}, False),
        ({}, False),
        (GONE, False),
    ],
)
def test_a_non_disclosure_order_is_never_missed(meta: object, *, protected: bool) -> None:
    assert accepted(known(meta=meta)).event.envelope.protected is protected


@pytest.mark.parametrize(
    ("extension", "municipality"),
    [
        ([{"url": MUNICIPALITY, "valueCoding": {"code": "049"}}], "049"),
        ([{"url": "x"}, {"url": 5}, {"url": MUNICIPALITY}], ""),
        (GONE, ""),
    ],
)
def test_the_home_municipality_is_three_digits(extension: object, municipality: str) -> None:
    got = accepted(known(extension=extension))
    assert got.event.envelope.municipality == municipality
    assert got.details.get("municipality", "") == municipality


@pytest.mark.parametrize("code", ["49", "0490", "abc", "٠٤٩"])
def test_a_municipality_of_another_form_is_a_bad_value(code: str) -> None:
    extension = [{"url": MUNICIPALITY, "valueCoding": {"code": code}}]
    pointer = f"{PATIENT}.extension[0].valueCoding.code"
    assert refused(known(extension=extension)) == [("bad-value", pointer)]


@pytest.mark.parametrize(
    ("name", "family", "given"),
    [
        ([{"family": "A", "given": ["B", "C"]}], "A", "B C"),
        ([{"use": "nickname", "given": ["X"]}, {"use": "official", "family": "A"}], "A", None),
        ([{"text": "B A"}], "B A", None),
        ([{"family": "A", "given": [None, " "]}], "A", None),
        ([{}], None, None),
        (GONE, None, None),
    ],
)
def test_the_official_name_is_taken(name: object, family: str | None, given: str | None) -> None:
    details = accepted(changed("completed", "Patient", name=name)).details
    assert (details.get("family_name"), details.get("given_names")) == (family, given)


@pytest.mark.parametrize("given", ["B", [5], {}])
def test_given_names_are_a_list_of_texts(given: object) -> None:
    document = changed("completed", "Patient", name=[{"given": given}])
    assert refused(document) == [("bad-value", f"{PATIENT}.name[0].given")]


@pytest.mark.parametrize(
    ("telecom", "phone"),
    [
        ([{"system": "email", "value": "x"}, {"system": "phone", "value": "1"}], "1"),
        ([{"system": "phone", "use": "old", "value": "1"}, {"system": "phone"}], None),
    ],
)
def test_the_first_phone_in_use_is_taken(telecom: object, phone: str | None) -> None:
    assert accepted(known(telecom=telecom)).details.get("phone") == phone


@pytest.mark.parametrize(
    ("communication", "language"),
    [
        ([{"language": {"coding": [{"code": "fi"}]}}], "fi"),
        (
            [
                {"language": {"coding": [{"code": "fi"}]}},
                {"language": {"coding": [{}, {"code": "sv"}]}, "preferred": True},
            ],
            "sv",
        ),
        ([{"language": {}}, {}], None),
    ],
)
def test_the_preferred_language_is_taken(communication: object, language: str | None) -> None:
    assert accepted(known(communication=communication)).details.get("language") == language


def test_unknown_extra_fields_are_left_out() -> None:
    document = known(photo=[{"data": "x"}], maritalStatus={"text": "x"})
    document["futureField"] = {"anything": [1, 2]}
    plain, extra = accepted(sample("completed")), accepted(document)
    assert isinstance(extra, Reading)
    assert extra == plain
