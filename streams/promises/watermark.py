"""A watermark: how far a normaliser has come, so that no clock overtakes an event in time."""

from typing import NamedTuple

from streams.domain.ids import AgencyId, Instant

SETTLE_US = 2_000_000
"""How long after its stamp a raw record may still become visible, in microseconds.

Stamping, sealing and the broker's acknowledgement take less, or the receive step stamps again; the
rest of it is what the clocks of two machines may differ by. So what is not there by now was
recorded after now less this.
"""
SEND_WITHIN_US = 1_500_000
"""How long the receive step gives one attempt, from the stamp to the acknowledgement."""


class Watermark(NamedTuple):
    """What a normaliser says of one partition of an agency's raw topic.

    It stands in the same partition of the events topic, after every event that came before it.
    """

    agency: AgencyId
    passed_at: Instant
    """Nothing recorded before this moment can still come from there."""
    heard_at: Instant | None
    """When the agency's latest message there was recorded; None before any."""
