"""The stage by itself: what it does when records are left out, come twice, or nothing answers."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from streams.bootstrap import watermarking
from streams.bootstrap.kafka_hub import SealingParts
from streams.bootstrap.normalising_stage import (
    BATCH_RECORDS_MAX,
    HELD_MAX,
    Held,
    NormalisingStage,
    OffsetsSkippedError,
)
from streams.bootstrap.partition_writer import Outgoing, PartitionWriter, UnwrittenError
from streams.bootstrap.raw_offsets import RawOffsets, RawPartition
from streams.bootstrap.watermarking import StalledError, WatermarkTeller
from streams.contracts.registry import Registry, RegistryUnavailableError
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.raw_record import ArrivedRecord
from streams.promises.engine import UnavailableError
from streams.promises.key_store import KeysChangedError
from tests.awaiting import come_about
from tests.normalise.two_ways import AGREEMENTS, APPENDED_AT, PSEUDONYMS, SEALER, SENDERS, TwoWays

AGENCY, CONNECTOR = SENDERS["employment"]
LANE = RawPartition(AGENCY, 2)
HOME = 3
"""The partition of the agency's own lane."""
GOOD = (Path(__file__).parents[1] / "data" / "wire" / "employment" / "milestone.json").read_bytes()


class Keys(MemoryKeyStore):
    """Keys in memory that fail to be kept as often as a test says."""

    def __init__(self, *failures: UnavailableError) -> None:
        super().__init__(derive_from=b"both ways")
        self.failures = list(failures)
        self.commits = 0

    def commit(self) -> None:
        self.commits += 1
        if self.failures:
            raise self.failures.pop(0)


class Parts:
    """What seals, with keys in memory."""

    agreements, pseudonyms, sealer = AGREEMENTS, PSEUDONYMS, SEALER

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def open_keys(self) -> Keys:
        return self.keys


class Ids:
    """A registry that knows every contract, after it was away as often as a test says."""

    def __init__(self, away: int = 0) -> None:
        self.away = away

    async def load(self) -> None:
        if self.away:
            self.away -= 1
            raise RegistryUnavailableError("away")

    def id_of(self, record: str) -> int:
        return len(record)


class Broker:
    """Keeps what is written; may refuse, or take only some."""

    def __init__(self) -> None:
        self.written: list[Outgoing] = []
        self.refusing: list[frozenset[int]] = []
        self.committed_at = 0
        self.end = 0
        self.first: int | None = None
        self.acknowledged: list[int] = []
        self.acknowledged_before: list[int] = []
        """How many were acknowledged when each call came."""

    async def write(self, records: Sequence[Outgoing], within_s: float) -> None:
        assert within_s > 0
        self.acknowledged_before.append(len(self.acknowledged))
        unwritten = self.refusing.pop(0) if self.refusing else frozenset()
        self.written += [each for at, each in enumerate(records) if at not in unwritten]
        if unwritten:
            raise UnwrittenError("broker:1", "KafkaTimeoutError", unwritten)

    async def committed(self, partition: RawPartition) -> int:
        assert partition == LANE
        return self.committed_at

    async def home(self, partition: RawPartition) -> int:
        assert partition == LANE
        return HOME

    async def ends(self, partitions: Sequence[RawPartition]) -> Mapping[RawPartition, int]:
        return dict.fromkeys(partitions, self.end)

    async def first_from(self, partition: RawPartition, offset: int) -> int | None:
        assert (partition, offset) >= (LANE, 0)
        return self.first

    async def recorded_at(self, partition: RawPartition, offset: int) -> Instant | None:
        assert (partition, offset) >= (LANE, 0)
        return None


class Scene:
    """A stage that runs, and all that it speaks to."""

    def __init__(self, *failures: UnavailableError, registry_away: int = 0) -> None:
        self.broker = Broker()
        self.keys = Keys(*failures)
        self.ids = cast("Registry", Ids(registry_away))
        self.stage = NormalisingStage(
            cast("SealingParts", Parts(self.keys)),
            self.ids,
            cast("PartitionWriter", self.broker),
            cast("RawOffsets", self.broker),
        )
        self.acknowledged = self.broker.acknowledged
        ways = TwoWays(AGENCY, CONNECTOR)
        (queued,) = ways.queued(GOOD)
        self.keys.current(PersonId(queued.record.key.decode()))
        self.record = ArrivedRecord(AGENCY, *queued.record, APPENDED_AT, "")
        self.running = asyncio.create_task(self.stage.run())

    async def give(self, *offsets: int) -> None:
        await self.stage.take(
            [
                Held(LANE, offset, self.record, partial(self.acknowledged.append, offset))
                for offset in offsets
            ]
        )

    async def acknowledges(self, *offsets: int) -> None:
        await come_about(lambda: self.acknowledged == list(offsets) or self.running.done())
        assert self.acknowledged == list(offsets)

    async def end(self) -> None:
        await self.stage.drain(5)
        await self.running

    def teller(self) -> WatermarkTeller:
        return WatermarkTeller(
            self.stage,
            self.ids,
            cast("PartitionWriter", self.broker),
            cast("RawOffsets", self.broker),
        )


