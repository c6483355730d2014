"""The frame round a value on a topic, as Confluent's clients write it.

0x00 | schema id, four bytes, big endian | the value's Avro bytes
"""

import struct

from streams.contracts.codec import BYTES_MAX
from streams.contracts.declarations import ContractError

HEAD_BYTES = 5
"""What the frame adds, in bytes."""
SCHEMA_ID_MAX = 2**31 - 1
"""Registries count in signed numbers; an id above can belong to no schema."""

_MAGIC = 0
_HEAD = struct.Struct(">BI")


class FrameError(ContractError):
    """Bytes that are no framed value; `reason` says why, and nothing of what is in them."""

    def __init__(self, reason: str) -> None:
        """Say why."""
        super().__init__("frame", reason)


def framed(schema_id: int, payload: bytes) -> bytes:
    """Put a value's Avro bytes into a frame.

    Raises:
        FrameError: The id is none that a registry gives, or the value is over 1 MiB.
    """
    if not 0 <= schema_id <= SCHEMA_ID_MAX:
        raise FrameError(f"no schema has the id {schema_id}")
    if len(payload) > BYTES_MAX:
        raise FrameError(f"over {BYTES_MAX} bytes")
    return _HEAD.pack(_MAGIC, schema_id) + payload


def unframed(data: bytes) -> tuple[int, bytes]:
    """Give the schema id and the Avro bytes of a framed value.

    Raises:
        FrameError: The first byte is no frame's, the bytes end within the head, the id is none that
            a registry gives, or the value is over 1 MiB.
    """
    if len(data) < HEAD_BYTES:
        raise FrameError(f"{len(data)} bytes are too few for a frame")
    if len(data) > HEAD_BYTES + BYTES_MAX:
        raise FrameError(f"over {BYTES_MAX} bytes")
    magic, schema_id = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise FrameError(f"begins with the byte {magic}, not {_MAGIC}")
    if schema_id > SCHEMA_ID_MAX:
        raise FrameError(f"no schema has the id {schema_id}")
    return schema_id, data[HEAD_BYTES:]
