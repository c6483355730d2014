"""What each fact of an entry makes of the views' rows.

Clocks are followed in `deadlines`, notices in `fates`, disclosures in `disclosures`.
"""

from collections.abc import Iterable
from typing import Any, assert_never

from sqlalchemy import Connection

from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockReprojected,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    Escalated,
)
from streams.domain.codes import Status
from streams.domain.entry import (
    BounceDetected,
    CaseConvened,
    DisclosureMade,
    DisclosureWithheld,
    EventParked,
    EventReleased,
    Fact,
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    MissingBasis,
    RecallConfirmed,
    RecallIssued,
    ReferralReplaced,
    Rerouted,
    ResponsibilityMoved,
    StatementRecorded,
    TransitionRefused,
    WorkerKnown,
)
from streams.domain.referral import ReferralSubmitted
from streams.promises.engine import Stored
from streams.views import tables
from streams.views.deadlines import Deadlines
from streams.views.disclosures import Disclosures
from streams.views.fates import Fates
from streams.views.sheets import Row, Sheet


class Reading:
    """One page of the ledger, on its way into the views."""

    def __init__(self, connection: Connection) -> None:
        """Work in the connection's transaction."""
        self._handoffs = Sheet(tables.HANDOFF, connection)
        self._cases = Sheet(tables.CASE, connection)
        self._clocks = Sheet(tables.CLOCK, connection)
        self._deadlines = Deadlines(self._clocks)
        deliveries = Sheet(tables.DELIVERY, connection)
        self._fates = Fates(self._handoffs, deliveries)
        rows = Sheet(tables.DISCLOSURE, connection)
        self._disclosures = Disclosures(rows, self._handoffs, deliveries)

    def read(self, page: list[Stored]) -> None:
        """Take every entry of a page in, and write the rows."""
        self._load(page)
        for stored in page:
            self._take(stored)
        for sheet in (self._handoffs, self._cases, self._clocks):
            sheet.write()
        self._fates.write()
        self._disclosures.write()

    def _load(self, page: list[Stored]) -> None:
        named: list[tuple[Any, ...]] = [stored.entry.event for stored in page]
        named += [fact for stored in page for fact in stored.entry.facts]
        handoffs = _named(named, "handoff_id")
        self._handoffs.load(handoffs)
        self._disclosures.load(handoffs)
        self._cases.load(_named(named, "case_id"))
        self._clocks.load(_named(named, "clock_id"))
        self._fates.load(_named(named, "notice_id"))

    def _take(self, stored: Stored) -> None:
        entry = stored.entry
        self._deadlines.begin(entry)
        self._fates.begin(entry)
        for position, fact in enumerate(entry.facts):
            if isinstance(fact, HandoffOpened):
                self._open(fact, stored, entry.facts[:position])
            else:
                self._follow(fact, entry)
            self._fates.follow(fact, entry.event)
            handoff_id = getattr(fact, "handoff_id", None)
            if not isinstance(fact, TransitionRefused):
                self._handoffs.change(handoff_id, updated_at=entry.recorded_at)
        self._fates.issue(stored)
        self._disclosures.take(stored)

    def _open(self, fact: HandoffOpened, stored: Stored, before: tuple[Fact, ...]) -> None:
        event, at = stored.entry.event, stored.entry.recorded_at
        occurred_at = event.envelope.occurred_at
        for earlier in before:
            # A referral that is passed on happened when its source sent it, not when it bounced.
            if isinstance(earlier, Rerouted) and earlier.new_handoff_id == fact.handoff_id:
                rerouted = self._handoffs.get(earlier.handoff_id)
                occurred_at = rerouted["occurred_at"] if rerouted is not None else occurred_at
        self._handoffs.add(
            {
                "handoff_id": fact.handoff_id,
                "case_id": fact.case_id,
                "person": stored.entry.person,
                "source": fact.source,
                "recipient": fact.recipient,
                "service": fact.service.value,
                "priority": fact.priority.value,
                "status": fact.status.value,
                "status_reason": "",
                "occurred_at": occurred_at,
                "recorded_at": at,
                "updated_at": at,
                "missing_basis": [_missing(missing) for missing in fact.missing],
                "opened_in": stored.position,
                "notices": [],
            }
        )
        if self._cases.get(fact.case_id) is None:
            self._cases.add({"case_id": fact.case_id, "responsible": fact.source})

    def _follow(self, fact: Fact, entry: LedgerEntry) -> None:
        event = entry.event
        match fact:
            case HandoffStatusChanged():
                self._change_status(fact)
            case ResponsibilityMoved():
                self._cases.change(fact.case_id, responsible=fact.to)
            case ReferralReplaced():
                # The fact names the version alone; what else is new stands in its event.
                if isinstance(event, ReferralSubmitted):
                    self._handoffs.change(fact.handoff_id, priority=event.priority.value)
            case DisclosureWithheld():
                self._withhold(fact)
            case (
                ClockStarted()
                | ClockPaused()
                | ClockResumed()
                | ClockReprojected()
                | ClockMet()
                | ClockWarned()
                | ClockBreached()
                | ClockCancelled()
                | Escalated()
            ):
                self._deadlines.follow(fact, entry)
            case (
                HandoffOpened()
                | TransitionRefused()
                | DisclosureMade()
                | RecallIssued()
                | RecallConfirmed()
                | BounceDetected()
                | CaseConvened()
                | Rerouted()
                | EventParked()
                | EventReleased()
                | StatementRecorded()
                | WorkerKnown()
            ):
                pass  # Told by the entry itself; no row of these views rests on it.
            case _:
                assert_never(fact)

    def _change_status(self, fact: HandoffStatusChanged) -> None:
        changed: Row = {"status": fact.to.value, "status_reason": fact.reason}
        if fact.from_ is Status.AWAITING_BASIS:
            changed["missing_basis"] = []
        self._handoffs.change(fact.handoff_id, **changed)

    def _withhold(self, fact: DisclosureWithheld) -> None:
        handoff = self._handoffs.get(fact.handoff_id)
        if handoff is not None and handoff["status"] == Status.AWAITING_BASIS.value:
            missing = [_missing(missing) for held in fact.missing for missing in held.missing]
            self._handoffs.change(fact.handoff_id, missing_basis=missing)


def _missing(missing: MissingBasis) -> Row:
    return missing._asdict()


def _named(records: Iterable[tuple[Any, ...]], field: str) -> set[str]:
    found = {getattr(record, field, None) for record in records}
    found.discard(None)
    return {name for name in found if name is not None}
