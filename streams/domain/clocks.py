"""Clocks: deadlines started, paused, met and breached by what happens to a handoff.

A clock keeps its start and a suspension ledger; when it is due follows from the agreement's rule.
The hub's own waits (for a basis, for the referral of a parked answer) are clocks too, under rules
that begin with `hub:` and that no agreement names.
"""

from math import ceil

from streams.domain import calendar
from streams.domain.agreement import Agreement, ClockRule
from streams.domain.codes import NoticeKind, Status
from streams.domain.entry import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    Escalated,
    Rung,
)
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant, derive
from streams.domain.legal_basis import next_turn
from streams.domain.person import Clock, ClockState, Handoff, PersonState, Suspension
from streams.domain.turn import Telling, Turn

AWAITING_BASIS = "hub:awaiting-basis"
PARKED = "hub:parked"
BASIS_TURN = "basis-turn"
BREACH = "breach"
_END = "end"


def next_clock(person: PersonState) -> tuple[Instant, ClockId, str] | None:
    """Give when the person's next clock wants to fire, which, and at which rung, or None.

    The earliest first, then by clock id. A statement that begins or expires while a handoff is open
    counts as a clock of its own, at rung `basis-turn`.
    """
    earliest: tuple[Instant, ClockId, str] | None = None
    for clock in person.clocks:
        if clock.next_at is None:
            continue
        candidate = (clock.next_at, clock.clock_id, clock.next_rung)
        if earliest is None or candidate < earliest:
            earliest = candidate
    if person.handoffs and person.statements:
        turn_at = next_turn(person)
        if turn_at is not None and (earliest is None or turn_at <= earliest[0]):
            basis_turn = (turn_at, ClockId(derive("c", person.person, BASIS_TURN)), BASIS_TURN)
            earliest = basis_turn if earliest is None else min(earliest, basis_turn)
    return earliest


def follow(turn: Turn, handoff: Handoff, before: Status | None) -> None:
    """Start, meet, cancel, pause and resume a handoff's clocks: it has left status `before`."""
    status = handoff.status
    if status is before:
        return
    for clock in turn.hot.clocks:
        if clock.subject == handoff.handoff_id:
            _end_or_pause(turn, clock, handoff)
    for rule in turn.agreement.clock_rules:
        if status in rule.starts_on and not _is_armed(turn, rule.rule, handoff):
            _start(turn, rule, handoff)


def wait(turn: Turn, rule: str, subject: str, until: Instant) -> None:
    """Arm one of the hub's own waits: until a moment, for a handoff's basis or a parked event."""
    clock_id = ClockId(derive("c", turn.cause, rule, subject))
    clock = Clock(
        clock_id, rule, subject, ClockState.RUNNING, turn.at, until, until, _END, None, ()
    )
    turn.hot = turn.hot._replace(clocks=(*turn.hot.clocks, clock))


def stop_waiting(turn: Turn, rule: str, subject: str) -> None:
    """Take away one of the hub's own waits: it came, or does not matter any more."""
    turn.hot = turn.hot._replace(
        clocks=tuple([c for c in turn.hot.clocks if (c.rule, c.subject) != (rule, subject)])
    )


def fire(turn: Turn, clock: Clock, rung: str) -> None:
    """Let an agreed clock reach a rung: warn or breach, and tell whom the rung names."""
    handoff = next(h for h in turn.hot.handoffs if h.handoff_id == clock.subject)
    rule = rule_of(turn.agreement, clock.rule)
    ladder = _ladder(rule, clock, turn.agreement) if rule is not None else ()
    breached = clock.state is ClockState.BREACHED
    if not breached and _share(rule, rung) >= 1.0:
        turn.facts.append(ClockBreached(clock.clock_id, handoff.handoff_id, clock.due_at))
        breached = True
    elif not breached:
        turn.facts.append(ClockWarned(clock.clock_id, handoff.handoff_id, rung))
    for step in ladder:
        if step.rung == rung:
            _escalate(turn, clock, handoff, step)
    following = _after(ladder, clock, rung)
    _put(
        turn,
        clock._replace(
            state=ClockState.BREACHED if breached else clock.state,
            next_at=following.at if following is not None else None,
            next_rung=following.rung if following is not None else "",
        ),
    )


