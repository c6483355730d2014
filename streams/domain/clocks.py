"""Clocks: deadlines started, paused, met and broken by what happens to a person.

A clock keeps its start and a suspension ledger; when it is due follows from the agreement's rule.
It belongs to a handoff, to a case or to the person. The hub's own waits (for a basis, for the
referral of a parked answer) are clocks too, under rules that begin with `hub:` and that no
agreement names.
"""

from streams.domain.answers import HandoffRejected
from streams.domain.calendar import DAY_US
from streams.domain.clock_conditions import (
    Occurrence,
    any_moves,
    begins,
    counts,
    fits,
    fits_source,
    holds,
    owner_of,
)
from streams.domain.clock_facts import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    Rung,
)
from streams.domain.clock_rules import OF_CASE, OF_HANDOFF, OF_HUB, OF_PERSON, OF_RECALL, ClockRule
from streams.domain.codes import Milestone, Status
from streams.domain.ids import AgencyId, ClockId, Instant, derive
from streams.domain.ladder import (
    RESUME,
    cancel,
    handoff_of,
    projected,
    put,
    remove,
    set_to_next,
)
from streams.domain.legal_basis import next_turn
from streams.domain.person import Clock, ClockState, Handoff, PersonState, Suspension
from streams.domain.projection import project
from streams.domain.reprojection import recount
from streams.domain.turn import Turn

AWAITING_BASIS = "hub:awaiting-basis"
PARKED = "hub:parked"
BASIS_TURN = "basis-turn"
_END = "end"
_NOBODY = AgencyId("")


def next_clock(person: PersonState) -> tuple[Instant, ClockId, str] | None:
    """Give when the person's next clock wants to fire, which, and at which rung, or None.

    The earliest first, then by clock id. A statement that begins or expires while data may go, or
    is held, counts as a clock of its own, at rung `basis-turn`.
    """
    earliest: tuple[Instant, ClockId, str] | None = None
    for clock in person.clocks:
        if clock.next_at is None:
            continue
        candidate = (clock.next_at, clock.clock_id, clock.next_rung)
        if earliest is None or candidate < earliest:
            earliest = candidate
    if person.statements and (person.handoffs or person.holdings or person.convened):
        turn_at = next_turn(person)
        if turn_at is not None and (earliest is None or turn_at <= earliest[0]):
            basis_turn = (turn_at, ClockId(derive("c", person.person, BASIS_TURN)), BASIS_TURN)
            earliest = basis_turn if earliest is None else min(earliest, basis_turn)
    return earliest


def wait(turn: Turn, rule: str, subject: str, until: Instant) -> None:
    """Arm one of the hub's own waits: until a moment, for a handoff's basis or a parked event."""
    waiting = Clock(
        ClockId(derive("c", turn.cause, rule, subject)),
        rule,
        OF_HUB,
        subject,
        _NOBODY,
        _NOBODY,
        ClockState.RUNNING,
        turn.at,
        until,
        until,
        _END,
    )
    turn.hot = turn.hot.with_clocks((*turn.hot.clocks, waiting))


def stop_waiting(turn: Turn, rule: str, subject: str) -> None:
    """Take away one of the hub's own waits: it came, or does not matter any more."""
    clocks = [c for c in turn.hot.clocks if (c.rule, c.subject) != (rule, subject)]
    turn.hot = turn.hot.with_clocks(tuple(clocks))


def follow(turn: Turn, handoff: Handoff, before: Status | None) -> None:
    """Move the clocks that a handoff's status moves: it has left status `before`."""
    status = handoff.status
    if status is before:
        return
    if status is not Status.AWAITING_BASIS and before is Status.AWAITING_BASIS:
        stop_waiting(turn, AWAITING_BASIS, handoff.handoff_id)
    event = turn.event
    reason = ""
    if status is Status.REJECTED and isinstance(event, HandoffRejected):
        reason = event.reason.value
    if before is None:
        _hand_on_case(turn, handoff)
    _move(turn, Occurrence(status, reason, 0, 0, handoff))


def hear(turn: Turn, name: str, handoff: Handoff) -> None:
    """Move the clocks that an event of a handoff moves."""
    if name in turn.agreement.clock_rules.heard:
        _move(turn, Occurrence(name, "", 0, 0, handoff))


def reach(turn: Turn, milestone: Milestone, amount: int) -> None:
    """Move the clocks that a milestone moves; `amount` are the days that it counts, else 0."""
    before = 0
    if milestone is Milestone.SICKNESS_BENEFIT_DAYS:
        before = turn.hot.sickness_days
        turn.hot = turn.hot._replace(sickness_days=amount)
    elif milestone is Milestone.UNEMPLOYMENT_BENEFIT_DAYS:
        before = turn.hot.unemployment_days
        turn.hot = turn.hot._replace(unemployment_days=amount)
    if milestone in turn.agreement.clock_rules.heard:
        _move(turn, Occurrence(milestone, "", amount, before, None))


