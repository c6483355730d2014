"""What a stage does when the way to its broker is cut: `make test-kafka`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_dev_broker import SETTINGS, Broker
from streams.bootstrap.kafka_dev_child import LOCALHOST, Guard, free_ports
from streams.bootstrap.kafka_dev_parts import parts
from streams.engines.kafka.fenced_producer import CALL_S_MAX
from tests.kafka.faults.cutting import Cuttable
from tests.kafka.faults.feeding import ingest
from tests.kafka.faults.said import events_said
from tests.kafka.faults.scenario import Disturb, Run, play
from tests.kafka.faults.workers import Place, normaliser, router, with_keys
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.sources import open_folder
from tests.kafka.topics import remake_hub_topics

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

PERSONS = 1_000
AT_THE_START = ("JoinGroup", "SyncGroup", "OffsetFetch", "InitProducerId")
BY_ROUTERS = (
    *("Fetch", "Produce", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"),
    "Heartbeat",
)
BY_NORMALISERS = ("Fetch", "Produce", "OffsetCommit", "ListOffsets", "Heartbeat")
LINES_A_FILE = 250
"""So few that messages still come when the last answer is to be lost."""
WAIT_S = 60.0
NOBODY_ANSWERS_S = CALL_S_MAX + 5
"""Longer than the session, and than a router waits for any answer."""


@pytest.fixture(scope="module")
def way() -> Iterator[Cuttable]:
    """Give a way to a broker that can be cut."""
    cuttable = Cuttable()
    cuttable.start()
    yield cuttable
    cuttable.stop()


@pytest.fixture(scope="module")
def cut_broker(way: Cuttable) -> Iterator[Broker]:
    """Give a broker that clients reach directly, or by a way that can be cut."""
    client, controller = free_ports(2)
    settings = {
        "listeners": f"PLAINTEXT://{LOCALHOST}:{client},CUT://{LOCALHOST}:{way.broker_port},"
        f"CONTROLLER://{LOCALHOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOCALHOST}:{client},CUT://{LOCALHOST}:{way.port}",
        "listener.security.protocol.map": SETTINGS["listener.security.protocol.map"]
        + ",CUT:PLAINTEXT",
    }
    with open_folder() as folder, Guard() as guard:
        broker = Broker(folder / "kafka", parts(print), guard, (client, controller), settings)
        try:
            asyncio.run(broker.start())
            yield broker
        finally:
            broker.stop()


@pytest.fixture
def place(cut_broker: Broker, registry_url: str, tmp_path: Path) -> Place:
    """Give a hub with fresh topics."""
    asyncio.run(remake_hub_topics(cut_broker.address, PARTITIONS))
    return Place(cut_broker.address, registry_url, tmp_path)


def test_an_answer_that_is_lost_is_neither_an_entry_less_nor_one_twice(
    place: Place, way: Cuttable
) -> None:
    _play_routers(place, way, _losing(way, BY_ROUTERS))


def test_a_normaliser_whose_answers_are_lost_loses_and_repeats_nothing(
    place: Place, way: Cuttable, database_url: str
) -> None:
    hub, secret = with_keys(place, database_url)
    at = wall_clock()
    said = events_said(PERSONS, at, secret)
    normalisers = [normaliser(_by(way, hub), f"normaliser-{number}") for number in range(2)]
    stages = [*normalisers, router(hub, "router")]
    losing = _losing(way, BY_NORMALISERS)
    play(hub, said, stages, losing, feed_raw=lambda: ingest(hub, PERSONS, at, LINES_A_FILE))


def test_a_broker_that_nobody_reaches_for_a_while_costs_time_only(
    place: Place, way: Cuttable
) -> None:
    async def part(run: Run) -> None:
        await run.watch.until(run.entries // 3, WAIT_S)
        way.hold()
        await asyncio.sleep(NOBODY_ANSWERS_S)
        way.let_go()

    _play_routers(place, way, part)


def _by(way: Cuttable, place: Place) -> Place:
    """Give the same hub, reached by the way that can be cut."""
    return place._replace(kafka=f"{LOCALHOST}:{way.port}")


def _play_routers(place: Place, way: Cuttable, disturb: Disturb) -> None:
    said = events_said(PERSONS, wall_clock())
    routers = [router(_by(way, place), f"router-{number}") for number in range(2)]
    play(place, said, routers, disturb, per_s=150)


def _losing(way: Cuttable, kinds: tuple[str, ...]) -> Disturb:
    """Lose an answer of each kind, over the run; those that only a start asks after a kill."""
    every = (*kinds, *AT_THE_START)

    async def lose(run: Run) -> None:
        for number, kind in enumerate(every):
            await run.watch.until(run.entries * (number + 1) // (len(every) + 2), WAIT_S)
            if kind in AT_THE_START:
                run.workers[0].kill()
                run.workers[0].start()
            await asyncio.to_thread(way.lose_answer, kind, WAIT_S)

    return lose
