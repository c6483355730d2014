"""A raw record: one message as received, sealed whole, with what only the receive step knew.

What stands in its headers is said once, here, for both sides of the raw topics. A record that the
receive step cannot have written is told by every header that is wrong, each with its pointer.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from streams.domain.entry import Problem
from streams.domain.ids import AgencyId, Instant, PersonId, crockford
from streams.promises import topics

Headers = tuple[tuple[str, bytes], ...]

VALUE_BYTES_MAX = topics.RECORD_BYTES_MAX
GENERATION_MAX = 2**31 - 1
RECORDED_FROM, RECORDED_UNTIL = (
    Instant(-2_208_988_800_000_000),  # 1900-01-01
    Instant(7_289_654_400_000_000),  # 2201-01-01
)
_DIGITS_MAX = 20
_LANE = re.compile(r"p-[0-9A-HJKMNP-TV-Z]{26}|hub-[0-9]{4}-[0-9]{2}", re.ASCII)
_HUB = "hub-"
_KEY = re.compile(rb"[pr]-[0-9A-HJKMNP-TV-Z]{26}")
_NOBODYS = b"r-"
_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_KNOWN = frozenset(
    {
        *(topics.AGENCY, topics.TRANSPORT_ID, topics.RECORDED_AT, topics.CONTENT_TYPE),
        *(topics.GENERATION, topics.SEALED_FOR, topics.PLACE, topics.CONTEXT, topics.PROBLEMS),
    }
)


class RawRecord(NamedTuple):
    """What the receive step writes for one message."""

    key: bytes
    value: bytes
    headers: Headers


class ArrivedRecord(NamedTuple):
    """A record of an agency's raw topic as it came, by whomever it was written."""

    agency: AgencyId
    """Whose topic it is."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    appended_at: Instant
    """The broker's time, for a record that does not say its own."""
    place: str
    """Where it lies, as `topic/partition/offset`."""


class Head(NamedTuple):
    """What the headers of a raw record say."""

    recorded_at: Instant
    transport_id: str | None
    sealed_for: PersonId
    """A person, or the hub's own lane."""
    generation: int
    place: str
    context: str
    problems: tuple[Problem, ...]

    @property
    def person(self) -> PersonId | None:
        """Whose message it is; None where the receive step could read nobody."""
        return None if self.sealed_for.startswith(_HUB) else self.sealed_for


def headers_of(agency: AgencyId, head: Head, content_type: str) -> Headers:
    """Write what the receive step knows of a message as the headers of its record."""
    said = {
        topics.AGENCY: agency,
        topics.RECORDED_AT: str(head.recorded_at),
        topics.CONTENT_TYPE: content_type,
        topics.GENERATION: str(head.generation),
        topics.SEALED_FOR: head.sealed_for,
        topics.PLACE: head.place,
        topics.TRANSPORT_ID: head.transport_id or "",
        topics.CONTEXT: head.context,
    }
    written = [(name, text.encode()) for name, text in said.items() if text]
    if head.problems:
        written.append((topics.PROBLEMS, orjson.dumps(list(map(tuple, head.problems)))))
    return tuple(written)


def read_head(record: ArrivedRecord) -> tuple[Head, tuple[Problem, ...]]:
    """Read the headers of a record, and say everything that is wrong with them and its key.

    Where something is wrong, the rest is what could be read: `recorded_at` is then the broker's
    time, `sealed_for` empty.
    """
    reader = _HeaderReader(record)
    head = Head(
        reader.recorded_at(),
        reader.text(topics.TRANSPORT_ID) or None,
        reader.sealed_for(),
        reader.generation(),
        reader.text(topics.PLACE),
        reader.text(topics.CONTEXT),
        reader.problems_of_splitting(),
    )
    reader.hold_agency()
    reader.hold_key(head)
    return head, tuple(reader.problems)


def is_key(key: bytes | None) -> bool:
    """Say whether a record's key is a person, or what `nobodys_key` gives."""
    return key is not None and _KEY.fullmatch(key) is not None


