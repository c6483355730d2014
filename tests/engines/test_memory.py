"""The memory engine keeps the promise of engines."""

from streams.domain.agreement import Agreements
from streams.engines.lane import Wall
from streams.engines.memory import MemoryEngine
from streams.engines.silence import Silence
from streams.promises.engine import Engine
from tests.domain.region import AGREEMENTS
from tests.engines.conformance import EngineConformance
from tests.engines.conformance_clocks import ClockConformance, SilenceConformance


class TestMemory(EngineConformance, ClockConformance, SilenceConformance):
    def build(self) -> MemoryEngine:
        return MemoryEngine(AGREEMENTS)

    def under(self, agreements: Agreements, wall: Wall | None = None) -> MemoryEngine:
        return MemoryEngine(agreements, wall)

    def edited(self, engine: Engine, agreements: Agreements) -> MemoryEngine:
        assert isinstance(engine, MemoryEngine)
        return edited(engine, agreements)


def edited(engine: MemoryEngine, agreements: Agreements) -> MemoryEngine:
    """Give an engine other agreements, as a restart would where there is a file."""
    engine._agreements = agreements
    engine._silence = Silence(agreements, engine._silence.heard)
    return engine
