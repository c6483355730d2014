"""What agencies say in a fault run, as contract events, and what a hub in memory makes of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.connectors import connector_of
from streams.domain.calendar import moment
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, Instant
from streams.engines.keys_memory import MemoryKeyStore
from streams.engines.memory import MemoryEngine
from streams.normalise.receive import ReceiveStep
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer
from tests.bench.mix import json_mix
from tests.kafka.faults.ledger_checking import Due, Expected

AGENCY = AgencyId("employment.lappeenranta")
TURNS = 5
SECRET = bytes(range(32))


def events_said(persons: int, at: Instant, secret: bytes = SECRET) -> list[AgencyEvent]:
    """Give five events of each person, in turns over all: nothing is due between them.

    `secret` makes the pseudonyms, as the hub's own does.
    """
    agreements = load_agreements()
    agency = agreements.in_force(at).agencies[AGENCY]
    step = ReceiveStep(
        connector_of(agency.sector),
        agreements,
        MemoryKeyStore(secret),
        Pseudonyms(secret),
        Sealer(),
    )
    said: list[AgencyEvent] = []
    for raw in messages_said(persons, at):
        for received in step.receive(raw, AGENCY, at):
            assert isinstance(received.taken, AgencyEvent)
            said.append(received.taken)
    return said


def messages_said(persons: int, at: Instant) -> Iterator[bytes]:
    """Give the same as files of messages: what happens from now on, so that no clock is due yet."""
    return json_mix(persons, TURNS, start=moment(at))


def expected_of(said: Sequence[AgencyEvent]) -> Expected:
    """Let a hub in memory decide the same, and give each person's lane."""
    engine = MemoryEngine(load_agreements())
    engine.submit(said)
    lanes: dict[str, list[Due]] = defaultdict(list)
    for stored in engine.ledger():
        entry = stored.entry
        lanes[entry.person].append(Due(entry.event.envelope.event_id, stored.entry_digest))
    return lanes
