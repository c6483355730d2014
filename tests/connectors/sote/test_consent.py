"""What a Consent says of a person's data, and what it may not leave unsaid."""

import orjson
import pytest

from connectors.local_time import iso
from streams.domain.codes import Category, Purpose
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)
from streams.promises.connector import Unreadable
from tests.connectors.region import KELA, SOTE, TYP
from tests.connectors.sote.documents import (
    GONE,
    SAMPLES,
    Json,
    accepted,
    changed,
    read,
    refused,
    resource,
    sample,
)

CONSENT = "Bundle.entry[1].resource"
PROVISION = f"{CONSENT}.provision"
KELA_ID = {"identifier": {"system": "urn:oid:1.2.246.10", "value": "9100006-4"}}
TYP_ID = {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.91000072"}}
NOBODY = {"identifier": {"value": "9100009-9"}}
OWN = "urn:saattaen:consent-category"
TO_SOCIAL = "Luovutuslupa terveydenhuollosta sosiaalihuoltoon"
TO_HEALTH = "Luovutuslupa: sosiaalihuollon tiedot terveydenhuollolle"
SOCIAL, HEALTH = ("permit", "social"), ("permit", "health")


def provided(name: str = "consent-given", /, **fields: object) -> Json:
    """Give a sample with fields of its provision put in, or taken away by GONE."""
    document = sample(name)
    provision = resource(document, "Consent")["provision"]
    for field, value in fields.items():
        own = field.rstrip("_")
        provision[own] = value
        if value is GONE:
            provision.pop(own)
    return document


def given(document: Json) -> ConsentGiven:
    event = accepted(document).event
    assert isinstance(event, ConsentGiven)
    return event


def alone(**fields: object) -> Json:
    """Give a Consent without a Bundle, its person contained."""
    document = sample("consent-given")
    consent = resource(document, "Consent")
    person = resource(document, "Patient") | {"id": "p"}
    return consent | {"patient": {"reference": "#p"}, "contained": [person]} | fields


@pytest.mark.parametrize(
    ("status", "kind", "event"),
    [
        ("active", "permit", ConsentGiven),
        ("active", "deny", DisclosureProhibited),
        ("inactive", "permit", ConsentWithdrawn),
        ("inactive", "deny", ProhibitionLifted),
    ],
)
def test_status_and_type_decide_what_a_consent_is(status: str, kind: str, event: type) -> None:
    document = provided(type=kind)
    resource(document, "Consent")["status"] = status
    assert type(accepted(document).event) is event


def test_a_consent_without_a_provision_permits_nothing() -> None:
    event = given(changed("consent-given", "Consent", provision=GONE))
    assert (event.purposes, event.categories, event.recipients) == ((), (), ())
    assert (event.valid_from, event.valid_to) == (None, None)
    sampled = given(read_invalid("consent-without-provision"))
    assert (sampled.purposes, sampled.categories) == ((), ())


def read_invalid(name: str) -> Json:
    document: Json = orjson.loads((SAMPLES / "invalid" / f"{name}.json").read_bytes())
    return document


def test_an_inactive_consent_without_a_provision_is_withdrawn() -> None:
    document = changed("consent-withdrawn", "Consent", provision=GONE)
    assert isinstance(accepted(document).event, ConsentWithdrawn)


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected"])
def test_any_other_status_is_unknown(status: str) -> None:
    assert refused(changed("consent-given", "Consent", status=status)) == [
        ("unknown-code", f"{CONSENT}.status")
    ]


@pytest.mark.parametrize(
    ("kind", "code"), [(GONE, "missing-field"), ("allow", "unknown-code"), (5, "bad-value")]
)
def test_a_provision_permits_or_denies(kind: object, code: str) -> None:
    assert refused(provided(type=kind)) == [(code, f"{PROVISION}.type")]


def test_a_provision_is_an_object() -> None:
    assert ("bad-value", PROVISION) in refused(changed("consent-given", "Consent", provision=[]))


# How far it reaches


def test_without_purpose_or_category_a_permit_permits_nothing() -> None:
    event = given(provided(purpose=GONE, class_=GONE))
    assert (event.purposes, event.categories) == ((), ())


def test_a_prohibition_may_reach_everything() -> None:
    event = accepted(provided("disclosure-prohibited", purpose=GONE, class_=[], actor=GONE)).event
    assert isinstance(event, DisclosureProhibited)
    assert (event.recipients, event.purposes, event.categories) == ((), (), ())


def test_agencies_codes_and_order() -> None:
    actors = [{"reference": KELA_ID}, {"reference": TYP_ID}, {"reference": KELA_ID}]
    purposes = [{"system": "urn:saattaen:purpose", "code": code} for code in ("social_care",) * 2]
    classes = [{"code": "plan"}, {"code": "identity"}]
    event = given(provided(actor=actors, purpose=purposes, class_=classes))
    assert event.sources == (SOTE,)
    assert event.recipients == (KELA, TYP)
    assert event.purposes == (Purpose.SOCIAL_CARE,)
    assert event.categories == (Category.IDENTITY, Category.PLAN)


@pytest.mark.parametrize(
    ("actor", "problem"),
    [
        ([{"reference": NOBODY}], ("unknown-agency", "actor[0].reference.identifier.value")),
        ([{}], ("unknown-agency", "actor[0].reference")),
        (
            [{"reference": {"reference": "Organization/1"}}],
            ("unresolved-reference", "actor[0].reference.reference"),
        ),
        ([{"reference": KELA_ID}] * 65, ("bad-value", "actor[64].reference")),
    ],
)
def test_a_recipient_must_be_of_the_agreement(actor: list[Json], problem: tuple[str, str]) -> None:
    code, place = problem
    assert refused(provided(actor=actor)) == [(code, f"{PROVISION}.{place}")]


def test_a_source_must_be_of_the_agreement() -> None:
    document = changed("consent-given", "Consent", organization=[NOBODY])
    pointer = f"{CONSENT}.organization[0].identifier.value"
    assert refused(document) == [("unknown-agency", pointer)]


@pytest.mark.parametrize(
    ("field", "coding", "problem"),
    [
        ("purpose", {"code": "work_abilty"}, ("unknown-code", "purpose[0].code", "work_ability")),
        ("class_", {"code": "contct"}, ("unknown-code", "class[0].code", "contact")),
        ("purpose", {}, ("missing-field", "purpose[0].code", None)),
        (
            "purpose",
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"},
            ("unknown-code", "purpose[0].system", "urn:saattaen:purpose"),
        ),
        (
            "class_",
            {"system": "http://hl7.org/fhir/resource-types", "code": "Condition"},
            ("unknown-code", "class[0].system", "urn:saattaen:data-category"),
        ),
    ],
)
def test_a_code_that_is_not_agreed_would_change_how_far_it_reaches(
    field: str, coding: Json, problem: tuple[str, str, str | None]
) -> None:
    got = read(provided(**{field: [coding]}))
    assert isinstance(got, Unreadable)
    code, place, near = problem
    told = [(found.code, found.pointer, found.nearest) for found in got.problems]
    assert told == [(code, f"{PROVISION}.{place}", near)]


@pytest.mark.parametrize("field", ["provision", "securityLabel", "dataPeriod", "data", "code"])
def test_a_limit_that_the_hub_cannot_keep_refuses_a_permit(field: str) -> None:
    limit = [{"type": "deny"}]
    assert refused(provided(**{field: limit})) == [("bad-value", f"{PROVISION}.{field}")]
    assert given(provided(**{field: []}))


@pytest.mark.parametrize("field", ["provision", "securityLabel", "dataPeriod", "code"])
def test_a_limit_that_the_hub_cannot_keep_lets_a_prohibition_reach_further(field: str) -> None:
    wider = accepted(provided("disclosure-prohibited", **{field: [{"type": "deny"}]})).event
    assert isinstance(wider, DisclosureProhibited)


# When


@pytest.mark.parametrize(
    ("period", "valid_from", "valid_to"),
    [
        ({"start": "2026-03-29"}, "2026-03-29T00:00:00+02:00", None),
        ({"end": "2026-03-29"}, None, "2026-03-30T00:00:00+03:00"),
        (
            {"start": "2026-02-01T08:30:00Z", "end": "2026-02-01T12:00:00+02:00"},
            "2026-02-01T10:30:00+02:00",
            "2026-02-01T12:00:00+02:00",
        ),
        ({}, None, None),
        (GONE, None, None),
    ],
)
def test_days_are_whole_and_instants_as_they_are(
    period: object, valid_from: str | None, valid_to: str | None
) -> None:
    event = given(provided(period=period))
    told = [iso(at) if at is not None else None for at in (event.valid_from, event.valid_to)]
    assert told == [valid_from, valid_to]


@pytest.mark.parametrize(
    ("period", "problem"),
    [
        ({"start": "2026"}, ("bad-time", "period.start")),
        ({"end": "31.1.2027"}, ("bad-time", "period.end")),
        ({"start": "2026-02-02", "end": "2026-02-01"}, ("bad-value", "period.end")),
    ],
)
def test_a_period_that_makes_no_sense_is_told(period: Json, problem: tuple[str, str]) -> None:
    code, place = problem
    assert refused(provided(period=period)) == [(code, f"{PROVISION}.{place}")]


def test_it_happened_when_the_consent_says() -> None:
    document = changed("consent-given", "Consent", dateTime="2026-02-09")
    assert iso(accepted(document).event.envelope.occurred_at) == "2026-02-09T00:00:00+02:00"
    resource(document, "Consent").pop("dateTime")
    assert iso(accepted(document).event.envelope.occurred_at) == "2026-02-09T13:15:00+02:00"
    document.pop("timestamp")
    assert refused(document) == [("missing-field", f"{CONSENT}.dateTime")]


# Which kind, which message, which statement


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ([{"coding": [{"system": OWN, "code": "outside-sote"}]}], ("consent", "unknown")),
        ([{"coding": [{"system": OWN, "code": "health-to-social"}]}], ("permit", "social")),
        ([{"coding": [{"system": OWN, "code": "social-to-health"}]}], ("permit", "health")),
        (
            [
                {"coding": [{"system": OWN, "code": "inside-sote"}]},
                {"coding": [{"system": OWN, "code": "health-to-social"}]},
            ],
            ("permit", "social"),
        ),
        (
            [{"coding": [{"system": OWN, "code": "inside-sote"}, {"display": TO_HEALTH}]}],
            ("permit", "health"),
        ),
        ([{"coding": [{"system": "urn:kanta", "code": "1", "display": TO_SOCIAL}]}], SOCIAL),
        ([{"coding": [{"system": "urn:kanta", "code": "1", "display": TO_HEALTH}]}], HEALTH),
        ([{"coding": [{"code": "1"}], "text": TO_SOCIAL}], SOCIAL),
        ([{"coding": [{"system": "urn:kanta", "code": "2"}]}], ("consent", "unknown")),
        ([{"text": "Suostumus luovuttaa sosiaalihuoltoon"}], ("consent", "unknown")),
    ],
)
def test_a_permit_inside_sote_and_its_direction_are_told_by_the_category(
    category: list[Json], kind: tuple[str, str]
) -> None:
    event = given(changed("consent-given", "Consent", category=category))
    assert (event.kind, event.to_branch) == kind


