"""How the units of a budget are measured: by days that count, or by time."""

from functools import lru_cache
from typing import NamedTuple

from streams.domain import calendar
from streams.domain.calendar import HOUR_US, NO_DAYS, WORKING_WEEK, Offices, midnight
from streams.domain.ids import Instant

WORKING_DAYS, MONTHS, BENEFIT_DAYS = "working_days", "months", "benefit_days"
HOURS, WORKING_HOURS = "hours", "working_hours"
UNITS_US = {"minutes": HOUR_US // 60, HOURS: HOUR_US}
_WHOLE_WEEK = 7


class Days(NamedTuple):
    """Places are days, and stand for the midnights that end them."""

    week: int
    closed: frozenset[int]

    def place(self, at: Instant) -> int:
        """Give the place of an instant."""
        return calendar.local_day(at)

    def ended(self, at: Instant) -> int:
        """Give the last place that is over at an instant."""
        return calendar.local_day(at) - 1

    def last(self, at: Instant) -> int:
        """Give the place that an end belongs to."""
        return calendar.local_day(Instant(at - 1))

    def ends(self, place: int) -> Instant:
        """Give the instant at which a place ends."""
        return midnight(place + 1)

    def is_before(self, pause: int, end: int) -> bool:
        """Say whether a pause begins before an end."""
        return pause <= end

    def after(self, place: int, amount: int) -> int:
        """Give the place so much after another."""
        if amount < 0:
            return calendar.before_days(place, -amount, self.week, self.closed)
        return calendar.after_days(place, amount, self.week, self.closed)

    def between(self, start: int, end: int) -> int:
        """Count what lies between two places."""
        return calendar.days_between(start, end, self.week, self.closed)


class Time(NamedTuple):
    """Places are instants; without offices the clock runs day and night."""

    offices: Offices | None

    def place(self, at: Instant) -> int:
        """Give the place of an instant."""
        return at

    def ended(self, at: Instant) -> int:
        """Give the last place that is over at an instant."""
        return at

    def last(self, at: Instant) -> int:
        """Give the place that an end belongs to."""
        return at

    def ends(self, place: int) -> Instant:
        """Give the instant at which a place ends."""
        return Instant(place)

    def is_before(self, pause: int, end: int) -> bool:
        """Say whether a pause begins before an end."""
        return pause < end

    def after(self, place: int, amount: int) -> int:
        """Give the place so much after another."""
        if self.offices is None:
            return place + amount
        return calendar.after_working_us(Instant(place), amount, self.offices)

    def between(self, start: int, end: int) -> int:
        """Count what lies between two places."""
        if self.offices is None:
            return max(0, end - start)
        return calendar.working_us_between(Instant(start), Instant(end), self.offices)


Measure = Days | Time


@lru_cache(maxsize=1024)
def measure_of(unit: str, days_a_week: int, offices: Offices) -> Measure:
    """Give how a unit is measured; `days_a_week` is that of benefit days."""
    if unit in UNITS_US:
        return Time(None)
    if unit == WORKING_HOURS:
        return Time(offices)
    if unit == WORKING_DAYS:
        return Days(WORKING_WEEK, offices.closed_days)
    if unit == BENEFIT_DAYS:
        closed = calendar.benefit_closed_days(days_a_week, offices.closed_days)
        return Days(days_a_week, closed)
    return Days(_WHOLE_WEEK, NO_DAYS)
