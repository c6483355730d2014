"""Permits in Kanta's shape: one or two Consent and Provenance pairs in a transaction."""

from typing import Any

import orjson
import pytest

from connectors.local_time import iso
from streams.domain.codes import Branch, Category, Purpose
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    StatementKind,
)
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import NOW, REGION, SOTE
from tests.connectors.sote.documents import CONNECTOR, Json, accepted, refused
from tests.connectors.sote.kanta import (
    CLIENT,
    OF_SOTE,
    PROFESSIONAL,
    REPRESENTATIVE,
    UNIT,
    agent,
    inner,
    permit,
    posted,
    provenance,
    transaction,
)

CONSENT, PROVENANCE = "Bundle.entry[0].resource", "Bundle.entry[1].resource"
INNER = f"{CONSENT}.provision.provision[0]"
OTHER_HETU = "020905A9759"
OTHER = {"identifier": {"system": "urn:oid:1.2.246.21", "value": OTHER_HETU}}
TO_HEALTH = "social-to-health"


def permitted(document: Json) -> ConsentGiven:
    event = accepted(document).event
    assert isinstance(event, ConsentGiven)
    return event


def all_of(document: Json) -> list[Reading | Unreadable]:
    messages = CONNECTOR.split(orjson.dumps(document))
    return [CONNECTOR.read(message, SOTE, REGION, NOW) for message in messages]


def told(reading: Reading | Unreadable) -> list[tuple[str, str]]:
    if isinstance(reading, Reading):
        return []
    return [(problem.code, problem.pointer) for problem in reading.problems]


# What a permit says


def test_a_permit_says_what_its_inner_provision_says() -> None:
    event = permitted(posted(permit()))
    assert (event.statement_id, event.kind, event.to_branch) == (
        "L-1",
        StatementKind.PERMIT,
        Branch.SOCIAL,
    )
    assert (event.sources, event.recipients) == ((), (SOTE,))
    assert event.categories == (Category.HEALTH_FUNCTIONAL_ABILITY,)
    assert event.purposes == tuple(purpose for purpose in Purpose if purpose != "unknown")
    assert event.valid_from is not None
    assert iso(event.valid_from) == "2026-02-01T00:00:00+02:00"
    assert event.valid_to is None
    assert (event.given_by, event.evidence_digest) == (GivenBy.SELF, b"")
    assert event.envelope.source_ref.message_id == "L-1/active"
    assert iso(event.envelope.occurred_at) == "2026-02-09T10:00:00+02:00"


def test_a_permit_without_a_provision_permits_nothing_and_is_no_error() -> None:
    consent = permit()
    consent.pop("provision")
    event = permitted(posted(consent))
    assert (event.purposes, event.categories, event.recipients) == ((), (), ())


def test_a_permit_without_a_class_permits_nothing() -> None:
    consent = permit(provision={"provision": [inner(class_=None)]})
    assert permitted(posted(consent)).categories == ()


def test_a_permit_is_the_only_one_of_its_direction() -> None:
    whole, bare = permit(), permit()
    del bare["provision"]
    assert permitted(posted(whole)).is_sole
    assert permitted(posted(bare)).is_sole
    assert not permitted(posted(bare) | {"type": "collection"}).is_sole


def test_a_permit_of_the_hubs_own_shape_adds_to_the_others() -> None:
    own = permit()
    own["provision"] = own["provision"]["provision"][0]
    event = permitted(posted(own) | {"type": "collection"})
    assert (event.kind, event.is_sole) == (StatementKind.PERMIT, False)


def test_a_permit_with_a_purpose_is_for_that_alone() -> None:
    purpose = [{"system": "urn:saattaen:purpose", "code": "social_care"}]
    consent = permit(provision={"provision": [inner(purpose=purpose)]})
    assert permitted(posted(consent)).purposes == (Purpose.SOCIAL_CARE,)


def test_each_direction_is_a_permit_of_its_own_with_its_own_receipt() -> None:
    both = transaction(
        (permit("L-1"), provenance(0, CLIENT)), (permit("L-2", TO_HEALTH), provenance(1, CLIENT))
    )
    events: list[Any] = [reading.event for reading in all_of(both) if isinstance(reading, Reading)]
    assert [(event.statement_id, event.to_branch) for event in events] == [
        ("L-1", Branch.SOCIAL),
        ("L-2", Branch.HEALTH),
    ]
    ids = {event.envelope.source_ref.message_id for event in events}
    assert ids == {"L-1/active", "L-2/active"}


