"""Planted bugs: a real history's run, changed in one place as a broken hub would have left it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from streams.domain.clock_facts import ClockCancelled, ClockMet, ClockWarned
from streams.domain.codes import Status
from streams.domain.entry import (
    EventReleased,
    Fact,
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    Notice,
    ResponsibilityMoved,
)
from streams.domain.handoff import TERMINAL
from streams.domain.hub_events import ClockReached
from streams.domain.ids import AgencyId
from streams.promises.engine import Outcome, ReceiptStatus
from tests.domain.region import STRANGER
from tests.simulation.history import Run
from tests.simulation.narrator import told_from

Plant = Callable[[Run], Run | None]
"""Plants one bug; None where the history has no place for it."""
_SEEDS_TRIED = 300


class Planted(NamedTuple):
    """A run as it was, and with a bug in it."""

    sound: Run
    broken: Run


@cache
def sound_run(seed: int) -> Run:
    """Give the run of a seed, told once."""
    return told_from(seed)[1]


def planted(plant: Plant) -> Planted:
    """Plant a bug into the first history that has a place for it."""
    for seed in range(_SEEDS_TRIED):
        sound = sound_run(seed)
        broken = plant(sound)
        if broken is not None:
            return Planted(sound, broken)
    raise AssertionError("no history has a place for this bug")


def edited(run: Run, edit: Callable[[LedgerEntry], LedgerEntry | None]) -> Run | None:
    """Change the first entry that the edit does not pass over."""
    for number, stored in enumerate(run.ledger):
        after = edit(stored.entry)
        if after is not None:
            changed = stored._replace(entry=after)
            ledger = (*run.ledger[:number], changed, *run.ledger[number + 1 :])
            return run._replace(ledger=ledger)
    return None


def with_facts(entry: LedgerEntry, facts: Iterable[Fact]) -> LedgerEntry:
    """Give an entry with other facts."""
    return entry._replace(facts=tuple(facts))


def without(entry: LedgerEntry, kind: type[Fact]) -> LedgerEntry | None:
    """Give an entry without the facts of a kind, None where it has none."""
    left = [fact for fact in entry.facts if not isinstance(fact, kind)]
    return with_facts(entry, left) if len(left) < len(entry.facts) else None


def twice(entry: LedgerEntry, kind: type[Fact]) -> LedgerEntry | None:
    """Give an entry with the first fact of a kind told twice."""
    for fact in entry.facts:
        if isinstance(fact, kind):
            return with_facts(entry, (*entry.facts, fact))
    return None


def with_notice(entry: LedgerEntry, number: int, notice: Notice) -> LedgerEntry:
    """Give an entry with another notice in one's place."""
    notices = entry.deliveries
    return entry._replace(deliveries=(*notices[:number], notice, *notices[number + 1 :]))


def an_entry_dropped(run: Run) -> Run | None:
    """Lose one entry in the middle."""
    middle = len(run.ledger) // 2
    lost = run.ledger[middle].entry
    if isinstance(lost.event, ClockReached) or lost.sequence == len(run.lanes()[lost.person]):
        return None
    kept = (*run.entry_bytes[:middle], *run.entry_bytes[middle + 1 :])
    ledger = (*run.ledger[:middle], *run.ledger[middle + 1 :])
    return run._replace(ledger=ledger, entry_bytes=kept)


def an_entry_repeated(run: Run) -> Run | None:
    """Write the last entry twice."""
    if not run.ledger or not run.ledger[-1].entry.deliveries:
        return None
    return run._replace(
        ledger=(*run.ledger, run.ledger[-1]),
        entry_bytes=(*run.entry_bytes, run.entry_bytes[-1]),
    )


def two_entries_swapped(run: Run) -> Run | None:
    """Let two neighbours of one lane change places."""
    for number in range(len(run.ledger) - 1):
        first, second = run.ledger[number : number + 2]
        if first.entry.person == second.entry.person:
            ledger, data = list(run.ledger), list(run.entry_bytes)
            ledger[number : number + 2] = second, first
            data[number : number + 2] = reversed(data[number : number + 2])
            return run._replace(ledger=tuple(ledger), entry_bytes=tuple(data))
    return None


def a_repeat_called_accepted(run: Run) -> Run | None:
    """Tell a sender that its repeat was news."""
    for number, taken in enumerate(run.inputs):
        if taken.outcome.status is ReceiptStatus.DUPLICATE:
            told: Outcome = taken.outcome._replace(status=ReceiptStatus.ACCEPTED)
            inputs = list(run.inputs)
            inputs[number] = taken._replace(outcome=told)
            return run._replace(inputs=tuple(inputs))
    return None


def a_dead_letter_lost(run: Run) -> Run | None:
    """Lose what was told to be kept."""
    return run._replace(dead_letters=()) if run.dead_letters else None


