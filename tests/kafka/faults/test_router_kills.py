"""Routers that are killed lose nothing, repeat nothing and keep the order: a run of `make test`."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from streams.bootstrap.hub import wall_clock
from streams.contracts.registry import Registry
from tests.kafka.faults.feeding import feed
from tests.kafka.faults.ledger_checking import violations
from tests.kafka.faults.ledger_watching import LedgerWatch
from tests.kafka.faults.said import TURNS, events_said, expected_of
from tests.kafka.faults.workers import Place, Worker, router
from tests.kafka.fixtures import PARTITIONS

PERSONS = 200
KILLS = 3
PER_S = 400
END_S = 60.0


@pytest.mark.usefixtures("clean_topics")
def test_killed_routers_lose_and_repeat_nothing(
    broker: str, registry_url: str, tmp_path: Path
) -> None:
    said = events_said(PERSONS, wall_clock())
    place = Place(broker, registry_url, tmp_path)
    routers = [router(place, f"router-{number}") for number in range(2)]
    watch = LedgerWatch(broker, PARTITIONS)

    async def run() -> None:
        registry = Registry(registry_url)
        await registry.load()
        for each in routers:
            each.start()
        stop = asyncio.Event()
        following = asyncio.create_task(watch.follow(stop))
        feeding = asyncio.create_task(feed(broker, registry, said, per_s=PER_S))
        await kills(routers, watch, len(said))
        await feeding
        assert await watch.until(len(said), END_S), [each.said()[-3_000:] for each in routers]
        stop.set()
        await following
        await registry.close()

    try:
        asyncio.run(run())
        for each in routers:
            each.await_ready()
    finally:
        codes = [each.stop() for each in routers]
    assert codes == [0, 0]
    assert len(said) == PERSONS * TURNS
    assert violations(watch.seen, expected_of(said)) == []


async def kills(routers: list[Worker], watch: LedgerWatch, entries: int) -> None:
    """Kill one router after another, each when some more of the ledger has been seen."""
    rng = Random(7)
    for number in range(KILLS):
        await watch.until(entries * (number + 1) // (KILLS + 2), END_S)
        victim = rng.choice(routers)
        victim.kill()
        victim.start()
