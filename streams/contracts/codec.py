"""One contract, compiled: a value of its class to bytes and back."""

from collections.abc import Mapping
from functools import cache
from itertools import chain
from operator import call
from typing import Any, Generic, TypeVar

from streams.contracts.declarations import ContractError, declared
from streams.contracts.reading import Read, Reading, RefusedError
from streams.contracts.writing import Encode, Writing
from streams.domain import (
    answers,
    clock_facts,
    codes,
    entry,
    envelope,
    hub_events,
    path,
    person,
    referral,
    statements,
)

BYTES_MAX = 1024 * 1024
"""Longest record in bytes; a longer one is refused both ways."""

_UNFIT = (AttributeError, KeyError, OverflowError, TypeError, UnicodeEncodeError)

_Value = TypeVar("_Value", bound=tuple[Any, ...])


@cache
def classes() -> Mapping[str, type]:
    """Give the domain's records and codes by name."""
    modules = (
        codes,
        envelope,
        referral,
        answers,
        statements,
        path,
        hub_events,
        clock_facts,
        entry,
        person,
    )
    named = chain.from_iterable(vars(module).items() for module in modules)
    return {name: thing for name, thing in named if isinstance(thing, type)}


class Codec(Generic[_Value]):
    """Turns values of one class into Avro bytes and back; the record has the class's name."""

    def __init__(self, of: type[_Value]) -> None:
        """Compile the contract.

        Raises:
            ContractError: There is no such contract, or its fields are not the class's.
        """
        self.record = of.__name__
        self._make = of
        known = {**classes(), self.record: of}
        if self.record not in declared():
            raise ContractError(self.record, "there is no such contract")
        self._names = names_of(self.record)
        self._writers = Writing(known, sealed=True).fields(self.record)
        self._reader = Reading(known).record(of, declared()[self.record]["fields"])

    def encode(self, value: _Value) -> bytes:
        """Write a value, sealed parts and all: the same value, the same bytes.

        Raises:
            ContractError: The value does not fit the contract, or is over 1 MiB.
        """
        if type(value) is not self._make:
            raise ContractError(self.record, "the value is of another class")
        return write(self.record, self._names, self._writers, value)

    def decode(self, data: bytes) -> _Value:
        """Read a value back.

        Raises:
            ContractError: The bytes are no value of the contract, in its one spelling.
        """
        value, end = read(self.record, self._reader, data)
        ended(self.record, data, end)
        decoded: _Value = value
        return decoded


def names_of(record: str) -> tuple[str, ...]:
    """Give the names of a contract's fields, in their order."""
    return tuple([field["name"] for field in declared()[record]["fields"]])


def write(
    record: str, names: tuple[str, ...], writers: tuple[Encode, ...], values: tuple[Any, ...]
) -> bytes:
    """Write fields of a record with what `Writing.fields` gave for them.

    Raises:
        ContractError: A value does not fit its field, or all are over 1 MiB. Names the field.
    """
    if len(values) != len(writers):
        raise ContractError(record, "the value has another number of fields")
    try:
        data = b"".join(map(call, writers, values))
    except _UNFIT:
        unfit = _unfit(names, writers, values)
        # Without the cause: its text may repeat what the value holds about a person.
        raise ContractError(record, f"the value of field {unfit} does not fit") from None
    within(record, data)
    return data


def _unfit(names: tuple[str, ...], writers: tuple[Encode, ...], values: tuple[Any, ...]) -> str:
    for name, writer, value in zip(names, writers, values, strict=True):
        try:
            writer(value)
        except _UNFIT:
            return name
    raise AssertionError  # pragma: no cover  # one of them has just refused


def read(record: str, reader: Read, data: bytes, at: int = 0) -> tuple[Any, int]:
    """Read with what `Reading.record` gave for a record; give the value and where it ends.

    Raises:
        ContractError: The bytes are no value of the contract, or are over 1 MiB.
    """
    within(record, data)
    try:
        return reader(data, data.decode("latin-1"), at)
    except RefusedError as refused:
        reason = str(refused)
    except IndexError:
        reason = "truncated"
    except KeyError:
        reason = "a union branch, code or truth value that the contract does not have"
    except UnicodeDecodeError:
        reason = "a text that is not UTF-8"
    raise ContractError(record, reason)


def within(record: str, data: bytes) -> None:
    """Let bytes pass that are at most 1 MiB.

    Raises:
        ContractError: They are more.
    """
    if len(data) > BYTES_MAX:
        raise ContractError(record, f"over {BYTES_MAX} bytes")


def ended(record: str, data: bytes, end: int) -> None:
    """Let bytes pass that end where their value does.

    Raises:
        ContractError: They end earlier or later.
    """
    if end != len(data):
        reason = "truncated" if end > len(data) else f"{len(data) - end} bytes after the end"
        raise ContractError(record, reason)


_CODECS: dict[type, Codec[Any]] = {}


def codec_of(of: type[_Value]) -> Codec[_Value]:
    """Give the codec of a class, compiled once.

    Raises:
        ContractError: There is no contract of this name.
    """
    if of not in _CODECS:
        _CODECS[of] = Codec(of)
    return _CODECS[of]
