"""The words of an explanation, in the language of who reads it; they stand in `words.toml`."""

import tomllib
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.domain.agreement import Agency
from streams.domain.calendar import HELSINKI, HOUR_US, moment
from streams.domain.ids import Instant

_Command = TypeVar("_Command", bound=Callable[..., Any])

LANGUAGES = ("fi", "sv", "en")
FILE = Path(__file__).with_name("words.toml")
_MINUTE_US, _SECOND_US = 60_000_000, 1_000_000


def language_option(command: _Command) -> _Command:
    """Let a command be told in one of `LANGUAGES`: it gets `language`."""
    return click.option(
        "--language", type=click.Choice(LANGUAGES), default="en", help="Tell it in (default: en)."
    )(command)


class Words:
    """What is said in one of `LANGUAGES`; dates and times are local (Europe/Helsinki)."""

    def __init__(self, language: str) -> None:
        """Speak a language."""
        self.language = language

    def __call__(self, table: str, code: str, **values: str | int) -> str:
        """Say a code of a table, its {names} filled in; one that the table has not, as it is."""
        row = _tables()[table].get(code)
        return row[self.language].format(**values) if row is not None else code

    def agency(self, agency_id: str, known: Agency | None) -> str:
        """Say what an agency is called; its id, where no agreement at hand knows it."""
        if known is None:
            return agency_id
        name: str = getattr(known, f"name_{self.language}")
        return name

    def amount(self, unit: str, amount: int) -> str:
        """Say how much of a unit: whole days or months, microseconds of hours."""
        one, many = self("unit", unit).split("|")
        if unit in ("hours", "working_hours"):
            return self.duration(amount) + many.removeprefix("h")
        return f"{amount} {one if amount == 1 else many}"

    def duration(self, us: int) -> str:
        """Say a duration of microseconds in hours, minutes and seconds, nothing rounded off."""
        hours, rest = divmod(abs(us), HOUR_US)
        minutes, rest = divmod(rest, _MINUTE_US)
        parts = [f"{hours} h"] if hours or not (minutes or rest) else []
        parts += [f"{minutes} min"] if minutes else []
        parts += [f"{self._seconds(rest)} s"] if rest else []
        return ("-" if us < 0 else "") + " ".join(parts)

    def time(self, at: Instant) -> str:
        """Say a local date and time, to the minute, or further where it is not on the minute."""
        local = moment(at).astimezone(HELSINKI)
        rest = at % _MINUTE_US
        return self(
            "style",
            "second" if rest else "time",
            date=self._date(local),
            hour=local.hour,
            minute=local.minute,
            second=self._seconds(rest, digits=2),
        )

    def holiday(self, at: date, name: str) -> str:
        """Say a local date with what it is called: `6.12. itsenäisyyspäivä`."""
        if self("style", "holiday_case") == "lower":
            name = name[:1].lower() + name[1:]
        day, month = str(at.day), str(at.month)
        return self(
            "style", "day_and_name", day=day, month=month, name=self._month(at), holiday=name
        )

    def _date(self, at: date) -> str:
        day, month, year = str(at.day), str(at.month), str(at.year)
        return self("style", "date", day=day, month=month, year=year, name=self._month(at))

    def _month(self, at: date) -> str:
        return self("style", "months").split()[at.month - 1]

    def _seconds(self, us: int, digits: int = 1) -> str:
        whole, rest = divmod(us, _SECOND_US)
        fraction = f"{self('style', 'decimal')}{rest:06}".rstrip("0") if rest else ""
        return f"{whole:0{digits}}{fraction}"


@cache
def _tables() -> dict[str, dict[str, dict[str, Any]]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
