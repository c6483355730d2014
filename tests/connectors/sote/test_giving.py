"""Who gave a Consent, of whom, and what shows it."""

import base64
from hashlib import sha1, sha256
from typing import Any

import pytest

from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    GivenBy,
    ProhibitionLifted,
)
from tests.connectors.sote.documents import (
    Json,
    accepted,
    changed,
    refused,
    resource,
    sample,
)

CONSENT = "Bundle.entry[1].resource"
RELATED = "Bundle.entry[3].resource"
PATIENT = {"reference": "urn:uuid:392dd0d2-7dee-598e-933f-59e8e7296964"}
OTHER_HETU = "020905A9759"
DIGEST = sha256(b"the paper").digest()
HASH = base64.b64encode(DIGEST).decode()


def performed(performer: object, *more: Json) -> Json:
    """Give the sample's Consent with a performer, and further resources in its Bundle."""
    document = changed("consent-given", "Consent", performer=performer)
    document["entry"] += [
        {"fullUrl": f"urn:uuid:more-{number}", "resource": each} for number, each in enumerate(more)
    ]
    return document


def related(code: str | None, **fields: object) -> Json:
    """Give somebody who speaks for the person."""
    concept = [] if code is None else [{"coding": [{"code": code}]}]
    whole = {"resourceType": "RelatedPerson", "patient": PATIENT, "relationship": concept}
    return whole | fields


def spoken(code: str | None, **fields: object) -> Json:
    return performed([{"reference": "urn:uuid:more-0"}], related(code, **fields))


def given_by(document: Json) -> tuple[GivenBy, str | None]:
    reading = accepted(document)
    assert isinstance(reading.event, ConsentGiven)
    return reading.event.given_by, reading.details.get("mandate_ref")


# Who


def test_without_a_performer_the_person_spoke() -> None:
    assert given_by(sample("consent-given")) == (GivenBy.SELF, None)
    assert given_by(performed([])) == (GivenBy.SELF, None)


@pytest.mark.parametrize(
    "reference",
    [
        PATIENT,
        {"identifier": {"system": "urn:oid:1.2.246.21", "value": "040700E964A"}},
        {"identifier": {"system": "urn:oid:1.2.246.21", "value": " 040700e964a"}},
    ],
)
def test_the_patient_speaks_for_itself(reference: Json) -> None:
    assert given_by(performed([reference])) == (GivenBy.SELF, None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("guardian", GivenBy.GUARDIAN),
        ("GUARD", GivenBy.GUARDIAN),
        ("MTH", GivenBy.GUARDIAN),
        ("proxy", GivenBy.PROXY),
        ("POWATT", GivenBy.PROXY),
        ("HPOWATT", GivenBy.PROXY),
    ],
)
def test_a_relationship_tells_a_guardian_from_a_proxy(code: str, kind: GivenBy) -> None:
    mandate = [{"system": "urn:oid:1.2.246.10.1", "value": "VALTUUS-7"}]
    assert given_by(spoken(code, identifier=mandate)) == (kind, "VALTUUS-7")


def test_a_guardian_needs_no_mandate_and_a_proxy_does() -> None:
    assert given_by(spoken("guardian")) == (GivenBy.GUARDIAN, None)
    for identifier in ([], [{"system": "urn:x"}], None):
        assert refused(spoken("proxy", identifier=identifier)) == [
            ("missing-field", f"{RELATED}.identifier")
        ]


def test_a_contained_proxy_is_found_too() -> None:
    document = changed("consent-given", "Consent", performer=[{"reference": "#them"}])
    own = resource(document, "Consent")
    own["contained"] = [related("proxy", id="them", identifier=[{"value": "V-1"}])]
    assert given_by(document) == (GivenBy.PROXY, "V-1")
    own["contained"][0].pop("identifier")
    assert refused(document) == [("missing-field", f"{CONSENT}.contained[0].identifier")]


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (spoken("FRND"), [("unknown-code", f"{RELATED}.relationship[0].coding[0].code")]),
        (spoken(None), [("missing-field", f"{RELATED}.relationship")]),
        (
            spoken("proxy", identifier=[{"value": "x" * 129}]),
            [("bad-value", f"{RELATED}.identifier[0].value")],
        ),
        (
            performed([{"reference": "urn:uuid:more-9"}]),
            [("unresolved-reference", f"{CONSENT}.performer[0].reference")],
        ),
        (
            performed([{"display": "Äiti"}]),
            [("unresolved-reference", f"{CONSENT}.performer[0].reference")],
        ),
        (performed([PATIENT, PATIENT]), [("bad-value", f"{CONSENT}.performer[1]")]),
        (
            performed([{"reference": "urn:uuid:more-0"}], {"resourceType": "Practitioner"}),
            [("bad-value", f"{CONSENT}.performer[0].reference")],
        ),
    ],
)
def test_who_cannot_have_given_it_is_told(document: Json, problems: list[tuple[str, str]]) -> None:
    assert refused(document) == problems


# Of whom


