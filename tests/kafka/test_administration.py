"""Whoever administers a broker waits for one that does not know itself at the moment."""

from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.bootstrap.kafka_dev_broker import Broker, serves
from streams.bootstrap.kafka_dev_child import Guard, free_ports
from streams.bootstrap.kafka_dev_parts import parts
from streams.bootstrap.kafka_hub import partitions_of
from streams.bootstrap.kafka_topics import kafka_admin
from streams.engines.kafka.administration import knows_brokers
from streams.engines.kafka.topic_reader import count_partitions
from tests.kafka.sources import open_folder

pytestmark = pytest.mark.faults  # it has a broker of its own

MOSTLY_OUT_OF_SIGHT = {"broker.session.timeout.ms": "300", "broker.heartbeat.interval.ms": "2000"}
"""The controller sees the broker for 0.3 of every 2 seconds, and names none in between."""


@pytest.fixture
async def broker_out_of_sight() -> AsyncIterator[Broker]:
    """A broker that answers, and does not know itself at this moment."""
    with open_folder() as folder, Guard() as guard:
        client, controller = free_ports(2)
        ports = (client, controller)
        broker = Broker(folder / "kafka", parts(print), guard, ports, MOSTLY_OUT_OF_SIGHT)
        await broker.start()
        async with kafka_admin(broker.address) as admin:
            await admin.create_topics([NewTopic("there", 3, 1)])
        while await serves(broker.address):
            pass
        yield broker
        broker.stop()


async def test_a_broker_that_does_not_know_itself_is_waited_for(
    broker_out_of_sight: Broker,
) -> None:
    address = broker_out_of_sight.address
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    assert not await knows_brokers(admin)
    await admin.close()

    assert await partitions_of(address, ["there"]) == {"there": 3}


async def test_so_does_whoever_counts_partitions(broker_out_of_sight: Broker) -> None:
    assert await count_partitions(broker_out_of_sight.address, "there") == 3
