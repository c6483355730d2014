"""A dossier: what a handoff is about and what has left for its recipient, from entries alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streams.domain.answers import RecallAcknowledged, WorkerNamed
from streams.domain.codes import Basis, Category, NoticeKind, Part, Purpose, Status
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
from streams.domain.handoff import TERMINAL
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import AgencyId, EventId, HandoffId, Instant, NoticeId
from streams.domain.referral import ReferralSubmitted
from tests.domain.region import DEFAULTS, SERVICES
from tests.simulation.watch.lane import Said, as_said
from tests.simulation.watch.permissions import Permissions

PURPOSES = {rule.service: rule.purpose for rule in SERVICES}
DATA_NOTICES = (NoticeKind.REFERRAL, NoticeKind.INFORMATION)
_NAMES = (Part.IDENTITY,)


@dataclass
class Copy:
    """What one agency was sent of a handoff, and what it has of it."""

    sent: dict[NoticeId, frozenset[Category]] = field(default_factory=dict)
    """What each notice holds that may come to be there, by the ledger or against it."""
    started: set[NoticeId] = field(default_factory=set)
    left: set[Category] = field(default_factory=set)
    """Categories that have left for the agency and were not recalled."""
    has_left: bool = False
    """Something of the handoff has left for the agency, recalled or not."""

    def leave(self, categories: Iterable[Category]) -> None:
        """Take it that the agency has these."""
        self.left |= set(categories)
        self.has_left = True

    def recall(self, categories: set[Category], anew: set[NoticeId]) -> None:
        """Take these back: from what is there, and from all that was sent before `anew`."""
        self.left -= categories
        for notice_id in [n for n in self.sent if n not in anew | self.started]:
            self.sent[notice_id] -= categories


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
    basis_gone: bool = False
    """It was cancelled for want of a basis: whatever arrives later is recalled."""
    copies: dict[AgencyId, Copy] = field(default_factory=dict)
    granted: set[Category] = field(default_factory=set)
    """What may go to the recipient after the last entry read."""
    told: set[Category] = field(default_factory=set)
    """What the ledger says may go to the recipient now."""
    is_new: bool = True
    """It was opened by the entry that is being read."""

    @property
    def recipients(self) -> Copy:
        """What the recipient has."""
        return self.copies.setdefault(self.parties[1], Copy())

    def permitted(self, permissions: Permissions, at: Instant, to: AgencyId) -> set[Category]:
        """Give what may go to an agency at a moment."""
        parties = (self.parties[0], to)
        return {
            category
            for category in self.requested
            if permissions.permits(category, parties, self.purpose, at, vital=self.vital)
        }


Places = dict[tuple[HandoffId, AgencyId], set[Category]]
"""Categories by handoff and by the agency that has them."""


@dataclass
class Page:
    """One entry, with what is known of the person after its event."""

    entry: LedgerEntry
    said: list[Said]
    permissions: Permissions
    dossiers: dict[HandoffId, Dossier]
    left_before: Places
    """What had left, by the entry's own event too, before what the entry recalls."""
    recalled: Places
    """What the entry recalls."""


def pages(lane: list[LedgerEntry]) -> Iterator[Page]:
    """Read a lane entry by entry; dossiers grow from page to page."""
    permissions = Permissions()
    dossiers: dict[HandoffId, Dossier] = {}
    for entry, said in zip(lane, as_said(lane), strict=True):
        permissions.hear(entry.event)
        over = {name for name, dossier in dossiers.items() if dossier.status in TERMINAL}
        _answer(entry, dossiers, over)
        for each in said:
            _open_or_change(each, dossiers, permissions)
        anew = _send(entry, dossiers)
        _deliver(entry, dossiers)
        left_before = {
            (name, to): set(copy.left)
            for name, dossier in dossiers.items()
            for to, copy in dossier.copies.items()
        }
        for dossier in dossiers.values():
            dossier.granted = dossier.permitted(permissions, entry.recorded_at, dossier.parties[1])
            dossier.is_new = False
        recalled: Places = {}
        for fact in entry.facts:
            if isinstance(fact, RecallIssued):
                recalled.setdefault((fact.handoff_id, fact.to), set()).update(fact.categories)
        yield Page(entry, said, permissions, dossiers, left_before, recalled)
        for (handoff_id, to), categories in recalled.items():
            dossiers[handoff_id].copies[to].recall(categories, anew)


