"""Values become bytes and come back whole; whatever else the bytes are, they are refused."""

import json
from io import BytesIO
from random import Random
from typing import Any

import fastavro
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.contracts import reading, writing
from streams.contracts.codec import BYTES_MAX, Codec, classes, codec_of
from streams.contracts.dead_letter import decode_dead_letter, encode_dead_letter
from streams.contracts.declarations import ContractError, declared, resolved
from streams.contracts.entry import decode_notice, encode_notice
from streams.contracts.event import decode_event, encode_event, event_classes
from streams.contracts.person import decode_closed, encode_closed
from streams.contracts.reading import Reading
from streams.contracts.writing import LONG_MAX, LONG_MIN, Writing
from streams.domain.answers import HandoffAccepted
from streams.domain.codes import Status
from streams.domain.entry import HandoffStatusChanged, Notice, Problem
from streams.domain.envelope import SealedPart, SourceRef
from streams.domain.event import Event
from streams.domain.ids import HandoffId
from streams.domain.person import Case, ClosedState, Parked
from streams.promises.engine import DeadLetter
from tests.contracts.examples import RECORDS, decode, encoded_example, example_of
from tests.contracts.strategies import any_event, values_of

SOURCE = SourceRef("SK-1", 1, None)
SOURCE_BYTES = b"\x08SK-1\x02\x00"
MUTATIONS = 10_000
MUTATIONS_EACH = 100


def stripped(schema: Any) -> Any:  # noqa: ANN401  # a schema is JSON
    if isinstance(schema, list):
        return [stripped(part) for part in schema]
    if isinstance(schema, dict):
        return {key: stripped(part) for key, part in schema.items() if key != "logicalType"}
    return schema


def other_library(record: str, data: bytes) -> bytes:
    """Read and write with fastavro, which knows nothing of our code."""
    schema = fastavro.parse_schema(stripped(resolved(record)))
    source, target = BytesIO(data), BytesIO()
    value = fastavro.schemaless_reader(
        source, schema, None, return_record_name=True, return_record_name_override=True
    )
    fastavro.schemaless_writer(target, schema, value)
    assert source.tell() == len(data)
    return target.getvalue()


def changed(to: Status) -> HandoffStatusChanged:
    return HandoffStatusChanged(HandoffId("h-1"), Status.REQUESTED, to, "")


@given(any_event())
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    data = encode_event(event)
    back = decode_event(type(event).__name__, data)
    assert back == event
    assert type(back) is type(event)
    assert encode_event(back) == data


@given(any_event())
@settings(max_examples=50)
def test_every_event_has_the_bytes_that_another_library_gives_it(event: Event) -> None:
    data = encode_event(event)
    assert other_library(type(event).__name__, data) == data


@given(values_of(Notice), values_of(DeadLetter), values_of(ClosedState))
def test_notices_dead_letters_and_closed_states_come_back_as_they_were(
    notice: Notice, dead_letter: DeadLetter, closed: ClosedState
) -> None:
    assert decode_notice(encode_notice(notice)) == notice
    assert decode_dead_letter(encode_dead_letter(dead_letter), DeadLetter) == dead_letter
    assert decode_closed(encode_closed(closed)) == closed


@given(values_of(DeadLetter))
@settings(max_examples=30)
def test_a_dead_letter_has_the_bytes_that_another_library_gives_it(letter: DeadLetter) -> None:
    data = encode_dead_letter(letter)
    assert other_library("DeadLetter", data) == data


@given(st.integers(LONG_MIN, LONG_MAX))
@example(LONG_MIN)
@example(LONG_MAX)
@example(-1)
@example(63)
@example(64)
@example(-65)
@example(8191)
@example(8192)
@example(1_770_000_000_000_000)
def test_every_number_comes_back_and_has_avros_bytes(number: int) -> None:
    source = SourceRef("m", number, None)
    data = codec_of(SourceRef).encode(source)
    assert codec_of(SourceRef).decode(data) == source
    assert codec_of(SourceRef).decode(data) == source, "the second time, out of what was kept"
    assert other_library("SourceRef", data) == data


@pytest.mark.parametrize("record", RECORDS)
def test_a_full_example_has_the_bytes_that_another_library_gives_it(record: str) -> None:
    data = encoded_example(record)
    assert other_library(record, data) == data


def test_the_bytes_of_a_value_are_avros() -> None:
    assert codec_of(SourceRef).encode(SOURCE) == SOURCE_BYTES
    assert codec_of(SourceRef).decode(SOURCE_BYTES) == SOURCE
    on_hold = codec_of(HandoffStatusChanged).encode(changed(Status.ON_HOLD))
    assert on_hold == b"\x06h-1\x04\x10\x00"


