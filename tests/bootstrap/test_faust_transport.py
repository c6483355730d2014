"""What Faust is made to believe of runs of records: where it reads on, and what it commits."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.types import EventT
from faust.types.tuples import TP, ConsumerMessage
from yarl import URL

from streams.bootstrap import faust_transport
from streams.bootstrap.faust_transport import RUN_RECORDS_MAX, NormalisersConsumer, Transport

RAW = TP("saattaen.raw.kela", 2)


def record(offset: int) -> ConsumerRecord:
    return ConsumerRecord(
        *(RAW.topic, RAW.partition, offset, 1_000 + offset, 0, b"p-1", b"sealed"),
        *(None, 3, 6, [("agency", b"kela")]),
    )


def run(first: int, last: int) -> Sequence[ConsumerRecord]:
    return [record(offset) for offset in range(first, last + 1)]


@pytest.fixture
async def consumer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NormalisersConsumer]:
    app = faust.App("test", broker="kafka://nowhere:1", autodiscover=False, datadir=tmp_path)
    monkeypatch.setattr(app.topics, "acks_enabled_for", lambda _: True)  # as where an agent reads

    async def take(_: object) -> None:
        """Take nothing."""

    made = Transport([URL("kafka://nowhere:1")], app).create_consumer(
        take, on_partitions_revoked=take, on_partitions_assigned=take
    )
    assert isinstance(made, NormalisersConsumer)
    yield made
    made._thread.thread_loop.close()


def read(consumer: NormalisersConsumer, records: Sequence[ConsumerRecord]) -> ConsumerMessage:
    return consumer._to_message(RAW, records)


def acknowledge(consumer: NormalisersConsumer, message: ConsumerMessage, offset: int) -> None:
    """Acknowledge a record of a run, as an agent does."""
    event = SimpleNamespace(message=message, ack=lambda: consumer.ack(message))
    consumer.acknowledge(cast("EventT[Any]", event), offset)


def next_offset(consumer: NormalisersConsumer) -> int | None:
    return consumer._filter_committable_offsets([RAW]).get(RAW)


def _event(message: ConsumerMessage) -> EventT[Any]:
    return cast("EventT[Any]", SimpleNamespace(message=message))


async def test_a_run_stands_where_its_last_record_does_and_holds_all(
    consumer: NormalisersConsumer,
) -> None:
    message = read(consumer, run(10, 19))
    assert message.offset == 19
    assert message.timestamp == 1.019
    assert [each.offset for each in faust_transport.run_of(_event(message))] == [*range(10, 20)]


async def test_nothing_is_committed_before_a_run_is_acknowledged(
    consumer: NormalisersConsumer,
) -> None:
    first, second = read(consumer, run(10, 19)), read(consumer, run(20, 29))
    # As Faust says it where a message does not stand right behind the one before.
    await consumer._add_gap(RAW, 10, 19)
    await consumer._add_gap(RAW, 20, 29)
    assert next_offset(consumer) is None
    acknowledge(consumer, first, 19)
    assert next_offset(consumer) == 20
    assert next_offset(consumer) is None
    acknowledge(consumer, second, 29)
    assert next_offset(consumer) == 30


async def test_a_run_of_which_a_part_is_dealt_with_goes_on_behind_that_part(
    consumer: NormalisersConsumer,
) -> None:
    message = read(consumer, run(10, 19))
    for offset in range(10, 15):
        acknowledge(consumer, message, offset)
    assert next_offset(consumer) == 15
    acknowledge(consumer, message, 15)
    assert next_offset(consumer) == 16


async def test_what_was_acknowledged_last_is_committed_though_earlier_runs_said_nothing(
    consumer: NormalisersConsumer,
) -> None:
    acknowledge(consumer, read(consumer, run(20, 29)), 29)
    acknowledge(consumer, read(consumer, run(30, 30)), 30)
    assert next_offset(consumer) == 31


async def test_a_run_that_came_again_does_not_set_the_partition_back(
    consumer: NormalisersConsumer,
) -> None:
    consumer._committed_offset[RAW] = 30
    acknowledge(consumer, read(consumer, run(10, 19)), 15)
    acknowledge(consumer, read(consumer, run(10, 19)), 19)
    assert next_offset(consumer) is None


def test_what_was_fetched_together_goes_on_in_runs_that_are_not_too_long() -> None:
    records = run(0, 2 * RUN_RECORDS_MAX)
    runs = faust_transport._runs(records)
    assert [len(each) for each in runs] == [RUN_RECORDS_MAX, RUN_RECORDS_MAX, 1]
    assert [each for one in runs for each in one] == records


async def test_partitions_are_told_apart(consumer: NormalisersConsumer) -> None:
    acknowledge(consumer, read(consumer, run(10, 19)), 19)
    other = TopicPartition(RAW.topic, 3)
    assert consumer._filter_committable_offsets([other]) == {}