def a_municipality_kept(run: Run) -> Run | None:
    """Keep a protected person's municipality in the ledger."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        head = entry.event.envelope
        if not head.protected:
            return None
        event = entry.event._replace(envelope=head._replace(municipality="405"))
        return entry._replace(event=event)

    return edited(run, edit)


def a_moment_turned_back(run: Run) -> Run | None:
    """Record an entry a microsecond before the one before it."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        if entry.sequence == 1:
            return None
        at = type(entry.recorded_at)(entry.recorded_at - 10**15)
        return entry._replace(recorded_at=at)

    return edited(run, edit)


def a_notice_id_reused(run: Run) -> Run | None:
    """Give two notices of one entry one id."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        if len(entry.deliveries) < 2:
            return None
        first, second = entry.deliveries[:2]
        return with_notice(entry, 1, second._replace(notice_id=first.notice_id))

    return edited(run, edit)


def an_answer_taken_up_twice(run: Run) -> Run | None:
    """Take a parked answer up two times."""
    return edited(run, lambda entry: twice(entry, EventReleased))


def two_holders(run: Run) -> Run | None:
    """Let a recipient accept, and the one before it stay responsible."""
    return edited(run, lambda entry: without(entry, ResponsibilityMoved))


def a_move_without_acceptance(run: Run) -> Run | None:
    """Move responsibility when a referral is opened."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for fact in entry.facts:
            if isinstance(fact, HandoffOpened):
                moved = ResponsibilityMoved(
                    fact.handoff_id, fact.case_id, fact.source, fact.recipient
                )
                return with_facts(entry, (*entry.facts, moved))
        return None

    return edited(run, edit)


def another_holder_in_the_state(run: Run) -> Run | None:
    """Let the state name another agency than the ledger."""
    for number, state in enumerate(run.states):
        if state.cases:
            case = state.cases[0]._replace(responsible=AgencyId("nobody"))
            states = list(run.states)
            states[number] = state._replace(cases=(case, *state.cases[1:]))
            return run._replace(states=tuple(states))
    return None


def an_open_handoff_forgotten(run: Run) -> Run | None:
    """Lose an open handoff of the state."""
    for number, state in enumerate(run.states):
        if state.handoffs:
            states = list(run.states)
            states[number] = state._replace(handoffs=state.handoffs[1:])
            return run._replace(states=tuple(states))
    return None


def a_status_after_the_end(run: Run) -> Run | None:
    """Let a handoff that is over begin again."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for fact in entry.facts:
            if isinstance(fact, HandoffStatusChanged) and fact.to in TERMINAL:
                again = HandoffStatusChanged(fact.handoff_id, fact.to, Status.REQUESTED, "")
                return with_facts(entry, (*entry.facts, again))
        return None

    return edited(run, edit)


def a_stranger_heeded(run: Run) -> Run | None:
    """Let somebody who is no party change a status."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        changed = any(
            isinstance(fact, HandoffStatusChanged) and not fact.reason for fact in entry.facts
        )
        head = entry.event.envelope
        if not changed or head.agency == "hub":
            return None
        event = entry.event._replace(envelope=head._replace(agency=STRANGER))
        return entry._replace(event=event)

    return edited(run, edit)


def a_rung_twice(run: Run) -> Run | None:
    """Warn twice of one rung."""
    return edited(run, lambda entry: twice(entry, ClockWarned))


def a_second_close(run: Run) -> Run | None:
    """Close a breach twice."""
    return edited(run, lambda entry: twice(entry, ClockMet))


def a_lateness_made_up(run: Run) -> Run | None:
    """Say that a clock was met a microsecond later."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, ClockMet):
                wrong = fact._replace(late_by_us=fact.late_by_us + 1)
                return with_facts(entry, (*entry.facts[:number], wrong, *entry.facts[number + 1 :]))
        return None

    return edited(run, edit)


def a_clock_left_running(run: Run) -> Run | None:
    """Let a clock outlive its handoff."""
    return edited(run, lambda entry: without(entry, ClockCancelled))


def a_breach_overtaken(run: Run) -> Run | None:
    """Leave out a clock's breach, and all that follows of it, before another event came."""
    for number, stored in enumerate(run.ledger):
        if not isinstance(stored.entry.event, ClockReached) or stored.entry.event.rung != "breach":
            continue
        after = [s.entry for s in run.ledger[number + 1 :] if s.entry.person == stored.entry.person]
        if after and not isinstance(after[0].event, ClockReached):
            return run._replace(ledger=(*run.ledger[:number], *run.ledger[number + 1 :]))
    return None


def a_byte_moved(run: Run) -> Run | None:
    """Change one byte of one entry."""
    if not run.entry_bytes:
        return None
    first = run.entry_bytes[0]
    return run._replace(entry_bytes=(first[:-1] + bytes([first[-1] ^ 1]), *run.entry_bytes[1:]))


def another_state(run: Run) -> Run | None:
    """End in another state."""
    return run._replace(state_digest=bytes(32))
