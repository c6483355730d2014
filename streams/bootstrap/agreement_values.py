"""Single values of an agreement file: what is accepted, and how to mend what is not.

Each refusal says what is wrong, the mend, and the nearest known code; never the value itself.
"""

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from streams.domain.codes import Basis, Branch, Category, Priority, Purpose, RejectReason, Service
from streams.domain.statements import StatementKind

SECTORS = ("sote", "employment", "kela", "typ")
PROFILES = ("production", "test")
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
DELIVERIES = ("none", "file", "in-process")

HOUR_US = 3_600_000_000
_DURATIONS_US = {"m": HOUR_US // 60, "h": HOUR_US, "d": 24 * HOUR_US}
_DURATION = "([1-9][0-9]{0,4})([mhd])"
_PROMISE = "([1-9][0-9]{0,3})(d|wd)"


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known word that is most like a given one; `known` must not be empty."""
    words = sorted(known)
    return get_close_matches(word, words, n=1, cutoff=0.0)[0]


def one_of(codes: Iterable[str]) -> AfterValidator:
    """Take a code of a list, `unknown` never; refuse another, naming the nearest."""
    known = tuple(code for code in codes if code != "unknown")

    def accept(code: str) -> str:
        if code in known:
            return code
        raise PydanticCustomError(
            "unknown-code",
            "no such code",
            {"nearest": nearest(code, known), "mend": f"use one of {', '.join(known)}"},
        )

    return AfterValidator(accept)


def shaped(pattern: str, problem: str, mend: str) -> AfterValidator:
    """Take text of a pattern; refuse any other, saying what it is not and how to write it."""
    wanted = re.compile(pattern, re.ASCII)

    def accept(text: str) -> str:
        if wanted.fullmatch(text):
            return text
        raise PydanticCustomError("bad-value", problem, {"mend": mend})

    return AfterValidator(accept)


def _business_id(text: str) -> str:
    from stdnum.fi import ytunnus

    # The library takes other spellings too; the file has the one that messages are compared with.
    if re.fullmatch(r"[0-9]{7}-[0-9]", text, re.ASCII) and ytunnus.is_valid(text):
        return text
    raise PydanticCustomError(
        "business-id",
        "not a business id: its check digit or its form is wrong",
        {"mend": 'write it as seven digits, a dash and the check digit, as "9100001-3"'},
    )


def _delivery(text: str) -> str:
    kind, colon, place = text.partition(":")
    if text in DELIVERIES or (kind == "file" and place):
        return text
    if kind == "webhook" and re.fullmatch(r"https?://[^\s/]+\S*", place):
        return text
    raise PydanticCustomError(
        "bad-value",
        "no such way to deliver",
        {
            "mend": 'use "none", "file", "file:FOLDER", "webhook:https://..." or "in-process"',
            "nearest": nearest(kind + colon, (*DELIVERIES, "file:", "webhook:")),
        },
    )


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _plausible(day: date) -> date:
    if FIRST_DAY <= day <= LAST_DAY:
        return day
    raise PydanticCustomError(
        "bad-value",
        "is a day of no agreement",
        {"mend": "write a day of 1900 to 2199, or leave it out for always"},
    )


def duration_us(text: str) -> int:
    """Turn a duration of the file ("15m", "24h", "30d") into microseconds; a day is 24 hours.

    Raises:
        ValueError: It is none, or of nothing.
    """
    found = re.fullmatch(_DURATION, text, re.ASCII)
    if found is None:
        raise ValueError(f"no duration: {text!r}")
    return int(found[1]) * _DURATIONS_US[found[2]]


def promise_days(text: str) -> tuple[int, bool]:
    """Read a promise ("60d", "40wd") as a count of days, and whether those are working days.

    Raises:
        ValueError: It is none, or of nothing.
    """
    found = re.fullmatch(_PROMISE, text, re.ASCII)
    if found is None:
        raise ValueError(f"no promise: {text!r}")
    return int(found[1]), found[2] == "wd"


Text = Annotated[str, Field(min_length=1)]
Day = Annotated[date, AfterValidator(_plausible)]
Duration = Annotated[
    str, shaped(_DURATION, "not a duration", 'write minutes, hours or days: "15m", "24h", "30d"')
]
Promised = Annotated[
    str, shaped(_PROMISE, "not a promise", 'write days or working days: "60d", "40wd"')
]
CalendarName = Annotated[str, shaped("[a-z]+", "not a calendar", 'write "fi"')]
RuleName = Annotated[
    str, shaped("[a-z][a-z0-9-]*", "not a rule's name", 'write it as "acceptance"')
]

Profile = Annotated[str, one_of(PROFILES)]
SectorCode = Annotated[str, one_of(SECTORS)]
ServiceCode = Annotated[str, one_of(Service)]
PurposeCode = Annotated[str, one_of(Purpose)]
PriorityCode = Annotated[str, one_of(Priority)]
ReasonCode = Annotated[str, one_of(RejectReason)]
RuleBasis = Annotated[str, one_of((Basis.STATUTE, Basis.TYP_MEMBERSHIP))]
StatementBasis = Annotated[str, one_of((Basis.CONSENT, Basis.SOTE_PERMIT))]
BranchCode = Annotated[str, one_of(Branch)]
KindCode = Annotated[str, one_of(StatementKind)]
Categories = list[Annotated[str, one_of(Category)]]
# A lone code stands for a list of one.
Sectors = Annotated[list[SectorCode], BeforeValidator(_listed), Field(min_length=1)]
Purposes = Annotated[list[PurposeCode], BeforeValidator(_listed), Field(min_length=1)]

TaskCode = Annotated[
    str,
    shaped(
        "[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        "not a service task's code",
        'write letters, digits, dots, dashes and underscores, as "TYOIKAISTEN_PALVELUT"',
    ),
]
AgencyCode = Annotated[
    str,
    shaped(
        r"(?!hub$)[a-z][a-z0-9-]*(\.[a-z0-9-]+)*",
        "not an agency id",
        'write lower-case words and dots, as "sote.south-karelia"; "hub" is the hub\'s own',
    ),
]
BusinessId = Annotated[str, AfterValidator(_business_id)]
Oid = Annotated[
    str,
    shaped(r"[0-2](\.(0|[1-9][0-9]*))+", "not an OID", 'write it bare, as "1.2.246.10.91000013"'),
]
XroadMember = Annotated[
    str,
    shaped(
        r"[A-Z][A-Z-]*/[A-Z]+/[^/\s]+(/[^/\s]+)?",
        "not an X-Road member",
        'write INSTANCE/CLASS/CODE/SUBSYSTEM, as "FI-TEST/MUN/9100001-3/sote"',
    ),
]
Delivery = Annotated[str, AfterValidator(_delivery)]
Municipality = Annotated[
    str, shaped("[0-9]{3}", "not a municipality code", 'write three digits, as "405"')
]
Place = Annotated[
    str,
    shaped(
        r"[0-9]{3}|\*",
        "neither a municipality code nor all of them",
        'write three digits, as "405", or "*" alone for all',
    ),
]
County = Annotated[str, shaped("[0-9]{2}", "not a county code", 'write two digits, as "11"')]
