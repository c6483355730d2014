"""Closed days: the days on which offices are shut though it is no weekend, frozen into a file.

`calendar-NAME.toml` lists them by holiday, with the range of years it covers. It is written once by
`streams.bootstrap.freeze_calendar` and read ever after: an upgrade of a library must not move old
deadlines.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Holiday(NamedTuple):
    """What a closed day is called."""

    fi: str
    sv: str
    en: str


class ClosedDays(NamedTuple):
    """A calendar file: from `first` to `last` (both included) every closed day is in `days`."""

    name: str
    first: date
    last: date
    days: Mapping[date, Holiday]

    def ordinals(self) -> frozenset[int]:
        """Give the closed days as proleptic ordinals, those on a weekend too."""
        return _one_object(frozenset(day.toordinal() for day in self.days))


@lru_cache(maxsize=8)
def _one_object(days: frozenset[int]) -> frozenset[int]:
    """Give the first of equal sets: what is kept by a calendar compares it at every look."""
    return days


@lru_cache(maxsize=8)  # every version of an agreement names the same one
def parse_closed_days(name: str, text: str) -> ClosedDays:
    """Read a calendar file's text.

    Raises:
        ValueError: The text is no calendar: no TOML, a key is missing or of another kind, or a date
            lies outside the covered range.
    """
    try:
        document = tomllib.loads(text)
        covers = document["covers"]
        first, last = covers["first"], covers["last"]
        days = {
            day: Holiday(**holiday["name"])
            for holiday in document["holiday"]
            for day in holiday["dates"]
        }
        inside = all(first <= day <= last for day in days)
    except (KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise ValueError("covers.first, covers.last or holiday is missing or malformed") from wrong
    if not inside:
        raise ValueError("a date lies outside the covered range")
    return ClosedDays(name, first, last, MappingProxyType(days))


def read_closed_days(name: str, folders: tuple[Path, ...]) -> ClosedDays:
    """Read `calendar-NAME.toml` from the first of the folders that has it.

    Raises:
        FileNotFoundError: No folder has it.
        ValueError: It is no calendar.
    """
    for folder in folders:
        file = folder / f"calendar-{name}.toml"
        if file.is_file():
            return parse_closed_days(name, file.read_text(encoding="utf-8"))
    raise FileNotFoundError(f"calendar-{name}.toml")