def _send(entry: LedgerEntry, dossiers: dict[HandoffId, Dossier]) -> set[NoticeId]:
    anew: set[NoticeId] = set()
    for notice in entry.deliveries:
        about = dossiers.get(notice.handoff_id) if notice.handoff_id is not None else None
        if about is None:
            continue
        data = notice.kind in DATA_NOTICES and notice.to == about.parties[1]
        table = notice.kind is NoticeKind.CONVENE and notice.to not in about.parties
        if data or table:
            copy = about.copies.setdefault(notice.to, Copy())
            # Words between the parties say who it is about: no category, and data all the same.
            named = {Category(part.part.value) for part in notice.content if part.part in _NAMES}
            copy.sent[notice.notice_id] = frozenset({*notice.categories, *named})
            anew.add(notice.notice_id)
    return anew


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
            dossier.status = said.fact.to
            if said.fact.reason == "basis-withdrawn":
                dossier.basis_gone = True
            elif said.fact.reason != "basis-found":
                _received_by_answer(said.event, dossier, said.entry, permissions)
        case DisclosureMade():
            dossier = dossiers[said.fact.handoff_id]
            if said.fact.to == dossier.parties[1]:
                dossier.told |= set(said.fact.categories)
        case DisclosureWithheld() if said.fact.to == dossiers[said.fact.handoff_id].parties[1]:
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
        now = dossier.permitted(permissions, entry.recorded_at, dossier.parties[1])
        dossier.recipients.leave(now if dossier.is_new else dossier.granted)


def _answer(entry: LedgerEntry, dossiers: dict[HandoffId, Dossier], over: set[HandoffId]) -> None:
    """Hear an answer that changes no status: it was received, before the end or after it."""
    event = entry.event
    if not isinstance(event, HandoffAnswer) or isinstance(event, RecallAcknowledged):
        return
    refused = [fact for fact in entry.facts if isinstance(fact, TransitionRefused)]
    named = {fact.handoff_id for fact in refused}
    if not refused and not isinstance(event, WorkerNamed):
        named = {n.handoff_id for n in entry.deliveries if n.kind is not NoticeKind.ESCALATION}
    for handoff_id in named:
        dossier = dossiers.get(handoff_id) if handoff_id is not None else None
        if dossier is None or event.envelope.agency != dossier.parties[1]:
            continue
        copy = dossier.recipients
        if handoff_id not in over and dossier.status is not Status.AWAITING_BASIS:
            copy.leave(dossier.granted)
        elif refused and handoff_id in over and not copy.has_left and copy.sent:
            # Nothing had left that it could answer: it has what was called off.
            copy.started |= set(copy.sent)
            copy.leave(category for sent in copy.sent.values() for category in sent)


def _deliver(entry: LedgerEntry, dossiers: dict[HandoffId, Dossier]) -> None:
    event = entry.event
    if not isinstance(event, DeliveryStarted | NoticeDelivered) or event.handoff_id is None:
        return
    dossier = dossiers.get(event.handoff_id)
    copy = dossier.copies.get(event.to) if dossier is not None else None
    refused = any(isinstance(fact, TransitionRefused) for fact in entry.facts)
    if copy is None or refused or event.notice_id not in copy.sent:
        return
    # Delivered after a recall of what had started: the recall covers it.
    if event.notice_id not in copy.started:
        copy.started.add(event.notice_id)
        copy.leave(copy.sent[event.notice_id])
