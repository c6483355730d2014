"""Person keys as dispatch needs them: to open notices, and to seal what an agency refuses with.

Two stores, so that neither drops what the other has under way: the one that opens hears of an
erasure within a second, the one that seals makes its keys durable before what they sealed.
"""

import threading
import time
from contextlib import suppress

from streams.bootstrap.kafka_hub import SealingParts
from streams.domain.ids import PersonId
from streams.promises.key_store import KeysChangedError, KeyStore, PersonKey
from streams.sealing.sealer import Sealer

HEARD_S = 1.0
_SEALED_AGAIN_MAX = 3


class PersonKeys:
    """Opens and seals for all threads of a worker; raises UnavailableError from both."""

    def __init__(self, parts: SealingParts) -> None:
        """Open the keys.

        Raises:
            UnavailableError: The database cannot be used now.
            WrongMasterKeyError: They were made under other secrets.
        """
        self._opening: KeyStore = parts.open_keys()
        try:
            self._sealing: KeyStore = parts.open_keys()
        except BaseException:
            self._opening.close()
            raise
        self._sealer = Sealer()
        self._lock = threading.Lock()
        self._heard_s = float("-inf")

    def opening(self) -> "KeyStore":
        """Give the keys that open, after hearing of what was erased."""
        now_s = time.monotonic()
        if now_s - self._heard_s > HEARD_S:
            with suppress(KeysChangedError):  # it has forgotten every key, and asks anew
                self._opening.commit()
            self._heard_s = now_s
        return self._opening

    def seal_words(self, person: PersonId, words: str) -> bytes | None:
        """Seal an agency's words under the person's key; None where others keep changing it."""
        with self._lock:
            for _ in range(_SEALED_AGAIN_MAX):
                found: PersonKey = self._sealing.current(person)
                sealed = self._sealer.seal_whole(words.encode(), person, *found)
                with suppress(KeysChangedError):
                    self._sealing.commit()
                    return sealed
        return None

    def close(self) -> None:
        """Let go of the keys."""
        self._opening.close()
        self._sealing.close()
