"""The JSON shapes of what the ledger holds: receipts, entries with all in them, dead letters.

They are a promise: others read them. A record is a flat object with its `type`; instants are
ISO 8601 in UTC with offset; durations are in seconds (`_s`); sealed parts are never shown.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from streams.domain.calendar import moment
from streams.domain.entry import Fact, Notice, Problem
from streams.domain.envelope import Envelope, SealedPart
from streams.domain.event import Event
from streams.domain.ids import Instant
from streams.promises.engine import DeadLetter, Stored
from streams.promises.receipt import Receipt

_SECOND_US = 1_000_000
_HIDDEN = frozenset({"envelope", "sealed", "content"})
_MICROSECONDS, _SECONDS = "_us", "_s"

Json = dict[str, object]
_Show = Callable[[Any], object]


class _Field(NamedTuple):
    place: int
    name: str
    show: _Show


def iso(at: int | None) -> str | None:
    """Write an instant in ISO 8601, UTC, with offset: `2026-03-02T10:00:00+00:00`."""
    return None if at is None else moment(Instant(at)).isoformat()


def seconds(duration_us: int | None) -> int | float | None:
    """Write a duration of microseconds in seconds, whole where it is whole."""
    if duration_us is None:
        return None
    whole, rest = divmod(duration_us, _SECOND_US)
    return duration_us / _SECOND_US if rest else whole


def receipt(told: Receipt) -> Json:
    """Show what became of a message."""
    return {
        "event_id": told.event_id,
        "agency": told.agency,
        "message_id": told.message_id,
        "status": told.status.value,
        "handoff_id": told.handoff_id,
        "dead_letter_id": told.dead_letter_id,
        "errors": errors(told.errors),
    }


def errors(problems: Iterable[Problem]) -> list[Json]:
    """Show what is wrong with a message; `nearest` only where there is a nearest known code."""
    shown: list[Json] = []
    for problem in problems:
        error: Json = {
            "code": problem.code,
            "pointer": problem.pointer,
            "detail": problem.detail,
        }
        if problem.nearest is not None:
            error["nearest"] = problem.nearest
        shown.append(error)
    return shown


def fact(stated: Fact) -> Json:
    """Show a fact: its `type` and its fields."""
    return {"type": type(stated).__name__, **record(stated)}


def event(happened: Event) -> Json:
    """Show an event with its envelope in one flat object; who it is of stands in the entry."""
    head: Envelope = happened.envelope
    return {
        "type": type(happened).__name__,
        "event_id": head.event_id,
        "agency": head.agency,
        "occurred_at": iso(head.occurred_at),
        "recorded_at": iso(head.recorded_at),
        "message_id": head.source_ref.message_id or None,
        "version": head.source_ref.version,
        "transport_id": head.source_ref.transport_id,
        "age_years": head.age_years if head.age_years >= 0 else None,
        "municipality": head.municipality or None,
        "protected": head.protected,
        **record(happened),
    }


def notice(to_deliver: Notice) -> Json:
    """Show a notice as the ledger issued it; what became of it is the deliveries' view."""
    return {
        "notice_id": to_deliver.notice_id,
        "handoff_id": to_deliver.handoff_id,
        "to": to_deliver.to,
        "kind": to_deliver.kind.value,
        "detail": to_deliver.detail,
        "reason": to_deliver.reason,
        "due_at": iso(to_deliver.due_at),
        "categories": [category.value for category in to_deliver.categories],
        "withheld": [record(held) for held in to_deliver.withheld],
    }


def ledger_line(stored: Stored) -> Json:
    """Show an entry as a line of the ledger."""
    entry = stored.entry
    return {
        "position": stored.position,
        "entry_id": entry.entry_id,
        "person": entry.person,
        "sequence": entry.sequence,
        "event": event(entry.event),
        "facts": [fact(stated) for stated in entry.facts],
        "deliveries": [notice(to_deliver) for to_deliver in entry.deliveries],
        "entry_digest": stored.entry_digest.hex(),
    }


def dead_letter(letter: DeadLetter) -> Json:
    """Show a dead letter: what is wrong with it, never what it says."""
    return {
        "dead_letter_id": letter.dead_letter_id,
        "agency": letter.agency,
        "message_id": letter.message_id,
        "errors": errors(letter.errors),
        "recorded_at": iso(letter.recorded_at),
    }


def record(values: tuple[Any, ...]) -> Json:
    """Show the fields of a record by their names, but for those that hold or carry sealed parts."""
    return {field.name: field.show(values[field.place]) for field in _fields(type(values))}


@cache
def _fields(of: type[tuple[Any, ...]]) -> tuple[_Field, ...]:
    hints = get_type_hints(of)
    found = []
    for place, (name, hint) in enumerate(hints.items()):
        if name in _HIDDEN:
            continue
        if name.endswith(_MICROSECONDS):
            shown = name.removesuffix(_MICROSECONDS) + _SECONDS
            found.append(_Field(place, shown, seconds))
        else:
            found.append(_Field(place, name.rstrip("_"), _show_of(hint)))
    return tuple(found)


def _show_of(hint: Any) -> _Show:  # noqa: ANN401  # whatever stands in an annotation
    if hint is Instant:
        return iso
    if get_origin(hint) in (Union, UnionType):
        inner = _show_of(next(branch for branch in get_args(hint) if branch is not NoneType))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        each = _show_of(get_args(hint)[0])
        return lambda values: [each(value) for value in values]
    if hint is SealedPart:
        raise TypeError("sealed parts are never shown")
    if isinstance(hint, type):
        return _show_of_class(hint)
    return _as_it_is


def _show_of_class(hint: type) -> _Show:
    if issubclass(hint, Enum):
        return lambda value: value.value
    if issubclass(hint, bytes):
        return bytes.hex
    if issubclass(hint, tuple):
        return record
    return _as_it_is


def _as_it_is(value: object) -> object:
    return value
