"""Whatever agencies say, however the agreement is edited: a partition's lanes keep the same bytes.

A router follows an agreement that turned or was edited at once, so here the memory engine is told
to as well.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings

from streams.domain.calendar import HOUR_US
from streams.domain.ids import Instant, PersonId
from streams.engines.memory import MemoryEngine
from tests.domain.region import at
from tests.domain.speaker import Speaker
from tests.engines.conformance import FAR
from tests.engines.kafka.lanes_engine import LanesEngine
from tests.engines.test_memory import edited
from tests.engines.test_same_bytes import (
    EDITIONS,
    OPERATIONS,
    PERSONS,
    Edited,
    Operation,
    Passed,
    Said,
    event,
)


def play(memory: MemoryEngine, lanes: LanesEngine, operations: list[Operation]) -> None:
    """Play a history on both."""
    now = at()
    speakers = [Speaker(person) for person in PERSONS]
    for engine in (memory, lanes):
        engine.submit([Speaker(person).consents(at(-1)) for person in PERSONS])
    for number, operation in enumerate(operations):
        match operation:
            case Said():
                said = event(operation, speakers[operation.person], now, number)
                assert memory.submit([said]) == lanes.submit([said])
            case Edited():
                edited(memory, EDITIONS[operation.edition])
                lanes.edit(EDITIONS[operation.edition])
                lanes.follow_agreement(lanes.now())
            case Passed():
                now = Instant(now + operation.hours * HOUR_US)
                if operation.told:
                    memory.advance(now)
                    lanes.advance(now)
        memory.follow_agreement(memory.now())
    memory.advance(FAR)
    lanes.advance(FAR)


def by_person(engine: MemoryEngine | LanesEngine) -> dict[PersonId, list[bytes]]:
    """Give each lane's entries as bytes: between persons there is no order to keep."""
    kept: dict[PersonId, list[bytes]] = {}
    for stored, data in zip(engine.ledger(), engine.entry_bytes(), strict=True):
        kept.setdefault(stored.entry.person, []).append(data)
    return kept


@settings(max_examples=40)
@given(operations=OPERATIONS)
def test_a_partition_keeps_the_bytes_of_the_memory_engine(operations: list[Operation]) -> None:
    with TemporaryDirectory() as folder:
        memory = MemoryEngine(EDITIONS[0])
        lanes = LanesEngine(EDITIONS[0], Path(folder), restarts=True)
        play(memory, lanes, operations)
        assert by_person(memory) == by_person(lanes)
        assert memory.state_digest() == lanes.state_digest()
        assert memory.dead_letters() == lanes.dead_letters()
        lanes.close()
