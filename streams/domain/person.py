"""What the hub knows of one person: `hot` for what is open, `closed` for what is over.

Both are records of their own, so that the cost of an event does not grow with a person's history.
"""

from enum import StrEnum
from typing import NamedTuple

from streams.domain.codes import Branch, Category, Priority, Purpose, RejectReason, Service, Status
from streams.domain.envelope import SealedPart
from streams.domain.event import HandoffAnswer
from streams.domain.ids import (
    AgencyId,
    CaseId,
    ClockId,
    HandoffId,
    Instant,
    NoticeId,
    PersonId,
    StatementId,
)
from streams.domain.statements import StatementKind


class Outgoing(NamedTuple):
    """A notice with the person's data that has not left, and the categories that it holds."""

    notice_id: NoticeId
    categories: tuple[Category, ...]


class Handoff(NamedTuple):
    """One open handoff, as of the last entry.

    `granted` are the categories that may go to the recipient now; `disclosed` those whose delivery
    has started, and that a recall would have to fetch back. `accepted_at_sequence` orders
    acceptances, 0 before there is one.
    """

    handoff_id: HandoffId
    case_id: CaseId
    referral_id: str
    referral_version: int
    source: AgencyId
    recipient: AgencyId
    service: Service
    purpose: Purpose
    priority: Priority
    status: Status
    vital: bool
    requested: tuple[Category, ...]
    documents: tuple[bytes, ...]
    """Documents that the referral draws on, as in `statements`."""
    granted: tuple[Category, ...]
    disclosed: tuple[Category, ...]
    occurred_at: Instant
    recorded_at: Instant
    accepted_at_sequence: int
    delivery_started: bool
    outgoing: tuple[Outgoing, ...]
    """Notices that wait to leave for the recipient: the referral and what followed it."""
    called_off: tuple[Outgoing, ...]
    """Notices that may not leave any more, each with what has not been recalled from it.

    Should one arrive all the same, its categories are recalled then.
    """
    content: tuple[SealedPart, ...]


class Case(NamedTuple):
    """A chain of handoffs that began with one referral, and who is responsible in it now."""

    case_id: CaseId
    first_source: AgencyId
    responsible: AgencyId


class Statement(NamedTuple):
    """What a person has said of their data, as of its newest version; see `statements`.

    `ended` where it was withdrawn or lifted; an end keeps neither scope nor dates. `occurred_at`
    keeps an older version that comes late from replacing a newer one, or from beginning after its
    end.
    """

    statement_id: StatementId
    recorder: AgencyId
    kind: StatementKind
    to_branch: Branch
    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    documents: tuple[bytes, ...]
    service_tasks: tuple[str, ...]
    valid_from: Instant | None
    valid_to: Instant | None
    occurred_at: Instant
    ended: bool
    in_error: bool = False
    """It ended because it should never have been entered."""
    was_given: bool = True
    """False for an end of which no beginning is known (yet)."""
    is_sole: bool = False
    """A permit that takes the place of every other of its recorder that goes the same way.

    Of an end: it was ended by such a permit.
    """