def nobodys_key(digest: bytes) -> bytes:
    """Give the key of a record whose person could not be read, from its message's keyed digest."""
    return _NOBODYS + crockford(digest).encode()


def traceparent_of(record: ArrivedRecord) -> bytes | None:
    """Give the record's trace context; None where it has none, or none that W3C's rules take."""
    for name, value in record.headers:
        if name == topics.TRACEPARENT and value is not None and _TRACEPARENT.fullmatch(value):
            return value
    return None


class _HeaderReader:
    def __init__(self, record: ArrivedRecord) -> None:
        self.problems: list[Problem] = []
        self._record = record
        self._said: dict[str, str] = {}
        for name, value in record.headers:
            if name not in _KNOWN:
                continue  # others' headers are theirs
            if name in self._said:
                self._note("bad-value", name, "the header stands twice")
            try:
                self._said[name] = (value or b"").decode()
            except UnicodeDecodeError:
                self._said[name] = ""
                self._note("bad-value", name, "not UTF-8")

    def text(self, name: str) -> str:
        return self._said.get(name, "")

    def hold_agency(self) -> None:
        if self._needed(topics.AGENCY) not in ("", self._record.agency):
            self._note("bad-value", topics.AGENCY, "not the agency whose topic this is")

    def hold_key(self, head: Head) -> None:
        key = self._record.key
        if not key:
            self.problems.append(Problem("missing-field", "/key", "the record has no key", None))
        elif not is_key(key):
            detail = "neither a person nor the digest of a message"
            self.problems.append(Problem("bad-value", "/key", detail, None))
        elif head.sealed_for and not (_is_nobodys(key, head) or key.decode() == head.person):
            detail = "not the person for whom the record is sealed"
            self.problems.append(Problem("bad-value", "/key", detail, None))

    def recorded_at(self) -> Instant:
        text = self._needed(topics.RECORDED_AT)
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX:
            at = Instant(int(text))
            if RECORDED_FROM <= at < RECORDED_UNTIL:
                return at
        if text:
            detail = "not microseconds since 1970, in decimal, of the years 1900-2200"
            self._note("bad-time", topics.RECORDED_AT, detail)
        return self._record.appended_at

    def sealed_for(self) -> PersonId:
        text = self._needed(topics.SEALED_FOR)
        if text and _LANE.fullmatch(text) is None:
            self._note("bad-value", topics.SEALED_FOR, "neither a person nor a lane of the hub")
            return PersonId("")
        return PersonId(text)

    def generation(self) -> int:
        text = self._needed(topics.GENERATION)
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX:
            number = int(text)
            if 1 <= number <= GENERATION_MAX:
                return number
        if text:
            self._note("bad-value", topics.GENERATION, "not a whole number from 1, in decimal")
        return 0

    def problems_of_splitting(self) -> tuple[Problem, ...]:
        text = self.text(topics.PROBLEMS)
        try:
            return tuple([_problem(each) for each in orjson.loads(text)]) if text else ()
        except (ValueError, TypeError):
            self._note("bad-value", topics.PROBLEMS, "not a list of problems in JSON")
            return ()

    def _needed(self, name: str) -> str:
        text = self.text(name)
        if not text and not any(each.pointer == _pointer(name) for each in self.problems):
            self._note("missing-field", name, "the record needs this header")
        return text

    def _note(self, code: str, name: str, detail: str) -> None:
        self.problems.append(Problem(code, _pointer(name), detail, None))


def _is_nobodys(key: bytes, head: Head) -> bool:
    return key.startswith(_NOBODYS) and head.person is None


def _pointer(name: str) -> str:
    return f"/headers/{name}"


def _problem(said: object) -> Problem:
    if not isinstance(said, list) or len(said) != len(Problem._fields):
        raise TypeError
    *texts, nearest = said
    if not all(isinstance(text, str) for text in texts) or not isinstance(nearest, str | None):
        raise TypeError
    return Problem(*said)
