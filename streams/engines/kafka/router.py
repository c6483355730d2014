"""The router: takes the partitions that its group gives it, and runs each until it is taken away.

The group says who reads; the fence of each partition's producer says who may write. Where a
partition was fenced, the worker leaves the group and joins anew: somebody else has it now.
"""

import asyncio
import time
from functools import partial

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.structs import TopicPartition

from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.fenced_producer import CALL_S_MAX, FencedError, UncertainError
from streams.engines.kafka.membership import (
    FOR_EVER_MS,
    Membership,
    heartbeat_ms,
    pause_after,
    rest,
)
from streams.engines.kafka.partition import Partition, Setting
from streams.engines.kafka.progress import Progress
from streams.promises.engine import UnavailableError

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
        pause_s = 0.0
        while not stop.is_set():
            began_s = time.monotonic()
            try:
                await self._membership().hold(stop)
            except (FencedError, UnavailableError, *CLIENT_FAILURES) as failure:
                pause_s = pause_after(pause_s, began_s)
                _log.warning(
                    "router_rejoins",
                    error=type(failure).__name__,
                    delay_us=int(pause_s * 1_000_000),
                )
                await rest(stop, pause_s)

    def _membership(self) -> Membership:
        setting = self._setting
        consumer = AIOKafkaConsumer(
            bootstrap_servers=setting.bootstrap,
            group_id=setting.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=[StickyPartitionAssignor],
            session_timeout_ms=setting.session_timeout_ms,
            heartbeat_interval_ms=heartbeat_ms(setting.session_timeout_ms),
            rebalance_timeout_ms=30_000,
            max_poll_interval_ms=FOR_EVER_MS,
            fetch_max_bytes=8 * 1024 * 1024,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        return Membership(
            setting.group,
            consumer,
            setting.source,
            partial(self._hold, consumer),
            call_s_max=CALL_S_MAX,
            leave_s_max=_LEAVE_S_MAX,
        )

    async def _hold(
        self, consumer: AIOKafkaConsumer, source: TopicPartition, stop: asyncio.Event
    ) -> None:
        """Run a partition until it is to stop; anew where an outcome is not known."""
        pause_s = 0.0
        while not stop.is_set():
            began_s = time.monotonic()
            count = len(consumer.partitions_for_topic(source.topic) or ())
            partition = Partition(self._setting, consumer, source, count, self.progress)
            try:
                await partition.run(stop)
            except (UncertainError, UnavailableError, *CLIENT_FAILURES) as failure:
                pause_s = pause_after(pause_s, began_s)
                _log.warning(
                    "partition_begins_anew",
                    partition=source.partition,
                    error=_cause_of(failure),
                    delay_us=int(pause_s * 1_000_000),
                )
                await rest(stop, pause_s)


def _cause_of(failure: BaseException) -> str:
    # A client's own words are free text, which the log masks.
    return str(failure) if isinstance(failure, UncertainError) else type(failure).__name__
