"""What each fact of an entry makes of the views' rows."""

from collections.abc import Iterable
from typing import Any, assert_never

from sqlalchemy import Connection

from streams.domain.codes import Status
from streams.domain.entry import (
    BounceDetected,
    CaseConvened,
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    DisclosureMade,
    DisclosureWithheld,
    Escalated,
    EventParked,
    EventReleased,
    Fact,
    HandoffOpened,
    HandoffStatusChanged,
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
from streams.domain.event import Event
from streams.domain.hub_events import ClockReached, EscalationAcknowledged
from streams.domain.referral import ReferralSubmitted
from streams.promises.engine import Stored
from streams.views import tables
from streams.views.fates import Fates
from streams.views.sheets import Row, Sheet

RUNNING, PAUSED, MET, BREACHED, CANCELLED = "running", "paused", "met", "breached", "cancelled"
CLOCK_STATES = (RUNNING, PAUSED, MET, BREACHED, CANCELLED)


class Reading:
    """One page of the ledger, on its way into the views."""

    def __init__(self, connection: Connection) -> None:
        """Work in the connection's transaction."""
        self._handoffs = Sheet(tables.HANDOFF, connection)
        self._cases = Sheet(tables.CASE, connection)
        self._clocks = Sheet(tables.CLOCK, connection)
        self._fates = Fates(self._handoffs, Sheet(tables.DELIVERY, connection))

    def read(self, page: list[Stored]) -> None:
        """Take every entry of a page in, and write the rows."""
        self._load(page)
        for stored in page:
            self._take(stored)
        for sheet in (self._handoffs, self._cases, self._clocks):
            sheet.write()
        self._fates.write()

    def _load(self, page: list[Stored]) -> None:
        named: list[tuple[Any, ...]] = [stored.entry.event for stored in page]
        named += [fact for stored in page for fact in stored.entry.facts]
        self._handoffs.load(_named(named, "handoff_id"))
        self._cases.load(_named(named, "case_id"))
        self._clocks.load(_named(named, "clock_id"))
        self._fates.load(_named(named, "notice_id"))

    def _take(self, stored: Stored) -> None:
        entry = stored.entry
        self._ring(entry.event, entry.recorded_at)
        self._fates.begin(entry)
        for position, fact in enumerate(entry.facts):
            if isinstance(fact, HandoffOpened):
                self._open(fact, stored, entry.facts[:position])
            else:
                self._follow(fact, entry.event)
            self._fates.follow(fact, entry.event)
            handoff_id = getattr(fact, "handoff_id", None)
            if not isinstance(fact, TransitionRefused):
                self._handoffs.change(handoff_id, updated_at=entry.recorded_at)
            if isinstance(fact, ClockStarted):
                self._start(fact, entry.recorded_at)
        self._fates.issue(stored)

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

    def _follow(self, fact: Fact, event: Event) -> None:
        match fact:
            case HandoffStatusChanged():
                self._change_status(fact)
            case ResponsibilityMoved():
                self._cases.change(fact.case_id, responsible=fact.to)
            case ReferralReplaced():
                # The fact names the version alone; what else is new stands in its event.
                if isinstance(event, ReferralSubmitted):
                    self._handoffs.change(fact.handoff_id, priority=event.priority.value)
            case ClockPaused() | ClockResumed() | ClockBreached() | ClockMet() | ClockCancelled():
                self._follow_clock(fact)
            case (
                HandoffOpened()
                | TransitionRefused()
                | DisclosureMade()
                | DisclosureWithheld()
                | ClockStarted()
                | ClockWarned()
                | Escalated()
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

    def _follow_clock(
        self, fact: ClockPaused | ClockResumed | ClockBreached | ClockMet | ClockCancelled
    ) -> None:
        match fact:
            case ClockPaused():
                self._clocks.change(fact.clock_id, state=PAUSED)
            case ClockResumed():
                self._resume(fact)
            case ClockBreached():
                self._clocks.change(fact.clock_id, state=BREACHED)
            case ClockMet():
                self._meet(fact)
            case ClockCancelled():
                self._cancel(fact)
            case _:
                assert_never(fact)

    def _change_status(self, fact: HandoffStatusChanged) -> None:
        changed: Row = {"status": fact.to.value, "status_reason": fact.reason}
        if fact.from_ is Status.AWAITING_BASIS:
            changed["missing_basis"] = []
        self._handoffs.change(fact.handoff_id, **changed)

    def _start(self, fact: ClockStarted, at: int) -> None:
        self._clocks.add(
            {
                "clock_id": fact.clock_id,
                "rule": fact.rule,
                "handoff_id": fact.handoff_id,
                "state": RUNNING,
                "started_at": fact.started_at,
                "due_at": fact.due_at,
                "ended_at": None,
                "late_by_us": None,
                "law_ref": fact.law_ref,
                "verified": fact.verified,
                "rungs": [
                    {**rung._asdict(), "fired_at": None, "acknowledged_by": None}
                    for rung in fact.rungs
                ],
                "recorded_at": at,
            }
        )

    def _resume(self, fact: ClockResumed) -> None:
        clock = self._clocks.get(fact.clock_id)
        if clock is None:
            return
        moved = {(rung.rung, rung.to): rung.at for rung in fact.rungs}
        rungs = [
            rung
            if rung["fired_at"] is not None
            else {**rung, "at": moved.get((rung["rung"], rung["to"]), rung["at"])}
            for rung in clock["rungs"]
        ]
        self._clocks.change(fact.clock_id, state=RUNNING, due_at=fact.due_at, rungs=rungs)

    def _meet(self, fact: ClockMet) -> None:
        self._clocks.change(
            fact.clock_id,
            state=BREACHED if fact.breached else MET,
            ended_at=fact.ended_at,
            late_by_us=fact.late_by_us,
        )

    def _cancel(self, fact: ClockCancelled) -> None:
        clock = self._clocks.get(fact.clock_id)
        if clock is not None:
            # A promise that was broken stays broken, though nobody waits for it any more.
            state = BREACHED if clock["state"] == BREACHED else CANCELLED
            self._clocks.change(fact.clock_id, state=state, ended_at=fact.ended_at)

    def _ring(self, event: Event, at: int) -> None:
        if not isinstance(event, ClockReached | EscalationAcknowledged):
            return
        clock = self._clocks.get(event.clock_id)
        if clock is None:
            return
        if isinstance(event, EscalationAcknowledged):
            told: Row = {"acknowledged_by": event.by}
        elif clock["ended_at"] is None:
            told = {"fired_at": at, "at": event.envelope.occurred_at}
        else:
            return
        rungs = [
            {**rung, **told} if rung["rung"] == event.rung else rung for rung in clock["rungs"]
        ]
        self._clocks.change(event.clock_id, rungs=rungs)


def _missing(missing: MissingBasis) -> Row:
    return missing._asdict()


def _named(records: Iterable[tuple[Any, ...]], field: str) -> set[str]:
    found = {getattr(record, field, None) for record in records}
    found.discard(None)
    return {name for name in found if name is not None}