class ClockState(StrEnum):
    """What a clock in the state is doing; met and cancelled clocks have left it."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"


class Suspension(NamedTuple):
    """A stretch in which a clock stood still; `ground` is the code of why."""

    paused_at: Instant
    resumed_at: Instant
    ground: str


class Clock(NamedTuple):
    """One clock that still waits: its budget stands in the agreement's `rule`.

    `due_at` is derived from `started_at` and the suspensions, kept for order; `next_at` is when the
    engine must feed `ClockReached`, with `next_rung`; None while it has nothing to say. `fired` are
    the rungs that have been told: none is told again, whatever moves the deadline later.
    """

    clock_id: ClockId
    rule: str
    scope: str
    """What it belongs to: `handoff`, `case`, `person`, `recall`, or `hub` for its own waits."""
    subject: str
    """The handoff's or the case's id (a recall's handoff), the parked event's; else empty."""
    owner: AgencyId
    """The agency whose duty the clock is."""
    source: AgencyId
    """The agency that waits for it; empty where there is none."""
    state: ClockState
    started_at: Instant
    due_at: Instant
    next_at: Instant | None
    next_rung: str
    paused_at: Instant | None = None
    ground: str = ""
    """Why it stands still; empty while it runs."""
    suspensions: tuple[Suspension, ...] = ()
    fired: tuple[str, ...] = ()
    counted_days: int = 0
    """Benefit days that were counted by `counted_at`, for clocks that count them."""
    counted_at: Instant | None = None
    snoozed_until: Instant | None = None


class Rejection(NamedTuple):
    """A rejection inside the bounce window."""

    handoff_id: HandoffId
    case_id: CaseId
    service: Service
    source: AgencyId
    recipient: AgencyId
    reason: RejectReason
    at: Instant
    rerouted: bool


class Recall(NamedTuple):
    """A recall that its recipient has not confirmed yet: one a handoff and agency.

    It widens where more has to be fetched back meanwhile; `issued_at` is when it first went out.
    """

    handoff_id: HandoffId
    to: AgencyId
    source: AgencyId
    referral_id: str
    categories: tuple[Category, ...]
    issued_at: Instant


class Parked(NamedTuple):
    """An event that came before the referral it names."""

    event: HandoffAnswer
    until: Instant


class PersonState(NamedTuple):
    """The `hot` record: what is open, and what was lately known.

    `known_ids` packs the ids of open handoffs' events and of the last 90 days, at most 256, as 16
    bytes of event id and 16 bytes of content digest each; `sieve` tells which older ids may be in
    the `closed` record. `closed_digest` is SHA-256 of that record, empty where there is none.
    `convened` are handoffs that are over, as seen by the coordinator that was convened for them: it
    stands as their recipient until the notice has arrived. `holdings` counts what agencies still
    hold of handoffs that are over (see `holdings`).
    """

    person: PersonId
    sequence: int
    recorded_at: Instant
    municipality: str
    protected: bool
    typ_member: bool
    age_years: int
    """As the latest event said that knew it, -1 where none did."""
    sickness_days: int
    """Sickness allowance days at their latest count, 0 before any."""
    unemployment_days: int
    """Paid days of unemployment benefit at their latest count, 0 before any."""
    handoffs: tuple[Handoff, ...]
    cases: tuple[Case, ...]
    statements: tuple[Statement, ...]
    clocks: tuple[Clock, ...]
    rejections: tuple[Rejection, ...]
    recalls: tuple[Recall, ...]
    convened: tuple[Handoff, ...]
    parked: tuple[Parked, ...]
    holdings: int
    known_ids: bytes
    sieve: bytes
    closed_count: int
    closed_digest: bytes
    clock_digest: bytes
    """Under which clock rules and calendar the clocks stand; empty where none waits."""

    # `_replace` costs three times as much, and these happen several times an event.
    def with_handoffs(self, handoffs: tuple[Handoff, ...]) -> "PersonState":
        """Give the state with other open handoffs."""
        return _new(PersonState, (*self[:_HANDOFFS], handoffs, *self[_HANDOFFS + 1 :]))

    def with_cases(self, cases: tuple[Case, ...]) -> "PersonState":
        """Give the state with other cases."""
        return _new(PersonState, (*self[:_CASES], cases, *self[_CASES + 1 :]))

    def with_clocks(self, clocks: tuple[Clock, ...]) -> "PersonState":
        """Give the state with other clocks."""
        return _new(PersonState, (*self[:_CLOCKS], clocks, *self[_CLOCKS + 1 :]))


_new = tuple.__new__
_HANDOFFS, _CASES, _CLOCKS = map(PersonState._fields.index, ("handoffs", "cases", "clocks"))


class ClosedState(NamedTuple):
    """The `closed` record: handoffs that are over, ids of long ago, who holds what data; packed.

    Read only when a key misses the hot record or a basis may go, and only ever added to.
    """

    summaries: bytes
    known_ids: bytes
    holdings: bytes

    def with_added(self, added: "ClosedState") -> "ClosedState":
        """Give the record with what one entry adds to it."""
        return ClosedState(
            self.summaries + added.summaries,
            self.known_ids + added.known_ids,
            self.holdings + added.holdings,
        )


NOTHING_CLOSED = ClosedState(b"", b"", b"")
