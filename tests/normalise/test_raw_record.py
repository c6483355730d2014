"""What a raw record says beside its value: every header that is wrong is named, and none shown."""

from pathlib import Path

import pytest

from streams.normalise.opening import open_dead_letter
from streams.normalise.raw_record import RawRecord
from streams.promises import topics
from tests.normalise.two_ways import (
    APPENDED_AT,
    PLACE,
    SEALER,
    SENDERS,
    TwoWays,
    arrived,
    letter,
    said,
    with_headers,
)

AGENCY, CONNECTOR = SENDERS["employment"]
GOOD = (Path(__file__).parents[1] / "data" / "wire" / "employment" / "milestone.json").read_bytes()
OTHER_PERSON = b"p-00000000000000000000000001"


@pytest.fixture
def ways() -> TwoWays:
    return TwoWays(AGENCY, CONNECTOR)


@pytest.fixture
def record(ways: TwoWays) -> RawRecord:
    (queued,) = ways.queued(GOOD)
    return queued.record


TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_is_kept_to_the_letter(ways: TwoWays, record: RawRecord) -> None:
    traced = with_headers(record, (topics.TRACEPARENT, TRACE))
    assert dict(ways.normalised(traced).headers)["traceparent"] == TRACE
    bad = with_headers(traced, (topics.AGENCY, b"kela"))
    assert dict(ways.normalised(bad).headers)["traceparent"] == TRACE


@pytest.mark.parametrize(
    "trace",
    [
        None,
        b"",
        b"010190-999W",
        TRACE.upper(),
        TRACE + b"-",
        TRACE.replace(b"00-", b"ff-", 1),
        b"00-" + b"0" * 32 + TRACE[35:],
    ],
)
def test_what_is_no_trace_gives_way_to_one_that_repeats_share(
    ways: TwoWays, record: RawRecord, trace: bytes | None
) -> None:
    traced = with_headers(record, (topics.TRACEPARENT, trace))
    first, again = ways.normalised(traced), ways.normalised(record)
    made = dict(first.headers)["traceparent"]
    assert made == dict(again.headers)["traceparent"]
    assert len(made) == len(TRACE)
    assert made != trace


def test_others_headers_are_theirs(ways: TwoWays, record: RawRecord) -> None:
    with_theirs = record._replace(headers=(*record.headers, ("x", b"\xff"), ("x", b"010190-999W")))
    assert ways.normalised(with_theirs) == ways.normalised(record)


HEADER_FAULTS: dict[str, tuple[tuple[str, bytes | None], str]] = {
    "no agency": ((topics.AGENCY, None), "missing-field"),
    "another agency": ((topics.AGENCY, b"kela"), "bad-value"),
    "an agency that is none": ((topics.AGENCY, b"010190-999W"), "bad-value"),
    "an agency in no text": ((topics.AGENCY, b"\xff\xfe"), "bad-value"),
    "no time": ((topics.RECORDED_AT, None), "missing-field"),
    "a time that is no number": ((topics.RECORDED_AT, b"yesterday"), "bad-time"),
    "a time in other digits": ((topics.RECORDED_AT, "\u0661\u0662".encode()), "bad-time"),
    "a time with a sign": ((topics.RECORDED_AT, b"+1777626000000000"), "bad-time"),
    "a time of the future": ((topics.RECORDED_AT, b"9" * 19), "bad-time"),
    "a time too long": ((topics.RECORDED_AT, b"1" * 10_000), "bad-time"),
    "a time of long ago": ((topics.RECORDED_AT, b"-9999999999999999"), "bad-time"),
    "problems that are none": ((topics.PROBLEMS, b'[["malformed", 1, "", null]]'), "bad-value"),
    "problems in no JSON": ((topics.PROBLEMS, b"[" * 5_000), "bad-value"),
    "problems of another shape": ((topics.PROBLEMS, b'{"code": "x"}'), "bad-value"),
}


