"""The town: the four agencies of the story, moved into one region, with their habits."""

from typing import NamedTuple

from streams.bootstrap.story import desk
from streams.bootstrap.story.agency import SimulatedAgency
from streams.bootstrap.story.employment_system import EmploymentSystem
from streams.bootstrap.story.kela_system import KelaSystem
from streams.bootstrap.story.sote_system import SoteSystem
from streams.bootstrap.story.stage import Stage
from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId

SOTE = AgencyId("sote.south-karelia")
EMPLOYMENT = AgencyId("employment.lappeenranta")
KELA = AgencyId("kela")
TYP = AgencyId("typ.south-karelia")


class Town(NamedTuple):
    """The four agencies."""

    sote: SimulatedAgency
    employment: SimulatedAgency
    kela: SimulatedAgency
    typ: SimulatedAgency


def settle(stage: Stage, agreement: Agreement) -> Town:
    """Let the four agencies move in.

    Raises:
        KeyError: The agreement does not have one of them: the story is of South Karelia.
    """
    agencies = agreement.agencies
    town = Town(
        SimulatedAgency(agencies[SOTE], SoteSystem(agencies), stage, "L"),
        SimulatedAgency(agencies[EMPLOYMENT], EmploymentSystem(agencies), stage, "TE"),
        SimulatedAgency(agencies[KELA], KelaSystem(agencies), stage, "K"),
        SimulatedAgency(agencies[TYP], EmploymentSystem(agencies, typ=True), stage, "T"),
    )
    for agency in town:
        agency.habits = {
            "referral": desk.take_on(accept_after=2, serve_for=15),
            "information-request": desk.provide_information,
            "recall": desk.confirm_recall,
        }
    return town
