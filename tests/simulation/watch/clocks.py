"""Clocks fire in their time, each rung once; a breach opens once and closes at most once."""

from collections.abc import Iterator

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
from streams.domain.clock_rules import OF_RECALL
from streams.domain.entry import (
    HandoffStatusChanged,
    LedgerEntry,
    RecallConfirmed,
    RecallIssued,
)
from streams.domain.handoff import TERMINAL
from streams.domain.hub_events import ClockReached
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant
from tests.simulation.history import Run
from tests.simulation.watch.lane import place

_OfClocks = (
    ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockReprojected
    | ClockWarned
    | ClockBreached
    | ClockMet
    | ClockCancelled
    | Escalated
)
_BASIS_TURN = "basis-turn"
"""Not a rung: statements begin and expire as often as a person likes."""


def every_rung_fires_once(run: Run) -> Iterator[str]:
    """A clock reaches a rung once; it warns once of it, and tells each role once."""
    for lane in run.lanes().values():
        seen: set[tuple[str, ...]] = set()
        for entry in lane:
            fired: list[tuple[str, ...]] = []
            event = entry.event
            if isinstance(event, ClockReached) and event.rung != _BASIS_TURN:
                fired.append(("reached", event.clock_id, event.rung))
            for fact in entry.facts:
                if isinstance(fact, ClockWarned):
                    fired.append(("warned", fact.clock_id, fact.rung))
                elif isinstance(fact, Escalated):
                    fired.append(("escalated", fact.clock_id, fact.rung, fact.role))
            for name in fired:
                if name in seen:
                    yield f"{place(entry)}: {name[0]} {name[2]} twice"
                seen.add(name)


def breaches_open_once_and_close_once(run: Run) -> Iterator[str]:
    """One start, at most one breach, at most one end; nothing of a clock after its end."""
    for lane in run.lanes().values():
        told: dict[ClockId, list[str]] = {}
        for entry in lane:
            for fact in entry.facts:
                if isinstance(fact, _OfClocks):
                    before = told.setdefault(fact.clock_id, [])
                    for wrong in _out_of_turn(fact, before):
                        yield f"{place(entry)}: {wrong}"
                    before.append(type(fact).__name__)


def _out_of_turn(fact: _OfClocks, before: list[str]) -> Iterator[str]:
    name = type(fact).__name__
    if isinstance(fact, ClockStarted):
        if before:
            yield "a clock started twice"
        return
    if "ClockStarted" not in before or {"ClockMet", "ClockCancelled"} & set(before):
        yield f"{name} of a clock that does not run"
    if name == "ClockBreached" and name in before:
        yield "a breach opened twice"


def ends_of_clocks_say_what_happened(run: Run) -> Iterator[str]:
    """How late, whether breached and whether only reported late follow from the facts before."""
    for lane in run.lanes().values():
        due: dict[ClockId, Instant] = {}
        fired: set[ClockId] = set()
        for entry in lane:
            opened = {f.clock_id for f in entry.facts if isinstance(f, ClockBreached)}
            for fact in entry.facts:
                if isinstance(fact, ClockStarted | ClockResumed | ClockReprojected):
                    due[fact.clock_id] = fact.due_at
                elif isinstance(fact, ClockMet):
                    late_by_us = max(0, fact.ended_at - due[fact.clock_id])
                    expected = (
                        late_by_us,
                        fact.clock_id in fired and fact.ended_at < due[fact.clock_id],
                        fact.clock_id in fired | opened,
                    )
                    if (fact.late_by_us, fact.reported_late, fact.breached) != expected:
                        yield f"{place(entry)}: the clock ended otherwise than it says"
                    if fact.ended_at >= due[fact.clock_id] and not fact.breached:
                        yield f"{place(entry)}: met after its due time without a breach"
            fired |= opened


def no_clock_outlives_its_handoff(run: Run) -> Iterator[str]:
    """When a handoff is over, its own clocks are met or cancelled in the same entry."""
    for lane in run.lanes().values():
        running: dict[ClockId, HandoffId | None] = {}
        for entry in lane:
            for fact in entry.facts:
                if isinstance(fact, ClockStarted) and fact.scope != OF_RECALL:
                    running[fact.clock_id] = fact.handoff_id
                elif isinstance(fact, ClockMet | ClockCancelled):
                    running.pop(fact.clock_id, None)
            ended = {
                fact.handoff_id
                for fact in entry.facts
                if isinstance(fact, HandoffStatusChanged) and fact.to in TERMINAL
            }
            if ended & set(running.values()):
                yield f"{place(entry)}: a clock outlives its handoff"


def every_recall_has_one_clock_until_it_is_confirmed(run: Run) -> Iterator[str]:
    """It starts when the recall goes out, is met when it is confirmed, and by nothing else."""
    for lane in run.lanes().values():
        waiting: dict[tuple[HandoffId, AgencyId], ClockId] = {}
        for entry in lane:
            started = {
                (fact.handoff_id, fact.owner): fact.clock_id
                for fact in entry.facts
                if isinstance(fact, ClockStarted) and fact.scope == OF_RECALL
            }
            ended = {f.clock_id for f in entry.facts if isinstance(f, ClockMet | ClockCancelled)}
            issued = {(f.handoff_id, f.to) for f in entry.facts if isinstance(f, RecallIssued)}
            confirmed = {
                (f.handoff_id, f.by) for f in entry.facts if isinstance(f, RecallConfirmed)
            }
            if set(started) != issued - set(waiting):
                yield f"{place(entry)}: a recall without a clock of its own, or with a second one"
            met = {clock_id for of, clock_id in waiting.items() if of in confirmed}
            if met != ended & set(waiting.values()):
                yield f"{place(entry)}: a recall's clock ended otherwise than by its confirmation"
            waiting = {of: clock for of, clock in waiting.items() if of not in confirmed}
            waiting |= {(h, to): clock for (h, to), clock in started.items() if h is not None}


class _Ladder:
    """The rungs of one clock that was never paused, and which have fired."""

    def __init__(self, entry: LedgerEntry, started: ClockStarted) -> None:
        self.agreement = entry.agreement_digest
        overdue = started.due_at <= entry.recorded_at
        # A clock that starts overdue says so once, without the warnings it never gave.
        self.rungs = {
            rung.rung: rung.at for rung in started.rungs if not overdue or rung.at >= started.due_at
        }
        self.fired: set[str] = set()

    def missed(self, entry: LedgerEntry) -> list[str]:
        """Name the rungs that should have fired before an entry, and did not."""
        if self.agreement != entry.agreement_digest:
            return []  # Another version of the agreement may have another ladder.
        at = entry.recorded_at
        return [r for r, moment in self.rungs.items() if moment <= at and r not in self.fired]


def clocks_fire_before_what_comes_after_them(run: Run) -> Iterator[str]:
    """Before an event recorded at T, every rung due by T has fired."""
    for lane in run.lanes().values():
        ladders: dict[ClockId, _Ladder] = {}
        for entry in lane:
            if not isinstance(entry.event, ClockReached):
                for rung in (r for ladder in ladders.values() for r in ladder.missed(entry)):
                    yield f"{place(entry)}: overtook the rung {rung}"
            for fact in entry.facts:
                if isinstance(fact, ClockStarted):
                    ladders[fact.clock_id] = _Ladder(entry, fact)
                elif isinstance(fact, ClockPaused | ClockMet | ClockCancelled):
                    ladders.pop(fact.clock_id, None)
            if isinstance(entry.event, ClockReached) and entry.event.clock_id in ladders:
                ladders[entry.event.clock_id].fired.add(entry.event.rung)
