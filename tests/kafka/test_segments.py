"""What lies on the broker's disk says whether a batch was transactional, whatever clients say."""

import asyncio

import pytest
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError

from streams.bootstrap.kafka_dev_broker import Broker, serves
from streams.bootstrap.kafka_topics import kafka_admin
from tests.awaiting import come_about
from tests.kafka.segments import batches, not_transactional

pytestmark = pytest.mark.faults  # each look into a segment starts a Java of its own

PARTITIONS = 2


@pytest.fixture
async def topic(own_broker: Broker, request: pytest.FixtureRequest) -> str:
    """A topic of the test's own."""
    name = f"segments.{abs(hash(request.node.name))}"
    async with kafka_admin(own_broker.address) as admin:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    await come_about(lambda: len([*own_broker.folder.glob(f"data/{name}-*/*.log")]) == PARTITIONS)
    return name


async def write(broker: Broker, topic: str, *, commits: bool | None) -> None:
    """Write to every partition; in a transaction that ends so, or in none."""
    identity = None if commits is None else f"{topic}-writer"
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, transactional_id=identity)
    await producer.start()
    try:
        if commits is not None:
            await producer.begin_transaction()
        for partition in range(PARTITIONS):
            await producer.send_and_wait(topic, b"value", partition=partition)
        if commits:
            await producer.commit_transaction()
        elif commits is False:
            await producer.abort_transaction()
    finally:
        await producer.stop()


async def test_batches_of_a_transaction_say_so(own_broker: Broker, topic: str) -> None:
    await write(own_broker, topic, commits=True)
    # The commit is answered before its own batches are written.
    await come_about(
        lambda: (
            [batch.is_control for batch in batches(own_broker, topic)] == [False, True] * PARTITIONS
        )
    )
    assert all(batch.is_transactional for batch in batches(own_broker, topic))
    assert not_transactional(own_broker, topic) == []


async def test_a_batch_outside_of_any_transaction_is_found(own_broker: Broker, topic: str) -> None:
    await write(own_broker, topic, commits=True)
    await write(own_broker, topic, commits=None)
    found = not_transactional(own_broker, topic)
    assert [batch.is_control for batch in found] == [False] * PARTITIONS
    assert all(batch.first_offset > 0 for batch in found)


async def test_a_topic_without_a_record_proves_nothing(own_broker: Broker, topic: str) -> None:
    with pytest.raises(AssertionError, match="proves nothing"):
        not_transactional(own_broker, topic)
    with pytest.raises(AssertionError, match="no partition"):
        batches(own_broker, "segments.nowhere")


async def test_a_broker_that_was_killed_comes_back_with_what_it_acknowledged(
    own_broker: Broker, topic: str
) -> None:
    await write(own_broker, topic, commits=True)
    await write(own_broker, topic, commits=False)
    own_broker.child.kill()
    assert not await serves(own_broker.address)

    await own_broker.start()

    places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=own_broker.address, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning()
        found = [await asyncio.wait_for(consumer.getone(), 30) for _ in places]
        assert sorted(record.partition for record in found) == list(range(PARTITIONS))
        with pytest.raises((TimeoutError, KafkaError)):
            await asyncio.wait_for(consumer.getone(), 0.5)
    finally:
        await consumer.stop()
