"""What a router keeps of one partition beside the persons: its time, and agencies of its own."""

from typing import NamedTuple

from streams.domain.ids import AgencyId, Instant

PARTITION_KEY = b"partition"
HEARD = b"heard/"
"""Begins the keys of agencies, when they were heard."""


class PartitionState(NamedTuple):
    """What a router knows of one partition as a whole: the last record of each transaction."""

    now: Instant
    followed: bytes


class AgencyHeard(NamedTuple):
    """When an agency was last heard, and since when it counts as silent."""

    agency: AgencyId
    at: Instant
    silent_at: Instant | None
