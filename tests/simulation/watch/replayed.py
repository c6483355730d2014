"""Replay: the ledger's events, decided again in memory, give the same entries and states."""

from collections.abc import Iterable, Iterator

from streams.domain.event import Event
from streams.domain.ids import EventId, PersonId
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Stored
from tests.simulation.history import Run
from tests.simulation.town import agreements


def replay_gives_the_same_bytes(run: Run) -> Iterator[str]:
    """Entry bytes and the digest of all states come out as they were, lane by lane.

    Between lanes the order may be another one: where new rules make a clock due at once, a hub
    brings everybody under them first, and an event that comes by itself lets its own clocks fire.
    """
    came: dict[tuple[PersonId, EventId], Event] = {}
    for event in run.events():
        came.setdefault((event.envelope.person, event.envelope.event_id), event)
    engine = MemoryEngine(agreements())
    engine.submit([_restored(stored.entry.event, came) for stored in run.ledger])
    lived = _by_lane(run.ledger, run.entry_bytes)
    again = _by_lane(engine.ledger(), engine.entry_bytes())
    for number, (live, replayed) in enumerate(zip(lived, again, strict=False), start=1):
        if live != replayed:
            yield f"entry {number}, lane by lane, was decided otherwise"
            break
    if len(lived) != len(again):
        yield f"{len(again)} entries instead of {len(lived)}"
    if run.state_digest != engine.state_digest():
        yield "the states are others"


def _by_lane(ledger: Iterable[Stored], entry_bytes: Iterable[bytes]) -> list[bytes]:
    placed = [
        (stored.entry.person, stored.entry.sequence, data)
        for stored, data in zip(ledger, entry_bytes, strict=True)
    ]
    return [data for _, _, data in sorted(placed)]


def _restored(event: Event, came: dict[tuple[PersonId, EventId], Event]) -> Event:
    # The hub reads a protected person's municipality from the sealed parts; here, from what came.
    if not event.envelope.protected:
        return event
    first = came[event.envelope.person, event.envelope.event_id]
    home = first.envelope.municipality
    return event._replace(envelope=event.envelope._replace(municipality=home))
