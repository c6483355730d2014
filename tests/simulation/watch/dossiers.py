"""A dossier: what a handoff is about and what has left for its recipient, from entries alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.domain.answers import RecallAcknowledged
from streams.domain.codes import Basis, Category, NoticeKind, Purpose, Status
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    RecallIssued,
    ReferralReplaced,
    Rerouted,
    TransitionRefused,
)
from streams.domain.event import Event, HandoffAnswer
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import AgencyId, EventId, HandoffId, Instant, NoticeId
from streams.domain.referral import ReferralSubmitted
from tests.domain.region import DEFAULTS, SERVICES
from tests.simulation.watch.lane import Said, as_said
from tests.simulation.watch.permissions import Permissions

PURPOSES = {rule.service: rule.purpose for rule in SERVICES}
DATA_NOTICES = (NoticeKind.REFERRAL, NoticeKind.INFORMATION)


@dataclass
class Dossier:
    """One handoff, followed through its entries."""

    parties: tuple[AgencyId, AgencyId]
    """Source and recipient."""
    purpose: Purpose
    referral: EventId
    """The event whose sealed parts are the handoff's content."""
    requested: tuple[Category, ...]
    vital: bool
    status: Status
    reason: str = ""
    ended_at: Instant | None = None
    sent: dict[NoticeId, frozenset[Category]] = field(default_factory=dict)
    left: set[Category] = field(default_factory=set)
    """Categories that have left for the recipient and were not recalled."""
    granted: set[Category] = field(default_factory=set)
    """What may go to the recipient after the last entry read."""
    told: set[Category] = field(default_factory=set)
    """What the ledger says may go to the recipient now."""
    is_new: bool = True
    """It was opened by the entry that is being read."""
    started: set[NoticeId] = field(default_factory=set)
    made: set[Category] = field(default_factory=set)
    """Categories that the ledger says may go, or once might."""
    recalled: bool = False
    arrived_late: bool = False
    """Data arrived, or turned out to have, after the handoff was cancelled for want of a basis."""

    def permitted(self, permissions: Permissions, at: Instant) -> set[Category]:
        """Give what may go to the recipient at a moment."""
        return {
            category
            for category in self.requested
            if permissions.permits(category, self.parties, self.purpose, at, vital=self.vital)
        }


@dataclass
class Page:
    """One entry, with what is known of the person after its event."""

    entry: LedgerEntry
    said: list[Said]
    permissions: Permissions
    dossiers: dict[HandoffId, Dossier]
    left_before: dict[HandoffId, set[Category]]
    """What had left, by the entry's own event too, before what the entry recalls."""


def pages(lane: list[LedgerEntry]) -> Iterator[Page]:
    """Read a lane entry by entry; dossiers grow from page to page."""
    permissions = Permissions()
    dossiers: dict[HandoffId, Dossier] = {}
    for entry, said in zip(lane, as_said(lane), strict=True):
        permissions.hear(entry.event)
        for dossier in dossiers.values():
            dossier.arrived_late = False
        for each in said:
            _open_or_change(each, dossiers, permissions)
        for notice in entry.deliveries:
            about = dossiers.get(notice.handoff_id) if notice.handoff_id is not None else None
            if about is not None and notice.to == about.parties[1] and notice.kind in DATA_NOTICES:
                about.sent[notice.notice_id] = frozenset(notice.categories)
        _deliver(entry, dossiers)
        left_before = {name: set(dossier.left) for name, dossier in dossiers.items()}
        for dossier in dossiers.values():
            dossier.granted = dossier.permitted(permissions, entry.recorded_at)
            dossier.is_new = False
        yield Page(entry, said, permissions, dossiers, left_before)
        for fact in entry.facts:
            if isinstance(fact, RecallIssued):
                dossiers[fact.handoff_id].left -= set(fact.categories)
                dossiers[fact.handoff_id].recalled = True


def _open_or_change(
    said: Said, dossiers: dict[HandoffId, Dossier], permissions: Permissions
) -> None:
    match said.fact:
        case HandoffOpened() if isinstance(said.event, ReferralSubmitted):
            dossiers[said.fact.handoff_id] = _drafted(said.fact, said.event)
        case HandoffOpened():
            first = _rerouted_from(said.entry, said.fact.handoff_id)
            before = dossiers[first]
            dossiers[said.fact.handoff_id] = Dossier(
                (said.fact.source, said.fact.recipient),
                before.purpose,
                before.referral,
                before.requested,
                before.vital,
                said.fact.status,
            )
        case ReferralReplaced() if isinstance(said.event, ReferralSubmitted):
            dossier = dossiers[said.fact.handoff_id]
            dossier.referral = said.event.envelope.event_id
            dossier.requested = said.event.categories or DEFAULTS
            dossier.vital = said.event.basis is Basis.VITAL
            dossier.told &= set(dossier.requested)
        case HandoffStatusChanged():
            dossier = dossiers[said.fact.handoff_id]
            dossier.status, dossier.reason = said.fact.to, said.fact.reason
            if dossier.reason == "basis-withdrawn":
                dossier.ended_at = said.entry.recorded_at
            elif dossier.reason != "basis-found":
                _received_by_answer(said.event, dossier, said.entry, permissions)
        case DisclosureMade():
            dossier = dossiers[said.fact.handoff_id]
            if said.fact.to == dossier.parties[1]:
                dossier.made |= set(said.fact.categories)
                dossier.told |= set(said.fact.categories)
        case DisclosureWithheld():
            dossiers[said.fact.handoff_id].told -= set(said.fact.categories)
        case _:
            pass


def _drafted(fact: HandoffOpened, event: ReferralSubmitted) -> Dossier:
    return Dossier(
        (fact.source, fact.recipient),
        PURPOSES[fact.service],
        event.envelope.event_id,
        event.categories or DEFAULTS,
        event.basis is Basis.VITAL,
        fact.status,
    )


def _rerouted_from(entry: LedgerEntry, handoff_id: HandoffId) -> HandoffId:
    return next(
        fact.handoff_id
        for fact in entry.facts
        if isinstance(fact, Rerouted) and fact.new_handoff_id == handoff_id
    )


def _received_by_answer(
    event: Event, dossier: Dossier, entry: LedgerEntry, permissions: Permissions
) -> None:
    # Whatever a recipient answers, it has received all that might go to it before.
    if isinstance(event, HandoffAnswer) and event.envelope.agency == dossier.parties[1]:
        now = dossier.permitted(permissions, entry.recorded_at)
        dossier.left |= now if dossier.is_new else dossier.granted


def _deliver(entry: LedgerEntry, dossiers: dict[HandoffId, Dossier]) -> None:
    event = entry.event
    if not isinstance(event, DeliveryStarted | NoticeDelivered | HandoffAnswer):
        return
    dossier = dossiers.get(event.handoff_id) if event.handoff_id is not None else None
    if dossier is None:
        return
    refused = any(isinstance(fact, TransitionRefused) for fact in entry.facts)
    if isinstance(event, HandoffAnswer):
        ended_at = dossier.ended_at
        of_the_past = refused and ended_at is not None and ended_at < entry.recorded_at
        if of_the_past and not isinstance(event, RecallAcknowledged):
            dossier.arrived_late = event.envelope.agency == dossier.parties[1]
    elif refused or event.notice_id not in dossier.sent:
        return
    elif dossier.ended_at is not None:
        dossier.arrived_late = isinstance(event, NoticeDelivered)
    else:
        # Delivered after a recall of what had started: the recall covers it.
        if event.notice_id not in dossier.started:
            dossier.left |= dossier.sent[event.notice_id]
        dossier.started.add(event.notice_id)
