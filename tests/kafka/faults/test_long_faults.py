"""The long fault runs on a real Kafka: `make test-kafka`, and `make soak` with other counts."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.kafka_dev_registry import DevRegistry
from streams.promises import topics
from tests.kafka.faults.feeding import ingest
from tests.kafka.faults.said import TURNS, events_said
from tests.kafka.faults.scenario import Run, play
from tests.kafka.faults.workers import Place, Worker, normaliser, router, with_keys
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.segments import not_transactional
from tests.kafka.topics import remake_hub_topics

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_500)]

MESSAGES = int(os.environ.get("SAATTAEN_FAULT_MESSAGES", "20000"))
KILLS = int(os.environ.get("SAATTAEN_FAULT_KILLS", "20"))
ZOMBIES = int(os.environ.get("SAATTAEN_FAULT_ZOMBIES", "3"))
BOUNCES = int(os.environ.get("SAATTAEN_FAULT_BOUNCES", "6"))
STILL_S = 30.0
STORM_S = 60.0
REBALANCE_S = 5.0
WAIT_S = 120.0
SMALL = 1_000
"""Persons of the shorter runs."""


@pytest.fixture
def place(own_broker: Broker, own_registry: DevRegistry, tmp_path: Path) -> Iterator[Place]:
    """Give a hub on a broker and a registry that may be harmed, with fresh topics."""
    asyncio.run(remake_hub_topics(own_broker.address, PARTITIONS))
    yield Place(own_broker.address, own_registry.address, tmp_path)
    for topic in (topics.LEDGER, topics.STATE, topics.deliver(_RECIPIENT)):
        assert not_transactional(own_broker, topic) == []


_RECIPIENT = next(a for a in load_agreements().in_force(wall_clock()).agencies if "sote" in a)


def test_killed_routers_and_normalisers_lose_and_repeat_nothing(
    place: Place, database_url: str
) -> None:
    hub, secret = with_keys(place, database_url)
    at = wall_clock()
    persons = MESSAGES // TURNS
    said = events_said(persons, at, secret)
    routers = [router(hub, f"router-{number}") for number in range(2)]
    normalisers = [normaliser(hub, f"normaliser-{number}") for number in range(2)]

    async def kill(run: Run) -> None:
        rng = Random(11)
        for number in range(KILLS):
            await run.watch.until(run.entries * (number + 1) // (KILLS + 2), WAIT_S)
            victim = rng.choice(run.workers)
            victim.kill()
            await asyncio.sleep(rng.random() * 0.5)
            victim.start()

    play(hub, said, [*routers, *normalisers], kill, feed_raw=lambda: ingest(hub, persons, at))


def test_a_stopped_router_that_goes_on_commits_nothing(place: Place) -> None:
    said = events_said(SMALL, wall_clock())
    own = router(place, "router")
    zombies = [router(place, f"zombie-{number}", stops_in=2 + number) for number in range(ZOMBIES)]

    async def wake_the_dead(run: Run) -> None:
        for zombie in zombies:
            zombie.start()
            await asyncio.to_thread(zombie.await_paused, WAIT_S)
            seen = len(run.watch.seen)
            # The session passes, the other router takes over, and has committed by then.
            await run.watch.until(min(run.entries, seen + run.entries // 20), WAIT_S)
            zombie.go_on()
            await asyncio.to_thread(_await_word, zombie, "router_rejoins")
            zombie.stop()

    play(place, said, [own], wake_the_dead, per_s=40)


def test_a_broker_that_is_killed_costs_time_only(place: Place, own_broker: Broker) -> None:
    said = events_said(SMALL, wall_clock())
    routers = [router(place, f"router-{number}") for number in range(2)]

    async def kill(run: Run) -> None:
        for number in range(BOUNCES):
            await run.watch.until(run.entries * (number + 1) // (BOUNCES + 2), WAIT_S)
            own_broker.child.kill()
            await own_broker.start()

    play(place, said, routers, kill, per_s=150)


def test_a_broker_that_stands_still_costs_time_only(place: Place, own_broker: Broker) -> None:
    said = events_said(SMALL, wall_clock())
    routers = [router(place, f"router-{number}") for number in range(2)]

    async def stand_still(run: Run) -> None:
        await run.watch.until(run.entries // 3, WAIT_S)
        await asyncio.to_thread(_still, own_broker)

    play(place, said, routers, stand_still, per_s=150)


def test_routers_go_on_while_the_registry_is_down(place: Place, own_registry: DevRegistry) -> None:
    said = events_said(SMALL, wall_clock())
    routers = [router(place, f"router-{number}") for number in range(2)]

    async def take_away(run: Run) -> None:
        await run.watch.until(run.entries // 4, WAIT_S)
        own_registry.child.kill()
        # Also a worker that starts anew: it has the ids of before.
        run.workers[0].kill()
        run.workers[0].start()
        assert await run.watch.until(run.entries, WAIT_S), "they waited for the registry"
        await own_registry.start()

    play(place, said, routers, take_away, per_s=400)


def test_a_group_that_changes_all_the_time_loses_and_repeats_nothing(place: Place) -> None:
    per_s = 100
    said = events_said(int(STORM_S * per_s / TURNS), wall_clock())
    routers = [router(place, f"router-{number}") for number in range(2)]
    guest = router(place, "guest")

    async def come_and_go(run: Run) -> None:
        until_s = asyncio.get_running_loop().time() + STORM_S
        while asyncio.get_running_loop().time() < until_s:
            guest.start()
            await asyncio.sleep(REBALANCE_S)
            await asyncio.to_thread(guest.await_ready)
            assert await asyncio.to_thread(guest.stop) == 0
            await asyncio.sleep(REBALANCE_S)
        assert len(run.watch.seen) > run.entries // 4, "nothing was done meanwhile"

    play(place, said, routers, come_and_go, per_s=per_s)


def _await_word(worker: Worker, word: str) -> None:
    worker.await_said(word, WAIT_S)


def _still(broker: Broker) -> None:
    broker.child.send(signal.SIGSTOP)
    time.sleep(STILL_S)
    broker.child.send(signal.SIGCONT)
