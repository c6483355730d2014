"""The sealed parts trail: records whose sealed parts all stand in their last field.

    body: every field, sealed ones left empty | trail: array<array<SealedPart>>, by position

The digest is taken of the body with an empty trail, so that it stays the same whatever the sealing
keys were, and after the parts were erased. Where no position has sealed parts, the trail is empty.
"""

from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from streams.contracts.codec import classes, ended, names_of, read, within, write
from streams.contracts.declarations import ContractError, declared
from streams.contracts.reading import Reading
from streams.contracts.writing import EMPTY, Writing
from streams.domain.envelope import SealedPart

Parts = tuple[SealedPart, ...]

_Holder = TypeVar("_Holder", bound=tuple[Any, ...])


class Read(NamedTuple):
    """A record as read: its fields but for the trail, the parts by position, and the digest."""

    values: list[Any]
    parts: tuple[Parts, ...]
    """Empty where no position has sealed parts."""
    digest: bytes


class Trailed:
    """Reads and writes one contract that ends with a trail."""

    def __init__(self, record: str) -> None:
        """Compile the contract; its last field is the trail."""
        self._record = record
        self._names = names_of(record)
        self._writers = Writing(classes(), sealed=False).fields(record)
        self._write_trail = Writing(classes(), sealed=True).fields(record)[-1:]
        self._reader = Reading(classes()).trailed(declared()[record]["fields"])
        self._holders = _holders()

    def encode(self, values: tuple[Any, ...], parts: tuple[Parts, ...]) -> tuple[bytes, bytes]:
        """Write the fields but for the trail, then the parts by position; give bytes and digest.

        Raises:
            ContractError: A value does not fit, or all are over 1 MiB.
        """
        body = write(self._record, self._names, self._writers, (*values, ()))
        digest = sha256(body).digest()
        if not any(parts):
            return body, digest
        trail = write(self._record, self._names[-1:], self._write_trail, (parts,))
        data = body[: -len(EMPTY)] + trail
        within(self._record, data)
        return data, digest

    def decode(self, data: bytes) -> Read:
        """Read the record; sealed fields of its body are still empty.

        Raises:
            ContractError: The bytes are no value of the contract, in its one spelling.
        """
        (*values, at, parts), end = read(self._record, self._reader, data)
        ended(self._record, data, end)
        if parts and not any(parts):
            raise ContractError(self._record, "the trail has positions and no sealed parts")
        body = data[:at] + EMPTY if parts else data
        return Read(values, parts, sha256(body).digest())

    def put_back(
        self, holders: tuple[_Holder, ...], parts: tuple[Parts, ...]
    ) -> tuple[_Holder, ...]:
        """Give each holder its sealed parts again, by position; nothing, where parts are none.

        Raises:
            ContractError: There are other positions than holders, a holder cannot have parts, or
                one had parts in the body.
        """
        for holder in holders:
            if holder[-1] and type(holder) in self._holders:
                raise ContractError(self._record, "sealed parts stand outside the trail")
        if not parts:
            return holders
        if len(parts) != len(holders):
            raise ContractError(self._record, "the trail has other positions than the record")
        return tuple(map(self._with, holders, parts))

    def _with(self, holder: _Holder, parts: Parts) -> _Holder:
        if not parts:
            return holder
        if type(holder) not in self._holders:
            raise ContractError(self._record, "sealed parts for something that has none")
        filled: _Holder = tuple.__new__(type(holder), (*holder[:-1], parts))
        return filled


def parts_of(holder: tuple[Any, ...]) -> Parts:
    """Give the sealed parts that a value holds, none where it cannot hold any."""
    parts: Parts = holder[-1] if type(holder) in _holders() else ()
    return parts


@cache
def _holders() -> frozenset[type]:
    # The mark in the contract says who holds sealed parts; a test holds that they stand last.
    marked = [name for name, schema in declared().items() if schema["type"] == "record"]
    return frozenset(
        classes()[name]
        for name in marked
        if name in classes() and declared()[name]["fields"][-1].get("sealed") is True
    )
