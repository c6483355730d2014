"""One person's lane: what is due first, then the event; the same on every engine.

An engine only says how a state is read and where an entry is written; nothing here knows of
storage. What the hub itself feeds into a lane comes in the order of its moments: an agreement that
turns before any clock or event that it holds for, clocks by (due, clock id), then the event.
"""

import heapq
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

from streams.contracts.codec import BYTES_MAX
from streams.contracts.declarations import ContractError
from streams.contracts.entry import encode_entry
from streams.contracts.event import encode_event
from streams.contracts.person import encode_state
from streams.domain.agreement import Agreement, Agreements
from streams.domain.clocks import next_clock
from streams.domain.closed_record import needs_closed
from streams.domain.entry import LedgerEntry, Notice, Problem
from streams.domain.envelope import HUB, hub_envelope
from streams.domain.event import AgencyEvent, Event
from streams.domain.hub_events import AgreementChanged, ClockReached
from streams.domain.ids import ClockId, DeadLetterId, EventId, Instant, PersonId, derive
from streams.domain.person import ClosedState, PersonState
from streams.domain.step import (
    Person,
    Step,
    Verdict,
    is_known,
    kept,
    step,
    unknown_person,
)
from streams.engines.changes import change_event, pending_change
from streams.engines.due import Place
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus

Wall = Callable[[], Instant]
"""Gives the time of the machine, for hubs that stand in it."""
ROOM_BYTES = 64 * 1024
"""What agencies' events leave free in a person's record, so that its clocks can always fire."""
_MENDS = {
    "id-reused": "the message id is known with other content: send it with a higher version",
    "too-large": "the person's record is full: end some open handoffs, then replay it",
    "unknown-handoff": "no referral came for this answer: check the id it names, then replay it",
}
_STATUSES = {verdict: ReceiptStatus(verdict.value) for verdict in Verdict}
_CLOCK_TOO_LARGE = (
    "the person's record is full: end some open handoffs, and the clock goes on with the person's"
    " next entry; there is nothing to replay"
)


class Kept(NamedTuple):
    """What one entry leaves behind, ready to be written in one transaction."""

    person: PersonId
    sequence: int
    event_id: EventId
    recorded_at: Instant
    entry: bytes
    entry_digest: bytes
    hot: PersonState
    state: bytes
    state_digest: bytes
    next_at: Instant | None
    closed_added: ClosedState | None
    deliveries: tuple[Notice, ...]


class Fired(NamedTuple):
    """What became of the clocks that were due.

    `resting` has the persons whose clock made no entry, and when they want to be looked at again:
    None rests until the person's next entry.
    """

    clocks: int
    resting: dict[PersonId, Instant | None]