def resume(turn: Turn, clock: Clock) -> None:
    """Let a clock run again whose pauses have used up what they may take."""
    rule = turn.agreement.clock_rules.rule(clock.rule)
    if rule is None:
        put(turn, clock._replace(next_at=None, next_rung=""))
    else:
        at = clock.next_at if clock.next_at is not None else turn.at
        put(turn, _resumed(turn, clock, rule, at))


def forget_cases(turn: Turn) -> None:
    """Cancel the clocks of cases in which nothing is open and no rejection is remembered."""
    open_cases = {handoff.case_id for handoff in turn.hot.handoffs}
    open_cases |= {rejection.case_id for rejection in turn.hot.rejections}
    for clock in turn.hot.clocks:
        if clock.scope == OF_CASE and clock.subject not in open_cases:
            cancel(turn, clock, turn.at, "case-over")


def _move(turn: Turn, happened: Occurrence) -> None:
    for clock in turn.hot.clocks:
        rule = turn.agreement.clock_rules.rule(clock.rule)
        if _concerns(turn, clock, rule, happened):
            _end_or_pause(turn, clock, rule, happened)
    service = happened.handoff.service if happened.handoff is not None else None
    for trigger, rule in turn.agreement.clock_rules.starting(happened.name, service):
        if begins(trigger, happened):
            _start_all(turn, rule, happened)


def _concerns(turn: Turn, clock: Clock, rule: ClockRule | None, happened: Occurrence) -> bool:
    handoff = happened.handoff
    if clock.scope in (OF_HUB, OF_RECALL):
        return False  # They end by what they wait for alone; see `recall`.
    if handoff is not None:
        if clock.scope == OF_PERSON:
            return happened.name == type(turn.event).__name__
        return clock.subject == (
            handoff.handoff_id if clock.scope == OF_HANDOFF else handoff.case_id
        )
    speaker = turn.event.envelope.agency
    if speaker == clock.owner:
        return True
    return rule is not None and turn.agreement.sector(speaker) in rule.heard_from


def _end_or_pause(turn: Turn, clock: Clock, rule: ClockRule | None, happened: Occurrence) -> None:
    at = turn.event.envelope.occurred_at
    if rule is not None and any_moves(rule.met_on, happened):
        meet(turn, _resumed(turn, clock, rule, at))
        return
    if _ends(turn, clock, rule, happened):
        cancel(turn, clock, at, happened.name)
        return
    if rule is None or clock.state is ClockState.BREACHED:
        return
    if rule.unit == "benefit_days" and counts(rule, happened):
        recount(turn, clock, rule, happened.amount)
    elif rule.statutory:
        return
    elif any_moves(rule.pauses_on, happened):
        _pause(turn, clock, rule, happened.name)
    elif clock.paused_at is not None and _resumes(rule, happened):
        put(turn, _resumed(turn, clock, rule, at))


def _resumes(rule: ClockRule, happened: Occurrence) -> bool:
    if rule.resumes_on:
        return any_moves(rule.resumes_on, happened)
    return happened.handoff is not None and happened.name == happened.handoff.status


def _ends(turn: Turn, clock: Clock, rule: ClockRule | None, happened: Occurrence) -> bool:
    handoff = happened.handoff
    called_off = rule is not None and any_moves(rule.cancelled_on, happened)
    if handoff is None or clock.scope == OF_PERSON:
        return called_off
    over = turn.is_over(handoff.status)
    if clock.scope == OF_HANDOFF:
        return called_off or over
    # A case goes on with what else is open in it, and with what may follow a rejection.
    others = any(
        h.case_id == handoff.case_id and h.handoff_id != handoff.handoff_id
        for h in turn.hot.handoffs
    )
    return not others and (called_off or (over and handoff.status is not Status.REJECTED))


def _hand_on_case(turn: Turn, handoff: Handoff) -> None:
    # The next handoff of a case takes its clocks over: its recipient owes what the last one did.
    for clock in turn.hot.clocks:
        if clock.scope == OF_CASE and clock.subject == handoff.case_id:
            put(turn, clock._replace(owner=handoff.recipient, source=handoff.source))


def _start_all(turn: Turn, rule: ClockRule, happened: Occurrence) -> None:
    speaker = turn.event.envelope.agency
    if not holds(turn, rule):
        return
    if rule.unit == "benefit_days" and happened.amount >= rule.limit:
        return  # Whether it was kept was nobody's to tell the hub.
    if rule.scope == OF_PERSON:
        if happened.handoff is None and fits_source(turn, rule, speaker):
            owner = owner_of(turn, rule)
            subject = turn.event.envelope.source_ref.message_id
            _start(turn, rule, subject, (owner, speaker), happened)
        return
    handoffs = [happened.handoff] if happened.handoff is not None else list(turn.hot.handoffs)
    for handoff in handoffs:
        # A milestone is that of the speaker who is asked to take the person on, or has done so.
        if handoff is not happened.handoff and handoff.recipient != speaker:
            continue
        if fits(turn, rule, handoff):
            subject = handoff.handoff_id if rule.scope == OF_HANDOFF else handoff.case_id
            _start(turn, rule, subject, (handoff.recipient, handoff.source), happened)