@pytest.mark.parametrize(("header", "code"), HEADER_FAULTS.values(), ids=HEADER_FAULTS)
def test_a_wrong_header_is_named_and_the_message_kept(
    ways: TwoWays, record: RawRecord, header: tuple[str, bytes | None], code: str
) -> None:
    found = letter(ways.normalised(with_headers(record, header)))
    assert said(found) == [(code, f"/headers/{header[0]}")]
    assert (found.agency, found.body_kind, found.person) == (AGENCY, "raw", record.key.decode())
    assert open_dead_letter(found, ways.keys, SEALER) == GOOD
    assert "010190" not in repr(found)


def test_a_record_without_a_right_time_has_the_brokers(ways: TwoWays, record: RawRecord) -> None:
    found = letter(ways.normalised(with_headers(record, (topics.RECORDED_AT, b"x"))))
    assert found.recorded_at == APPENDED_AT


def test_a_header_that_stands_twice_is_read_by_nobody(ways: TwoWays, record: RawRecord) -> None:
    twice = record._replace(headers=(*record.headers, (topics.AGENCY, b"kela")))
    assert said(letter(ways.normalised(twice))) == [
        ("bad-value", "/headers/agency"),
        ("bad-value", "/headers/agency"),
    ]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "missing-field"),
        (b"", "missing-field"),
        (OTHER_PERSON, "bad-value"),
        (b"r-00000000000000000000000001", "bad-value"),
        (b"010190-999W", "bad-value"),
        (b"\xff", "bad-value"),
    ],
)
def test_a_wrong_key_is_named_and_never_shown(
    ways: TwoWays, record: RawRecord, key: bytes | None, code: str
) -> None:
    normalised = ways.of(arrived(AGENCY, record)._replace(key=key))
    found = letter(normalised)
    assert said(found) == [(code, "/key")]
    assert open_dead_letter(found, ways.keys, SEALER) == GOOD
    assert normalised.key[:2] in (b"r-", b"p-")
    assert b"010190" not in normalised.key


def test_nobodys_message_may_not_lie_in_a_persons_lane(ways: TwoWays) -> None:
    (queued,) = ways.queued(b"no json")
    assert queued.record.key.startswith(b"r-")
    moved = queued.record._replace(key=OTHER_PERSON)
    assert said(letter(ways.normalised(moved))) == [("bad-value", "/key")]


def test_everything_that_is_wrong_is_said_at_once(ways: TwoWays, record: RawRecord) -> None:
    bare = record._replace(key=b"", headers=())
    found = letter(ways.normalised(bare))
    assert said(found) == [
        ("missing-field", "/headers/recorded_at"),
        ("missing-field", "/headers/sealed_for"),
        ("missing-field", "/headers/generation"),
        ("missing-field", "/headers/agency"),
        ("missing-field", "/key"),
    ]
    assert (found.body_kind, found.person) == (f"record:{PLACE}", None)
    assert open_dead_letter(found, ways.keys, SEALER) == record.value


@pytest.mark.parametrize(
    ("sealed_for", "generation"), [(b"somebody", b"1"), (b"p-x", b"1"), (b"hub-2026-03x", b"1")]
)
def test_a_lane_that_is_none_is_named(
    ways: TwoWays, record: RawRecord, sealed_for: bytes, generation: bytes
) -> None:
    headers = ((topics.SEALED_FOR, sealed_for), (topics.GENERATION, generation))
    found = letter(ways.normalised(with_headers(record, *headers)))
    assert said(found) == [("bad-value", "/headers/sealed_for")]
    assert open_dead_letter(found, ways.keys, SEALER) == record.value


@pytest.mark.parametrize("generation", [b"0", b"-1", b"1.0", b"9" * 30, b"x", "\u0661".encode()])
def test_a_generation_that_is_none_is_named(
    ways: TwoWays, record: RawRecord, generation: bytes
) -> None:
    found = letter(ways.normalised(with_headers(record, (topics.GENERATION, generation))))
    assert said(found) == [("bad-value", "/headers/generation")]
