"""The memory engine keeps the promise of engines."""

from streams.engines.memory import MemoryEngine
from tests.domain.region import AGREEMENTS
from tests.engines.conformance import EngineConformance


class TestMemory(EngineConformance):
    def build(self) -> MemoryEngine:
        return MemoryEngine(AGREEMENTS)
