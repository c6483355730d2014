"""A group of workers that follow the ledger: each has some partitions, and nobody two at once.

What was read is known by whoever keeps what follows from it, in the same transaction; the group's
own offsets are committed after it, and only show how far everybody has come. So a worker begins
where its store stands, whatever the group says.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.engines.kafka.framed_values import Schemas
from streams.engines.kafka.ledger_follower import CALL_S_MAX, Follower, PartitionReader
from streams.engines.kafka.ledger_records import LedgerRecords
from streams.engines.kafka.topic_reader import answered, count_partitions
from streams.promises.engine import UnavailableError
from streams.promises.ledger import PARTITIONS_MAX
from streams.promises.topics import LEDGER

SESSION_MS = 10_000
REBALANCE_MS = 40_000
"""How long others wait for a worker to bring what is under way to its end."""
LEAVE_S_MAX = 30.0
FETCH_WAIT_MS = 200
FOR_EVER_MS = 2**31 - 1
_PAUSE_S, _PAUSE_S_MAX = 0.2, 5.0

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
        self._membership: _Membership | None = None

    def assigned(self) -> list[TopicPartition]:
        """Give the partitions that are followed now."""
        return [] if self._membership is None else sorted(self._membership.running)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; what is under way is brought to its end."""
        pause_s = _PAUSE_S
        while not stop.is_set():
            self._membership = _Membership(self._setting, self._records, self._follow)
            try:
                await self._membership.hold(stop)
            except (UnavailableError, KafkaError, TimeoutError, OSError) as failure:
                _log.warning(
                    "group_rejoins",
                    group=self._setting.group,
                    error=type(failure).__name__,
                    pause_s=pause_s,
                )
            else:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            pause_s = min(_PAUSE_S_MAX, pause_s * 2)


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """One membership in the group, from joining to leaving."""

    def __init__(self, setting: GroupSetting, records: LedgerRecords, follow: Follow) -> None:
        self._setting = setting
        self._records = records
        self._follow = follow
        self.running: dict[TopicPartition, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        """What is followed, each with its stop and its task."""
        self._is_leaving = False
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=setting.kafka,
            group_id=setting.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=[StickyPartitionAssignor],
            session_timeout_ms=setting.session_ms,
            heartbeat_interval_ms=max(300, setting.session_ms // 4),
            rebalance_timeout_ms=REBALANCE_MS,
            # A worker that waits for a database is no dead one: health is progress, seen elsewhere.
            max_poll_interval_ms=FOR_EVER_MS,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )

    async def hold(self, stop: asyncio.Event) -> None:
        """Be a member until told to stop."""
        stopped = asyncio.create_task(stop.wait())
        try:
            await _await_topic(self._setting.kafka)
            async with asyncio.timeout(CALL_S_MAX):
                await self._consumer.start()
            self._consumer.subscribe([LEDGER], listener=self)
            ends: set[asyncio.Future[object]] = {stopped, self._broken}  # type: ignore[arg-type]  # only waited for
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                self._broken.result()
        finally:
            stopped.cancel()
            self._is_leaving = True
            await self._give_up(list(self.running))
            with suppress(KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(CALL_S_MAX):
                    await self._consumer.stop()
            if self._broken.done():
                self._broken.exception()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Bring what is under way to its end, before others may begin."""
        await self._give_up(list(revoked))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Begin each partition; nothing is awaited here, so that the group does not wait for it."""
        if self._is_leaving:
            return  # told to stop while the group was still sharing out
        count = len(self._consumer.partitions_for_topic(LEDGER) or ())
        for source in sorted(assigned):
            if source not in self.running:
                stop = asyncio.Event()
                task = asyncio.create_task(self._read(source, count, stop))
                self.running[source] = (stop, task)
        _log.info("partitions_taken", group=self._setting.group, partitions=len(assigned))

    async def _read(self, source: TopicPartition, count: int, stop: asyncio.Event) -> None:
        try:
            follower = self._follow(source.partition, count)
            reader = PartitionReader(self._consumer, source, self._records, follower)
            await reader.run(stop)
        except asyncio.CancelledError:
            raise
        except BaseException as failure:  # noqa: BLE001  # whoever holds the membership must hear of it
            if not self._broken.done():
                self._broken.set_exception(failure)

    async def _give_up(self, sources: list[TopicPartition]) -> None:
        leaving = [self.running.pop(source) for source in sources if source in self.running]
        for stop, _ in leaving:
            stop.set()
        if not leaving:
            return
        _, late = await asyncio.wait({task for _, task in leaving}, timeout=LEAVE_S_MAX)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)


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
