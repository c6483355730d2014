"""What is wrong with an agreement file: every problem at once, each with its place and its mend.

A place is a path as TOML names it, lists counted from 0 (`clock[2].limit`,
`service.job_coaching.purpose`), and the line of the file where that record or key stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic_core import ErrorDetails

from streams.bootstrap.agreement_shape import RECORDS, Record
from streams.bootstrap.agreement_values import nearest

_KINDS = {
    "string_type": ("expects text", 'write it in quotes, as "text"'),
    "int_type": ("expects a whole number", "write it without quotes or fractions, as 5"),
    "float_type": ("expects a number", "write it without quotes, as 0.6"),
    "bool_type": ("expects true or false", "write true or false, without quotes"),
    "list_type": ("expects a list", "write it in brackets; a list of tables in double brackets"),
    "date_type": ("expects a date", "write it without quotes or time, as 2025-01-01"),
    "date_from_datetime_inexact": ("expects a date", "leave the time out, as 2025-01-01"),
    "dict_type": ("expects a table", "write it as a table, in brackets on its own line"),
    "model_type": ("expects a table", "write it as a table, in brackets or braces"),
    "string_too_short": ("is empty", "write what it is called"),
    "too_short": ("is empty", "give at least one"),
    "finite_number": ("expects a number", "write a fraction, as 0.6"),
}
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*(?:[=.])""")

Place = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing that is wrong with a file: where, what, and how to mend it.

    `nearest` names the nearest known key or code, empty where there is none; `line` is 0 where the
    text does not show the place.
    """

    code: str
    path: str
    line: int
    text: str
    mend: str
    nearest: str = ""

    def __str__(self) -> str:
        """Say it on one line, for people."""
        where = f"line {self.line}: " if self.line else ""
        meant = f" (nearest: {self.nearest})" if self.nearest else ""
        return f"{where}{self.path or 'file'}: {self.text}{meant}; {self.mend}"


class AgreementError(Exception):
    """An agreement file cannot be used; `problems` holds everything that is wrong with it.

    `file` is the file's name. The text lists the problems and repeats no value of the file.
    """

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        """Keep the problems in the order of the file."""
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.path)))
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        count = len(self.problems)
        super().__init__(f"{file}: {count} problem{'s' * (count != 1)}\n{listed}")


class Source:
    """A file's text beside what was parsed of it, so that a place can be named and found."""

    def __init__(self, text: str, document: Mapping[str, object]) -> None:
        """Remember where each table and each of its keys begins."""
        self._document = document
        self._lines: dict[Place, int] = {}
        counts: dict[Place, int] = {}
        table: Place = ()
        for number, line in enumerate(text.splitlines(), start=1):
            header = _HEADER.match(line)
            if header is not None:
                table = _table(header[2], counts, repeated=header[1] == "[[")
                self._lines.setdefault(table, number)
            elif (key := _KEY.match(line)) is not None:
                self._lines.setdefault((*table, key[1]), number)

    def path(self, place: Place) -> str:
        """Write a place as the file names it."""
        shown = ""
        for part in self._as_written(place):
            if isinstance(part, int):
                shown += f"[{part}]"
            else:
                shown += f".{part}" if shown else part
        return shown

    def line(self, place: Place) -> int:
        """Find the line of a place, or of what it stands in; 0 for the file as a whole."""
        written = self._as_written(place)
        for length in range(len(written), 0, -1):
            if (found := self._lines.get(written[:length])) is not None:
                return found
        return 0

    def problem(self, code: str, place: Place, text: str, mend: str, meant: str = "") -> Problem:
        """Make a problem of a place."""
        return Problem(code, self.path(place), self.line(place), text, mend, meant)

    def _as_written(self, place: Place) -> Place:
        # A lone table or code is read as a list of one; its place is shown without the number.
        written: list[str | int] = []
        value: object = self._document
        for part in place:
            if isinstance(part, int) and not isinstance(value, list):
                continue
            if part == "[key]":
                continue
            written.append(part)
            if isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            elif isinstance(value, dict):
                value = value.get(part)
        return tuple(written)


def shape_problems(
    errors: Sequence[ErrorDetails],
    source: Source,
    records: Mapping[tuple[str, ...], type[Record]] = RECORDS,
) -> Iterator[Problem]:
    """Turn the errors of a shape into problems; `records` says which record stands where."""
    for error in errors:
        place: Place = error["loc"]
        kind = error["type"]
        if kind == "extra_forbidden":
            known = records[_record(place[:-1])].model_fields
            meant = nearest(str(place[-1]), known)
            mend = f"write `{meant}`, or leave it out"
            yield source.problem("unknown-key", place, "no such key", mend, meant)
        elif kind == "missing":
            field = records[_record(place[:-1])].model_fields[str(place[-1])]
            mend = f"add `{place[-1]}`" + (f" ({field.description})" * bool(field.description))
            yield source.problem("missing-key", place, "is missing", mend)
        elif kind in _KINDS:
            yield source.problem("bad-value", place, *_KINDS[kind])
        else:
            yield source.problem(kind.replace("_", "-"), place, *_own_words(error))


def _own_words(error: ErrorDetails) -> tuple[str, str, str]:
    """Give text, mend and nearest code of a bound, or of an error in the shape's own words."""
    context = error.get("ctx", {})
    if "ge" in context:
        return f"is under {context['ge']}", f"write {context['ge']} or more", ""
    if "le" in context:
        return f"is over {context['le']}", f"write {context['le']} or less", ""
    return error["msg"], context.get("mend", "mend it"), context.get("nearest", "")


def _record(place: Place) -> tuple[str, ...]:
    names = [part for part in place if isinstance(part, str)]
    if names[:1] == ["service"]:
        del names[1:2]
    return tuple(names)


def _table(header: str, counts: dict[Place, int], *, repeated: bool) -> Place:
    names = [name.strip().strip("\"'") for name in header.split(".")]
    place: Place = ()
    for position, name in enumerate(names, start=1):
        place = (*place, name)
        if repeated and position == len(names):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place
