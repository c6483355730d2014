"""One full value of each class, the same on every machine, and values as JSON to read."""

from enum import StrEnum
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from streams.contracts.codec import codec_of
from streams.contracts.dead_letter import decode_dead_letter, encode_dead_letter
from streams.contracts.entry import decode_entry, decode_notice, encode_entry, encode_notice
from streams.contracts.event import event_classes
from streams.contracts.person import decode_closed, decode_state, encode_closed, encode_state
from streams.domain.entry import LedgerEntry, Notice
from streams.domain.ids import Instant
from streams.domain.person import ClosedState, PersonState
from streams.engines.kafka.partition_state import AgencyHeard, PartitionState
from streams.promises.engine import DeadLetter
from streams.promises.watermark import Watermark

T = TypeVar("T")

STATE_DIGEST = bytes(range(32))
RECORDS: tuple[str, ...] = (
    *event_classes(),
    "AgencyHeard",
    "ClosedState",
    "DeadLetter",
    "LedgerEntry",
    "Notice",
    "PartitionState",
    "PersonState",
    "Watermark",
)
"""Every record that is written on its own; the others stand in them."""
_PLAIN: dict[str, type[Any]] = {
    **event_classes(),
    "AgencyHeard": AgencyHeard,
    "PartitionState": PartitionState,
    "Watermark": Watermark,
}


def example_of(of: type[T], name: str = "") -> T:
    """Fill every field; an array of a union holds one of each, any other array one item."""
    return cast("T", _example(of, name))


def _example(of: Any, name: str) -> Any:  # noqa: ANN401  # any annotation
    number = int.from_bytes(sha256(name.encode()).digest()[:2], "big")
    plain = {
        bool: number % 2 == 1,
        int: number,
        str: f"{name} {number}",
        bytes: name.encode(),
        Instant: 1_770_000_000_000_000 + number,
    }
    if of in plain:
        return plain[of]
    if isinstance(of, NewType):
        return _example(of.__supertype__, name)
    if get_origin(of) is tuple:
        return tuple([_example(branch, name) for branch in _branches(get_args(of)[0])])
    if get_origin(of) in (Union, UnionType):
        return _example(_branches(of)[0], name)
    if issubclass(of, StrEnum):
        return list(of)[1 + number % (len(of) - 1)]
    hints = get_type_hints(of)
    return of(*[_example(hints[field], f"{of.__name__}.{field}") for field in of._fields])


def _branches(of: Any) -> list[Any]:  # noqa: ANN401  # any annotation
    branches = get_args(of) if get_origin(of) in (Union, UnionType) else (of,)
    return [branch for branch in branches if branch is not NoneType]


def encoded_example(record: str) -> bytes:
    """Write the example of one of `RECORDS`."""
    match record:
        case "LedgerEntry":
            return encode_entry(example_of(LedgerEntry), STATE_DIGEST).data
        case "PersonState":
            return encode_state(example_of(PersonState)).data
        case "ClosedState":
            return encode_closed(example_of(ClosedState))
        case "Notice":
            return encode_notice(example_of(Notice))
        case "DeadLetter":
            return encode_dead_letter(example_of(DeadLetter))
        case _:
            of = _PLAIN[record]
            return codec_of(of).encode(example_of(of))


def decode(record: str, data: bytes) -> Any:  # noqa: ANN401  # of what class, the record says
    """Read one of `RECORDS`, with its digests where it has any."""
    match record:
        case "LedgerEntry":
            return decode_entry(data)
        case "PersonState":
            return decode_state(data)
        case "ClosedState":
            return decode_closed(data)
        case "Notice":
            return decode_notice(data)
        case "DeadLetter":
            return decode_dead_letter(data, DeadLetter)
        case _:
            return codec_of(_PLAIN[record]).decode(data)


def as_json(value: object) -> object:
    """Give a value as JSON has it: records with their type, fields by their contract's names."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        fields = {name.rstrip("_"): as_json(part) for name, part in value._asdict().items()}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
