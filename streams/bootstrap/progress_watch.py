"""Health is progress: whether the committed offset moves while records wait, as the broker sees it.

What a worker says of itself proves little: one that stopped consuming says that it is fine. So the
broker is asked, of the partitions that the worker has: what the group has committed, and whether a
record lies there. The record's age is how long the oldest one waits.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CorruptRecordException
from aiokafka.structs import TopicPartition

from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.client_tasks import end_consumer

LOOK_S = 2.0
STALL_S = 60.0
"""A partition whose records wait for so long while its committed offset stands has stalled."""
_ANSWER_S = 5.0
_POLL_MS = 500
_ASK_MS = 100
"""Shared out over the partitions that are asked, as often as there is time."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

Assigned = Callable[[], Iterable[TopicPartition]]


class Standing(NamedTuple):
    """Where one partition stands.

    `oldest_age_s` is how long the oldest unprocessed record waits, 0 where none does; `still_s` for
    how long the committed offset has stood while records wait, 0 where none does. `is_corrupt`: the
    record that waits cannot be read by anybody (docs/decisions/0040), so its age is not known.
    """

    committed: int
    end: int
    oldest_age_s: float
    still_s: float
    is_corrupt: bool = False


class ProgressWatch:
    """Watches the partitions that a worker has. Used inside one event loop."""

    def __init__(self, kafka: str, group: str, assigned: Assigned) -> None:
        """Watch a group's offsets of whatever `assigned` gives at the time."""
        self._kafka, self._group, self._assigned = kafka, group, assigned
        self._moved_s: dict[TopicPartition, tuple[int, float]] = {}
        self._looked_s = time.monotonic()
        self.standings: dict[TopicPartition, Standing] = {}
        """As of the last look."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop; a broker that is away is no stall of the worker's."""
        self._looked_s = time.monotonic()
        while not stop.is_set():
            try:
                await self._look_until(stop)
            except CLIENT_FAILURES as away:
                _log.warning("progress_unknown", error=type(away).__name__)
                self._looked_s = time.monotonic()
                self._moved_s.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)

    def stalled(self, stall_s: float = STALL_S) -> list[TopicPartition]:
        """Give the partitions where records wait and nothing moves for so long.

        Not where the record that waits is corrupt: the worker is well, and does all that it can.
        """
        return [
            place
            for place, standing in self.standings.items()
            if standing.still_s > stall_s and not standing.is_corrupt
        ]

    def is_blind(self, stall_s: float = STALL_S) -> bool:
        """Say whether nobody looked for so long, not even in vain: what is known is of then."""
        return time.monotonic() - self._looked_s > stall_s

    async def _look_until(self, stop: asyncio.Event) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=64 * 1024,
        )
        try:
            async with asyncio.timeout(_ANSWER_S * 2):
                await admin.start()
                await reader.start()
            while not stop.is_set():
                async with asyncio.timeout(_ANSWER_S * 2):
                    await self._look(admin, reader)
                self._looked_s = time.monotonic()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
        finally:
            await end_consumer(reader, _ANSWER_S * 2)
            async with asyncio.timeout(_ANSWER_S * 2):
                await admin.close()

    async def _look(self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer) -> None:
        places = sorted(self._assigned())
        reader.assign(places)
        if not places:
            self.standings = {}
            return
        committed = await admin.list_consumer_group_offsets(self._group, partitions=places)
        ends = await reader.end_offsets(places)
        begins = await reader.beginning_offsets(places)
        stands = {
            place: max(committed[place].offset, begins[place])
            if place in committed
            else begins[place]
            for place in places
        }
        behind = {place: at for place, at in stands.items() if at < ends[place]}
        ages, corrupt = await self._ages(reader, behind)
        now_s = time.monotonic()
        found = {}
        for place in places:
            at, age_s = stands[place], ages.get(place)
            waits = age_s is not None or place in corrupt
            if not waits or self._moved_s.get(place, (-1, 0.0))[0] != at:
                self._moved_s[place] = (at, now_s)
            still_s = now_s - self._moved_s[place][1]
            found[place] = Standing(at, ends[place], age_s or 0.0, still_s, place in corrupt)
        self.standings = found

    async def _ages(
        self, reader: AIOKafkaConsumer, behind: dict[TopicPartition, int]
    ) -> tuple[dict[TopicPartition, float], set[TopicPartition]]:
        """Give the age of the first record that waits, and where that one is corrupt.

        A transaction's marker is no record. Each partition is asked by itself: the client does not
        say in which one a corrupt record lies, and gives nothing of others beside it.
        """
        reader.pause(*reader.assignment())
        for place, at in behind.items():
            reader.seek(place, at)
            reader.resume(place)
        found: dict[TopicPartition, float] = {}
        corrupt: set[TopicPartition] = set()
        ask_ms = max(1, _ASK_MS // max(1, len(behind)))
        until_s = time.monotonic() + _POLL_MS / 1000
        while (left := behind.keys() - found.keys() - corrupt) and time.monotonic() < until_s:
            for place in left:
                try:
                    polled = await reader.getmany(place, timeout_ms=ask_ms, max_records=1)
                except CorruptRecordException:
                    corrupt.add(place)
                    continue
                for record in polled.get(place, ()):
                    found[place] = max(0.0, time.time() - record.timestamp / 1000)
                    reader.pause(place)
        return found, corrupt
