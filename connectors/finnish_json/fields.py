"""Kinds of fields in a JSON event: how each value is read, and the code of what is wrong with it.

Each reader raises `PydanticCustomError` whose type is an error code of the dead letter, so that
pydantic gathers every error of a message at once. No error text holds what the message said.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, PlainValidator, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from connectors.directory import AgencyDirectory
from connectors.finnish_codes import nearest
from connectors.hetu import Hetu, read_hetu
from connectors.local_time import read_date, read_instant
from streams.domain.ids import AgencyId, Instant

ID_LENGTH_MAX = 128
NAME_LENGTH_MAX = 256
REFERENCE_LENGTH_MAX = 512
CATEGORIES_MAX = 64
AGENCIES_MAX = 64
DOCUMENTS_MAX = 64
TASKS_MAX = 64
MEMBERS_MAX = 64
VERSION_MAX = 2**31 - 1
DAYS_MAX = 99_999
"""Benefit days of a whole life fit well below."""

# What no XML can carry would be lost, or stop the notice, on its way to another agency.
_ID = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]*$"
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*$"


class Reception(NamedTuple):
    """What reading a message needs to know besides the message."""

    agencies: AgencyDirectory
    profile: str
    on: date
    """Local date of `recorded_at`: nobody is born after it."""
    service_tasks: tuple[str, ...]
    """Codes of the tasks that a person may prohibit; any where none is agreed."""


class OneOf:
    """Accept one of the known codes and nothing else."""

    def __init__(self, codes: Iterable[str]) -> None:
        """Know the codes, in the sender's own code system."""
        self._schema = core_schema.literal_schema(sorted(codes))

    def __get_pydantic_core_schema__(
        self, _source: type[Any], _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Compare in pydantic's core: a code costs no call of Python."""
        return self._schema


def missing() -> PydanticCustomError:
    """Say that a field that the event needs is not there."""
    return PydanticCustomError("missing-field", "missing")


def wrong(detail: str) -> PydanticCustomError:
    """Say in the hub's own words what is wrong with a value: `detail` never repeats it."""
    return PydanticCustomError("bad-value", "wrong", {"detail": detail})


def _hetu(given: object, info: ValidationInfo[Reception]) -> Hetu:
    if given is None:
        raise missing()
    hetu = read_hetu(given, info.context.profile, info.context.on)
    if isinstance(hetu, str):
        raise PydanticCustomError(hetu, "not a HETU of this region")
    return hetu


def _instant(given: object) -> Instant:
    if given is None:
        raise missing()
    at = read_instant(given) if isinstance(given, str) else None
    if at is None:
        raise PydanticCustomError("bad-time", "not an instant")
    return at


def _day(given: object) -> date:
    if given is None:
        raise missing()
    day = read_date(given) if isinstance(given, str) else None
    if day is None:
        raise PydanticCustomError("bad-time", "not a date")
    return day


def _known(found: AgencyId | None) -> AgencyId:
    if found is None:
        raise PydanticCustomError("unknown-agency", "not in the agreement")
    return found


def _by_business_id(given: str, info: ValidationInfo[Reception]) -> AgencyId:
    return _known(info.context.agencies.by_business_id(given))


def _by_oid(given: str, info: ValidationInfo[Reception]) -> AgencyId:
    return _known(info.context.agencies.by_oid(given))


def _by_either(given: str, info: ValidationInfo[Reception]) -> AgencyId:
    agencies = info.context.agencies
    return _known(agencies.by_business_id(given) or agencies.by_oid(given))


def _agreed_task(given: str, info: ValidationInfo[Reception]) -> str:
    agreed = info.context.service_tasks
    if agreed and given not in agreed:
        # Misspelt, it would prohibit nothing.
        found = {"nearest": nearest(given, agreed)}
        raise PydanticCustomError("unknown-code", "no such service task", found)
    return given


Id = Annotated[str, Field(min_length=1, max_length=ID_LENGTH_MAX, pattern=_ID)]
Name = Annotated[str, Field(max_length=NAME_LENGTH_MAX, pattern=_ID)]
Reference = Annotated[str, Field(min_length=1, max_length=REFERENCE_LENGTH_MAX, pattern=_ID)]
ServiceTask = Annotated[Id, AfterValidator(_agreed_task)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
FreeText = Annotated[str, Field(pattern=_TEXT)]
Municipality = Annotated[str, Field(pattern="^[0-9]{3}$")]
Area = Annotated[str, Field(pattern="^[0-9]{2,3}$")]
PartyCode = Annotated[str, Field(pattern="^[A-ZÅÄÖ0-9_]{1,64}$")]
Flag = Annotated[bool, Field(strict=True)]
Version = Annotated[int, Field(strict=True, ge=1, le=VERSION_MAX)]
Days = Annotated[int, Field(strict=True, ge=0, le=DAYS_MAX)]
HetuField = Annotated[Hetu, PlainValidator(_hetu)]
InstantField = Annotated[Instant, PlainValidator(_instant)]
DayField = Annotated[date, PlainValidator(_day)]
BusinessId = Annotated[str, AfterValidator(_by_business_id)]
Oid = Annotated[str, AfterValidator(_by_oid)]
AgencyName = Annotated[str, AfterValidator(_by_either)]
