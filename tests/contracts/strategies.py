"""Any value of any class of the domain, made from the classes' own annotations.

`any_event()`, `any_entry()` and `any_state()` are what most tests want; `values_of` makes the rest.
"""

from collections.abc import Hashable
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from streams.contracts.writing import LONG_MAX, LONG_MIN
from streams.domain.entry import LedgerEntry
from streams.domain.event import Event
from streams.domain.ids import Instant
from streams.domain.person import PersonState

ITEMS_MAX = 2

T = TypeVar("T")

_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(LONG_MIN, LONG_MAX) | st.integers(-1, 200),
    str: st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["", "kela", "é" * 70]),
    bytes: st.binary(max_size=40) | st.just(bytes(200)),
    Instant: st.integers(0, 4_000_000_000_000_000),
}


def any_event() -> st.SearchStrategy[Event]:
    """Any contract event, each kind as often as any other."""
    return st.sampled_from(get_args(Event)).flatmap(values_of)


def any_entry() -> st.SearchStrategy[LedgerEntry]:
    """Any ledger entry."""
    return values_of(LedgerEntry)


def any_state() -> st.SearchStrategy[PersonState]:
    """Any person's hot state."""
    return values_of(PersonState)


def values_of(of: type[T]) -> st.SearchStrategy[T]:
    """Any value of a NamedTuple, a code, or whatever else stands in their annotations."""
    return cast("st.SearchStrategy[T]", _values(cast("Hashable", of)))


@cache
def _values(of: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401  # any annotation
    if of in _PLAIN:
        return _PLAIN[of]
    if isinstance(of, NewType):
        return _values(of.__supertype__)
    if get_origin(of) is tuple:
        return st.lists(_values(get_args(of)[0]), max_size=ITEMS_MAX).map(tuple)
    if get_origin(of) in (Union, UnionType):
        return st.one_of(*map(_values, get_args(of)))
    if issubclass(of, StrEnum):
        return st.sampled_from(of)
    fields = get_type_hints(of)
    return st.builds(of, **{name: _values(annotation) for name, annotation in fields.items()})
