"""The common job's records: an event of twelve fields, an outcome, and a person's state.

The shapes are the peers', so that everybody reads and writes the same bytes; they are compiled as
the hub's own contracts are.
"""

from collections.abc import Sequence
from enum import StrEnum
from operator import call
from typing import Any, NamedTuple

from streams.contracts.reading import Read, Reading
from streams.contracts.writing import EMPTY, Encode, Writing


class EventType(StrEnum):
    """What happened."""

    SUBMITTED = "ReferralSubmitted"
    RECEIVED = "HandoffReceived"
    ACCEPTED = "HandoffAccepted"
    REJECTED = "HandoffRejected"
    STARTED = "ServiceStarted"
    COMPLETED = "ServiceCompleted"


class Priority(StrEnum):
    """How urgent it is."""

    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"


class ReferralEvent(NamedTuple):
    """What a peer is handed."""

    event_id: str
    person: str
    agency: str
    type: EventType
    occurred_at: int
    handoff_id: str
    source: str
    recipient: str
    service: str
    priority: Priority
    categories: tuple[str, ...]
    reason: str | None


class ReferralOutcome(NamedTuple):
    """What a peer writes of an event."""

    event_id: str
    person: str
    handoff_id: str
    recipient: str
    occurred_at: int
    duplicate: bool
    events_so_far: int
    open_handoffs: int
    categories: tuple[str, ...]


_STRINGS = {"type": "array", "items": "string"}
_TYPES: dict[str, Any] = {
    "event_id": "string",
    "person": "string",
    "agency": "string",
    "type": "peers.EventType",
    "occurred_at": "long",
    "handoff_id": "string",
    "source": "string",
    "recipient": "string",
    "service": "string",
    "priority": "peers.Priority",
    "categories": _STRINGS,
    "reason": ["null", "string"],
    "duplicate": "boolean",
    "events_so_far": "long",
    "open_handoffs": "long",  # an int is written as a long is
    "events": "long",
    "recent": _STRINGS,
    "open": _STRINGS,
}


def _fields(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "type": _TYPES[name]} for name in names]


_CLASSES: dict[str, type] = {"EventType": EventType, "Priority": Priority}
_AMONG: dict[str, dict[str, Any]] = {
    "EventType": {
        "type": "enum",
        "name": "EventType",
        "symbols": [each.value for each in EventType],
    },
    "Priority": {"type": "enum", "name": "Priority", "symbols": [each.value for each in Priority]},
    "ReferralEvent": {"fields": _fields(*ReferralEvent._fields)},
    "ReferralOutcome": {"fields": _fields(*ReferralOutcome._fields)},
    "PersonState": {"fields": _fields("events", "recent", "open")},
}


number = Writing(_CLASSES, sealed=True, among=_AMONG).encoder("long")
_MOMENTS_MS = 1 << 34, 1 << 41
"""Moments whose bytes are six."""


def event_reader() -> Read:
    """Compile what reads an event."""
    return Reading(_CLASSES, _AMONG).record(ReferralEvent, _AMONG["ReferralEvent"]["fields"])


def outcome_reader() -> Read:
    """Compile what reads an outcome."""
    return Reading(_CLASSES, _AMONG).record(ReferralOutcome, _AMONG["ReferralOutcome"]["fields"])


def state_reader() -> Read:
    """Compile what reads a state: count, last ids, open handoffs."""
    return Reading(_CLASSES, _AMONG).record(tuple, _AMONG["PersonState"]["fields"])


def text(value: str) -> bytes:
    """Write a string that hardly ever comes again: nothing is kept of it."""
    data = value.encode()
    return number(len(data)) + data


def moment(value_ms: int) -> bytes:
    """Write a moment, which does not come again either."""
    if not _MOMENTS_MS[0] <= value_ms < _MOMENTS_MS[1]:
        return number(value_ms)
    zigzag = value_ms << 1
    return bytes(
        (
            zigzag & 127 | 128,
            zigzag >> 7 & 127 | 128,
            zigzag >> 14 & 127 | 128,
            zigzag >> 21 & 127 | 128,
            zigzag >> 28 & 127 | 128,
            zigzag >> 35,
        )
    )


def array(items: Sequence[bytes]) -> bytes:
    """Write an array of what is written already."""
    return b"".join((number(len(items)), *items, EMPTY)) if items else EMPTY


def writer(record: str) -> Encode:
    """Compile what writes the fields of a record."""
    fields = Writing(_CLASSES, sealed=True, among=_AMONG).fields(record)
    join = b"".join
    return lambda values: join(map(call, fields, values))


def read_with(read: Read, data: bytes) -> Any:  # noqa: ANN401  # of what class, the reader says
    """Read a whole value.

    Raises:
        ValueError: Bytes follow it, or are missing.
    """
    value, end = read(data, data.decode("latin-1"), 0)
    if end != len(data):
        raise ValueError(f"{end} of {len(data)} bytes were read")
    return value
