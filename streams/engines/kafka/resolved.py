"""The word that a dead letter is dealt with: a record without a value, in the letter's partition.

It says up to which offset. The same letter comes again where its message is still wrong, and may
come before the word is written: what stands behind that offset waits, whenever it came.
"""

from typing import NamedTuple

from aiokafka.structs import ConsumerRecord

from streams.domain.ids import DeadLetterId
from streams.engines.kafka.headers import header_of
from streams.promises.topics import CE_ID, RESOLVED

_DIGITS_MAX = 18


class Resolved(NamedTuple):
    """A dead letter's records in one partition, up to an offset and with it, are dealt with."""

    dead_letter_id: DeadLetterId
    until: int


def resolved_headers(resolved: Resolved) -> tuple[tuple[str, bytes], ...]:
    """Give the headers of the record that says so."""
    return ((CE_ID, resolved.dead_letter_id.encode()), (RESOLVED, str(resolved.until).encode()))


def read_resolved(record: ConsumerRecord) -> Resolved | None:
    """Read what a record of the topic says to be dealt with; None where it does not say so."""
    if record.value is not None:
        return None
    until = header_of(record.headers, RESOLVED) or b""
    letter = header_of(record.headers, CE_ID) or b""
    if not until.isdigit() or len(until) > _DIGITS_MAX or not letter.isascii():
        return None
    return Resolved(DeadLetterId(letter.decode()), int(until))
