"""Lint of clocks: whether each can be met, and whether together they keep the path's promise.

The way of a handoff to a service is requested, received, accepted, in-progress. A clock covers the
part of it between what starts and what meets it; the promise is broken where even the tightest
chain of clocks, each used to its last day, may end after it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from math import ceil

from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_problems import Place
from streams.bootstrap.agreement_records import rungs_of
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
from streams.domain.handoff import TRANSITIONS

_WAY = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS)
# Four years hold Christmas on most weekdays: the longest ways there are, give or take a day.
_DAYS_TRIED = 1_461
_HOURS_OF_DAY = 24


def clock_remarks(edition: Edition) -> Iterator[Remark]:
    """Look for clocks that nothing meets, statuses that never come, a promise not kept."""
    for position, clock in enumerate(edition.record.clock):
        yield from _reach_remarks(("clock", position), clock)
        yield from _ladder_remarks(("clock", position), clock)
    yield from _promise_remarks(edition)


def _reach_remarks(place: Place, clock: ClockRecord) -> Iterator[Remark]:
    for start in clock.starts_on:
        if not _reached(start, ends=clock.cancelled_on).intersection(clock.met_on):
            text = f"{clock.rule}: nothing in met_on can come once {start} has started it"
            mend = "name in met_on a status that may follow"
            yield Remark("clock-never-met", ERROR, (*place, "met_on"), text, mend)
    reached = {status for start in clock.starts_on for status in _reached(start, ends=())}
    for key in ("met_on", "cancelled_on", "pauses_on"):
        never = [status for status in getattr(clock, key) if status not in reached]
        if never:
            text = (
                f"{clock.rule}: {', '.join(never)} never comes after {', '.join(clock.starts_on)}"
            )
            yield Remark("status-never-reached", WARN, (*place, key), text, "leave it out")


def _reached(start: str, *, ends: Sequence[str]) -> set[str]:
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


def _ladder_remarks(place: Place, clock: ClockRecord) -> Iterator[Remark]:
    if clock.unit not in ("working_days", "calendar_days"):
        return
    late = [
        rung.rung
        for rung in rungs_of(clock)
        if rung.share < 1 and ceil(rung.share * clock.limit) >= clock.limit
    ]
    if late:
        text = f"{clock.rule}: {', '.join(late)} falls at the same midnight as the breach"
        mend = "warn at a smaller share, or count in hours"
        yield Remark("warning-too-late", WARN, place, text, mend)


def _promise_remarks(edition: Edition) -> Iterator[Remark]:
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
        if _span(clock) is not None and _least_days(clock) > count
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
    placed = _on_the_way([clock for clock in edition.record.clock if holds_on(clock, day)])
    place = ("promise", "first_service_within")
    closed = edition.versions[0].closed_days
    first = day.toordinal()
    since = "" if day == edition.record.region.valid_from else f" (from {day})"
    by_stage = _latest(placed, first, closed)
    bare = [_WAY[stage] for stage in range(1, len(_WAY)) if by_stage[stage] is None]
    if bare:
        text = f"no clock sees to it that a handoff becomes {', '.join(bare)}{since}"
        mend = "add a clock, or the promise is nobody's to keep"
        yield Remark("promise-without-clock", WARN, place, text, mend)
        return
    for start in range(first, first + _DAYS_TRIED):
        end = _latest(placed, start, closed)[-1]
        if end is not None and end > _promised(promise, start, closed):
            began = date.fromordinal(start)
            names = ", ".join(clock.rule for _, _, clock in placed)
            text = (
                f"the clocks on the way ({names}) may take {end - start} days from {began}, "
                f"over the promised {promise}{since}"
            )
            mend = "shorten a clock, or promise less"
            yield Remark("clock-exceeds-promise", ERROR, place, text, mend)
            return


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
    starts = [_WAY.index(status) for status in _WAY if status in clock.starts_on]
    if not starts:
        return None
    met = [_WAY.index(status) for status in _WAY if status in clock.met_on]
    after = [stage for stage in met if stage > starts[0]]
    return (starts[0], after[0]) if after else None


def _end(clock: ClockRecord, day: int, closed: frozenset[int]) -> int:
    if clock.unit == "hours":
        return day + ceil(clock.limit / _HOURS_OF_DAY)
    if clock.unit == "working_days":
        return calendar.after_working_days(day, clock.limit, closed)
    if clock.unit == "months":
        return calendar.after_months(day, clock.limit)
    return day + clock.limit


def _least_days(clock: ClockRecord) -> int:
    if clock.unit == "hours":
        return clock.limit // _HOURS_OF_DAY
    return clock.limit * 28 if clock.unit == "months" else clock.limit


def _promised(promise: str, day: int, closed: frozenset[int]) -> int:
    count, working = promise_days(promise)
    return calendar.after_working_days(day, count, closed) if working else day + count
