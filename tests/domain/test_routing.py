"""To whom a referral goes, by the agreement alone."""

import pytest

from streams.domain.agreement import RecipientRule
from streams.domain.codes import Service
from streams.domain.ids import AgencyId
from streams.domain.routing import Route, route
from tests.domain.region import (
    EMPLOYMENT,
    FAR_AWAY,
    IMATRA,
    KELA,
    LAPPEENRANTA,
    REGION,
    SERVICES,
    SOTE,
    STRANGER,
    TYP,
)

ASSESSMENT, COACHING, REHABILITATION = (rule.service for rule in SERVICES)


@pytest.mark.parametrize(
    ("source", "service", "municipality", "recipient", "rule"),
    [
        (EMPLOYMENT, ASSESSMENT, LAPPEENRANTA, SOTE, "competent-sote"),
        (KELA, COACHING, LAPPEENRANTA, EMPLOYMENT, "competent-employment"),
        (KELA, COACHING, "153", IMATRA, "competent-employment"),
        (SOTE, REHABILITATION, FAR_AWAY, KELA, "competent-kela"),
        (SOTE, REHABILITATION, "", KELA, "competent-kela"),
        (EMPLOYMENT, ASSESSMENT, FAR_AWAY, None, "no-competent-agency"),
        (EMPLOYMENT, ASSESSMENT, "", None, "no-competent-agency"),
        (SOTE, ASSESSMENT, LAPPEENRANTA, None, "no-competent-agency"),
        (EMPLOYMENT, Service.SOCIAL_REHABILITATION, LAPPEENRANTA, None, "service-not-agreed"),
    ],
)
def test_the_competent_agency_serves_the_persons_municipality(
    source: AgencyId, service: Service, municipality: str, recipient: AgencyId | None, rule: str
) -> None:
    assert route(REGION, source, service, municipality) == Route(recipient, rule)


@pytest.mark.parametrize(
    ("exception", "source", "municipality", "recipient"),
    [
        (RecipientRule(TYP, (), ()), EMPLOYMENT, FAR_AWAY, TYP),
        (RecipientRule(TYP, ("kela",), ()), KELA, LAPPEENRANTA, TYP),
        (RecipientRule(TYP, ("kela",), ()), EMPLOYMENT, LAPPEENRANTA, SOTE),
        (RecipientRule(TYP, (), (LAPPEENRANTA,)), EMPLOYMENT, LAPPEENRANTA, TYP),
        (RecipientRule(TYP, (), (LAPPEENRANTA,)), EMPLOYMENT, "153", SOTE),
        (RecipientRule(TYP, (), ()), TYP, LAPPEENRANTA, SOTE),
        (RecipientRule(STRANGER, (), ()), EMPLOYMENT, LAPPEENRANTA, SOTE),
    ],
)
def test_an_exception_of_the_service_comes_first_where_it_applies(
    exception: RecipientRule, source: AgencyId, municipality: str, recipient: AgencyId
) -> None:
    first = SERVICES[0]._replace(recipients=(exception,))
    region = REGION._replace(services=(first, *SERVICES[1:]))
    rule = f"recipient-of-{ASSESSMENT}" if recipient == TYP else "competent-sote"
    assert route(region, source, ASSESSMENT, municipality) == Route(recipient, rule)


def test_who_has_said_no_is_passed_over() -> None:
    assert route(REGION, KELA, COACHING, LAPPEENRANTA, (EMPLOYMENT,)).recipient is None
    first = SERVICES[0]._replace(
        recipients=(RecipientRule(TYP, (), ()), RecipientRule(KELA, (), ()))
    )
    region = REGION._replace(services=(first,))
    assert route(region, EMPLOYMENT, ASSESSMENT, "", (TYP,)).recipient == KELA
    assert route(region, EMPLOYMENT, ASSESSMENT, LAPPEENRANTA, (TYP, KELA)).recipient == SOTE
