"""Taking a dead letter in again: its message as it was sent, or its event as a new attempt."""

from typing import NamedTuple

from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import Hub, receipt
from streams.contracts.event import decode_event
from streams.domain.agreement import Agreements
from streams.domain.event import AgencyEvent, Event
from streams.domain.ids import EventId, Instant, PersonId, derive
from streams.domain.person import NOTHING_CLOSED, ClosedState, PersonState
from streams.engines import lane
from streams.engines.embedded import EmbeddedEngine
from streams.normalise.opening import open_dead_letter, restore_protected
from streams.normalise.receive import ReceiveStep, UnknownSenderError
from streams.normalise.stamping import Received
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus
from streams.promises.key_store import KeyStore
from streams.promises.letter_body import EVENT, RAW
from streams.promises.receipt import Receipt
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer


class ErasedError(Exception):
    """The dead letter's key was destroyed: nobody can read it any more. The text names its id."""

    def __init__(self, letter: DeadLetter) -> None:
        """Name the dead letter."""
        super().__init__(f"{letter.dead_letter_id} cannot be opened: its key was destroyed")


class HubsOwnError(Exception):
    """The dead letter is an event of the hub's own. The text names its id, and what to do."""

    def __init__(self, letter: DeadLetter) -> None:
        """Name the dead letter."""
        super().__init__(
            f"{letter.dead_letter_id} is the hub's own event, not a message: make room in the"
            " person's record (end some open handoffs), and it comes again by itself with the"
            " person's next entry"
        )


class Opening(NamedTuple):
    """What opens a dead letter of a hub, of either kind, and reads it again."""

    agreements: Agreements
    keys: KeyStore
    pseudonyms: Pseudonyms
    sealer: Sealer


def replay_dead_letter(hub: Hub, letter: DeadLetter, *, dry_run: bool = False) -> list[Receipt]:
    """Take a dead letter in again, as of now; give the receipts of what it holds.

    A message is received as its agency sent it. An event is a new attempt under an id of its own,
    derived from the dead letter's, so that a replay that is repeated changes nothing more. The dead
    letter is resolved unless the same one comes of it again.

    Args:
        hub: The hub that holds it.
        letter: What to take in.
        dry_run: Keep nothing; the receipts say what would become of it.

    Raises:
        ErasedError: Its key was destroyed.
        HubsOwnError: It is no agency's, so there is nothing to take in again.
        SealBrokenError: It was altered.
        UnknownSenderError: The agency is no longer of the region.
        UnavailableError: A store cannot be used.
    """
    at = hub.now()
    opening = Opening(hub.agreements, hub.keys, hub.pseudonyms, hub.sealer)
    if letter.body_kind == RAW:
        received = received_again(opening, letter, at)
    else:
        received = [Received(letter.message_id, new_attempt(opening, letter, at))]
    if dry_run:
        what_if = _WhatIf(hub.engine)
        return [receipt(letter.agency, each, what_if.take(hub, each.taken)) for each in received]
    hub.keys.commit()
    outcomes = hub.engine.submit([each.taken for each in received])
    if all(outcome.dead_letter_id != letter.dead_letter_id for outcome in outcomes):
        hub.engine.resolve_dead_letter(letter.dead_letter_id)
    return [receipt(letter.agency, *pair) for pair in zip(received, outcomes, strict=True)]


def message_of(opening: Opening, letter: DeadLetter) -> bytes:
    """Give the message that a dead letter keeps, as its agency sent it.

    Raises:
        ErasedError: Its key was destroyed.
        SealBrokenError: It was altered.
        UnavailableError: The key store cannot be used.
    """
    raw = open_dead_letter(letter, opening.keys, opening.sealer)
    if raw is None:
        raise ErasedError(letter)
    return raw


def received_again(opening: Opening, letter: DeadLetter, at: Instant) -> list[Received]:
    """Say what the message of a dead letter is, received and read at a moment.

    Persons who are new got keys: `KeyStore.commit` must return before anything of this is kept.

    Raises:
        UnknownSenderError: The agency is no longer of the region.
        ErasedError, SealBrokenError, UnavailableError: As `message_of` raises them.
    """
    raw = message_of(opening, letter)
    agency = opening.agreements.in_force(at).agencies.get(letter.agency)
    if agency is None:
        raise UnknownSenderError(letter.agency)
    step = ReceiveStep(connector_of(agency.sector), *opening)
    return step.receive(raw, letter.agency, at)


def new_attempt(opening: Opening, letter: DeadLetter, at: Instant) -> AgencyEvent:
    """Give the event that a dead letter keeps as a new attempt, recorded at a moment.

    Its id is derived from the dead letter's: a replay that is repeated gives the same.

    Raises:
        ErasedError: Its key was destroyed, and without it the event is not whole.
        HubsOwnError: It is no agency's.
        SealBrokenError: It was altered.
        UnavailableError: The key store cannot be used.
    """
    event = decode_event(letter.body_kind.removeprefix(EVENT), letter.sealed_body)
    if not isinstance(event, AgencyEvent):
        raise HubsOwnError(letter)
    whole = restore_protected(event, opening.keys, opening.sealer)
    if not isinstance(whole, AgencyEvent):
        raise ErasedError(letter)
    event_id = EventId(derive("e", letter.dead_letter_id, "replay"))
    return whole._replace(envelope=whole.envelope._replace(event_id=event_id, recorded_at=at))


class _WhatIf:
    """A store that reads a hub's states, and keeps what is written for as long as it is asked."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self._hot: dict[PersonId, PersonState] = {}
        self._closed: dict[PersonId, ClosedState] = {}

    def take(self, hub: Hub, taken: Event | DeadLetter) -> Outcome:
        if isinstance(taken, DeadLetter):
            status = ReceiptStatus.DEAD_LETTER
            return Outcome(status, taken.event_id, None, taken.dead_letter_id, "")
        return lane.take(self, hub.agreements, taken)

    def hot(self, person: PersonId) -> PersonState | None:
        return self._hot.get(person) or self._engine.hot(person)

    def closed(self, person: PersonId) -> ClosedState | None:
        return self._closed.get(person) or self._engine.closed(person)

    def keep(self, entry: lane.Kept) -> None:
        self._hot[entry.person] = entry.hot
        if entry.closed_added is not None:
            earlier = self.closed(entry.person) or NOTHING_CLOSED
            self._closed[entry.person] = earlier.with_added(entry.closed_added)

    def bury(self, dead_letter: DeadLetter) -> None:
        del dead_letter  # The outcome names it; nobody asks for it again.