@pytest.mark.parametrize(
    ("category", "problem"),
    [
        (
            [{"coding": [{"system": OWN, "code": "inside-sote"}]}],
            ("missing-field", "category"),
        ),
        ([{"coding": [{"display": "Sote-luovutuslupa"}]}], ("missing-field", "category")),
        (
            [{"text": f"{TO_SOCIAL} ja terveydenhuoltoon"}],
            ("missing-field", "category"),
        ),
        (
            [{"coding": [{"display": TO_SOCIAL}, {"display": TO_HEALTH}]}],
            ("bad-value", "category[0].coding[1].display"),
        ),
        (
            [
                {"coding": [{"system": OWN, "code": "health-to-social"}]},
                {"coding": [{"system": OWN, "code": "social-to-health"}]},
            ],
            ("bad-value", "category[1].coding[0].code"),
        ),
        (
            [
                {"coding": [{"system": OWN, "code": "health-to-social"}]},
                {"coding": [{"system": OWN, "code": "outside-sote"}]},
            ],
            ("bad-value", "category[1].coding[0].code"),
        ),
    ],
)
def test_a_permit_goes_one_way(category: list[Json], problem: tuple[str, str]) -> None:
    code, place = problem
    document = changed("consent-given", "Consent", category=category)
    assert refused(document) == [(code, f"{CONSENT}.{place}")]
    resource(document, "Consent")["status"] = "inactive"
    assert isinstance(accepted(document).event, ConsentWithdrawn)


