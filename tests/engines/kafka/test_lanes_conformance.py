"""A partition's lanes keep the promise of engines, also where they restart after each commit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.domain.agreement import Agreements
from streams.engines.lane import Wall
from streams.promises.engine import Engine
from tests.domain.region import AGREEMENTS
from tests.engines.conformance import EngineConformance
from tests.engines.conformance_clocks import ClockConformance, SilenceConformance
from tests.engines.kafka.lanes_engine import LanesEngine


class TestLanes(EngineConformance, ClockConformance, SilenceConformance):
    restarts = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self._built: list[LanesEngine] = []
        self._place = tmp_path
        yield
        for engine in self._built:
            engine.close()

    def build(self) -> LanesEngine:
        return self.under(AGREEMENTS)

    def under(self, agreements: Agreements, wall: Wall | None = None) -> LanesEngine:
        folder = self._place / str(len(self._built))
        self._built.append(LanesEngine(agreements, folder, wall, self.restarts))
        return self._built[-1]

    def edited(self, engine: Engine, agreements: Agreements) -> LanesEngine:
        assert isinstance(engine, LanesEngine)
        engine.edit(agreements)
        return engine


class TestLanesThatRestart(TestLanes):
    restarts = True