def rule_of(agreement: Agreement, name: str) -> ClockRule | None:
    """Give the agreement's rule of a clock, None where it is no longer in force."""
    for rule in agreement.clock_rules:
        if rule.rule == name:
            return rule
    return None


def deadline(
    rule: ClockRule,
    started_at: Instant,
    share: float,
    suspensions: tuple[Suspension, ...],
    agreement: Agreement,
) -> Instant:
    """Give the instant at which a share of a rule's budget is used up.

    Hours run through nights and holidays. Day-based budgets end at the local midnight after their
    last day, fractions rounded up to whole days; what was suspended is added in the same unit.
    """
    if rule.unit == "hours":
        stood_us = sum(s.resumed_at - s.paused_at for s in suspensions)
        return Instant(started_at + round(share * rule.limit * calendar.HOUR_US) + stood_us)
    day = calendar.local_day(started_at)
    closed = agreement.closed_days
    spans = [
        (calendar.local_day(s.paused_at), calendar.local_day(s.resumed_at)) for s in suspensions
    ]
    if rule.unit == "working_days":
        stood = sum(calendar.working_days_between(a, b, closed) for a, b in spans)
        last = calendar.after_working_days(day, _days(share * rule.limit) + stood, closed)
    elif rule.unit == "calendar_days":
        last = day + _days(share * rule.limit) + sum(b - a for a, b in spans)
    else:
        whole = calendar.after_months(day, rule.limit) - day
        last = day + _days(share * whole) + sum(b - a for a, b in spans)
    return calendar.midnight(last + 1)


def _days(share_of_budget: float) -> int:
    # 1.1 x 10 is a hair over 11 in binary, and eleven days all the same.
    return ceil(round(share_of_budget, 6))


def _ladder(rule: ClockRule, clock: Clock, agreement: Agreement) -> tuple[Rung, ...]:
    started_at, suspensions = clock.started_at, clock.suspensions
    return tuple(
        [
            Rung(r.rung, deadline(rule, started_at, r.share, suspensions, agreement), r.to)
            for r in sorted(rule.rungs, key=lambda r: r.share)
        ]
    )


def _share(rule: ClockRule | None, rung: str) -> float:
    rungs = rule.rungs if rule is not None else ()
    return next((r.share for r in rungs if r.rung == rung), 1.0)


def _after(ladder: tuple[Rung, ...], clock: Clock, rung: str) -> Rung | None:
    # By name too: two rungs may fall at one midnight, and each fires exactly once.
    names = list(dict.fromkeys([step.rung for step in ladder]))
    if rung not in names:
        return next((step for step in ladder if step.at > clock.due_at), None)
    later = names[names.index(rung) + 1 :]
    return next((step for step in ladder if later and step.rung == later[0]), None)


def _start(turn: Turn, rule: ClockRule, handoff: Handoff) -> None:
    started_at = turn.event.envelope.occurred_at
    clock_id = ClockId(derive("c", turn.cause, rule.rule, handoff.handoff_id))
    due_at = deadline(rule, started_at, 1.0, (), turn.agreement)
    clock = Clock(
        clock_id,
        rule.rule,
        handoff.handoff_id,
        ClockState.RUNNING,
        started_at,
        due_at,
        None,
        "",
        None,
        (),
    )
    ladder = _ladder(rule, clock, turn.agreement)
    # Overdue from the start (an event that came late): it is said once, without warnings before.
    waiting = [step for step in ladder if step.at >= due_at] if due_at <= turn.at else ladder
    first = waiting[0] if waiting else Rung(BREACH, due_at, "")
    clock = clock._replace(next_at=first.at, next_rung=first.rung)
    turn.facts.append(
        ClockStarted(
            clock_id,
            handoff.handoff_id,
            rule.rule,
            started_at,
            due_at,
            rule.law_ref,
            rule.verified,
            ladder,
        )
    )
    turn.hot = turn.hot._replace(clocks=(*turn.hot.clocks, clock))


def _is_armed(turn: Turn, rule: str, handoff: Handoff) -> bool:
    subject = handoff.handoff_id
    return any(clock.rule == rule and clock.subject == subject for clock in turn.hot.clocks)


