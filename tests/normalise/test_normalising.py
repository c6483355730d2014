"""What may lie in a raw topic: every record is told apart, none stops the others, none is lost."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.answers import HandoffAccepted
from streams.domain.entry import Problem
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.domain.path import MilestoneReached
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.normalising import Normaliser
from streams.normalise.opening import open_dead_letter
from streams.normalise.raw_record import VALUE_BYTES_MAX, ArrivedRecord, RawRecord
from streams.promises import topics
from streams.promises.engine import UnavailableError
from streams.promises.key_store import PersonKey
from streams.sealing.sealer import hub_lane
from tests.normalise.two_ways import (
    AGREEMENTS,
    APPENDED_AT,
    PLACE,
    PSEUDONYMS,
    RECORDED_AT,
    SEALER,
    SENDERS,
    TwoWays,
    arrived,
    letter,
    said,
    with_headers,
)

WIRE = Path(__file__).parents[1] / "data" / "wire"
AGENCY, CONNECTOR = SENDERS["employment"]
GOOD = (WIRE / "employment" / "milestone.json").read_bytes()
OTHER_PERSON = b"p-00000000000000000000000001"
MARCH = Instant(1_772_323_200_000_000)


@pytest.fixture
def ways() -> TwoWays:
    return TwoWays(AGENCY, CONNECTOR)


@pytest.fixture
def record(ways: TwoWays) -> RawRecord:
    (queued,) = ways.queued(GOOD)
    return queued.record


def test_a_good_record_becomes_its_event(ways: TwoWays, record: RawRecord) -> None:
    normalised = ways.normalised(record)
    assert isinstance(normalised.taken, MilestoneReached)
    assert normalised.record == "MilestoneReached"
    assert normalised.taken.envelope.recorded_at == RECORDED_AT


def test_an_event_says_what_it_is_in_its_headers(ways: TwoWays, record: RawRecord) -> None:
    normalised = ways.normalised(record)
    assert isinstance(normalised.taken, MilestoneReached)
    headers = dict(normalised.headers)
    event_id = normalised.taken.envelope.event_id
    assert headers.pop("traceparent").startswith(b"00-")
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": event_id.encode(),
        "ce_source": b"urn:saattaen:agency:employment.lappeenranta",
        "ce_type": b"fi.saattaen.path.MilestoneReached",
        "ce_time": b"2026-02-11T20:15:00+00:00",
    }


UNOPENED: dict[str, Any] = {
    "truncated": lambda r: r._replace(value=r.value[:-1]),
    "truncated to nothing like it": lambda r: r._replace(value=r.value[:7]),
    "altered": lambda r: r._replace(value=bytes([r.value[0] ^ 1]) + r.value[1:]),
    "with bytes after its end": lambda r: r._replace(value=r.value + b"x"),
    "in clear": lambda r: r._replace(value=GOOD),
}


@pytest.mark.parametrize("change", UNOPENED.values(), ids=UNOPENED)
def test_what_does_not_open_is_kept_as_it_came(
    ways: TwoWays,
    record: RawRecord,
    change: Any,  # noqa: ANN401  # a change of a record
) -> None:
    changed = change(record)
    normalised = ways.normalised(changed)
    found = letter(normalised)
    assert said(found) == [("seal-broken", "/value")]
    assert (found.body_kind, found.person, found.message_id) == (f"record:{PLACE}", None, None)
    assert open_dead_letter(found, ways.keys, SEALER) == changed.value
    assert changed.value not in normalised.payload
    assert normalised.key == record.key


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_a_value_says_so(
    ways: TwoWays, record: RawRecord, value: bytes | None
) -> None:
    found = letter(ways.of(arrived(AGENCY, record)._replace(value=value)))
    assert said(found) == [("missing-field", "/value")]


def test_a_record_over_the_limit_is_not_opened_and_kept_where_it_lies(
    ways: TwoWays, record: RawRecord
) -> None:
    large = record._replace(value=record.value + b"\0" * VALUE_BYTES_MAX)
    normalised = ways.normalised(large)
    found = letter(normalised)
    assert said(found) == [("too-large", "/value")]
    assert (found.body_kind, found.sealed_body) == (f"at:{PLACE}", b"")
    assert len(normalised.payload) < 1_000


def test_a_message_sealed_for_another_does_not_open(ways: TwoWays, record: RawRecord) -> None:
    ways.keys.current(PersonId(OTHER_PERSON.decode()))
    moved = with_headers(record, (topics.SEALED_FOR, OTHER_PERSON))._replace(key=OTHER_PERSON)
    assert said(letter(ways.normalised(moved))) == [("seal-broken", "/value")]


def test_an_erased_persons_message_can_be_read_by_nobody_and_is_still_told_of(
    ways: TwoWays, record: RawRecord
) -> None:
    person = PersonId(record.key.decode())
    ways.keys.destroy(person, MARCH)
    found = letter(ways.normalised(record))
    assert said(found) == [("key-destroyed", "/value")]
    assert (found.person, found.generation, found.body_kind) == (person, 1, "raw")
    assert open_dead_letter(found, ways.keys, SEALER) is None


def test_a_key_that_comes_back_opens_what_was_kept_meanwhile(
    ways: TwoWays, record: RawRecord
) -> None:
    elsewhere = TwoWays(AGENCY, CONNECTOR)
    found = letter(elsewhere.normalised(record))
    assert said(found) == [("key-destroyed", "/value")]
    assert open_dead_letter(found, ways.keys, SEALER) == GOOD


def test_an_agency_that_left_the_agreement_is_named(ways: TwoWays) -> None:
    stranger = AgencyId("employment.nowhere")
    (queued,) = ways.queued(GOOD)
    moved = with_headers(queued.record, (topics.AGENCY, stranger.encode()))
    found = letter(ways.of(arrived(stranger, moved)))
    assert said(found) == [("unknown-agency", "/headers/agency")]
    assert open_dead_letter(found, ways.keys, SEALER) == GOOD


def test_a_persons_message_is_taken_in_no_other_lane(ways: TwoWays) -> None:
    # As where the receive step still ran an older version, which could not read the person.
    lane = hub_lane(RECORDED_AT)
    generation, key = ways.keys.current(lane)
    (queued,) = ways.queued(b"no json")
    nobodys = with_headers(queued.record, (topics.PROBLEMS, None))
    sealed = SEALER.seal_whole(GOOD, lane, generation, key)
    found = letter(ways.normalised(nobodys._replace(value=sealed)))
    assert said(found) == [("bad-value", "/key")]
    assert open_dead_letter(found, ways.keys, SEALER) == GOOD


@pytest.mark.parametrize(
    ("sector", "body"),
    [
        ("employment", b"no json"),
        ("employment", b"[" + GOOD + b"]"),
        ("kela", b"<era/>"),
        ("kela", (WIRE / "kela" / "answers-batch.xml").read_bytes()),
        ("sote", b"{"),
        ("sote", b"[]"),
        ("sote", b'{"resourceType": 1}'),
    ],
)
def test_a_body_that_is_not_one_message_is_kept(sector: str, body: bytes) -> None:
    # No receive step writes such a record: a file that it cannot split has its problems with it.
    ways = TwoWays(*SENDERS[sector])
    (queued,) = ways.queued(b"\xff")
    lane = hub_lane(RECORDED_AT)
    sealed = SEALER.seal_whole(body, lane, *ways.keys.current(lane))
    bare = with_headers(queued.record, (topics.PROBLEMS, None))._replace(value=sealed)
    found = letter(ways.normalised(bare))
    assert said(found) == [("malformed", "")]
    assert open_dead_letter(found, ways.keys, SEALER) == body


def test_repeats_of_a_bad_record_fold_into_one_dead_letter(
    ways: TwoWays, record: RawRecord
) -> None:
    bad = with_headers(record, (topics.AGENCY, b"kela"))
    first, again = ways.normalised(bad), ways.normalised(bad)
    assert first == again
    other = letter(ways.normalised(with_headers(record, (topics.RECORDED_AT, b"x"))))
    assert other.dead_letter_id != letter(first).dead_letter_id


def test_a_message_with_very_many_errors_still_fits_its_dead_letter(ways: TwoWays) -> None:
    (queued,) = ways.queued(b"no json")
    many = [("bad-value", f"/a/{number}", "x" * 200, None) for number in range(9_000)]
    errors = (
        repr(many).replace("(", "[").replace(")", "]").replace("'", '"').replace("None", "null")
    )
    found = letter(ways.normalised(with_headers(queued.record, (topics.PROBLEMS, errors.encode()))))
    assert len(found.errors) == 501
    assert found.errors[-1].detail == "There is more that is wrong than can be said."


def test_errors_too_long_for_a_dead_letter_are_left_out(ways: TwoWays) -> None:
    (queued,) = ways.queued(b"no json")
    long = f'[["bad-value", "/a", "{"x" * 1_100_000}", null]]'.encode()
    found = letter(ways.normalised(with_headers(queued.record, (topics.PROBLEMS, long))))
    assert [error.code for error in found.errors] == ["malformed"]
    assert open_dead_letter(found, ways.keys, SEALER) == b"no json"


class Unreachable(MemoryKeyStore):
    """A key store whose database is away."""

    def of_generation(self, person: PersonId, generation: int) -> PersonKey | None:
        raise UnavailableError("the database cannot be reached")


class HalfUnreachable(MemoryKeyStore):
    """A key store whose database goes away in the middle."""

    def current(self, person: PersonId) -> PersonKey:
        raise UnavailableError("the database cannot be reached")


def test_without_keys_a_record_waits(ways: TwoWays, record: RawRecord) -> None:
    half = HalfUnreachable()
    half._generations = ways.keys._generations
    for keys in (Unreachable(), half):
        normaliser = Normaliser(lambda _: CONNECTOR, AGREEMENTS, keys, PSEUDONYMS, SEALER)
        with pytest.raises(UnavailableError):
            normaliser.normalise([arrived(AGENCY, record)])


def test_a_defect_met_by_one_message_keeps_it_and_goes_on(ways: TwoWays, record: RawRecord) -> None:
    def broken(sector: str) -> Any:  # noqa: ANN401  # never gives one
        raise RuntimeError(sector)

    normaliser = Normaliser(broken, AGREEMENTS, ways.keys, PSEUDONYMS, SEALER)
    found = letter(*normaliser.normalise([arrived(AGENCY, record)]))
    assert said(found) == [("malformed", "")]
    assert open_dead_letter(found, ways.keys, SEALER) == GOOD


NAMES = [
    *(topics.AGENCY, topics.RECORDED_AT, topics.GENERATION, topics.SEALED_FOR, topics.PLACE),
    *(topics.CONTEXT, topics.PROBLEMS, topics.TRANSPORT_ID, topics.TRACEPARENT),
]
VALUES = st.none() | st.binary(max_size=40) | st.sampled_from([b"1", b"[]", AGENCY.encode()])
SOTE_AGENCY, SOTE = SENDERS["sote"]


@given(
    sector=st.sampled_from(sorted(SENDERS)),
    key=VALUES,
    value=VALUES,
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12),
)
def test_whatever_lies_in_a_topic_becomes_a_dead_letter(
    sector: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    agency, connector = SENDERS[sector]
    made = TwoWays(agency, connector)
    record = ArrivedRecord(agency, key, value, headers, APPENDED_AT, PLACE)
    assert letter(made.of(record)).errors


@given(context=st.text(max_size=30) | st.sampled_from(["[1]", "[0,[1]]", '["a",[]]', "[-1,[]]"]))
def test_whatever_a_context_says_the_message_is_kept(context: str) -> None:
    made = TwoWays(SOTE_AGENCY, SOTE)
    raw = (WIRE / "sote" / "accepted.json").read_bytes()
    (queued,) = made.queued(raw)
    changed = with_headers(queued.record, (topics.CONTEXT, context.encode()))
    normalised = made.normalised(changed)
    if not isinstance(normalised.taken, HandoffAccepted):
        assert open_dead_letter(letter(normalised), made.keys, SEALER) == raw


def test_what_a_problem_of_splitting_would_show_is_not_shown(ways: TwoWays) -> None:
    (queued,) = ways.queued(b"no json")
    told = b'[["malformed", "/010190-999W", "not 010190-999W", null]]'
    found = letter(ways.normalised(with_headers(queued.record, (topics.PROBLEMS, told))))
    assert found.errors == (Problem("malformed", "", "The message could not be read.", None),)
