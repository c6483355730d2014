"""The normalising stage: raw records in, contract events and dead letters out, then acknowledged.

Records come from wherever they are read, one at a time, and go on in batches: what has come while
the last batch was written. A record is acknowledged when what it became is, and never before. Where
the database, the registry or the broker is away, the stage waits; nothing that can lie in a topic
ends it.

The stage holds by itself that no record is left out: an offset that is not the next one is looked
up, and where records are there that never came, the worker ends, so that another begins where the
group has committed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import structlog

from streams.bootstrap.connectors import connector_of
from streams.bootstrap.kafka_hub import SealingParts
from streams.bootstrap.partition_writer import Outgoing, PartitionWriter, UnwrittenError
from streams.bootstrap.raw_offsets import CorruptRecordError, RawOffsets, RawPartition
from streams.contracts.registry import Registry, RegistryUnavailableError, frame_payload
from streams.domain.ids import Instant
from streams.engines.keys_postgres import PostgresKeyStore
from streams.normalise.normalising import Normalised, Normaliser
from streams.normalise.raw_lane import RawLane
from streams.normalise.raw_record import ArrivedRecord
from streams.promises import topics
from streams.promises.engine import DeadLetter, UnavailableError
from streams.promises.key_store import KeysChangedError

BATCH_RECORDS_MAX = 200
BATCH_BYTES_MAX = 4 * 1024 * 1024
HELD_MAX = 256
"""Records that wait for the batch before them; then the reader has to."""
WAIT_FIRST_S, WAIT_MAX_S = 0.05, 2.0
_WRITE_WITHIN_S = 10.0

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
_Given = TypeVar("_Given")


class Held(NamedTuple):
    """A raw record that was read and is not acknowledged yet."""

    partition: RawPartition
    offset: int
    record: ArrivedRecord
    acknowledge: Callable[[], object]


class OffsetsSkippedError(Exception):
    """Records of a partition were left out by whoever reads them; the text names the partition."""

    def __init__(self, partition: RawPartition) -> None:
        """Name the partition."""
        super().__init__(
            f"records of {partition.topic}/{partition.partition} were left out: start again, from "
            "what is committed"
        )


class StoppedError(Exception):
    """The stage was told to stop while it waited for something that is away."""


class NormalisingStage:
    """One worker's stage. Used inside one event loop; one task runs it."""

    def __init__(
        self,
        parts: SealingParts,
        registry: Registry,
        writer: PartitionWriter,
        offsets: RawOffsets,
    ) -> None:
        """Bring together the parts; nothing is opened yet.

        Args:
            parts: The agreement and what seals and opens.
            registry: Frames what is written; loaded when the stage runs.
            writer: Writes it.
            offsets: Looks up where partitions stand.
        """
        self._parts = parts
        self._registry = registry
        self._writer = writer
        self._offsets = offsets
        self._held: asyncio.Queue[tuple[int, Held]] = asyncio.Queue(HELD_MAX)
        self._lanes: dict[RawPartition, RawLane] = {}
        self._era = 0
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self.is_ready = asyncio.Event()
        """Set once registry and keys are open."""
        self.waits_for = ""
        """What is away and waited for; empty while the work goes on."""

    async def take(self, run: Sequence[Held]) -> None:
        """Take records on, in their order; waits while too many wait already.

        Where partitions are assigned anew meanwhile, those that did not get in are of before too.
        """
        era = self._era
        for held in run:
            await self._held.put((era, held))

    def forget(self) -> None:
        """Let go of all partitions: they are assigned anew, from what is committed.

        What waits is dropped, unacknowledged, so it comes again, here or elsewhere.
        """
        self._era += 1
        self._lanes.clear()

    async def lane(self, partition: RawPartition) -> RawLane:
        """Give how far a partition is; looked up after an assignment.

        Raises:
            UnavailableError: No broker answers.
        """
        lane = self._lanes.get(partition)
        if lane is None:
            era = self._era
            lane = RawLane(partition.agency, await self._offsets.committed(partition))
            if era == self._era:
                lane = self._lanes.setdefault(partition, lane)
        return lane

    def is_current(self, partition: RawPartition, lane: RawLane) -> bool:
        """Say whether a lane is still the one that its partition has."""
        return self._lanes.get(partition) is lane

    async def run(self) -> None:
        """Work until `drain` ends it.

        Raises:
            OffsetsSkippedError: Records were left out by the reader.
            RefusedContractError: The registry will not take our contracts.
            WrongMasterKeyError: The keys were made under other secrets.
        """
        self._ended.clear()
        keys: PostgresKeyStore | None = None
        try:
            await self._patiently("registry", self._registry.load)
            keys = await self._patiently("keys", self._keys_opened)
            parts = self._parts
            normaliser = Normaliser(
                connector_of, parts.agreements, keys, parts.pseudonyms, parts.sealer
            )
            self.is_ready.set()
            _log.info("stage_ready", kind="normalise")
            while not self._stopping.is_set():
                batch = await self._next_batch()
                if batch:
                    await self._settle(batch, normaliser, keys)
        except StoppedError:
            return
        finally:
            self.is_ready.clear()
            self._ended.set()
            if keys is not None:
                keys.close()

    async def drain(self, within_s: float) -> None:
        """End the work: the batch under way is brought to its end, if it can be in time."""
        self._stopping.set()
        try:
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        except TimeoutError:
            _log.warning("not_drained", kind="normalise")

    async def _next_batch(self) -> list[tuple[int, Held]]:
        stopped = asyncio.ensure_future(self._stopping.wait())
        first = asyncio.ensure_future(self._held.get())
        await asyncio.wait((first, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not first.done():
            first.cancel()
            return []
        batch = [first.result()]
        size = _size(batch[0][1])
        while len(batch) < BATCH_RECORDS_MAX and size < BATCH_BYTES_MAX and not self._held.empty():
            batch.append(self._held.get_nowait())
            size += _size(batch[-1][1])
        return batch

    async def _settle(
        self, batch: list[tuple[int, Held]], normaliser: Normaliser, keys: PostgresKeyStore
    ) -> None:
        new = await self._new_of(batch)
        if not new:
            return
        records = [held.record for held, _ in new]

        async def normalised() -> list[Normalised]:
            return await asyncio.to_thread(_normalised, normaliser, keys, records)

        made = await self._patiently("keys", normalised)
        outgoing = [
            self._outgoing(held.partition.partition, each)
            for (held, _), each in zip(new, made, strict=True)
        ]
        await self._write(outgoing)
        for (held, lane), each in zip(new, made, strict=True):
            lane.written(held.offset, _recorded_at(each), held.record.appended_at)
            held.acknowledge()
            if isinstance(each.taken, DeadLetter):
                _log.info(
                    "dead_letter",
                    agency=held.partition.agency,
                    dead_letter_id=each.taken.dead_letter_id,
                )

    async def _new_of(self, batch: list[tuple[int, Held]]) -> list[tuple[Held, RawLane]]:
        """Give the records that are next in their partitions; acknowledge those written before."""
        new: list[tuple[Held, RawLane]] = []
        expected: dict[RawPartition, int] = {}
        for era, held in batch:
            partition = held.partition
            if era != self._era:
                continue
            lane = await self._lane_patiently(partition)
            next_offset = expected.get(partition, lane.next_offset)
            if held.offset < lane.next_offset:
                held.acknowledge()
                continue
            if held.offset < next_offset:
                continue  # it came before in this batch, and is acknowledged when that is written
            if held.offset > next_offset:
                await self._hold_against_broker(held, next_offset)
            expected[partition] = held.offset + 1
            new.append((held, lane))
        return [(held, lane) for held, lane in new if self.is_current(held.partition, lane)]

    async def _lane_patiently(self, partition: RawPartition) -> RawLane:
        async def looked_up() -> RawLane:
            return await self.lane(partition)

        return await self._patiently("offsets", looked_up)

    async def _hold_against_broker(self, held: Held, next_offset: int) -> None:
        """Let a gap pass that is the topic's own: records that expired, or were never visible."""

        async def first() -> int | None:
            try:
                return await self._offsets.first_from(held.partition, next_offset)
            except CorruptRecordError:
                return next_offset  # it is there: whatever it holds was left out

        found = await self._patiently("offsets", first)
        if found is not None and found < held.offset:
            _log.error("offsets_skipped", agency=held.partition.agency)
            raise OffsetsSkippedError(held.partition)

    def _outgoing(self, partition: int, made: Normalised) -> Outgoing:
        topic = topics.DEAD_LETTERS if isinstance(made.taken, DeadLetter) else topics.EVENTS
        value = frame_payload(self._registry, made.record, made.payload)
        return Outgoing(topic, partition, made.key, value, made.headers)

    async def _write(self, records: Sequence[Outgoing]) -> None:
        left = list(records)

        async def write() -> None:
            nonlocal left
            try:
                await self._writer.write(left, _WRITE_WITHIN_S)
            except UnwrittenError as failure:
                left = [left[place] for place in sorted(failure.unwritten)]
                raise

        await self._patiently("broker", write)

    async def _keys_opened(self) -> PostgresKeyStore:
        return await asyncio.to_thread(self._parts.open_keys)

    async def _patiently(self, kind: str, call: Callable[[], Awaitable[_Given]]) -> _Given:
        """Call until it is answered, more and more slowly.

        Raises:
            StoppedError: The stage is to stop, and there is no answer.
        """
        wait_s, began_ns = WAIT_FIRST_S, 0
        while True:
            try:
                given = await call()
            except KeysChangedError:
                continue
            except (UnavailableError, RegistryUnavailableError) as failure:
                if self._stopping.is_set():
                    raise StoppedError from failure
                self.waits_for = kind
                if not began_ns:
                    began_ns = time.monotonic_ns()
                    _log.warning("stage_waits", kind=kind, error=type(failure).__name__)
            else:
                self.waits_for = ""
                if began_ns:
                    waited_us = (time.monotonic_ns() - began_ns) // 1000
                    _log.info("stage_goes_on", kind=kind, duration_us=waited_us)
                return given
            try:
                async with asyncio.timeout(wait_s):
                    await self._stopping.wait()
            except TimeoutError:
                wait_s = min(2 * wait_s, WAIT_MAX_S)


def _normalised(
    normaliser: Normaliser, keys: PostgresKeyStore, records: list[ArrivedRecord]
) -> list[Normalised]:
    made = normaliser.normalise(records)
    # The keys first, as always; and whoever was erased meanwhile is told of here.
    keys.commit()
    return made


def _recorded_at(made: Normalised) -> Instant:
    taken = made.taken
    return taken.recorded_at if isinstance(taken, DeadLetter) else taken.envelope.recorded_at


def _size(held: Held) -> int:
    return len(held.record.value or b"")
