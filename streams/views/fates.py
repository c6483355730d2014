"""What becomes of notices: pending, started, delivered, dead, cancelled or inhibited.

A notice is known as delivered when its delivery is reported, or when its recipient answers: who
answers a referral has it. One that its handoff no longer holds is cancelled before it leaves.
"""

from collections.abc import Iterable

from streams.domain.answers import InformationProvided
from streams.domain.codes import Category, NoticeKind, Status
from streams.domain.entry import (
    DisclosureWithheld,
    EventReleased,
    Fact,
    HandoffStatusChanged,
    LedgerEntry,
    Notice,
    RecallConfirmed,
    TransitionRefused,
    WorkerKnown,
)
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.referral import ReferralSubmitted
from streams.promises.engine import Stored
from streams.views.sheets import Row, Sheet

PENDING, STARTED, DELIVERED, DEAD, CANCELLED, INHIBITED = (
    "pending",
    "started",
    "delivered",
    "dead",
    "cancelled",
    "inhibited",
)
DELIVERY_STATUSES = (PENDING, STARTED, DELIVERED, DEAD, CANCELLED, INHIBITED)

_WITH_DATA = (NoticeKind.REFERRAL.value, NoticeKind.INFORMATION.value)
_LEAVES_WITH_DATA = (*_WITH_DATA, NoticeKind.CONVENE.value)
_FOLLOWED = (*_LEAVES_WITH_DATA, NoticeKind.RECALL.value, NoticeKind.INFORMATION_REQUEST.value)
_NOT_ANSWERED = (Status.AWAITING_BASIS, Status.REQUESTED, Status.UNDELIVERABLE)
_CALLED_OFF = (Status.CANCELLED, Status.ENTERED_IN_ERROR)