def _start(
    turn: Turn,
    rule: ClockRule,
    subject: str,
    parties: tuple[AgencyId, AgencyId],
    happened: Occurrence,
) -> None:
    for running in turn.hot.clocks:
        same = running.subject == subject or rule.scope == OF_PERSON
        if running.rule == rule.rule and same:
            return
    agreement, started_at = turn.agreement, turn.event.envelope.occurred_at
    owner, source = parties
    offices = agreement.offices(owner, own=rule.calendar == "agency")
    counted: tuple[int, Instant | None] = (0, None)
    if rule.unit == "benefit_days":
        counted = (happened.amount, started_at)
    due_at, ladder = project(rule, offices, started_at, (), counted)
    remark, skipped = "", 0
    if due_at <= turn.at:
        # Overdue from the start (an event that came late): it is said once, without warnings.
        remark, skipped = "overdue-at-start", sum([rung.at < due_at for rung in ladder])
    elif started_at > turn.at:
        remark = "starts-in-the-future"
    first = ladder[skipped]
    clock = Clock(
        ClockId(derive("c", turn.cause, rule.rule, subject)),
        rule.rule,
        rule.scope,
        subject,
        owner,
        source,
        ClockState.RUNNING,
        started_at,
        due_at,
        first.at,
        first.rung,
        None,
        "",
        (),
        tuple([rung.rung for rung in ladder[:skipped]]) if skipped else (),
        *counted,
    )
    turn.facts.append(said_started(clock, rule, remark, ladder))
    turn.hot = turn.hot.with_clocks((*turn.hot.clocks, clock))


def said_started(
    clock: Clock, rule: ClockRule, remark: str, ladder: tuple[Rung, ...]
) -> ClockStarted:
    """Give the fact that a clock began to run; `remark` says what is odd about its start."""
    return ClockStarted(
        clock.clock_id,
        handoff_of(clock),
        rule.rule,
        rule.scope,
        clock.owner,
        clock.started_at,
        clock.due_at,
        rule.law_ref,
        rule.verified,
        remark,
        ladder,
    )


def meet(turn: Turn, clock: Clock) -> None:
    """Take a clock away whose event came: in time or late, and whether its breach had fired."""
    ended_at = turn.event.envelope.occurred_at
    overdue = ended_at >= clock.due_at
    fired = clock.state is ClockState.BREACHED
    handoff_id = handoff_of(clock)
    late_by_us = max(0, ended_at - clock.due_at)
    if overdue and not fired:
        # Said before the breach fired, of a time after it: the promise is broken all the same.
        turn.facts.append(ClockBreached(clock.clock_id, handoff_id, clock.due_at, 0))
    turn.facts.append(
        ClockMet(
            clock.clock_id,
            handoff_id,
            ended_at,
            late_by_us,
            reported_late=fired and not overdue,
            breached=fired or overdue,
        )
    )
    remove(turn, clock)


def _pause(turn: Turn, clock: Clock, rule: ClockRule, ground: str) -> None:
    if clock.paused_at is not None:
        return
    paused_at = turn.event.envelope.occurred_at
    until: Instant | None = None
    if rule.pause_days_max is not None:
        used_us = sum(s.resumed_at - s.paused_at for s in clock.suspensions)
        left_us = rule.pause_days_max * DAY_US - used_us
        if left_us <= 0:
            return
        until = Instant(paused_at + left_us)
    turn.facts.append(ClockPaused(clock.clock_id, handoff_of(clock), paused_at, ground))
    put(
        turn,
        clock._replace(
            state=ClockState.PAUSED,
            paused_at=paused_at,
            ground=ground,
            next_at=until,
            next_rung=RESUME if until is not None else "",
        ),
    )


def _resumed(turn: Turn, clock: Clock, rule: ClockRule, at: Instant) -> Clock:
    paused_at = clock.paused_at
    if paused_at is None:
        return clock
    resumed_at = max(at, paused_at)
    suspensions = (*clock.suspensions, Suspension(paused_at, resumed_at, clock.ground))
    running = clock._replace(
        state=ClockState.RUNNING, paused_at=None, ground="", suspensions=suspensions
    )
    running, ladder = projected(rule, running, turn.agreement)
    turn.facts.append(
        ClockResumed(clock.clock_id, handoff_of(clock), resumed_at, running.due_at, ladder)
    )
    return set_to_next(running, ladder)
