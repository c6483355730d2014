"""A watermark: how far a normaliser has come, so that no clock overtakes an event in time."""

from typing import NamedTuple

from streams.domain.ids import AgencyId, Instant


class Watermark(NamedTuple):
    """What a normaliser says of one partition of an agency's raw topic.

    It stands in the same partition of the events topic, after every event that came before it.
    """

    agency: AgencyId
    passed_at: Instant
    """Nothing recorded before this moment can still come from there."""
    heard_at: Instant | None
    """When the agency's latest message there was recorded; None before any."""
