"""What was seen before: packed ids, so that a repeat of years ago is still known.

The hot record keeps the ids of the last 90 days, at most 256; older ones move to the closed
record, and a sieve of 3-byte fingerprints in the hot record says when reading that is worth the
while (a wrong yes costs one read, a wrong no cannot happen).
"""

from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from streams.domain.codes import Status
from streams.domain.ids import AS_BASE_32, AgencyId, CaseId, HandoffId, Instant, crockford
from streams.domain.person import Handoff

HOT_DAYS = 90
HOT_IDS_MAX = 256
_DAY_US = 86_400_000_000
_DIGEST_BYTES = 16
_HOT = Struct(">16s16sI")
_OLD = Struct(">16s16s")
_FINGERPRINT_BYTES = 3
_EVICT_AT_LEAST = 64
_STATUSES = tuple(Status)
_SUMMARY = Struct(">17s17s16sI8s8sB")


class Summary(NamedTuple):
    """What is left of a handoff that is over: enough to answer who may still speak of it.

    `referral` is the key of the source's own id; `source` and `recipient` are 8-byte keys.
    """

    handoff_id: HandoffId
    case_id: CaseId
    referral: bytes
    referral_version: int
    source: bytes
    recipient: bytes
    status: Status

    def is_called(self, referral_id: str) -> bool:
        """Say whether a source's own referral id names this handoff."""
        return self.referral == referral_key(referral_id)


def find(ids: bytes, event_key: bytes) -> bytes | None:
    """Give the content digest that came with an event id in hot ids, None where it is not there."""
    return _find(ids, event_key, _HOT.size)


def find_old(ids: bytes, event_key: bytes) -> bytes | None:
    """Give the content digest that came with an event id in closed ids, None where not there."""
    return _find(ids, event_key, _OLD.size)


def _find(ids: bytes, event_key: bytes, size: int) -> bytes | None:
    at = ids.find(event_key)
    while at >= 0:
        if at % size == 0:
            return ids[at + _DIGEST_BYTES : at + 2 * _DIGEST_BYTES]
        at = ids.find(event_key, at + 1)
    return None


def added(ids: bytes, event_key: bytes, content_digest: bytes, at: Instant) -> tuple[bytes, bytes]:
    """Add an id to hot ids; give them, and the ids that must move to the closed record."""
    today = max(at // _DAY_US, 0)
    ids += _HOT.pack(event_key, content_digest, today)
    count = len(ids) // _HOT.size
    leaving = 0
    horizon = today - HOT_DAYS
    if _HOT.unpack_from(ids, 0)[2] < horizon or count > HOT_IDS_MAX:
        while leaving < count - 1 and _HOT.unpack_from(ids, leaving * _HOT.size)[2] < horizon:
            leaving += 1
        if count - leaving > HOT_IDS_MAX:
            leaving = max(leaving, _EVICT_AT_LEAST)
    if not leaving:
        return ids, b""
    gone = ids[: leaving * _HOT.size]
    moved = b"".join(
        [_OLD.pack(*_HOT.unpack_from(gone, i)[:2]) for i in range(0, len(gone), _HOT.size)]
    )
    return ids[leaving * _HOT.size :], moved


def sieve_of(old_ids: bytes) -> bytes:
    """Give the fingerprints of ids that move to the closed record."""
    return b"".join(
        [old_ids[i : i + _FINGERPRINT_BYTES] for i in range(0, len(old_ids), _OLD.size)]
    )


def may_hold(sieve: bytes, key: bytes) -> bool:
    """Say whether the closed record may hold a key of 16 bytes."""
    fingerprint = key[:_FINGERPRINT_BYTES]
    # From its end: so few bytes are sought three times as fast backwards.
    at = sieve.rfind(fingerprint)
    while at >= 0:
        if at % _FINGERPRINT_BYTES == 0:
            return True
        at = sieve.rfind(fingerprint, 0, at + _FINGERPRINT_BYTES - 1)
    return False


def fingerprint(key: bytes) -> bytes:
    """Give the part of a key that the sieve keeps."""
    return key[:_FINGERPRINT_BYTES]


def referral_key(referral_id: str) -> bytes:
    """Give the 16-byte key of a source's own referral id."""
    return sha256(referral_id.encode()).digest()[:16]


@lru_cache(maxsize=1024)
def agency_key(agency: AgencyId) -> bytes:
    """Give the 8-byte key by which a summary knows an agency."""
    return sha256(agency.encode()).digest()[:8]


def id_bytes(identifier: str) -> bytes:
    """Give an id's 130 bits as 17 bytes, from which `crockford` writes it again."""
    return (int(identifier[2:].translate(AS_BASE_32), 32) << 6).to_bytes(17, "big")


def summarised(handoff: Handoff, referral: bytes) -> bytes:
    """Shrink a handoff that is over to its summary; `referral` is the key of its referral's id."""
    handoff_id = id_bytes(handoff.handoff_id)
    begins = CaseId(handoff.handoff_id) == handoff.case_id
    return _SUMMARY.pack(
        handoff_id,
        handoff_id if begins else id_bytes(handoff.case_id),
        referral,
        handoff.referral_version,
        agency_key(handoff.source),
        agency_key(handoff.recipient),
        _STATUSES.index(handoff.status),
    )


def summaries(packed_summaries: bytes) -> list[Summary]:
    """Read packed summaries, oldest first."""
    return [
        Summary(
            HandoffId(f"h-{crockford(row[0])}"),
            CaseId(f"h-{crockford(row[1])}"),
            row[2],
            row[3],
            row[4],
            row[5],
            _STATUSES[row[6]],
        )
        for row in _SUMMARY.iter_unpack(packed_summaries)
    ]
