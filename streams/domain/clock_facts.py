"""What an entry says of clocks: how they start, stand still, move, end, and who is told."""

from typing import NamedTuple

from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant


class Rung(NamedTuple):
    """One step of a clock's ladder: at which moment which role is told."""

    rung: str
    at: Instant
    to: str


class ClockStarted(NamedTuple):
    """A deadline began to run.

    A case's clock names the case's first handoff, a person's none. `remark` says what is odd about
    its start: `starts-in-the-future`, `overdue-at-start`, or nothing.
    """

    clock_id: ClockId
    handoff_id: HandoffId | None
    rule: str
    scope: str
    owner: AgencyId
    started_at: Instant
    due_at: Instant
    law_ref: str
    verified: bool
    remark: str
    rungs: tuple[Rung, ...]


class ClockPaused(NamedTuple):
    """A deadline stands still; `ground` is the code of why."""

    clock_id: ClockId
    handoff_id: HandoffId | None
    paused_at: Instant
    ground: str


class ClockResumed(NamedTuple):
    """A deadline runs again, to a later moment; `rungs` is its ladder from now on."""

    clock_id: ClockId
    handoff_id: HandoffId | None
    resumed_at: Instant
    due_at: Instant
    rungs: tuple[Rung, ...]


class ClockReprojected(NamedTuple):
    """A deadline moved though nothing paused it; `rungs` is its ladder from now on.

    `reason` is `agreement-changed` or `days-counted`.
    """

    clock_id: ClockId
    handoff_id: HandoffId | None
    reason: str
    due_at: Instant
    rungs: tuple[Rung, ...]


class ClockMet(NamedTuple):
    """What the clock waited for came; `late_by_us` is microseconds after due, 0 where in time.

    `reported_late`: it happened in time, but was said only after the breach had fired.
    """

    clock_id: ClockId
    handoff_id: HandoffId | None
    ended_at: Instant
    late_by_us: int
    reported_late: bool
    breached: bool


class ClockWarned(NamedTuple):
    """A rung other than the breach was reached, `late_by_us` microseconds after its moment."""

    clock_id: ClockId
    handoff_id: HandoffId | None
    rung: str
    late_by_us: int


class ClockBreached(NamedTuple):
    """The due time passed without what the clock waited for; said `late_by_us` after it."""

    clock_id: ClockId
    handoff_id: HandoffId | None
    due_at: Instant
    late_by_us: int


class ClockCancelled(NamedTuple):
    """The clock has nothing left to wait for; `reason` is the code of why."""

    clock_id: ClockId
    handoff_id: HandoffId | None
    ended_at: Instant
    reason: str


class Escalated(NamedTuple):
    """Somebody was told that a clock nears or passed its due time; `role` as the rung says."""

    clock_id: ClockId
    handoff_id: HandoffId | None
    rung: str
    role: str
    to: AgencyId
