"""Whatever ends the work on a partition by itself ends the membership: nobody holds it idly."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import pytest
from aiokafka import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.engines.kafka.membership import Membership, told_to_end

SOURCE = TopicPartition("saattaen.events", 0)
Work = Callable[[TopicPartition, asyncio.Event], Awaitable[None]]


TASKS = ("_coordination_task", "_fetch_task", "_sync_task")
"""What the client does in tasks of its own."""


class Group:
    """Stands for a consumer whose group gives it one partition at once.

    `failure` is what its group meets, `ended` the task of its own that came to its end.
    """

    def __init__(self, failure: KafkaError | None = None, ended: str = "") -> None:
        self.has_left = False
        self.failure = failure
        self._coordinator = self._fetcher = self._client = self
        for task in TASKS:
            going_on: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if task == ended:
                going_on.set_result(None)
            setattr(self, task, going_on)

    def check_errors(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def start(self) -> None:
        """Join."""

    async def stop(self) -> None:
        self.has_left = True

    def subscribe(self, _topics: Collection[str], listener: ConsumerRebalanceListener) -> None:
        self._assigning = asyncio.create_task(listener.on_partitions_assigned([SOURCE]))


async def held(work: Work, failure: KafkaError | None = None, ended: str = "") -> None:
    """Hold a membership until it ends by itself."""

    async def hold(source: TopicPartition, stop: asyncio.Event) -> None:
        await work(source, stop)

    group = Group(failure, ended)
    membership = Membership("group", group, SOURCE.topic, hold, call_s_max=5, leave_s_max=5)
    try:
        async with asyncio.timeout(5):
            await membership.hold(asyncio.Event())
    finally:
        assert group.has_left
        assert membership.running == {}


async def test_a_call_that_the_client_cancelled_by_itself_ends_the_membership() -> None:
    async def work(_source: TopicPartition, _stop: asyncio.Event) -> None:
        call: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        call.cancel()
        await call

    with pytest.raises(ConnectionAbortedError):
        await held(work)


async def test_work_that_ends_without_being_told_ends_the_membership() -> None:
    async def work(_source: TopicPartition, _stop: asyncio.Event) -> None:
        """Be done."""

    with pytest.raises(ConnectionAbortedError):
        await held(work)


async def test_what_the_work_raised_ends_the_membership() -> None:
    async def work(_source: TopicPartition, _stop: asyncio.Event) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await held(work)


async def test_a_group_that_the_client_lost_ends_the_membership_also_without_a_partition() -> None:
    async def work(_source: TopicPartition, stop: asyncio.Event) -> None:
        await stop.wait()

    with pytest.raises(KafkaError, match="coordination"):
        await held(work, KafkaError("Unexpected error during coordination"))


@pytest.mark.parametrize("ended", TASKS)
async def test_a_task_of_the_client_that_ended_ends_the_membership(ended: str) -> None:
    async def work(_source: TopicPartition, stop: asyncio.Event) -> None:
        await stop.wait()

    with pytest.raises(ConnectionAbortedError, match="client"):
        await held(work, ended=ended)


async def test_a_task_knows_whether_it_was_cancelled_or_a_call_of_it() -> None:
    said: list[bool] = []

    async def waits(call: "asyncio.Future[None]") -> None:
        try:
            await call
        except asyncio.CancelledError:
            said.append(told_to_end())

    for cancelled in ("call", "task"):
        call: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(waits(call))
        await asyncio.sleep(0)
        (call if cancelled == "call" else task).cancel()
        await task
    assert said == [False, True]
