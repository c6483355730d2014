"""How person keys are kept: wrapped by the hub's master key, each bound to its person.

Whoever has a store's file or table, or a backup of it, and not the master key, has nothing.
"""

from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from streams.domain.ids import PersonId
from streams.promises.engine import UnavailableError
from streams.sealing.keyed_digest import derive_key
from streams.sealing.sealer import KEY_BYTES

_PROOF = b"saattaen master key"


class WrongMasterKeyError(Exception):
    """The master key is not the one that wrapped the keys; the text names both places."""


class KeyWrapping:
    """Wraps and unwraps the keys of one store."""

    def __init__(self, master: bytes, place: str, secrets_file: Path) -> None:
        """Set up under the hub's master secret.

        Args:
            master: The hub's master secret, 32 or 64 bytes.
            place: The store as errors name it; never with a password.
            secrets_file: Where the master secret came from; named in errors.
        """
        self._cipher = AESSIV(derive_key(master, "saattaen person key wrapping 1", KEY_BYTES))
        self._place = place
        self._secrets_file = secrets_file

    def wrap(self, person: PersonId, generation: int, key: bytes) -> bytes:
        """Give a key as it may be kept: it opens for this person and generation alone."""
        return self._cipher.encrypt(key, _bound(person, generation))

    def unwrap(self, person: PersonId, generation: int, wrapped: bytes) -> bytes:
        """Give back what `wrap` took.

        Raises:
            UnavailableError: It was altered or moved: the master key has proved itself before.
        """
        try:
            return self._cipher.decrypt(wrapped, _bound(person, generation))
        except InvalidTag:
            raise UnavailableError(
                f"{self._place} holds a key that was altered: put it back from its backup"
            ) from None

    def proof(self) -> bytes:
        """Give a small known text, wrapped: a new store keeps it."""
        return self._cipher.encrypt(_PROOF, None)

    def prove(self, proof: bytes) -> None:
        """Hold the master key against a store's proof: at the start, not at some person.

        Raises:
            WrongMasterKeyError: The store was made under another master key.
        """
        try:
            self._cipher.decrypt(proof, None)
        except InvalidTag:
            raise WrongMasterKeyError(
                f"the master key in {self._secrets_file} is not the one that {self._place} was "
                "made with: name the right secrets file with --keys"
            ) from None


def _bound(person: PersonId, generation: int) -> list[bytes]:
    return [b"%b\0%d" % (person.encode(), generation)]
