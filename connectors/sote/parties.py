"""Parties: which agency a reference in a message means.

An agency is named by its OID in any spelling, by its business id, or by the OID of one of its
units; in an identifier, or in the message's Organization, PractitionerRole or HealthcareService.
"""

import re
from typing import NamedTuple

from connectors.directory import AgencyDirectory
from connectors.sote import systems
from connectors.sote.findings import Json
from connectors.sote.folder import Folder, Found
from streams.domain.ids import AgencyId

UNKNOWN = "unknown-agency"
UNRESOLVED = "unresolved-reference"
SAYS_NOTHING = ""

DETAILS = {
    UNKNOWN: "the agreement has no such agency",
    UNRESOLVED: "not in the message",
    SAYS_NOTHING: "no agency is named here",
}

_URN_OID = "urn:oid:"
_BUSINESS_ID = re.compile(r"[0-9]{6,7}-[0-9]")
_BARE_OID = re.compile(r"[0-2](?:\.[0-9]+)+")
_AGENCY_OID_PARTS = 5
_LEADS_TO = {"PractitionerRole": "organization", "HealthcareService": "providedBy"}
_HOPS_MAX = 3


class Miss(NamedTuple):
    """No agency: the code of why, and where it was looked for."""

    code: str
    at: str


class Parties:
    """Finds the agencies that one message names."""

    def __init__(self, folder: Folder, directory: AgencyDirectory) -> None:
        """Look in a message's folder, and for agencies in the agreement's directory."""
        self._folder = folder
        self._directory = directory

    def named(self, text: str) -> AgencyId | None:
        """Find the agency of an OID or business id in any spelling, or of a unit's OID."""
        if _BUSINESS_ID.fullmatch(text):
            return self._directory.by_business_id(text.zfill(9))
        found = self._directory.by_oid(text)
        if found is not None:
            return found
        bare = text[len(_URN_OID) :] if text[: len(_URN_OID)].lower() == _URN_OID else text
        if not bare.startswith(systems.ORGANISATIONS):
            return None
        # A unit's OID lies below its organisation's (facts 3.3): the organisation answers.
        return self._directory.by_oid(".".join(bare.split(".", _AGENCY_OID_PARTS)[:5]))

    def referred(self, reference: Json, at: str, holder: Found, hops: int = 0) -> AgencyId | Miss:
        """Find the agency that a Reference means; a display alone says nothing."""
        identifier = reference.get("identifier")
        if isinstance(identifier, dict):
            found = self._identified(identifier)
            if found is not None:
                return found
        target = reference.get("reference")
        if isinstance(target, str) and target.strip():
            return self._followed(reference, at, holder, hops)
        if isinstance(identifier, dict) and identifier:
            return Miss(UNKNOWN, f"{at}.identifier.value")
        return Miss(SAYS_NOTHING, at)

    def _followed(self, reference: Json, at: str, holder: Found, hops: int) -> AgencyId | Miss:
        found = self._folder.referred(reference, holder)
        if found is None:
            # Some write the OID itself where a reference belongs.
            known = self.named(str(reference["reference"]).strip())
            return known if known is not None else Miss(UNRESOLVED, f"{at}.reference")
        onward = _LEADS_TO.get(found.kind)
        if onward is not None:
            inner = found.resource.get(onward)
            if not isinstance(inner, dict) or hops >= _HOPS_MAX:
                return Miss(SAYS_NOTHING, f"{at}.reference")
            return self.referred(inner, f"{found.at}.{onward}", found, hops + 1)
        if found.kind != "Organization":
            return Miss(SAYS_NOTHING, f"{at}.reference")
        identifiers = found.resource.get("identifier")
        for identifier in identifiers if isinstance(identifiers, list) else []:
            known = self._identified(identifier) if isinstance(identifier, dict) else None
            if known is not None:
                return known
        return Miss(UNKNOWN, f"{found.at}.identifier")

    def _identified(self, identifier: Json) -> AgencyId | None:
        value, system = identifier.get("value"), identifier.get("system")
        if isinstance(value, str):
            value = value.strip()
            if _names_an_organisation(value):
                return self.named(value)
        # The agency's own OID as the system: the value is then the agency's own affair.
        return self.named(system.strip()) if isinstance(system, str) else None


def _names_an_organisation(value: str) -> bool:
    return bool(
        value[: len(_URN_OID)].lower() == _URN_OID
        or _BUSINESS_ID.fullmatch(value)
        or _BARE_OID.fullmatch(value)
    )
