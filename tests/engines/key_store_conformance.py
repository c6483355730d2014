"""Every key store passes these; its test module says only how to build it."""

from abc import ABC, abstractmethod

import pytest

from streams.domain.ids import Instant, PersonId
from streams.engines.keys_memory import MemoryKeyStore
from streams.engines.keys_postgres import PostgresKeyStore
from streams.engines.keys_sqlite import SqliteKeyStore
from streams.sealing.sealer import hub_lane

ANNA, BEDA = PersonId("p-00000000000000000000000001"), PersonId("p-00000000000000000000000002")
MARCH, APRIL = Instant(1_772_323_200_000_000), Instant(1_775_001_600_000_000)
SEED = b"demonstration"

ErasingKeyStore = MemoryKeyStore | PostgresKeyStore | SqliteKeyStore


class KeyStoreConformance(ABC):
    @abstractmethod
    def build(self, derive_from: bytes | None = None) -> ErasingKeyStore:
        """Return an empty key store."""

    @pytest.fixture
    def keys(self) -> ErasingKeyStore:
        return self.build()

    def test_a_person_has_one_key_from_the_first_generation_on(self, keys: ErasingKeyStore) -> None:
        first = keys.current(ANNA)
        keys.commit()
        assert first.generation == 1
        assert len(first.key) == 64
        assert keys.current(ANNA) == keys.of_generation(ANNA, 1) == first

    def test_a_key_opens_before_it_is_committed(self, keys: ErasingKeyStore) -> None:
        assert keys.of_generation(ANNA, 1) is None
        assert keys.current(ANNA) == keys.of_generation(ANNA, 1)

    def test_every_person_has_another_key(self, keys: ErasingKeyStore) -> None:
        assert keys.current(ANNA).key != keys.current(BEDA).key

    def test_keys_are_chance_unless_they_derive_from_a_seed(self) -> None:
        chance = {self.build().current(ANNA).key for _ in range(2)}
        derived = {self.build(derive_from=SEED).current(ANNA).key for _ in range(2)}
        other = self.build(derive_from=b"other").current(ANNA).key
        assert (len(chance), len(derived)) == (2, 1)
        assert other not in derived

    def test_a_generation_that_never_was_has_no_key(self, keys: ErasingKeyStore) -> None:
        keys.current(ANNA)
        keys.commit()
        assert [keys.of_generation(ANNA, n) for n in (-1, 0, 2)] == [None] * 3
        assert keys.of_generation(BEDA, 1) is None

    @pytest.mark.parametrize("committed", [True, False])
    def test_an_erased_person_has_no_key(self, keys: ErasingKeyStore, *, committed: bool) -> None:
        keys.current(ANNA)
        kept = keys.current(BEDA)
        if committed:
            keys.commit()
        assert keys.destroy(ANNA, MARCH) == 1
        assert keys.of_generation(ANNA, 1) is None
        assert keys.current(BEDA) == kept

    def test_an_erased_person_who_comes_back_gets_a_new_generation(
        self, keys: ErasingKeyStore
    ) -> None:
        first = keys.current(ANNA)
        keys.destroy(ANNA, MARCH)
        second = keys.current(ANNA)
        keys.commit()
        assert second.generation == 2
        assert second.key != first.key
        assert keys.of_generation(ANNA, 1) is None
        assert keys.destroy(ANNA, APRIL) == 1
        assert keys.current(ANNA).generation == 3

    def test_a_derived_key_does_not_come_back_after_erasure(self) -> None:
        keys = self.build(derive_from=SEED)
        first = keys.current(ANNA)
        keys.destroy(ANNA, MARCH)
        assert keys.of_generation(ANNA, 1) is None
        assert keys.current(ANNA).key != first.key

    def test_erasing_a_person_twice_or_a_stranger_destroys_nothing(
        self, keys: ErasingKeyStore
    ) -> None:
        keys.current(ANNA)
        keys.destroy(ANNA, MARCH)
        assert keys.destroy(ANNA, MARCH) == keys.destroy(BEDA, MARCH) == 0

    def test_the_hubs_own_keys_go_when_their_month_has_passed(self, keys: ErasingKeyStore) -> None:
        march, april = hub_lane(MARCH), hub_lane(APRIL)
        keys.current(march)
        kept = (keys.current(april), keys.current(ANNA))
        keys.commit()
        assert keys.destroy_before(Instant(APRIL - 1), APRIL) == 0
        assert keys.destroy_before(APRIL, APRIL) == 1
        assert keys.of_generation(march, 1) is None
        assert (keys.current(april), keys.current(ANNA)) == kept

    def test_committing_nothing_or_again_is_harmless(self, keys: ErasingKeyStore) -> None:
        keys.commit()
        key = keys.current(ANNA)
        keys.commit()
        keys.commit()
        assert keys.current(ANNA) == key

    def test_to_hear_whose_keys_will_be_asked_for_changes_no_answer(
        self, keys: ErasingKeyStore
    ) -> None:
        keys.current(ANNA)
        keys.destroy(ANNA, MARCH)
        kept = keys.current(BEDA)
        keys.look_ahead([ANNA, BEDA, BEDA, hub_lane(MARCH)])
        assert keys.of_generation(ANNA, 1) is None
        assert keys.of_generation(BEDA, 1) == keys.current(BEDA) == kept
        assert keys.current(ANNA).generation == 2
        assert keys.current(hub_lane(MARCH)).generation == 1