async def test_records_are_written_to_their_own_partition_and_then_acknowledged() -> None:
    scene = Scene()
    await scene.give(0, 1, 2)
    await scene.acknowledges(0, 1, 2)
    assert [(each.topic, each.partition) for each in scene.broker.written] == [
        ("saattaen.events", 2)
    ] * 3
    assert {each.key for each in scene.broker.written} == {scene.record.key}
    await scene.end()


async def test_what_comes_while_a_batch_is_written_goes_together_in_the_next() -> None:
    scene = Scene()
    await scene.give(*range(BATCH_RECORDS_MAX + 50))
    await scene.acknowledges(*range(BATCH_RECORDS_MAX + 50))
    assert scene.keys.commits <= 4
    await scene.end()


async def test_nothing_is_acknowledged_before_it_is_written_and_the_rest_is_sent_again() -> None:
    scene = Scene()
    scene.broker.refusing = [frozenset({1, 2}), frozenset({0, 1}), frozenset({1})]
    await scene.give(0, 1, 2)
    await scene.acknowledges(0, 1, 2)
    assert len(scene.broker.written) == 3
    assert scene.broker.acknowledged_before == [0, 0, 0, 0]
    await scene.end()


@pytest.mark.parametrize(
    "failure", [UnavailableError("the database is away"), KeysChangedError("erased elsewhere")]
)
async def test_keys_that_cannot_be_kept_make_the_batch_wait_or_begin_again(
    failure: UnavailableError,
) -> None:
    scene = Scene(failure, failure)
    await scene.give(0)
    await scene.acknowledges(0)
    assert (scene.keys.commits, len(scene.broker.written)) == (3, 1)
    await scene.end()


async def test_a_registry_that_is_away_is_waited_for() -> None:
    scene = Scene(registry_away=2)
    await scene.give(0)
    await scene.acknowledges(0)
    await scene.end()


async def test_what_was_written_before_is_acknowledged_and_not_written_again() -> None:
    scene = Scene()
    scene.broker.committed_at = 5
    await scene.give(3, 4, 5)
    await scene.acknowledges(3, 4, 5)
    await scene.give(5)
    await scene.acknowledges(3, 4, 5, 5)
    assert len(scene.broker.written) == 1
    await scene.end()


async def test_what_comes_twice_in_a_batch_is_acknowledged_once_when_it_is_written() -> None:
    scene = Scene()
    await scene.give(0, 0, 1)
    await scene.acknowledges(0, 1)
    assert scene.broker.acknowledged_before == [0]
    assert len(scene.broker.written) == 2
    await scene.end()


async def test_a_record_that_was_left_out_ends_the_worker_before_anything_after_it() -> None:
    scene = Scene()
    scene.broker.first = 1
    await scene.give(0, 2)
    with pytest.raises(OffsetsSkippedError, match=r"saattaen\.raw\.employment\.lappeenranta/2"):
        await scene.running
    assert scene.acknowledged in ([], [0])
    assert len(scene.broker.written) == len(scene.acknowledged)


@pytest.mark.parametrize("first", [7, None])
async def test_a_gap_that_is_the_topics_own_is_passed(first: int | None) -> None:
    scene = Scene()
    scene.broker.first = first
    await scene.give(0, 7)
    await scene.acknowledges(0, 7)
    await scene.end()


async def test_partitions_that_are_assigned_anew_begin_at_what_is_committed() -> None:
    scene = Scene(UnavailableError("away"))
    await scene.give(0)
    await come_about(lambda: scene.stage.waits_for == "keys")
    await scene.give(1, 2)
    scene.stage.forget()
    await scene.give(0, 1)
    # What was under way is acknowledged to whom it may concern; what waited is dropped.
    await scene.acknowledges(0, 0, 1)
    assert len(scene.broker.written) == 3
    await scene.end()


