"""What every Task says before what it is: which message, which handoff, when, and from whom."""

from typing import Any

import pytest

from connectors.local_time import iso
from streams.domain.referral import ReferralCancelled
from tests.connectors.region import KELA, LAPPEENRANTA, SOTE
from tests.connectors.sote.documents import GONE, accepted, changed, refused, resource, sample

TASK = "Bundle.entry[1].resource"
BUSINESS_ID = {"system": "urn:oid:1.2.246.10", "value": "9100001-3"}
OTHER = {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.91000021"}}
NOWHERE = {"reference": "Organization/none"}


# Which message it is


def test_the_first_identifier_that_is_not_the_hubs_names_the_message() -> None:
    identifiers = [
        {"system": "urn:saattaen:handoff", "value": "h-1"},
        {"system": "urn:saattaen:notice", "value": "n-1"},
        {"system": "urn:x"},
        {"system": "urn:x", "value": " L-9 "},
    ]
    event: Any = accepted(changed("accepted", "Task", identifier=identifiers)).event
    assert event.envelope.source_ref.message_id == "L-9"
    assert event.handoff_id == "h-1"


def test_without_an_identifier_the_header_names_the_message() -> None:
    identifiers = [{"system": "urn:saattaen:handoff", "value": "h-1"}]
    document = changed("received", "Task", identifier=identifiers)
    header = resource(document, "MessageHeader")["id"]
    assert accepted(document).event.envelope.source_ref.message_id == header


def test_a_bare_task_without_an_identifier_has_no_message_id() -> None:
    assert refused(changed("accepted", "Task", identifier=GONE)) == [
        ("missing-field", "Task.identifier")
    ]


@pytest.mark.parametrize("value", ["x" * 129, "a\nb", 5])
def test_an_id_is_short_printable_text(value: object) -> None:
    document = changed("accepted", "Task", identifier=[{"value": value}])
    assert refused(document) == [
        ("bad-value", "Task.identifier[0].value"),
        ("missing-field", "Task.identifier"),
    ]


@pytest.mark.parametrize(("version", "number"), [("2", 2), (" 17 ", 17), (3, 3), (None, 1)])
def test_the_version_is_a_whole_number(version: object, number: int) -> None:
    document = changed("accepted", "Task", meta={"versionId": version})
    assert accepted(document).event.envelope.source_ref.version == number


@pytest.mark.parametrize("version", ["0", "x", "1.0", "-1", "", True, "2147483648", "9" * 30, []])
def test_a_version_that_is_no_whole_number_is_a_bad_value(version: object) -> None:
    document = changed("accepted", "Task", meta={"versionId": version})
    assert refused(document) == [("bad-value", "Task.meta.versionId")]


# Which handoff it means


def test_an_answer_that_names_no_handoff_is_refused() -> None:
    assert refused(changed("accepted", "Task", basedOn=GONE)) == [("missing-field", "Task.basedOn")]


def test_the_hubs_handoff_id_may_stand_in_based_on() -> None:
    based_on = [{"identifier": {"system": "urn:saattaen:handoff", "value": "h-7"}}]
    event: Any = accepted(changed("accepted", "Task", basedOn=based_on)).event
    assert (event.handoff_id, event.referral_id) == ("h-7", None)


def test_a_referral_may_be_named_by_a_resource_of_the_message() -> None:
    document = changed("accepted", "Task", basedOn=[{"reference": "#sr"}])
    request = {"resourceType": "ServiceRequest", "id": "sr", "identifier": [{"value": "SR-5"}]}
    document["contained"].append(request)
    event: Any = accepted(document).event
    assert event.referral_id == "SR-5"
    request.pop("identifier")
    assert refused(document) == [("missing-field", "Task.basedOn")]


def test_a_referral_that_is_not_in_the_message_is_unresolved() -> None:
    document = changed("accepted", "Task", basedOn=[{"reference": "ServiceRequest/1"}])
    assert refused(document) == [("unresolved-reference", "Task.basedOn[0].reference")]


def test_a_later_version_of_the_sources_own_task_takes_that_task_back() -> None:
    document = changed("referral-cancelled", "Task", basedOn=GONE)
    assert refused(document) == [("missing-field", f"{TASK}.basedOn")]
    resource(document, "Task")["meta"]["versionId"] = "2"
    event = accepted(document).event
    assert isinstance(event, ReferralCancelled)
    assert event.referral_id == "L-2026-00004"


# When it happened


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"lastModified": "2026-02-10T08:00:00Z"}, "2026-02-10T10:00:00+02:00"),
        ({"lastModified": GONE}, "2026-02-10T07:15:00+02:00"),
        ({"lastModified": "2026-02-10"}, "2026-02-10T00:00:00+02:00"),
        ({"lastModified": "2026-02-10T08:00:00"}, "2026-02-10T08:00:00+02:00"),
    ],
)
def test_it_happened_when_the_task_was_last_modified(fields: dict[str, object], at: str) -> None:
    event = accepted(changed("accepted", "Task", **fields)).event
    assert iso(event.envelope.occurred_at) == at


