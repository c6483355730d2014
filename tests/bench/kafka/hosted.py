"""The hub's own `step` for a host that is not the hub: bytes in, bytes out, nothing beside.

What a team would write that lets another stream processor carry the domain: decode the event and
the person's state, decide, encode. Clocks, notices to their own topics, snapshots and fences are
left out, to the host's advantage.
"""

import asyncio
from typing import NamedTuple

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import wall_clock
from streams.contracts.person import decode_closed, decode_state, encode_closed
from streams.contracts.registry import Registry
from streams.domain.ids import PersonId
from streams.domain.person import NOTHING_CLOSED, ClosedState, PersonState
from streams.engines import lane
from streams.engines.kafka.frames import Frames, Poison
from streams.promises.engine import DeadLetter
from streams.promises.watermark import Watermark


class Decided(NamedTuple):
    """What an event became: the entries' bytes, and the person's states if they changed."""

    entries: list[bytes]
    hot: bytes | None
    closed: bytes | None


class Hosted:
    """Decides events on the bytes of a person's states."""

    def __init__(self, registry_url: str) -> None:
        """Know the registry's ids of our contracts."""
        self._frames = Frames(asyncio.run(_loaded(registry_url)))
        self._agreements = load_agreements()

    def decide(self, value: bytes, hot: bytes | None, closed: bytes | None) -> Decided:
        """Let one event be decided on a person's states."""
        event = self._frames.read(value)
        if isinstance(event, Watermark | Poison):
            raise TypeError("no event of an agency")
        store = _OnePerson(hot, closed)
        lane.take(store, self._agreements, event, wall_clock)
        kept = store.kept[-1].state if store.kept else None
        ended = encode_closed(store.now_closed) if store.now_closed is not None else None
        return Decided([each.entry for each in store.kept], kept, ended)


async def _loaded(registry_url: str) -> Registry:
    registry = Registry(registry_url)
    await registry.load()
    await registry.close()
    return registry


class _OnePerson:
    """`streams.engines.lane.Store` of one person's bytes."""

    def __init__(self, hot: bytes | None, closed: bytes | None) -> None:
        self._hot, self._closed = hot, closed
        self.kept: list[lane.Kept] = []
        self.now_closed: ClosedState | None = None

    def hot(self, _person: PersonId) -> PersonState | None:
        if self.kept:
            return self.kept[-1].hot
        return decode_state(self._hot).state if self._hot else None

    def closed(self, _person: PersonId) -> ClosedState | None:
        if self.now_closed is not None:
            return self.now_closed
        return decode_closed(self._closed) if self._closed else None

    def keep(self, entry: lane.Kept) -> None:
        self.kept.append(entry)
        if entry.closed_added is not None:
            earlier = self.closed(entry.person) or NOTHING_CLOSED
            self.now_closed = earlier.with_added(entry.closed_added)

    def bury(self, dead_letter: DeadLetter) -> None:
        del dead_letter
