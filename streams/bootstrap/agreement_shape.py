"""What may stand in an agreement file: its records, and the meaning of each key.

The file is TOML. Dates are local (Europe/Helsinki): `valid_from` is the first day a record holds,
`valid_to` the last day it holds, itself included; a record without them always holds. Every record
may carry `law_ref` and `verified`; `verified` is true only when a person has checked the statute.
Services and the bounce rule are tables, or arrays of tables where they change on a date.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from streams.domain.codes import Basis, Category, Purpose, RejectReason, Service, Status

SECTORS = ("sote", "employment", "kela", "typ")
PROFILES = ("production", "test")
UNITS = ("working_days", "calendar_days", "hours", "months")
ROLES = ("source", "recipient", "coordinator")
RULE_BASES = (Basis.STATUTE, Basis.TYP_MEMBERSHIP)
STATEMENT_BASES = (Basis.CONSENT, Basis.SOTE_PERMIT)
SHARE_MAX = 10
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
DELIVERIES = ("none", "file", "in-process")

HOUR_US = 3_600_000_000
_DURATIONS_US = {"m": HOUR_US // 60, "h": HOUR_US, "d": 24 * HOUR_US}
_DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])", re.ASCII)
_PROMISE = re.compile(r"([1-9][0-9]{0,3})(d|wd)", re.ASCII)
_AGENCY_ID = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*", re.ASCII)
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)
_XROAD = re.compile(r"[A-Z][A-Z-]*/[A-Z]+/[^/\s]+(/[^/\s]+)?", re.ASCII)
_MUNICIPALITY = re.compile(r"[0-9]{3}", re.ASCII)
_COUNTY = re.compile(r"[0-9]{2}", re.ASCII)


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known word that is most like a given one; `known` must not be empty."""
    words = sorted(known)
    return get_close_matches(word, words, n=1, cutoff=0.0)[0]


def _one_of(codes: Iterable[str]) -> Callable[[str], str]:
    known = tuple(code for code in codes if code != "unknown")

    def accept(code: str) -> str:
        if code in known:
            return code
        raise PydanticCustomError(
            "unknown-code",
            "no such code",
            {"nearest": nearest(code, known), "mend": f"use one of {', '.join(known)}"},
        )

    return accept


def _shaped(pattern: re.Pattern[str], problem: str, mend: str) -> Callable[[str], str]:
    def accept(text: str) -> str:
        if pattern.fullmatch(text):
            return text
        raise PydanticCustomError("bad-value", problem, {"mend": mend})

    return accept


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
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"no duration: {text!r}")
    return int(found[1]) * _DURATIONS_US[found[2]]


def promise_days(text: str) -> tuple[int, bool]:
    """Read a promise ("60d", "40wd") as a count of days, and whether those are working days.

    Raises:
        ValueError: It is none, or of nothing.
    """
    found = _PROMISE.fullmatch(text)
    if found is None:
        raise ValueError(f"no promise: {text!r}")
    return int(found[1]), found[2] == "wd"


Day = Annotated[date, AfterValidator(_plausible)]
Sector = Annotated[str, AfterValidator(_one_of(SECTORS))]
StatusCode = Annotated[str, AfterValidator(_one_of(Status))]
ServiceCode = Annotated[str, AfterValidator(_one_of(Service))]
PurposeCode = Annotated[str, AfterValidator(_one_of(Purpose))]
Share = Annotated[float, AfterValidator(_share)]
Categories = list[Annotated[str, AfterValidator(_one_of(Category))]]
Municipality = Annotated[
    str,
    AfterValidator(
        _shaped(_MUNICIPALITY, "not a municipality code", 'write three digits, as "405"')
    ),
]
Duration = Annotated[
    str,
    AfterValidator(
        _shaped(_DURATION, "not a duration", 'write minutes, hours or days: "15m", "24h", "30d"')
    ),
]
Sectors = Annotated[list[Sector], BeforeValidator(_listed), Field(min_length=1)]
Purposes = Annotated[list[PurposeCode], BeforeValidator(_listed), Field(min_length=1)]
AgencyCode = Annotated[
    str,
    AfterValidator(
        _shaped(
            _AGENCY_ID,
            "not an agency id",
            'write lower-case words and dots, as "sote.south-karelia"',
        )
    ),
]
Places = list[
    Annotated[
        str,
        AfterValidator(
            _shaped(
                re.compile(rf"\*|{_MUNICIPALITY.pattern}", re.ASCII),
                "neither a municipality code nor all of them",
                'write three digits, as "405", or "*" alone for all',
            )
        ),
    ]
]


