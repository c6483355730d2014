"""A member whose client gave its group up hears of it, also while nobody asks for records."""

import asyncio
import subprocess
import sys

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

TOPIC = GROUP = "lost-group"


def test_a_normaliser_ends_when_its_client_gave_the_group_up(clean_scene: Scene) -> None:
    state = ("--state", str(clean_scene.folder / "adrift"))
    command = [sys.executable, "-m", adrift_process.__name__, "worker", "normalise"]
    command += [*clean_scene.options, *state]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 7, ended.stderr
    assert "start again, from what is committed" in ended.stderr


async def test_a_member_leaves_when_its_client_gave_the_group_up(broker: str) -> None:
    async with kafka_admin(broker) as admin:
        await admin.create_topics([NewTopic(TOPIC, 2, 1)])
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, group_id=GROUP)

    async def hold(_source: TopicPartition, stop: asyncio.Event) -> None:
        await stop.wait()

    membership = Membership(GROUP, consumer, TOPIC, hold, call_s_max=10, leave_s_max=10)
    holding = asyncio.create_task(membership.hold(asyncio.Event()))
    await come_about(lambda: len(membership.running) == 2)
    adrift_process.give_up(consumer._coordinator)
    with pytest.raises(KafkaError, match="bootstrap"):
        async with asyncio.timeout(20):
            await holding
    assert membership.running == {}
