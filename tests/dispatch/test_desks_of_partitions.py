"""A desk gets what comes out of any partition: one cause is one message, told once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.attempts_database import AttemptsDatabase
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_document import write_document
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.entry import Notice
from streams.domain.ids import NoticeId, PersonId
from streams.promises.transport import TryLater
from streams.views.database import opened_server
from tests.dispatch.desks import DESK, WAIT_US, Office, escalation
from tests.dispatch.hub import HOUR_US, KELA, PACE
from tests.dispatch.receivers import Receiver

PARTITIONS = 3
SERVES, SILENT = 1, 2
"""The partition that the desk falls to, and that of the agency that falls silent."""


class Partition(Office):
    """One partition's ledger, and its dispatch on the store that all have in common."""

    def __init__(self, folder: Path, number: int, database: AttemptsDatabase) -> None:
        super().__init__(folder)
        self.number = number
        self.bench.attempts.close()
        self.bench.attempts = Attempts(database.claim(number).store, number)

    def dispatcher(self, desk: Receiver) -> Dispatcher:
        """Start dispatch: with the desk, where this partition serves it."""
        served = {DESK: DeskPost(desk, write_document, lambda _: "")}
        return Dispatcher(
            ledger=self.hub.ledger,
            submit=self.hub.submit,
            transports={},
            open_and_render=self.bench.render,
            attempts=self.bench.attempts,
            clock=self.bench.clock,
            rng=Random(7),
            pace=PACE,
            desks=served if self.number == SERVES else {},
            desks_elsewhere=() if self.number == SERVES else [DESK],
        )


def lane_of(person: PersonId) -> int:
    """Give the partition of a person, or of an agency's own lane."""
    return SILENT if person == PersonId(KELA) else int(person.removeprefix("p-"))


class Region:
    """Some partitions, and one desk for all of them."""

    def __init__(self, folder: Path, database: AttemptsDatabase) -> None:
        self.partitions = []
        for number in range(PARTITIONS):
            own = folder / str(number)
            own.mkdir()
            self.partitions.append(Partition(own, number, database))
        self.desk = Receiver()
        self.dispatchers = [each.dispatcher(self.desk) for each in self.partitions]

    def escalate(self) -> list[Notice]:
        """Let a clock of each partition reach its rung, all of one agency and rule."""
        told = []
        for partition in self.partitions:
            person = PersonId(f"p-{partition.number}")
            one = escalation(f"of {partition.number}", person=person)
            partition.escalate(one)
            told.append(one)
        return told

    async def drain(self, us: int = WAIT_US) -> None:
        """Let time pass, and every partition's dispatch do what is due."""
        for partition, dispatcher in zip(self.partitions, self.dispatchers, strict=True):
            partition.bench.wait(us)
            await dispatcher.drain_once()

    def apply(self) -> None:
        """Let the router come to what was queued, in the partition of its person."""
        queued = [event for each in self.partitions for event in each.hub._queue]
        for partition in self.partitions:
            partition.hub._queue = [
                event for event in queued if lane_of(event.envelope.person) == partition.number
            ]
            partition.hub.take_queue()

    def states(self, told: Sequence[Notice]) -> list[str]:
        found = [self.partitions[0].bench.attempts.find(one.notice_id) for one in told]
        return [each.state.value if each is not None else "unknown" for each in found]

    def messages(self) -> list[set[NoticeId]]:
        self.partitions[0].desk = self.desk
        return [set(message) for message in self.partitions[0].told()]


@pytest.fixture
def region(tmp_path: Path, database_url: str) -> Iterator[Region]:
    database = AttemptsDatabase(opened_server(database_url))
    database.prepare()
    made = Region(tmp_path, database)
    yield made
    for partition in made.partitions:
        partition.bench.attempts.close()
    database.close()


async def test_one_cause_in_three_partitions_is_one_message(region: Region) -> None:
    for partition in region.partitions:
        partition.hub.queues = True
    told = region.escalate()
    await region.drain(0)  # each partition reads its own ledger before the desk is due

    for _ in range(6):
        await region.drain()
        region.apply()

    assert region.messages() == [{one.notice_id for one in told}]
    assert region.states(told) == ["delivered"] * PARTITIONS


async def test_a_desk_that_is_away_gets_the_same_message_later(region: Region) -> None:
    for partition in region.partitions:
        partition.hub.queues = True
    region.desk.answers = [TryLater("http-503", None)] * 2
    told = region.escalate()
    await region.drain(0)

    for _ in range(10):
        await region.drain(HOUR_US)
        region.apply()

    assert len(set(region.desk.tried)) == 1
    assert region.messages() == [{one.notice_id for one in told}]
    assert region.states(told) == ["delivered"] * PARTITIONS


async def test_an_outage_that_one_partition_hears_of_holds_back_the_others(
    region: Region,
) -> None:
    for partition in region.partitions:
        partition.hub.queues = True
    silent = region.partitions[SILENT].fall_silent(KELA)
    await region.drain(0)
    told = region.escalate()
    await region.drain(0)

    for _ in range(6):
        await region.drain()
        region.apply()

    assert region.states(told) == ["pending"] * PARTITIONS
    assert not {one.notice_id for one in told} & set().union(*region.messages())
    assert silent.notice_id in set().union(*region.messages())
