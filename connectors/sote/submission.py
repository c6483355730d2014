"""Submission: one message under reading, and what all of its kinds have in common.

Who sent it, about whom, which message of the agency's it is, when it happened, and what is wrong.
"""

from typing import NamedTuple

from connectors.directory import directory
from connectors.hetu import age_years
from connectors.sote import parties, systems
from connectors.sote.findings import Findings, Json
from connectors.sote.folder import Folder, Found
from connectors.sote.parties import Miss, Parties
from connectors.sote.person import NOBODY, Person, PersonReader
from streams.domain.agreement import Agreement
from streams.domain.envelope import Envelope, SourceRef
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, EventId, HandoffId, Instant, PersonId
from streams.promises.connector import Details

VERSION_MAX = 2**31 - 1
_VERSION_DIGITS_MAX = 10
_BUNDLE_TYPES = {kind: kind for kind in ("message", "transaction", "batch", "collection")}
_NO_TIME = "when it happened is needed"


class Draft(NamedTuple):
    """What a reader made of a message; `event` is None where something is missing or wrong."""

    event: AgencyEvent | None
    details: Details
    document_ids: tuple[str, ...] = ()
    about: str = ""
    """Pointer of the statement's own id, of a Consent."""


class HandoffName(NamedTuple):
    """Which handoff an answer means: the hub's id where it is given, else the source's own."""

    handoff_id: HandoffId | None
    referral_id: str | None


