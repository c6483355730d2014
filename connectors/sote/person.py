"""Who a message is about: the Patient that it refers to."""

from typing import NamedTuple

from connectors import hetu
from connectors.hetu import Hetu, read_hetu
from connectors.local_time import local_date
from connectors.sote import systems
from connectors.sote.findings import Findings, Json
from connectors.sote.folder import Folder, Found
from streams.domain.ids import Instant
from streams.promises.connector import Details

_MUNICIPALITY_DIGITS = 3
_URN_OID = "urn:oid:"
_USES = ("official", "usual", "", "secondary", "temp")
"""Uses of an identifier or name, best first; `old` and unknown ones come after them."""


class Person(NamedTuple):
    """What a message says of the person; `hetu` is None where there is none, or not a valid one."""

    hetu: Hetu | None
    details: Details
    municipality: str
    protected: bool
    patient: Found | None


NOBODY = Person(None, {}, "", protected=False, patient=None)


class PersonReader:
    """Reads persons by one region's rules, as of one moment."""

    def __init__(self, folder: Folder, findings: Findings, profile: str, at: Instant) -> None:
        """Read from a folder; `profile` is the region's, `at` is when the message was recorded."""
        self._folder = folder
        self._findings = findings
        self._profile = profile
        self._on = local_date(at)

    def referred(self, holder: Found, field: str) -> Person:
        """Read the person whom a field of a resource refers to."""
        at = f"{holder.at}.{field}"
        reference = self._findings.part(holder.resource, field, holder.at)
        if not reference:
            if holder.resource.get(field) in (None, {}):
                self._findings.missing(at, "the person whom the message is about is needed")
            return NOBODY
        patient = self._folder.referred(reference, holder)
        if patient is not None and patient.kind == "Patient":
            return self.of_patient(patient)
        place = f"{at}.reference" if reference.get("reference") is not None else f"{at}.identifier"
        if patient is not None:
            self._findings.note("bad-value", place, "a Patient is needed here")
            return NOBODY
        identifier = self._findings.part(reference, "identifier", at)
        if not _is_hetu(identifier):
            self._findings.note("unresolved-reference", place, "not in the message")
            return NOBODY
        found = self._hetu(identifier, f"{at}.identifier")
        return (
            NOBODY if found is None else NOBODY._replace(hetu=found, details={"hetu": found.text})
        )

    def of_patient(self, patient: Found) -> Person:
        """Read a Patient; what the hub has no use for is left out."""
        resource, at = patient.resource, patient.at
        findings = self._findings
        identifiers = findings.parts(resource, "identifier", at)
        own = [named for named in identifiers if _is_hetu(named[0])]
        found = None
        if own:
            found = self._hetu(*min(own, key=lambda named: _rank(named[0])))
        else:
            findings.missing(f"{at}.identifier", "the person's HETU is needed")
        municipality = _municipality(findings, patient)
        details: Details = {}
        if found is not None:
            details["hetu"] = found.text
        if municipality:
            details["municipality"] = municipality
        _name(findings, patient, details)
        _phone(findings, patient, details)
        _language(findings, patient, details)
        return Person(found, details, municipality, _is_protected(resource), patient)

    def is_same(self, patient: Found, person: Hetu) -> bool:
        """Say whether another Patient may be the same person: one without a HETU may be anybody."""
        identifiers = patient.resource.get("identifier")
        for identifier in identifiers if isinstance(identifiers, list) else []:
            if isinstance(identifier, dict) and _is_hetu(identifier):
                read = read_hetu(identifier.get("value"), self._profile, self._on)
                return isinstance(read, Hetu) and read.text == person.text
        return True

    def identified(self, identifier: Json) -> str | None:
        """Give the HETU of an identifier in its one spelling; None where it holds no valid one."""
        read = read_hetu(identifier.get("value"), self._profile, self._on)
        return read.text if _is_hetu(identifier) and isinstance(read, Hetu) else None

    def _hetu(self, identifier: Json, at: str) -> Hetu | None:
        value = identifier.get("value")
        if value in (None, ""):
            self._findings.missing(f"{at}.value", "the person's HETU is needed")
            return None
        read = read_hetu(value, self._profile, self._on)
        if isinstance(read, Hetu):
            return read
        self._findings.note(read, f"{at}.value", hetu.DETAILS[read])
        return None


