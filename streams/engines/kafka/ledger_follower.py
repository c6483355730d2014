"""One partition of the ledger, read on from where a store stands, while a worker has it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.contracts.registry import RegistryUnavailableError
from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.ledger_records import LedgerRecords
from streams.engines.kafka.membership import rest
from streams.engines.kafka.sound_polling import SoundPolling
from streams.promises.engine import UnavailableError
from streams.promises.ledger import (
    BEGINNING,
    Read,
    Stand,
    Unreadable,
    place_of,
    stand_after,
)

RECORDS_A_PAGE = 500
POLL_MS = 200
COMMIT_S = 1.0
"""The group's offset follows this often; nothing rests on it but that people see progress."""
PAUSE_S, PAUSE_S_MAX = 0.2, 5.0
MISSING_S = 15.0
"""A broker that has just become leader may not know at once how far the ledger is committed."""
CALL_S_MAX = 10.0

_AWAY = (UnavailableError, RegistryUnavailableError, *CLIENT_FAILURES)
"""What passes by itself: database, registry or broker cannot be used now."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class StandMovedError(Exception):
    """The store stands elsewhere than the worker believes: it is to be asked anew."""


class Follower(Protocol):
    """What follows one partition: it keeps where it stands together with what it makes of it."""

    async def stand(self) -> Stand:
        """Give the last record that is kept; raises UnavailableError."""

    async def take(self, after: int, page: Sequence[Read]) -> None:
        """Take in the records after a position, whole or not at all.

        May wait until there is room. Raises StandMovedError where the store stands elsewhere,
        UnavailableError where it cannot be used now: the same page comes again.
        """

    async def forget(self, mistaken: Stand) -> None:
        """Hear that what it stands at is not in this ledger; raises UnavailableError."""

    def kept(self) -> int:
        """Give the position up to which everything is kept."""

    def reach_end(self, at_s: float) -> None:
        """Hear that by a moment (monotonic) it was given all that the ledger had committed."""

    async def end(self) -> None:
        """Let go of the partition: another worker may have it next. Ends within seconds."""


class PartitionReader:
    """Reads one partition for one follower."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        source: TopicPartition,
        records: LedgerRecords,
        follower: Follower,
    ) -> None:
        """Prepare; the partition is assigned to the consumer."""
        self._consumer = consumer
        self._source = source
        self._records = records
        self._follower = follower
        self._polling = SoundPolling(consumer, source, RECORDS_A_PAGE)
        self._given = BEGINNING
        self._committed_s = time.monotonic()
        self._committed = -1

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop, whatever fails meanwhile."""
        begun = False
        pause_s = PAUSE_S
        self._stopping: asyncio.Task[bool] = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    begun = begun or await self._begin(stop)
                    if begun:
                        await self._round()
                    pause_s = PAUSE_S
                except (StandMovedError, IllegalStateError, AssertionError):
                    # Where to read on is asked anew; or the partition is lost, as the library may
                    # only assert.
                    begun = False
                    await rest(stop, PAUSE_S)
                except _AWAY as away:
                    begun = False
                    self._tell(away, pause_s)
                    await rest(stop, pause_s)
                    pause_s = min(PAUSE_S_MAX, pause_s * 2)
        finally:
            self._stopping.cancel()
            await self._follower.end()
            await self._commit(again=True)

    async def _begin(self, stop: asyncio.Event) -> bool:
        """Read on after what the store has; say whether the ledger is the one it was read from."""
        stand = await self._follower.stand()
        self._given = stand
        if stand == BEGINNING:
            self._consumer.seek(self._source, await self._first_offset())
            return True
        found = await self._look_at(stand, stop)
        if found is None or not _is_same(found, stand):
            if not stop.is_set():
                _log.error(
                    "ledger_is_another",
                    topic=self._source.topic,
                    partition=self._source.partition,
                    offset=place_of(stand.position).offset,
                )
                await self._follower.forget(stand)
            return False
        return True

    async def _first_offset(self) -> int:
        async with asyncio.timeout(CALL_S_MAX):
            first: int = (await self._consumer.beginning_offsets([self._source]))[self._source]
        if first > 0:
            # A ledger is kept for ever: what is not there can be told by nobody.
            _log.error("ledger_begins_late", partition=self._source.partition, offset=first)
        return first

    async def _look_at(self, stand: Stand, stop: asyncio.Event) -> Read | None:
        """Read the record that the store stands at; None where the ledger has none there."""
        offset = place_of(stand.position).offset
        until_s = time.monotonic() + MISSING_S
        while not stop.is_set():
            async with asyncio.timeout(CALL_S_MAX):
                end = (await self._consumer.end_offsets([self._source]))[self._source]
            if offset < end:
                break
            if time.monotonic() > until_s:
                return None
            await rest(stop, PAUSE_S)
        self._consumer.seek(self._source, offset)
        while not stop.is_set():
            records = await self._polling.next(self._stopping, timeout_ms=POLL_MS, records_max=1)
            if records:
                (read,) = await self._read(records)
                return read
        return None

    async def _round(self) -> None:
        records = await self._polling.next(self._stopping, timeout_ms=POLL_MS)
        if records:
            after = self._given.position
            if after and records[0].offset <= place_of(after).offset:
                raise StandMovedError  # the consumer was set back: what it asked for was gone
            page = await self._read(records)
            await self._follower.take(after, page)
            self._given = stand_after(page[-1])
            for read in page:
                self._alarm(read)
        await self._note_end()
        await self._commit()

    async def _read(self, records: list[ConsumerRecord]) -> list[Read]:
        await self._records.learn(records)
        return self._records.read(records)

    async def _note_end(self) -> None:
        """Tell the follower where it has been given everything, and since when that is known."""
        polled_ms = self._consumer.last_poll_timestamp(self._source)
        stable = self._consumer.last_stable_offset(self._source)
        if polled_ms is None or stable is None:
            return
        if await self._consumer.position(self._source) >= stable:
            ago_s = max(0.0, time.time() - polled_ms / 1000)
            self._follower.reach_end(time.monotonic() - ago_s)

    async def _commit(self, *, again: bool = False) -> None:
        """Let the group's offset follow what is kept."""
        now_s = time.monotonic()
        if not again and now_s - self._committed_s < COMMIT_S:
            return
        self._committed_s = now_s
        kept = self._follower.kept()
        with suppress(*CLIENT_FAILURES):
            async with asyncio.timeout(CALL_S_MAX):
                if kept == self._given.position:
                    # All that was given, and so the ends of transactions after it as well.
                    offset = await self._consumer.position(self._source)
                elif kept:
                    offset = place_of(kept).offset + 1
                else:
                    return
                if offset != self._committed:
                    await self._consumer.commit({self._source: offset})
                    self._committed = offset

    def _alarm(self, read: Read) -> None:
        if isinstance(read, Unreadable):
            place = place_of(read.position)
            _log.error(
                "ledger_record_unreadable",
                topic=self._source.topic,
                partition=place.partition,
                offset=place.offset,
                cause=read.cause,
            )

    def _tell(self, away: Exception, pause_s: float) -> None:
        _log.warning(
            "partition_waits",
            partition=self._source.partition,
            error=type(away).__name__,
            delay_us=int(pause_s * 1_000_000),
        )


def _is_same(found: Read, stand: Stand) -> bool:
    then = stand_after(found)
    # What was no entry had no digest: that something is there is all that can be known.
    return then.position == stand.position and stand.entry_digest in (b"", then.entry_digest)
