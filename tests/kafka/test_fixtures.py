"""What a test asks for by name is there, empty and its own."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    UnknownTopicOrPartitionError,
)
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from streams.bootstrap.kafka_topics import make_topics
from streams.promises.topics import EVENTS, LEDGER, Topic
from tests.kafka.fixtures import PARTITIONS


def tables(url: str) -> list[str]:
    """Name the tables of a database, and leave one there."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        found = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        names = [row[0] for row in found]
        connection.execute(text("CREATE TABLE left_behind (word text)"))
        return names


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_has_an_empty_database(database_url: str, time: int) -> None:
    assert tables(database_url) == []


async def test_the_hubs_topics_are_there_and_empty(broker: str, clean_topics: list[Topic]) -> None:
    made = await make_topics(broker, clean_topics)
    assert {EVENTS, LEDGER} <= {topic.name for topic in made.topics}
    assert {(topic.partitions, topic.is_new) for topic in made.topics} == {(PARTITIONS, False)}
    assert made.differences == ()


async def test_a_topic_that_is_not_there_is_no_topic(broker: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker, request_timeout_ms=2_000)
    await producer.start()
    try:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("saattaen.misspelt", b"")
    finally:
        await producer.stop()
