"""A ledger entry: one event, the facts that follow and the notices to deliver, written whole."""

from enum import StrEnum
from typing import NamedTuple

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
from streams.domain.codes import (
    Basis,
    Category,
    NoticeKind,
    Priority,
    Purpose,
    RejectReason,
    Service,
    Status,
)
from streams.domain.envelope import SealedPart
from streams.domain.event import Event
from streams.domain.ids import (
    AgencyId,
    CaseId,
    EntryId,
    EventId,
    HandoffId,
    Instant,
    NoticeId,
    PersonId,
    StatementId,
)


class Act(StrEnum):
    """What somebody can do so that data may leave."""

    UNKNOWN = "unknown"
    GIVE = "give"
    """The person gives a consent or a permit."""
    LIFT = "lift"
    """The person lifts a prohibition."""
    BEGIN = "begin"
    """A TYP clienthood begins."""


class MissingBasis(NamedTuple):
    """One act of the smallest set of acts that would permit a category."""

    category: Category
    ask_for: Basis
    """The basis that the category would then rest on."""
    source: AgencyId
    recipient: AgencyId
    purpose: Purpose
    act: Act
    rule: str
    """The prohibition to lift, or the law under which the clienthood permits; else empty."""


class Withheld(NamedTuple):
    """A category that stays behind: the code of the reason, and what would permit it.

    `rule` is the prohibition that holds it back, else empty. `missing` are acts that all have to
    be done; empty where nobody can do anything.
    """

    category: Category
    reason: str
    rule: str
    missing: tuple[MissingBasis, ...]


class Granted(NamedTuple):
    """A category that may leave, on which basis; `rule` is a statement id or a law reference."""

    category: Category
    basis: Basis
    rule: str
    overrode: StatementId | None
    """The prohibition that the basis beat, where it beat one."""


class HandoffOpened(NamedTuple):
    """A referral became a handoff."""

    handoff_id: HandoffId
    case_id: CaseId
    source: AgencyId
    recipient: AgencyId
    service: Service
    priority: Priority
    status: Status
    referral_id: str
    """The source's own id of its referral."""
    routed_by: str
    """The code of the routing rule that named the recipient."""
    missing: tuple[MissingBasis, ...]


class HandoffStatusChanged(NamedTuple):
    """The handoff went from one status to another; `reason` is a code, or empty."""

    handoff_id: HandoffId
    from_: Status
    to: Status
    reason: str


class TransitionRefused(NamedTuple):
    """The event may not do what it asks; `rule` names what forbids it. Nothing changed."""

    handoff_id: HandoffId | None
    rule: str


class ResponsibilityMoved(NamedTuple):
    """Another agency is now responsible for the person in this case."""

    handoff_id: HandoffId
    case_id: CaseId
    from_: AgencyId
    to: AgencyId


class DisclosureMade(NamedTuple):
    """Data of these categories may leave for the recipient, each on its basis."""

    handoff_id: HandoffId
    to: AgencyId
    categories: tuple[Category, ...]
    basis: tuple[Granted, ...]


class DisclosureWithheld(NamedTuple):
    """Data of these categories stays behind."""

    handoff_id: HandoffId
    to: AgencyId
    categories: tuple[Category, ...]
    missing: tuple[Withheld, ...]


class RecallIssued(NamedTuple):
    """The recipient must stop using the data of these categories."""

    handoff_id: HandoffId
    to: AgencyId
    categories: tuple[Category, ...]


class RecallConfirmed(NamedTuple):
    """The recalled recipient confirmed."""

    handoff_id: HandoffId
    by: AgencyId


class BounceDetected(NamedTuple):
    """The person is being bounced: `kind` is bounce, loop or stall."""

    handoff_id: HandoffId
    case_id: CaseId
    kind: str
    agencies: tuple[AgencyId, ...]


class Decline(NamedTuple):
    """One rejection on a person's way: who said no to whom, and why."""

    handoff_id: HandoffId
    source: AgencyId
    recipient: AgencyId
    reason: RejectReason
    at: Instant


