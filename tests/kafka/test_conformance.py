"""A partition of a real Kafka keeps the promise of engines."""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from streams.domain.agreement import Agreements
from streams.engines.lane import Wall
from streams.promises.engine import Engine
from streams.promises.topics import topics_of
from tests.domain.region import AGREEMENTS
from tests.engines.conformance import EngineConformance
from tests.engines.conformance_clocks import ClockConformance, SilenceConformance
from tests.engines.kafka.fixed_schemas import FixedSchemas
from tests.kafka.engine_on_kafka import KafkaEngine
from tests.kafka.topics import alone_with_topics, remake_topics

PARTITIONS = 60


@pytest.fixture(scope="module")
def partitions(broker: str, run_folder: Path) -> Iterator["count[int]"]:
    """Make the region's topics, with a partition for each engine."""
    needed = [t for t in topics_of(AGREEMENTS.versions[0]) if ".raw." not in t.name]
    with alone_with_topics(run_folder):
        asyncio.run(remake_topics(broker, needed, PARTITIONS))
        yield count()


class TestKafka(EngineConformance, ClockConformance, SilenceConformance):
    @pytest.fixture(autouse=True)
    def _place(self, broker: str, partitions: "count[int]", tmp_path: Path) -> Iterator[None]:
        self._broker, self._partitions, self._folder = broker, partitions, tmp_path
        self._built: list[KafkaEngine] = []
        yield
        for engine in self._built:
            engine.close()

    def build(self) -> KafkaEngine:
        return self.under(AGREEMENTS)

    def under(self, agreements: Agreements, wall: Wall | None = None) -> KafkaEngine:
        engine = KafkaEngine(
            self._broker,
            FixedSchemas(),
            agreements,
            partition=next(self._partitions),
            folder=self._folder,
            wall=wall,
        )
        self._built.append(engine)
        return engine

    def edited(self, engine: Engine, agreements: Agreements) -> KafkaEngine:
        assert isinstance(engine, KafkaEngine)
        engine.edit(agreements)
        return engine

    @pytest.mark.faults
    def test_who_sends_on_working_days_is_never_silent_not_even_at_midsummer(self) -> None:
        # Two transactions a day over a year: with the long runs.
        super().test_who_sends_on_working_days_is_never_silent_not_even_at_midsummer()
