"""Planted bugs: a real history's run, changed in one place as a broken hub would have left it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from streams.domain.clock_facts import ClockCancelled, ClockMet, ClockWarned
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import (
    DisclosureMade,
    EventReleased,
    Fact,
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    Notice,
    RecallIssued,
    ResponsibilityMoved,
)
from streams.domain.envelope import SealedPart
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


def _edited(run: Run, edit: Callable[[LedgerEntry], LedgerEntry | None]) -> Run | None:
    """Change the first entry that the edit does not pass over."""
    for number, stored in enumerate(run.ledger):
        after = edit(stored.entry)
        if after is not None:
            changed = stored._replace(entry=after)
            ledger = (*run.ledger[:number], changed, *run.ledger[number + 1 :])
            return run._replace(ledger=ledger)
    return None


def _with_facts(entry: LedgerEntry, facts: Iterable[Fact]) -> LedgerEntry:
    return entry._replace(facts=tuple(facts))


def _without(entry: LedgerEntry, kind: type[Fact]) -> LedgerEntry | None:
    left = [fact for fact in entry.facts if not isinstance(fact, kind)]
    return _with_facts(entry, left) if len(left) < len(entry.facts) else None


def _twice(entry: LedgerEntry, kind: type[Fact]) -> LedgerEntry | None:
    for fact in entry.facts:
        if isinstance(fact, kind):
            return _with_facts(entry, (*entry.facts, fact))
    return None


def _with_notice(entry: LedgerEntry, number: int, notice: Notice) -> LedgerEntry:
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

    return _edited(run, edit)


def a_moment_turned_back(run: Run) -> Run | None:
    """Record an entry a microsecond before the one before it."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        if entry.sequence == 1:
            return None
        at = type(entry.recorded_at)(entry.recorded_at - 10**15)
        return entry._replace(recorded_at=at)

    return _edited(run, edit)


def a_notice_id_reused(run: Run) -> Run | None:
    """Give two notices of one entry one id."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        if len(entry.deliveries) < 2:
            return None
        first, second = entry.deliveries[:2]
        return _with_notice(entry, 1, second._replace(notice_id=first.notice_id))

    return _edited(run, edit)


def an_answer_taken_up_twice(run: Run) -> Run | None:
    """Take a parked answer up two times."""
    return _edited(run, lambda entry: _twice(entry, EventReleased))


def two_holders(run: Run) -> Run | None:
    """Let a recipient accept, and the one before it stay responsible."""
    return _edited(run, lambda entry: _without(entry, ResponsibilityMoved))


def a_move_without_acceptance(run: Run) -> Run | None:
    """Move responsibility when a referral is opened."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for fact in entry.facts:
            if isinstance(fact, HandoffOpened):
                moved = ResponsibilityMoved(
                    fact.handoff_id, fact.case_id, fact.source, fact.recipient
                )
                return _with_facts(entry, (*entry.facts, moved))
        return None

    return _edited(run, edit)


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
                return _with_facts(entry, (*entry.facts, again))
        return None

    return _edited(run, edit)


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

    return _edited(run, edit)


def a_rung_twice(run: Run) -> Run | None:
    """Warn twice of one rung."""
    return _edited(run, lambda entry: _twice(entry, ClockWarned))


def a_second_close(run: Run) -> Run | None:
    """Close a breach twice."""
    return _edited(run, lambda entry: _twice(entry, ClockMet))


def a_lateness_made_up(run: Run) -> Run | None:
    """Say that a clock was met a microsecond later."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, ClockMet):
                wrong = fact._replace(late_by_us=fact.late_by_us + 1)
                return _with_facts(
                    entry, (*entry.facts[:number], wrong, *entry.facts[number + 1 :])
                )
        return None

    return _edited(run, edit)


def a_clock_left_running(run: Run) -> Run | None:
    """Let a clock outlive its handoff."""
    return _edited(run, lambda entry: _without(entry, ClockCancelled))


def a_breach_overtaken(run: Run) -> Run | None:
    """Leave out a clock's breach, and all that follows of it, before another event came."""
    for number, stored in enumerate(run.ledger):
        if not isinstance(stored.entry.event, ClockReached) or stored.entry.event.rung != "breach":
            continue
        after = [s.entry for s in run.ledger[number + 1 :] if s.entry.person == stored.entry.person]
        if after and not isinstance(after[0].event, ClockReached):
            return run._replace(ledger=(*run.ledger[:number], *run.ledger[number + 1 :]))
    return None


def _leaked(run: Run, kind: NoticeKind, part: SealedPart) -> Run | None:
    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.kind is kind:
                more = notice._replace(content=(*notice.content, part))
                return _with_notice(entry, number, more)
        return None

    return _edited(run, edit)


def a_category_leaked(run: Run) -> Run | None:
    """Put the plan into a notice of a status."""
    return _leaked(run, NoticeKind.STATUS, SealedPart(Part.PLAN, 1, b"plan:leaked"))


def a_refusal_that_tells(run: Run) -> Run | None:
    """Say in a refusal of whom it is."""
    return _leaked(run, NoticeKind.REFUSAL, SealedPart(Part.IDENTITY, 1, b"identity:leaked"))


def another_message_leaked(run: Run) -> Run | None:
    """Put the identity of another message where this one's should be."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.kind is NoticeKind.REFERRAL and notice.content[0].part is Part.IDENTITY:
                other = notice.content[0]._replace(value=b"identity:another")
                content = (other, *notice.content[1:])
                return _with_notice(entry, number, notice._replace(content=content))
        return None

    return _edited(run, edit)


def what_was_withheld_leaked(run: Run) -> Run | None:
    """Put a withheld category into the very notice that says so."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.kind is NoticeKind.REFERRAL and notice.withheld:
                kept_back = Part(notice.withheld[0].category.value)
                leak = SealedPart(kept_back, 1, b"")
                more = notice._replace(content=(*notice.content, leak))
                return _with_notice(entry, number, more)
        return None

    return _edited(run, edit)


def a_disclosure_without_basis(run: Run) -> Run | None:
    """Let a category go that nobody asked for and nothing permits."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, DisclosureMade) and fact.basis[0].basis.value == "statute":
                more = (*fact.categories, Category.EDUCATION_WORK_HISTORY)
                wrong = fact._replace(categories=more)
                return _with_facts(
                    entry, (*entry.facts[:number], wrong, *entry.facts[number + 1 :])
                )
        return None

    return _edited(run, edit)


def a_disclosure_left_out(run: Run) -> Run | None:
    """Say nothing of what may go."""
    return _edited(run, lambda entry: _without(entry, DisclosureMade))


def a_recipient_told_too_early(run: Run) -> Run | None:
    """Tell the recipient of a handoff that waits for its basis."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.detail == Status.AWAITING_BASIS and notice.recipient is not None:
                return _with_notice(entry, number, notice._replace(to=notice.recipient))
        return None

    return _edited(run, edit)


def a_recall_forgotten(run: Run) -> Run | None:
    """Let a basis go, and the data stay where it went."""
    return _edited(run, lambda entry: _without(entry, RecallIssued))


def a_byte_moved(run: Run) -> Run | None:
    """Change one byte of one entry."""
    if not run.entry_bytes:
        return None
    first = run.entry_bytes[0]
    return run._replace(entry_bytes=(first[:-1] + bytes([first[-1] ^ 1]), *run.entry_bytes[1:]))


def another_state(run: Run) -> Run | None:
    """End in another state."""
    return run._replace(state_digest=bytes(32))
