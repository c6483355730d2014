"""Replay: the ledger decided again from its first entry, into a scratch engine, and compared.

What was decided once must be decided so again, byte for byte, or somebody changed the ledger, the
state, or the rules without saying so.
"""

import tempfile
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.hub import Hub
from streams.domain.event import Event
from streams.domain.ids import EntryId
from streams.domain.step import RULES_VERSION
from streams.engines.embedded import EmbeddedEngine
from streams.normalise.opening import restore_protected
from streams.promises.engine import Stored

_GROUP_ENTRIES = 1_000


class Replayed(NamedTuple):
    """What a replay found: digests over every person's state, sealed parts left out.

    `differing` names the first entry that was decided otherwise, `undecidable` counts entries that
    cannot be decided again (made by other rules, under an agreement that is not at hand, or of a
    protected person whose key was destroyed); both should be empty.
    """

    live: bytes
    replayed: bytes
    entries: int
    differing: EntryId | None
    undecidable: int

    @property
    def agrees(self) -> bool:
        """Say whether live and replayed are the same, entry by entry."""
        return self.live == self.replayed and self.differing is None and not self.undecidable


def replay(hub: Hub) -> Replayed:
    """Decide a hub's whole ledger again and compare entries and states.

    Raises:
        UnavailableError: The ledger cannot be read, or there is no room for the scratch engine.
    """
    with tempfile.TemporaryDirectory(prefix="saattaen-replay-") as folder:
        scratch = EmbeddedEngine(Path(folder), hub.agreements, durable=False)
        try:
            return _compared(hub, scratch)
        finally:
            scratch.close()


def _compared(hub: Hub, scratch: EmbeddedEngine) -> Replayed:
    undecidable = 0
    stored = hub.engine.ledger()
    while group := list(islice(stored, _GROUP_ENTRIES)):
        events = [_decidable(hub, each) for each in group]
        undecidable += events.count(None)
        scratch.submit([event for event in events if event is not None])
    entries = 0
    differing: EntryId | None = None
    for live in hub.engine.ledger():
        entries += 1
        again = scratch.entry_digest(live.entry.person, live.entry.sequence)
        if differing is None and live.entry_digest != again:
            differing = live.entry.entry_id
    return Replayed(
        hub.engine.state_digest(), scratch.state_digest(), entries, differing, undecidable
    )


def _decidable(hub: Hub, stored: Stored) -> Event | None:
    entry = stored.entry
    if entry.rules_version != RULES_VERSION:
        return None
    if hub.agreements.by_digest(entry.agreement_digest) is None:
        return None
    return restore_protected(entry.event, hub.keys, hub.sealer)
