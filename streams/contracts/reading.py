"""How Avro bytes become values: a contract is compiled once into one function a record.

Every value has one spelling here: what reads back also writes back to the same bytes. Avro's other
spellings (arrays in several blocks, numbers with needless digits) are refused, and so is all that
is no value of the contract. No contract nests in itself, so depth is bounded by the contract.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from streams.contracts.declarations import ContractError, Schema, declared, simple, symbols

Read: TypeAlias = Callable[[bytes, str, int], tuple[Any, int]]
"""Reads a value out of bytes, the same bytes as Latin-1 text, and the place where it begins; gives
it and the place where it ends, which lies beyond the end of the bytes where these were cut off.

Raises RefusedError, IndexError (cut off), KeyError (a code or branch that the contract does not
have) or UnicodeDecodeError.
"""

Step: TypeAlias = tuple[int, Any]
"""How a field is read, and what with: text and codes, as most are, in the record's own loop."""

_TEXT, _CODE, _OTHER, _MAYBE, _NOTHING = range(5)
PLACES_MAX = 64
"""So many codes or branches one byte can tell apart."""

_LONG_BITS = 64
_MOMENT_DIGITS = 8
"""Bytes of any moment between 1978 and 3111: those that a state holds are read again and again."""
_MOMENTS: dict[bytes, int] = {}
MOMENTS_MAX = 8192


class RefusedError(ValueError):
    """The bytes are no value of the contract; the text is the reason."""


def _number(data: bytes, at: int) -> tuple[int, int]:
    digit = data[at]
    zigzag = digit & 127
    shift = 7
    while digit > 127:  # noqa: PLR2004  # the highest bit says that another digit follows
        at += 1
        digit = data[at]
        if not digit or shift >= _LONG_BITS:
            raise RefusedError("a number has needless digits")
        zigzag |= (digit & 127) << shift
        shift += 7
    if zigzag >> _LONG_BITS:
        raise RefusedError("a number has more than 64 bits")
    return (zigzag >> 1) ^ -(zigzag & 1), at + 1


def _length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if not first & 129:  # one digit, not below zero
        return first >> 1, at + 1
    second = data[at + 1]
    if not first & 1 and 0 < second < 128:  # noqa: PLR2004  # two digits, not below zero
        return (first & 127 | second << 7) >> 1, at + 2
    length, at = _number(data, at)
    if not 0 <= length <= len(data) - at:
        raise RefusedError("a length below zero, or beyond the end")
    return length, at


def _long(data: bytes, _text: str, at: int) -> tuple[int, int]:
    zigzag = data[at]
    if zigzag < 128:  # noqa: PLR2004  # one digit
        return (zigzag >> 1) ^ -(zigzag & 1), at + 1
    moment = _MOMENTS.get(data[at : at + _MOMENT_DIGITS])
    if moment is not None:
        return moment, at + _MOMENT_DIGITS
    value, end = _number(data, at)
    if end - at == _MOMENT_DIGITS:
        if len(_MOMENTS) >= MOMENTS_MAX:
            _MOMENTS.clear()
        _MOMENTS[data[at:end]] = value
    return value, end


def _bytes(data: bytes, _text: str, at: int) -> tuple[bytes, int]:
    length, at = _length(data, at)
    return data[at : at + length], at + length


def _text(data: bytes, text: str, at: int) -> tuple[str, int]:
    length, at = _length(data, at)
    found = text[at : at + length]  # ASCII is cut without decoding
    return found if found.isascii() else data[at : at + length].decode(), at + length


def _place(_data: bytes, _text: str, at: int) -> tuple[int, int]:
    return at, at


def _record(make: type[tuple[Any, ...]], steps: tuple[Step, ...]) -> Read:
    new = tuple.__new__

    def read(data: bytes, text: str, at: int) -> tuple[Any, int]:
        values: list[Any] = []
        add = values.append
        for step in steps:
            kind, detail = step
            if kind == _MAYBE:
                kind, detail = detail[data[at]]
                at += 1
            if kind == _TEXT:
                length = data[at]
                if length & 129:  # more than one digit, or below zero
                    length, at = _length(data, at)
                else:
                    length, at = length >> 1, at + 1
                found = text[at : at + length]  # as `_text`, without a call a field
                add(found if found.isascii() else data[at : at + length].decode())
                at += length
            elif kind == _CODE:
                add(detail[data[at]])
                at += 1
            elif kind == _OTHER:
                value, at = detail(data, text, at)
                add(value)
            else:
                add(None)
        return new(make, values), at

    return read


