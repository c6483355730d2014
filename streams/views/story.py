"""A story: the entries that tell of one handoff, of a case, or of a person."""

from collections.abc import Iterable, Sequence
from typing import Any

from streams.domain.clock_facts import ClockStarted
from streams.domain.entry import EventReleased, Rerouted
from streams.promises.engine import Stored


def story(entries: Iterable[Stored], handoff_ids: Sequence[str]) -> list[Stored]:
    """Give those of a person's entries that tell of any of these handoffs, in ledger order.

    An answer that came before its referral belongs to the story, too, and so does whatever concerns
    a clock of the handoffs.
    """
    told = list(entries)
    subjects = {*handoff_ids}
    for stored in told:
        for fact in stored.entry.facts:
            if isinstance(fact, ClockStarted) and fact.handoff_id in subjects:
                subjects.add(fact.clock_id)
            if isinstance(fact, EventReleased) and fact.handoff_id in subjects:
                subjects.add(fact.event_id)
    return [stored for stored in told if _tells_of(stored, subjects)]


def _tells_of(stored: Stored, subjects: set[str]) -> bool:
    entry = stored.entry
    named: list[tuple[Any, ...]] = [entry.event, *entry.facts, *entry.deliveries]
    if entry.event.envelope.event_id in subjects:
        return True
    for record in named:
        if getattr(record, "handoff_id", None) in subjects:
            return True
        if getattr(record, "clock_id", None) in subjects:
            return True
        if isinstance(record, Rerouted) and record.new_handoff_id in subjects:
            return True
    return False
