"""A topic read by somebody who only looks: committed records, partition by partition, no group."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.engines.kafka.administration import administration
from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.client_tasks import end_consumer
from streams.engines.kafka.sound_polling import Portion
from streams.promises.engine import UnavailableError

ANSWER_S_MAX = 20.0
RECORDS_A_PAGE = 200
_WAIT_MS = 500


class BeyondTheEndError(Exception):
    """An offset was named that the topic has not come to: it is of another hub."""


class TopicReader:
    """Reads one topic. Used inside one event loop, as a context.

    Raises UnavailableError where no broker answers, or there is no such topic.
    """

    def __init__(self, kafka: str, topic: str) -> None:
        """Name brokers (host:port with commas) and topic; nothing is asked yet."""
        self._kafka = kafka
        self._topic = topic
        self._sources: list[TopicPartition] = []
        self._ends: dict[int, int] = {}

    async def __aenter__(self) -> Self:
        """Connect, and look how many partitions there are."""
        async with answered(self._kafka):
            count = await count_partitions(self._kafka, self._topic)
        if not count:
            raise UnavailableError(
                f"{self._kafka} has no topic {self._topic}: saattaen kafka create-topics makes it"
            )
        self._sources = [TopicPartition(self._topic, number) for number in range(count)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )
        try:
            async with answered(self._kafka):
                await self._consumer.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the connections."""
        await self._end()

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return len(self._sources)

    def partition_of(self, key: bytes) -> int:
        """Give the partition in which the records of a key lie."""
        everyone = [*range(self.partitions)]
        found: int = DefaultPartitioner()(key, everyone, everyone)
        return found

    async def begin(self, since: Sequence[int] | None, only: int | None = None) -> list[int]:
        """Set to an offset of every partition, or to the first there is; give those offsets.

        Args:
            since: One offset a partition; None is the beginning.
            only: Read this partition alone.

        Raises:
            BeyondTheEndError: An offset is beyond the end of its partition.
        """
        async with answered(self._kafka):
            first = await self._consumer.beginning_offsets(self._sources)
            ends = await self._consumer.end_offsets(self._sources)
        if since is not None and any(
            offset > ends[source] for source, offset in zip(self._sources, since, strict=True)
        ):
            raise BeyondTheEndError
        begun = since if since is not None else [0] * self.partitions
        offsets = [max(first[source], begun[source.partition]) for source in self._sources]
        chosen = self._sources if only is None else [self._sources[only]]
        self._consumer.assign(chosen)
        for source in chosen:
            self._consumer.seek(source, offsets[source.partition])
        self._ends = {source.partition: ends[source] for source in chosen}
        return offsets

    def until_now(self) -> Mapping[int, AsyncIterator[ConsumerRecord]]:
        """Give the records of each partition up to where its end was when it began."""
        return {partition: self._records(partition, end) for partition, end in self._ends.items()}

    async def news(self, after: Sequence[int]) -> AsyncIterator[list[ConsumerRecord]]:
        """Give records as they come, for ever, from an offset of every partition on."""
        for number in self._ends:
            self._consumer.seek(self._sources[number], after[number])
        while True:
            try:
                polled = await self._consumer.getmany(
                    timeout_ms=_WAIT_MS, max_records=RECORDS_A_PAGE
                )
            except CorruptRecordException:
                raise _corrupt(f"a record of {self._topic}") from None
            yield [record for records in polled.values() for record in records]

    async def _end(self) -> None:
        # What the library began with the consumer must have run once, or its end ends us as well.
        await asyncio.sleep(0)
        await end_consumer(self._consumer, ANSWER_S_MAX)

    async def _records(self, partition: int, end: int) -> AsyncIterator[ConsumerRecord]:
        source = self._sources[partition]
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        portion = Portion(RECORDS_A_PAGE)
        while await self._consumer.position(source) < end:
            try:
                polled = await self._consumer.getmany(
                    source, timeout_ms=_WAIT_MS, max_records=portion.records
                )
            except CorruptRecordException:
                if not portion.meet_corrupt():
                    continue
                offset = await self._consumer.position(source)
                raise _corrupt(f"{self._topic}/{partition} from offset {offset} on") from None
            found = polled.get(source, [])
            if found:
                heard_s = loop.time()
            elif loop.time() - heard_s > ANSWER_S_MAX:
                raise _no_answer(self._kafka, "it gives no records")
            for record in found:
                if record.offset < end:
                    yield record


@asynccontextmanager
async def answered(kafka: str) -> AsyncIterator[None]:
    """Turn a broker that does not answer in time into one error.

    Raises:
        UnavailableError: None at these addresses did.
    """
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            yield
    except CLIENT_FAILURES as failure:
        raise _no_answer(kafka, type(failure).__name__) from None


def _no_answer(kafka: str, why: str) -> UnavailableError:
    return UnavailableError(
        f"no broker at {kafka} answers ({why}): look whether it runs, and at its address"
    )


def _corrupt(what: str) -> UnavailableError:
    return UnavailableError(
        f"{what} does not read, for its bytes changed on the broker's disk: "
        "let a replica lead that has it, or put the segment back"
    )


async def count_partitions(kafka: str, topic: str) -> int:
    """Count a topic's partitions, 0 where it is not there.

    All topics are asked for: to ask a broker for one by its name might make it, and wrongly.
    """
    async with administration(kafka) as admin:
        found = await admin.describe_topics()
    return sum(len(each["partitions"]) for each in found if each["topic"] == topic)
