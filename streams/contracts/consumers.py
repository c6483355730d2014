"""Whom a change of a contract touches: the stages that read or write it, and agencies' connectors.

`DIRECTLY` is the one table; a test holds it against what stages decode and what connectors make. A
contract that stands in others touches whoever these touch.
"""

from collections.abc import Iterator
from functools import cache

from streams.contracts.declarations import Schema, declared, simple
from streams.contracts.event import event_classes

NORMALISE, ROUTE, DISPATCH, VIEW, DESK = "normaliser", "router", "dispatch", "views", "commands"
CONNECTORS = ("employment", "kela", "sote", "typ")
"""As folders of `connectors/`: each makes every event that an agency sends, and renders notices."""

_AGENCIES = tuple([f"connectors/{agency}" for agency in CONNECTORS])
_OF_CLOCKS = ("AgencyFellSilent", "AgencyHeardAgain", "AgreementChanged", "ClockReached")
_OF_DELIVERY = ("DeliveryStarted", "NoticeDelivered", "NoticeUndeliverable")
_OF_DESKS = ("EscalationAcknowledged", "EscalationAssigned", "EscalationSnoozed")
HUB_EVENTS = frozenset((*_OF_CLOCKS, *_OF_DELIVERY, *_OF_DESKS))
"""Contract events that no agency sends."""

DIRECTLY: dict[str, tuple[str, ...]] = {
    **{
        event: (NORMALISE, ROUTE, *_AGENCIES)
        for event in event_classes()
        if event not in HUB_EVENTS
    },
    **dict.fromkeys(_OF_CLOCKS, (ROUTE,)),
    **dict.fromkeys(_OF_DELIVERY, (DISPATCH, ROUTE)),
    **dict.fromkeys(_OF_DESKS, (DESK, ROUTE)),
    "Watermark": (NORMALISE, ROUTE),
    "PersonState": (ROUTE,),
    "ClosedState": (ROUTE,),
    "AgencyHeard": (ROUTE,),
    "PartitionState": (ROUTE,),
    "LedgerEntry": (ROUTE, DISPATCH, VIEW, DESK),
    "Notice": (ROUTE, DISPATCH, *_AGENCIES),
    "DeadLetter": (NORMALISE, ROUTE, DESK),
}
"""Who reads or writes each record that is written on its own."""

_SEALED = {"Details": (NORMALISE, DISPATCH, *_AGENCIES)}
"""What no other contract names, because it stands sealed in their sealed parts."""

_ORDER = (NORMALISE, ROUTE, DISPATCH, VIEW, DESK, *_AGENCIES)


def touched_by(name: str) -> tuple[str, ...]:
    """Name whom a change of a contract touches, in the order of a message's way; maybe nobody.

    Args:
        name: A record's or enum's name, written on its own or standing in others.
    """
    found = {
        consumer
        for record, consumers in (*DIRECTLY.items(), *_SEALED.items())
        if name in _inside(record)
        for consumer in consumers
    }
    return tuple([consumer for consumer in _ORDER if consumer in found])


@cache
def _inside(record: str) -> frozenset[str]:
    """Name a record and everything that stands in it, however deep."""
    found: set[str] = set()
    waiting = [record]
    while waiting:
        name = waiting.pop()
        if name not in found and name in declared():
            found.add(name)
            waiting += _named(declared()[name])
    return frozenset(found)


def _named(schema: Schema) -> Iterator[str]:
    if isinstance(schema, str):
        yield simple(schema)
    elif isinstance(schema, list):
        for branch in schema:
            yield from _named(branch)
    else:
        for field in schema.get("fields", ()):
            yield from _named(field["type"])
        if "items" in schema:
            yield from _named(schema["items"])