def test_an_unknown_category_names_the_nearest() -> None:
    coding = {"system": "urn:saattaen:consent-category", "code": "inside-sot"}
    got = read(changed("consent-given", "Consent", category=[{"coding": [coding]}]))
    assert isinstance(got, Unreadable)
    [problem] = got.problems
    assert problem.pointer == f"{CONSENT}.category[0].coding[0].code"
    assert problem.nearest == "inside-sote"


def test_without_a_category_it_is_a_consent() -> None:
    assert given(changed("consent-given", "Consent", category=GONE)).kind is StatementKind.CONSENT


def test_a_consent_needs_its_own_id() -> None:
    assert refused(changed("consent-given", "Consent", identifier=GONE)) == [
        ("missing-field", f"{CONSENT}.identifier")
    ]


def test_a_consent_needs_its_person() -> None:
    assert refused(changed("consent-given", "Consent", patient=GONE)) == [
        ("missing-field", f"{CONSENT}.patient")
    ]


def test_a_bare_consent_is_named_by_its_id_and_its_status() -> None:
    active = accepted(alone()).event
    inactive = accepted(alone(status="inactive", meta={"versionId": "2"})).event
    assert active.envelope.source_ref.message_id == "S-sote-1/active"
    assert inactive.envelope.source_ref.message_id == "S-sote-1/inactive"
    assert inactive.envelope.source_ref.version == 2


def test_a_bare_consent_without_an_id_says_so_once() -> None:
    assert refused(alone(identifier=[])) == [("missing-field", "Consent.identifier")]
