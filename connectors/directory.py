"""Who is meant: agencies as the wire formats call them, found in the agreement.

Keeps `streams.promises.connector.Directory`.
"""

from streams.domain.agreement import ALL_MUNICIPALITIES, Agency, Agreement
from streams.domain.ids import AgencyId

_KEPT_MAX = 64
_OID_PREFIX = "urn:oid:"
_COUNTY_DIGITS = 2
_MUNICIPALITIES_OF_COUNTY = {
    "11": ("153", "405", "416", "441", "580", "689", "700", "739", "831"),
}
"""Municipalities of a wellbeing services county, where the whole list is known (facts 3.4)."""


class AgencyDirectory:
    """The agencies of one agreement, by each of their names on the wires."""

    def __init__(self, agencies: dict[AgencyId, Agency]) -> None:
        """Index the agencies; where two claim one business id or OID, the first by id has it."""
        self._agencies = tuple(agencies[agency_id] for agency_id in sorted(agencies))
        self._by_business_id: dict[str, AgencyId] = {}
        self._by_oid: dict[str, AgencyId] = {}
        for agency in self._agencies:
            self._by_business_id.setdefault(agency.business_id, agency.agency_id)
            self._by_oid.setdefault(_bare(agency.oid), agency.agency_id)
        for index in (self._by_business_id, self._by_oid):
            index.pop("", None)

    def by_business_id(self, business_id: str) -> AgencyId | None:
        """Find by business id (y-tunnus), as `9100001-3`."""
        return self._by_business_id.get(business_id)

    def by_oid(self, oid: str) -> AgencyId | None:
        """Find by OID, bare or as `urn:oid:...`, whether it stood as a system or as a value."""
        return self._by_oid.get(_bare(oid))

    def serving(self, sector: str, area: str) -> AgencyId | None:
        """Find the one agency of a sector (contract name) that serves an area.

        `area` is a municipality (three digits) or wellbeing services county (two digits). An agency
        that names the area wins over one that serves everything; None where two are left, since
        data must not go to whichever comes first.
        """
        county = len(area) == _COUNTY_DIGITS
        named: list[AgencyId] = []
        everywhere: list[AgencyId] = []
        for agency in self._agencies:
            if agency.sector != sector:
                continue
            if area in agency.municipalities or (county and _serves_county(agency, area)):
                named.append(agency.agency_id)
            elif ALL_MUNICIPALITIES in agency.municipalities:
                everywhere.append(agency.agency_id)
        found = named or everywhere
        return found[0] if len(found) == 1 else None


def _serves_county(agency: Agency, county: str) -> bool:
    # An agreement file need not name counties: who serves the whole of one serves it.
    if county in agency.counties:
        return True
    whole = _MUNICIPALITIES_OF_COUNTY.get(county)
    return whole is not None and all(place in agency.municipalities for place in whole)


def _bare(oid: str) -> str:
    return oid[len(_OID_PREFIX) :] if oid[: len(_OID_PREFIX)].lower() == _OID_PREFIX else oid


_kept: dict[int, tuple[dict[AgencyId, Agency], AgencyDirectory]] = {}


def directory(agreement: Agreement) -> AgencyDirectory:
    """Give the directory of an agreement, made once for each set of agencies."""
    agencies = agreement.agencies
    known = _kept.get(id(agencies))
    if known is not None:
        return known[1]
    if len(_kept) >= _KEPT_MAX:
        _kept.clear()
    made = AgencyDirectory(agencies)
    # The agencies are kept beside it, so that their identity is not given to others meanwhile.
    _kept[id(agencies)] = (agencies, made)
    return made
