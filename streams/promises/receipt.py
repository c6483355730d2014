"""A receipt: what became of one message, said to the agency that sent it."""

from typing import NamedTuple

from streams.domain.entry import Problem
from streams.domain.ids import AgencyId, DeadLetterId, EventId, HandoffId
from streams.promises.engine import ReceiptStatus


class Receipt(NamedTuple):
    """What became of one message; every message gets exactly one.

    `errors` hold everything that is wrong with a dead letter, or the rule that refused the event.
    `message_id` is masked where a HETU shows in it, None where none could be read.
    """

    event_id: EventId | None
    agency: AgencyId
    message_id: str | None
    status: ReceiptStatus
    handoff_id: HandoffId | None
    dead_letter_id: DeadLetterId | None
    errors: tuple[Problem, ...]
