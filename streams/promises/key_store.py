"""What a key store promises: one random key a person and generation, and never a key for no one."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from streams.domain.ids import PersonId
from streams.promises.engine import UnavailableError


class KeysChangedError(UnavailableError):
    """Another process made or destroyed keys meanwhile; the store itself stands.

    What was sealed since the last commit must not be kept: seal it again, at once.
    """


class PersonKey(NamedTuple):
    """A person's sealing key of one generation (from 1): 64 bytes for AES-256-SIV."""

    generation: int
    key: bytes


class KeyStore(Protocol):
    """Keeps the persons' keys, wrapped by a master key that never lies beside them."""

    def look_ahead(self, persons: Iterable[PersonId]) -> None:
        """Hear whose keys will be asked for: a store that is far away looks them up at once.

        It changes no answer.

        Raises:
            UnavailableError: The store cannot be used.
        """

    def current(self, person: PersonId) -> PersonKey:
        """Give the person's newest living key; make one where there is none.

        The key is only to be relied on after `commit`.

        Raises:
            UnavailableError: The store cannot be used; nothing may be sealed, so nothing is taken
                in.
        """

    def of_generation(self, person: PersonId, generation: int) -> PersonKey | None:
        """Give the key of a generation, None where it was destroyed or never was."""

    def commit(self) -> None:
        """Make every key that `current` made durable; must return before what it sealed is kept.

        Raises:
            KeysChangedError: Another process made or destroyed keys meanwhile.
            UnavailableError: The keys could not be kept. As before: what was sealed since the last
                commit must not be kept.
        """

    def close(self) -> None:
        """Let go of the store."""
