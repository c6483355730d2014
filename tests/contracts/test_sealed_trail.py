"""Entries and states: their digests prove what was decided, not what was sealed or by which key."""

from hashlib import sha256

import pytest
from hypothesis import given, settings

from streams.contracts.codec import BYTES_MAX
from streams.contracts.declarations import ContractError
from streams.contracts.entry import decode_entry, encode_entry
from streams.contracts.person import decode_state, encode_state
from streams.contracts.sealed_trail import Trailed
from streams.domain.answers import HandoffAccepted, HandoffRejected
from streams.domain.codes import Part
from streams.domain.entry import LedgerEntry, Notice
from streams.domain.envelope import SealedPart
from streams.domain.hub_events import AgencyFellSilent
from streams.domain.person import Handoff, Parked, PersonState
from tests.contracts.examples import STATE_DIGEST, example_of
from tests.contracts.strategies import any_entry, any_state
from tests.contracts.test_codec import other_library

REMARK = SealedPart(Part.REMARK, 1, b"first key")
AGAIN = SealedPart(Part.REMARK, 2, b"second key")
NOTICE = example_of(Notice)._replace(content=())
ENTRY = example_of(LedgerEntry)._replace(
    event=example_of(HandoffAccepted)._replace(sealed=()), deliveries=(NOTICE, NOTICE)
)
HANDOFF = example_of(Handoff)._replace(content=())
PARKED = Parked(example_of(HandoffRejected)._replace(sealed=()), example_of(Parked).until)
STATE = example_of(PersonState)._replace(
    handoffs=(HANDOFF, HANDOFF), convened=(HANDOFF,), parked=(PARKED,)
)


def entry_with(event: tuple[SealedPart, ...], *contents: tuple[SealedPart, ...]) -> LedgerEntry:
    """The same entry with these sealed parts of its event and its two notices."""
    notices = tuple(NOTICE._replace(content=content) for content in contents)
    told = example_of(HandoffAccepted)._replace(sealed=event)
    return ENTRY._replace(event=told, deliveries=notices)


def state_with(parked: tuple[SealedPart, ...], *contents: tuple[SealedPart, ...]) -> PersonState:
    """The same state with these sealed parts of its parked event and its two handoffs."""
    handoffs = tuple(HANDOFF._replace(content=content) for content in contents)
    waiting = PARKED._replace(event=example_of(HandoffRejected)._replace(sealed=parked))
    return STATE._replace(handoffs=handoffs, convened=handoffs[:1], parked=(waiting,))


@given(any_entry())
@settings(max_examples=60)
def test_every_entry_comes_back_as_it_was(entry: LedgerEntry) -> None:
    encoded = encode_entry(entry, STATE_DIGEST)
    back = decode_entry(encoded.data)
    assert back == (entry, STATE_DIGEST, encoded.entry_digest)
    assert encode_entry(back.entry, back.state_digest) == encoded


@given(any_state())
@settings(max_examples=60)
def test_every_state_comes_back_as_it_was(state: PersonState) -> None:
    encoded = encode_state(state)
    back = decode_state(encoded.data)
    assert back == (state, encoded.state_digest)
    assert encode_state(back.state) == encoded


@given(any_entry(), any_state())
@settings(max_examples=20)
def test_entries_and_states_have_the_bytes_that_another_library_gives_them(
    entry: LedgerEntry, state: PersonState
) -> None:
    for record, data in (
        ("LedgerEntry", encode_entry(entry, STATE_DIGEST).data),
        ("PersonState", encode_state(state).data),
    ):
        assert other_library(record, data) == data


def test_an_entry_without_sealed_parts_is_its_own_body() -> None:
    data, digest = encode_entry(ENTRY, STATE_DIGEST)
    assert data.endswith(STATE_DIGEST + b"\x00")
    assert digest == sha256(data).digest()


def test_the_digest_of_an_entry_does_not_change_with_its_sealed_parts() -> None:
    data, digest = encode_entry(ENTRY, STATE_DIGEST)
    for event, first, second in (
        ((REMARK,), (), ()),
        ((), (REMARK,), ()),
        ((), (), (REMARK, AGAIN)),
        ((AGAIN,), (REMARK,), (AGAIN,)),
    ):
        entry = entry_with(event, first, second)
        sealed = encode_entry(entry, STATE_DIGEST)
        assert sealed.entry_digest == digest
        assert sealed.data.startswith(data[:-1])
        assert decode_entry(sealed.data) == (entry, STATE_DIGEST, digest)