def test_the_bundles_time_holds_for_a_task_without_one() -> None:
    document = changed("completed", "Task", lastModified=GONE, authoredOn=GONE)
    assert iso(accepted(document).event.envelope.occurred_at) == "2026-02-11T04:15:00+02:00"
    document["timestamp"] = "yesterday"
    assert refused(document) == [("bad-time", "Bundle.timestamp")]


def test_without_any_time_the_task_says_too_little() -> None:
    document = changed("accepted", "Task", lastModified=GONE, authoredOn=GONE)
    assert refused(document) == [("missing-field", "Task.lastModified")]


@pytest.mark.parametrize("time", ["2026-02-30T00:00:00Z", "2026-02", "9.2.2026", 5, ""])
def test_a_time_that_cannot_be_read_is_not_passed_over(time: object) -> None:
    assert refused(changed("accepted", "Task", lastModified=time)) == [
        ("bad-time", "Task.lastModified")
    ]


# Who says so


def test_the_header_must_name_the_agency_that_sent_it() -> None:
    document = changed("completed", "MessageHeader", sender=OTHER)
    pointer = "Bundle.entry[0].resource.sender.identifier.value"
    assert refused(document) == [("bad-value", pointer)]


def test_a_sender_whom_nobody_knows_is_a_bad_value_too() -> None:
    sender = {"identifier": {"value": "9100009-9"}}
    document = changed("completed", "MessageHeader", sender=sender)
    pointer = "Bundle.entry[0].resource.sender.identifier.value"
    assert refused(document) == [("bad-value", pointer)]


def test_a_sender_that_is_not_in_the_message_is_unresolved() -> None:
    document = changed("completed", "MessageHeader", sender=NOWHERE)
    pointer = "Bundle.entry[0].resource.sender.reference"
    assert refused(document) == [("unresolved-reference", pointer)]


@pytest.mark.parametrize("sender", [GONE, {"display": "Joku"}, {"identifier": BUSINESS_ID}])
def test_a_header_may_leave_the_sender_to_the_transport(sender: object) -> None:
    assert accepted(changed("completed", "MessageHeader", sender=sender))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("referral-submitted", "requester"),
        ("information-provided", "requester"),
        ("referral-in-error", "requester"),
        ("referral-cancelled", "requester"),
        ("milestone", "requester"),
        ("worker-named", "requester"),
        ("received", "owner"),
        ("rejected", "owner"),
        ("recall-acknowledged", "owner"),
        ("information-requested", "owner"),
    ],
)
def test_the_one_who_speaks_must_be_the_one_who_sent(name: str, field: str) -> None:
    document = changed(name, "Task", **{field: OTHER})
    [(code, pointer)] = refused(document)
    assert code == "bad-value"
    assert pointer.endswith(f"resource.{field}.identifier.value")


def test_an_answer_keeps_the_source_as_its_requester() -> None:
    assert accepted(changed("accepted", "Task", requester=OTHER))


def test_the_recipient_may_cancel_too() -> None:
    owner = sample("accepted")["owner"]
    document = changed("referral-cancelled", "Task", requester=OTHER, owner=owner)
    assert isinstance(accepted(document).event, ReferralCancelled)
    only_owner = changed("referral-cancelled", "Task", requester=GONE, owner=OTHER)
    assert refused(only_owner) == [("bad-value", f"{TASK}.owner.identifier.value")]


def test_the_same_message_from_another_agency_is_refused() -> None:
    got = refused(sample("referral-submitted"), KELA)
    assert {code for code, _ in got} == {"bad-value"}
    assert accepted(sample("referral-submitted"), SOTE)


def test_lappeenranta_is_another_agency() -> None:
    assert refused(sample("accepted"), LAPPEENRANTA) == [
        ("bad-value", "Task.owner.identifier.value")
    ]
