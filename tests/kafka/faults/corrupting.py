"""One byte on a broker's disk becomes another one."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.kafka_dev_broker import Broker

PARTITION = 1
"""Where it happens."""
_HEAD = struct.Struct(">qi")
"""How a batch begins: its first offset, and how long the rest of it is."""

_MARKER = 0x20


@contextmanager
def corrupted(broker: Broker, topic: str) -> Iterator[tuple[int, int]]:
    """Let one byte on the disk of a broker that is stopped be another one, until the end.

    Gives the offset from which nothing reads, and the partition's end.
    """
    broker.stop()
    (log,) = (broker.folder / "data" / f"{topic}-{PARTITION}").glob("*.log")
    found = list(_batches(log.read_bytes()))
    of_records = [batch for batch in found if not batch.is_marker]
    assert len(of_records) > 1, "too few batches: nothing sound lies before it"
    before, corrupt = of_records[len(of_records) // 2 - 1 :][:2]
    _turn(log, corrupt.after - 1)
    try:
        yield before.last + 1, found[-1].last + 1
    finally:
        _turn(log, corrupt.after - 1)


class _Batch(NamedTuple):
    first: int
    last: int
    after: int
    """Where the next one begins, in bytes."""
    is_marker: bool
    """It only says how a transaction ended."""


def _batches(data: bytes) -> Iterator[_Batch]:
    at = 0
    while at + _HEAD.size < len(data):
        first, length = _HEAD.unpack_from(data, at)
        attributes, last_delta = struct.unpack_from(">hi", data, at + 21)
        at += _HEAD.size + length
        yield _Batch(first, first + last_delta, at, bool(attributes & _MARKER))


def _turn(log: Path, place: int) -> None:
    with log.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))
