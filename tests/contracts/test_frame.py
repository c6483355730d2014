"""A frame names its contract; whatever else the bytes are, they are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.codec import BYTES_MAX
from streams.contracts.declarations import ContractError
from streams.contracts.frame import HEAD_BYTES, SCHEMA_ID_MAX, FrameError, framed, unframed


def test_a_frame_has_confluents_bytes() -> None:
    assert framed(258, b"avro") == b"\x00\x00\x00\x01\x02avro"


@given(schema_id=st.integers(0, SCHEMA_ID_MAX), payload=st.binary(max_size=64))
def test_what_was_framed_comes_back(schema_id: int, payload: bytes) -> None:
    assert unframed(framed(schema_id, payload)) == (schema_id, payload)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes are too few"),
        (b"\x00\x00\x00\x01", "4 bytes are too few"),
        (b"\x01\x00\x00\x00\x01avro", "begins with the byte 1"),
        (b"{\x00\x00\x00\x01avro", "begins with the byte 123"),
        (b"\x00\xff\xff\xff\xffavro", "no schema has the id 4294967295"),
        (b"\x00\x00\x00\x00\x01" + bytes(BYTES_MAX + 1), "over 1048576 bytes"),
        (bytes(10 * 1024 * 1024), "over 1048576 bytes"),
    ],
    ids=["nothing", "half a head", "other magic", "JSON", "no id", "one too many", "10 MB"],
)
def test_what_is_no_frame_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        unframed(data)


def test_a_value_of_the_largest_size_passes_both_ways() -> None:
    data = framed(1, bytes(BYTES_MAX))
    assert len(data) == HEAD_BYTES + BYTES_MAX
    assert unframed(data) == (1, bytes(BYTES_MAX))


@pytest.mark.parametrize(
    ("schema_id", "payload"), [(-1, b""), (2**31, b""), (1, bytes(BYTES_MAX + 1))]
)
def test_nothing_is_framed_that_could_not_be_read(schema_id: int, payload: bytes) -> None:
    with pytest.raises(FrameError):
        framed(schema_id, payload)


@given(data=st.binary(max_size=40))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    refused: ContractError | None = None
    try:
        schema_id, payload = unframed(data)
    except ContractError as error:
        refused = error
    else:
        assert data == framed(schema_id, payload)
    assert refused is None or refused.record == "frame"
