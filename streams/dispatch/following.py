"""Following the ledger: what it says of notices becomes what dispatch does with them.

The ledger alone says that a delivery started, ended or may not begin. Dispatch hears its own
reports here too, so that a crash after any of them, or a lost attempts file, changes nothing.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import Protocol

from streams.dispatch.attempts import Attempts
from streams.dispatch.delivery import Delivery
from streams.dispatch.desk_rows import DeskKey, Escalating
from streams.domain.clock_facts import ClockCancelled, ClockMet, Escalated
from streams.domain.codes import NoticeKind, Status
from streams.domain.entry import (
    Fact,
    HandoffStatusChanged,
    LedgerEntry,
    Notice,
    RecallIssued,
    TransitionRefused,
)
from streams.domain.envelope import HUB
from streams.domain.event import Event
from streams.domain.hub_events import (
    AgencyFellSilent,
    AgencyHeardAgain,
    DeliveryStarted,
    NoticeDelivered,
    NoticeUndeliverable,
)
from streams.domain.ids import AgencyId, ClockId, Instant, NoticeId, PersonId
from streams.promises.engine import Stored

BATCH_ENTRIES = 500
KEPT_NOTICES = 2_000
_CALLED_OFF = (Status.CANCELLED, Status.ENTERED_IN_ERROR)


class LedgerReader(Protocol):
    """Reads entries after a position: `Engine.ledger`."""

    def __call__(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read at most `limit` entries, in ledger order."""


class Following:
    """Takes ledger entries into the attempts store, each batch with its cursor."""

    def __init__(
        self,
        ledger: LedgerReader,
        attempts: Attempts,
        desks: Collection[DeskKey] = (),
        group_wait_us: int = 0,
    ) -> None:
        """Follow from where the store stands.

        Escalations to one of the `desks` gather others for `group_wait_us` before they leave.
        """
        self._ledger = ledger
        self._attempts = attempts
        self._desks = frozenset(desks)
        self._group_wait_us = group_wait_us
        self._kept: OrderedDict[NoticeId, Notice] = OrderedDict()
        self._followed: int | None = None
        self.kept = 0
        """The position up to which everything is in the store, as far as is known."""

    def take_batch(self) -> bool:
        """Take in the next entries; say whether that was the last of them.

        Raises:
            UnavailableError: The ledger cannot be read; nothing was taken in.
        """
        after = self._followed if self._followed is not None else self._attempts.followed()
        batch = list(self._ledger(after=after, limit=BATCH_ENTRIES))
        if batch:
            self._followed = None  # asked anew, should what follows come to nothing
            last = batch[-1]
            with self._attempts.together():
                self._attempts.reach.look_again()
                for stored in batch:
                    self._take(stored)
                self._attempts.follow_to(last.position, last.entry_digest)
            after = last.position
        self._followed = self.kept = after
        return len(batch) < BATCH_ENTRIES

    def catch_up(self) -> None:
        """Take in everything that the ledger holds by now; raises as `take_batch`."""
        while not self.take_batch():
            pass

    def notice(self, delivery: Delivery) -> Notice:
        """Give the notice of a delivery, from memory, its row, or its entry.

        Raises:
            LookupError: The ledger has no such notice in that place.
        """
        kept = self._kept.pop(delivery.notice_id, None)
        kept = kept or self._attempts.notice(delivery.notice_id)
        if kept is not None:
            return kept
        for stored in self._ledger(after=delivery.position - 1, limit=1):
            for notice in stored.entry.deliveries:
                if notice.notice_id == delivery.notice_id:
                    return notice
        raise LookupError(f"{delivery.notice_id} is not at {delivery.position}")

    def _take(self, stored: Stored) -> None:
        entry = stored.entry
        self._hear(entry)
        self._note_reach(entry.event)
        for fact in entry.facts:
            self._call_off(fact)
        clocks = [fact for fact in entry.facts if isinstance(fact, Escalated)]
        for ordinal, notice in enumerate(entry.deliveries):
            escalating = None
            if notice.kind is NoticeKind.ESCALATION:
                escalating = self._escalating(notice, clocks, entry.recorded_at)
            self._attempts.enqueue(notice, stored.position, ordinal, escalating)
            self._keep(notice)

    def _hear(self, entry: LedgerEntry) -> None:
        match entry.event:
            case DeliveryStarted(notice_id=notice_id, attempt=attempt):
                if _refused(entry):
                    self._attempts.forbid(notice_id, attempt)
                else:
                    self._attempts.start(notice_id, attempt)
            case NoticeDelivered(notice_id=notice_id, attempt=attempt):
                self._attempts.arrive(notice_id, attempt)
            case NoticeUndeliverable(notice_id=notice_id, attempt=attempt, cause=cause):
                self._attempts.bury(notice_id, attempt, cause)
            case _:
                pass

    def _note_reach(self, event: Event) -> None:
        reach = self._attempts.reach
        match event:
            # An escalation may have gone to a desk, which says nothing of the agency's system.
            case NoticeDelivered(to=to, kind=kind) if kind is not NoticeKind.ESCALATION:
                reach.arrive(to, event.envelope.recorded_at)
            case NoticeUndeliverable(to=to, kind=kind) if kind is not NoticeKind.ESCALATION:
                reach.die(to, event.cause)
            case AgencyFellSilent():
                reach.fall_silent(AgencyId(event.envelope.person))
            case AgencyHeardAgain():
                reach.hear_again(AgencyId(event.envelope.person))
            case _ if event.envelope.agency != HUB:
                reach.live(event.envelope.agency)
            case _:
                pass

    def _escalating(
        self, notice: Notice, clocks: list[Escalated], recorded_at: Instant
    ) -> Escalating:
        desk = notice.role if DeskKey(notice.to, notice.role) in self._desks else ""
        clock = ClockId("")
        for fact in clocks:
            if (fact.rung, fact.role, fact.to) == (notice.detail, notice.role, notice.to):
                clock = fact.clock_id
                clocks.remove(fact)  # each is told by one notice
                break
        leaves_at = Instant(recorded_at + self._group_wait_us)
        return Escalating(desk, clock, recorded_at, leaves_at)

    def _call_off(self, fact: Fact) -> None:
        # Withdrawn while the agency is out of reach: the recall stands behind the notice, which may
        # no longer leave. Whether it may is the ledger's to say, so it is asked again.
        match fact:
            case RecallIssued(handoff_id=handoff_id, to=to):
                self._attempts.ask_again(handoff_id, to)
            case HandoffStatusChanged(handoff_id=handoff_id, to=to_status) if (
                to_status in _CALLED_OFF
            ):
                self._attempts.ask_again(handoff_id, None)
            case ClockMet(clock_id=clock_id) | ClockCancelled(clock_id=clock_id):
                self._attempts.desks.close_clock(clock_id)
            case _:
                pass

    def _keep(self, notice: Notice) -> None:
        self._kept[notice.notice_id] = notice
        if len(self._kept) > KEPT_NOTICES:
            self._kept.popitem(last=False)


def _refused(entry: LedgerEntry) -> bool:
    return any(isinstance(fact, TransitionRefused) for fact in entry.facts)
