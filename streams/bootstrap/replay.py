"""Replay: the ledger decided again from its first entry, into a scratch engine, and compared.

What was decided once must be decided so again, byte for byte, or somebody changed the ledger, the
state, or the rules without saying so. Each entry is decided under the agreement that it names, also
where the region's file was edited since; what the hub fed by itself stands in the ledger, too.
"""

import tempfile
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.agreement_history import Bygone
from streams.bootstrap.hub import Hub
from streams.domain.agreement import Agreement
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
    bygone = Bygone(hub.data, hub.agreements)
    stored = hub.engine.ledger()
    while group := list(islice(stored, _GROUP_ENTRIES)):
        decidable = [_decidable(hub, bygone, each) for each in group]
        undecidable += decidable.count(None)
        scratch.take_again([each for each in decidable if each is not None])
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


def _decidable(hub: Hub, bygone: Bygone, stored: Stored) -> tuple[Event, Agreement] | None:
    entry = stored.entry
    if entry.rules_version != RULES_VERSION:
        return None
    agreement = bygone.in_force(entry.agreement_digest, entry.recorded_at)
    event = restore_protected(entry.event, hub.keys, hub.sealer)
    return (event, agreement) if agreement is not None and event is not None else None
