"""Names of things: what each id means, and how an id follows from its cause.

An id is a letter and 26 Crockford base-32 characters of a SHA-256 over length-separated parts (the
low five bits of each of its first 26 bytes: 130 bits), so that the same cause gives the same id on
every engine and after every replay.
"""

from functools import lru_cache
from hashlib import sha256
from typing import NewType

PersonId = NewType("PersonId", str)
AgencyId = NewType("AgencyId", str)
EventId = NewType("EventId", str)
EntryId = NewType("EntryId", str)
HandoffId = NewType("HandoffId", str)
CaseId = NewType("CaseId", str)
"""A case is named by its first handoff: the two ids are the same text."""
NoticeId = NewType("NoticeId", str)
ClockId = NewType("ClockId", str)
DeadLetterId = NewType("DeadLetterId", str)
StatementId = NewType("StatementId", str)

Instant = NewType("Instant", int)
"""A moment: microseconds since 1970-01-01T00:00:00Z. Never a local time."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_THREE = tuple([a + b + c for a in CROCKFORD for b in CROCKFORD for c in CROCKFORD])
_LOW_15, _LOW_60 = 2**15 - 1, 2**60 - 1
_PACKED_KEPT_MAX = 256
"""An event's own id is asked for again while it is decided, and hardly ever later."""


def crockford(digest: bytes) -> str:
    """Write the first 130 bits of a digest (17 bytes or more) as 26 Crockford characters."""
    number = int.from_bytes(digest[:17], "big") >> 6
    # Fifteen bits at a time: whoever reads a long history writes thousands of these.
    three, high, low = _THREE, number >> 70, number >> 10 & _LOW_60
    return (
        f"{three[high >> 45]}{three[high >> 30 & _LOW_15]}"
        f"{three[high >> 15 & _LOW_15]}{three[high & _LOW_15]}"
        f"{three[low >> 45]}{three[low >> 30 & _LOW_15]}"
        f"{three[low >> 15 & _LOW_15]}{three[low & _LOW_15]}"
        f"{CROCKFORD[number >> 5 & 31]}{CROCKFORD[number & 31]}"
    )


_CHARACTERS = bytes([ord(CROCKFORD[byte & 31]) for byte in range(256)])

AS_BASE_32 = str.maketrans(CROCKFORD, "0123456789abcdefghijklmnopqrstuv")


@lru_cache(maxsize=_PACKED_KEPT_MAX)
def packed(identifier: str) -> bytes:
    """Give an id's digest part as 16 bytes: enough to tell ids apart in packed state."""
    return (int(identifier[2:28].translate(AS_BASE_32), 32) >> 2).to_bytes(16, "big")


def derive(letter: str, *parts: str) -> str:
    """Derive an id from its cause: `letter`, a dash and 26 characters.

    Parts are separated by their lengths, so ("ab", "c") and ("a", "bc") differ.
    """
    text = "".join([f"{len(part)}:{part}" for part in parts])
    # Several times an event: one look-up in C, where packing the bits would take a hundred steps.
    return f"{letter}-{sha256(text.encode()).digest()[:26].translate(_CHARACTERS).decode()}"


def derive_event_id(agency: AgencyId, message_id: str, version: int) -> EventId:
    """Name the event that an agency's message makes: the same message again, the same id."""
    return EventId(derive("e", agency, message_id, str(version)))
