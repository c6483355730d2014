"""Where the partitions of the raw topics begin and end, and how far the normalisers have committed.

Asked of the broker, apart from Faust: its own look at an offset may be older than the answer that a
watermark needs, and whether Faust left records out is not for Faust to say.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.bootstrap.home_partition import home_partition
from streams.domain.ids import AgencyId, Instant
from streams.promises import topics
from streams.promises.engine import UnavailableError

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

_WITHIN_S = 10.0
_ANSWER_MS = 5_000
_FETCH_MS = 500
_DIGITS_MAX = 17


class RawPartition(NamedTuple):
    """One partition of an agency's raw topic."""

    agency: AgencyId
    partition: int

    @property
    def topic(self) -> str:
        """Its topic."""
        return topics.raw(self.agency)


class CorruptRecordError(Exception):
    """A record is there whose bytes changed on the broker's disk: nobody can read it."""


class RawOffsets:
    """Looks offsets up, for one consumer group. Used inside one event loop."""

    def __init__(self, kafka: str, group: str) -> None:
        """Name the brokers (host:port with commas) and the group; nothing is asked yet."""
        self._kafka = kafka
        self._group = group
        self._consumer: AIOKafkaConsumer | None = None
        self._asking = asyncio.Lock()

    async def committed(self, partition: RawPartition) -> int:
        """Give where the group goes on: its committed offset, or where the partition begins.

        Raises:
            UnavailableError: No broker answers.
        """
        async with self._asked() as consumer:
            place = _place(partition)
            committed = await consumer.committed(place)
            begins = (await consumer.beginning_offsets([place]))[place]
            return max(committed or 0, int(begins))

    async def home(self, partition: RawPartition) -> int:
        """Give the partition of the agency's own lane: the hub's topics have the same number.

        Raises:
            UnavailableError: No broker answers.
        """
        async with self._asked() as consumer:
            known = consumer.partitions_for_topic(partition.topic)
            return home_partition(partition.agency, len(known) if known else 1)

    async def ends(self, partitions: Iterable[RawPartition]) -> Mapping[RawPartition, int]:
        """Give where each partition ends, as its readers see it.

        Raw topics are not written in transactions; where somebody does all the same, what stands
        after one that is open cannot be seen.

        Raises:
            UnavailableError: No broker answers.
        """
        places = {_place(partition): partition for partition in partitions}
        if not places:
            return {}
        async with self._asked() as consumer:
            ends = await consumer.end_offsets(list(places))
            return {places[place]: int(end) for place, end in ends.items()}

    async def first_from(self, partition: RawPartition, offset: int) -> int | None:
        """Give the offset of the first record that can be seen from one on; None where none can.

        Raises:
            CorruptRecordError: It is corrupt.
            UnavailableError: No broker answers.
        """
        async with self._asked() as consumer:
            found = await _record_at(consumer, partition, offset)
            return None if found is None else int(found.offset)

    async def recorded_at(self, partition: RawPartition, offset: int) -> Instant | None:
        """Give when the record at an offset was recorded, as it says; None where it says nothing.

        Raises:
            UnavailableError: No broker answers.
        """
        try:
            async with self._asked() as consumer:
                found = await _record_at(consumer, partition, offset)
        except CorruptRecordError:
            return None
        return None if found is None else _said(found)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator["AIOKafkaConsumer"]:
        from streams.engines.kafka.client_failures import CLIENT_FAILURES

        async with self._asking:
            try:
                async with asyncio.timeout(_WITHIN_S):
                    yield await self._started()
            except CLIENT_FAILURES as failure:
                await self.close()
                raise UnavailableError(
                    f"no broker at {self._kafka} says where its topics end "
                    f"({type(failure).__name__}): look whether it runs, and at its address"
                ) from failure

    async def _started(self) -> "AIOKafkaConsumer":
        from aiokafka import AIOKafkaConsumer

        if self._consumer is None:
            # It joins no group: it only asks what the group has committed.
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._kafka,
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                request_timeout_ms=_ANSWER_MS,
                max_partition_fetch_bytes=1,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer


async def _record_at(
    consumer: "AIOKafkaConsumer", partition: RawPartition, offset: int
) -> Any | None:  # noqa: ANN401  # the library has no types
    """Give the first record from an offset on; None only where it is certain that there is none."""
    from aiokafka.errors import CorruptRecordException

    place = _place(partition)
    end = (await consumer.end_offsets([place]))[place]
    consumer.assign([place])
    try:
        consumer.seek(place, offset)
        while await consumer.position(place) < end:
            found = await consumer.getmany(place, timeout_ms=_FETCH_MS, max_records=1)
            if found:
                return found[place][0]
    except CorruptRecordException:
        raise CorruptRecordError from None
    finally:
        consumer.unsubscribe()
    return None


def _said(record: Any) -> Instant | None:  # noqa: ANN401  # the library has no types
    said = dict(record.headers).get(topics.RECORDED_AT) or b""
    return Instant(int(said)) if said.isdigit() and len(said) <= _DIGITS_MAX else None


def _place(partition: RawPartition) -> Any:  # noqa: ANN401  # the library has no types
    from aiokafka import TopicPartition

    return TopicPartition(partition.topic, partition.partition)