def _codes(by_place: dict[int, Any]) -> Read:
    code_at = by_place.__getitem__

    def read(data: bytes, _text: str, at: int) -> tuple[Any, int]:
        count, at = _length(data, at)
        if not count:
            return (), at
        end = at + count
        return tuple(map(code_at, data[at:end])), _end_of_array(data, end)

    return read


def _array(read_item: Read) -> Read:
    def read(data: bytes, text: str, at: int) -> tuple[Any, int]:
        if not data[at]:
            return (), at + 1
        count, at = _length(data, at)
        if count > len(data) - at:  # an item is a byte at least
            raise RefusedError("more items than bytes")
        items = []
        for _ in range(count):
            value, at = read_item(data, text, at)
            items.append(value)
        return tuple(items), _end_of_array(data, at)

    return read


def _end_of_array(data: bytes, at: int) -> int:
    if data[at]:
        raise RefusedError("an array is not in one block")
    return at + 1


def _union(branches: dict[int, Read]) -> Read:
    return lambda data, text, at: branches[data[at]](data, text, at + 1)


_PLAIN: dict[str, Step] = {
    "string": (_TEXT, _text),
    "long": (_OTHER, _long),
    "bytes": (_OTHER, _bytes),
    "boolean": (_CODE, {0: False, 1: True}),
}


class Reading:
    """Compiles contracts into what reads their values.

    Args:
        classes: The class of each named record and enum.
        among: Where definitions are looked up; the hub's own contracts where None.
    """

    def __init__(
        self, classes: Mapping[str, type], among: Mapping[str, dict[str, Any]] | None = None
    ) -> None:
        """Start with nothing compiled."""
        self._classes = classes
        self._among = declared() if among is None else among
        self._records: dict[str, Read] = {}

    def record(self, make: type[tuple[Any, ...]], fields: list[dict[str, Any]]) -> Read:
        """Compile what reads fields of a contract, one after another, into a tuple of a class.

        Raises:
            ContractError: The contract uses something that contracts do not use.
        """
        if not fields:
            raise ContractError(make.__name__, "a record without fields has no bytes to count")
        return _record(make, tuple([self._step(field["type"]) for field in fields]))

    def trailed(self, fields: list[dict[str, Any]]) -> Read:
        """Compile what reads fields into a plain tuple, the place where the last begins before it.

        Raises:
            ContractError: The contract uses something that contracts do not use.
        """
        steps = [self._step(field["type"]) for field in fields]
        return _record(tuple, (*steps[:-1], (_OTHER, _place), steps[-1]))

    def _step(self, schema: Schema) -> Step:
        if isinstance(schema, list):
            return self._branches(schema)
        if isinstance(schema, dict):
            if schema["type"] == "array":
                kind, item = self._step(schema["items"])
                if kind == _MAYBE:
                    raise ContractError("array", "contracts do not use items that may be absent")
                return _OTHER, _codes(item) if kind == _CODE else _array(item)
            return self._step(schema["type"])
        if schema in _PLAIN:
            return _PLAIN[schema]
        definition = self._among.get(simple(schema))
        if definition is None:
            raise ContractError(schema, "contracts do not use this type")
        name = definition["name"]
        if definition["type"] == "enum":
            return _CODE, _by_place(name, symbols(definition, self._classes))
        if name not in self._records:
            self._records[name] = self.record(self._classes[name], definition["fields"])
        return _OTHER, self._records[name]

    def _branches(self, branches: list[Schema]) -> Step:
        if branches[0] == "null":
            return _MAYBE, {0: (_NOTHING, None), 2: self._step(branches[1])}
        readers = [self._step(branch)[1] for branch in branches]
        return _OTHER, _union(_by_place(" | ".join(map(str, branches)), readers))


def _by_place(name: str, things: list[Any]) -> dict[int, Any]:
    if len(things) > PLACES_MAX:
        raise ContractError(name, f"more than {PLACES_MAX} codes or branches")
    return {place << 1: thing for place, thing in enumerate(things)}
