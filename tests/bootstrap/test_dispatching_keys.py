"""Dispatch opens with keys that live, and hears within a second of those that were destroyed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.bootstrap import dispatching_keys
from streams.bootstrap.dispatching_keys import PersonKeys
from streams.bootstrap.kafka_hub import KafkaSettings, SealingParts
from streams.domain.ids import Instant, PersonId
from streams.sealing.sealer import Sealer

AINO = PersonId("p-0000000000000000000000000A")
NOON = Instant(1_772_452_800_000_000)


@pytest.fixture
def parts(database_url: str, tmp_path: Path) -> SealingParts:
    return SealingParts(KafkaSettings("", "", database_url, None, tmp_path / "hub.key"))


@pytest.fixture
def keys(parts: SealingParts) -> Iterator[PersonKeys]:
    made = PersonKeys(parts)
    yield made
    made.close()


def test_words_are_sealed_under_a_key_that_is_durable(
    keys: PersonKeys, parts: SealingParts
) -> None:
    sealed = keys.seal_words(AINO, "no room until May")

    assert sealed is not None
    others = parts.open_keys()
    found = others.of_generation(AINO, 1)
    others.close()
    assert found is not None
    assert Sealer().open_whole(sealed, AINO, *found) == b"no room until May"


def test_a_key_that_was_destroyed_elsewhere_opens_nothing_more(
    keys: PersonKeys, parts: SealingParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching_keys, "HEARD_S", 0.0)
    keys.seal_words(AINO, "known")
    assert keys.opening().of_generation(AINO, 1) is not None

    others = parts.open_keys()
    others.destroy(AINO, NOON)
    others.close()

    assert keys.opening().of_generation(AINO, 1) is None


def test_words_of_somebody_erased_are_sealed_under_a_new_key(
    keys: PersonKeys, parts: SealingParts
) -> None:
    keys.seal_words(AINO, "before")
    others = parts.open_keys()
    others.destroy(AINO, NOON)
    others.close()

    sealed = keys.seal_words(AINO, "after")

    fresh = parts.open_keys()
    found = fresh.of_generation(AINO, 2)
    fresh.close()
    assert sealed is not None
    assert found is not None
    assert Sealer().open_whole(sealed, AINO, *found) == b"after"