class CaseConvened(NamedTuple):
    """The coordinating agency is asked to convene the parties, with every decline at hand."""

    case_id: CaseId
    handoff_id: HandoffId
    with_: AgencyId
    declines: tuple[Decline, ...]


class Rerouted(NamedTuple):
    """A misdirected referral was passed on (Hallintolaki 434/2003 21 §, verified = false)."""

    handoff_id: HandoffId
    new_handoff_id: HandoffId
    from_: AgencyId
    to: AgencyId
    rule: str


class EventParked(NamedTuple):
    """The event names a handoff that the hub does not know yet; it waits until `until`."""

    event_id: EventId
    until: Instant


class EventReleased(NamedTuple):
    """A parked event was taken up, or (`taken` false) gave up waiting."""

    event_id: EventId
    handoff_id: HandoffId | None
    taken: bool


class ReferralReplaced(NamedTuple):
    """A newer version of the source's message took the place of the handoff's content."""

    handoff_id: HandoffId
    version: int


class StatementRecorded(NamedTuple):
    """A person's statement was noted, or what is newer already stands in its place.

    `state` is in-force, ended, entered-in-error or superseded.
    """

    statement_id: StatementId
    recorder: AgencyId
    state: str


class WorkerKnown(NamedTuple):
    """Somebody by name now walks with the person."""

    handoff_id: HandoffId
    agency: AgencyId


Fact = (
    HandoffOpened
    | HandoffStatusChanged
    | TransitionRefused
    | ResponsibilityMoved
    | DisclosureMade
    | DisclosureWithheld
    | ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockReprojected
    | ClockMet
    | ClockWarned
    | ClockBreached
    | ClockCancelled
    | Escalated
    | RecallIssued
    | RecallConfirmed
    | BounceDetected
    | CaseConvened
    | Rerouted
    | EventParked
    | EventReleased
    | ReferralReplaced
    | StatementRecorded
    | WorkerKnown
)


class Notice(NamedTuple):
    """What a connector delivers to one agency; its id never changes over retries.

    `categories` are those that the decision permits, `withheld` the rest. `content` holds the
    sealed parts that may leave, and no other. `detail` is a code: the status, the rule, the rung
    or the kind of bounce that the notice tells of; `reason` the code behind it, empty where there
    is none.
    """

    notice_id: NoticeId
    to: AgencyId
    role: str
    """Who at the agency is told of an escalation, as the rung says; empty for everything else."""
    kind: NoticeKind
    person: PersonId
    protected: bool
    """The person has a non-disclosure order (turvakielto): the receiver must guard what it gets."""
    handoff_id: HandoffId | None
    case_id: CaseId | None
    referral_id: str | None
    """The source's own id of the referral, by which the source knows the handoff."""
    source: AgencyId | None
    recipient: AgencyId | None
    service: Service | None
    priority: Priority | None
    detail: str
    reason: str
    occurred_at: Instant
    due_at: Instant | None
    categories: tuple[Category, ...]
    withheld: tuple[Withheld, ...]
    missing: tuple[MissingBasis, ...]
    declines: tuple[Decline, ...]
    content: tuple[SealedPart, ...]


class LedgerEntry(NamedTuple):
    """One input, and all that followed from it.

    `sequence` counts per person from 1. `state_digest` is SHA-256 of the new state's Avro bytes
    with its sealed parts left empty; `agreement_digest` names the agreement in force at
    `recorded_at`.
    """

    entry_id: EntryId
    person: PersonId
    sequence: int
    recorded_at: Instant
    rules_version: int
    agreement_digest: bytes
    event: Event
    facts: tuple[Fact, ...]
    deliveries: tuple[Notice, ...]


class Problem(NamedTuple):
    """One thing that is wrong with a message, where, and how to mend it.

    `pointer` is a JSON Pointer, a FHIRPath or an XPath; `detail` is the hub's own text and never
    repeats what the message said; `nearest` is the nearest known code in the sender's code system.
    """

    code: str
    pointer: str
    detail: str
    nearest: str | None
