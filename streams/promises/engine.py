"""What an engine promises: it keeps the ledger and the state, and lets the domain decide.

The same per-person sequence of contract events gives the same entries, byte for byte, on every
engine.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from streams.domain.entry import LedgerEntry, Problem
from streams.domain.event import Event
from streams.domain.ids import AgencyId, DeadLetterId, EventId, HandoffId, Instant, PersonId
from streams.domain.person import PersonState


class ReceiptStatus(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    PARKED = "parked"
    DEAD_LETTER = "dead-letter"
    QUEUED = "queued"


class Outcome(NamedTuple):
    """What became of one input; `rule` names what refused it, empty where nothing did."""

    status: ReceiptStatus
    event_id: EventId | None
    handoff_id: HandoffId | None
    dead_letter_id: DeadLetterId | None
    rule: str


class DeadLetter(NamedTuple):
    """A message that could not become a contract event, or an event that found no referral.

    `sealed_body` is the message as received (`body_kind` raw) or the contract event (`body_kind`
    event), sealed under the person's key where `person` could be read, else under the hub's
    rotating key; `generation` names the key's generation. `message_id` is masked where it looks
    like a HETU.
    """

    dead_letter_id: DeadLetterId
    agency: AgencyId
    message_id: str | None
    person: PersonId | None
    event_id: EventId | None
    errors: tuple[Problem, ...]
    recorded_at: Instant
    body_kind: str
    generation: int
    sealed_body: bytes


class Stored(NamedTuple):
    """An entry as the ledger keeps it; `position` orders the whole ledger, from 1, and is opaque.

    `entry_digest` is SHA-256 of the entry's Avro bytes with the sealed parts left empty.
    """

    position: int
    entry: LedgerEntry
    entry_digest: bytes


class UnavailableError(Exception):
    """The store cannot be used now (full disk, locked, unreachable); nothing of the call was kept.

    The text names the place and the mend; the caller may try again.
    """


class Engine(Protocol):
    """Keeps the ledger and every person's state; decides nothing itself."""

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        """Take inputs in their order, whole or not at all, and say what became of each.

        Before an event recorded at T, the person's clocks due by T fire, and are brought under the
        agreement of that moment. Before a message of an agency that had fallen silent, the silence
        and its end are told, in the lane of the agency's own id. When this returns, all is durable.

        Raises:
            UnavailableError: The store cannot be used; nothing of the call was kept.
        """

    def advance(self, to: Instant) -> int:
        """Fire every clock due by `to`, in order of (due, person); return how many fired.

        An agency that falls silent by `to` is told in the same order, and counts. Where the
        agreement turns, or was edited, `follow_agreement` comes first.

        Raises:
            UnavailableError: The store cannot be used; clocks fired before stay fired.
        """

    def follow_agreement(self, at: Instant) -> int:
        """Bring every person's clocks under the agreement in force at a moment.

        Each person whose clocks stand under other rules hears of it once, in an entry; what was due
        before that fires before it. Costs nothing where these rules were followed already. Whoever
        fires or is heard of before that follows first: nobody's clock ever fires by old rules.

        Returns:
            How many were told.

        Raises:
            UnavailableError: The store cannot be used; it goes on where it is called again.
        """

    def now(self) -> Instant:
        """Give the hub's virtual time: the latest moment recorded or advanced to, 0 before any."""

    def next_due(self) -> Instant | None:
        """Give the earliest moment at which the hub has something to do by itself.

        That is when a clock wants to fire, an agency will have been silent for too long, or the
        agreement turns under open clocks; None where nothing waits. It may lie in the past.
        """

    def lag_us(self, now: Instant) -> int:
        """Give how long the most overdue clock or silence waits, in microseconds; 0 where none."""

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position, in ledger order: of everybody, or of one person."""

    def person(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state, None for a person of whom nothing is known."""

    def dead_letters(self) -> list[DeadLetter]:
        """Give the dead letters that wait, by (recorded_at, id)."""

    def resolve_dead_letter(self, dead_letter_id: DeadLetterId) -> None:
        """Note that a dead letter was replayed and is dealt with."""

    def state_digest(self) -> bytes:
        """Give one SHA-256 over every person's state, sealed parts left empty, by pseudonym."""

    def close(self) -> None:
        """Let go of the store. Nothing that was acknowledged is lost."""