class Record(BaseModel):
    """A table of the file: no key that is not known, no value of another kind than asked for."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Dated(Record):
    """A record that may hold for a time, and may rest on a law."""

    valid_from: Day | None = Field(None, description="First local day on which the record holds.")
    valid_to: Day | None = Field(
        None, description="Last local day on which the record holds, that day included."
    )
    law_ref: str = Field("", description="Statute and section that the record rests on.")
    verified: bool = Field(
        default=False, description="True only when a person has checked the record against law_ref."
    )


class Region(Record):
    """`[region]`: which region and profile, since when, and how long things wait."""

    id: Annotated[str, Field(min_length=1)]
    profile: Annotated[str, AfterValidator(_one_of(PROFILES))]
    valid_from: Day = Field(description="First local day of this version of the agreement.")
    valid_to: Day | None = Field(None, description="Last local day of this version, included.")
    calendar: Annotated[
        str, AfterValidator(_shaped(re.compile("[a-z-]+"), "not a calendar", 'write "fi"'))
    ] = Field("fi", description="Reads calendar-NAME.toml beside the file, else the shipped one.")
    awaiting_basis_for: Duration = Field(
        "30d", description="A handoff that waits longer for a legal basis is cancelled."
    )
    park_for: Duration = Field(
        "24h", description="How long an answer waits for the referral it names."
    )
    deliver_for: Duration = Field(
        "3d", description="How long dispatch retries a notice before it is undeliverable."
    )


class Names(Record):
    """What an agency is called in each language."""

    fi: Annotated[str, Field(min_length=1)]
    sv: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class AgencyRecord(Dated):
    """`[[agency]]`: one agency of the region, and the area it serves."""

    id: AgencyCode
    sector: Sector
    name: Names
    business_id: Annotated[str, AfterValidator(_business_id)]
    oid: Annotated[
        str,
        AfterValidator(_shaped(_OID, "not an OID", 'write it bare, as "1.2.246.10.91000013"')),
    ]
    xroad_member: Annotated[
        str,
        AfterValidator(
            _shaped(
                _XROAD,
                "not an X-Road member",
                'write INSTANCE/CLASS/CODE/SUBSYSTEM, as "FI-TEST/MUN/9100001-3/sote"',
            )
        ),
    ]
    municipalities: Places = Field(description='Three-digit codes, or "*" for all.')
    counties: list[
        Annotated[
            str,
            AfterValidator(_shaped(_COUNTY, "not a county code", 'write two digits, as "11"')),
        ]
    ] = Field(default=[], description="Wellbeing services counties whose area it serves.")
    delivery: Annotated[str, AfterValidator(_delivery)] = "none"


class RecipientRecord(Record):
    """`[[service.CODE.recipient]]`: an agency that answers instead of the sector's own."""

    agency: AgencyCode
    source_sectors: list[Sector] = Field(default=[], description="Empty: any source.")
    municipalities: list[Municipality] = Field(default=[], description="Empty: any municipality.")


class ServiceRecord(Dated):
    """`[service.CODE]`: what a service's data is for, and who is competent."""

    purpose: PurposeCode
    default_categories: Categories = Field(description="Of a referral that names none.")
    competent_sector: Sector
    recipient: list[RecipientRecord] = []


