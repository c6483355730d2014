"""A hub for a measurement: topics made anew, filled in one instant, read back; routers awaited."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.domain.event import AgencyEvent
from streams.engines.kafka.topic_reader import TopicReader
from streams.promises import topics
from tests.kafka.faults.workers import Worker
from tests.kafka.topics import remake_hub_topics

PARTITIONS = 4
SESSION_MS = 10_000
"""What `saattaen worker route` has."""


@contextmanager
def running(worker: Worker) -> Iterator[Worker]:
    """Run a worker during a block; it may be killed and started anew in it."""
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


async def made_anew(kafka: str) -> None:
    """Make the hub's topics anew."""
    await remake_hub_topics(kafka, PARTITIONS)


async def filled(kafka: str, registry_url: str, said: Sequence[AgencyEvent]) -> float:
    """Write events that become visible all at once; give when, in seconds since 1970.

    So nobody who reads what is committed competes with the writer for the machine.
    """
    registry = Registry(registry_url)
    await registry.load()
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        transactional_id="bench.feed",
        linger_ms=20,
        compression_type="lz4",
    )
    await producer.start()
    try:
        async with producer.transaction():
            for event in said:
                value = frame_payload(registry, type(event).__name__, encode_event(event))
                await producer.send(topics.EVENTS, value, key=event.envelope.person.encode())
        return time.time()
    finally:
        await producer.stop()
        await registry.close()


async def stamps(kafka: str, entries: int) -> list[int]:
    """Give when each entry of the ledger was written, in ms since 1970, once so many are there."""
    found: list[int] = []
    async with TopicReader(kafka, topics.LEDGER) as ledger:
        async for records in ledger.news(await ledger.begin(None)):
            found += [record.timestamp for record in records]
            if len(found) >= entries:
                break
    return found


async def states(kafka: str) -> list[ConsumerRecord]:
    """Read the topic of states as far as it goes."""
    async with TopicReader(kafka, topics.STATE) as topic:
        await topic.begin(None)
        return [record for one in topic.until_now().values() async for record in one]


def are_settled(workers: Sequence[Worker]) -> bool:
    """Say whether routers hold all partitions between them, each its share, restored."""
    shares = []
    for worker in workers:
        *_, last = worker.said().split('"partitions_taken"')
        told = re.search(r'"partitions":(\d+)', last)
        share = int(told[1]) if told else 0
        shares.append(share if last.count('"partition_taken"') == share else 0)
    return 0 not in shares and sum(shares) == PARTITIONS
