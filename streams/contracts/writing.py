"""How values become Avro bytes: a contract is compiled once into one function a field.

Written here and not with fastavro because this is the hub's hottest path: see `docs/decisions`.
Tests hold every byte against fastavro's.
"""

from collections.abc import Callable, Mapping
from operator import call
from typing import Any

from streams.contracts.declarations import ContractError, Schema, declared, simple, symbols

Encode = Callable[[Any], bytes]

KEPT_MAX = 2048
KEPT_BYTES_MAX = 64
"""Longer encodings are not kept: they hardly ever come twice."""
LONG_MIN, LONG_MAX = -(1 << 63), (1 << 63) - 1

EMPTY = b"\x00"
"""An array without items; null in a union; and nothing else that a contract has."""
_SOME = b"\x02"


class _Kept(dict[Any, bytes]):
    """Encodings by value, made when first asked for: ids, codes and moments repeat in an entry."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: object) -> bytes:
        encoded = self._encode(value)
        if len(encoded) <= KEPT_BYTES_MAX:
            if len(self) >= KEPT_MAX:
                self.clear()
            self[value] = encoded
        return encoded


def _two_digits(value: int) -> bytes:
    return bytes((value & 127 | 128, value >> 7 | 128))


def _long(value: int) -> bytes:
    if not LONG_MIN <= value <= LONG_MAX:
        raise OverflowError
    zigzag = (value << 1) ^ (value >> 63)
    digits = b""
    while zigzag > 16383:  # noqa: PLR2004  # two digits of seven bits
        digits += _TWO_DIGITS[zigzag & 16383]
        zigzag >>= 14
    last = (zigzag,) if zigzag < 128 else (zigzag & 127 | 128, zigzag >> 7)  # noqa: PLR2004  # one digit
    return digits + bytes(last)


_TWO_DIGITS = _Kept(_two_digits)
_LONGS = _Kept(_long)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LONGS[len(encoded)] + encoded


def _bytes(value: bytes) -> bytes:
    return _LONGS[len(value)] + value


_TEXTS = _Kept(_text)

_PLAIN: dict[str, Encode] = {
    "string": _TEXTS.__getitem__,
    "long": _LONGS.__getitem__,
    "bytes": _bytes,
    "boolean": {False: b"\x00", True: b"\x01"}.__getitem__,
}
_OPTIONAL: dict[str, Encode] = {
    "string": _Kept(lambda text: EMPTY if text is None else _SOME + _text(text)).__getitem__,
    "long": _Kept(lambda value: EMPTY if value is None else _SOME + _long(value)).__getitem__,
}


def _none_sealed(_value: object) -> bytes:
    return EMPTY


def _record(fields: tuple[Encode, ...]) -> Encode:
    join = b"".join
    return lambda values: join(map(call, fields, values))


def _array(item: Encode) -> Encode:
    join = b"".join

    def write(items: tuple[object, ...]) -> bytes:
        return join((_LONGS[len(items)], *map(item, items), EMPTY)) if items else EMPTY

    return write


class Writing:
    """Compiles contracts into what writes their values.

    Args:
        classes: The class of each named record and enum.
        sealed: Whether sealed parts are written, or their fields left empty.
        among: Where definitions are looked up; the hub's own contracts where None.
    """

    def __init__(
        self,
        classes: Mapping[str, type],
        *,
        sealed: bool,
        among: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """Start with nothing compiled."""
        self._classes = classes
        self._among = declared() if among is None else among
        self._sealed = sealed
        self._records: dict[str, Encode] = {}

    def fields(self, record: str) -> tuple[Encode, ...]:
        """Compile a record's fields, in their order.

        Raises:
            ContractError: The contract uses something that contracts do not use.
        """
        return tuple(
            _none_sealed
            if field.get("sealed") is True and not self._sealed
            else self.encoder(field["type"])
            for field in self._among[record]["fields"]
        )

    def encoder(self, schema: Schema) -> Encode:
        """Compile what writes a value of a schema that names others.

        Raises:
            ContractError: The schema uses something that contracts do not use, such as floats,
                whose bytes are not the same everywhere.
        """
        if isinstance(schema, list):
            return self._union(schema)
        if isinstance(schema, dict):
            if schema["type"] == "array":
                return _array(self.encoder(schema["items"]))
            return self.encoder(schema["type"])
        if schema in _PLAIN:
            return _PLAIN[schema]
        definition = self._among.get(simple(schema))
        if definition is None:
            raise ContractError(schema, "contracts do not use this type")
        if definition["type"] == "enum":
            codes = symbols(definition, self._classes)
            return {code: _long(place) for place, code in enumerate(codes)}.__getitem__
        name = definition["name"]
        if name not in self._records:
            self._records[name] = _record(self.fields(name))
        return self._records[name]

    def _union(self, branches: list[Schema]) -> Encode:
        if branches[0] == "null":
            return self._optional(branches[1])
        writers = {
            self._classes[simple(str(branch))]: (_long(place), self.encoder(branch))
            for place, branch in enumerate(branches)
        }

        def write(value: object) -> bytes:
            branch, encode = writers[type(value)]
            return branch + encode(value)

        return write

    def _optional(self, schema: Schema) -> Encode:
        plain = schema["type"] if isinstance(schema, dict) else schema
        if plain in _OPTIONAL:
            # One table for all fields: a table a field would hold the same ids many times over.
            return _OPTIONAL[str(plain)]
        some = self.encoder(schema)
        return lambda value: EMPTY if value is None else _SOME + some(value)
