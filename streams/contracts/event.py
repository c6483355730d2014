"""Contract events as bytes, each under the contract of its own name."""

from functools import cache
from typing import get_args

from streams.contracts.codec import codec_of
from streams.contracts.declarations import ContractError
from streams.domain.event import Event


def encode_event(event: Event) -> bytes:
    """Write a contract event, sealed parts and all; `type(event).__name__` names its contract.

    Raises:
        ContractError: A value does not fit the contract, or the bytes are over 1 MiB.
    """
    return codec_of(type(event)).encode(event)


def decode_event(record_name: str, data: bytes) -> Event:
    """Read a contract event back.

    Args:
        record_name: The event's name, as `HandoffAccepted`.
        data: What `encode_event` gave.

    Raises:
        ContractError: There is no event of this name, or the bytes are none in its one spelling.
    """
    if record_name not in event_classes():
        raise ContractError(record_name, "there is no event of this name")
    return codec_of(event_classes()[record_name]).decode(data)


@cache
def event_classes() -> dict[str, type[Event]]:
    """Give the class of every contract event by its name, in the order of the ledger's union."""
    return {event.__name__: event for event in get_args(Event)}
