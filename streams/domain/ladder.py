"""The ladder of a clock: its rungs, which comes next, and who is told when one is reached.

A rung fires once. An escalation is answered by a role: acknowledged, assigned, or snoozed until a
moment before which no later rung but the breach itself is told.
"""

from streams.domain.agreement import Agreement
from streams.domain.budget import BREACH
from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockWarned,
    Escalated,
    Rung,
)
from streams.domain.clock_rules import OF_CASE, OF_HANDOFF, OF_PERSON, OF_RECALL, ClockRule
from streams.domain.codes import NoticeKind
from streams.domain.hub_events import (
    ClockReached,
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
)
from streams.domain.ids import AgencyId, HandoffId, Instant
from streams.domain.person import Clock, ClockState
from streams.domain.projection import project, with_breach
from streams.domain.turn import Telling, Turn

RESUME = "resume"
"""Not a rung: the moment at which a bounded pause has used up its bound."""
_NOBODY = AgencyId("")


def projected(
    rule: ClockRule, clock: Clock, agreement: Agreement
) -> tuple[Clock, tuple[Rung, ...]]:
    """Give a clock with the due time that its rule gives it now, and its ladder.

    A clock that has broken its promise keeps the due time that it broke.
    """
    due_at, ladder = project(
        rule,
        agreement.offices(clock.owner, own=rule.calendar == "agency"),
        clock.started_at,
        clock.suspensions,
        (clock.counted_days, clock.counted_at),
    )
    if clock.state is not ClockState.BREACHED:
        return clock._replace(due_at=due_at), ladder
    return clock, with_breach(ladder, clock.due_at)


def rungs_of(rule: ClockRule, clock: Clock, agreement: Agreement) -> tuple[Rung, ...]:
    """Give a clock's ladder in order of time; the due time is always one of its moments."""
    return projected(rule, clock, agreement)[1]


def set_to_next(clock: Clock, ladder: tuple[Rung, ...]) -> Clock:
    """Give a clock that waits for the first of its rungs that has not been told."""
    for rung in ladder:
        if rung.rung not in clock.fired:
            at = rung.at
            if clock.snoozed_until is not None and rung.at != clock.due_at:
                at = max(at, clock.snoozed_until)
            return clock._replace(next_at=at, next_rung=rung.rung)
    if clock.state is ClockState.BREACHED:
        return clock._replace(next_at=None, next_rung="")
    # A ladder that was cut short after its last rung: the promise breaks all the same.
    return clock._replace(next_at=clock.due_at, next_rung=BREACH)


def fire(turn: Turn, event: ClockReached, clock: Clock) -> None:
    """Let a clock reach a rung: warn or breach, tell whom the rung names, wait for the next."""
    rule = turn.agreement.clock_rules.rule(clock.rule)
    ladder = rungs_of(rule, clock, turn.agreement) if rule is not None else ()
    moment = clock.next_at if clock.next_at is not None else turn.at
    late_by_us = max(event.late_by_us, turn.at - moment)
    handoff_id = handoff_of(clock)
    state = clock.state
    if state is not ClockState.BREACHED and _breaks(rule, event.rung, moment >= clock.due_at):
        late_by_us = max(event.late_by_us, turn.at - clock.due_at)
        turn.facts.append(ClockBreached(clock.clock_id, handoff_id, clock.due_at, late_by_us))
        state = ClockState.BREACHED
    else:
        turn.facts.append(ClockWarned(clock.clock_id, handoff_id, event.rung, late_by_us))
    for rung in ladder:
        if rung.rung == event.rung:
            _escalate(turn, clock, rung)
    fired = [event.rung]
    if all(rung.rung != event.rung for rung in ladder):
        # It has another name since: what stands at its moment has been told.
        fired += [rung.rung for rung in ladder if rung.at <= moment]
    put(turn, set_to_next(clock._replace(state=state, fired=(*clock.fired, *fired)), ladder))