async def test_what_did_not_get_in_before_partitions_were_assigned_anew_is_dropped_too() -> None:
    scene = Scene(UnavailableError("away"))
    scene.broker.first = 2  # it is there: to leave it out would end the worker
    await scene.give(0)
    await come_about(lambda: scene.stage.waits_for == "keys")
    giving = asyncio.create_task(scene.give(*range(1, HELD_MAX + 50)))
    await come_about(scene.stage._held.full)
    scene.stage.forget()
    await giving
    await scene.give(0, 1)
    await scene.acknowledges(0, 0, 1)
    await scene.end()


async def test_a_stage_that_waits_ends_when_it_is_told_and_acknowledges_nothing() -> None:
    scene = Scene(*[UnavailableError("away")] * 1_000)
    await scene.give(0)
    await come_about(lambda: scene.stage.waits_for == "keys")
    await scene.end()
    assert scene.acknowledged == []


async def test_a_stage_that_does_not_end_in_time_is_left() -> None:
    scene = Scene()
    never = asyncio.Event()
    scene.broker.write = lambda *_: never.wait()  # type: ignore[method-assign,assignment]  # never answers
    await scene.give(0)
    await come_about(lambda: scene.keys.commits == 1)
    await scene.stage.drain(0.05)
    assert not scene.running.done()
    scene.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scene.running


async def test_watermarks_follow_what_is_written() -> None:
    scene = Scene()
    await scene.give(0)
    await scene.acknowledges(0)
    scene.broker.end = 1
    teller = scene.teller()
    await teller.tell([LANE])
    event, watermark, heard = scene.broker.written
    assert (watermark.topic, watermark.partition) == (event.topic, event.partition)
    assert watermark.key == heard.key == AGENCY.encode()
    assert (heard.topic, heard.partition) == (event.topic, HOME)
    await teller.tell([LANE])
    assert HOME not in [
        each.partition for each in scene.broker.written[3:]
    ]  # nobody was heard anew
    await scene.end()


async def test_what_lost_its_partition_meanwhile_says_nothing_of_it() -> None:
    scene = Scene()
    await come_about(scene.stage.is_ready.is_set)
    teller = scene.teller()
    ends = scene.broker.ends

    async def ends_after_a_rebalance(partitions: Any) -> Any:  # noqa: ANN401  # passed on
        found = await ends(partitions)
        await scene.stage.lane(LANE)
        return found

    async def committed_after_a_rebalance(partition: RawPartition) -> int:
        scene.stage.forget()
        assert partition == LANE
        return 0

    scene.broker.ends = ends_after_a_rebalance  # type: ignore[method-assign]  # a rebalance between
    scene.broker.committed = committed_after_a_rebalance  # type: ignore[method-assign]  # as above
    await teller.tell([LANE])
    assert scene.broker.written == []
    await scene.end()


async def test_records_that_are_there_and_never_come_end_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watermarking, "QUIET_S", 0.0)
    monkeypatch.setattr(watermarking, "STALL_S", 0.0)
    scene = Scene()
    await come_about(scene.stage.is_ready.is_set)
    scene.broker.end, scene.broker.first = 3, 0
    teller = scene.teller()
    await teller.tell([LANE])
    with pytest.raises(StalledError, match="do not come"):
        await teller.tell([LANE])
    await scene.end()


async def test_what_only_looks_like_more_does_not_hold_a_watermark_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    await come_about(scene.stage.is_ready.is_set)
    scene.broker.end, scene.broker.first = 3, None
    teller = scene.teller()
    await teller.tell([LANE])
    assert scene.broker.written == []
    monkeypatch.setattr(watermarking, "QUIET_S", 0.0)
    await teller.tell([LANE])
    assert len(scene.broker.written) == 1
    await scene.end()


async def test_a_stage_that_waits_is_not_taken_for_one_that_stalled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watermarking, "QUIET_S", 0.0)
    monkeypatch.setattr(watermarking, "STALL_S", 0.0)
    scene = Scene(*[UnavailableError("away")] * 1_000)
    await scene.give(0)
    await come_about(lambda: scene.stage.waits_for == "keys")
    scene.broker.end, scene.broker.first = 1, 0
    teller = scene.teller()
    for _ in range(3):
        await teller.tell([LANE])
    await scene.end()


async def test_a_broker_that_is_away_stops_no_watermark_for_good() -> None:
    scene = Scene()
    await come_about(scene.stage.is_ready.is_set)
    scene.broker.refusing = [frozenset({0}), frozenset({0})]
    telling = asyncio.create_task(scene.teller().run(lambda: [LANE]))
    await come_about(lambda: len(scene.broker.written) >= 2)
    telling.cancel()
    await scene.end()


def test_the_agency_of_a_partition_names_its_topic() -> None:
    assert RawPartition(AgencyId("kela"), 0).topic == "saattaen.raw.kela"