def test_the_digest_of_an_entry_changes_with_everything_else() -> None:
    digest = encode_entry(ENTRY, STATE_DIGEST).entry_digest
    assert encode_entry(ENTRY, bytes(32)).entry_digest != digest
    assert encode_entry(ENTRY._replace(facts=()), STATE_DIGEST).entry_digest != digest
    assert encode_entry(ENTRY._replace(sequence=0), STATE_DIGEST).entry_digest != digest


def test_the_digest_of_a_state_does_not_change_with_its_sealed_parts() -> None:
    data, digest = encode_state(STATE)
    assert digest == sha256(data).digest()
    for parked, first, second in (
        ((REMARK,), (), ()),
        ((), (REMARK,), ()),
        ((AGAIN,), (), (REMARK, AGAIN)),
    ):
        state = state_with(parked, first, second)
        sealed = encode_state(state)
        assert sealed.state_digest == digest
        assert decode_state(sealed.data) == (state, digest)
    assert encode_state(STATE._replace(sequence=0)).state_digest != digest


def test_sealed_parts_are_in_the_trail_alone() -> None:
    sealed = entry_with((REMARK,), (), ())
    body = encode_entry(ENTRY, STATE_DIGEST).data
    data = encode_entry(sealed, STATE_DIGEST).data
    assert data.count(REMARK.value) == 1
    assert data.index(REMARK.value) >= len(body)


@pytest.mark.parametrize(
    ("trail", "reason"),
    [
        (b"\x02\x00\x00", "the trail has positions and no sealed parts"),
        (b"\x02\x02\x12\x02\x02a\x00\x00", "the trail has other positions than the record"),
        (b"", "truncated"),
        (b"\x06\x00\x00", "more items than bytes"),
        (b"\x00\x00", "1 bytes after the end"),
        (b"\x06\x00\x00\x02\x12\x02\x02a\x00\x00\x00", "1 bytes after the end"),
    ],
)
def test_a_trail_that_does_not_belong_to_its_record_is_refused(trail: bytes, reason: str) -> None:
    body = encode_entry(ENTRY, STATE_DIGEST).data[:-1]
    with pytest.raises(ContractError) as refused:
        decode_entry(body + trail)
    assert (refused.value.record, refused.value.reason) == ("LedgerEntry", reason)


def test_sealed_parts_for_an_event_that_has_none_are_refused() -> None:
    entry = ENTRY._replace(event=example_of(AgencyFellSilent), deliveries=())
    body = encode_entry(entry, STATE_DIGEST).data[:-1]
    with pytest.raises(ContractError, match="sealed parts for something that has none"):
        decode_entry(body + b"\x02\x02\x12\x02\x02a\x00\x00")


def test_sealed_parts_outside_the_trail_are_refused() -> None:
    entry = ENTRY._replace(deliveries=(), facts=())
    body = encode_entry(entry, STATE_DIGEST).data
    end_of_event = body.index(b"\x00\x00\x00@" + STATE_DIGEST)
    assert end_of_event > 0
    moved = body[:end_of_event] + b"\x02\x12\x02\x02a" + body[end_of_event:]
    with pytest.raises(ContractError, match="sealed parts stand outside the trail"):
        decode_entry(moved)


def test_a_state_of_many_handoffs_and_parked_events_gets_each_its_own() -> None:
    state = STATE._replace(
        handoffs=tuple(HANDOFF._replace(content=(REMARK,) * count) for count in range(3)),
        convened=tuple(HANDOFF._replace(content=(AGAIN,) * count) for count in (1, 0, 3)),
        parked=tuple(
            PARKED._replace(event=example_of(HandoffAccepted)._replace(sealed=(AGAIN,) * count))
            for count in (2, 0, 1)
        ),
    )
    assert decode_state(encode_state(state).data).state == state


def test_an_entry_that_its_trail_makes_too_long_is_refused() -> None:
    half = SealedPart(Part.REMARK, 1, bytes(BYTES_MAX // 2))
    with pytest.raises(ContractError, match="LedgerEntry: over 1048576 bytes"):
        encode_entry(entry_with((half,), (half,), ()), STATE_DIGEST)


def test_an_entry_whose_sealed_parts_do_not_fit_is_refused() -> None:
    wrong = SealedPart(Part.REMARK, 1, "text")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ContractError, match="LedgerEntry: the value of field sealed does not fit"):
        encode_entry(entry_with((wrong,), (), ()), STATE_DIGEST)


def test_a_value_of_another_number_of_fields_is_refused() -> None:
    with pytest.raises(ContractError, match="the value has another number of fields"):
        Trailed("PersonState").encode(STATE[:-1], ())
