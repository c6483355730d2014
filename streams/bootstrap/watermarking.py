"""Watermarks: what a normaliser says of its partitions, a few times a second.

They stand in the same partition of the events topic, after the events that came before them.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple
from weakref import WeakSet

import structlog

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.normalising_stage import NormalisingStage
from streams.bootstrap.partition_writer import Outgoing, PartitionWriter
from streams.bootstrap.raw_offsets import CorruptRecordError, RawOffsets, RawPartition
from streams.contracts.codec import codec_of
from streams.contracts.registry import Registry, frame_payload
from streams.domain.ids import Instant
from streams.normalise import cloud_event
from streams.normalise.raw_lane import RawLane
from streams.promises import topics
from streams.promises.engine import UnavailableError
from streams.promises.watermark import Watermark

LOOK_S = 0.25
QUIET_S = 10.0
"""A partition that has more and gives nothing for so long is looked at."""
STALL_S = 60.0
"""Where records are there and do not come for so long, reading has stopped."""
_WRITE_WITHIN_S = 5.0
_NO_MOMENT = Instant(0)
"""Before every event: whoever reads it as a watermark knows no more than before."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class StalledError(Exception):
    """Records are there and do not come: whoever reads them stands still."""

    def __init__(self, partition: RawPartition) -> None:
        """Name the partition."""
        super().__init__(
            f"records of {partition.topic}/{partition.partition} do not come, though they are "
            "there: start again"
        )


class _Stand(NamedTuple):
    lane: RawLane
    next_offset: int
    since_s: float


class WatermarkTeller:
    """Tells the watermarks of one worker. Used inside one event loop."""

    def __init__(
        self,
        stage: NormalisingStage,
        registry: Registry,
        writer: PartitionWriter,
        offsets: RawOffsets,
    ) -> None:
        """Bring together the parts.

        Args:
            stage: Knows how far each partition is written out.
            registry: Frames what is written; the stage loads it.
            writer: Writes it; its own, so that neither waits for the other's failures.
            offsets: Looks up where partitions end.
        """
        self._stage = stage
        self._registry = registry
        self._writer = writer
        self._offsets = offsets
        self._asked: WeakSet[RawLane] = WeakSet()
        self._stands: dict[RawPartition, _Stand] = {}
        self._told_heard: dict[RawPartition, Instant] = {}

    async def run(self, assigned: Callable[[], Iterable[RawPartition]]) -> None:
        """Tell until cancelled; what is away is tried again at the next turn.

        Raises:
            StalledError: Records do not come though they are there.
        """
        await self._stage.is_ready.wait()
        is_told = True
        while True:
            try:
                await self.tell(assigned())
                is_told = True
            except UnavailableError as failure:
                if is_told:
                    _log.warning("watermarks_wait", error=type(failure).__name__)
                is_told = False
            await asyncio.sleep(LOOK_S)

    async def tell(self, partitions: Iterable[RawPartition]) -> None:
        """Write the watermarks that have moved.

        Raises:
            StalledError: Records do not come though they are there.
            UnavailableError: No broker answers.
        """
        looked_at = wall_clock()
        ends = await self._offsets.ends(partitions)
        moved: list[tuple[RawPartition, RawLane, Watermark]] = []
        for partition, end in ends.items():
            lane = await self._stage.lane(partition)
            await self._hear(partition, lane, end)
            await self._watch(partition, lane, end)
            watermark = lane.watermark(end, looked_at)
            if watermark is not None:
                moved.append((partition, lane, watermark))
        # Who lost a partition meanwhile has nothing more to say of it.
        moved = [each for each in moved if self._stage.is_current(*each[:2])]
        outgoing = [self._outgoing(partition, said) for partition, _, said in moved]
        outgoing += [await self._heard(*newly) for newly in self._newly_heard(moved)]
        await self._writer.write(outgoing, _WRITE_WITHIN_S)
        for partition, lane, watermark in moved:
            lane.told(watermark)
            if watermark.heard_at is not None:
                self._told_heard[partition] = watermark.heard_at

    def _newly_heard(
        self, moved: Iterable[tuple[RawPartition, RawLane, Watermark]]
    ) -> list[tuple[RawPartition, Watermark]]:
        """Give who was heard since it was last told."""
        return [
            (partition, said)
            for partition, _, said in moved
            if said.heard_at is not None and self._told_heard.get(partition) != said.heard_at
        ]

    async def _heard(self, partition: RawPartition, said: Watermark) -> Outgoing:
        """Tell the agency's own lane that it was heard: of that partition's messages nothing."""
        own = self._outgoing(partition, said._replace(passed_at=_NO_MOMENT))
        return own._replace(partition=await self._offsets.home(partition))

    async def _hear(self, partition: RawPartition, lane: RawLane, end: int) -> None:
        """After an assignment, look once when the agency was heard, where nothing new tells."""
        if lane.heard_at is not None or not 0 < end <= lane.next_offset or lane in self._asked:
            return
        heard_at = await self._offsets.recorded_at(partition, end - 1)
        if heard_at is not None:
            lane.heard(heard_at)
        self._asked.add(lane)

    async def _watch(self, partition: RawPartition, lane: RawLane, end: int) -> None:
        """Tell what only looks like more (the broker's own records) from reading that stopped."""
        now_s = time.monotonic()
        here = _Stand(lane, lane.next_offset, now_s)
        stand = self._stands.setdefault(partition, here)
        moves = stand.lane is not lane or stand.next_offset != lane.next_offset
        if moves or end <= lane.next_offset or self._stage.waits_for:
            self._stands[partition] = here
            return
        quiet_s = now_s - stand.since_s
        if quiet_s < QUIET_S:
            return
        try:
            found = await self._offsets.first_from(partition, lane.next_offset)
        except CorruptRecordError:
            return  # its watermark stands until it reads: whoever reads it says so meanwhile
        if found is None:
            lane.skipped(end)
        elif quiet_s > STALL_S:
            raise StalledError(partition)

    def _outgoing(self, partition: RawPartition, said: Watermark) -> Outgoing:
        cause = f"{partition.topic}/{partition.partition}/{said.passed_at}"
        payload = codec_of(Watermark).encode(said)
        return Outgoing(
            topics.EVENTS,
            partition.partition,
            said.agency.encode(),
            frame_payload(self._registry, "Watermark", payload),
            cloud_event.headers_of("Watermark", cause, said.agency, said.passed_at, None),
        )
