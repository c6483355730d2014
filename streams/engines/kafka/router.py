"""The router: takes the partitions that its group gives it, and runs each until it is taken away.

The group says who reads; the fence of each partition's producer says who may write. Where a
partition was fenced, the worker leaves the group and joins anew: somebody else has it now.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.engines.kafka.fenced_producer import CALL_S_MAX, FencedError, UncertainError
from streams.engines.kafka.partition import Partition, Setting
from streams.engines.kafka.progress import Progress
from streams.promises.engine import UnavailableError

_PAUSE_S = 0.2
_PAUSE_S_MAX = 5.0
_LEAVE_S_MAX = 10.0

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Router:
    """One worker of the routers' group."""

    def __init__(self, setting: Setting) -> None:
        """Prepare; `run` connects."""
        self._setting = setting
        self.progress = Progress()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop: what is under way is then committed or left undone, whole."""
        pause_s = _PAUSE_S
        while not stop.is_set():
            try:
                await _Membership(self._setting, self.progress).hold(stop)
                pause_s = _PAUSE_S
            except (FencedError, UnavailableError, KafkaError, TimeoutError, OSError) as failure:
                _log.warning(
                    "router_rejoins",
                    error=type(failure).__name__,
                    delay_us=int(pause_s * 1_000_000),
                )
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)
                pause_s = min(_PAUSE_S_MAX, pause_s * 2)


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """One membership in the group, from joining to leaving."""

    def __init__(self, setting: Setting, progress: Progress) -> None:
        self._setting = setting
        self._progress = progress
        self._running: dict[TopicPartition, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=setting.bootstrap,
            group_id=setting.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=[StickyPartitionAssignor],
            session_timeout_ms=setting.session_timeout_ms,
            heartbeat_interval_ms=max(300, setting.session_timeout_ms // 4),
            rebalance_timeout_ms=30_000,
            max_poll_interval_ms=300_000,
            fetch_max_bytes=8 * 1024 * 1024,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )

    async def hold(self, stop: asyncio.Event) -> None:
        """Be a member until told to stop, or until a partition is lost."""
        stopped = asyncio.create_task(stop.wait())
        try:
            async with asyncio.timeout(CALL_S_MAX):
                await self._consumer.start()
            self._consumer.subscribe([self._setting.source], listener=self)
            ends: set[asyncio.Future[Any]] = {stopped, self._broken}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                self._broken.result()
        finally:
            stopped.cancel()
            await self._give_up(list(self._running))
            with suppress(KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(CALL_S_MAX):
                    await self._consumer.stop()
            if self._broken.done():
                self._broken.exception()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish what is under way, before others may begin."""
        await self._give_up(list(revoked))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Begin each partition; nothing is awaited here, so that the group does not wait for it."""
        for source in sorted(assigned):
            if source not in self._running:
                stop = asyncio.Event()
                task = asyncio.create_task(self._hold_partition(source, stop))
                self._running[source] = (stop, task)

    async def _hold_partition(self, source: TopicPartition, stop: asyncio.Event) -> None:
        pause_s = _PAUSE_S
        while not stop.is_set():
            count = len(self._consumer.partitions_for_topic(source.topic) or ())
            partition = Partition(self._setting, self._consumer, source, count, self._progress)
            try:
                await partition.run(stop)
            except (UncertainError, UnavailableError, KafkaError) as failure:
                _log.warning(
                    "partition_begins_anew",
                    partition=source.partition,
                    error=str(failure),
                    delay_us=int(pause_s * 1_000_000),
                )
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)
                pause_s = min(_PAUSE_S_MAX, pause_s * 2)
            except Exception as failure:  # noqa: BLE001  # whoever holds the membership must hear of it
                if not self._broken.done():
                    self._broken.set_exception(failure)
                return

    async def _give_up(self, sources: list[TopicPartition]) -> None:
        leaving = [self._running.pop(source) for source in sources if source in self._running]
        for stop, _ in leaving:
            stop.set()
        if not leaving:
            return
        _, late = await asyncio.wait({task for _, task in leaving}, timeout=_LEAVE_S_MAX)
        for task in late:
            task.cancel()  # it waits for a registry or a broker: whoever comes next begins anew
        if late:
            await asyncio.wait(late)