def test_a_message_of_a_pair_holds_its_own_provenance_and_not_the_others() -> None:
    both = transaction(
        (permit("L-1"), provenance(0, CLIENT)), (permit("L-2", TO_HEALTH), provenance(1, CLIENT))
    )
    shared = provenance(0, CLIENT)
    shared["target"].append({"reference": "urn:uuid:permit-1"})
    for message in CONNECTOR.split(orjson.dumps(both)):
        entries = orjson.loads(message.raw)["entry"]
        found = [each["resource"]["resourceType"] for each in entries if each]
        assert found == ["Consent", "Provenance", "Patient"]
        (alone,) = CONNECTOR.split(message.raw)
        assert CONNECTOR.read(alone, SOTE, REGION, NOW) == CONNECTOR.read(
            message, SOTE, REGION, NOW
        )
    of_both = transaction((permit("L-1"), shared), (permit("L-2", TO_HEALTH), None))
    first, second = CONNECTOR.split(orjson.dumps(of_both))
    assert b'"L-2"' not in first.raw
    assert b'"L-1"' not in second.raw
    assert [told(reading) for reading in all_of(of_both)] == [[], []]


def test_a_moment_is_the_provenances_where_nothing_else_says() -> None:
    consent = permit()
    consent.pop("dateTime")
    event = permitted(posted(consent))
    assert iso(event.envelope.occurred_at) == "2026-02-09T10:05:00+02:00"
    nothing = transaction((consent, provenance(0, CLIENT, recorded=None)))
    assert refused(nothing) == [("missing-field", f"{CONSENT}.dateTime")]


def test_the_outer_provision_may_repeat_that_it_permits() -> None:
    consent = permit(provision={"type": "permit", "provision": [inner()]})
    assert permitted(posted(consent)).categories


def test_a_denial_with_exceptions_is_a_prohibition_without_them() -> None:
    consent = permit(provision={"type": "deny", "provision": [inner()]})
    event = accepted(posted(consent)).event
    assert isinstance(event, DisclosureProhibited)
    assert event.categories == ()


@pytest.mark.parametrize(
    ("provision", "problems"),
    [
        (
            {"provision": [inner(), inner()]},
            [("bad-value", f"{CONSENT}.provision.provision[1]")],
        ),
        ({"provision": [inner(type="deny")]}, [("unknown-code", f"{INNER}.type")]),
        ({"provision": [inner(type=None)]}, [("missing-field", f"{INNER}.type")]),
        ({"provision": ["x"]}, [("bad-value", f"{CONSENT}.provision.provision[0]")]),
        (
            {"provision": [inner()], "period": {"end": "2026-03-01"}, "actor": [{}]},
            [
                ("bad-value", f"{CONSENT}.provision.period"),
                ("bad-value", f"{CONSENT}.provision.actor"),
            ],
        ),
        (
            {"provision": [inner(class_=[{"code": "plan"}] * 4)]},
            [("bad-value", f"{INNER}.class[3]")],
        ),
        (
            {"provision": [inner(period={"start": "2026-03-01", "end": "2026-02-01"})]},
            [("bad-value", f"{INNER}.period.end")],
        ),
        (
            {"provision": [inner(class_=[{"code": "healt"}])]},
            [("unknown-code", f"{INNER}.class[0].code")],
        ),
        (
            {"provision": [inner(provision=[inner()], dataPeriod={"start": "2026-01-01"})]},
            [("bad-value", f"{INNER}.provision"), ("bad-value", f"{INNER}.dataPeriod")],
        ),
        (
            {"provision": [inner(actor=[{"reference": {"identifier": {"value": "1.2.3"}}}])]},
            [("unknown-agency", f"{INNER}.actor[0].reference.identifier.value")],
        ),
    ],
)
def test_what_is_wrong_with_a_permit_is_told_where_it_stands(
    provision: Json, problems: list[tuple[str, str]]
) -> None:
    assert refused(posted(permit(provision=provision))) == problems


