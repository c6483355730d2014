"""One person's lane: due clocks first, then the event; the same on every engine.

An engine only says how a state is read and where an entry is written; nothing here knows of
storage.
"""

import heapq
from typing import NamedTuple, Protocol

from streams.contracts.declarations import ContractError
from streams.contracts.entry import encode_entry
from streams.contracts.event import encode_event
from streams.contracts.person import encode_state
from streams.domain.agreement import Agreements
from streams.domain.clocks import next_clock
from streams.domain.entry import LedgerEntry, Problem
from streams.domain.envelope import HUB, Envelope, SourceRef
from streams.domain.event import Event
from streams.domain.hub_events import ClockReached
from streams.domain.ids import ClockId, DeadLetterId, EventId, Instant, PersonId, derive
from streams.domain.person import ClosedState, PersonState
from streams.domain.step import (
    Person,
    Step,
    Verdict,
    is_known,
    kept,
    needs_closed,
    step,
    unknown_person,
)
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus

LAST = PersonId("~")
"""Comes after every pseudonym."""
_NO_SOURCE = SourceRef("", 1, None)
_MENDS = {
    "id-reused": "the message id is known with other content: send it with a higher version",
    "too-large": "the person's record is full: end some open handoffs, then replay it",
    "unknown-handoff": "no referral came for this answer: check the id it names, then replay it",
}


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


def take(store: Store, agreements: Agreements, event: Event) -> Outcome:
    """Take one event into its lane: fire what is due before it, decide it, keep what follows."""
    hot = store.hot(event.envelope.person) or unknown_person(event.envelope.person)
    person = _whole(store, hot, event)
    if not is_known(person, event):
        until = event.envelope.recorded_at
        if not isinstance(event, ClockReached):
            # Time only moves forward: an event with an earlier moment is recorded at the latest
            # one. A clock's own event comes in a replay alone, and must bring no later clock.
            until = max(until, hot.recorded_at)
        fired = _fire_due(store, agreements, hot, until)
        if fired is not hot:
            person = _whole(store, fired, event)
    at = Instant(max(event.envelope.recorded_at, person.hot.recorded_at))
    decided = step(person, event, agreements.in_force(at))
    try:
        dead_letter_id = _keep(store, decided, event)
    except ContractError:
        return _too_large(store, event, at)
    return Outcome(
        ReceiptStatus(decided.verdict.value),
        event.envelope.event_id,
        decided.handoff_id,
        dead_letter_id,
        decided.rule,
    )


def fire(
    store: Store,
    agreements: Agreements,
    due: list[tuple[Instant, PersonId]],
    until: tuple[Instant, PersonId],
) -> int:
    """Fire the clocks of persons that are due, in order of (due, person); give how many fired.

    What a firing makes due by `until` fires too, in its place.
    """
    heap = list(due)
    heapq.heapify(heap)
    fired = 0
    while heap:
        _, person = heapq.heappop(heap)
        hot = _fire(store, agreements, store.hot(person) or unknown_person(person))
        fired += 1
        following = next_clock(hot)
        if following is not None and (following[0], person) <= until:
            heapq.heappush(heap, (following[0], person))
    return fired


def clock_event(
    person: PersonId, due_at: Instant, clock_id: ClockId, rung: str, recorded_at: Instant
) -> ClockReached:
    """Make the event of a clock that came to its moment; the same clock and moment, the same id."""
    event_id = EventId(derive("e", HUB, clock_id, rung, str(due_at)))
    envelope = Envelope(
        event_id,
        person,
        HUB,
        due_at,
        recorded_at,
        _NO_SOURCE,
        bytes(16),
        age_years=-1,
        municipality="",
        protected=False,
    )
    return ClockReached(envelope, clock_id, rung)


def dead_letter_of(event: Event, code: str, recorded_at: Instant) -> DeadLetter:
    """Make the dead letter of a contract event; its personal data is sealed already."""
    envelope = event.envelope
    return DeadLetter(
        DeadLetterId(derive("d", envelope.event_id, envelope.person, code)),
        envelope.agency,
        envelope.source_ref.message_id or None,
        envelope.person,
        envelope.event_id,
        (Problem(code, "", _MENDS[code], None),),
        recorded_at,
        f"event:{type(event).__name__}",
        0,
        encode_event(kept(event)),
    )


def _too_large(store: Store, event: Event, at: Instant) -> Outcome:
    # The person's lane stays as it was, and the others go on.
    letter = dead_letter_of(event, "too-large", at)
    store.bury(letter)
    event_id = event.envelope.event_id
    return Outcome(ReceiptStatus.DEAD_LETTER, event_id, None, letter.dead_letter_id, "too-large")


def _whole(store: Store, hot: PersonState, event: Event) -> Person:
    return Person(hot, store.closed(hot.person) if needs_closed(hot, event) else None)


def _fire_due(
    store: Store, agreements: Agreements, hot: PersonState, until: Instant
) -> PersonState:
    following = next_clock(hot)
    while following is not None and following[0] <= until:
        hot = _fire(store, agreements, hot)
        following = next_clock(hot)
    return hot


def _fire(store: Store, agreements: Agreements, hot: PersonState) -> PersonState:
    following = next_clock(hot)
    if following is None:
        return hot
    due_at, clock_id, rung = following
    event = clock_event(hot.person, due_at, clock_id, rung, due_at)
    at = Instant(max(due_at, hot.recorded_at))
    decided = step(_whole(store, hot, event), event, agreements.in_force(at))
    _keep(store, decided, event)
    return decided.hot


def _keep(store: Store, decided: Step, event: Event) -> DeadLetterId | None:
    entry = decided.entry
    # Encoded first: what does not fit must leave nothing behind.
    made = _encoded(entry, decided, event) if entry is not None else None
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


def _encoded(entry: LedgerEntry, decided: Step, event: Event) -> Kept:
    state, state_digest = encode_state(decided.hot)
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
    )