class Fates:
    """Follows the notices of handoffs; a handoff's row keeps the ids of those to be followed."""

    def __init__(self, handoffs: Sheet, deliveries: Sheet) -> None:
        """Work on the rows of one transaction."""
        self._handoffs = handoffs
        self._deliveries = deliveries

    def load(self, notice_ids: Iterable[str]) -> None:
        """Read the deliveries that a page may change; the handoffs are read already."""
        followed = {notice for row in self._handoffs.rows() for notice in row["notices"]}
        self._deliveries.load(followed.union(notice_ids))

    def write(self) -> None:
        """Write the deliveries."""
        self._deliveries.write()

    def begin(self, entry: LedgerEntry) -> None:
        """Note what the entry's own event reports of a delivery."""
        event = entry.event
        match event:
            case DeliveryStarted():
                # Refused where its handoff no longer holds the notice: nothing left.
                refused = any(isinstance(fact, TransitionRefused) for fact in entry.facts)
                self._deliveries.change(event.notice_id, status=CANCELLED if refused else STARTED)
            case NoticeDelivered():
                self._deliveries.change(event.notice_id, status=DELIVERED)
            case NoticeUndeliverable():
                # An escalation that one greater cause stood behind was held, and never sent.
                status = INHIBITED if event.cause == INHIBITED else DEAD
                self._deliveries.change(event.notice_id, status=status)
            case _:
                pass

    def follow(self, fact: Fact, event: Event) -> None:
        """Let notices of earlier entries follow a fact of this one."""
        match fact:
            case HandoffStatusChanged():
                self._hear(fact.handoff_id, event)
                if fact.to in _CALLED_OFF:
                    self._call_off(fact.handoff_id)
            case TransitionRefused() | WorkerKnown():
                self._hear(fact.handoff_id, event)
            case RecallConfirmed():
                self._settle(fact.handoff_id, fact.by, (NoticeKind.RECALL.value,), DELIVERED)
            case DisclosureWithheld() if not isinstance(event, ReferralSubmitted):
                # What has not left and holds what may no longer leave; the entry issues anew.
                self._settle(
                    fact.handoff_id,
                    fact.to,
                    _LEAVES_WITH_DATA,
                    CANCELLED,
                    self._holding(fact.handoff_id, fact.categories),
                )
            case _:
                pass

    def issue(self, stored: Stored) -> None:
        """Add the entry's own notices."""
        entry = stored.entry
        for notice in entry.deliveries:
            if notice.kind is NoticeKind.REFERRAL and notice.handoff_id is not None:
                self._call_off(notice.handoff_id)  # a referral issued anew takes the place of all
            self._deliveries.add(_row(notice, stored))
            handoff = self._handoffs.get(notice.handoff_id)
            if handoff is not None and notice.kind.value in _FOLLOWED:
                notices = [*handoff["notices"], notice.notice_id]
                self._handoffs.change(notice.handoff_id, notices=notices)
        for fact in entry.facts:
            if isinstance(fact, EventReleased) and fact.taken:
                self._hear_released(fact, entry)

    def _hear_released(self, fact: EventReleased, entry: LedgerEntry) -> None:
        handoff = self._handoffs.get(fact.handoff_id)
        if handoff is None:
            return
        handoff_id, recipient = handoff["handoff_id"], handoff["recipient"]
        status = Status(handoff["status"])
        own: set[str] = {notice.notice_id for notice in entry.deliveries}
        if status in _CALLED_OFF:
            self._settle(handoff_id, recipient, _WITH_DATA, CANCELLED, own)
        elif status not in _NOT_ANSWERED:
            # Its recipient answered before the hub had the referral: it has it from elsewhere.
            self._settle(handoff_id, recipient, _WITH_DATA[:1], DELIVERED, own)

    def _hear(self, handoff_id: str | None, event: Event) -> None:
        handoff = self._handoffs.get(handoff_id)
        if handoff is None or handoff_id is None:
            return
        speaker = event.envelope.agency
        if speaker == handoff["recipient"]:
            self._settle(handoff_id, speaker, _WITH_DATA, DELIVERED)
        elif isinstance(event, InformationProvided):
            asked = (NoticeKind.INFORMATION_REQUEST.value,)
            self._settle(handoff_id, speaker, asked, DELIVERED)

    def _call_off(self, handoff_id: str) -> None:
        handoff = self._handoffs.get(handoff_id)
        if handoff is not None:
            self._settle(handoff_id, handoff["recipient"], _WITH_DATA, CANCELLED)

    def _holding(self, handoff_id: str, categories: Iterable[Category]) -> set[str]:
        handoff = self._handoffs.get(handoff_id)
        wanted = {category.value for category in categories}
        found: set[str] = set()
        for notice_id in handoff["notices"] if handoff is not None else ():
            row = self._deliveries.get(notice_id)
            if row is not None and wanted.intersection(row["categories"]):
                found.add(notice_id)
        return found

    def _settle(
        self,
        handoff_id: str,
        to: str,
        kinds: tuple[str, ...],
        status: str,
        among: set[str] | None = None,
    ) -> None:
        handoff = self._handoffs.get(handoff_id)
        for notice_id in handoff["notices"] if handoff is not None else ():
            row = self._deliveries.get(notice_id)
            if row is None or row["to"] != to or row["kind"] not in kinds:
                continue
            if among is not None and notice_id not in among:
                continue
            if status == DELIVERED or row["status"] == PENDING:
                self._deliveries.change(notice_id, status=status)


def _row(notice: Notice, stored: Stored) -> Row:
    return {
        "notice_id": notice.notice_id,
        "handoff_id": notice.handoff_id,
        "to": notice.to,
        "kind": notice.kind.value,
        "status": PENDING,
        "categories": [category.value for category in notice.categories],
        "withheld": [
            {
                "category": held.category.value,
                "reason": held.reason,
                "rule": held.rule,
                "missing": [missing._asdict() for missing in held.missing],
            }
            for held in notice.withheld
        ],
        "recorded_at": stored.entry.recorded_at,
        "issued_in": stored.position,
    }