def test_a_permit_says_which_way_it_goes() -> None:
    silent = permit(category=[{"coding": [{"system": "https://gen.kanta.fi/x", "code": "1"}]}])
    assert refused(posted(silent)) == [("missing-field", f"{CONSENT}.category")]


# Who recorded it


@pytest.mark.parametrize(
    ("roles", "given_by"),
    [
        ((CLIENT,), GivenBy.SELF),
        ((REPRESENTATIVE,), GivenBy.GUARDIAN),
        ((PROFESSIONAL, UNIT), GivenBy.SELF),
        ((UNIT, PROFESSIONAL), GivenBy.SELF),
        ((CLIENT, "9", "author"), GivenBy.SELF),
    ],
)
def test_one_recorder_and_a_unit_where_a_professional_recorded_it(
    roles: tuple[str, ...], given_by: GivenBy
) -> None:
    assert permitted(posted(permit(), *roles)).given_by is given_by


@pytest.mark.parametrize(
    ("roles", "problems"),
    [
        (("9",), [("missing-field", "agent")]),
        ((UNIT,), [("missing-field", "agent")]),
        ((PROFESSIONAL,), [("missing-field", "agent")]),
        ((CLIENT, REPRESENTATIVE), [("bad-value", "agent[1]")]),
        ((CLIENT, UNIT), [("bad-value", "agent[1]")]),
        ((UNIT, REPRESENTATIVE), [("bad-value", "agent[0]")]),
        ((PROFESSIONAL, UNIT, UNIT), [("bad-value", "agent[2]")]),
        (
            (CLIENT, PROFESSIONAL, UNIT, REPRESENTATIVE),
            [("bad-value", "agent[1]"), ("bad-value", "agent[3]"), ("bad-value", "agent[2]")],
        ),
    ],
)
def test_the_rules_of_a_provenance_are_told_all_at_once(
    roles: tuple[str, ...], problems: list[tuple[str, str]]
) -> None:
    found = refused(posted(permit(), *roles))
    assert found == [(code, f"{PROVENANCE}.{place}") for code, place in problems]


def test_a_role_may_stand_among_the_roles_of_an_agent() -> None:
    roles = {"role": [{"coding": [{"code": "x"}, {"code": CLIENT}]}]}
    assert permitted(posted(permit(), roles)).given_by is GivenBy.SELF


def test_errors_of_the_permit_and_of_its_provenance_come_together() -> None:
    wrong = permit(provision={"provision": [inner(class_=[{"code": "healt"}])]}, category=[])
    assert refused(posted(wrong, PROFESSIONAL)) == [
        ("unknown-code", f"{INNER}.class[0].code"),
        ("missing-field", f"{CONSENT}.category"),
        ("missing-field", f"{PROVENANCE}.agent"),
    ]


def test_a_permit_of_a_transaction_needs_its_provenance() -> None:
    assert refused(transaction((permit(), None))) == [("missing-field", "Bundle.entry")]
    other = provenance(9, CLIENT)
    assert refused(transaction((permit(), other))) == [("missing-field", "Bundle.entry")]
    message = transaction((permit(), None)) | {"type": "message"}
    assert permitted(message).given_by is GivenBy.SELF


def test_a_permit_has_one_provenance() -> None:
    document = posted(permit())
    document["entry"].append({"resource": provenance(0, CLIENT)})
    assert refused(document) == [("bad-value", "Bundle.entry[3].resource")]


def test_a_provenance_of_another_shape_is_left_alone_outside_a_transaction() -> None:
    outer = inner() | {"purpose": [{"code": "social_care"}]}
    consent = permit(provision=outer)
    document = transaction((consent, provenance(0, "author"))) | {"type": "message"}
    assert permitted(document).purposes == (Purpose.SOCIAL_CARE,)
    in_transaction = transaction((consent, provenance(0, "author")))
    assert refused(in_transaction) == [("missing-field", f"{PROVENANCE}.agent")]