def someone(hetu: str = OTHER_HETU) -> Json:
    identifier = {"system": "urn:oid:1.2.246.21", "value": hetu}
    return {"resourceType": "Patient", "identifier": [identifier]}


def test_a_message_holds_the_person_of_its_consent_and_no_other() -> None:
    beside = performed([], someone())
    assert refused(beside) == [("bad-value", f"{CONSENT}.patient.reference")]
    by_hetu = {"identifier": {"system": "urn:oid:1.2.246.21", "value": OTHER_HETU}}
    other = changed("consent-given", "Consent", patient=by_hetu)
    assert refused(other) == [("bad-value", f"{CONSENT}.patient.identifier.value")]
    assert accepted(performed([], someone("040700E964A")))


def test_another_person_cannot_give_it() -> None:
    given = performed([{"reference": "#other"}])
    resource(given, "Consent")["contained"] = [someone() | {"id": "other"}]
    assert refused(given) == [("bad-value", f"{CONSENT}.performer[0].reference")]
    by_hetu = performed([{"identifier": {"system": "urn:oid:1.2.246.21", "value": OTHER_HETU}}])
    assert refused(by_hetu) == [("bad-value", f"{CONSENT}.performer[0].identifier.value")]


def test_a_representative_of_another_person_cannot_give_it() -> None:
    by_hetu = {"identifier": {"system": "urn:oid:1.2.246.21", "value": OTHER_HETU}}
    assert refused(spoken("guardian", patient=by_hetu)) == [
        ("bad-value", f"{RELATED}.patient.identifier.value")
    ]
    document = spoken("guardian", patient={"reference": "#other"})
    document["entry"][3]["resource"]["contained"] = [someone() | {"id": "other"}]
    assert refused(document) == [("bad-value", f"{RELATED}.patient.reference")]
    assert given_by(spoken("guardian", patient=None)) == (GivenBy.GUARDIAN, None)


# What shows it


def shown(**source: object) -> Json:
    return changed("consent-given", "Consent", **source)


def evidence(document: Json) -> tuple[str | None, bytes]:
    reading = accepted(document)
    assert isinstance(reading.event, ConsentGiven)
    return reading.details.get("evidence_ref"), reading.event.evidence_digest


def test_evidence_is_where_it_lies_and_its_digest() -> None:
    attached = {"url": "https://arkisto.example/9", "hash": HASH, "data": "UERG"}
    assert evidence(shown(sourceAttachment=attached)) == ("https://arkisto.example/9", DIGEST)
    named = {"identifier": {"system": "urn:oid:1.2", "value": "asiakirja-9"}}
    assert evidence(shown(sourceReference=named)) == ("asiakirja-9", b"")
    assert evidence(shown()) == (None, b"")


def test_a_sha_1_as_fhir_has_it_is_left_out() -> None:
    old = base64.b64encode(sha1(b"the paper", usedforsecurity=False).digest()).decode()
    assert evidence(shown(sourceAttachment={"url": "u", "hash": old})) == ("u", b"")


@pytest.mark.parametrize("bad", ["?", HASH[:-4], DIGEST.hex(), HASH + "AAAA", 5, "ä" * 44])
def test_a_hash_that_is_no_digest_is_a_bad_value(bad: object) -> None:
    assert refused(shown(sourceAttachment={"hash": bad})) == [
        ("bad-value", f"{CONSENT}.sourceAttachment.hash")
    ]


def test_a_reference_of_the_evidence_is_bounded() -> None:
    assert refused(shown(sourceAttachment={"url": "u" * 513})) == [
        ("bad-value", f"{CONSENT}.sourceAttachment.url")
    ]


# How it ends


@pytest.mark.parametrize(
    ("name", "event"),
    [("consent-given", ConsentWithdrawn), ("disclosure-prohibited", ProhibitionLifted)],
)
def test_a_statement_entered_in_error_ends_as_one_that_is_taken_back(
    name: str, event: type
) -> None:
    for status, in_error in (("entered-in-error", True), ("inactive", False)):
        read: Any = accepted(changed(name, "Consent", status=status)).event
        assert type(read).__name__ == event.__name__
        assert read.in_error is in_error


def test_nothing_but_which_it_is_can_stop_a_withdrawal() -> None:
    wrong = spoken("proxy")
    own = resource(wrong, "Consent")
    own |= {"status": "inactive", "sourceAttachment": {"hash": "?"}, "category": [{"coding": 1}]}
    own["provision"] |= {"class": [{"code": "?"}], "period": {"start": "?"}, "actor": [{}]}
    assert isinstance(accepted(wrong).event, ConsentWithdrawn)


# Where it stands


def test_a_reading_says_where_its_statement_stands() -> None:
    assert accepted(sample("consent-given")).about == f"{CONSENT}.identifier[0].value"
    hub = [{"system": "urn:saattaen:notice", "value": "n-1"}, {"value": "S-1"}]
    withdrawn = changed("consent-withdrawn", "Consent", identifier=hub)
    assert accepted(withdrawn).about == f"{CONSENT}.identifier[1].value"
    assert accepted(sample("referral-submitted")).about == ""
