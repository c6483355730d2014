"""Silence: nothing came from an agency for longer than agreed; kept in the agency's own lane."""

from streams.domain.agreement import Agreement
from streams.domain.budget import BREACH
from streams.domain.calendar import HOUR_US, after_working_us
from streams.domain.clock_facts import (
    ClockBreached,
    ClockMet,
    ClockStarted,
    Escalated,
    Rung,
)
from streams.domain.clock_rules import OF_HUB
from streams.domain.codes import NoticeKind
from streams.domain.hub_events import AgencyFellSilent, AgencyHeardAgain
from streams.domain.ids import AgencyId, ClockId, Instant, derive
from streams.domain.ladder import remove
from streams.domain.person import Clock, ClockState
from streams.domain.turn import Telling, Turn

SILENCE = "hub:silence"
_COORDINATOR = "coordinator"


def silent_at(agency: AgencyId, heard_at: Instant, agreement: Agreement) -> Instant | None:
    """Give when an agency last heard at a moment counts as silent; None where that is not agreed.

    Counted in the working hours of its own offices, so that no holiday makes an agency silent.
    """
    known = agreement.agencies.get(agency)
    if known is None or not known.silent_after_hours:
        return None
    budget_us = known.silent_after_hours * HOUR_US
    return after_working_us(heard_at, budget_us, agreement.offices(agency))


def fall_silent(turn: Turn, event: AgencyFellSilent) -> None:
    """Open the one escalation of an agency's silence; the coordinating agency is told."""
    agency = AgencyId(turn.hot.person)
    at = event.envelope.occurred_at
    clock_id = ClockId(derive("c", turn.cause, SILENCE))
    to = turn.agreement.bounce.coordinator
    turn.facts += [
        ClockStarted(
            clock_id,
            None,
            SILENCE,
            OF_HUB,
            agency,
            event.silent_since,
            at,
            "",
            True,
            "",
            (Rung(BREACH, at, _COORDINATOR),),
        ),
        ClockBreached(clock_id, None, at, turn.at - at),
        Escalated(clock_id, None, BREACH, _COORDINATOR, to),
    ]
    telling = Telling(BREACH, reason=SILENCE, due_at=at, role=_COORDINATOR, owner=agency)
    turn.notify(to, NoticeKind.ESCALATION, None, telling)
    clock = Clock(
        clock_id,
        SILENCE,
        OF_HUB,
        agency,
        agency,
        AgencyId(""),
        ClockState.BREACHED,
        event.silent_since,
        at,
        None,
        "",
        fired=(BREACH,),
    )
    turn.hot = turn.hot.with_clocks((*turn.hot.clocks, clock))


def hear_again(turn: Turn, event: AgencyHeardAgain) -> None:
    """Close the escalation of an agency's silence; there is at most one."""
    for clock in turn.hot.clocks:
        if clock.rule == SILENCE:
            ended_at = event.envelope.occurred_at
            late_by_us = max(0, ended_at - clock.due_at)
            turn.facts.append(
                ClockMet(
                    clock.clock_id, None, ended_at, late_by_us, reported_late=False, breached=True
                )
            )
            remove(turn, clock)