class Store(Protocol):
    """Where an engine reads and writes; within one call it reads what it wrote."""

    def hot(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state."""

    def closed(self, person: PersonId) -> ClosedState | None:
        """Give a person's closed state."""

    def keep(self, entry: Kept) -> None:
        """Write an entry with its state."""

    def bury(self, dead_letter: DeadLetter) -> None:
        """Write a dead letter; the same one again changes nothing."""


def take(store: Store, agreements: Agreements, event: Event, wall: Wall | None = None) -> Outcome:
    """Take one event into its lane: feed what is due before it, decide it, keep what follows.

    `wall` stamps clocks with how late they are fed; without it none is late.
    """
    hot = store.hot(event.envelope.person) or unknown_person(event.envelope.person)
    person = _whole(store, hot, event)
    if not is_known(person, event):
        until = event.envelope.recorded_at
        if not isinstance(event, ClockReached):
            # Time only moves forward: an event with an earlier moment is recorded at the latest
            # one. A clock's own event comes in a replay alone, and must bring no later clock.
            until = max(until, hot.recorded_at)
        caught_up = _catch_up(store, agreements, hot, until, wall)
        if caught_up is not hot:
            person = _whole(store, caught_up, event)
    at = Instant(max(event.envelope.recorded_at, person.hot.recorded_at))
    decided = step(person, event, agreements.in_force(at))
    try:
        dead_letter_id = _keep(store, decided, event, before=person.hot)
    except ContractError:
        letter = dead_letter_of(event, "too-large", at)
        store.bury(letter)  # the person's lane stays as it was, and the others go on
        status, dead = ReceiptStatus.DEAD_LETTER, letter.dead_letter_id
        return Outcome(status, event.envelope.event_id, None, dead, "too-large")
    return Outcome(
        _STATUSES[decided.verdict],
        event.envelope.event_id,
        decided.handoff_id,
        dead_letter_id,
        decided.rule,
    )


def take_again(store: Store, agreement: Agreement, event: Event) -> None:
    """Take an event of the ledger in again, under the agreement that its entry names.

    Nothing is fed before it: what the hub fed then stands in the ledger, too.
    """
    person = event.envelope.person
    whole = _whole(store, store.hot(person) or unknown_person(person), event)
    with suppress(ContractError):  # an entry that does not come again is one that differs
        _keep(store, step(whole, event, agreement), event)


def fire(
    store: Store,
    agreements: Agreements,
    due: list[Place],
    until: Place,
    wall: Wall | None = None,
) -> Fired:
    """Fire the clocks of persons that are due, in order of (due, person).

    What a firing makes due by `until` fires too, in its place. A clock whose entry does not fit is
    a dead letter, and its person's clocks rest until the person's next entry.
    """
    heap = list(due)
    heapq.heapify(heap)
    fired = 0
    resting: dict[PersonId, Instant | None] = {}
    while heap:
        at, person = heapq.heappop(heap)
        hot = store.hot(person) or unknown_person(person)
        fed = _feed_next(store, agreements, hot, at, wall)
        following = next_clock(fed.hot)
        if fed.hot is hot:
            # Nothing came of it now, so nothing would when it is tried again.
            later = following is not None and following[0] > at and not fed.is_stuck
            resting[person] = following[0] if following is not None and later else None
            continue
        fired += fed.fired
        if following is not None and (following[0], person) <= until:
            heapq.heappush(heap, (following[0], person))
    return Fired(fired, resting)


def follow(
    store: Store, agreements: Agreements, person: PersonId, until: Instant, wall: Wall | None
) -> int:
    """Bring a person's clocks under the agreement in force at a moment; give the changes fed.

    Clocks that are due before a change fire before it.
    """
    hot = store.hot(person) or unknown_person(person)
    changes = 0
    while (turn_at := pending_change(agreements, hot)) is not None and turn_at <= until:
        fed = _feed_next(store, agreements, hot, turn_at, wall)
        if fed.is_stuck or fed.hot is hot:
            break
        changes += not fed.fired
        hot = fed.hot
    return changes


def clock_event(
    person: PersonId,
    due_at: Instant,
    clock_id: ClockId,
    rung: str,
    recorded_at: Instant,
    *,
    late_by_us: int = 0,
) -> ClockReached:
    """Make the event of a clock that came to its moment; the same clock and moment, the same id."""
    event_id = EventId(derive("e", HUB, clock_id, rung, str(due_at)))
    envelope = hub_envelope(event_id, person, due_at, recorded_at)
    return ClockReached(envelope, clock_id, rung, late_by_us)


def dead_letter_of(event: Event, code: str, recorded_at: Instant) -> DeadLetter:
    """Make the dead letter of a contract event; its personal data is sealed already."""
    envelope = event.envelope
    by_hub = code == "too-large" and isinstance(event, ClockReached | AgreementChanged)
    return DeadLetter(
        DeadLetterId(derive("d", envelope.event_id, envelope.person, code)),
        envelope.agency,
        envelope.source_ref.message_id or None,
        envelope.person,
        envelope.event_id,
        (Problem(code, "", _CLOCK_TOO_LARGE if by_hub else _MENDS[code], None),),
        recorded_at,
        f"event:{type(event).__name__}",
        0,
        encode_event(kept(event)),
    )


class _Fed(NamedTuple):
    """What the next input of the hub's own made of a lane; the same state where there was none.

    `is_stuck`: an input was due and made no entry.
    """

    hot: PersonState
    fired: int
    is_stuck: bool


def _whole(store: Store, hot: PersonState, event: Event) -> Person:
    return Person(hot, store.closed(hot.person) if needs_closed(hot, event) else None)


def _catch_up(
    store: Store, agreements: Agreements, hot: PersonState, until: Instant, wall: Wall | None
) -> PersonState:
    while True:
        fed = _feed_next(store, agreements, hot, until, wall)
        if fed.is_stuck or fed.hot is hot:
            return fed.hot
        hot = fed.hot


def _feed_next(
    store: Store, agreements: Agreements, hot: PersonState, until: Instant, wall: Wall | None
) -> _Fed:
    """Feed what comes next by a moment: the agreement's turn, or the clock that is due first."""
    following = next_clock(hot)
    clock_is_due = following is not None and following[0] <= until
    turn_at = pending_change(agreements, hot)
    if turn_at is not None:
        # Whatever is recorded at the turn or later is decided by the new rules.
        recorded_at = max(following[0], hot.recorded_at) if following is not None else turn_at
        if turn_at <= recorded_at and (turn_at <= until or clock_is_due):
            after = _feed(store, agreements, hot, change_event(agreements, hot, turn_at))
            if after is not None:
                return _Fed(after, 0, is_stuck=False)
            # A record too full for it must still hear its clocks.
    if following is None or not clock_is_due:
        return _Fed(hot, 0, is_stuck=False)
    due_at, clock_id, rung = following
    late_by_us = max(0, wall() - due_at) if wall is not None else 0
    event = clock_event(hot.person, due_at, clock_id, rung, due_at, late_by_us=late_by_us)
    after = _feed(store, agreements, hot, event)
    if after is None:
        return _Fed(hot, 0, is_stuck=True)
    return _Fed(after, 1, is_stuck=False)


def _feed(
    store: Store, agreements: Agreements, hot: PersonState, event: ClockReached | AgreementChanged
) -> PersonState | None:
    """Let the hub's own event be decided; None where it made no entry."""
    at = Instant(max(event.envelope.recorded_at, hot.recorded_at))
    decided = step(_whole(store, hot, event), event, agreements.in_force(at))
    try:
        _keep(store, decided, event)
    except ContractError:
        store.bury(dead_letter_of(event, "too-large", at))
        return None
    return decided.hot if decided.entry is not None else None


def _keep(
    store: Store, decided: Step, event: Event, before: PersonState | None = None
) -> DeadLetterId | None:
    entry = decided.entry
    # Encoded first: what does not fit must leave nothing behind.
    made = _encoded(entry, decided, event, before) if entry is not None else None
    own: DeadLetterId | None = None
    recorded_at = Instant(max(event.envelope.recorded_at, decided.hot.recorded_at))
    for answer in decided.dead:
        letter = dead_letter_of(answer, "unknown-handoff", recorded_at)
        store.bury(letter)
        own = letter.dead_letter_id if answer is event else own
    if made is not None:
        store.keep(made)
    elif decided.verdict is Verdict.DEAD_LETTER:
        letter = dead_letter_of(event, decided.rule, recorded_at)
        store.bury(letter)
        own = letter.dead_letter_id
    return own


def _encoded(entry: LedgerEntry, decided: Step, event: Event, before: PersonState | None) -> Kept:
    state, state_digest = encode_state(decided.hot)
    if before is not None and len(state) > BYTES_MAX - ROOM_BYTES:
        _leave_room(before, len(state), event)
    data, entry_digest = encode_entry(entry, state_digest)
    following = next_clock(decided.hot)
    return Kept(
        entry.person,
        entry.sequence,
        event.envelope.event_id,
        entry.recorded_at,
        data,
        entry_digest,
        decided.hot,
        state,
        state_digest,
        following[0] if following is not None else None,
        decided.closed_added,
        entry.deliveries,
    )


def _leave_room(before: PersonState, state_bytes: int, event: Event) -> None:
    # What an agency ends makes the record smaller, and must pass; the hub's own events need the
    # room: clocks, and what became of deliveries.
    if isinstance(event, AgencyEvent) and state_bytes > len(encode_state(before).data):
        raise ContractError("PersonState", f"over {BYTES_MAX - ROOM_BYTES} bytes")
