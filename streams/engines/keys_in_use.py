"""The keys that a store has at hand: made and not yet durable, and those lately used."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from streams.domain.ids import PersonId
from streams.engines.key_wrapping import KeyWrapping
from streams.engines.keys_memory import make_key
from streams.promises.key_store import PersonKey

KEYS_KEPT_MAX = 10_000
"""Unwrapped keys that stay in memory, of each kind of use."""

_Name = TypeVar("_Name")


class Newest(NamedTuple):
    """A person's newest generation as a store has it; `wrapped` None where it was destroyed."""

    generation: int
    wrapped: bytes | None


_NEVER = Newest(0, None)
NewestOf = Callable[[PersonId], Newest | None]
"""Looks a person's newest generation up; None where there never was one."""
WrappedOf = Callable[[PersonId, int], bytes | None]
"""Looks a key up; None where it was destroyed or never was."""


class _Recent(Generic[_Name]):
    """The keys lately used, at most so many."""

    def __init__(self, keys_max: int) -> None:
        self._keys_max = keys_max
        self._keys: OrderedDict[_Name, PersonKey] = OrderedDict()

    def find(self, name: _Name) -> PersonKey | None:
        key = self._keys.get(name)
        if key is not None:
            self._keys.move_to_end(name)
        return key

    def keep(self, name: _Name, key: PersonKey) -> None:
        self._keys[name] = key
        if len(self._keys) > self._keys_max:
            self._keys.popitem(last=False)

    def clear(self) -> None:
        self._keys.clear()

    def __len__(self) -> int:
        return len(self._keys)


class KeysInUse:
    """Serves a store's calls from memory where it can. One caller at a time."""

    def __init__(self, wrapping: KeyWrapping, derive_from: bytes | None, kept_max: int) -> None:
        """Begin with none.

        Args:
            wrapping: How the store's keys are wrapped.
            derive_from: Demonstration only: keys derive from this seed.
            kept_max: How many unwrapped keys stay in memory, of each kind of use.
        """
        self._wrapping = wrapping
        self._derive_from = derive_from
        self._made: dict[PersonId, PersonKey] = {}
        self._keyless: dict[PersonId, Newest] = {}
        """Who was looked up and has no living key, with what they had last."""
        self._living: _Recent[PersonId] = _Recent(kept_max)
        self._older: _Recent[tuple[PersonId, int]] = _Recent(kept_max)

    def lacking(self, persons: Iterable[PersonId]) -> list[PersonId]:
        """Give those, each once, whose newest key is not at hand."""
        return [each for each in dict.fromkeys(persons) if self._at_hand(each) is None]

    def looked_up(self, person: PersonId, newest: Newest | None) -> None:
        """Have a person's newest key at hand; until the next commit, also that there is none.

        Raises:
            UnavailableError: The key was altered.
        """
        newest = newest or _NEVER
        if newest.wrapped is None:
            self._keyless[person] = newest
        else:
            self._unwrapped(person, newest.generation, newest.wrapped)

    def current(self, person: PersonId, newest_of: NewestOf) -> PersonKey:
        """Give the person's newest living key; make one where there is none.

        Raises:
            UnavailableError: The key that was found was altered.
        """
        key = self._at_hand(person)
        if key is not None:
            return key
        generation, wrapped = self._keyless.get(person) or newest_of(person) or _NEVER
        if wrapped is not None:
            return self._unwrapped(person, generation, wrapped)
        generation += 1
        key = PersonKey(generation, make_key(person, generation, self._derive_from))
        self._made[person] = key
        return key

    def of_generation(
        self, person: PersonId, generation: int, wrapped_of: WrappedOf
    ) -> PersonKey | None:
        """Give the key of a generation, None where it was destroyed or never was.

        Raises:
            UnavailableError: The key that was found was altered.
        """
        for key in (self._living.find(person), self._made.get(person)):
            if key is not None and key.generation == generation:
                return key
        older = self._older.find((person, generation))
        if older is not None:
            return older
        wrapped = wrapped_of(person, generation)
        if wrapped is None:
            return None
        older = PersonKey(generation, self._wrapping.unwrap(person, generation, wrapped))
        self._older.keep((person, generation), older)
        return older

    def _at_hand(self, person: PersonId) -> PersonKey | None:
        return self._living.find(person) or self._made.get(person)

    def _unwrapped(self, person: PersonId, generation: int, wrapped: bytes) -> PersonKey:
        key = PersonKey(generation, self._wrapping.unwrap(person, generation, wrapped))
        self._living.keep(person, key)
        return key

    def made(self) -> list[tuple[PersonId, int, bytes]]:
        """Give the keys that are not durable yet, wrapped, by person.

        Stores that write at once then write in one order, so that none waits for the other.
        """
        return [
            (person, key.generation, self._wrapping.wrap(person, key.generation, key.key))
            for person, key in sorted(self._made.items())
        ]

    def committed(self) -> None:
        """Note that the keys that were made, if any, are durable."""
        for person, key in self._made.items():
            self._living.keep(person, key)
        self.drop_made()

    def drop_made(self) -> None:
        """Let go of the keys that were made: they cannot become durable any more."""
        self._made.clear()
        self._keyless.clear()

    def forget(self) -> None:
        """Let go of every key."""
        self.drop_made()
        self._living.clear()
        self._older.clear()

    def kept(self) -> tuple[int, int]:
        """Say how many keys stay in memory: current ones, and ones of a named generation."""
        return len(self._living), len(self._older)
