"""Replay: the ledger's events, decided again in memory, give the same entries and states."""

from collections.abc import Iterator

from streams.domain.event import Event
from streams.domain.ids import EventId, PersonId
from streams.engines.memory import MemoryEngine
from tests.simulation.history import Run
from tests.simulation.town import agreements


def replay_gives_the_same_bytes(run: Run) -> Iterator[str]:
    """Entry bytes and the digest of all states come out as they were."""
    came: dict[tuple[PersonId, EventId], Event] = {}
    for event in run.events():
        came.setdefault((event.envelope.person, event.envelope.event_id), event)
    engine = MemoryEngine(agreements())
    engine.submit([_restored(stored.entry.event, came) for stored in run.ledger])
    again = engine.entry_bytes()
    for number, (live, replayed) in enumerate(zip(run.entry_bytes, again, strict=False), start=1):
        if live != replayed:
            yield f"entry {number} was decided otherwise"
            break
    if len(run.entry_bytes) != len(again):
        yield f"{len(again)} entries instead of {len(run.entry_bytes)}"
    if run.state_digest != engine.state_digest():
        yield "the states are others"


def _restored(event: Event, came: dict[tuple[PersonId, EventId], Event]) -> Event:
    # The hub reads a protected person's municipality from the sealed parts; here, from what came.
    if not event.envelope.protected:
        return event
    first = came[event.envelope.person, event.envelope.event_id]
    home = first.envelope.municipality
    return event._replace(envelope=event.envelope._replace(municipality=home))
