"""One `<viesti>` read into its contract event, with every error at once.

    head (ids, time, person) -> the one event element -> Reading | Unreadable

Municipality and birth date only find their way into the envelope: the HETU is the person's key and
goes no further than the reading.
"""

import re
from datetime import date
from typing import NamedTuple

from connectors.directory import directory
from connectors.hetu import DETAILS as HETU_DETAILS
from connectors.hetu import Hetu, age_years, read_hetu
from connectors.kela.dates import read_time
from connectors.kela.draft import Draft
from connectors.kela.era import Viesti
from connectors.kela.events import EVENTS, read_event
from connectors.kela.prolog import MALFORMED
from connectors.kela.section import Findings, Section
from connectors.kela.statement import ID, STATEMENTS
from connectors.local_time import local_date, local_instant
from streams.domain.agreement import Agreement
from streams.domain.envelope import Envelope, SourceRef
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, EventId, Instant, PersonId
from streams.promises.connector import Details, Message, Reading, Unreadable

VERSION_MAX = 999_999_999
FIRST_VERSION = 1
MUNICIPALITY_DIGITS = 3

_SPACES = re.compile(r"[ \t\r\n]+")
_FLAGS = {"0": False, "1": True}
_NOT_YET = Instant(0)


class _Person(NamedTuple):
    """Who the message is of: None where it could not be said."""

    hetu: Hetu | None
    municipality: str
    protected: bool


_NOBODY = _Person(None, "", protected=False)


def read(
    message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
) -> Reading | Unreadable:
    """Read one message that `agency` sent, as of `recorded_at`; never raises.

    A message that could not be read still names its id and its person, where those are valid.
    """
    if message.problems or not isinstance(message.parsed, Viesti):
        return Unreadable(message.problems or (MALFORMED,), None, None)
    style, tasks = message.parsed.style, agreement.service_tasks
    findings = Findings(directory(agreement), style, tasks)
    viesti = Section(message.parsed.element, message.place, findings)
    message_id = viesti.needed_identifier("viestiTunnus")
    version = findings.number(
        viesti.text("versio"), f"{viesti.at}/versio", FIRST_VERSION, VERSION_MAX
    )
    occurred_at = _occurred_at(viesti)
    details: Details = {}
    person = _person(viesti, details, agreement.profile, local_date(recorded_at))
    hetu = person.hetu
    at = occurred_at if occurred_at is not None else _NOT_YET
    envelope = Envelope(
        EventId(""),
        PersonId(""),
        agency,
        at,
        _NOT_YET,
        SourceRef(message_id or "", version or FIRST_VERSION, None),
        b"",
        age_years(hetu.born, at) if hetu is not None else -1,
        person.municipality,
        person.protected,
    )
    draft = Draft(envelope, details, [])
    event = _event(viesti, draft)
    if findings.problems or event is None or hetu is None:
        known = hetu.text if hetu is not None else None
        return Unreadable(tuple(findings.problems), message_id, known)
    about = next((f"{viesti.at}/{n}/{ID}" for n in STATEMENTS if n in viesti.children), "")
    return Reading(event, hetu.text, details, tuple(draft.document_ids), about)


def _occurred_at(viesti: Section) -> Instant | None:
    day = viesti.needed_day("pvm")
    written = viesti.needed("klo")
    clock_time = read_time(written) if written is not None else None
    if written is not None and clock_time is None:
        viesti.findings.note("bad-time", f"{viesti.at}/klo", "not a time of day HH:MM")
    return local_instant(day, clock_time) if day is not None and clock_time is not None else None


def _person(viesti: Section, details: Details, profile: str, on: date) -> _Person:
    asiakas = viesti.needed_section("asiakas")
    if asiakas is None:
        return _NOBODY
    written = asiakas.needed("hetu")
    hetu = read_hetu(written, profile, on) if written is not None else None
    if isinstance(hetu, str):
        viesti.findings.note(hetu, f"{asiakas.at}/hetu", HETU_DETAILS[hetu])
        hetu = None
    if hetu is not None:
        details["hetu"] = hetu.text
    name = asiakas.name("nimi")
    if name is not None:
        family_name, *given_names = _SPACES.split(name, maxsplit=1)
        details["family_name"] = family_name
        if given_names:
            details["given_names"] = given_names[0]
    municipality = _municipality(asiakas)
    if municipality:
        details["municipality"] = municipality
    return _Person(hetu, municipality, _is_protected(asiakas))


def _municipality(asiakas: Section) -> str:
    municipality = asiakas.text("kotikunta") or ""
    digits = municipality.isascii() and municipality.isdigit()
    if municipality and not (digits and len(municipality) == MUNICIPALITY_DIGITS):
        asiakas.findings.note("bad-value", f"{asiakas.at}/kotikunta", "three digits")
        return ""
    return municipality


def _is_protected(asiakas: Section) -> bool:
    written = asiakas.text("turvakielto")
    if written is None:
        return False
    protected = _FLAGS.get(written)
    if protected is None:
        asiakas.findings.note("bad-value", f"{asiakas.at}/turvakielto", "0 or 1")
    return bool(protected)


def _event(viesti: Section, draft: Draft) -> AgencyEvent | None:
    found = [name for name in viesti.children if name in EVENTS]
    if not found:
        viesti.findings.note("missing-field", viesti.at, "no element says what happened")
        return None
    if len(found) > 1 or viesti.count(found[0]) > 1:
        viesti.findings.note("bad-value", viesti.at, "one message tells of one event")
        return None
    section = viesti.section(found[0])
    return read_event(found[0], section, draft) if section is not None else None
