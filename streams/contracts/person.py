"""A person's two state records as bytes, and the digest of the hot one."""

from functools import cache
from typing import NamedTuple

from streams.contracts.codec import codec_of
from streams.contracts.sealed_trail import Trailed, parts_of
from streams.domain.person import ClosedState, Parked, PersonState

_HANDOFFS = PersonState._fields.index("handoffs")
_CONVENED = PersonState._fields.index("convened")
_PARKED = PersonState._fields.index("parked")


class EncodedState(NamedTuple):
    """A hot state as bytes; `state_digest` is their SHA-256 with the sealed parts left empty."""

    data: bytes
    state_digest: bytes


class DecodedState(NamedTuple):
    """A hot state read back."""

    state: PersonState
    state_digest: bytes


def encode_state(state: PersonState) -> EncodedState:
    """Write a person's hot state: the same state, the same bytes.

    Raises:
        ContractError: A value does not fit the contract, or the bytes are over 1 MiB.
    """
    parts = (
        *[handoff.content for handoff in (*state.handoffs, *state.convened)],
        *[parts_of(parked.event) for parked in state.parked],
    )
    return EncodedState(*_states().encode(state, parts))


def decode_state(data: bytes) -> DecodedState:
    """Read a person's hot state back, sealed parts in their places.

    Raises:
        ContractError: The bytes are no hot state in its one spelling.
    """
    found = _states().decode(data)
    values = found.values
    handoffs, convened, parked = values[_HANDOFFS], values[_CONVENED], values[_PARKED]
    holders = (*handoffs, *convened, *[waiting.event for waiting in parked])
    filled = _states().put_back(holders, found.parts)
    over_from, parked_from = len(handoffs), len(handoffs) + len(convened)
    values[_HANDOFFS] = filled[:over_from]
    values[_CONVENED] = filled[over_from:parked_from]
    values[_PARKED] = tuple(
        [
            Parked(event, waiting.until)
            for event, waiting in zip(filled[parked_from:], parked, strict=True)
        ]
    )
    return DecodedState(PersonState._make(values), found.digest)


def encode_closed(closed: ClosedState) -> bytes:
    """Write the record of what is over for a person.

    Raises:
        ContractError: A value does not fit the contract, or the bytes are over 1 MiB.
    """
    return codec_of(ClosedState).encode(closed)


def decode_closed(data: bytes) -> ClosedState:
    """Read the record of what is over back.

    Raises:
        ContractError: The bytes are no such record in its one spelling.
    """
    return codec_of(ClosedState).decode(data)


@cache
def _states() -> Trailed:
    return Trailed("PersonState")
