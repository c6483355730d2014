"""Findings: what is wrong with one message, collected while its fields are read.

A field that is absent is None; a field of the wrong kind is a finding and None. No text of the
message goes into a finding.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from connectors.finnish_codes import nearest
from connectors.local_time import end_of_day, local_midnight, read_date, read_instant
from streams.domain.entry import Problem
from streams.domain.ids import Instant

Json = dict[str, object]
Value = TypeVar("Value")

ID_LENGTH_MAX = 128
REFERENCE_LENGTH_MAX = 512
_PRINTABLE_FROM = " "

_WRONG_KIND = "the field is not of the kind that FHIR gives it"
_NO_SUCH_CODE = "no such code in the agreed code system"
_UNREADABLE_TIME = "not a date or an instant that can be read"


class Coded(NamedTuple):
    """A coding or typed value of one code system, and where it stands."""

    holder: Json
    at: str


class Findings:
    """The problems of one message, in the order in which they were met."""

    __slots__ = ("problems",)

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self.problems: list[Problem] = []

    def note(self, code: str, pointer: str, detail: str, near: str | None = None) -> None:
        """Add a problem; `pointer` is a FHIRPath and `detail` the hub's own words."""
        self.problems.append(Problem(code, pointer, detail, near))

    def missing(self, pointer: str, detail: str) -> None:
        """Add that a field is missing that the event needs."""
        self.note("missing-field", pointer, detail)

    def text(self, holder: Json, field: str, at: str) -> str | None:
        """Read a text without its outer spaces; None where it is absent, empty or no text."""
        value = holder.get(field)
        if value is None:
            return None
        if isinstance(value, str):
            return value.strip() or None
        self.note("bad-value", f"{at}.{field}", _WRONG_KIND)
        return None

    def identifying(self, holder: Json, field: str, at: str) -> str | None:
        """Read a text that names something: at most 128 characters, none of them for control."""
        return self._printable(holder, field, at, ID_LENGTH_MAX)

    def reference(self, holder: Json, field: str, at: str) -> str | None:
        """Read where something is kept: at most 512 characters, none of them for control."""
        return self._printable(holder, field, at, REFERENCE_LENGTH_MAX)

    def _printable(self, holder: Json, field: str, at: str, length_max: int) -> str | None:
        value = self.text(holder, field, at)
        if value is not None and (len(value) > length_max or min(value) < _PRINTABLE_FROM):
            detail = f"1 to {length_max} printable characters are wanted here"
            self.note("bad-value", f"{at}.{field}", detail)
            return None
        return value

    def part(self, holder: Json, field: str, at: str) -> Json:
        """Read an object; an empty one where it is absent or no object."""
        value = holder.get(field)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.note("bad-value", f"{at}.{field}", _WRONG_KIND)
        return {}

    def parts(self, holder: Json, field: str, at: str) -> list[tuple[Json, str]]:
        """Read a list of objects, each with its pointer; empty where it is absent or no list."""
        value = holder.get(field)
        if value is None:
            return []
        if not isinstance(value, list):
            self.note("bad-value", f"{at}.{field}", _WRONG_KIND)
            return []
        found: list[tuple[Json, str]] = []
        for index, item in enumerate(value):
            if isinstance(item, dict):
                found.append((item, f"{at}.{field}[{index}]"))
            else:
                self.note("bad-value", f"{at}.{field}[{index}]", _WRONG_KIND)
        return found

    def coding(self, holder: Json, field: str, at: str, system: str) -> Coded | None:
        """Find the first coding of a code system in a CodeableConcept, past all other systems."""
        concept = self.part(holder, field, at)
        for coding, place in self.parts(concept, "coding", f"{at}.{field}"):
            if coding.get("system") == system:
                return Coded(coding, place)
        return None

    def code(self, holder: Json, field: str, at: str, known: Mapping[str, Value]) -> Value | None:
        """Read a code of the contract; one that is not known is a finding with the nearest."""
        value = self.text(holder, field, at)
        if value is None:
            return None
        meaning = known.get(value)
        if meaning is None:
            self.note("unknown-code", f"{at}.{field}", _NO_SUCH_CODE, nearest(value, known))
        return meaning

    def needed_code(
        self, holder: Json, field: str, at: str, known: Mapping[str, Value]
    ) -> Value | None:
        """Read a code that the event cannot do without."""
        value = holder.get(field)
        if value is None or (isinstance(value, str) and not value.strip()):
            self.missing(f"{at}.{field}", "a code is needed here")
            return None
        return self.code(holder, field, at, known)

    def instant(self, holder: Json, field: str, at: str, *, ends: bool = False) -> Instant | None:
        """Read a FHIR dateTime or instant; None where it is absent or cannot be read.

        A date alone is its local midnight, or with `ends` the midnight after it.
        """
        value = holder.get(field)
        if value is None:
            return None
        if isinstance(value, str):
            text = value.strip()
            moment = read_instant(text)
            if moment is not None:
                return moment
            day = read_date(text)
            if day is not None:
                return end_of_day(day) if ends else local_midnight(day)
        self.note("bad-time", f"{at}.{field}", _UNREADABLE_TIME)
        return None
