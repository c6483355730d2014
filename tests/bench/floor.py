"""The floor: the same messages, parsed, validated, sealed, encoded and inserted; nothing decided.

What the hub decided of them in an earlier run is taken as given: entries and states have the very
bytes that the path writes, in the same batches, with the same durability. What is left out is the
hub's own work: to find the person's state, to see a repeat, to decide, to say what became of the
message.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from unittest import mock

from streams.bootstrap.hub import GROUP_MESSAGES, Hub
from streams.contracts.entry import encode_entry
from streams.contracts.person import encode_state
from streams.domain.agreement import Agreement
from streams.domain.event import Event
from streams.domain.ids import AgencyId, Instant
from streams.domain.step import Person, Step, step
from streams.engines import lane
from tests.bench.path import Call, files_of, fresh_hub, recorded_at_of


def decided(wire: str, folder: Path) -> list[tuple[Call, Step]]:
    """Run the path once, and give every call of `step` with what it answered."""
    calls: list[tuple[Call, Step]] = []
    real = step

    def noting(person: Person, event: Event, agreement: Agreement) -> Step:
        answer = real(person, event, agreement)
        calls.append((Call(person, event, agreement), answer))
        return answer

    with mock.patch.object(lane, "step", noting), fresh_hub(folder) as hub:
        agency, files = files_of(wire)
        for raw in files:
            for _ in hub.ingest(agency, raw, recorded_at_of(wire)):
                pass
    return calls


class Floor:
    """What stays when the hub decides nothing."""

    def __init__(self, wire: str, calls: Iterable[tuple[Call, Step]]) -> None:
        """Take the answers as given."""
        self._wire = wire
        self._steps = [answer for _, answer in calls if answer.entry is not None]

    def run(self, hub: Hub) -> int:
        """Take every message in without deciding it; give how many there were."""
        agency, files = files_of(self._wire)
        answers = iter(self._steps)
        taken = 0
        for raw in files:
            taken += self._take(hub, agency, raw, recorded_at_of(self._wire), answers)
        return taken

    def _take(
        self, hub: Hub, agency: AgencyId, raw: bytes, at: Instant, answers: Iterable[Step]
    ) -> int:
        received = hub._receive_step(agency, at).receive(raw, agency, at)
        for start in range(0, len(received), GROUP_MESSAGES):
            group = received[start : start + GROUP_MESSAGES]
            hub.keys.commit()
            with hub.engine._group():
                for given in islice(answers, len(group)):
                    self._keep(hub, given)
        return len(received)

    def _keep(self, hub: Hub, given: Step) -> None:
        entry = given.entry
        assert entry is not None
        state, state_digest = encode_state(given.hot)
        data, entry_digest = encode_entry(entry, state_digest)
        hub.engine.keep(
            lane.Kept(
                entry.person,
                entry.sequence,
                entry.event.envelope.event_id,
                entry.recorded_at,
                data,
                entry_digest,
                given.hot,
                state,
                state_digest,
                None,
                given.closed_added,
                (),
            )
        )
