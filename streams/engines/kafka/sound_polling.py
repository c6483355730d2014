"""A partition's next records, as far as they are sound: a corrupt one is named and never skipped.

The client raises for a corrupt record, and gives nothing of what lies before it in the same answer
(docs/decisions/0040). So less is asked for, until it is the very next record that does not read.
"""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.engines.kafka.membership import polled

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Portion:
    """How many records are asked for at once."""

    def __init__(self, most: int) -> None:
        """Begin with all that may be asked for."""
        self._most = most
        self.records = most

    def read_sound(self) -> None:
        """Ask for more again: what was asked for is read."""
        self.records = min(self._most, self.records * 2)

    def meet_corrupt(self) -> bool:
        """Ask for fewer; say whether it was the very next record: then all are asked for again."""
        if self.records == 1:
            self.records = self._most
            return True
        self.records //= 2
        return False


class SoundPolling:
    """Asks a consumer for one partition's records."""

    def __init__(self, consumer: AIOKafkaConsumer, source: TopicPartition, most: int) -> None:
        """Ask for at most so many at once."""
        self._consumer = consumer
        self._source = source
        self._portion = Portion(most)

    async def next(
        self,
        stopping: asyncio.Task[bool] | None = None,
        *,
        timeout_ms: int,
        records_max: int | None = None,
    ) -> list[ConsumerRecord]:
        """Give the next records, none where there are none for a while or `stopping` ends.

        Without `stopping`, the consumer must belong to no group: see `polled`.

        Raises:
            CorruptRecordException: The very next record is corrupt; the log says where it lies.
        """
        portion = self._portion
        asked = portion.records if records_max is None else min(portion.records, records_max)
        try:
            records = await self._asked(stopping, timeout_ms, asked)
        except CorruptRecordException:
            if not portion.meet_corrupt():
                return []
            tell_corrupt(self._source, await self._consumer.position(self._source))
            raise
        if records:
            portion.read_sound()
        return records

    async def _asked(
        self, stopping: asyncio.Task[bool] | None, timeout_ms: int, records_max: int
    ) -> list[ConsumerRecord]:
        consumer, source = self._consumer, self._source
        if stopping is not None:
            return await polled(
                consumer, source, stopping, timeout_ms=timeout_ms, records_max=records_max
            )
        found = await consumer.getmany(source, timeout_ms=timeout_ms, max_records=records_max)
        records: list[ConsumerRecord] = found.get(source, [])
        return records


def tell_corrupt(source: TopicPartition, offset: int) -> None:
    """Tell operators of a record that does not read."""
    topic, partition = source
    _log.error("record_corrupt", topic=topic, partition=partition, offset=offset)
