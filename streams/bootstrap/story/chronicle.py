"""The chronicle: what the ledger says happened, handoff by handoff. Nothing else is asked.

Waiting is counted between the moments at which the hub recorded a change of status.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockStarted,
    Escalated,
)
from streams.domain.codes import NoticeKind, Status
from streams.domain.entry import (
    BounceDetected,
    CaseConvened,
    Decline,
    DisclosureMade,
    DisclosureWithheld,
    EventParked,
    EventReleased,
    Fact,
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    RecallConfirmed,
    RecallIssued,
    Rerouted,
    ResponsibilityMoved,
    Withheld,
)
from streams.domain.handoff import TERMINAL
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import AgencyId, CaseId, HandoffId, Instant, PersonId
from streams.promises.engine import Stored

WAITS = {
    Status.AWAITING_BASIS: "for_basis",
    Status.REQUESTED: "in_transit",
    Status.RECEIVED: "for_acceptance",
    Status.INFO_NEEDED: "for_acceptance",
    Status.ACCEPTED: "for_start",
    Status.ON_HOLD: "for_the_person",
}
"""What a handoff waits for in a status; in the others it does not wait."""
_CARRY_DATA = (NoticeKind.REFERRAL, NoticeKind.INFORMATION)


@dataclass(slots=True)
class HandoffLine:
    """One handoff's story, as far as it has come; `waited_us` in microseconds by `WAITS`."""

    opened: HandoffOpened
    person: PersonId
    status: Status
    since: Instant
    reason: str = ""
    statuses: list[Status] = field(default_factory=list)
    waited_us: Counter[str] = field(default_factory=Counter)
    clocks: dict[str, str] = field(default_factory=dict)
    """Each clock's rule: `running`, `met`, `breached` or `cancelled`."""
    late_by_us: int = 0
    withheld: list[Withheld] = field(default_factory=list)
    has_left: bool = False
    """Whether the delivery of its data ever started."""
    recalls: list[AgencyId] = field(default_factory=list)
    recalls_confirmed: list[AgencyId] = field(default_factory=list)
    escalated_to: list[AgencyId] = field(default_factory=list)
    rerouted_to: HandoffId | None = None

    @property
    def handoff_id(self) -> HandoffId:
        """The handoff's id."""
        return self.opened.handoff_id


@dataclass(slots=True)
class CaseLine:
    """One case: the agency that is responsible now, and every rejection on its way."""

    case_id: CaseId
    person: PersonId
    responsible: AgencyId
    handoffs: list[HandoffId] = field(default_factory=list)
    bounces: list[str] = field(default_factory=list)
    convened_with: AgencyId | None = None
    declines: tuple[Decline, ...] = ()


