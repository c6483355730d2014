"""An agency is found by each of its names on the wires, and by no other."""

import pytest

from connectors.directory import AgencyDirectory, directory
from streams.domain.ids import AgencyId
from tests.connectors.region import (
    AGENCIES,
    IMATRA,
    KELA,
    LAPPEENRANTA,
    REGION,
    SOTE,
    TYP,
    agency,
)

KNOWN = directory(REGION)


@pytest.mark.parametrize(
    "oid", ["urn:oid:1.2.246.10.91000064", "1.2.246.10.91000064", "URN:OID:1.2.246.10.91000064"]
)
def test_every_spelling_of_an_oid_means_the_same_agency(oid: str) -> None:
    assert KNOWN.by_oid(oid) == KELA


def test_a_business_id_means_its_agency() -> None:
    assert KNOWN.by_business_id("9100005-6") == IMATRA


def test_an_unknown_name_is_nobodys() -> None:
    for name in ("", "9100099-0", "91000056", "urn:oid:", "urn:oid:1.2.246.10.0"):
        assert KNOWN.by_business_id(name) is None
        assert KNOWN.by_oid(name) is None


@pytest.mark.parametrize(
    ("sector", "area", "expected"),
    [
        ("employment", "405", LAPPEENRANTA),
        ("employment", "153", IMATRA),
        ("employment", "091", None),
        ("employment", "11", None),
        ("sote", "11", SOTE),
        ("sote", "05", None),
        ("typ", "11", TYP),
        ("kela", "091", KELA),
        ("kela", "11", KELA),
        ("prison", "405", None),
        ("sote", "", None),
        ("sote", "*", None),
    ],
)
def test_a_sector_and_an_area_mean_the_one_agency_that_serves_it(
    sector: str, area: str, expected: AgencyId | None
) -> None:
    assert KNOWN.serving(sector, area) == expected


def test_an_agency_that_names_its_county_serves_it() -> None:
    turku = agency(AgencyId("sote.turku"), "9100003-0", "Turku", ("853",))._replace(
        counties=("05",)
    )
    assert AgencyDirectory({turku.agency_id: turku}).serving("sote", "05") == turku.agency_id


def test_where_two_agencies_serve_an_area_neither_is_meant() -> None:
    second = agency(AgencyId("sote.second"), "9100003-0", "Second", ("405",))
    both = AgencyDirectory(AGENCIES | {second.agency_id: second})
    assert both.serving("sote", "405") is None
    assert both.serving("sote", "416") == SOTE


def test_a_directory_is_made_once_for_one_set_of_agencies() -> None:
    # Asked anew: what was made for other tests may have been let go by now.
    assert directory(REGION._replace(services=())) is directory(REGION)
    for _ in range(100):
        other = REGION._replace(agencies=dict(AGENCIES))
        assert directory(other).by_business_id("9100006-4") == KELA
