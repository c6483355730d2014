"""The key store in memory keeps the promise of key stores."""

from streams.engines.keys_memory import MemoryKeyStore
from tests.engines.key_store_conformance import ANNA, KeyStoreConformance


class TestMemoryKeyStore(KeyStoreConformance):
    def build(self, derive_from: bytes | None = None) -> MemoryKeyStore:
        return MemoryKeyStore(derive_from)


def test_closing_lets_go_of_every_key() -> None:
    keys = MemoryKeyStore()
    keys.current(ANNA)
    keys.close()
    assert keys.of_generation(ANNA, 1) is None
