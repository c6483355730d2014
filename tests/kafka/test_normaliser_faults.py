"""Normalisers, their broker and their registry under fault: nothing is lost, order is kept."""

import asyncio
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random
from threading import Event

import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.kafka_dev_registry import DevRegistry
from streams.bootstrap.kafka_topics import make_topics, needed_topics
from streams.promises.engine import UnavailableError
from tests.awaiting import await_that
from tests.cli.processes import Process
from tests.kafka.raw_scene import (
    HETUS,
    LAPPEENRANTA,
    Scene,
    in_order,
    milestone,
    repeats,
    scene,
)

PERSONS = 12

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    own_broker: Broker,
    own_registry: DevRegistry,
    database_server: str,
) -> Iterator[Scene]:
    asyncio.run(make_topics(own_broker.address, needed_topics(load_agreements()), partitions=4))
    folder = tmp_path_factory.mktemp("hub")
    with scene(folder, own_broker.address, own_registry.address, database_server) as made:
        yield made


class Feeder:
    """Queues messages in small files, until it is told to stop; knows what was acknowledged."""

    def __init__(self, hub: Scene, mark: str) -> None:
        self.hub = hub
        self.mark = mark
        self.fed: list[tuple[str, str]] = []
        self._stop = Event()
        self._threads = ThreadPoolExecutor(1)
        self._feeding = self._threads.submit(self._feed)

    def stop(self) -> dict[str, list[str]]:
        """Give the acknowledged ids of each person, in order."""
        self._stop.set()
        self._feeding.result(60)
        self._threads.shutdown()
        lanes: dict[str, list[str]] = {}
        for hetu, message_id in self.fed:
            lanes.setdefault(hetu, []).append(message_id)
        return lanes

    def _feed(self) -> None:
        while not self._stop.is_set():
            start = len(self.fed)
            some = [
                (HETUS[number % PERSONS], f"{self.mark}-{number:05}")
                for number in range(start, start + 30)
            ]
            file = b"\n".join([milestone(message_id, hetu) for hetu, message_id in some])
            try:
                assert len(self.hub.queue(LAPPEENRANTA, file)) == len(some)
            except UnavailableError:
                continue  # the broker is away: as a person would, say it again
            self.fed += some


def stands_whole(hub: Scene, fed: dict[str, list[str]], mark: str) -> bool:
    """Say whether all that was acknowledged came out, each person's in order."""
    lanes = in_order(hub.events_of(mark))
    assert len(lanes) <= len(fed), "a person is in two lanes"
    return sorted(lanes.values()) == sorted(fed.values())


def come_out(hub: Scene, mark: str, messages: int) -> bool:
    found = hub.events_of(mark)
    return len({each.value.envelope.event_id for each in found}) >= messages


def test_the_checker_sees_a_loss_a_swap_and_a_change_of_lanes(hub: Scene) -> None:
    fed = {"a": ["1", "2"], "b": ["3"]}
    for lanes in ({"a": ["1"], "b": ["3"]}, {"a": ["2", "1"], "b": ["3"]}, {"a": ["1", "2"]}):
        assert sorted(lanes.values()) != sorted(fed.values())
    assert not stands_whole(hub, fed, "ZZ-nothing")


def test_workers_that_are_killed_lose_nothing_and_keep_the_order(hub: Scene) -> None:
    rng = Random(20_261_130)  # it chooses whom to kill; nothing is kept secret by it
    with ExitStack() as running:
        workers = [running.enter_context(hub.worker(number)) for number in (1, 2)]
        feeder = Feeder(hub, "ZZ-K")
        await_that(lambda: hub.events_of("ZZ-K"), 100)
        for turn in range(2):
            before = len(hub.events_of("ZZ-K"))
            place = rng.randrange(2)
            workers[place].process.kill()
            workers[place] = running.enter_context(hub.worker(3 + turn))
            await_that(lambda b=before: len(hub.events_of("ZZ-K")) > b, 100)  # type: ignore[misc]  # a default of a lambda has no type
        fed = feeder.stop()
        await_that(lambda: come_out(hub, "ZZ-K", sum(map(len, fed.values()))), 100)
    assert stands_whole(hub, fed, "ZZ-K")


def test_a_worker_that_is_told_to_stop_drains_and_repeats_nothing(hub: Scene) -> None:
    with hub.worker(1) as worker:
        feeder = Feeder(hub, "ZZ-S")
        await_that(lambda: hub.events_of("ZZ-S"), 60)
        assert worker.stop() == 0, worker.said()
    said = worker.said()
    fed = feeder.stop()
    with hub.worker(1):
        await_that(lambda: come_out(hub, "ZZ-S", sum(map(len, fed.values()))), 60)
    assert stands_whole(hub, fed, "ZZ-S")
    assert repeats(hub.events_of("ZZ-S")) == 0, said


def test_a_worker_that_knows_its_ids_needs_no_registry(
    hub: Scene, own_registry: DevRegistry
) -> None:
    with hub.worker(1) as first:
        await_that(lambda: "stage_ready" in first.said(), 60)
        assert first.stop() == 0
    own_registry.stop()
    try:
        with hub.worker(1) as again:
            hub.queue(LAPPEENRANTA, milestone("ZZ-R-1"))
            await_that(lambda: come_out(hub, "ZZ-R-1", 1), 60)
            assert again.stop() == 0
        with hub.worker(77) as newcomer:
            await_that(lambda: waits_for_registry(newcomer), 60)
            hub.queue(LAPPEENRANTA, milestone("ZZ-R-2"))
            asyncio.run(own_registry.start())
            await_that(lambda: come_out(hub, "ZZ-R-2", 1), 60)
    finally:
        start_again(own_registry)


def start_again(registry: DevRegistry) -> None:
    """Start a registry that a test stopped, unless it has done so itself."""
    if not registry.child.is_running():
        asyncio.run(registry.start())


def waits_for_registry(worker: Process) -> bool:
    return '"stage_waits","kind":"registry"' in worker.said()


def test_a_worker_that_waits_still_ends_when_it_is_told(
    hub: Scene, own_registry: DevRegistry
) -> None:
    own_registry.stop()
    try:
        with hub.worker(78) as newcomer:
            await_that(lambda: waits_for_registry(newcomer), 60)
            assert newcomer.stop() == 0, newcomer.said()
    finally:
        start_again(own_registry)


def test_a_broker_that_dies_under_traffic_costs_nothing(hub: Scene, own_broker: Broker) -> None:
    with ExitStack() as running:
        worker = running.enter_context(hub.worker(1))
        feeder = Feeder(hub, "ZZ-B")
        await_that(lambda: hub.events_of("ZZ-B"), 60)
        own_broker.child.send(signal.SIGKILL)
        own_broker.child.wait()
        asyncio.run(own_broker.start())
        fed = feeder.stop()

        def whole() -> bool:
            nonlocal worker
            if worker.process.poll() is not None:
                assert worker.process.returncode != 0
                worker = running.enter_context(hub.worker(1))
            return come_out(hub, "ZZ-B", sum(map(len, fed.values())))

        await_that(whole, 100)
    assert stands_whole(hub, fed, "ZZ-B")
