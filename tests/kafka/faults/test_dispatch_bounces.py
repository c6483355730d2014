"""A broker that dies or stands still under dispatch: every notice is told, in its order."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from streams.bootstrap.kafka_dev_broker import Broker
from tests.kafka.dispatch_scene import Scene, scene_on, started_scene, violations
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.topics import remake_hub_topics

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

PERSONS, TURNS = 60, 4
PER_S = 30.0
BOUNCES = 3
STILL_S = 20.0
"""Longer than a report may take to be written."""
WAIT_S = 120.0


@pytest.fixture(scope="module")
def hub(
    own_broker: Broker,
    registry_url: str,
    database_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    asyncio.run(remake_hub_topics(own_broker.address, PARTITIONS))
    folder = tmp_path_factory.mktemp("dispatch")
    with scene_on(own_broker.address, registry_url, database_server, folder) as made:
        yield made


@pytest_asyncio.fixture
async def scene(hub: Scene, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with started_scene(hub, monkeypatch) as started:
        yield started


async def test_a_broker_that_is_killed_under_dispatch_costs_time_only(
    scene: Scene, own_broker: Broker
) -> None:
    said = scene.said(PERSONS, TURNS)

    async with scene.router():
        with scene.process("bounced") as worker:
            saying = asyncio.create_task(scene.say(said, per_s=PER_S))
            for _ in range(BOUNCES):
                await scene.told_more(20, WAIT_S)
                own_broker.child.kill()
                await own_broker.start()
            await saying
            await scene.settled(said, WAIT_S)
            assert await asyncio.to_thread(worker.stop) == 0

    assert violations(scene.agency, await scene.ledger()) == []


async def test_a_broker_that_stands_still_under_dispatch_costs_time_only(
    scene: Scene, own_broker: Broker
) -> None:
    said = scene.said(PERSONS, TURNS)
    pid = own_broker.child.pid

    async with scene.router():
        with scene.process("stopped") as worker:
            saying = asyncio.create_task(scene.say(said, per_s=PER_S))
            await scene.told_more(20, WAIT_S)
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(STILL_S)
            finally:
                os.kill(pid, signal.SIGCONT)
            await saying
            await scene.settled(said, WAIT_S)
            assert await asyncio.to_thread(worker.stop) == 0

    assert violations(scene.agency, await scene.ledger()) == []
