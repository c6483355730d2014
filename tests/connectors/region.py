"""The demonstration region as connectors see it, made by hand: agencies, profile, nothing else."""

from datetime import date, time
from pathlib import Path

from connectors.local_time import local_instant
from streams.domain.agreement import Agency, Agreement, BasisBook, BounceRule
from streams.domain.clock_rules import ClockBook
from streams.domain.ids import AgencyId, Instant

DATA = Path(__file__).parents[1] / "data"
WIRE = DATA / "wire"

SOTE = AgencyId("sote.south-karelia")
LAPPEENRANTA = AgencyId("employment.lappeenranta")
IMATRA = AgencyId("employment.imatra")
KELA = AgencyId("kela")
TYP = AgencyId("typ.south-karelia")

WEST = ("405", "416", "441", "739", "831")
EAST = ("153", "580", "689", "700")
WHOLE = (*WEST, *EAST)

NOW = local_instant(date(2026, 3, 2), time(9, 30))
"""When the hub takes the samples in: after the last of them was written."""


def agency(
    agency_id: AgencyId, business_id: str, name: str, municipalities: tuple[str, ...]
) -> Agency:
    return Agency(
        agency_id,
        agency_id.split(".", maxsplit=1)[0],
        business_id,
        "1.2.246.10." + business_id.replace("-", ""),
        f"FI-TEST/MUN/{business_id}/x",
        municipalities,
        (),
        name,
        name,
        name,
        "none",
    )


AGENCIES = {
    known.agency_id: known
    for known in (
        agency(SOTE, "9100001-3", "Etelä-Karjalan hyvinvointialue", WHOLE),
        agency(LAPPEENRANTA, "9100002-1", "Lappeenrannan työllisyysalue", WEST),
        agency(IMATRA, "9100005-6", "Imatran työllisyysalue", EAST),
        agency(KELA, "9100006-4", "Kela", ("*",)),
        agency(TYP, "9100007-2", "Etelä-Karjalan TYP", WHOLE),
    )
}


def agreement(profile: str = "test") -> Agreement:
    return Agreement(
        digest=b"\0" * 32,
        region_id="south-karelia",
        profile=profile,
        valid_from=Instant(0),
        valid_to=None,
        agencies=AGENCIES,
        services=(),
        basis_rules=BasisBook(),
        clock_rules=ClockBook(()),
        reject_rules=(),
        bounce=BounceRule(90, 3, SOTE),
        closed_days=frozenset(),
        calendar_from=0,
        calendar_to=0,
        awaiting_basis_for_us=0,
        park_for_us=0,
        delivery_limit_us=0,
    )


REGION = agreement()
