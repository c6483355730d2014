"""Deliveries as the ledger knows them: started, delivered, undeliverable.

Once a delivery has started, a withdrawal means a recall; before that, nothing has left. A notice
that its handoff no longer holds is refused, and never leaves.
"""

from streams.domain import clocks, disclosure
from streams.domain.codes import NoticeKind, Status
from streams.domain.handoff import TRANSITIONS
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import HandoffId, NoticeId
from streams.domain.known import Summary, agency_key
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
    if event.handoff_id is None or event.kind not in WITH_DATA:
        return
    handoff = turn.handoff(event.handoff_id)
    if handoff is None:
        if not isinstance(event, NoticeUndeliverable):
            _follow_after_the_end(turn, event, event.handoff_id, over)
    elif event.to != handoff.recipient:
        return
    elif isinstance(event, DeliveryStarted):
        if event.notice_id in handoff.notice_ids:
            turn.put(_started(handoff, event.notice_id))
        else:
            refuse(turn, "notice-cancelled", handoff.handoff_id)
    else:
        _follow_outcome(turn, event, handoff)


def _follow_outcome(
    turn: Turn, event: NoticeDelivered | NoticeUndeliverable, handoff: Handoff
) -> None:
    if isinstance(event, NoticeDelivered) and not handoff.delivery_started:
        # Delivered is started, too: from here on a withdrawal means a recall.
        handoff = _started(handoff, event.notice_id)
        turn.put(handoff)
    row = TRANSITIONS.get((handoff.status, type(event).__name__))
    if event.kind is NoticeKind.REFERRAL and row is not None:
        changed = handoff._replace(status=row[0].to)
        reason = event.cause if isinstance(event, NoticeUndeliverable) else ""
        turn.change(handoff, changed, reason)
        clocks.follow(turn, changed, handoff.status)
        if changed.status is Status.UNDELIVERABLE:
            disclosure.tell_source(turn, changed, reason)


def _started(handoff: Handoff, notice_id: NoticeId) -> Handoff:
    gained = tuple([c for c in handoff.granted if c not in handoff.disclosed])
    return handoff._replace(
        delivery_started=True,
        disclosed=handoff.disclosed + gained,
        notice_ids=tuple([n for n in handoff.notice_ids if n != notice_id]),
    )


def _follow_after_the_end(
    turn: Turn,
    event: DeliveryStarted | NoticeDelivered,
    handoff_id: HandoffId,
    over: list[Summary],
) -> None:
    recipient = next((s.recipient for s in over if s.handoff_id == handoff_id), None)
    if recipient != agency_key(event.to):
        return
    if isinstance(event, DeliveryStarted):
        refuse(turn, "notice-cancelled", handoff_id)
    else:
        disclosure.recall_late(turn, handoff_id)
