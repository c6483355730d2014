"""One membership in a consumer group: a task for each partition, from its assignment to its loss.

The group says who reads. What is done with a partition is the caller's; here it begins, is told to
stop, and is awaited, so that nobody else begins before.
"""

import asyncio
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.engines.kafka.client_tasks import end_consumer, has_ended_task

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

FOR_EVER_MS = 2**31 - 1
"""How long a member may be without asking for records: one that waits for a registry or a database
is no dead one. Its progress is its health, and is seen elsewhere."""

_BEAT_MS_MIN, _BEAT_MS_MAX = 300, 1_000
_LOOK_S = 1.0
_PAUSE_S, _PAUSE_S_MAX = 0.2, 2.0
_WELL_S = 5.0
"""Whoever worked for so long before a failure tries again at once."""

Hold = Callable[[TopicPartition, asyncio.Event], Coroutine[Any, Any, None]]
"""Works on a partition until told to stop; what it raises ends the membership."""


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """One membership in the group, from joining to leaving."""

    def __init__(
        self,
        group: str,
        consumer: AIOKafkaConsumer,
        topic: str,
        hold: Hold,
        *,
        call_s_max: float,
        leave_s_max: float,
    ) -> None:
        """Prepare to join.

        Args:
            group: The group's name, for the log.
            consumer: A consumer of the group, not started yet.
            topic: What the group reads.
            hold: Works on one partition.
            call_s_max: How long joining and leaving may take, in seconds.
            leave_s_max: How long a partition may take to stop before it is cancelled, in seconds.
        """
        self._group = group
        self._consumer = consumer
        self._topic = topic
        self._hold = hold
        self._call_s_max = call_s_max
        self._leave_s_max = leave_s_max
        self._is_leaving = False
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.running: dict[TopicPartition, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        """What is worked on, each with its stop and its task."""

    async def hold(self, stop: asyncio.Event) -> None:
        """Be a member until told to stop; raises what a partition's work or the group raised."""
        stopped = asyncio.create_task(stop.wait())
        try:
            async with asyncio.timeout(self._call_s_max):
                await self._consumer.start()
            self._consumer.subscribe([self._topic], listener=self)
            await self._held(stopped)
        finally:
            stopped.cancel()
            self._is_leaving = True
            await self._give_up(list(self.running))
            await end_consumer(self._consumer, self._call_s_max)
            if self._broken.done():
                self._broken.exception()

    async def _held(self, stopped: "asyncio.Task[bool]") -> None:
        ends: set[asyncio.Future[Any]] = {stopped, self._broken}
        while not (await asyncio.wait(ends, timeout=_LOOK_S, return_when=FIRST_COMPLETED))[0]:
            # The client speaks for the group in a task of its own. It tells of that task's end, or
            # of what stopped it, only where records are asked for: nobody asks between two shares.
            self._consumer._coordinator.check_errors()  # noqa: SLF001  # there is no other way to it
            if has_ended_task(self._consumer):
                raise ConnectionAbortedError("a task of the client's own ended")
        if self._broken.done():
            self._broken.result()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Bring what is under way to its end, before others may begin."""
        await self._give_up(list(revoked))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Begin each partition; nothing is awaited here, so that the group does not wait for it."""
        if self._is_leaving:
            return  # told to stop while the group was still sharing out
        for source in sorted(assigned):
            if source not in self.running:
                stop = asyncio.Event()
                task = asyncio.create_task(self._hold_one(source, stop))
                self.running[source] = (stop, task)
        _log.info("partitions_taken", group=self._group, partitions=len(assigned))

    async def _hold_one(self, source: TopicPartition, stop: asyncio.Event) -> None:
        try:
            await self._hold(source, stop)
            if not stop.is_set():
                self._break(ConnectionAbortedError("the work on a partition ended by itself"))
        except asyncio.CancelledError:
            if told_to_end():
                raise
            self._break(ConnectionAbortedError("the client let go of a call by itself"))
        except BaseException as failure:  # noqa: BLE001  # whoever holds the membership must hear of it
            self._break(failure)

    def _break(self, failure: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(failure)

    async def _give_up(self, sources: list[TopicPartition]) -> None:
        leaving = [self.running.pop(source) for source in sources if source in self.running]
        for stop, _ in leaving:
            stop.set()
        if not leaving:
            return
        _, late = await asyncio.wait({task for _, task in leaving}, timeout=self._leave_s_max)
        for task in late:
            task.cancel()  # it waits for a registry or a broker: whoever comes next begins anew
        if late:
            await asyncio.wait(late)


def heartbeat_ms(session_ms: int) -> int:
    """Say how often a member gives a sign, for a session of such a length.

    With its next sign a member hears that another one died: the whole group waits for that.
    """
    return max(_BEAT_MS_MIN, min(_BEAT_MS_MAX, session_ms // 4))


def told_to_end() -> bool:
    """Say whether the running task is cancelled, where only a call of it may have been.

    The client cancels its own calls where an assignment or a connection goes: a task that took this
    for its own end would leave its partition held, and nobody at work on it.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def polled(
    consumer: AIOKafkaConsumer,
    source: TopicPartition,
    stopping: asyncio.Task[bool],
    *,
    timeout_ms: int,
    records_max: int,
) -> list[ConsumerRecord]:
    """Give a partition's next records, none where there are none for a while or it is to stop.

    While the group shares out anew the library's call waits for the end of that, which waits for
    the partition to be given up: so the stop must end the call.
    """
    polling = asyncio.create_task(
        consumer.getmany(source, timeout_ms=timeout_ms, max_records=records_max)
    )
    ends: set[asyncio.Future[Any]] = {polling, stopping}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        is_done = polling.done() or not polling.cancel()
    found: list[ConsumerRecord] = polling.result().get(source, []) if is_done else []
    return found


def pause_after(last_s: float, began_s: float) -> float:
    """Give the pause before the next try, in seconds: twice the last, short where it went well.

    `began_s` is when the try began that failed, by the clock of `time.monotonic`.
    """
    if time.monotonic() - began_s > _WELL_S:
        return _PAUSE_S
    return min(_PAUSE_S_MAX, max(_PAUSE_S, last_s * 2))


async def rest(stop: asyncio.Event, pause_s: float) -> None:
    """Wait for so long, or until told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(pause_s):
            await stop.wait()
