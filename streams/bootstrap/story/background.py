"""Everybody else: ordinary referrals of ordinary days, so that the threads stand in a crowd."""

from collections.abc import Callable
from random import Random

from streams.bootstrap.story import desk
from streams.bootstrap.story.agency import Reaction, SimulatedAgency
from streams.bootstrap.story.persons import Person
from streams.bootstrap.story.plot import consent, on, refer
from streams.bootstrap.story.sayings import Reach
from streams.bootstrap.story.stage import Stage
from streams.bootstrap.story.town import EMPLOYMENT, KELA, SOTE, TYP, Town
from streams.domain.codes import Milestone, Purpose, RejectReason, Service
from streams.domain.ids import AgencyId

LAST_WORKING_DAY = 34
"""Nobody new comes after this: the story ends a week and a half later."""

Begin = Callable[[Person], None]


def ordinary_days(stage: Stage, town: Town, persons: list[Person]) -> None:
    """Plan a referral for each person, on some day, and how its recipient takes it."""
    ways = _ways(town)
    rng = stage.rng
    for person in persons:
        begin, recipient = rng.choice(ways)
        recipient.expect(person, "referral", _reaction(rng))
        stage.plan(on(stage, rng.randrange(LAST_WORKING_DAY)), _bound(begin, person))


def _reaction(rng: Random) -> Reaction:
    if rng.random() < 0.1:  # noqa: PLR2004  # one in ten does not want the service after all
        return desk.reject(RejectReason.PERSON_DECLINED, after=rng.randint(1, 3))
    return desk.take_on(
        accept_after=rng.choice((0, 0, 1, 1, 1, 2, 2, 3, 3, 6)),
        start_after=rng.randint(2, 6),
        serve_for=rng.choice((4, 8, 12, 16, None)),
    )


def _ways(town: Town) -> list[tuple[Begin, SimulatedAgency]]:
    sote, employment, kela, typ = town
    assess, rehabilitate = Service.SERVICE_NEED_ASSESSMENT, Service.VOCATIONAL_REHABILITATION
    coordinate, employ = Service.WORK_ABILITY_COORDINATION, Service.EMPLOYMENT_SERVICES
    return [
        (_by_law(employment, assess, None), sote),
        (_by_law(kela, assess, SOTE), sote),
        (_by_law(sote, rehabilitate, None), kela),
        (_by_law(employment, rehabilitate, KELA), kela),
        (_with_consent(employment, coordinate, Purpose.WORK_ABILITY, SOTE), sote),
        (_with_consent(sote, employ, Purpose.EMPLOYMENT, EMPLOYMENT), employment),
        (_with_consent(kela, employ, Purpose.EMPLOYMENT, EMPLOYMENT), employment),
        (_with_consent(employment, Service.MULTI_SECTOR_SUPPORT, Purpose.EMPLOYMENT, TYP), typ),
        (_of_a_typ_member(typ), employment),
    ]


def _by_law(agency: SimulatedAgency, service: Service, to: AgencyId | None) -> Begin:
    def begin(person: Person) -> None:
        agency.say(person, refer(service, to))

    return begin


def _with_consent(
    agency: SimulatedAgency, service: Service, purpose: Purpose, to: AgencyId
) -> Begin:
    def begin(person: Person) -> None:
        agency.say(person, consent(agency, person, purpose, to), refer(service, to))

    return begin


def _of_a_typ_member(typ: SimulatedAgency) -> Begin:
    def begin(person: Person) -> None:
        joined = Reach(Milestone.TYP_MEMBERSHIP_STARTED)
        typ.say(person, joined, refer(Service.JOB_COACHING, EMPLOYMENT))

    return begin


def _bound(begin: Begin, person: Person) -> Callable[[], None]:
    return lambda: begin(person)
