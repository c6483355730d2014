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

from streams.domain.codes import Basis, Category, Purpose, RejectReason, Service, Status

SECTORS = ("sote", "employment", "kela", "typ")
PROFILES = ("production", "test")
UNITS = ("working_days", "calendar_days", "hours", "months")
ROLES = ("source", "recipient", "coordinator")
SHARE_MAX = 10
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


def _one_of(codes: Iterable[str]) -> AfterValidator:
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


def _shaped(pattern: str, problem: str, mend: str) -> AfterValidator:
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


def _share(share: float) -> float:
    if 0 < share <= SHARE_MAX:
        return share
    raise PydanticCustomError(
        "bad-value",
        "a rung stands at a share of the clock's budget, over 0 and at most 10",
        {"mend": "write a share, as 0.6 or 1.5; 'so many days before due' is not offered yet"},
    )


def _before_due(share: float) -> float:
    if 0 < share < 1:
        return share
    raise PydanticCustomError(
        "bad-value",
        "a warning comes at a fraction of the budget, over 0 and under 1",
        {"mend": "write a fraction, as 0.6; the breach at 1 needs no warning"},
    )


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
Share = Annotated[float, AfterValidator(_share)]
WarningShare = Annotated[float, AfterValidator(_before_due)]
Duration = Annotated[
    str, _shaped(_DURATION, "not a duration", 'write minutes, hours or days: "15m", "24h", "30d"')
]
Promised = Annotated[
    str, _shaped(_PROMISE, "not a promise", 'write days or working days: "60d", "40wd"')
]
CalendarName = Annotated[str, _shaped("[a-z]+", "not a calendar", 'write "fi"')]
RuleName = Annotated[
    str, _shaped("[a-z][a-z0-9-]*", "not a rule's name", 'write it as "acceptance"')
]

Profile = Annotated[str, _one_of(PROFILES)]
SectorCode = Annotated[str, _one_of(SECTORS)]
StatusCode = Annotated[str, _one_of(Status)]
ServiceCode = Annotated[str, _one_of(Service)]
PurposeCode = Annotated[str, _one_of(Purpose)]
ReasonCode = Annotated[str, _one_of(RejectReason)]
RuleBasis = Annotated[str, _one_of((Basis.STATUTE, Basis.TYP_MEMBERSHIP))]
StatementBasis = Annotated[str, _one_of((Basis.CONSENT, Basis.SOTE_PERMIT))]
Unit = Annotated[str, _one_of(UNITS)]
Role = Annotated[str, _one_of(ROLES)]
Categories = list[Annotated[str, _one_of(Category)]]
# A lone code stands for a list of one.
Sectors = Annotated[list[SectorCode], BeforeValidator(_listed), Field(min_length=1)]
Purposes = Annotated[list[PurposeCode], BeforeValidator(_listed), Field(min_length=1)]

AgencyCode = Annotated[
    str,
    _shaped(
        r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*",
        "not an agency id",
        'write lower-case words and dots, as "sote.south-karelia"',
    ),
]
BusinessId = Annotated[str, AfterValidator(_business_id)]
Oid = Annotated[
    str,
    _shaped(r"[0-2](\.(0|[1-9][0-9]*))+", "not an OID", 'write it bare, as "1.2.246.10.91000013"'),
]
XroadMember = Annotated[
    str,
    _shaped(
        r"[A-Z][A-Z-]*/[A-Z]+/[^/\s]+(/[^/\s]+)?",
        "not an X-Road member",
        'write INSTANCE/CLASS/CODE/SUBSYSTEM, as "FI-TEST/MUN/9100001-3/sote"',
    ),
]
Delivery = Annotated[str, AfterValidator(_delivery)]
Municipality = Annotated[
    str, _shaped("[0-9]{3}", "not a municipality code", 'write three digits, as "405"')
]
Place = Annotated[
    str,
    _shaped(
        r"[0-9]{3}|\*",
        "neither a municipality code nor all of them",
        'write three digits, as "405", or "*" alone for all',
    ),
]
County = Annotated[str, _shaped("[0-9]{2}", "not a county code", 'write two digits, as "11"')]
