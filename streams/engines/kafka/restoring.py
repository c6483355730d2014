"""Bringing a partition's file of states up to the end of the topic of states."""

import asyncio
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.domain.ids import Instant
from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.fenced_producer import CALL_S_MAX, UncertainError
from streams.engines.kafka.headers import header_of
from streams.engines.kafka.partition_state import PARTITION_KEY
from streams.engines.kafka.sound_polling import SoundPolling
from streams.engines.kafka.state_file import Place, StateFile, StateRow
from streams.engines.kafka.states import States
from streams.promises.topics import LINEAGE, NEXT_AT

_ROWS_A_WRITE = 20_000
_RECORDS_A_POLL = 5_000
_POLL_MS = 20
"""The marker at the end gives no record: the position after it shows with the next poll."""


async def restore(bootstrap: str, topic: TopicPartition, path: Path) -> States:
    """Open a partition's file and read what the topic has beyond it, committed records only.

    The caller has fenced every other writer, so that the topic's end stands still.

    Raises:
        UncertainError: The broker did not answer.
        UnavailableError: The file cannot be used.
    """
    file = StateFile(path)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_POLL_MS,
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    try:
        async with asyncio.timeout(CALL_S_MAX):
            await consumer.start()
        consumer.assign([topic])
        await _Tail(consumer, topic, file).read()
    except CLIENT_FAILURES as failure:
        file.close()
        raise UncertainError(type(failure).__name__) from failure
    except BaseException:
        file.close()
        raise
    finally:
        await consumer.stop()
    return States(file)


class _Tail:
    """What the topic has beyond the file."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: TopicPartition, file: StateFile) -> None:
        self._consumer = consumer
        self._topic = topic
        self._file = file
        self._polling = SoundPolling(consumer, topic, _RECORDS_A_POLL)

    async def read(self) -> None:
        place = self._file.place()
        if place.next_offset and not await self._is_of_this_topic(place):
            self._file.empty()
            place = self._file.place()
        begin, end = await self._bounds()
        self._consumer.seek(self._topic, max(begin, place.next_offset))
        lineage = place.lineage
        rows: dict[bytes, StateRow] = {}
        next_offset = place.next_offset
        while await self._position() < end:
            for record in await self._polling.next(timeout_ms=_POLL_MS):
                row = row_of(record)
                rows[row.key] = row
                if row.key == PARTITION_KEY:
                    lineage = _lineage(record)
                next_offset = record.offset + 1
            if len(rows) >= _ROWS_A_WRITE:
                self._write(rows, Place(next_offset, lineage))
        self._write(rows, Place(next_offset, lineage or uuid4().hex))

    async def _is_of_this_topic(self, place: Place) -> bool:
        """Say whether the topic is the one that the file was read from.

        The last record before the file's place is always the partition's own; it may be compacted
        away, and then a later one tells.
        """
        begin, end = await self._bounds()
        if place.next_offset > end:
            return False
        self._consumer.seek(self._topic, max(begin, place.next_offset - 1))
        while await self._position() < end:
            for record in await self._polling.next(timeout_ms=_POLL_MS):
                if record.key == PARTITION_KEY:
                    return _lineage(record) == place.lineage
        return False

    def _write(self, rows: dict[bytes, StateRow], place: Place) -> None:
        if rows or place != self._file.place():
            self._file.put(sorted(rows.values(), key=lambda row: row.key), place)
            rows.clear()

    async def _bounds(self) -> tuple[int, int]:
        async with asyncio.timeout(CALL_S_MAX):
            begin = await self._consumer.beginning_offsets([self._topic])
            end = await self._consumer.end_offsets([self._topic])
        return begin[self._topic], end[self._topic]

    async def _position(self) -> int:
        async with asyncio.timeout(CALL_S_MAX):
            position: int = await self._consumer.position(self._topic)
        return position


def row_of(record: ConsumerRecord) -> StateRow:
    """Read a state off its record."""
    next_at = header_of(record.headers, NEXT_AT)
    return StateRow(record.key, None if next_at is None else Instant(int(next_at)), record.value)


def _lineage(record: ConsumerRecord) -> str:
    return (header_of(record.headers, LINEAGE) or b"").decode()
