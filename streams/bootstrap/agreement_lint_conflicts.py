"""Lint of clocks beside each other: two that contradict, double or follow on each other badly."""

from collections.abc import Hashable, Iterator, Sequence
from datetime import date
from itertools import combinations

from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_problems import Place
from streams.bootstrap.agreement_remarks import ERROR, WARN, Remark, gaps
from streams.bootstrap.agreement_shape import ClockRecord

_Placed = tuple[Place, ClockRecord]
_NO_AGE = 1_000


def conflict_remarks(edition: Edition) -> Iterator[Remark]:
    """Look for two clocks of one name, two limits of one obligation, and gaps between periods."""
    placed: list[_Placed] = [
        (("clock", position), clock) for position, clock in enumerate(edition.record.clock)
    ]
    for (_, one), (place, other) in combinations(placed, 2):
        if one.rule == other.rule:
            yield from _same_name(one, other, place)
        elif _is_of_one_obligation(one, other) and _overlap(one, other):
            yield from _two_of_one(one, other, place)
    yield from _gaps(placed)


def _same_name(one: ClockRecord, other: ClockRecord, place: Place) -> Iterator[Remark]:
    # Two that hold at one time are the validity room's to report.
    if not _overlap(one, other):
        text = f"another clock is called {one.rule}: one that runs is known by its rule's name"
        mend = f"give each period a name of its own, as {one.rule}-{_year(other)}"
        yield Remark("same-name", ERROR, (*place, "rule"), text, mend)


def _two_of_one(one: ClockRecord, other: ClockRecord, place: Place) -> Iterator[Remark]:
    if (one.limit, one.unit, one.calendar) != (other.limit, other.unit, other.calendar):
        text = (
            f"{one.rule} and {other.rule} give one obligation two deadlines: "
            f"{one.limit} {one.unit} and {other.limit} {other.unit}"
        )
        mend = "end one before the other begins, part them by a condition, or leave one out"
        yield Remark("clocks-contradict", ERROR, (*place, "limit"), text, mend)
    else:
        text = f"{one.rule} and {other.rule} watch one obligation at one time"
        mend = "leave one out, or part them by a condition"
        yield Remark("overlapping-validity", WARN, place, text, mend)


def _gaps(placed: Sequence[_Placed]) -> Iterator[Remark]:
    same: dict[Hashable, list[_Placed]] = {}
    for place, clock in placed:
        same.setdefault(_obligation(clock), []).append((place, clock))
    for periods in same.values():
        yield from gaps(periods)


def _obligation(clock: ClockRecord) -> Hashable:
    return (
        *_moved_by(clock),
        *(frozenset(asked) for asked in (clock.services, clock.source_sectors, clock.priorities)),
        clock.age_from,
        clock.age_under,
        clock.typ_member,
    )


def _moved_by(clock: ClockRecord) -> tuple[Hashable, ...]:
    return clock.scope, clock.owner_sector, frozenset(clock.starts_on), frozenset(clock.met_on)


def _is_of_one_obligation(one: ClockRecord, other: ClockRecord) -> bool:
    return (
        one.law_ref == other.law_ref
        and _moved_by(one) == _moved_by(other)
        and _share_any(one.services, other.services)
        and _share_any(one.source_sectors, other.source_sectors)
        and _share_any(one.priorities, other.priorities)
        and (one.age_from or 0) < (other.age_under or _NO_AGE)
        and (other.age_from or 0) < (one.age_under or _NO_AGE)
        and (None in (one.typ_member, other.typ_member) or one.typ_member is other.typ_member)
    )


def _share_any(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or bool({*one} & {*other})


def _overlap(one: ClockRecord, other: ClockRecord) -> bool:
    starts = max(one.valid_from or date.min, other.valid_from or date.min)
    ends = min(one.valid_to or date.max, other.valid_to or date.max)
    return starts <= ends


def _year(clock: ClockRecord) -> int:
    first = clock.valid_from or clock.valid_to or date.min
    return first.year