def test_a_code_comes_back_as_the_code_itself() -> None:
    codec = codec_of(HandoffStatusChanged)
    assert codec.decode(codec.encode(changed(Status.ON_HOLD))).to is Status.ON_HOLD


@pytest.mark.parametrize("length", [0, 1, 63, 64, 127, 128, 8191, 8192, 100_000])
def test_texts_and_bytes_of_every_length_come_back(length: int) -> None:
    source = SourceRef("é" * length, 1, "x" * length)
    assert codec_of(SourceRef).decode(codec_of(SourceRef).encode(source)) == source
    closed = ClosedState(bytes(length), b"", b"")
    assert decode_closed(encode_closed(closed)) == closed


@pytest.mark.parametrize("count", [1, 63, 64, 128, 9000])
def test_arrays_of_every_length_come_back(count: int) -> None:
    problem = Problem("malformed", "", "Not JSON.", None)
    letter = example_of(DeadLetter)._replace(errors=(problem,) * count)
    assert decode_dead_letter(encode_dead_letter(letter), DeadLetter) == letter
    notice = example_of(Notice)
    notice = notice._replace(categories=notice.categories * count)
    assert decode_notice(encode_notice(notice)) == notice


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (SOURCE_BYTES[:-1], "truncated"),
        (SOURCE_BYTES[:3], "truncated"),
        (b"\x08SK-1\x02\x02\x08SK", "truncated"),
        (SOURCE_BYTES + b"\x00", "1 bytes after the end"),
        (
            b"\x08SK-1\x02\x04",
            "a union branch, code or truth value that the contract does not have",
        ),
        (
            b"\x08SK-1\x02\x01",
            "a union branch, code or truth value that the contract does not have",
        ),
        (b"\x04\xff\xff\x02\x00", "a text that is not UTF-8"),
        (b"\x01SK-1\x02\x00", "a length below zero, or beyond the end"),
        (b"\xfe\xff\xff\xff\x0fSK", "a length below zero, or beyond the end"),
        (b"\x88\x00SK-1\x02\x00", "a number has needless digits"),
        (b"\x08SK-1\x82\x00\x00", "a number has needless digits"),
        (b"\x08SK-1" + b"\xff" * 10 + b"\x01\x00", "a number has needless digits"),
        (b"\x08SK-1" + b"\xff" * 9 + b"\x02\x00", "a number has more than 64 bits"),
        (b"\x00" * (BYTES_MAX + 1), "over 1048576 bytes"),
    ],
)
def test_bytes_that_are_no_value_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ContractError) as refused:
        codec_of(SourceRef).decode(data)
    assert (refused.value.record, refused.value.reason) == ("SourceRef", reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"\x06h-1\x04\x1c\x00",
            "a union branch, code or truth value that the contract does not have",
        ),
        (
            b"\x06h-1\x04\x01\x00",
            "a union branch, code or truth value that the contract does not have",
        ),
    ],
)
def test_a_code_that_the_contract_does_not_have_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ContractError, match=reason):
        codec_of(HandoffStatusChanged).decode(data)


def test_arrays_in_several_blocks_or_longer_than_the_bytes_are_refused() -> None:
    letter = example_of(DeadLetter)
    one = encode_dead_letter(letter)
    error = codec_of(Problem).encode(letter.errors[0])
    assert one.count(b"\x02" + error + b"\x00") == 1
    several = one.replace(b"\x02" + error + b"\x00", (b"\x02" + error) * 2 + b"\x00")
    with pytest.raises(ContractError, match="an array is not in one block"):
        decode_dead_letter(several, DeadLetter)
    too_many = one.replace(b"\x02" + error + b"\x00", b"\xfe\x7f" + error + b"\x00")
    with pytest.raises(ContractError, match="more items than bytes"):
        decode_dead_letter(too_many, DeadLetter)