class Chronicle:
    """What a ledger tells, read once from its first entry to its last."""

    def __init__(self, ledger: Iterable[Stored], until: Instant) -> None:
        """Read the ledger; what still waits is counted until a moment."""
        self.handoffs: dict[HandoffId, HandoffLine] = {}
        self.cases: dict[CaseId, CaseLine] = {}
        self.entries = 0
        self.notices_delivered = 0
        self.escalations = 0
        self.persons: set[PersonId] = set()
        self.parked: set[PersonId] = set()
        self.taken_up: set[PersonId] = set()
        self.clocks_of_persons: list[dict[str, str]] = []
        self._clocks: dict[str, tuple[dict[str, str], str]] = {}
        for stored in ledger:
            self._take(stored.entry)
        for line in self.handoffs.values():
            _count_wait(line, until)

    def cases_of(self, person: PersonId) -> list[CaseLine]:
        """Give a person's cases in the order in which they began."""
        return [case for case in self.cases.values() if case.person == person]

    def open_handoffs(self) -> int:
        """Count the handoffs that are not over."""
        return sum(line.status not in TERMINAL for line in self.handoffs.values())

    def _take(self, entry: LedgerEntry) -> None:
        self.entries += 1
        self.persons.add(entry.person)
        for fact in entry.facts:
            self._tell(fact, entry)
        event = entry.event
        if isinstance(event, DeliveryStarted) and event.kind in _CARRY_DATA and not entry.facts:
            line = self.handoffs.get(event.handoff_id) if event.handoff_id is not None else None
            if line is not None and event.to == line.opened.recipient:
                line.has_left = True
        if isinstance(event, NoticeDelivered):
            self.notices_delivered += 1

    def _tell(self, fact: Fact, entry: LedgerEntry) -> None:
        match fact:
            case HandoffOpened():
                self._open(fact, entry)
            case HandoffStatusChanged(handoff_id=handoff_id, to=status, reason=reason):
                line = self.handoffs[handoff_id]
                _count_wait(line, entry.recorded_at)
                line.status, line.reason = status, reason
                line.statuses.append(status)
            case ResponsibilityMoved(case_id=case_id, to=to):
                self.cases[case_id].responsible = to
            case DisclosureMade(handoff_id=handoff_id, to=to, categories=categories):
                line = self.handoffs[handoff_id]
                if to == line.opened.recipient:
                    line.withheld = [w for w in line.withheld if w.category not in categories]
            case DisclosureWithheld(handoff_id=handoff_id, missing=missing):
                line = self.handoffs[handoff_id]
                kept = {withheld.category for withheld in missing}
                line.withheld = [w for w in line.withheld if w.category not in kept] + [*missing]
            case RecallIssued(handoff_id=handoff_id, to=to):
                self.handoffs[handoff_id].recalls.append(to)
            case RecallConfirmed(handoff_id=handoff_id, by=by):
                self.handoffs[handoff_id].recalls_confirmed.append(by)
            case Rerouted(handoff_id=handoff_id, new_handoff_id=new):
                self.handoffs[handoff_id].rerouted_to = new
            case _:
                self._tell_of_case(fact, entry)

    def _tell_of_case(self, fact: Fact, entry: LedgerEntry) -> None:
        match fact:
            case BounceDetected(case_id=case_id, kind=kind):
                self.cases[case_id].bounces.append(kind)
            case CaseConvened(case_id=case_id, with_=coordinator, declines=declines):
                case = self.cases[case_id]
                case.convened_with, case.declines = coordinator, declines
            case EventParked():
                self.parked.add(entry.person)
            case EventReleased(taken=True):
                self.taken_up.add(entry.person)
            case _:
                self._tell_of_clock(fact)

    def _tell_of_clock(self, fact: Fact) -> None:
        match fact:
            case ClockStarted(clock_id=clock_id, handoff_id=handoff_id, rule=rule):
                self._clocks[clock_id] = self._states_of(handoff_id), rule
                self._set_state(clock_id, "running")
            case ClockBreached(clock_id=clock_id):
                self._set_state(clock_id, "breached")
            case ClockMet(clock_id=clock_id, breached=breached, late_by_us=late_by_us):
                self._set_state(clock_id, "breached" if breached else "met")
                line = self.handoffs.get(fact.handoff_id) if fact.handoff_id is not None else None
                if line is not None:
                    line.late_by_us = max(line.late_by_us, late_by_us)
            case ClockCancelled(clock_id=clock_id):
                states, rule = self._clocks[clock_id]
                if states[rule] == "running":
                    self._set_state(clock_id, "cancelled")
            case Escalated(handoff_id=handoff_id, to=to):
                self.escalations += 1
                if handoff_id is not None:
                    self.handoffs[handoff_id].escalated_to.append(to)
            case _:
                pass

    def _states_of(self, handoff_id: HandoffId | None) -> dict[str, str]:
        """Give where a clock's state is kept: with its handoff, or by itself for a person's own."""
        if handoff_id is not None:
            return self.handoffs[handoff_id].clocks
        states: dict[str, str] = {}
        self.clocks_of_persons.append(states)
        return states

    def _set_state(self, clock_id: str, state: str) -> None:
        states, rule = self._clocks[clock_id]
        states[rule] = state

    def _open(self, opened: HandoffOpened, entry: LedgerEntry) -> None:
        self.handoffs[opened.handoff_id] = HandoffLine(
            opened, entry.person, opened.status, entry.recorded_at, statuses=[opened.status]
        )
        case = self.cases.get(opened.case_id)
        if case is None:
            case = CaseLine(opened.case_id, entry.person, opened.source)
            self.cases[opened.case_id] = case
        case.handoffs.append(opened.handoff_id)


def _count_wait(line: HandoffLine, until: Instant) -> None:
    kind = WAITS.get(line.status)
    if kind is not None:
        line.waited_us[kind] += max(0, until - line.since)
    line.since = until
