"""What every contract event carries: who says so, of whom, when, and in which message.

`occurred_at` starts clocks and measures lateness; `recorded_at` decides what may be disclosed and
which agreement holds.
"""

from typing import NamedTuple

from streams.domain.codes import Part
from streams.domain.ids import AgencyId, EventId, Instant, PersonId

HUB = AgencyId("hub")
"""The hub's own voice: clocks, deliveries and changes of an agreement."""


class SealedPart(NamedTuple):
    """Personal data of one part of a message, readable only with the person's key.

    `value` is AES-SIV (RFC 5297) under the person's key of that `generation` (from 1).
    """

    part: Part
    generation: int
    value: bytes


class SourceRef(NamedTuple):
    """Where an event came from: the agency's message id and version, and the transport's id.

    A message id that looks like a HETU stands masked here. The keyed digest of the raw bytes
    travels among the sealed parts (`Part.RAW_DIGEST`), since it changes with the person's key.
    """

    message_id: str
    version: int
    transport_id: str | None


_NO_MESSAGE = SourceRef("", 1, None)


class Envelope(NamedTuple):
    """The head of every contract event.

    `content_digest` is an HMAC of the event's content under a key derived from the pseudonym key:
    equal for the same content however it was spelt, and the same under every person key.
    `age_years` is the person's age at `occurred_at`, -1 where nobody said. `municipality` is the
    three-digit home municipality, empty where unknown or, in a ledger entry, where the person is
    `protected` by a non-disclosure order (turvakielto; Act 661/2009 36 §, verified = false).
    """

    event_id: EventId
    person: PersonId
    agency: AgencyId
    occurred_at: Instant
    recorded_at: Instant
    source_ref: SourceRef
    content_digest: bytes
    age_years: int
    municipality: str
    protected: bool


def hub_envelope(
    event_id: EventId,
    person: PersonId,
    occurred_at: Instant,
    recorded_at: Instant,
    content_digest: bytes = bytes(16),
) -> Envelope:
    """Head an event of the hub itself: it comes in no message, and says nothing of the person."""
    return Envelope(
        event_id,
        person,
        HUB,
        occurred_at,
        recorded_at,
        _NO_MESSAGE,
        content_digest,
        age_years=-1,
        municipality="",
        protected=False,
    )
