"""Contracts in the registry's frame, for one worker: what it writes, and what it can read."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from streams.contracts.codec import BYTES_MAX, codec_of
from streams.contracts.declarations import ContractError
from streams.contracts.event import event_classes
from streams.contracts.frame import HEAD_BYTES as FRAME_BYTES
from streams.contracts.registry import (
    Known,
    RegistryUnavailableError,
    UnknownSchemaError,
    payload_of,
)
from streams.domain.event import Event
from streams.engines.kafka import framed_values
from streams.promises.watermark import Watermark

_MAGIC = b"\0"


class Schemas(framed_values.Schemas, Protocol):
    """What a worker that writes, too, asks of the registry."""

    def id_of(self, record: str) -> int:
        """Give the id of one of our own contracts."""


class Poison(NamedTuple):
    """Why a record is none that this topic may have; `detail` names the mend."""

    code: str
    detail: str


_NO_FRAME = Poison("bad-magic", "The record has no frame of the registry: look at its producer.")
_TOO_LARGE = Poison("too-large", f"The record is over {BYTES_MAX} bytes: look at its producer.")
_UNKNOWN = Poison(
    "unknown-schema", "The registry does not know the record's schema: register it, then replay."
)
_FOREIGN = Poison("another-subject", "The record is of a contract that has no place on this topic.")

Decode = Callable[[bytes], Event | Watermark]


class Frames:
    """Reads events and watermarks, and frames what a router writes."""

    def __init__(self, schemas: Schemas) -> None:
        """Know our own contracts at once."""
        self._schemas = schemas
        self._readers: dict[bytes, Decode | Poison] = {}
        for record in (*event_classes(), "Watermark"):
            self._readers[self.head(record)] = _plain(record)

    def head(self, record: str) -> bytes:
        """Give what stands before a contract's bytes."""
        return _MAGIC + self._schemas.id_of(record).to_bytes(4, "big")

    def strange(self, values: Iterable[bytes | None]) -> list[int]:
        """Give the ids of schemas that nothing is known of yet, in order."""
        heads = {value[:FRAME_BYTES] for value in values if value}
        return sorted(
            int.from_bytes(head[1:], "big")
            for head in heads.difference(self._readers)
            if len(head) == FRAME_BYTES and head[:1] == _MAGIC
        )

    async def learn(self, schema_id: int) -> None:
        """Ask the registry of an id.

        Raises:
            RegistryUnavailableError: It cannot be asked now.
        """
        head = _MAGIC + schema_id.to_bytes(4, "big")
        try:
            known = self._schemas.known(schema_id) or await self._schemas.look_up(schema_id)
        except UnknownSchemaError:
            self._readers[head] = _UNKNOWN
            return
        if known.record in event_classes() or known.record == "Watermark":
            self._readers[head] = _older(known)
        else:
            self._readers[head] = _FOREIGN

    def read(self, value: bytes | None) -> Event | Watermark | Poison:
        """Read a record's value; whatever its bytes are, nothing is raised."""
        if not value or value[:1] != _MAGIC or len(value) < FRAME_BYTES:
            return _NO_FRAME
        if len(value) > BYTES_MAX + FRAME_BYTES:
            return _TOO_LARGE
        reader = self._readers.get(value[:FRAME_BYTES], _UNKNOWN)
        if isinstance(reader, Poison):
            return reader
        try:
            return reader(value[FRAME_BYTES:])
        except ContractError as refused:
            return Poison("bad-bytes", f"{refused}: look at its producer.")

    def current(self, record: str, value: bytes) -> bytes:
        """Give the bytes of a state under the current contract, without their frame.

        Raises:
            ContractError: They are of another record, or cannot be read any more.
            RegistryUnavailableError: They are older, and their contract is not at hand.
        """
        head, payload = value[:FRAME_BYTES], value[FRAME_BYTES:]
        if head == self.head(record):
            return payload
        known = self._schemas.known(int.from_bytes(head[1:], "big"))
        if known is None:
            raise RegistryUnavailableError("an older contract of a state is not at hand")
        if known.record != record:
            raise ContractError(record, f"the bytes are of {known.record}")
        return payload_of(known, payload)


def _plain(record: str) -> Decode:
    of: type[Any] = Watermark if record == "Watermark" else event_classes()[record]
    decode: Decode = codec_of(of).decode
    return decode


def _older(known: Known) -> Decode:
    plain = _plain(known.record)
    return lambda payload: plain(payload_of(known, payload))
