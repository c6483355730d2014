"""Deliveries as the ledger knows them: started, delivered, undeliverable.

Once a delivery has started, a withdrawal means a recall; before that, nothing has left. A notice
that its handoff no longer holds is refused, and never leaves.
"""

from streams.domain import clocks, convening, disclosure, recall
from streams.domain.codes import Category, NoticeKind, Status
from streams.domain.handoff import TRANSITIONS
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import HandoffId
from streams.domain.known import Summary, agency_key
from streams.domain.outgoing import arrived_late, started, waiting
from streams.domain.person import Handoff
from streams.domain.submission import refuse
from streams.domain.turn import Turn

WITH_DATA = (NoticeKind.REFERRAL, NoticeKind.INFORMATION)
"""Kinds of notices that carry the person's data to the recipient."""


def follow(
    turn: Turn, event: DeliveryStarted | NoticeDelivered | NoticeUndeliverable, over: list[Summary]
) -> None:
    """Let a handoff follow what became of a notice that carries the person's data."""
    turn.handoff_id = event.handoff_id
    if event.handoff_id is None:
        return
    if event.kind is NoticeKind.CONVENE:
        if not isinstance(event, NoticeUndeliverable):
            _follow_convening(turn, event, event.handoff_id, over)
        return
    if event.kind not in WITH_DATA:
        return
    handoff = turn.handoff(event.handoff_id)
    if handoff is None:
        if not isinstance(event, NoticeUndeliverable):
            _follow_after_the_end(turn, event, event.handoff_id, over)
    elif event.to != handoff.recipient:
        return
    elif isinstance(event, DeliveryStarted):
        notice = waiting(handoff, event.notice_id)
        if notice is not None:
            turn.put(started(handoff, notice))
        else:
            refuse(turn, "notice-cancelled", handoff.handoff_id)
    else:
        _follow_outcome(turn, event, handoff)


def _follow_outcome(
    turn: Turn, event: NoticeDelivered | NoticeUndeliverable, handoff: Handoff
) -> None:
    gone: tuple[Category, ...] = ()
    if isinstance(event, NoticeDelivered):
        # Delivered is started, too: from here on a withdrawal means a recall.
        notice = waiting(handoff, event.notice_id)
        if notice is not None:
            handoff = started(handoff, notice)
        handoff, gone = arrived_late(handoff, event.notice_id)
        turn.put(handoff)
    row = TRANSITIONS.get((handoff.status, type(event).__name__))
    changed = handoff
    if event.kind is NoticeKind.REFERRAL and row is not None:
        changed = handoff._replace(status=row[0].to)
        reason = event.cause if isinstance(event, NoticeUndeliverable) else ""
        turn.change(handoff, changed, reason)
        clocks.follow(turn, changed, handoff.status)
        if changed.status is Status.UNDELIVERABLE:
            disclosure.tell_source(turn, changed, reason)
    if gone:
        knows = Category.IDENTITY in (*changed.disclosed, *gone)
        recall.issue(turn, changed, gone, knows=knows)


def _follow_after_the_end(
    turn: Turn,
    event: DeliveryStarted | NoticeDelivered,
    handoff_id: HandoffId,
    over: list[Summary],
) -> None:
    if _recipient_of(handoff_id, over) != agency_key(event.to):
        return
    if isinstance(event, DeliveryStarted):
        refuse(turn, "notice-cancelled", handoff_id)
    else:
        recall.arrive(turn, handoff_id, event.to, event.notice_id)


def _follow_convening(
    turn: Turn,
    event: DeliveryStarted | NoticeDelivered,
    handoff_id: HandoffId,
    over: list[Summary],
) -> None:
    told = convening.told_of(turn, handoff_id, event.to)
    if isinstance(event, DeliveryStarted):
        if told is not None:
            leaves = convening.start(turn, told, event.notice_id)
        else:
            # A party is told nothing new, and who may have nothing is told nothing: these may go.
            party = _recipient_of(handoff_id, over) == agency_key(event.to)
            leaves = party or (handoff_id, event.to) not in turn.holdings()
        if not leaves:
            refuse(turn, "notice-cancelled", handoff_id)
    elif told is not None:
        convening.arrive(turn, told, event.notice_id)
    else:
        recall.arrive(turn, handoff_id, event.to, event.notice_id)


def _recipient_of(handoff_id: HandoffId, over: list[Summary]) -> bytes | None:
    return next((s.recipient for s in over if s.handoff_id == handoff_id), None)
