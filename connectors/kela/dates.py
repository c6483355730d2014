"""Kela's dates and times: three styles of a date, one of them in a batch, and times as `10:15`."""

import re
from datetime import date, time
from enum import StrEnum
from functools import lru_cache

from connectors.local_time import YEAR_MAX, YEAR_MIN


class DateStyle(StrEnum):
    """How a batch writes its dates."""

    ISO = "iso"
    """`2026-02-09`"""
    DOTTED = "dotted"
    """`9.2.2026`, leading zeros allowed"""
    PACKED = "packed"
    """`09022026`"""


# [0-9] and not \d, which would let other scripts' digits in.
_STYLES = {
    DateStyle.ISO: re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    DateStyle.DOTTED: re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})"),
    DateStyle.PACKED: re.compile(r"(?P<day>[0-9]{2})(?P<month>[0-9]{2})(?P<year>[0-9]{4})"),
}
_LENGTH_MAX = 10
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read_date(text: str, style: DateStyle | None) -> date | None:
    """Read a date in a style, in any of the three where the batch has none.

    None for anything else, a day that no calendar has, or a year outside 1900-2200.
    """
    # What is kept by text must be short: a sender chooses the length.
    return _read_date(text, style) if len(text) <= _LENGTH_MAX else None


@lru_cache(maxsize=4096)
def _read_date(text: str, style: DateStyle | None) -> date | None:
    styles = DateStyle if style is None else (style,)
    form = next(filter(None, (_STYLES[each].fullmatch(text) for each in styles)), None)
    if form is None:
        return None
    try:
        day = date(int(form["year"]), int(form["month"]), int(form["day"]))
    except ValueError:
        return None
    return day if YEAR_MIN <= day.year <= YEAR_MAX else None


def style_of(text: str) -> DateStyle | None:
    """Say in which style a date is written, None where it is no date that can be read."""
    for style in DateStyle:
        if read_date(text, style) is not None:
            return style
    return None


def read_time(text: str) -> time | None:
    """Read a local time of day `HH:MM`, None for anything else."""
    form = _TIME.fullmatch(text)
    return time(int(form[1]), int(form[2])) if form is not None else None
