r"""A delivery: one notice on its way to its agency, or to a desk of people there.

    pending -> trying -> taken    -> delivered
       |  \____________> given-up -> dead | inhibited
       \-> cancelled

The states on the right are the ledger's word; `taken` and `given-up` wait for it to be said.
"""

from enum import StrEnum
from typing import NamedTuple

from streams.domain.codes import NoticeKind
from streams.domain.ids import AgencyId, HandoffId, Instant, NoticeId, PersonId

INHIBITED = "inhibited"
"""The cause under which the ledger keeps that nobody needs to be told any more."""


class DeliveryState(StrEnum):
    """What became of a notice so far."""

    PENDING = "pending"
    """Waits; the ledger must be asked before it may leave."""
    TRYING = "trying"
    """The ledger says that its delivery has started."""
    TAKEN = "taken"
    """The agency took it; the ledger does not say so yet."""
    GIVEN_UP = "given-up"
    """No more attempts are made; the ledger does not say so yet."""
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"
    """The ledger refused its start: it never leaves, or not again."""
    INHIBITED = "inhibited"
    """An escalation whose clock closed before it could leave: nobody needs to be told of it."""


class Delivery(NamedTuple):
    """One notice and its fate.

    `position` and `ordinal` (from 0) are its place in the ledger and in its entry. `tries` counts
    attempts, `since` of them made before an operator's new start, and `first_at` is the first after
    it: the limit counts from there. `asked` is the attempt under whose number the ledger is asked
    for leave, the same until it answers. `next_at` is 0 where only its lane may hold it back.
    `cause` is the code of the last failure, empty before any.

    For escalations, `desk` is the role whose desk gets it, empty where it goes to the agency's own
    system; `clock` what it is of, `owner` whose duty that is, under which `rule`; `told_at` is when
    the ledger took it; `closed` says that the clock has nothing left to wait for. `message` is the
    id of the message that it left in, or is about to; `ground` what those in it have in common.
    """

    notice_id: NoticeId
    to: AgencyId
    person: PersonId
    handoff_id: HandoffId | None
    kind: NoticeKind
    position: int
    ordinal: int
    state: DeliveryState
    tries: int
    since: int
    asked: int
    first_at: Instant | None
    next_at: Instant
    cause: str
    role: str = ""
    desk: str = ""
    clock: str = ""
    owner: str = ""
    rule: str = ""
    told_at: Instant = Instant(0)
    closed: bool = False
    message: str = ""
    ground: str = ""
    held: bool = False
    """It waits behind others of its lane, or for its owner to be heard again."""


OPEN = (
    DeliveryState.PENDING,
    DeliveryState.TRYING,
    DeliveryState.TAKEN,
    DeliveryState.GIVEN_UP,
)
"""States in which a notice still holds its lane."""
