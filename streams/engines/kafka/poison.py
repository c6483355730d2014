"""Dead letters of records that are no event of their topic, and of events that met a defect.

The body of such a record stays on its topic, and nowhere else: nothing says that it is sealed. The
letter names its place.
"""

from aiokafka.structs import ConsumerRecord

from streams.contracts.event import encode_event
from streams.domain.entry import Problem
from streams.domain.envelope import HUB
from streams.domain.event import Event
from streams.domain.ids import DeadLetterId, Instant, derive
from streams.engines.kafka.frames import Poison
from streams.promises.engine import DeadLetter
from streams.promises.letter_body import EVENT, RECORD

ENDS_WORKERS = Poison(
    "ends-workers",
    "Each worker that took the record ended: report it, and replay it with the next version.",
)


def poison_letter(record: ConsumerRecord, poison: Poison, recorded_at: Instant) -> DeadLetter:
    """Make the dead letter of a record; the same record, the same letter."""
    place = f"{record.topic}/{record.partition}/{record.offset}"
    return DeadLetter(
        DeadLetterId(derive("d", HUB, place, poison.code)),
        HUB,
        None,
        None,
        None,
        (Problem(poison.code, place, poison.detail, None),),
        recorded_at,
        f"{RECORD}{place}",
        0,
        b"",
    )


def defect_letter(event: Event, recorded_at: Instant) -> DeadLetter:
    """Make the dead letter of an event at which the hub itself failed."""
    envelope = event.envelope
    detail = "A defect of the hub: report it, and replay the event with the next version."
    return DeadLetter(
        DeadLetterId(derive("d", envelope.event_id, envelope.person, "defect")),
        envelope.agency,
        envelope.source_ref.message_id or None,
        envelope.person,
        envelope.event_id,
        (Problem("defect", "", detail, None),),
        recorded_at,
        f"{EVENT}{type(event).__name__}",
        0,
        encode_event(event),
    )
