"""Escalations: who was told of which rung of a clock, and who has taken it up."""

from collections.abc import Iterable

from streams.domain.ids import Instant
from streams.views.answers import ClockSeen, EscalationSeen, RungSeen
from streams.views.deadlines import ACKNOWLEDGED, ASSIGNED, CLOSED, OPEN, SNOOZED

ESCALATION_STATES = (OPEN, ACKNOWLEDGED, ASSIGNED, SNOOZED, CLOSED)


def escalations(clocks: Iterable[ClockSeen], now: Instant) -> list[EscalationSeen]:
    """Give the escalations of clocks by (told_at, clock, rung), with their state at an instant.

    A clock that is over closes all of its own; a snooze that has passed leaves one open again.
    """
    found = [
        _escalation(clock, rung, now)
        for clock in clocks
        for rung in clock.rungs
        if rung.told is not None
    ]
    return sorted(found, key=lambda seen: (seen.told_at, seen.clock_id, seen.rung))


def _escalation(clock: ClockSeen, rung: RungSeen, now: Instant) -> EscalationSeen:
    snoozed = rung.handling == SNOOZED
    by = {ACKNOWLEDGED: rung.acknowledged_by, ASSIGNED: rung.assigned_to}.get(rung.handling)
    return EscalationSeen(
        clock.clock_id,
        rung.rung,
        clock.rule,
        clock.handoff_id,
        clock.owner,
        rung.to,
        rung.told or "",
        rung.fired_at if rung.fired_at is not None else rung.at,
        clock.due_at,
        rung.late_by_us or 0,
        _state(clock, rung, now),
        by,
        rung.snoozed_until if snoozed else None,
        rung.snooze_reason if snoozed else None,
    )


def _state(clock: ClockSeen, rung: RungSeen, now: Instant) -> str:
    if clock.ended_at is not None:
        return CLOSED
    if rung.handling == SNOOZED and (rung.snoozed_until or 0) <= now:
        return OPEN
    return rung.handling
