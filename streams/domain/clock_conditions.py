"""Whether a clock's rule fits what happened: its triggers, its time, the person, the handoff."""

from typing import NamedTuple

from streams.domain.clock_rules import ClockRule, Trigger
from streams.domain.ids import AgencyId
from streams.domain.person import Handoff
from streams.domain.turn import Turn


class Occurrence(NamedTuple):
    """What may move clocks: a status that a handoff reached, a milestone, an event by its name.

    `reason` is that of a rejection, `amount` the days of a milestone that counts days, `before`
    their count before it.
    """

    name: str
    reason: str
    amount: int
    before: int
    handoff: Handoff | None
    """The handoff that it happened to; None for a milestone, which is the person's."""


def moves(trigger: Trigger, happened: Occurrence) -> bool:
    """Say whether a trigger asks for what happened."""
    return (
        trigger.name == happened.name
        and (not trigger.reason or trigger.reason == happened.reason)
        and happened.amount >= trigger.least
    )


def begins(trigger: Trigger, happened: Occurrence) -> bool:
    """Say whether a trigger starts a clock: of counted days only the count that reaches it does.

    A count below the one before it counts anew, from nothing.
    """
    if not moves(trigger, happened):
        return False
    before = happened.before if happened.amount >= happened.before else 0
    return not happened.amount or before < max(trigger.least, 1)


def counts(rule: ClockRule, happened: Occurrence) -> bool:
    """Say whether a milestone counts the days that a rule's budget is of."""
    return happened.amount > 0 and any(t.name == happened.name for t in rule.starts_on)


def any_moves(triggers: tuple[Trigger, ...], happened: Occurrence) -> bool:
    """Say whether one of the triggers asks for what happened."""
    for trigger in triggers:  # noqa: SIM110  # a generator costs more than most of these loops
        if trigger.name == happened.name and moves(trigger, happened):
            return True
    return False


def holds(turn: Turn, rule: ClockRule) -> bool:
    """Say whether a rule holds for the person, at the moment at which the event occurred."""
    at, age = turn.event.envelope.occurred_at, turn.hot.age_years
    if rule.valid_from is not None and at < rule.valid_from:
        return False
    if rule.valid_to is not None and at >= rule.valid_to:
        return False
    # Of somebody whose age is not known no rule for an age holds.
    if rule.age_from is not None and age < rule.age_from:
        return False
    if rule.age_under is not None and not 0 <= age < rule.age_under:
        return False
    return rule.typ_member is None or rule.typ_member is turn.hot.typ_member


def fits(turn: Turn, rule: ClockRule, handoff: Handoff) -> bool:
    """Say whether a rule is for a handoff like this."""
    if rule.services and handoff.service not in rule.services:
        return False
    if rule.priorities and handoff.priority not in rule.priorities:
        return False
    return fits_source(turn, rule, handoff.source)


def fits_source(turn: Turn, rule: ClockRule, source: AgencyId) -> bool:
    """Say whether a rule is for what comes from an agency."""
    return not rule.source_sectors or turn.agreement.sector(source) in rule.source_sectors


def owner_of(turn: Turn, rule: ClockRule) -> AgencyId:
    """Give the agency whose duty a person's clock is: the speaker where it is of the sector.

    Else the agency of the sector that serves the person, else the coordinating one.
    """
    agreement, speaker = turn.agreement, turn.event.envelope.agency
    if agreement.sector(speaker) == rule.owner_sector:
        return speaker
    for agency in agreement.agencies.values():
        if agency.sector == rule.owner_sector and agency.serves(turn.hot.municipality):
            return agency.agency_id
    return agreement.bounce.coordinator
