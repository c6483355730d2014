"""Deliveries as the ledger knows them: started, delivered, undeliverable.

Once a delivery has started, a withdrawal means a recall; before that, nothing has left. A notice
that its handoff no longer holds is refused, and never leaves.
"""

from streams.domain import clocks, disclosure
from streams.domain.codes import NoticeKind, Status
from streams.domain.handoff import TRANSITIONS
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.person import Handoff
from streams.domain.turn import Turn

_WITH_DATA = (NoticeKind.REFERRAL, NoticeKind.INFORMATION)


def follow(turn: Turn, event: DeliveryStarted | NoticeDelivered | NoticeUndeliverable) -> None:
    """Let a handoff follow what became of a notice that carries the person's data."""
    handoff = turn.handoff(event.handoff_id) if event.handoff_id is not None else None
    turn.handoff_id = event.handoff_id
    if handoff is None or event.to != handoff.recipient or event.kind not in _WITH_DATA:
        _without_handoff(turn, event)
        return
    if isinstance(event, DeliveryStarted):
        _start(turn, event, handoff)
        return
    row = TRANSITIONS.get((handoff.status, type(event).__name__))
    if event.kind is NoticeKind.REFERRAL and row is not None:
        changed = handoff._replace(status=row[0].to)
        reason = event.cause if isinstance(event, NoticeUndeliverable) else ""
        turn.change(handoff, changed, reason)
        clocks.follow(turn, changed, handoff.status)
        if changed.status is Status.UNDELIVERABLE:
            disclosure.tell_source(turn, changed, reason)


def _start(turn: Turn, event: DeliveryStarted, handoff: Handoff) -> None:
    if event.notice_id not in handoff.notice_ids:
        turn.refused = "notice-cancelled"
        return
    gained = tuple([c for c in handoff.granted if c not in handoff.disclosed])
    turn.put(
        handoff._replace(
            delivery_started=True,
            disclosed=handoff.disclosed + gained,
            notice_ids=tuple([n for n in handoff.notice_ids if n != event.notice_id]),
        )
    )


def _without_handoff(
    turn: Turn, event: DeliveryStarted | NoticeDelivered | NoticeUndeliverable
) -> None:
    if event.handoff_id is None:
        return
    kept = [r for r in turn.hot.recalls if r.handoff_id == event.handoff_id]
    with_data = event.kind in _WITH_DATA and any(r.to == event.to for r in kept)
    if not with_data:
        return
    if isinstance(event, DeliveryStarted):
        turn.refused = "notice-cancelled"
    elif isinstance(event, NoticeDelivered):
        disclosure.recall_late(turn, event.handoff_id)
