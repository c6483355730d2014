"""A dispatch for simulations: asks leave, delivers or gives up, and reports as dispatch does."""

from collections.abc import Iterator

from streams.dispatch import reports
from streams.dispatch.delivery import Delivery, DeliveryState
from streams.domain.codes import NoticeKind, Status
from streams.domain.delivery import WITH_DATA
from streams.domain.entry import (
    HandoffStatusChanged,
    LedgerEntry,
    Notice,
    RecallIssued,
    TransitionRefused,
)
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import AgencyId, HandoffId, Instant, NoticeId
from tests.simulation.act import Dice

_ON_ITS_WAY = (DeliveryState.PENDING, DeliveryState.TRYING)
_CALLED_OFF = (Status.CANCELLED, Status.ENTERED_IN_ERROR)


class Dispatching:
    """Notices that the ledger holds, and how far each has come."""

    def __init__(self) -> None:
        """Begin with none."""
        self._deliveries: dict[NoticeId, Delivery] = {}
        self._cancelled: set[HandoffId] = set()

    def follow(self, entry: LedgerEntry) -> None:
        """Take in what an entry says of notices, and its own."""
        event = entry.event
        if isinstance(event, DeliveryStarted | NoticeDelivered | NoticeUndeliverable):
            refused = any(isinstance(fact, TransitionRefused) for fact in entry.facts)
            before = self._deliveries[event.notice_id]
            self._deliveries[event.notice_id] = _reported(before, event, refused=refused)
        for fact in entry.facts:
            if isinstance(fact, RecallIssued):
                self._call_off(fact.handoff_id, fact.to)
            elif isinstance(fact, HandoffStatusChanged) and fact.to in _CALLED_OFF:
                self._cancelled.add(fact.handoff_id)
                self._call_off(fact.handoff_id, None)
        for ordinal, notice in enumerate(entry.deliveries):
            self._deliveries[notice.notice_id] = _waiting(notice, entry, ordinal)

    def report(self, dice: Dice, now: Instant) -> Iterator[Event]:
        """Let one notice come a step further: mostly one that is tried or carries data."""
        waiting = [d for d in self._deliveries.values() if d.state in _ON_ITS_WAY]
        if not waiting:
            return
        tried = [d for d in waiting if d.state is DeliveryState.TRYING]
        weighty = [d for d in waiting if d.kind in (*WITH_DATA, NoticeKind.CONVENE)]
        delivery = dice.pick(dice.pick((tried, weighty, waiting))[::-1] or waiting)
        unasked = delivery.state is DeliveryState.PENDING
        # The one delivery that the ledger may hear of without its start: whoever made it died
        # before saying so, and the handoff was cancelled meanwhile.
        unannounced = delivery.handoff_id in self._cancelled and dice.once_in(2)
        if unasked and not unannounced:
            yield reports.started(delivery, now)
        elif dice.once_in(5):
            yield reports.undeliverable(delivery._replace(cause="unreachable"), now)
        else:
            yield reports.delivered(delivery, now)

    def _call_off(self, handoff_id: HandoffId, to: AgencyId | None) -> None:
        # What has not arrived must ask the ledger again.
        for notice_id, delivery in self._deliveries.items():
            trying = delivery.state is DeliveryState.TRYING
            if trying and delivery.handoff_id == handoff_id and to in (None, delivery.to):
                self._deliveries[notice_id] = delivery._replace(
                    state=DeliveryState.PENDING, asked=delivery.tries + 1
                )


def _reported(
    delivery: Delivery,
    event: DeliveryStarted | NoticeDelivered | NoticeUndeliverable,
    *,
    refused: bool,
) -> Delivery:
    if isinstance(event, NoticeDelivered):
        return delivery._replace(state=DeliveryState.DELIVERED)
    if isinstance(event, NoticeUndeliverable):
        # An operator starts it anew, with the leave it had.
        return delivery._replace(tries=delivery.tries + 1)
    if refused:
        return delivery._replace(state=DeliveryState.CANCELLED)
    return delivery._replace(state=DeliveryState.TRYING, tries=event.attempt)


def _waiting(notice: Notice, entry: LedgerEntry, ordinal: int) -> Delivery:
    return Delivery(
        notice.notice_id,
        notice.to,
        notice.person,
        notice.handoff_id,
        notice.kind,
        position=entry.sequence,
        ordinal=ordinal,
        state=DeliveryState.PENDING,
        tries=0,
        since=0,
        asked=1,
        first_at=None,
        next_at=Instant(0),
        cause="",
    )