@given(st.sampled_from(RECORDS), st.randoms(use_true_random=False))
@settings(max_examples=MUTATIONS // MUTATIONS_EACH)
def test_mutated_bytes_are_a_value_in_its_one_spelling_or_refused(
    record: str, chance: Random
) -> None:
    data = encoded_example(record)
    for _ in range(MUTATIONS_EACH):
        mutated = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            mutated[chance.randrange(len(data))] = chance.randrange(256)
        _value_or_refused(record, bytes(mutated[: chance.choice((None, len(data) // 2))]))


@given(st.sampled_from(RECORDS), st.binary(max_size=300))
def test_any_bytes_are_a_value_in_its_one_spelling_or_refused(record: str, data: bytes) -> None:
    _value_or_refused(record, data)


def _value_or_refused(record: str, data: bytes) -> None:
    try:
        value = decode(record, data)
    except ContractError:
        return
    assert type(value).__name__ in (record, "DecodedEntry", "DecodedState")
    if record in event_classes():
        assert encode_event(value) == data


@pytest.mark.parametrize(
    ("source", "field"),
    [
        (SourceRef("\ud800", 1, None), "message_id"),
        (SourceRef(None, 1, None), "message_id"),  # type: ignore[arg-type]  # what is refused
        (SourceRef("m", LONG_MAX + 1, None), "version"),
        (SourceRef("m", "1", None), "version"),  # type: ignore[arg-type]  # what is refused
        (SourceRef("m", 1, 1), "transport_id"),  # type: ignore[arg-type]  # what is refused
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_field(source: SourceRef, field: str) -> None:
    with pytest.raises(ContractError, match=f"SourceRef: the value of field {field} does not fit"):
        codec_of(SourceRef).encode(source)


def test_a_refusal_repeats_nothing_of_the_value() -> None:
    secret = changed("Virtanen")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ContractError) as refused:
        codec_of(HandoffStatusChanged).encode(secret)
    assert "Virtanen" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_value_of_another_class_is_refused() -> None:
    with pytest.raises(ContractError, match="the value is of another class"):
        codec_of(SourceRef).encode(("m", 1, None))  # type: ignore[arg-type]  # what is refused


def test_an_event_of_another_class_in_a_union_is_refused() -> None:
    parked = example_of(Parked)._replace(event=SOURCE)  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ContractError, match="field event does not fit"):
        codec_of(Parked).encode(parked)


def test_a_value_over_one_mebibyte_is_refused_both_ways() -> None:
    closed = ClosedState(bytes(BYTES_MAX), b"", b"")
    with pytest.raises(ContractError, match="ClosedState: over 1048576 bytes"):
        encode_closed(closed)


def test_an_event_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ContractError, match="HandoffForgotten: there is no event of this name"):
        decode_event("HandoffForgotten", b"")
    with pytest.raises(ContractError, match="SourceRef: there is no event of this name"):
        decode_event("SourceRef", SOURCE_BYTES)


def test_a_class_without_a_contract_is_refused() -> None:
    class Nobody(SourceRef):
        """Has no contract."""

    with pytest.raises(ContractError, match="Nobody: there is no such contract"):
        codec_of(Nobody)


def test_what_is_no_dead_letter_is_refused() -> None:
    with pytest.raises(ContractError, match="DeadLetter: the class is another record's"):
        encode_dead_letter(SOURCE)
    with pytest.raises(ContractError, match="DeadLetter: the class is another record's"):
        decode_dead_letter(b"", SourceRef)


def test_a_codec_is_compiled_once() -> None:
    assert codec_of(Case) is codec_of(Case)
    assert isinstance(codec_of(HandoffAccepted), Codec)


def test_what_is_kept_for_speed_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "KEPT_MAX", 50)
    monkeypatch.setattr(reading, "MOMENTS_MAX", 50)
    for number in range(1_770_000_000_000_000, 1_770_000_000_000_300):
        source = SourceRef(f"m-{number}", number, None)
        assert codec_of(SourceRef).decode(codec_of(SourceRef).encode(source)) == source
    assert len(writing._LONGS) <= 50
    assert len(writing._TEXTS) <= 50
    assert len(reading._MOMENTS) <= 50


@pytest.mark.parametrize("kind", ["double", "float", "null", "fi.saattaen.codes.Nothing"])
def test_a_type_that_contracts_do_not_use_is_refused(kind: str) -> None:
    field = {"name": "amount", "type": kind}
    with pytest.raises(ContractError, match="contracts do not use this type"):
        Reading(classes()).record(SealedPart, [field])
    with pytest.raises(ContractError, match="contracts do not use this type"):
        Writing(classes(), sealed=True).encoder(kind)


def test_an_array_of_what_may_be_absent_is_refused() -> None:
    field = {"name": "notes", "type": {"type": "array", "items": ["null", "string"]}}
    with pytest.raises(ContractError, match="contracts do not use items that may be absent"):
        Reading(classes()).record(SealedPart, [field])


def test_a_record_without_fields_is_refused() -> None:
    with pytest.raises(ContractError, match="a record without fields"):
        Reading(classes()).record(SealedPart, [])


def test_more_branches_than_one_byte_tells_apart_are_refused() -> None:
    field = {"name": "event", "type": ["string"] * (reading.PLACES_MAX + 1)}
    with pytest.raises(ContractError, match="more than 64 codes or branches"):
        Reading(classes()).record(SealedPart, [field])


def test_contracts_in_the_union_of_an_entry_are_those_of_every_event() -> None:
    fields = {field["name"]: field["type"] for field in declared()["LedgerEntry"]["fields"]}
    assert [name.rpartition(".")[2] for name in fields["event"]] == list(event_classes())
    assert json.dumps(fields["facts"])
