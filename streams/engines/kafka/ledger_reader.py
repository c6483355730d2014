"""The ledger's topic, read as one ledger: for commands that list it, and follow it.

Within a partition entries keep their order, and so do a person's; between partitions they are
merged by when they were recorded, so that the same ledger is always told in the same order. Where
to read on is one offset for every partition.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

from aiokafka.structs import ConsumerRecord

from streams.domain.ids import PersonId
from streams.engines.kafka.framed_values import Schemas
from streams.engines.kafka.ledger_records import LedgerRecords
from streams.engines.kafka.topic_reader import RECORDS_A_PAGE, TopicReader
from streams.promises.ledger import Read, Recorded, place_of, position_at
from streams.promises.topics import LEDGER


class LineRead(NamedTuple):
    """A record of the ledger, and where to read on after it: one offset for every partition."""

    read: Read
    next_offsets: tuple[int, ...]


class WrongOffsetsError(Exception):
    """Offsets were given for another number of partitions than the ledger has."""

    def __init__(self, given: int, partitions: int) -> None:
        """Say how many."""
        super().__init__(f"{given} offsets for {partitions} partitions")
        self.partitions = partitions


class LedgerReader:
    """Reads the ledger of a Kafka hub; raises as `TopicReader`."""

    def __init__(self, kafka: str, schemas: Schemas) -> None:
        """Name brokers and registry; nothing is asked yet."""
        self._kafka = kafka
        self._records = LedgerRecords(schemas)

    async def pages(
        self, since: Sequence[int] | None, person: PersonId | None = None, *, follow: bool = False
    ) -> AsyncIterator[list[LineRead]]:
        """Read from where somebody left off, or from the beginning.

        Args:
            since: One offset a partition; None is the beginning.
            person: Only of this person.
            follow: Go on with what comes, for ever.

        Raises:
            WrongOffsetsError, BeyondTheEndError: The offsets are of another hub.
            RegistryUnavailableError: A schema is not known, and the registry gives no answer.
        """
        async with TopicReader(self._kafka, LEDGER) as topic:
            if since is not None and len(since) != topic.partitions:
                raise WrongOffsetsError(len(since), topic.partitions)
            key = person.encode() if person is not None else None
            only = topic.partition_of(key) if key is not None else None
            offsets = await topic.begin(since, only)
            page: list[LineRead] = []
            async for read in self._merged(topic.until_now(), key):
                page.append(_line(read, offsets))
                if len(page) == RECORDS_A_PAGE:
                    yield page
                    page = []
            yield page
            if follow:
                async for records in topic.news(offsets):
                    wanted = [record for record in records if key in (None, record.key)]
                    yield [_line(read, offsets) for read in await self._read(wanted)]

    async def _merged(
        self, streams: Mapping[int, AsyncIterator[ConsumerRecord]], key: bytes | None
    ) -> AsyncIterator[Read]:
        heads = [
            head
            for number in sorted(streams)
            if (head := await self._head(streams[number], key)) is not None
        ]
        heapify(heads)
        while heads:
            moment, number, read = heads[0]
            yield read
            following = await self._head(streams[number], key, not_before=moment)
            if following is None:
                heappop(heads)
            else:
                heapreplace(heads, following)

    async def _head(
        self, stream: AsyncIterator[ConsumerRecord], key: bytes | None, not_before: int = 0
    ) -> tuple[int, int, Read] | None:
        """Give the next record of a partition, and the moment by which it is merged."""
        async for record in stream:
            if key in (None, record.key):
                (read,) = await self._read([record])
                # In its partition it comes after what came before, whenever that was recorded.
                own = read.stored.entry.recorded_at if isinstance(read, Recorded) else 0
                return max(own, not_before), record.partition, read
        return None

    async def _read(self, records: Sequence[ConsumerRecord]) -> list[Read]:
        await self._records.learn(records)
        return self._records.read(records)


def _line(read: Read, offsets: list[int]) -> LineRead:
    """Move the partition's offset on beyond a record."""
    place = place_of(position_at(read))
    offsets[place.partition] = place.offset + 1
    return LineRead(read, tuple(offsets))
