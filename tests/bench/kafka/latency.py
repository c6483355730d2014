"""From a raw message to its committed entry: one normaliser and one router, at half their rate.

rate      so many messages are there at once: entries a second from then to the last
latency   then others come evenly at half that rate: from each one's writing to the moment when a
          `read_committed` reader has its entry; and at a quarter and an eighth of it
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_hub import partitions_of
from streams.bootstrap.partition_writer import Outgoing
from streams.bootstrap.receiving import Receiving
from streams.domain.calendar import moment
from streams.promises import topics
from tests.awaiting import await_that
from tests.bench.kafka.hub_topics import (
    PARTITIONS,
    SESSION_MS,
    are_settled,
    made_anew,
    running,
    stamps,
)
from tests.bench.mix import json_mix
from tests.kafka.faults.said import TURNS
from tests.kafka.faults.workers import READY, Place, router
from tests.kafka.raw_scene import LAPPEENRANTA, Scene, scene

P50_GOAL_MS, P99_GOAL_MS = 50, 250
_BURSTS = 2
_SHARES = (2, 2, 2, 4, 8)
_READY_S = 60.0
_END_S = 60.0


class _Kept:
    """Stands for the writer of the receive step: keeps the records for later."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []

    async def reach(self, within_s: float) -> None:
        """Be there."""
        del within_s

    async def write(self, records: Sequence[Outgoing], within_s: float) -> None:
        """Keep them."""
        del within_s
        self.records += records


def measure(
    kafka: str,
    registry: str,
    database_server: str,
    folder: Path,
    messages: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Measure the rate, then the latency at half of it; each time with so many messages.

    A broker compiles itself in its first minute, and takes half of such a machine for it: the first
    rate is not believed, nor are the first that come evenly.
    """
    folder.mkdir()
    asyncio.run(made_anew(kafka))
    with ExitStack() as ends:
        hub = ends.enter_context(scene(folder, kafka, registry, database_server))
        persons = messages // TURNS
        fresh = (asyncio.run(_sealed(hub, persons, first)) for first in count(0, persons))
        place = Place(
            kafka, registry, folder, SESSION_MS, hub.settings.database, hub.settings.keys_file
        )
        routing = ends.enter_context(running(router(place, "router")))
        routing.await_ready(_READY_S)
        normalising = ends.enter_context(hub.worker(1))
        await_that(lambda: READY in normalising.said(), _READY_S)
        await_that(lambda: are_settled([routing]), _READY_S)
        rates = [_rate(kafka, next(fresh), earlier * messages) for earlier in range(_BURSTS)]
        rate = rates[-1]
        say(f"raw message to entry: {rate:.0f} a second")
        paces: dict[int, dict[str, float]] = {}
        for share in _SHARES:
            waits_s = asyncio.run(_paced(kafka, next(fresh), rate / share))
            paces[share] = _figures(waits_s, rate / share)
            say(f"raw message to entry: {paces[share]}")
    return {
        "messages": messages,
        "rate_per_s": round(rate),
        "earlier_rates_per_s": [round(each) for each in rates[:-1]],
        **paces.pop(_SHARES[0]),
        "slower": list(paces.values()),
    }


def _figures(waits_s: list[float], per_s: float) -> dict[str, float]:
    cuts = quantiles(waits_s, n=100)
    return {
        "sent_per_s": round(per_s),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "max_ms": round(max(waits_s) * 1000, 1),
    }


def _rate(kafka: str, records: list[Outgoing], entries_before: int) -> float:
    """Write records that become visible at once; give how many a second became entries."""
    began_s = asyncio.run(_all_at_once(kafka, records))
    ended_s = max(asyncio.run(stamps(kafka, entries_before + len(records)))) / 1000
    return len(records) / (ended_s - began_s)


async def _sealed(hub: Scene, persons: int, first: int) -> list[Outgoing]:
    """Let the receive step split, seal and stamp what persons' agency says; give the records."""
    partitions = await partitions_of(hub.settings.kafka, [topics.raw(LAPPEENRANTA)])
    kept = _Kept()
    with hub.keys() as keys:
        receiving = Receiving(hub.parts, keys, kept, partitions)  # type: ignore[arg-type]  # it writes later
        for raw in json_mix(persons, TURNS, first, start=moment(wall_clock())):
            async for _ in receiving.receive(LAPPEENRANTA, raw, patience_s=_END_S):
                pass
    return kept.records


async def _all_at_once(kafka: str, records: Sequence[Outgoing]) -> float:
    """Write records that become visible in one instant; give it, in seconds since 1970."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="bench.raw", linger_ms=20)
    await producer.start()
    try:
        async with producer.transaction():
            for record in records:
                await _send(producer, record)
        return time.time()
    finally:
        await producer.stop()


async def _paced(kafka: str, records: Sequence[Outgoing], per_s: float) -> list[float]:
    """Write records evenly; give how long each took to its entry, in seconds."""
    written_s: dict[bytes, float] = {}
    waits_s: list[float] = []
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5)
    await consumer.start()
    await producer.start()
    sources = [TopicPartition(topics.LEDGER, number) for number in range(PARTITIONS)]
    consumer.assign(sources)
    await consumer.seek_to_end(*sources)

    async def read() -> None:
        while len(waits_s) < len(records):
            polled = await consumer.getmany(timeout_ms=100)
            now_s = time.perf_counter()
            for record in (each for found in polled.values() for each in found):
                trace = dict(record.headers).get(topics.TRACEPARENT, b"")
                if (began_s := written_s.pop(trace, None)) is not None:
                    waits_s.append(now_s - began_s)

    reading = asyncio.create_task(read())
    try:
        began_s = time.perf_counter()
        for number, record in enumerate(records):
            ahead_s = began_s + number / per_s - time.perf_counter()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            written_s[dict(record.headers)[topics.TRACEPARENT]] = time.perf_counter()
            await _send(producer, record)
        async with asyncio.timeout(_END_S):
            await reading
    finally:
        reading.cancel()
        await producer.stop()
        await consumer.stop()
    return waits_s


async def _send(producer: AIOKafkaProducer, record: Outgoing) -> None:
    await producer.send(
        record.topic, record.value, record.key, record.partition, headers=list(record.headers)
    )
