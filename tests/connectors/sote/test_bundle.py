"""Files are taken apart into messages: one for each focal resource."""

from typing import Any

import orjson
import pytest

from connectors.sote.bundle import ENTRIES_MAX, Enclosed
from streams.promises.connector import (
    BATCH_MESSAGES_MAX,
    DEPTH_MAX,
    FILE_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    Message,
    Reading,
    Unreadable,
)
from tests.connectors.region import NOW, REGION, SOTE
from tests.connectors.sote.documents import (
    CONNECTOR,
    Json,
    accepted,
    changed,
    read,
    refused,
    sample,
)


def split(document: bytes | Json) -> list[Message]:
    return CONNECTOR.split(document if isinstance(document, bytes) else orjson.dumps(document))


def ids(messages: list[Message]) -> list[str | None]:
    """Give the id of every message, read or not."""
    found: list[str | None] = []
    for message in messages:
        got = CONNECTOR.read(message, SOTE, REGION, NOW)
        own = got.event.envelope.source_ref.message_id if isinstance(got, Reading) else None
        found.append(own)
    return found


def code(messages: list[Message]) -> tuple[str, str]:
    [message] = messages
    got = CONNECTOR.read(message, SOTE, REGION, NOW)
    assert isinstance(got, Unreadable)
    assert got.problems == message.problems
    return got.problems[0].code, got.problems[0].pointer


def together(kind: str, *names: str) -> Json:
    """Put the entries of several samples into one Bundle, headers left out."""
    entries = [entry for name in names for entry in sample(name)["entry"]]
    kept = [entry for entry in entries if entry["resource"]["resourceType"] != "MessageHeader"]
    return {"resourceType": "Bundle", "type": kind, "entry": kept}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"not JSON",
        b"[]",
        b'"Task"',
        b"{}",
        b'{"resourceType": 5}',
        b'{"resourceType": ["Task"]}',
        b'{"resourceType": "Tsk"}',
        b'[{"resourceType": "Task"}]',
        b'{"resourceType": "Task", "id": "\\ud800"}',
    ],
)
def test_what_is_no_fhir_resource_is_malformed(raw: bytes) -> None:
    assert code(split(raw)) == ("malformed", "")


def test_a_byte_order_mark_is_no_fault() -> None:
    raw = b"\xef\xbb\xbf" + orjson.dumps(sample("accepted"))
    assert accepted(raw)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"resourceType": "Patient"}, "Patient"),
        ({"resourceType": "Provenance"}, "Provenance"),
        ({"resourceType": "Bundle", "type": "collection"}, "Bundle.entry"),
        ({"resourceType": "Bundle", "entry": [{}, {"resource": 5}, 5]}, "Bundle.entry"),
    ],
)
def test_a_document_without_a_message_says_what_is_missing(document: Json, pointer: str) -> None:
    assert code(split(document)) == ("missing-field", pointer)


def test_a_lone_patient_shows_whose_lane_the_dead_letter_belongs_to() -> None:
    patient = sample("accepted")["contained"][0]
    got = read(patient)
    assert isinstance(got, Unreadable)
    assert got.hetu == patient["identifier"][0]["value"]
    patient.pop("identifier")
    nobody = read(patient)
    assert isinstance(nobody, Unreadable)
    assert nobody.hetu is None


def test_a_file_of_lines_is_read_line_by_line() -> None:
    line = orjson.dumps(sample("accepted"))
    messages = split(b"\n".join([line, b"", line, b'{"resourceType": "Ta', b""]))
    assert len(messages) == 3
    assert ids(messages) == ["L-2026-00007", "L-2026-00007", None]
    assert messages[0].raw == line


def test_one_focal_resource_keeps_its_bytes() -> None:
    raw = orjson.dumps(sample("referral-submitted"), option=orjson.OPT_INDENT_2)
    [message] = split(raw)
    assert message.raw == raw


@pytest.mark.parametrize("kind", ["transaction", "batch", "collection"])
def test_each_task_of_a_bundle_is_a_message_of_its_own(kind: str) -> None:
    messages = split(together(kind, "rejected", "completed"))
    assert ids(messages) == ["L-2026-00008", "L-2026-00014"]


def test_a_message_holds_no_other_persons_data() -> None:
    bundle = together("transaction", "referral-submitted", "referral-open")
    first, second = split(bundle)
    assert b"Viitasalmi" in first.raw
    assert b"Viitasalmi" not in second.raw
    assert b"051162W981R" not in first.raw
    assert b"051162W981R" in second.raw


def test_a_message_of_several_still_counts_the_senders_entries() -> None:
    bundle = together("transaction", "referral-submitted", "referral-open")
    bundle["entry"][3]["resource"]["status"] = "requestd"
    second = split(bundle)[1]
    got = CONNECTOR.read(second, SOTE, REGION, NOW)
    assert isinstance(got, Unreadable)
    assert [problem.pointer for problem in got.problems] == ["Bundle.entry[3].resource.status"]


def test_a_message_of_several_can_be_taken_in_again_alone() -> None:
    messages = split(together("transaction", "rejected", "completed"))
    again = [split(message.raw) for message in messages]
    assert [len(found) for found in again] == [1, 1]
    assert [found[0].raw for found in again] == [message.raw for message in messages]
    assert ids([found[0] for found in again]) == ids(messages)


def two_consents() -> Json:
    """Give a message Bundle whose header has two Consents in focus, by relative references."""
    bundle: Json = sample("consent-given")
    other = changed("disclosure-prohibited", "Consent")["entry"][1]
    patient = bundle["entry"][1]["resource"]["patient"]
    other["resource"]["patient"] = patient
    bundle["entry"].append(other)
    focus = bundle["entry"][0]["resource"]["focus"]
    focus.append({"reference": f"Consent/{other['resource']['id']}"})
    return bundle


