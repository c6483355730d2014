"""Lint of the promise: whether the clocks together keep what the agencies promise of the path.

The way of a handoff to a service is requested, received, accepted, in-progress. A handoff's clock
covers the part of it between what starts and what meets it, a case's clock watches the way itself;
those that ask for a service, an age or the like keep no promise made to everybody. It is broken
where even the tightest chain of clocks, each used to its last day, may end after it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from math import ceil

from streams.bootstrap.agreement_clock_values import STATUSES
from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_remarks import (
    ERROR,
    INFO,
    WARN,
    Remark,
    holds_on,
    turning_days,
)
from streams.bootstrap.agreement_shape import ClockRecord
from streams.bootstrap.agreement_values import promise_days
from streams.domain import calendar
from streams.domain.codes import Status

_WAY = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS)
# Four years hold Christmas on most weekdays: the longest ways there are, give or take a day.
_DAYS_TRIED = 1_461
_HOURS_OF_DAY = 24
_OFFICE_HOURS_OF_DAY = 8


def promise_remarks(edition: Edition) -> Iterator[Remark]:
    """Look for a promise that is not made, that nobody watches, or that clocks may break."""
    record = edition.record
    if record.promise is None:
        text = "nothing is promised of the whole path"
        mend = 'add [promise] with first_service_within, as "60d"'
        yield Remark("no-promise", INFO, (), text, mend)
        return
    promise = record.promise.first_service_within
    count, _ = promise_days(promise)
    alone = [
        position
        for position, clock in enumerate(record.clock)
        if _binds_all(clock) and _span(clock) is not None and _least_days(clock) > count
    ]
    for position in alone:
        clock = record.clock[position]
        text = f"{clock.rule} alone may take longer than the promised {promise}"
        mend = "shorten the clock, or promise less"
        yield Remark("clock-exceeds-promise", ERROR, ("clock", position, "limit"), text, mend)
    if not alone:
        for day in turning_days(record):
            yield from _whole_way(edition, day, promise)


def _whole_way(edition: Edition, day: date, promise: str) -> Iterator[Remark]:
    in_force = [c for c in edition.record.clock if holds_on(c, day) and _binds_all(c)]
    placed = _on_the_way([clock for clock in in_force if clock.scope == "handoff"])
    watched = _on_the_way([clock for clock in in_force if clock.scope == "case"])
    place = ("promise", "first_service_within")
    closed = edition.versions[0].closed_days
    first = day.toordinal()
    since = "" if day == edition.record.region.valid_from else f" (from {day})"
    seen_to = _latest([*placed, *watched], first, closed)
    bare = [_WAY[stage] for stage in range(1, len(_WAY)) if seen_to[stage] is None]
    if bare:
        text = f"no clock sees to it that a handoff becomes {', '.join(bare)}{since}"
        mend = "add a clock, or the promise is nobody's to keep"
        yield Remark("promise-without-clock", WARN, place, text, mend)
        return
    promised = promise_days(promise)
    for start in range(first, first + _DAYS_TRIED):
        end = _latest(placed, start, closed)[-1]
        if end is not None and end > _promised(promised, start, closed):
            began = date.fromordinal(start)
            names = ", ".join(clock.rule for _, _, clock in placed)
            text = (
                f"the clocks on the way ({names}) may take {end - start} days from {began}, "
                f"over the promised {promise}{since}"
            )
            mend = "shorten a clock, or promise less"
            yield Remark("clock-exceeds-promise", ERROR, place, text, mend)
            return


def _binds_all(clock: ClockRecord) -> bool:
    asked = (clock.services, clock.source_sectors, clock.priorities)
    known = (clock.age_from, clock.age_under, clock.typ_member)
    return not any(asked) and all(condition is None for condition in known)


def _on_the_way(clocks: Sequence[ClockRecord]) -> list[tuple[int, int, ClockRecord]]:
    placed = [(*span, clock) for clock in clocks if (span := _span(clock)) is not None]
    return sorted(placed, key=lambda item: item[:2])


def _latest(
    placed: Sequence[tuple[int, int, ClockRecord]], start: int, closed: frozenset[int]
) -> list[int | None]:
    """Give the last day by which each stage is reached if every clock is just kept.

    Clocks come in the order of the stage they begin at: none makes an earlier stage come sooner.
    """
    latest: list[int | None] = [start] + [None] * (len(_WAY) - 1)
    for begins_at, ends_at, clock in placed:
        begins = latest[begins_at]
        if begins is None:
            continue
        ends = _end(clock, begins, closed)
        # Whoever has come that far has passed the stages before it.
        for stage in range(1, ends_at + 1):
            known = latest[stage]
            latest[stage] = ends if known is None else min(known, ends)
    return latest


def _span(clock: ClockRecord) -> tuple[int, int] | None:
    # What a milestone or an event may meet does not see to it that the next status is reached.
    if clock.scope == "person" or not {*clock.met_on} <= {*STATUSES}:
        return None
    starts = [_WAY.index(status) for status in _WAY if status in clock.starts_on]
    if not starts:
        return None
    met = [_WAY.index(status) for status in _WAY if status in clock.met_on]
    after = [stage for stage in met if stage > starts[0]]
    return (starts[0], after[0]) if after else None


def _end(clock: ClockRecord, day: int, closed: frozenset[int]) -> int:
    if clock.unit == "hours":
        return day + ceil(clock.limit / _HOURS_OF_DAY)
    if clock.unit == "working_hours":
        days = ceil(clock.limit / _OFFICE_HOURS_OF_DAY)
        return calendar.after_working_days(day, days, closed)
    if clock.unit == "working_days":
        return calendar.after_working_days(day, clock.limit, closed)
    if clock.unit == "months":
        return calendar.after_months(day, clock.limit)
    return day + clock.limit


def _least_days(clock: ClockRecord) -> int:
    if clock.unit == "hours":
        return clock.limit // _HOURS_OF_DAY
    if clock.unit == "working_hours":
        return clock.limit // _OFFICE_HOURS_OF_DAY
    return clock.limit * 28 if clock.unit == "months" else clock.limit


def _promised(promise: tuple[int, bool], day: int, closed: frozenset[int]) -> int:
    count, working = promise
    return calendar.after_working_days(day, count, closed) if working else day + count
