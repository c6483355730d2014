"""What becomes of clocks: started, paused, moved, met, breached, and who was told at which rung.

A rung fires once. What follows from it on a desk (somebody saw it, it was given to somebody, it
rests for a while) stands at the rung; a clock that moves takes along only rungs still to come.
"""

from typing import assert_never

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
    Rung,
)
from streams.domain.entry import LedgerEntry, TransitionRefused
from streams.domain.event import Event
from streams.domain.hub_events import (
    ClockReached,
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
)
from streams.domain.path import MilestoneReached
from streams.views.sheets import Row, Sheet

RUNNING, PAUSED, MET, BREACHED, CANCELLED = "running", "paused", "met", "breached", "cancelled"
CLOCK_STATES = (RUNNING, PAUSED, MET, BREACHED, CANCELLED)
OPEN, ACKNOWLEDGED, ASSIGNED, SNOOZED, CLOSED = (
    "open",
    "acknowledged",
    "assigned",
    "snoozed",
    "closed",
)
DAYS_COUNTED = "days-counted"
BREACH = "breach"

ClockFact = (
    ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockReprojected
    | ClockMet
    | ClockWarned
    | ClockBreached
    | ClockCancelled
    | Escalated
)
_Deed = EscalationAcknowledged | EscalationAssigned | EscalationSnoozed


class Deadlines:
    """Follows the clocks of one transaction."""

    def __init__(self, clocks: Sheet) -> None:
        """Work on the rows of one transaction."""
        self._clocks = clocks

    def begin(self, entry: LedgerEntry) -> None:
        """Note what somebody on duty made of an escalation; what was refused changes nothing."""
        event = entry.event
        if not isinstance(event, _Deed):
            return
        if any(isinstance(fact, TransitionRefused) for fact in entry.facts):
            return
        self._change_rung(event.clock_id, event.rung, **_done(event))

    def follow(self, fact: ClockFact, entry: LedgerEntry) -> None:
        """Let a clock follow a fact of an entry."""
        match fact:
            case ClockStarted():
                self._start(fact, entry)
            case ClockPaused():
                self._pause(fact)
            case ClockResumed():
                self._resume(fact, entry)
            case ClockReprojected():
                self._reproject(fact, entry)
            case ClockMet():
                self._meet(fact)
            case ClockWarned():
                self._fire(fact.clock_id, fact.rung, entry, fact.late_by_us)
            case ClockBreached():
                self._breach(fact, entry)
            case ClockCancelled():
                self._cancel(fact)
            case Escalated():
                self._escalate(fact)
            case _:
                assert_never(fact)

    def _start(self, fact: ClockStarted, entry: LedgerEntry) -> None:
        self._clocks.add(
            {
                "clock_id": fact.clock_id,
                "rule": fact.rule,
                "scope": fact.scope,
                "handoff_id": fact.handoff_id,
                "person": entry.person,
                "owner": fact.owner,
                "state": RUNNING,
                "started_at": fact.started_at,
                "ended_at": None,
                "ended_by": "",
                "late_by_us": None,
                "reported_late": False,
                "law_ref": fact.law_ref,
                "verified": fact.verified,
                "remark": fact.remark,
                "suspensions": [],
                "reprojections": [],
                "rungs": [_to_come(rung) for rung in fact.rungs],
                "escalated": False,
                "recorded_at": entry.recorded_at,
                **_counted(entry.event),
                **_reckoned(fact.due_at, entry),
            }
        )

    def _pause(self, fact: ClockPaused) -> None:
        clock = self._clocks.get(fact.clock_id)
        if clock is not None:
            begun = {"paused_at": fact.paused_at, "resumed_at": None, "ground": fact.ground}
            suspensions = [*clock["suspensions"], begun]
            self._clocks.change(fact.clock_id, state=PAUSED, suspensions=suspensions)

    def _resume(self, fact: ClockResumed, entry: LedgerEntry) -> None:
        clock = self._clocks.get(fact.clock_id)
        if clock is None:
            return
        suspensions = [
            s if s["resumed_at"] is not None else {**s, "resumed_at": fact.resumed_at}
            for s in clock["suspensions"]
        ]
        self._clocks.change(
            fact.clock_id,
            state=RUNNING,
            suspensions=suspensions,
            rungs=_moved(clock, fact.rungs),
            **_reckoned(fact.due_at, entry),
        )

    def _reproject(self, fact: ClockReprojected, entry: LedgerEntry) -> None:
        clock = self._clocks.get(fact.clock_id)
        if clock is None:
            return
        moved = {
            "at": entry.recorded_at,
            "reason": fact.reason,
            "due_before": clock["due_at"],
            "due_at": fact.due_at,
        }
        changed: Row = {"reprojections": [*clock["reprojections"], moved]}
        if clock["state"] == BREACHED:
            # A promise that was broken keeps its due time, and the agreement that gave it.
            changed["rungs"] = _moved(clock, tuple([r for r in fact.rungs if r.at > fact.due_at]))
        else:
            changed["rungs"] = _moved(clock, fact.rungs)
            changed |= _reckoned(fact.due_at, entry)
        if fact.reason == DAYS_COUNTED:
            changed |= _counted(entry.event)
        self._clocks.change(fact.clock_id, **changed)

    def _meet(self, fact: ClockMet) -> None:
        self._clocks.change(
            fact.clock_id,
            state=BREACHED if fact.breached else MET,
            ended_at=fact.ended_at,
            late_by_us=fact.late_by_us,
            reported_late=fact.reported_late,
        )

    def _breach(self, fact: ClockBreached, entry: LedgerEntry) -> None:
        self._clocks.change(fact.clock_id, state=BREACHED)
        event = entry.event
        if isinstance(event, ClockReached) and event.clock_id == fact.clock_id:
            self._fire(fact.clock_id, event.rung, entry, fact.late_by_us)
        elif any(isinstance(f, Escalated) and f.clock_id == fact.clock_id for f in entry.facts):
            # It was due before anybody could wait for it, as an agency's silence is.
            self._fire(fact.clock_id, BREACH, entry, fact.late_by_us)

    def _cancel(self, fact: ClockCancelled) -> None:
        clock = self._clocks.get(fact.clock_id)
        if clock is not None:
            # A promise that was broken stays broken, though nobody waits for it any more.
            state = BREACHED if clock["state"] == BREACHED else CANCELLED
            self._clocks.change(
                fact.clock_id, state=state, ended_at=fact.ended_at, ended_by=fact.reason
            )

    def _escalate(self, fact: Escalated) -> None:
        self._change_rung(fact.clock_id, fact.rung, told=fact.to)
        self._clocks.change(fact.clock_id, escalated=True)

    def _fire(self, clock_id: str, rung: str, entry: LedgerEntry, late_by_us: int) -> None:
        event = entry.event
        fired: Row = {"fired_at": entry.recorded_at, "late_by_us": late_by_us}
        if isinstance(event, ClockReached):
            # Held back by a snooze, perhaps: this was its moment.
            fired["at"] = event.envelope.occurred_at
        self._change_rung(clock_id, rung, **fired)

    def _change_rung(self, clock_id: str, name: str, **values: object) -> None:
        clock = self._clocks.get(clock_id)
        if clock is not None:
            rungs = [{**r, **values} if r["rung"] == name else r for r in clock["rungs"]]
            self._clocks.change(clock_id, rungs=rungs)