def test_who_recorded_it_is_the_person_or_speaks_for_them() -> None:
    own = {"reference": "urn:uuid:asiakas"}
    assert permitted(posted(permit(), agent(CLIENT, **own)))
    document = posted(permit(), agent(REPRESENTATIVE, reference="#them"))
    related = {"resourceType": "RelatedPerson", "id": "them", "patient": OTHER}
    document["entry"][1]["resource"]["contained"] = [related]
    assert refused(document) == [
        ("bad-value", f"{PROVENANCE}.contained[0].patient.identifier.value")
    ]
    other = {"resourceType": "Patient", "id": "o", "identifier": [OTHER["identifier"]]}
    document = posted(permit(), agent(CLIENT, reference="#o"))
    document["entry"][1]["resource"]["contained"] = [other]
    assert refused(document) == [("bad-value", f"{PROVENANCE}.agent[0].who.reference")]


def test_the_unit_is_of_the_agency_that_sent_it() -> None:
    own_unit = {"value": "urn:oid:1.2.246.10.91000013.10.1"}
    assert permitted(posted(permit(), PROFESSIONAL, agent(UNIT, identifier=own_unit)))
    assert permitted(posted(permit(), PROFESSIONAL, agent(UNIT, **OF_SOTE)))
    others = {"value": "urn:oid:1.2.246.10.91000064"}
    assert refused(posted(permit(), PROFESSIONAL, agent(UNIT, identifier=others))) == [
        ("bad-value", f"{PROVENANCE}.agent[1].who.identifier.value")
    ]


def test_a_performer_says_more_than_the_recorder() -> None:
    related = {
        "resourceType": "RelatedPerson",
        "id": "them",
        "relationship": [{"coding": [{"code": "proxy"}]}],
        "identifier": [{"value": "V-1"}],
    }
    consent = permit(performer=[{"reference": "#them"}], contained=[related])
    assert permitted(posted(consent, REPRESENTATIVE)).given_by is GivenBy.PROXY


# Two pairs


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (permit("L-2"), "category"),
        (permit("L-1", TO_HEALTH), "identifier"),
    ],
)
def test_two_pairs_of_one_permit_are_both_refused(other: Json, field: str) -> None:
    twice = transaction((permit("L-1"), provenance(0, CLIENT)), (other, provenance(1, CLIENT)))
    assert [told(reading) for reading in all_of(twice)] == [
        [("bad-value", f"{CONSENT}.{field}")],
        [("bad-value", f"Bundle.entry[2].resource.{field}")],
    ]


def test_what_doubles_and_what_else_is_wrong_are_told_together() -> None:
    same = permit("L-1", provision={"provision": [inner(class_=[{"code": "healt"}])]})
    twice = transaction((permit("L-1"), provenance(0, CLIENT)), (same, provenance(1)))
    assert told(all_of(twice)[1]) == [
        ("bad-value", "Bundle.entry[2].resource.identifier"),
        ("bad-value", "Bundle.entry[2].resource.category"),
        ("unknown-code", "Bundle.entry[2].resource.provision.provision[0].class[0].code"),
        ("missing-field", "Bundle.entry[3].resource.agent"),
    ]


def test_permits_of_two_persons_are_two() -> None:
    document = transaction(
        (permit("L-1"), provenance(0, CLIENT)),
        (permit("L-2", patient=OTHER), provenance(1, CLIENT)),
    )
    first, second = all_of(document)
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert (first.hetu, second.hetu) == ("040700E964A", OTHER_HETU)


def test_a_permit_that_is_taken_back_is_never_held_up() -> None:
    ended = permit("L-1", status="inactive", category=[], provision={"provision": [inner()]})
    document = transaction((ended, provenance(0)), (permit("L-2"), provenance(1, CLIENT)))
    first, second = all_of(document)
    assert isinstance(first, Reading)
    assert isinstance(first.event, ConsentWithdrawn)
    assert isinstance(second, Reading)


def test_many_pairs_of_one_permit_are_all_told() -> None:
    pairs = [(permit("L-1"), provenance(place, CLIENT)) for place in range(200)]
    messages = CONNECTOR.split(orjson.dumps(transaction(*pairs)))
    assert len(messages) == 200
    last = CONNECTOR.read(messages[-1], SOTE, REGION, NOW)
    assert told(last)[0] == ("bad-value", "Bundle.entry[398].resource.identifier")