class Submission:
    """A message's document, its focal resource and its header, on their way to an event."""

    def __init__(
        self,
        folder: Folder,
        focal: Found,
        bundle: Json,
        *,
        agency: AgencyId,
        agreement: Agreement,
        recorded_at: Instant,
    ) -> None:
        """Open a message that `agency` sent; `bundle` is empty for a bare resource."""
        self.folder = folder
        self.focal = focal
        self.agency = agency
        self.header = next(iter(folder.of_kind("MessageHeader")), None)
        self.findings = Findings()
        self.parties = Parties(folder, directory(agreement))
        self.persons = PersonReader(folder, self.findings, agreement.profile, recorded_at)
        self.person: Person = NOBODY
        self.message_id: str | None = None
        self.own_id_at = ""
        """Where the focal resource's own identifier stands, once it was read."""
        self.version = 1
        self.service_tasks = agreement.service_tasks
        self.bundle = bundle

    @property
    def resource(self) -> Json:
        """The focal resource itself."""
        return self.focal.resource

    @property
    def at(self) -> str:
        """The focal resource's pointer."""
        return self.focal.at

    def hold_bundle_type(self) -> None:
        """Refuse a Bundle that only reports what is or was (searchset, history)."""
        self.findings.code(self.bundle, "type", "Bundle", _BUNDLE_TYPES)

    def open(self, holder: Found, field: str) -> None:
        """Read what every message has: its person, its version, and who says that it sent it.

        The person is whom `field` of `holder` refers to.
        """
        self.person = self.persons.referred(holder, field)
        self.version = self._version()
        if self.header is not None:
            self.agree(self.header, "sender")

    def agree(self, holder: Found, field: str) -> None:
        """Hold what the message says of its sender against the agency that sent it."""
        reference = self.findings.part(holder.resource, field, holder.at)
        self.agree_on(reference, f"{holder.at}.{field}", holder)

    def agree_on(self, reference: Json, at: str, holder: Found) -> None:
        """Hold an agency that a reference in `holder` names against the one that sent it."""
        found = self.parties.referred(reference, at, holder)
        if isinstance(found, Miss):
            if found.code == parties.UNRESOLVED:
                self.findings.note(found.code, found.at, parties.DETAILS[found.code])
            elif found.code == parties.UNKNOWN:
                self.findings.note("bad-value", found.at, "not the agency that sent the message")
        elif found != self.agency:
            leaf = "identifier.value" if reference.get("identifier") else "reference"
            self.findings.note("bad-value", f"{at}.{leaf}", "not the agency that sent the message")

    def speaks(self, holder: Found, field: str) -> bool:
        """Say whether a field names the agency that sent the message; it is no finding if not."""
        reference = holder.resource.get(field)
        if not isinstance(reference, dict):
            return False
        return self.parties.referred(reference, f"{holder.at}.{field}", holder) == self.agency

    def party(self, reference: Json, at: str, holder: Found) -> AgencyId | None:
        """Find an agency that must be known to the agreement."""
        found = self.parties.referred(reference, at, holder)
        if not isinstance(found, Miss):
            return found
        code = found.code or parties.UNKNOWN
        self.findings.note(code, found.at, parties.DETAILS[found.code])
        return None

    def recipient(self, reference: Json, at: str) -> AgencyId | None:
        """Find to whom a referral goes: the resource's reference, else the header's destination.

        None for an open referral, which the agreement routes.
        """
        if reference:
            return self.party(reference, at, self.focal)
        if self.header is None:
            return None
        named = self.findings.parts(self.header.resource, "destination", self.header.at)
        if not named:
            return None
        destination, at = named[0]
        receiver = self.findings.part(destination, "receiver", at)
        if receiver:
            return self.party(receiver, f"{at}.receiver", self.header)
        endpoint = self.findings.text(destination, "endpoint", at)
        if endpoint is None or endpoint == systems.HUB:
            return None
        found = self.parties.named(endpoint)
        if found is None:
            self.findings.note(parties.UNKNOWN, f"{at}.endpoint", parties.DETAILS[parties.UNKNOWN])
        return found

    def own_id(self) -> str | None:
        """Read the agency's own identifier of the focal resource: the first not of the hub's."""
        for identifier, at in self.findings.parts(self.resource, "identifier", self.at):
            if identifier.get("system") in systems.NEVER_A_MESSAGE_ID:
                continue
            value = self.findings.identifying(identifier, "value", at)
            if value is not None:
                self.own_id_at = f"{at}.value"
                return value
        return None

    def header_id(self) -> str | None:
        """Read the MessageHeader's id; None without a header."""
        if self.header is None:
            return None
        return self.findings.identifying(self.header.resource, "id", self.header.at)

    def need_message_id(self, message_id: str | None) -> None:
        """Keep the message's id; without one it is a finding."""
        self.message_id = message_id
        if message_id is None:
            self.findings.missing(f"{self.at}.identifier", "the message's own id is needed")

    def handoff(self) -> HandoffName:
        """Read which handoff the message means; both are None where it does not say."""
        for identifier, at in self.findings.parts(self.resource, "identifier", self.at):
            if identifier.get("system") == systems.HANDOFF:
                value = self.findings.identifying(identifier, "value", at)
                if value is not None:
                    return HandoffName(HandoffId(value), None)
        for reference, at in self.findings.parts(self.resource, "basedOn", self.at):
            identifier = self.findings.part(reference, "identifier", at)
            value = self.findings.identifying(identifier, "value", f"{at}.identifier")
            if value is not None and identifier.get("system") == systems.HANDOFF:
                return HandoffName(HandoffId(value), None)
            if value is not None:
                return HandoffName(None, value)
            if reference.get("reference") is not None:
                return HandoffName(None, self._referral_of(reference, at))
        return HandoffName(None, None)

    def need_handoff(self, name: HandoffName) -> None:
        """Note that no handoff is named, unless what names it has its own finding already."""
        based_on = f"{self.at}.basedOn"
        told = any(problem.pointer.startswith(based_on) for problem in self.findings.problems)
        if name.handoff_id is None and name.referral_id is None and not told:
            self.findings.missing(based_on, "the handoff's or the referral's id is needed")

    def occurred_at(self, *fields: str) -> Instant | None:
        """Read when it happened from the first field that is there, else from the Bundle."""
        for field in fields:
            if self.resource.get(field) is not None:
                return self.findings.instant(self.resource, field, self.at)
        if self.bundle.get("timestamp") is not None:
            return self.findings.instant(self.bundle, "timestamp", "Bundle")
        self.findings.missing(f"{self.at}.{fields[0]}", _NO_TIME)
        return None

    def envelope(self, occurred_at: Instant | None) -> Envelope | None:
        """Give the event's head; None where anything at all is wrong with the message."""
        hetu = self.person.hetu
        if self.findings.problems or hetu is None or self.message_id is None or occurred_at is None:
            return None
        return Envelope(
            EventId(""),
            PersonId(""),
            self.agency,
            occurred_at,
            Instant(0),
            SourceRef(self.message_id, self.version, None),
            b"",
            age_years(hetu.born, occurred_at),
            self.person.municipality,
            self.person.protected,
        )

    def _referral_of(self, reference: Json, at: str) -> str | None:
        found = self.folder.referred(reference, self.focal)
        if found is None:
            self.findings.note("unresolved-reference", f"{at}.reference", "not in the message")
            return None
        for identifier, place in self.findings.parts(found.resource, "identifier", found.at):
            value = self.findings.identifying(identifier, "value", place)
            if value is not None:
                return value
        return None

    def _version(self) -> int:
        meta = self.findings.part(self.resource, "meta", self.at)
        version = meta.get("versionId")
        if version is None:
            return 1
        digits = version.strip() if isinstance(version, str) else str(version)
        if digits.isascii() and digits.isdigit() and len(digits) <= _VERSION_DIGITS_MAX:
            number = int(digits)
            if 1 <= number <= VERSION_MAX:
                return number
        self.findings.note("bad-value", f"{self.at}.meta.versionId", "a whole number from 1")
        return 1
