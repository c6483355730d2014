"""A ledger in partitions: where an entry stands, and what a reader makes of each record.

A person stays in one partition, so that the order within it is all the order there is. One number
names a place in the whole ledger; it grows within a partition, and between two it says nothing.
"""

from typing import NamedTuple

from streams.promises.engine import Stored

PARTITIONS_MAX = 1024
"""A ledger never has more partitions; it may get more than it has, up to here."""


class Place(NamedTuple):
    """Where a record stands: its partition, and its offset there (both from 0)."""

    partition: int
    offset: int


class Recorded(NamedTuple):
    """An entry as it was read, and the Avro bytes that it was read from."""

    stored: Stored
    data: bytes


class Unreadable(NamedTuple):
    """A record that is no entry; `cause` is a code that names why, and nothing of what is in it."""

    position: int
    cause: str


Read = Recorded | Unreadable


class Stand(NamedTuple):
    """The last record of a partition that somebody has; position 0 before any.

    `entry_digest` is empty where that record was no entry.
    """

    position: int
    entry_digest: bytes


BEGINNING = Stand(0, b"")


def stand_after(read: Read) -> Stand:
    """Give where somebody stands who has taken a record in."""
    digest = read.stored.entry_digest if isinstance(read, Recorded) else b""
    return Stand(position_at(read), digest)


def position_of(place: Place) -> int:
    """Give the position of a place, from `PARTITIONS_MAX` on; 0 is before any."""
    return (place.offset + 1) * PARTITIONS_MAX + place.partition


def place_of(position: int) -> Place:
    """Give the place of a position.

    Raises:
        ValueError: It is none that `position_of` gives.
    """
    if position < PARTITIONS_MAX:
        raise ValueError(f"{position} is no place in a ledger of partitions")
    rounds, partition = divmod(position, PARTITIONS_MAX)
    return Place(partition, rounds - 1)


def position_at(read: Read) -> int:
    """Give the position of a record, whatever could be made of it."""
    return read.stored.position if isinstance(read, Recorded) else read.position
