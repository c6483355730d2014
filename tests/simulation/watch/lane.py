"""Reading a lane: each fact with the event that it follows from, parked answers in their turn."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.domain.entry import EventReleased, Fact, LedgerEntry
from streams.domain.event import Event
from streams.domain.ids import EventId
from tests.simulation.history import Run

Checker = Callable[[Run], Iterator[str]]
"""Looks at a run, and names what should not be, each with the entry it is in."""


class Said(NamedTuple):
    """One fact, in its entry, and the event it follows from: the entry's own or a released one."""

    entry: LedgerEntry
    event: Event
    fact: Fact


def place(entry: LedgerEntry) -> str:
    """Say where in the ledger something is."""
    return f"{entry.person[:8]} #{entry.sequence} {type(entry.event).__name__}"


def as_said(lane: list[LedgerEntry]) -> Iterator[list[Said]]:
    """Give the facts of each entry of a lane, each under the event that it follows from."""
    earlier: dict[EventId, Event] = {}
    for entry in lane:
        event = entry.event
        earlier[event.envelope.event_id] = event
        said = []
        for fact in entry.facts:
            if isinstance(fact, EventReleased) and fact.taken:
                event = earlier[fact.event_id]
            said.append(Said(entry, event, fact))
        yield said