def test_two_consents_under_one_header_are_two_messages_with_two_ids() -> None:
    messages = split(two_consents())
    assert ids(messages) == ["L-2026-00001/S-sote-1", "L-2026-00001/S-sote-2"]
    alone = [split(message.raw)[0] for message in messages]
    assert ids(alone) == ids(messages)


def test_a_consent_without_an_id_is_told_apart_by_its_place() -> None:
    bundle = two_consents()
    bundle["entry"][1]["resource"]["identifier"] = []
    first = split(bundle)[0]
    got = CONNECTOR.read(first, SOTE, REGION, NOW)
    assert isinstance(got, Unreadable)
    assert got.message_id == "L-2026-00001/1"


def test_the_headers_focus_chooses_among_tasks() -> None:
    bundle = sample("referral-cancelled")
    bundle["entry"].append(sample("completed")["entry"][1])
    assert ids(split(bundle)) == ["L-2026-00004"]


def test_a_focus_on_nothing_leaves_every_task_a_message() -> None:
    bundle = sample("referral-cancelled")
    bundle["entry"][0]["resource"]["focus"] = [{"reference": "urn:uuid:none"}, {}, 5]
    assert ids(split(bundle)) == ["L-2026-00004"]


def test_service_requests_are_messages_where_no_task_is() -> None:
    bundle = sample("referral-submitted")
    bundle["entry"] = [bundle["entry"][2], bundle["entry"][3]]
    request = bundle["entry"][0]["resource"]
    request["identifier"] = [{"value": "SR-1"}]
    assert ids(split(bundle)) == ["SR-1"]


def test_a_referral_that_a_task_is_based_on_goes_with_it() -> None:
    bundle = together("collection", "referral-submitted", "completed")
    task = bundle["entry"][3]["resource"]
    referral = bundle["entry"][0]["fullUrl"]
    task["identifier"].pop()
    task["basedOn"] = [{"reference": referral}]
    first, second = split(bundle)
    assert b"L-2026-00014" not in first.raw
    assert b"L-2026-00002" in second.raw
    got = CONNECTOR.read(second, SOTE, REGION, NOW)
    assert isinstance(got, Reading)
    event: Any = got.event
    assert event.referral_id == "L-2026-00002"


def test_a_file_over_8_mib_is_too_large() -> None:
    assert code(split(b" " * (FILE_BYTES_MAX + 1))) == ("too-large", "")


def test_a_message_over_512_kib_is_too_large() -> None:
    document = changed("accepted", "Task", description="x" * MESSAGE_BYTES_MAX)
    assert code(split(document)) == ("too-large", "")


def test_one_message_of_several_may_be_too_large() -> None:
    bundle = together("transaction", "rejected", "completed")
    bundle["entry"][0]["resource"]["description"] = "x" * MESSAGE_BYTES_MAX
    messages = split(bundle)
    assert [[problem.code for problem in message.problems] for message in messages] == [
        ["too-large"],
        [],
    ]
    shared = together("transaction", "rejected", "completed")
    shared["entry"][1]["resource"]["photo"] = [{"data": "x" * MESSAGE_BYTES_MAX}]
    too_large, small = split(shared)
    assert too_large.problems[0].code == "too-large"
    assert len(too_large.raw) < MESSAGE_BYTES_MAX
    assert ids([small]) == ["L-2026-00014"]


def test_a_small_file_cannot_grow_without_bounds() -> None:
    patient = {"resourceType": "Patient", "id": "p", "photo": [{"data": "x" * 500_000}]}
    task = {"resourceType": "Task", "for": {"reference": "Patient/p"}}
    entries = [{"resource": patient}] + [{"resource": task}] * 100
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    assert code(split(bundle)) == ("too-large", "")


@pytest.mark.parametrize(
    "entries",
    [
        [{"resource": {"resourceType": "Task"}}] * (BATCH_MESSAGES_MAX + 1),
        [{}] * (ENTRIES_MAX + 1),
    ],
)
def test_a_bundle_of_too_many_is_too_large_as_a_whole(entries: list[Any]) -> None:
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    assert code(split(bundle)) == ("too-large", "Bundle.entry")


def nested(levels: int) -> bytes:
    """Give a Task with so many levels, itself included."""
    inner = b"[" * (levels - 1) + b"]" * (levels - 1)
    return b'{"resourceType": "Task", "x": ' + inner + b"}"


def test_a_line_may_be_too_deep_on_its_own() -> None:
    messages = split(b"\n".join([orjson.dumps(sample("accepted")), nested(5_000)]))
    assert [[problem.code for problem in message.problems] for message in messages] == [
        [],
        ["too-deep"],
    ]


def test_200_levels_are_read() -> None:
    [message] = split(nested(DEPTH_MAX))
    assert isinstance(message.parsed, Enclosed)


@pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 1_000, 5_000])
def test_more_than_200_levels_are_too_deep(levels: int) -> None:
    assert code(split(nested(levels))) == ("too-deep", "")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"resourceType": "Task", "x": "' + b"[" * 300,
        b'{"resourceType": "Task", "x": "\\"' + b'\\"[' * 300 + b'"',
        b"[]" * 300,
    ],
)
def test_brackets_in_a_text_are_no_levels(raw: bytes) -> None:
    assert code(split(raw)) == ("malformed", "")


def test_a_bundle_that_only_reports_is_refused() -> None:
    bundle = together("searchset", "rejected")
    assert refused(bundle) == [("unknown-code", "Bundle.type")]
