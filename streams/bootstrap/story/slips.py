"""Slips: messages that cannot become events. Each is kept as a dead letter that says its mend."""

from collections.abc import Callable

from streams.bootstrap.story.agency import SimulatedAgency
from streams.bootstrap.story.persons import CHECK_CHARACTERS, Person
from streams.bootstrap.story.plot import on, refer
from streams.bootstrap.story.sayings import Answer, HandoffName
from streams.bootstrap.story.stage import Stage
from streams.bootstrap.story.town import KELA, SOTE, Town
from streams.domain.codes import Service

SLIPS = 6
"""How many slips there are, each of a person of its own."""


def make_slips(stage: Stage, town: Town, persons: list[Person]) -> None:
    """Let every agency slip, each in its own format; as many persons as there are slips."""
    slips: list[tuple[int, Callable[[Person], None]]] = [
        (14, lambda person: _misspelt_service(town.employment, person)),
        (15, lambda person: _wrong_check_character(town.employment, person)),
        (16, lambda person: _no_such_area(town.employment, person)),
        (17, lambda person: _one_bad_in_a_batch(town.kela, person)),
        (18, lambda person: _misspelt_service_in_fhir(town.sote, person)),
        (19, lambda person: _no_such_referral(town.sote, person)),
    ]
    for (working_day, slip), person in zip(slips, persons, strict=True):
        stage.plan(on(stage, working_day), _bound(slip, person))


def _bound(slip: Callable[[Person], None], person: Person) -> Callable[[], None]:
    return lambda: slip(person)


def _misspelt_service(agency: SimulatedAgency, person: Person) -> None:
    file = _written(agency, person, Service.WORK_ABILITY_ASSESSMENT)
    agency.send(file.replace(b"TYOKYVYN_ARVIOINTI", b"TYOKYVYN_ARVIONTI"))


def _wrong_check_character(agency: SimulatedAgency, person: Person) -> None:
    wrong = CHECK_CHARACTERS[(CHECK_CHARACTERS.index(person.hetu[-1]) + 1) % 31]
    mistyped = person._replace(hetu=person.hetu[:-1] + wrong)
    agency.send(_written(agency, mistyped, Service.SERVICE_NEED_ASSESSMENT))


def _no_such_area(agency: SimulatedAgency, person: Person) -> None:
    file = _written(agency, person, Service.SERVICE_NEED_ASSESSMENT)
    nobody = b'"vastaanottaja":{"sektori":"SOTE","alue":"450"}'
    agency.send(file.replace(b'"vastaanottaja":{"ytunnus":"9100001-3"}', nobody))


def _one_bad_in_a_batch(agency: SimulatedAgency, person: Person) -> None:
    good = refer(Service.SERVICE_NEED_ASSESSMENT, SOTE)
    bad = refer(Service.MULTI_SECTOR_SUPPORT, None)
    batch = agency.written(person, good, bad)
    agency.send(batch.replace(b"MONIALAINEN_TUKI", b"MONIALAINEN_TUKIPALVELU"))


def _misspelt_service_in_fhir(agency: SimulatedAgency, person: Person) -> None:
    bundle = agency.written(person, refer(Service.VOCATIONAL_REHABILITATION, KELA))
    agency.send(bundle.replace(b'"vocational_rehabilitation"', b'"vocational-rehabilitation"'))


def _no_such_referral(agency: SimulatedAgency, person: Person) -> None:
    # It waits for its referral as long as the agreement says, and is a dead letter then.
    agency.say(person, Answer(HandoffName(None, "TE-2026-99999"), "accepted"))


def _written(agency: SimulatedAgency, person: Person, service: Service) -> bytes:
    return agency.written(person, refer(service, SOTE))
