"""Lint of clocks: whether each can start, stop and warn in time, and somebody owes it.

A handoff's clock lives while its handoff is open; a case's goes on with its next handoff; a
person's is moved by milestones, and by events that name a handoff.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from streams.bootstrap.agreement_clock_values import ANSWERS, COUNTED, DAY_UNITS, EVENTS, STATUSES
from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_ladder import is_after_due, is_before_start, rungs_of
from streams.bootstrap.agreement_problems import Place
from streams.bootstrap.agreement_remarks import ERROR, INFO, WARN, Remark
from streams.bootstrap.agreement_shape import AgreementFile, ClockRecord
from streams.domain.clock_rules import OF_RECALL
from streams.domain.codes import Milestone, Status
from streams.domain.handoff import TERMINAL, TRANSITIONS

_MOVES = ("starts_on", "met_on", "cancelled_on", "pauses_on", "resumes_on")
_OPEN = tuple(status for status in STATUSES if status not in TERMINAL)
_UNHEARD = tuple(event for event in EVENTS if event not in ANSWERS)
"""Events that move no clock by themselves: their statuses and milestones do."""


class _Ahead(NamedTuple):
    """What may come after a trigger has started a clock of a handoff."""

    statuses: frozenset[str]
    alive: frozenset[str]
    """Statuses in which the handoff may stand while its clock runs."""


def clock_remarks(edition: Edition) -> Iterator[Remark]:
    """Look for clocks that nothing starts, meets or owes, and for rungs that come too late."""
    for position, clock in enumerate(edition.record.clock):
        place = ("clock", position)
        yield from _start_remarks(place, clock, edition.record)
        if clock.scope == "handoff":
            yield from _reach_remarks(place, clock)
        else:
            yield from _unheard_remarks(place, clock)
        yield from _count_remarks(place, clock)
        yield from _reason_remarks(place, clock, edition.record)
        yield from _ladder_remarks(place, clock)
    if all(clock.scope != OF_RECALL for clock in edition.record.clock):
        text = "nobody is told where an agency does not confirm a recall"
        mend = f'add a clock with scope = "{OF_RECALL}"'
        yield Remark("recall-without-clock", INFO, ("clock",), text, mend)


def _start_remarks(place: Place, clock: ClockRecord, record: AgreementFile) -> Iterator[Remark]:
    nothing = [name for name in clock.starts_on if name in _UNHEARD]
    if clock.scope == "person":
        nothing += [name for name in clock.starts_on if name in ANSWERS]
    if nothing:
        text = f"{clock.rule}: {', '.join(nothing)} starts no clock of a {clock.scope}"
        mend = "start it on a milestone, or on a status of a handoff"
        yield Remark("clock-never-starts", ERROR, (*place, "starts_on"), text, mend)
    contrary = {
        True: Milestone.TYP_MEMBERSHIP_ENDED.value,
        False: Milestone.TYP_MEMBERSHIP_STARTED.value,
    }
    if clock.typ_member is not None and contrary[clock.typ_member] in clock.starts_on:
        text = f"{clock.rule}: {contrary[clock.typ_member]} makes typ_member the contrary"
        yield Remark(
            "clock-never-starts", ERROR, (*place, "typ_member"), text, "leave typ_member out"
        )
    sectors = {agency.sector for agency in record.agency}
    if clock.owner_sector is not None and clock.owner_sector not in sectors:
        text = f"{clock.rule}: no agency of the sector {clock.owner_sector} owes it"
        yield Remark(
            "clock-without-owner", ERROR, (*place, "owner_sector"), text, "name another sector"
        )
    if clock.services and not {*clock.services} & {*record.service}:
        text = f"{clock.rule}: the region offers none of its services"
        yield Remark("clock-never-starts", WARN, (*place, "services"), text, "name one it offers")
    if clock.source_sectors and not {*clock.source_sectors} & sectors:
        text = f"{clock.rule}: the region has no agency of its source sectors"
        yield Remark(
            "clock-never-starts", WARN, (*place, "source_sectors"), text, "name one it has"
        )


def _reach_remarks(place: Place, clock: ClockRecord) -> Iterator[Remark]:
    for start in clock.starts_on:
        ahead = _ahead(start, ends=clock.cancelled_on)
        if start not in _UNHEARD and not any(_may_come(name, ahead) for name in clock.met_on):
            text = f"{clock.rule}: nothing in met_on can come once {start} has started it"
            mend = "name in met_on what may follow"
            yield Remark("clock-never-met", ERROR, (*place, "met_on"), text, mend)
    whole = [_ahead(start, ends=()) for start in clock.starts_on]
    for key in _MOVES[1:]:
        named: list[str] = getattr(clock, key)
        never = [name for name in named if not any(_may_come(name, ahead) for ahead in whole)]
        if never:
            text = (
                f"{clock.rule}: {', '.join(never)} never comes after {', '.join(clock.starts_on)}"
            )
            yield Remark("status-never-reached", WARN, (*place, key), text, "leave it out")


def _unheard_remarks(place: Place, clock: ClockRecord) -> Iterator[Remark]:
    if all(name in _UNHEARD for name in clock.met_on):
        text = f"{clock.rule}: {', '.join(clock.met_on)} meets no clock"
        mend = "name a milestone, a status, or an event that names a handoff"
        yield Remark("clock-never-met", ERROR, (*place, "met_on"), text, mend)
        return
    for key in _MOVES[1:]:
        never = [name for name in getattr(clock, key) if name in _UNHEARD]
        if never:
            text = f"{clock.rule}: {', '.join(never)} moves no clock"
            yield Remark("status-never-reached", WARN, (*place, key), text, "leave it out")


def _ahead(start: str, ends: Sequence[str]) -> _Ahead:
    name = start.partition("/")[0]
    # A milestone finds its handoff in any open status, an answer in the one it leads to.
    begun = (name,) if name in STATUSES else tuple(sorted(_led_to(name))) or _OPEN
    reached = {status for one in begun for status in _reached(one, ends=ends)}
    alive = {status for status in (*begun, *reached) if status not in TERMINAL}
    return _Ahead(frozenset(reached), frozenset(alive))


def _reached(start: str, ends: Sequence[str]) -> set[str]:
    reached: set[str] = set()
    edge = [start]
    while edge:
        status = edge.pop()
        for (before, _), transitions in TRANSITIONS.items():
            if before != status:
                continue
            for transition in transitions:
                if transition.to not in reached:
                    reached.add(transition.to)
                    if transition.to not in ends:
                        edge.append(transition.to)
    return reached


def _led_to(event: str) -> set[str]:
    return {
        transition.to
        for (before, name), transitions in TRANSITIONS.items()
        if name == event and before is not None
        for transition in transitions
    }


def _may_come(trigger: str, ahead: _Ahead) -> bool:
    name = trigger.partition("/")[0]
    if name in STATUSES:
        return name in ahead.statuses
    if name in _UNHEARD or not ahead.alive:
        return False
    from_where = {before for before, event in TRANSITIONS if event == name and before is not None}
    return name not in ANSWERS or not from_where or bool(from_where & ahead.alive)


def _count_remarks(place: Place, clock: ClockRecord) -> Iterator[Remark]:
    started = {
        name: int(least or 0)
        for name, _, least in (trigger.partition("/") for trigger in clock.starts_on)
        if name in COUNTED
    }
    for key in ("met_on", "cancelled_on"):
        for trigger in getattr(clock, key):
            name, _, least = trigger.partition("/")
            if name in started and int(least or 0) <= started[name]:
                text = f"{clock.rule}: any count that comes after its start is {trigger}"
                mend = "ask for more days than the start does"
                yield Remark("clock-ends-at-once", ERROR, (*place, key), text, mend)


def _reason_remarks(place: Place, clock: ClockRecord, record: AgreementFile) -> Iterator[Remark]:
    agreed = {reject.reason for reject in record.reject}
    if not agreed:
        return
    for key in _MOVES:
        for trigger in getattr(clock, key):
            name, _, reason = trigger.partition("/")
            if name == Status.REJECTED and reason and reason not in agreed:
                text = f"{clock.rule}: a rejection as {reason} is refused by this agreement"
                mend = "add it as a [[reject]], or name another reason"
                yield Remark("reason-never-given", ERROR, (*place, key), text, mend)


def _ladder_remarks(place: Place, clock: ClockRecord) -> Iterator[Remark]:
    rungs = rungs_of(clock)
    early = [rung.rung for rung in rungs if is_before_start(clock, rung)]
    if early:
        text = f"{clock.rule}: {', '.join(early)} lies before the start"
        mend = "let it come nearer to due, or write `at` for a time after the start"
        yield Remark("rung-before-start", ERROR, place, text, mend)
    late = [rung.rung for rung in rungs if is_after_due(clock, rung)]
    if clock.unit in DAY_UNITS:
        late += [
            rung.rung
            for rung in rungs
            if 0 < rung.share < 1 and ceil(rung.share * clock.limit) >= clock.limit
        ]
    if late:
        text = f"{clock.rule}: {', '.join(late)} comes no earlier than the breach"
        mend = "warn earlier, or count in hours; after the breach write `after`"
        yield Remark("warning-too-late", WARN, place, text, mend)