class BasisRecord(Dated):
    """`[[basis]]`: a statute or the TYP act; lists stand for every pair of different sectors."""

    kind: Annotated[str, AfterValidator(_one_of(RULE_BASES))]
    from_sector: Sectors
    to_sector: Sectors
    purpose: Purposes
    categories: Categories = Field(min_length=1)
    overrides_prohibition: bool = False


class StatementRecord(Dated):
    """`[[statement]]`: what the agencies know rests on the person's own word; permits nothing."""

    kind: Annotated[str, AfterValidator(_one_of(STATEMENT_BASES))]
    from_sector: Sectors
    to_sector: Sectors
    purpose: Purposes
    categories: Categories = Field(min_length=1)


class RungRecord(Record):
    """`[[clock.rung]]`: at which share of the budget which role is told; 1 is when it is due."""

    at: Share
    to: Annotated[str, AfterValidator(_one_of(ROLES))]


class ClockRecord(Dated):
    """`[[clock]]`: a deadline between statuses of a handoff."""

    rule: Annotated[
        str,
        AfterValidator(
            _shaped(re.compile("[a-z][a-z0-9-]*"), "not a rule's name", 'write it as "acceptance"')
        ),
    ]
    unit: Annotated[str, AfterValidator(_one_of(UNITS))]
    limit: Annotated[int, Field(ge=1, le=10_000)]
    starts_on: list[StatusCode] = Field(min_length=1)
    met_on: list[StatusCode] = Field(min_length=1)
    cancelled_on: list[StatusCode] = []
    pauses_on: list[StatusCode] = []
    warn_at: list[Annotated[float, AfterValidator(_before_due)]] = Field(
        default=[], description="Fractions of the budget at which the recipient is warned."
    )
    rung: list[RungRecord] = []
    statutory: bool = False


class RejectRecord(Dated):
    """`[[reject]]`: a reason to say no, and whether the hub then passes the referral on.

    A file that has any agrees on those alone; one that has none takes every known reason, and
    passes on what is misdirected.
    """

    reason: Annotated[str, AfterValidator(_one_of(RejectReason))]
    reroutes: bool = False


class BounceRecord(Dated):
    """`[bounce]`: when a person counts as bounced, and who then brings the parties together."""

    window_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    limit: Annotated[int, Field(ge=1, le=100)] = 3
    coordinator: AgencyCode


class Promise(Record):
    """`[promise]`: what the agencies promise of the whole path; lint holds the clocks to it."""

    first_service_within: Annotated[
        str,
        AfterValidator(
            _shaped(_PROMISE, "not a promise", 'write days or working days: "60d", "40wd"')
        ),
    ] = Field(description="From the referral to the start of the service.")


class AgreementFile(Record):
    """One version of a region's agreement, as a file holds it."""

    region: Region
    agency: list[AgencyRecord] = Field(min_length=1)
    service: dict[ServiceCode, list[ServiceRecord]] = Field(min_length=1)
    basis: list[BasisRecord] = []
    statement: list[StatementRecord] = []
    clock: list[ClockRecord] = []
    reject: list[RejectRecord] = []
    bounce: list[BounceRecord] = Field(min_length=1)
    promise: Promise | None = None


RECORDS: dict[tuple[str, ...], type[Record]] = {
    (): AgreementFile,
    ("region",): Region,
    ("agency",): AgencyRecord,
    ("agency", "name"): Names,
    ("service",): ServiceRecord,
    ("service", "recipient"): RecipientRecord,
    ("basis",): BasisRecord,
    ("statement",): StatementRecord,
    ("clock",): ClockRecord,
    ("clock", "rung"): RungRecord,
    ("reject",): RejectRecord,
    ("bounce",): BounceRecord,
    ("promise",): Promise,
}
"""Which record stands where, by the names of the tables on the way; a service's code left out."""
