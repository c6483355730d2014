"""A record whose bytes changed on the broker's disk halts its partition, and nothing is skipped."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_dev_broker import Broker
from streams.contracts.registry import Registry
from streams.domain.event import AgencyEvent
from streams.promises.topics import EVENTS, raw
from tests.kafka.faults.feeding import feed, ingest
from tests.kafka.faults.ledger_checking import violations
from tests.kafka.faults.ledger_watching import LedgerWatch
from tests.kafka.faults.said import AGENCY, events_said, expected_of
from tests.kafka.faults.workers import Place, Worker, normaliser, router, with_keys
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.topics import remake_hub_topics

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

PERSONS, RAW_PERSONS = 60, 400
"""So many that each partition gets several batches."""
PARTITION = 1
WAIT_S = 60.0
_HEAD = struct.Struct(">qi")
"""How a batch begins: its first offset, and how long the rest of it is."""


def test_a_corrupted_event_is_never_skipped_and_the_other_partitions_go_on(
    own_broker: Broker, registry_url: str, tmp_path: Path
) -> None:
    place = _place(own_broker, registry_url, tmp_path)
    said = events_said(PERSONS, wall_clock())

    async def write() -> None:
        registry = Registry(registry_url)
        await registry.load()
        await feed(place.kafka, registry, said, per_s=1_000, repeat_share=0.0)
        await registry.close()

    _play(own_broker, EVENTS, said, write, [router(place, "router")])


def test_a_corrupted_raw_record_is_never_skipped_and_the_other_partitions_go_on(
    own_broker: Broker, registry_url: str, database_url: str, tmp_path: Path
) -> None:
    place, secret = with_keys(_place(own_broker, registry_url, tmp_path), database_url)
    at = wall_clock()
    said = events_said(RAW_PERSONS, at, secret)
    workers = [normaliser(place, "normaliser"), router(place, "router")]
    _play(own_broker, raw(AGENCY), said, lambda: ingest(place, RAW_PERSONS, at), workers)


def _place(broker: Broker, registry_url: str, folder: Path) -> Place:
    """Give a hub with fresh topics."""
    asyncio.run(remake_hub_topics(broker.address, PARTITIONS))
    return Place(broker.address, registry_url, folder)


def _play(
    broker: Broker,
    topic: str,
    said: Sequence[AgencyEvent],
    write: Callable[[], Awaitable[None]],
    workers: Sequence[Worker],
) -> None:
    """Corrupt a record of a topic: all others come, then the rest. The first worker reads it."""
    expected = expected_of(said)
    assert sum(map(len, expected.values())) == len(said)
    watch = LedgerWatch(broker.address, PARTITIONS)

    async def run() -> None:
        await write()
        stop = asyncio.Event()
        with corrupted(broker, topic) as (first, end):
            await broker.start()
            following = asyncio.create_task(watch.follow(stop))
            for worker in workers:
                worker.start()
            others = len(said) - (end - first)
            assert await watch.until(others, WAIT_S), workers[0].said()[-2_000:]
            await asyncio.to_thread(workers[0].await_said, _halted_at(topic, first), WAIT_S)
            assert len(watch.seen) == others
            broker.stop()
        await broker.start()
        assert await watch.until(len(said), WAIT_S), workers[0].said()[-2_000:]
        stop.set()
        await following

    try:
        asyncio.run(run())
    finally:
        codes = [worker.stop() for worker in workers]
    assert codes == [0] * len(workers), [worker.said()[-2_000:] for worker in workers]
    assert not violations(watch.seen, expected)


def _halted_at(topic: str, offset: int) -> str:
    place = f'"topic":"{topic}","partition":{PARTITION},"offset":{offset}'
    return f'"event":"record_corrupt",{place}}}'


@contextmanager
def corrupted(broker: Broker, topic: str) -> Iterator[tuple[int, int]]:
    """Let one byte on the disk of a broker that is stopped be another one, until the end.

    Gives the first offset of the batch that holds it, and the partition's end.
    """
    broker.stop()
    (log,) = (broker.folder / "data" / f"{topic}-{PARTITION}").glob("*.log")
    found = list(_batches(log.read_bytes()))
    first, _, after = found[len(found) // 2]
    assert first > 0
    _turn(log, after - 1)
    try:
        yield first, found[-1][1] + 1
    finally:
        _turn(log, after - 1)


def _batches(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Give each batch's first and last offset, and where the next one begins."""
    at = 0
    while at + _HEAD.size < len(data):
        first, length = _HEAD.unpack_from(data, at)
        (last_delta,) = struct.unpack_from(">i", data, at + 23)
        at += _HEAD.size + length
        yield first, first + last_delta, at


def _turn(log: Path, place: int) -> None:
    with log.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))