def _to_come(rung: Rung) -> Row:
    return {
        **rung._asdict(),
        "fired_at": None,
        "acknowledged_by": None,
        "late_by_us": None,
        "told": None,
        "assigned_to": None,
        "snoozed_until": None,
        "snooze_reason": None,
        "handling": OPEN,
    }


def _moved(clock: Row, ladder: tuple[Rung, ...]) -> list[Row]:
    fired = [rung for rung in clock["rungs"] if rung["fired_at"] is not None]
    names = {rung["rung"] for rung in fired}
    coming = [_to_come(rung) for rung in ladder if rung.rung not in names]
    return [*fired, *coming]


def _reckoned(due_at: int, entry: LedgerEntry) -> Row:
    return {
        "due_at": due_at,
        "reckoned_at": entry.recorded_at,
        "agreement_digest": entry.agreement_digest.hex(),
    }


def _counted(event: Event) -> Row:
    if isinstance(event, MilestoneReached) and event.amount is not None:
        return {"counted_days": event.amount, "counted_at": event.envelope.occurred_at}
    return {"counted_days": None, "counted_at": None}


def _done(event: _Deed) -> Row:
    match event:
        case EscalationAcknowledged():
            return {"handling": ACKNOWLEDGED, "acknowledged_by": event.by}
        case EscalationAssigned():
            return {"handling": ASSIGNED, "assigned_to": event.to}
        case EscalationSnoozed():
            snoozed = {"snoozed_until": event.until, "snooze_reason": event.reason}
            return {"handling": SNOOZED, **snoozed}
        case _:
            assert_never(event)
