"""Keyed digests: HMAC-SHA-256 under a key that is set up once, and keys derived from a secret.

One secret never serves two purposes: each purpose has a key of its own, by HKDF (RFC 5869) with the
purpose's name.
"""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class KeyedDigest:
    """HMAC-SHA-256 (RFC 2104) under one key."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        """Set the key up; any length, 32 bytes or more wanted."""
        self._keyed = hmac.new(key, digestmod="sha256")

    def of(self, content: bytes) -> bytes:
        """Give the 32 bytes of a content's digest."""
        # Copying the set-up key saves a third of a one-shot HMAC; each message needs several.
        running = self._keyed.copy()
        running.update(content)
        return running.digest()


def derive_key(secret: bytes, purpose: str, length_bytes: int = 32) -> bytes:
    """Derive the key of one purpose from a secret; another purpose gives an unrelated key."""
    return HKDF(SHA256(), length_bytes, salt=None, info=purpose.encode()).derive(secret)
