"""Writing to partitions that the writer names, each in its order, whole or not at all.

What goes to one partition travels as one batch, which the broker takes whole or not; the next goes
when it was acknowledged. So a failure in the middle never leaves a later record without an earlier
one, whatever is sent again. After any failure the producer is thrown away: what it may still have
under way has an unknown end, and a new one numbers its batches anew.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from streams.promises.engine import UnavailableError
from streams.promises.topics import RECORD_BYTES_MAX

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

BATCH_BYTES_MAX = 1024 * 1024
"""A larger record goes alone."""
_ANSWER_MS = 5_000
_END_S = 6.0


class Outgoing(NamedTuple):
    """A record, and where it is to go."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def partition_of(key: bytes, partitions: int) -> int:
    """Give the partition of a key, out of so many, by Kafka's default partitioner."""
    from aiokafka.partitioner import DefaultPartitioner

    everyone = list(range(partitions))
    return int(DefaultPartitioner()(key, everyone, everyone))


class UnwrittenError(UnavailableError):
    """Not all was acknowledged in time; `unwritten` are the places of the records that were not.

    They may have been written all the same. The others of the call are.
    """

    def __init__(self, kafka: str, cause: str, unwritten: frozenset[int]) -> None:
        """Say what did not answer, and why."""
        super().__init__(
            f"no broker at {kafka} takes what it is given ({cause}): look whether it runs, and at "
            "its address"
        )
        self.unwritten = unwritten


class PartitionWriter:
    """One idempotent producer, made anew when it fails. Used inside one event loop."""

    def __init__(self, kafka: str) -> None:
        """Name the brokers (host:port with commas); they are reached with the first record."""
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def reach(self, within_s: float) -> None:
        """Reach the brokers, where that has not been done yet; a write takes no longer for it then.

        Raises:
            UnwrittenError: They do not answer in time.
        """
        from streams.engines.kafka.client_failures import CLIENT_FAILURES

        try:
            async with asyncio.timeout(within_s):
                await self._started()
        except CLIENT_FAILURES as failure:
            raise UnwrittenError(self._kafka, type(failure).__name__, frozenset()) from failure

    async def write(self, records: Sequence[Outgoing], within_s: float) -> None:
        """Write records, those of each partition in the order in which they are given.

        Returns when every one is acknowledged by all replicas that are in sync.

        Raises:
            UnwrittenError: Some were not acknowledged in time.
        """
        from streams.engines.kafka.client_failures import CLIENT_FAILURES

        unwritten = set(range(len(records)))
        lanes: dict[tuple[str, int], list[int]] = defaultdict(list)
        for place, record in enumerate(records):
            lanes[record.topic, record.partition].append(place)
        producer = None
        try:
            async with asyncio.timeout(within_s):
                producer = await self._started()
                ends = await asyncio.gather(
                    *[
                        _write_lane(producer, records, places, unwritten)
                        for places in lanes.values()
                    ],
                    return_exceptions=True,
                )
            failures = [end for end in ends if end is not None]
            if failures:
                raise failures[0]
        except CLIENT_FAILURES as failure:
            await self._throw_away(producer)
            cause = type(failure).__name__
            raise UnwrittenError(self._kafka, cause, frozenset(unwritten)) from failure

    async def close(self) -> None:
        """End the producer; nothing is under way, since every `write` has ended."""
        await self._throw_away(self._producer)

    async def _started(self) -> "AIOKafkaProducer":
        from aiokafka import AIOKafkaProducer

        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._kafka,
                    acks="all",
                    enable_idempotence=True,
                    compression_type="snappy",
                    max_batch_size=BATCH_BYTES_MAX,
                    max_request_size=RECORD_BYTES_MAX,
                    request_timeout_ms=_ANSWER_MS,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _end(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _throw_away(self, producer: "AIOKafkaProducer | None") -> None:
        if producer is None:
            return
        if self._producer is producer:
            self._producer = None
        await _end(producer)


async def _write_lane(
    producer: "AIOKafkaProducer",
    records: Sequence[Outgoing],
    places: list[int],
    unwritten: set[int],
) -> None:
    topic, partition = records[places[0]][:2]
    at = 0
    while at < len(places):
        batch = producer.create_batch()
        first = at
        while at < len(places):
            record = records[places[at]]
            taken = batch.append(
                timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
            )
            if taken is None:
                break
            at += 1
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))
        unwritten.difference_update(places[first:at])


async def _end(producer: "AIOKafkaProducer") -> None:
    from streams.engines.kafka.client_failures import CLIENT_FAILURES
    from streams.engines.kafka.client_tasks import end_producer

    with suppress(*CLIENT_FAILURES):
        async with asyncio.timeout(_END_S):
            await end_producer(producer)
