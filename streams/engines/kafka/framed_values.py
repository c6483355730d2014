"""Values of one contract, taken out of the registry's frame; none raises, whatever it holds."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from streams.contracts.declarations import ContractError
from streams.contracts.frame import FrameError, unframed
from streams.contracts.registry import Known, UnknownSchemaError, payload_of

NO_VALUE = "no-value"
BAD_FRAME = "bad-frame"
"""No frame of the registry, cut short in it, or over the limit."""
UNKNOWN_SCHEMA = "unknown-schema"
"""The registry positively does not know the id."""
ANOTHER_SUBJECT = "another-subject"
"""A contract that has no place on this topic."""
BAD_BYTES = "bad-bytes"
"""Truncated, trailing bytes, or no value of the contract that it names."""


class Schemas(Protocol):
    """What a reader asks of the registry: `streams.contracts.registry.Registry`."""

    def known(self, schema_id: int) -> Known | None:
        """Give what is known of an id without asking."""

    async def look_up(self, schema_id: int) -> Known:
        """Ask of an id; raises UnknownSchemaError or RegistryUnavailableError."""


class Fault(NamedTuple):
    """Why a value cannot be read: a code, and nothing of what is in it."""

    cause: str


class FramedValues:
    """Takes the bytes of one contract out of their frames, as that contract now stands."""

    def __init__(self, schemas: Schemas, record: str) -> None:
        """Read values of a record, by its simple name."""
        self._schemas = schemas
        self._record = record
        self._unknown: set[int] = set()

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Ask the registry of every id that was never met.

        Raises:
            RegistryUnavailableError: It gave no answer: wait, and ask again.
        """
        for schema_id in sorted({_id_of(value) for value in values}):
            if schema_id < 0 or schema_id in self._unknown:
                continue
            if self._schemas.known(schema_id) is None:
                try:
                    await self._schemas.look_up(schema_id)
                except UnknownSchemaError:
                    self._unknown.add(schema_id)

    def payload(self, value: bytes | None) -> bytes | Fault:
        """Give the contract's bytes; the id was learnt before."""
        if value is None:
            return Fault(NO_VALUE)
        try:
            schema_id, data = unframed(value)
        except FrameError:
            return Fault(BAD_FRAME)
        known = self._schemas.known(schema_id)
        if known is None:
            return Fault(UNKNOWN_SCHEMA)
        if known.record != self._record:
            return Fault(ANOTHER_SUBJECT)
        try:
            return payload_of(known, data)
        except ContractError:
            return Fault(BAD_BYTES)


def _id_of(value: bytes | None) -> int:
    try:
        return unframed(value or b"")[0]
    except FrameError:
        return -1