def _end_or_pause(turn: Turn, clock: Clock, handoff: Handoff) -> None:
    status = handoff.status
    if clock.rule == AWAITING_BASIS:
        if status is not Status.AWAITING_BASIS:
            stop_waiting(turn, AWAITING_BASIS, handoff.handoff_id)
        return
    rule = rule_of(turn.agreement, clock.rule)
    if rule is not None and status in rule.met_on:
        _meet(turn, _resumed(turn, clock, rule))
    elif turn.is_over(status) or (rule is not None and status in rule.cancelled_on):
        ended_at = turn.event.envelope.occurred_at
        turn.facts.append(ClockCancelled(clock.clock_id, handoff.handoff_id, ended_at))
        _remove(turn, clock)
    elif rule is None or rule.statutory or clock.state is ClockState.BREACHED:
        return
    elif status in rule.pauses_on:
        _pause(turn, clock)
    elif clock.paused_at is not None:
        _put(turn, _resumed(turn, clock, rule))


def _meet(turn: Turn, clock: Clock) -> None:
    ended_at = turn.event.envelope.occurred_at
    overdue = ended_at >= clock.due_at
    fired = clock.state is ClockState.BREACHED
    handoff_id = HandoffId(clock.subject)
    if overdue and not fired:
        # Said before the breach fired, of a time after it: the promise is broken all the same.
        turn.facts.append(ClockBreached(clock.clock_id, handoff_id, clock.due_at))
    turn.facts.append(
        ClockMet(
            clock.clock_id,
            handoff_id,
            ended_at,
            max(0, ended_at - clock.due_at),
            reported_late=fired and not overdue,
            breached=fired or overdue,
        )
    )
    _remove(turn, clock)


def _pause(turn: Turn, clock: Clock) -> None:
    if clock.paused_at is not None:
        return
    paused_at = turn.event.envelope.occurred_at
    turn.facts.append(ClockPaused(clock.clock_id, HandoffId(clock.subject), paused_at))
    _put(turn, clock._replace(state=ClockState.PAUSED, paused_at=paused_at, next_at=None))


def _resumed(turn: Turn, clock: Clock, rule: ClockRule) -> Clock:
    paused_at = clock.paused_at
    if paused_at is None:
        return clock
    resumed_at = max(turn.event.envelope.occurred_at, paused_at)
    suspensions = (*clock.suspensions, Suspension(paused_at, resumed_at))
    due_at = deadline(rule, clock.started_at, 1.0, suspensions, turn.agreement)
    running = clock._replace(
        state=ClockState.RUNNING, paused_at=None, suspensions=suspensions, due_at=due_at
    )
    ladder = _ladder(rule, running, turn.agreement)
    waiting = next((step for step in ladder if step.rung == clock.next_rung), None)
    turn.facts.append(
        ClockResumed(clock.clock_id, HandoffId(clock.subject), resumed_at, due_at, ladder)
    )
    return running._replace(next_at=waiting.at if waiting is not None else due_at)


def _escalate(turn: Turn, clock: Clock, handoff: Handoff, rung: Rung) -> None:
    to = _told(turn.agreement, handoff, rung.to)
    if to is None:
        return
    turn.facts.append(Escalated(clock.clock_id, handoff.handoff_id, rung.rung, rung.to, to))
    telling = Telling(rung.rung, reason=clock.rule, due_at=clock.due_at)
    turn.notify(to, NoticeKind.ESCALATION, handoff, telling)


def _told(agreement: Agreement, handoff: Handoff, role: str) -> AgencyId | None:
    if role == "recipient":
        return handoff.recipient
    if role == "source":
        return handoff.source
    if role == "coordinator":
        return agreement.bounce.coordinator
    return AgencyId(role) if AgencyId(role) in agreement.agencies else None


def _put(turn: Turn, clock: Clock) -> None:
    clocks = [clock if c.clock_id == clock.clock_id else c for c in turn.hot.clocks]
    turn.hot = turn.hot._replace(clocks=tuple(clocks))


def _remove(turn: Turn, clock: Clock) -> None:
    clocks = [c for c in turn.hot.clocks if c.clock_id != clock.clock_id]
    turn.hot = turn.hot._replace(clocks=tuple(clocks))
