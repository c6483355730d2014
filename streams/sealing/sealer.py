"""Sealing: what describes a person travels as parts that only the person's key opens.

AES-SIV (RFC 5297) is deterministic: the same message seals to the same bytes, so a replay can be
compared, and a repeat gives nothing away but that it is one. The part, the person and the key's
generation are bound in, so that no part can be moved to another place.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from streams.domain.codes import Part
from streams.domain.envelope import SealedPart
from streams.domain.ids import Instant, PersonId
from streams.sealing.keyed_digest import KeyedDigest, derive_key
from streams.sealing.marks import MarksError, marks

KEY_BYTES = 64
RAW_DIGEST_BYTES = 16
DOCUMENT_DIGEST_BYTES = 16

_PARTS = tuple(Part)
_NAMES = tuple(part.value.encode() for part in _PARTS)
_PLACE = {part: place for place, part in enumerate(_PARTS)}
_WHOLE = b"whole message"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

KeyOfGeneration = Callable[[int], bytes | None]
"""A person's key of a generation; None where it was destroyed."""


class SealBrokenError(Exception):
    """Something sealed does not open: altered, moved, or of another key. The text says no more."""


class _Lane:
    """One key set up: costly to make, so a few thousand are kept."""

    __slots__ = ("_documents", "_key", "bound", "cipher", "raw_digest")

    def __init__(self, person: str, generation: int, key: bytes) -> None:
        self._key = key
        self._documents: KeyedDigest | None = None
        self.cipher = AESSIV(key)
        self.raw_digest = KeyedDigest(derive_key(key, "saattaen raw digest 1"))
        # NUL stands in no part's name and no pseudonym, so nothing can be read two ways.
        self.bound = b"\0%b\0%d" % (person.encode(), generation)

    def document_digest(self, document_id: str) -> bytes:
        # Few messages name documents, so that their key is derived when the first one does.
        if self._documents is None:
            self._documents = KeyedDigest(derive_key(self._key, "saattaen document id 1"))
        return self._documents.of(document_id.encode())[:DOCUMENT_DIGEST_BYTES]


class Sealer:
    """Seals and opens with keys that others keep. Holds the last few thousand keys set up."""

    def __init__(self, marked: Mapping[str, Part] | None = None, lanes_max: int = 4096) -> None:
        """Seal by the contract's marks, or by others.

        Raises:
            MarksError: The contract's marks cannot be read.
        """
        table = marks() if marked is None else marked
        self._place_of_field = {field: _PLACE[part] for field, part in table.items()}
        self._lane = lru_cache(maxsize=lanes_max)(_Lane)

    def seal(
        self,
        details: Mapping[str, object],
        raw: bytes,
        person: PersonId,
        generation: int,
        key: bytes,
    ) -> tuple[SealedPart, ...]:
        """Seal a message's details part by part, in `Part`'s order, with the digest of its bytes.

        Args:
            details: The fields of `Details` that the message has; None counts as absent.
            raw: The message as received; its HMAC under a key derived from `key` is the last part.
            person: Whose details they are.
            generation: The key's generation, from 1.
            key: The person's key, 64 bytes.

        Raises:
            MarksError: A field has no mark; it must not travel in clear, nor be lost.
        """
        lane = self._lane(person, generation, key)
        grouped: list[dict[str, object] | None] = [None] * len(_PARTS)
        try:
            for field, value in details.items():
                if value is None:
                    continue
                place = self._place_of_field[field]
                fields = grouped[place]
                if fields is None:
                    grouped[place] = {field: value}
                else:
                    fields[field] = value
        except KeyError:
            raise MarksError("a field of the details has no mark") from None
        encrypt, bound = lane.cipher.encrypt, lane.bound
        sealed = [
            SealedPart(
                _PARTS[place],
                generation,
                encrypt(orjson.dumps(fields, None, orjson.OPT_SORT_KEYS), [_NAMES[place] + bound]),
            )
            for place, fields in enumerate(grouped)
            if fields is not None
        ]
        digest = lane.raw_digest.of(raw)[:RAW_DIGEST_BYTES]
        sealed.append(SealedPart(Part.RAW_DIGEST, generation, digest))
        return tuple(sealed)

    def open_parts(
        self, parts: Iterable[SealedPart], person: PersonId, key_of_generation: KeyOfGeneration
    ) -> dict[str, str] | None:
        """Give the fields of a person's sealed parts in clear.

        Returns:
            Fields of `Details`, or None where the key of any part was destroyed: the person was
            erased, and half an answer would look like a whole one.

        Raises:
            SealBrokenError: A part was altered, moved or sealed under another key.
        """
        details: dict[str, str] = {}
        for part in parts:
            if part.part is Part.RAW_DIGEST:
                continue
            key = key_of_generation(part.generation)
            if key is None:
                return None
            name = part.part.value.encode()
            opened = self._open(part.value, name, person, part.generation, key)
            details.update(orjson.loads(opened))
        return details

    def seal_whole(self, body: bytes, person: PersonId, generation: int, key: bytes) -> bytes:
        """Seal a whole message as received, for a dead letter; `person` may be a hub lane."""
        lane = self._lane(person, generation, key)
        return lane.cipher.encrypt(body, [_WHOLE + lane.bound])

    def open_whole(self, sealed: bytes, person: PersonId, generation: int, key: bytes) -> bytes:
        """Give back what `seal_whole` sealed.

        Raises:
            SealBrokenError: It was altered, moved or sealed under another key.
        """
        return self._open(sealed, _WHOLE, person, generation, key)

    def documents(
        self, document_ids: Iterable[str], person: PersonId, generation: int, key: bytes
    ) -> tuple[bytes, ...]:
        """Give the digests by which a person's documents are known: 16 bytes each, in their order.

        HMAC-SHA-256 under a key of their own, derived from the person's: the same id gives the same
        digest for one person and generation, and nothing once the key is destroyed.
        """
        lane = self._lane(person, generation, key)
        return tuple([lane.document_digest(document_id) for document_id in document_ids])

    def forget(self) -> None:
        """Let go of every key set up, as after an erasure."""
        self._lane.cache_clear()

    def _open(
        self, sealed: bytes, name: bytes, person: PersonId, generation: int, key: bytes
    ) -> bytes:
        lane = self._lane(person, generation, key)
        try:
            return lane.cipher.decrypt(sealed, [name + lane.bound])
        except (InvalidTag, ValueError):
            raise SealBrokenError(
                f"{name.decode()} of generation {generation} does not open with this key"
            ) from None


def hub_lane(recorded_at: Instant) -> PersonId:
    """Name the hub's own key of a month (UTC), for messages whose person cannot be read.

    It lies in the key store beside the persons' keys, as `hub-2026-03`, and is destroyed when the
    agreement's days have passed.
    """
    at = _EPOCH + timedelta(microseconds=recorded_at)
    return PersonId(f"hub-{at.year:04}-{at.month:02}")
