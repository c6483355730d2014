"""A hub's topics for a measurement: made anew, filled in one instant, and read back."""

import time
from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.kafka_topics import needed_topics
from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.domain.event import AgencyEvent
from streams.promises import topics
from tests.kafka.topics import remake_topics

PARTITIONS = 4


async def made_anew(kafka: str) -> None:
    """Make the hub's topics anew."""
    await remake_topics(kafka, needed_topics(load_agreements()), PARTITIONS)


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
    async for records in _committed(kafka, topics.LEDGER):
        found += [record.timestamp for record in records]
        if len(found) >= entries:
            break
    return found


async def states(kafka: str) -> list[ConsumerRecord]:
    """Read the topic of states as far as it goes."""
    found: list[ConsumerRecord] = []
    async for records in _committed(kafka, topics.STATE):
        found += records
        if not records:
            break
    return found


async def _committed(kafka: str, topic: str) -> AsyncIterator[list[ConsumerRecord]]:
    """Give a topic's records from its beginning; an empty list where there are none for a while."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", enable_auto_commit=False
    )
    await consumer.start()
    try:
        sources = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(sources)
        await consumer.seek_to_beginning(*sources)
        while True:
            polled = await consumer.getmany(timeout_ms=1_000)
            yield [record for records in polled.values() for record in records]
    finally:
        await consumer.stop()
