"""A group of workers that follow the ledger: each has some partitions, and nobody two at once.

What was read is known by whoever keeps what follows from it, in the same transaction; the group's
own offsets are committed after it, and only show how far everybody has come. So a worker begins
where its store stands, whatever the group says.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.structs import TopicPartition

from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.framed_values import Schemas
from streams.engines.kafka.ledger_follower import CALL_S_MAX, Follower, PartitionReader
from streams.engines.kafka.ledger_records import LedgerRecords
from streams.engines.kafka.membership import (
    FOR_EVER_MS,
    Membership,
    heartbeat_ms,
    pause_after,
    rest,
)
from streams.engines.kafka.topic_reader import answered, count_partitions
from streams.promises.engine import UnavailableError
from streams.promises.ledger import PARTITIONS_MAX
from streams.promises.topics import LEDGER

SESSION_MS = 10_000
REBALANCE_MS = 40_000
"""How long others wait for a worker to bring what is under way to its end."""
LEAVE_S_MAX = 30.0
FETCH_WAIT_MS = 200

Follow = Callable[[int, int], Follower]
"""Makes the follower of a partition, of so many."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class GroupSetting(NamedTuple):
    """Which group follows the ledger, and where."""

    kafka: str
    group: str
    session_ms: int = SESSION_MS


class LedgerGroup:
    """One worker of a group."""

    def __init__(self, setting: GroupSetting, schemas: Schemas, follow: Follow) -> None:
        """Prepare; `run` connects."""
        self._setting = setting
        self._records = LedgerRecords(schemas)
        self._follow = follow
        self._membership: Membership | None = None

    def assigned(self) -> list[TopicPartition]:
        """Give the partitions that are followed now."""
        return [] if self._membership is None else sorted(self._membership.running)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; what is under way is brought to its end."""
        pause_s = 0.0
        while not stop.is_set():
            began_s = time.monotonic()
            try:
                await _await_topic(self._setting.kafka)
                self._membership = self._new_membership()
                await self._membership.hold(stop)
            except (UnavailableError, *CLIENT_FAILURES) as failure:
                pause_s = pause_after(pause_s, began_s)
                _log.warning(
                    "group_rejoins",
                    group=self._setting.group,
                    error=type(failure).__name__,
                    delay_us=int(pause_s * 1_000_000),
                )
            else:
                return
            await rest(stop, pause_s)

    def _new_membership(self) -> Membership:
        setting = self._setting
        consumer = AIOKafkaConsumer(
            bootstrap_servers=setting.kafka,
            group_id=setting.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=[StickyPartitionAssignor],
            session_timeout_ms=setting.session_ms,
            heartbeat_interval_ms=heartbeat_ms(setting.session_ms),
            rebalance_timeout_ms=REBALANCE_MS,
            max_poll_interval_ms=FOR_EVER_MS,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )
        return Membership(
            setting.group,
            consumer,
            LEDGER,
            partial(self._read, consumer),
            call_s_max=CALL_S_MAX,
            leave_s_max=LEAVE_S_MAX,
        )

    async def _read(
        self, consumer: AIOKafkaConsumer, source: TopicPartition, stop: asyncio.Event
    ) -> None:
        count = len(consumer.partitions_for_topic(LEDGER) or ())
        follower = self._follow(source.partition, count)
        await PartitionReader(consumer, source, self._records, follower).run(stop)


async def _await_topic(kafka: str) -> None:
    """Look for the ledger's topic.

    Raises:
        UnavailableError: It is not there yet, or has more partitions than a ledger may have.
    """
    async with answered(kafka):
        count = await count_partitions(kafka, LEDGER)
    if not count:
        raise UnavailableError(
            f"{kafka} has no topic {LEDGER}: saattaen kafka create-topics makes it"
        )
    if count > PARTITIONS_MAX:
        raise UnavailableError(f"the topic {LEDGER} has over {PARTITIONS_MAX} partitions")
