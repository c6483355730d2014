"""From a JSON event to a contract event, or to everything that is wrong with it at once."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.directory import directory
from connectors.finnish_codes import nearest
from connectors.finnish_json.fields import ID_LENGTH_MAX, Reception
from connectors.finnish_json.mapping import EVENT_KINDS, document_ids, head_details
from connectors.finnish_json.splitting import EVENT_FIELD
from connectors.finnish_json.wire import CODES_OF_FIELD, Head, WireObject
from connectors.hetu import DETAILS as HETU_DETAILS
from connectors.hetu import Hetu, age_years, read_hetu
from connectors.local_time import local_date
from streams.domain.agreement import Agreement
from streams.domain.entry import Problem
from streams.domain.envelope import Envelope, SourceRef
from streams.domain.ids import AgencyId, EventId, Instant, PersonId
from streams.promises.connector import Message, Reading, Unreadable

KIND_FIELD = "tapahtumaTyyppi"
FIRST_VERSION = 1

DETAILS = HETU_DETAILS | {
    "missing-field": "the event needs this field",
    "bad-value": "a value of the wrong kind or outside its bounds",
    "bad-time": "not an ISO 8601 date or time of the years 1900-2200",
    "unknown-code": "no such code; the nearest known one stands beside",
    "unknown-agency": "no agency of the agreement is called so",
}
"""The hub's own words for each error code: they never repeat what the message said."""

_ID_CHARACTERS_FROM = " "
_UNKNOWN_CODE = "literal_error"

Shape = TypeVar("Shape", bound=WireObject)


def read(
    message: Message,
    agency: AgencyId,
    agreement: Agreement,
    recorded_at: Instant,
    head_shape: type[Head],
) -> Reading | Unreadable:
    """Read one event that `agency` sent, as of `recorded_at`.

    `head_shape` is the head of the sector's own format. Never raises for what a message holds.
    """
    parsed = message.parsed
    if message.problems or not isinstance(parsed, dict):
        return Unreadable(message.problems, None, None)
    on, tasks = local_date(recorded_at), agreement.service_tasks
    reception = Reception(directory(agreement), agreement.profile, on, tasks)
    problems: list[Problem] = []
    head = _shaped(head_shape, parsed, reception, problems)
    name = parsed.get(KIND_FIELD)
    kind = EVENT_KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        problems.append(_no_such_kind(name))
        return _unreadable(parsed, reception, problems)
    content = _shaped(kind.shape, parsed, reception, problems)
    if head is None or content is None:
        return _unreadable(parsed, reception, problems)
    envelope = _envelope(head, agency)
    details = head_details(head)
    event = kind.become(content, envelope, details)
    hetu = head.asiakas.henkilotunnus.text
    return Reading(event, hetu, details, document_ids(content), kind.about)


def _shaped(
    shape: type[Shape], parsed: object, reception: Reception, problems: list[Problem]
) -> Shape | None:
    try:
        return shape.model_validate(parsed, context=reception)
    except ValidationError as refused:
        problems += map(_problem, refused.errors(include_url=False))
        return None


def _envelope(head: Head, agency: AgencyId) -> Envelope:
    person, occurred_at = head.asiakas, head.aikaleima
    version = head.versio if head.versio is not None else FIRST_VERSION
    return Envelope(
        EventId(""),
        PersonId(""),
        agency,
        occurred_at,
        Instant(0),
        SourceRef(head.tapahtumaTunnus, version, None),
        b"",
        age_years(person.henkilotunnus.born, occurred_at),
        person.kotikunta or "",
        person.turvakielto or False,
    )


def _unreadable(
    parsed: dict[str, object], reception: Reception, problems: list[Problem]
) -> Unreadable:
    message_id = parsed.get(EVENT_FIELD)
    if not (isinstance(message_id, str) and _is_id(message_id)):
        message_id = None
    person = parsed.get("asiakas")
    given = person.get("henkilotunnus") if isinstance(person, dict) else None
    hetu = read_hetu(given, reception.profile, reception.on)
    return Unreadable(tuple(problems), message_id, hetu.text if isinstance(hetu, Hetu) else None)


def _is_id(text: str) -> bool:
    return 0 < len(text) <= ID_LENGTH_MAX and min(text) >= _ID_CHARACTERS_FROM


def _no_such_kind(name: object) -> Problem:
    pointer = f"/{KIND_FIELD}"
    if name is None:
        return _said("missing-field", pointer)
    if not isinstance(name, str):
        return _said("bad-value", pointer)
    return _said("unknown-code", pointer, nearest(name, EVENT_KINDS))


def _problem(error: ErrorDetails) -> Problem:
    """Say in the hub's words what pydantic found; what the message said is never shown."""
    code, where, given = error["type"], error["loc"], error["input"]
    context = error.get("ctx", {})
    if "instead" in context:
        where = (*where[:-1], context["instead"])
    pointer = "".join([f"/{step}" for step in where])
    if code == "missing" or (given is None and isinstance(where[-1], str)):
        return _said("missing-field", pointer)
    if code == _UNKNOWN_CODE and isinstance(given, str):
        field = next(step for step in reversed(where) if isinstance(step, str))
        return _said("unknown-code", pointer, nearest(given, CODES_OF_FIELD[field]))
    said = _said(code if code in DETAILS else "bad-value", pointer, context.get("nearest"))
    # A rule between fields says itself what is meant: the hub's own words, too.
    return said._replace(detail=context["detail"]) if "detail" in context else said


def _said(code: str, pointer: str, known: str | None = None) -> Problem:
    return Problem(code, pointer, DETAILS[code], known)
