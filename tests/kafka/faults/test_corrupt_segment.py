"""A record whose bytes changed on the broker's disk halts its partition, and nothing is skipped."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka.structs import TopicPartition
from structlog.testing import capture_logs

from streams.bootstrap.faust_app import GROUP as NORMALISERS
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.partition_writer import partition_of
from streams.bootstrap.progress_watch import ProgressWatch
from streams.bootstrap.routing import GROUP as ROUTERS
from streams.contracts.codec import codec_of
from streams.contracts.frame import HEAD_BYTES
from streams.contracts.registry import Registry
from streams.domain.event import AgencyEvent
from streams.engines.kafka.topic_reader import TopicReader
from streams.promises.engine import UnavailableError
from streams.promises.topics import EVENTS, LEDGER, STATE, raw
from streams.promises.watermark import Watermark
from tests.awaiting import come_about
from tests.kafka.faults.corrupting import PARTITION, corrupted
from tests.kafka.faults.feeding import feed, ingest
from tests.kafka.faults.ledger_checking import violations
from tests.kafka.faults.ledger_watching import LedgerWatch
from tests.kafka.faults.said import AGENCY, events_said, expected_of
from tests.kafka.faults.workers import Place, Worker, normaliser, router, with_keys
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.topics import remake_hub_topics
from tests.kafka.view_scene import Scene

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

PERSONS, RAW_PERSONS = 60, 400
"""So many that each partition gets several batches."""
PER_S = 300
WAIT_S = 60.0
QUIET_US = 12_000_000
"""So long after it halted, a normaliser has looked at why."""
OTHER_SECRET = bytes(range(1, 33))
"""Gives the same people other pseudonyms."""


def test_a_corrupted_event_is_never_skipped_and_the_other_partitions_go_on(
    own_broker: Broker, registry_url: str, tmp_path: Path
) -> None:
    place = _place(own_broker, registry_url, tmp_path)
    said = events_said(PERSONS, wall_clock())

    _play(own_broker, EVENTS, said, lambda: _write(place, said), ROUTERS, [router(place, "router")])


def test_a_corrupted_raw_record_is_never_skipped_and_the_other_partitions_go_on(
    own_broker: Broker, registry_url: str, database_url: str, tmp_path: Path
) -> None:
    place, secret = with_keys(_place(own_broker, registry_url, tmp_path), database_url)
    at = wall_clock()
    said = events_said(RAW_PERSONS, at, secret)
    workers = [normaliser(place, "normaliser"), router(place, "router")]
    _play(
        own_broker, raw(AGENCY), said, lambda: ingest(place, RAW_PERSONS, at), NORMALISERS, workers
    )


def test_a_corrupted_state_halts_its_partition_until_it_reads_again(
    own_broker: Broker, registry_url: str, tmp_path: Path
) -> None:
    place = _place(own_broker, registry_url, tmp_path)
    at = wall_clock()
    before, after = events_said(PERSONS, at), events_said(PERSONS, at, OTHER_SECRET)
    watch = LedgerWatch(own_broker.address, PARTITIONS)
    first = router(place, "first")
    # It has no file of its own: all that it knows comes from the topic.
    second = router(place, "second")

    async def run() -> None:
        stop = asyncio.Event()
        following = asyncio.create_task(watch.follow(stop))
        first.start()
        await asyncio.to_thread(first.await_ready)
        await _write(place, before)
        assert await watch.until(len(before), WAIT_S), first.said()[-2_000:]
        assert first.stop() == 0
        with corrupted(own_broker, STATE) as (corrupt, _):
            await own_broker.start()
            second.start()
            await _write(place, after)
            here = [event for event in after if _lies(event) == PARTITION]
            others = len(before) + len(after) - len(here)
            assert await watch.until(others, WAIT_S), second.said()[-2_000:]
            await asyncio.to_thread(second.await_said, _halted_at(STATE, corrupt), WAIT_S)
            assert here
            assert len(watch.seen) == others
            own_broker.stop()
        await own_broker.start()
        assert await watch.until(len(before) + len(after), WAIT_S), second.said()[-2_000:]
        stop.set()
        await following

    try:
        asyncio.run(run())
    finally:
        code = second.stop()
    assert code == 0, second.said()[-2_000:]
    assert not violations(watch.seen, expected_of([*before, *after]))


async def test_a_corrupted_entry_is_told_of_and_all_that_is_sound_is_viewed(
    own_broker: Broker,
    registry_url: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    place = await asyncio.to_thread(_place, own_broker, registry_url, tmp_path)
    said = events_said(PERSONS, wall_clock())
    persons = [*{event.envelope.person: None for event in said}]
    watch = LedgerWatch(own_broker.address, PARTITIONS)
    scene = Scene(own_broker.address, registry_url, database_url)
    routed, stop = router(place, "router"), asyncio.Event()
    routed.start()
    await asyncio.to_thread(routed.await_ready)
    following = asyncio.create_task(watch.follow(stop))
    await _write(place, said)
    assert await watch.until(len(said), WAIT_S), routed.said()[-2_000:]
    assert await asyncio.to_thread(routed.stop) == 0
    stop.set()
    await following
    async with AsyncExitStack() as viewing:
        viewing.callback(scene.close)
        with capture_logs() as logs, corrupted(own_broker, LEDGER) as (corrupt, _):
            await own_broker.start()
            await viewing.enter_async_context(scene.worker())
            sound = [s for s in watch.seen if s.partition != PARTITION or s.offset < corrupt]
            assert len(sound) < len(said)
            await scene.viewed(persons, len(sound), WAIT_S)
            source = {"topic": LEDGER, "partition": PARTITION, "offset": corrupt}
            told = {"event": "record_corrupt", "log_level": "error", **source}
            await come_about(lambda: told in logs, WAIT_S)
            assert len(scene.entries(persons)) == len(sound)
            with pytest.raises(UnavailableError, match=f"/{PARTITION} from offset {corrupt} on"):
                await _read_all(own_broker)
            await asyncio.to_thread(own_broker.stop)
        await own_broker.start()
        await scene.viewed(persons, len(said), WAIT_S)
        await scene.caught_up()


async def _clocks_go_on(broker: Broker) -> None:
    """Wait until the watermarks of all other partitions have passed a moment well after now."""
    later = wall_clock() + QUIET_US
    wanted = set(range(PARTITIONS)) - {PARTITION}
    async with TopicReader(broker.address, EVENTS) as topic, asyncio.timeout(WAIT_S):
        async for records in topic.news(await topic.begin(None)):
            for record in records:
                if record.key == AGENCY.encode():
                    mark = codec_of(Watermark).decode(record.value[HEAD_BYTES:])
                    if mark.passed_at > later:
                        assert record.partition != PARTITION
                        wanted.discard(record.partition)
            if not wanted:
                return


async def _read_all(broker: Broker) -> None:
    async with TopicReader(broker.address, LEDGER) as topic:
        await topic.begin(None)
        for records in topic.until_now().values():
            async for _ in records:
                """What is sound is given first."""


def _lies(event: AgencyEvent) -> int:
    return partition_of(event.envelope.person.encode(), PARTITIONS)


async def _write(place: Place, said: Sequence[AgencyEvent]) -> None:
    registry = Registry(place.registry)
    await registry.load()
    await feed(place.kafka, registry, said, per_s=PER_S, repeat_share=0.0)
    await registry.close()


async def _is_told_apart(broker: Broker, topic: str, group: str) -> None:
    """Let a worker's health see that it is the record's fault: no reason to start it anew."""
    source, stop = TopicPartition(topic, PARTITION), asyncio.Event()
    others = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    watch = ProgressWatch(broker.address, group, lambda: others)
    watching = asyncio.create_task(watch.run(stop))
    await come_about(lambda: source in watch.standings and watch.standings[source].is_corrupt)
    await come_about(lambda: watch.standings[source].still_s > 0)
    assert watch.stalled(0.0) == []
    assert [place for place, standing in watch.standings.items() if standing.is_corrupt] == [source]
    stop.set()
    await watching


def _place(broker: Broker, registry_url: str, folder: Path) -> Place:
    """Give a hub with fresh topics."""
    asyncio.run(remake_hub_topics(broker.address, PARTITIONS))
    return Place(broker.address, registry_url, folder)


def _play(
    broker: Broker,
    topic: str,
    said: Sequence[AgencyEvent],
    write: Callable[[], Awaitable[None]],
    group: str,
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
            await _is_told_apart(broker, topic, group)
            if topic == raw(AGENCY):
                await _clocks_go_on(broker)
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