def answer(
    turn: Turn, event: EscalationAcknowledged | EscalationAssigned | EscalationSnoozed
) -> str:
    """Take up what somebody on duty says to an escalation; give the rule that refuses it, or "".

    Acknowledging and assigning change no clock: the entry keeps who said so.
    """
    clock = find(turn, event.clock_id)
    if clock is None:
        return "no-such-clock"
    if event.rung not in clock.fired:
        return "no-such-escalation"
    turn.handoff_id = handoff_of(clock)
    if not isinstance(event, EscalationSnoozed):
        return ""
    if event.until <= turn.at:
        return "snooze-is-over"
    rule = turn.agreement.clock_rules.rule(clock.rule)
    snoozed = clock._replace(snoozed_until=event.until)
    if rule is not None and clock.paused_at is None:
        snoozed = set_to_next(snoozed, rungs_of(rule, snoozed, turn.agreement))
    put(turn, snoozed)
    return ""


def handoff_of(clock: Clock) -> HandoffId | None:
    """Give the handoff that a clock's facts name: a case's clock its first, a person's none."""
    named = clock.scope in (OF_HANDOFF, OF_CASE, OF_RECALL)
    return HandoffId(clock.subject) if named else None


def find(turn: Turn, clock_id: str) -> Clock | None:
    """Find a clock that waits."""
    return next((clock for clock in turn.hot.clocks if clock.clock_id == clock_id), None)


def put(turn: Turn, clock: Clock) -> None:
    """Keep a clock as it is now, in its place."""
    clocks = [clock if c.clock_id == clock.clock_id else c for c in turn.hot.clocks]
    turn.hot = turn.hot.with_clocks(tuple(clocks))


def remove(turn: Turn, clock: Clock) -> None:
    """Take a clock away that has nothing left to wait for."""
    clocks = [c for c in turn.hot.clocks if c.clock_id != clock.clock_id]
    turn.hot = turn.hot.with_clocks(tuple(clocks))


def cancel(turn: Turn, clock: Clock, ended_at: Instant, reason: str) -> None:
    """Take a clock away whose wait is over without what it waited for, and say why."""
    turn.facts.append(ClockCancelled(clock.clock_id, handoff_of(clock), ended_at, reason))
    remove(turn, clock)


def _breaks(rule: ClockRule | None, rung: str, is_due: bool) -> bool:
    for agreed in rule.rungs if rule is not None else ():
        if agreed.rung == rung and not agreed.unit:
            return agreed.share >= 1  # a warning may fall at the midnight of the breach
    return is_due


def _escalate(turn: Turn, clock: Clock, rung: Rung) -> None:
    to = told(turn.agreement, clock, rung.to)
    if not to:
        return
    turn.facts.append(Escalated(clock.clock_id, handoff_of(clock), rung.rung, rung.to, to))
    telling = Telling(
        rung.rung,
        reason=clock.rule,
        due_at=clock.due_at,
        role=rung.to,
        owner=clock.owner,
        # A person's clock has no handoff to be known by: its agency knows its own message.
        referral_id=clock.subject if clock.scope == OF_PERSON and to == clock.source else None,
    )
    handoff = next((h for h in turn.hot.handoffs if h.handoff_id == clock.subject), None)
    if handoff is None and clock.scope == OF_CASE:
        handoff = next((h for h in turn.hot.handoffs if h.case_id == clock.subject), None)
    if handoff is None and clock.scope == OF_RECALL:
        # It waits on for a handoff that is over, which the recall still names.
        recalls = [r for r in turn.hot.recalls if (r.handoff_id, r.to) == _recalled(clock)]
        turn.notify_by_ids(to, NoticeKind.ESCALATION, recalls[0], telling)
        return
    turn.notify(to, NoticeKind.ESCALATION, handoff, telling)


def _recalled(clock: Clock) -> tuple[str, AgencyId]:
    return clock.subject, clock.owner


def told(agreement: Agreement, clock: Clock, role: str) -> AgencyId:
    """Give the agency that a role of a clock's ladder stands for, empty where it is nobody's."""
    if role in ("recipient", "management"):
        return clock.owner
    if role == "source":
        return clock.source
    if role == "coordinator":
        return agreement.bounce.coordinator
    return AgencyId(role) if AgencyId(role) in agreement.agencies else _NOBODY
