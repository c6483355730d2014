"""Lint of calendars and offices: days that run out, silence that is counted in hours not agreed."""

from collections.abc import Iterator
from datetime import date, timedelta

from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_ladder import span
from streams.bootstrap.agreement_remarks import ERROR, WARN, Remark

CALENDAR_YEARS_AHEAD = 2
OWN_DAYS_YEARS_AHEAD = 1
_BY_CALENDAR = ("working_days", "working_hours")


def office_remarks(edition: Edition, today: date) -> Iterator[Remark]:
    """Look for calendars that end before clocks do, and silence without agreed office hours."""
    yield from _calendar_remarks(edition, today)
    yield from _last_clocks(edition)
    yield from _own_days(edition, today)
    for position, agency in enumerate(edition.record.agency):
        if agency.silent_after is not None and "office_hours" not in agency.model_fields_set:
            hours = agency.office_hours
            text = (
                f"{agency.id}: silence is counted in office hours that nobody agreed "
                f"({hours.opens} to {hours.closes} is taken)"
            )
            mend = "add office_hours to the agency"
            place = ("agency", position, "silent_after")
            yield Remark("silence-without-hours", WARN, place, text, mend)


def _calendar_remarks(edition: Edition, today: date) -> Iterator[Remark]:
    region, closed = edition.record.region, edition.closed
    place = ("region", "calendar")
    mend = "freeze more years: python -m streams.bootstrap.freeze_calendar"
    ends = region.valid_to
    if region.valid_from < closed.first or (ends is not None and closed.last < ends):
        text = f"the calendar covers {closed.first} to {closed.last}, not the whole agreement"
        yield Remark("calendar-too-short", ERROR, place, text, mend)
    elif ends is None and closed.last < _years_on(today, CALENDAR_YEARS_AHEAD):
        text = f"the calendar ends on {closed.last}, within {CALENDAR_YEARS_AHEAD} years"
        yield Remark("calendar-ends-soon", WARN, place, text, mend)


def _last_clocks(edition: Edition) -> Iterator[Remark]:
    region, closed = edition.record.region, edition.closed
    if region.valid_to is None or closed.last < region.valid_to:
        return
    for position, clock in enumerate(edition.record.clock):
        if clock.unit not in _BY_CALENDAR:
            continue
        last_start = min(region.valid_to, clock.valid_to or date.max)
        days = timedelta(hours=span(clock.limit, clock.unit).most).days
        if (closed.last - last_start).days < days:
            text = f"{clock.rule}: one that starts on {last_start} may run past the calendar's end"
            mend = "freeze more years: python -m streams.bootstrap.freeze_calendar"
            place = ("clock", position, "limit")
            yield Remark("calendar-too-short", ERROR, place, text, mend)


def _own_days(edition: Edition, today: date) -> Iterator[Remark]:
    counted = [
        clock.rule
        for clock in edition.record.clock
        if clock.calendar == "agency" and clock.valid_to is None
    ]
    if not counted or edition.record.region.valid_to is not None:
        return
    for position, agency in enumerate(edition.record.agency):
        if not agency.closed_days or agency.valid_to is not None:
            continue
        last = max(agency.closed_days)
        if last < _years_on(today, OWN_DAYS_YEARS_AHEAD):
            text = f"{agency.id}: its closed days end on {last}, and {', '.join(counted)} goes on"
            mend = "list those of the coming year too"
            place = ("agency", position, "closed_days")
            yield Remark("closed-days-end-soon", WARN, place, text, mend)


def _years_on(day: date, years: int) -> date:
    # The last day of February has no namesake in most years.
    return day.replace(year=day.year + years, day=min(day.day, 28))
