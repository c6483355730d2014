"""Deadlines that move though nothing paused them: new rules, a new calendar, days counted anew."""

from streams.domain.clock_facts import ClockReprojected
from streams.domain.clock_rules import OF_HUB, ClockRule
from streams.domain.hub_events import AgreementChanged
from streams.domain.ladder import cancel, handoff_of, projected, put, set_to_next
from streams.domain.person import Clock, ClockState
from streams.domain.turn import Turn

AGREEMENT_CHANGED = "agreement-changed"
DAYS_COUNTED = "days-counted"


def reproject(turn: Turn, event: AgreementChanged) -> None:
    """Project every clock of a person again, under the agreement now in force.

    What has fired does not fire again: a breached clock stays breached, and a clock that the new
    rules put past its due time breaks once. A clock whose rule is gone is cancelled.
    """
    for clock in turn.hot.clocks:
        if clock.scope == OF_HUB:
            continue
        rule = turn.agreement.clock_rules.rule(clock.rule)
        if rule is None:
            cancel(turn, clock, event.envelope.occurred_at, "rule-withdrawn")
        else:
            _project(turn, clock, rule, AGREEMENT_CHANGED)
    turn.hot = turn.hot._replace(clock_digest=turn.agreement.clock_digest)


def recount(turn: Turn, clock: Clock, rule: ClockRule, days: int) -> None:
    """Anchor a clock of benefit days anew: so many had been paid when the event occurred.

    A count of an earlier moment than the one at hand changes nothing.
    """
    counted_at = turn.event.envelope.occurred_at
    if clock.counted_at is not None and counted_at > clock.counted_at:
        counted = clock._replace(counted_days=days, counted_at=counted_at)
        _project(turn, counted, rule, DAYS_COUNTED)


def _project(turn: Turn, clock: Clock, rule: ClockRule, reason: str) -> None:
    clock, ladder = projected(rule, clock, turn.agreement)
    unfired = [rung for rung in ladder if rung.rung not in clock.fired]
    skipped: list[str] = []
    if clock.state is ClockState.BREACHED:
        # Its breach was told, by whatever name: only what comes after it may still be told.
        skipped = [rung.rung for rung in unfired if rung.at <= clock.due_at]
    elif clock.due_at <= turn.at:
        skipped = [rung.rung for rung in unfired if rung.at < clock.due_at]
    clock = clock._replace(fired=(*clock.fired, *skipped))
    turn.facts.append(
        ClockReprojected(clock.clock_id, handoff_of(clock), reason, clock.due_at, ladder)
    )
    if clock.paused_at is None:
        clock = set_to_next(clock, ladder)
    put(turn, clock)
