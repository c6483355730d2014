"""Person keys in memory: for tests and what-if questions. Gone with the process."""

import hmac
import os
from collections.abc import Iterable

from streams.domain.ids import Instant, PersonId
from streams.promises.key_store import PersonKey
from streams.sealing.sealer import KEY_BYTES, hub_lane

HUB_LANES = "hub-"


def make_key(person: PersonId, generation: int, derive_from: bytes | None) -> bytes:
    """Make a key of 64 bytes: random, or in the demonstration profile derived from its seed."""
    if derive_from is None:
        return os.urandom(KEY_BYTES)
    return hmac.digest(derive_from, b"%b\0%d" % (person.encode(), generation), "sha512")


class MemoryKeyStore:
    """Keeps `KeyStore`'s promise in a dict; a destroyed key leaves its generation behind."""

    def __init__(self, derive_from: bytes | None = None) -> None:
        """Begin without keys; with `derive_from` (demonstration only) they derive from it."""
        self._derive_from = derive_from
        self._generations: dict[PersonId, list[PersonKey | None]] = {}

    def look_ahead(self, persons: Iterable[PersonId]) -> None:
        """Do nothing: every key is at hand."""

    def current(self, person: PersonId) -> PersonKey:
        """Give the person's newest living key; make one where there is none."""
        generations = self._generations.setdefault(person, [])
        newest = generations[-1] if generations else None
        if newest is None:
            generation = len(generations) + 1
            newest = PersonKey(generation, make_key(person, generation, self._derive_from))
            generations.append(newest)
        return newest

    def of_generation(self, person: PersonId, generation: int) -> PersonKey | None:
        """Give the key of a generation, None where it was destroyed or never was."""
        generations = self._generations.get(person, [])
        return generations[generation - 1] if 0 < generation <= len(generations) else None

    def commit(self) -> None:
        """Nothing outlives the process, so nothing is left to make durable."""

    def destroy(self, person: PersonId, at: Instant) -> int:
        """Destroy every key of a person; return how many were living. `at` is not kept here."""
        del at
        generations = self._generations.get(person, [])
        living = sum(key is not None for key in generations)
        generations[:] = [None] * len(generations)
        return living

    def destroy_before(self, before: Instant, at: Instant) -> int:
        """Destroy the hub's own keys of the months that ended by `before`; return how many."""
        newest = hub_lane(before)
        lanes = [p for p in self._generations if p.startswith(HUB_LANES) and p < newest]
        return sum(self.destroy(lane, at) for lane in lanes)

    def close(self) -> None:
        """Let go of every key."""
        self._generations.clear()