def _is_hetu(identifier: Json) -> bool:
    if _oid(identifier.get("system")) == systems.HETU:
        return True
    kind = identifier.get("type")
    codings = kind.get("coding") if isinstance(kind, dict) else None
    return any(
        coding.get("code") == systems.HETU_TYPE or _oid(coding.get("system")) == systems.HETU
        for coding in (codings if isinstance(codings, list) else [])
        if isinstance(coding, dict)
    )


def _oid(text: object) -> str:
    return text.strip().removeprefix(_URN_OID) if isinstance(text, str) else ""


def _rank(used: Json) -> int:
    use = used.get("use", "")
    return _USES.index(use) if use in _USES else len(_USES)


def _is_protected(patient: Json) -> bool:
    # Read leniently and beside the findings: a non-disclosure order must not hang on a bracket.
    meta = patient.get("meta")
    labels = meta.get("security") if isinstance(meta, dict) else None
    return any(
        isinstance(label, dict)
        and isinstance(label.get("code"), str)
        and str(label["code"]).strip().upper() == systems.NON_DISCLOSURE
        for label in (labels if isinstance(labels, list) else [labels])
    )


def _municipality(findings: Findings, patient: Found) -> str:
    for extension, at in findings.parts(patient.resource, "extension", patient.at):
        url = extension.get("url")
        if not isinstance(url, str) or not url.endswith(systems.MUNICIPALITY_EXTENSION):
            continue
        coding = findings.part(extension, "valueCoding", at)
        code = findings.text(coding, "code", f"{at}.valueCoding")
        if code is None:
            continue
        if len(code) == _MUNICIPALITY_DIGITS and code.isascii() and code.isdigit():
            return code
        place = f"{at}.valueCoding.code"
        findings.note("bad-value", place, "a municipality code has three digits")
    return ""


def _name(findings: Findings, patient: Found, details: Details) -> None:
    names = findings.parts(patient.resource, "name", patient.at)
    if not names:
        return
    name, at = min(names, key=lambda named: _rank(named[0]))
    family = findings.text(name, "family", at)
    given = joined_given_names(findings, name, at)
    if family is None and not given:
        family = findings.text(name, "text", at)
    if family is not None:
        details["family_name"] = family
    if given:
        details["given_names"] = given


def joined_given_names(findings: Findings, name: Json, at: str) -> str:
    """Read the given names of a HumanName as one text, empty where there are none."""
    given = name.get("given")
    if given is None:
        return ""
    if not isinstance(given, list) or not all(isinstance(part, str | None) for part in given):
        findings.note("bad-value", f"{at}.given", "given names are a list of texts")
        return ""
    return " ".join(part.strip() for part in given if part and part.strip())


def _phone(findings: Findings, patient: Found, details: Details) -> None:
    for telecom, at in findings.parts(patient.resource, "telecom", patient.at):
        if telecom.get("system") == "phone" and telecom.get("use") != "old":
            number = findings.text(telecom, "value", at)
            if number is not None:
                details["phone"] = number
                return


def _language(findings: Findings, patient: Found, details: Details) -> None:
    spoken = findings.parts(patient.resource, "communication", patient.at)
    spoken.sort(key=lambda item: item[0].get("preferred") is not True)
    for communication, at in spoken:
        language = findings.part(communication, "language", at)
        for coding, place in findings.parts(language, "coding", f"{at}.language"):
            code = findings.text(coding, "code", place)
            if code is not None:
                details["language"] = code
                return
