"""A reader beside the fault: it follows the ledger all the time, committed records only."""

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.contracts.entry import decode_entry
from streams.contracts.frame import HEAD_BYTES
from streams.promises import topics
from tests.kafka.faults.ledger_checking import Seen


class LedgerWatch:
    """Follows every partition of the ledger from its beginning."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        """Prepare to follow so many partitions."""
        self._bootstrap = bootstrap
        self._sources = [TopicPartition(topics.LEDGER, number) for number in range(partitions)]
        self.seen: list[Seen] = []
        """In the order in which they came."""

    async def follow(self, stop: asyncio.Event) -> None:
        """Read until told to stop; a broker that is away is waited for."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            consumer.assign(self._sources)
            await consumer.seek_to_beginning(*self._sources)
            while not stop.is_set():
                polled = await consumer.getmany(timeout_ms=100)
                for source, records in polled.items():
                    self.seen += [_seen(source.partition, r.offset, r.value) for r in records]
        finally:
            await consumer.stop()

    async def until(self, entries: int, within_s: float) -> bool:
        """Wait until so many entries were seen; False where time was up before."""
        try:
            async with asyncio.timeout(within_s):
                while len(self.seen) < entries:  # noqa: ASYNC110  # consumers tell nobody of a count
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return False
        return True


def _seen(partition: int, offset: int, value: bytes) -> Seen:
    decoded = decode_entry(value[HEAD_BYTES:])
    entry = decoded.entry
    return Seen(
        partition,
        offset,
        entry.person,
        entry.sequence,
        entry.event.envelope.event_id,
        decoded.entry_digest,
    )
