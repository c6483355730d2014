"""A member whose client lost a task of its own hears of it, also while nobody asks for records."""

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.bootstrap.kafka_topics import kafka_admin
from streams.engines.kafka.membership import Membership
from tests.awaiting import come_about
from tests.kafka import adrift_process
from tests.kafka.raw_scene import Scene


def test_a_normaliser_ends_when_its_client_gave_the_group_up(clean_scene: Scene) -> None:
    state = ("--state", str(clean_scene.folder / "adrift"))
    command = [sys.executable, "-m", adrift_process.__name__, "worker", "normalise"]
    command += [*clean_scene.options, *state]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 7, ended.stderr
    assert "start again, from what is committed" in ended.stderr


def give_group_up(consumer: AIOKafkaConsumer) -> None:
    """Let the task that speaks for the group end, by an assertion of the library's."""
    adrift_process.give_up(consumer._coordinator)


def forget_where_partitions_lie(consumer: AIOKafkaConsumer) -> None:
    """Let the task that learns it end, as a write does to a connection that the loop closed."""

    async def closed(*_: object) -> None:
        raise RuntimeError("the handler is closed")

    consumer._client._metadata_update = closed
    consumer._client.force_metadata_update()


@pytest.mark.parametrize(
    ("topic", "lose", "failure"),
    [
        ("lost-group", give_group_up, KafkaError),
        ("lost-learning", forget_where_partitions_lie, ConnectionAbortedError),
    ],
)
async def test_a_member_leaves_when_its_client_lost_a_task_of_its_own(
    broker: str,
    topic: str,
    lose: Callable[[AIOKafkaConsumer], None],
    failure: type[Exception],
) -> None:
    async with kafka_admin(broker) as admin:
        await admin.create_topics([NewTopic(topic, 2, 1)])
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, group_id=topic)

    async def hold(_source: TopicPartition, stop: asyncio.Event) -> None:
        await stop.wait()

    membership = Membership(topic, consumer, topic, hold, call_s_max=10, leave_s_max=10)
    before = asyncio.all_tasks()
    holding = asyncio.create_task(membership.hold(asyncio.Event()))
    await come_about(lambda: len(membership.running) == 2)
    lose(consumer)
    with pytest.raises(failure):
        async with asyncio.timeout(20):
            await holding
    assert membership.running == {}
    # A client that went on would keep what nobody works on.
    left = asyncio.all_tasks() - before - {holding}
    await come_about(lambda: all(task.done() for task in left), within_s=5)
