"""A record at which every worker dies: the others go on, and it is one dead letter."""

import asyncio
from pathlib import Path

import pytest

from streams.bootstrap.hub import wall_clock
from streams.contracts.registry import Registry
from streams.domain.event import AgencyEvent
from streams.engines.kafka.attempts import ALONE_MAX
from streams.engines.kafka.dead_letter_reader import read_dead_letters
from streams.promises.engine import DeadLetter
from tests.kafka.faults.feeding import feed
from tests.kafka.faults.ledger_checking import violations
from tests.kafka.faults.ledger_watching import LedgerWatch
from tests.kafka.faults.said import TURNS, events_said, expected_of
from tests.kafka.faults.workers import Place, Worker, router
from tests.kafka.fixtures import PARTITIONS

pytestmark = pytest.mark.faults

PERSONS = 40
WAIT_S = 90.0
STARTS = 2 + ALONE_MAX + 1
"""Two with many records at once, then alone as often as it may, then past it."""


@pytest.mark.usefixtures("clean_topics")
def test_a_record_that_ends_every_worker_is_one_dead_letter_and_the_others_go_on(
    broker: str, registry_url: str, tmp_path: Path
) -> None:
    said = events_said(PERSONS, wall_clock())
    ending = said[2 * PERSONS + 7]
    expected = expected_of([event for event in said if event is not ending])
    watch = LedgerWatch(broker, PARTITIONS)
    worker = router(Place(broker, registry_url, tmp_path), "router", ends_at=ending)
    entries = sum(map(len, expected.values()))
    starts = asyncio.run(_played(broker, registry_url, said, watch, worker, entries))
    assert not violations(watch.seen, expected)
    assert starts <= STARTS
    letters = asyncio.run(_letters(broker, registry_url))
    assert [letter.errors[0].code for letter in letters] == ["ends-workers"]


async def _played(
    kafka: str,
    registry_url: str,
    said: list[AgencyEvent],
    watch: LedgerWatch,
    worker: Worker,
    entries: int,
) -> int:
    """Start the router again whenever it died, until all is decided; give how often."""
    assert len(said) == PERSONS * TURNS
    registry = Registry(registry_url)
    await registry.load()
    stop = asyncio.Event()
    following = asyncio.create_task(watch.follow(stop))
    starts = 0
    try:
        await feed(kafka, registry, said, per_s=10_000, repeat_share=0)
        async with asyncio.timeout(WAIT_S):
            while len(watch.seen) < entries:
                if starts == 0 or worker.process.poll() is not None:
                    worker.start()
                    starts += 1
                await asyncio.sleep(0.05)
        await asyncio.to_thread(worker.await_said, "record_ends_workers", WAIT_S)
    finally:
        worker.stop()
        stop.set()
        await following
        await registry.close()
    return starts


async def _letters(kafka: str, registry_url: str) -> list[DeadLetter]:
    registry = Registry(registry_url)
    await registry.load()
    try:
        return (await read_dead_letters(kafka, registry)).waiting
    finally:
        await registry.close()
