"""Routing: which agency is competent, by service, home municipality and source.

An exception of the service's own comes first, then the competent sector's agency that serves the
municipality. A person is never routed to the source itself.
"""

from typing import NamedTuple

from streams.domain.agreement import Agreement, ServiceRule
from streams.domain.codes import Service
from streams.domain.ids import AgencyId


class Route(NamedTuple):
    """Where a referral goes, if anywhere, and the code of the rule that said so."""

    recipient: AgencyId | None
    rule: str


def route(
    agreement: Agreement,
    source: AgencyId,
    service: Service,
    municipality: str,
    excluding: tuple[AgencyId, ...] = (),
) -> Route:
    """Find the recipient of an open or misdirected referral.

    `municipality` is a three-digit code, empty where unknown; `excluding` names agencies that have
    already rejected. The rule is `service-not-agreed`, `recipient-of-<service>`,
    `competent-<sector>` or `no-competent-agency`.
    """
    rule = agreement.service(service)
    if rule is None:
        return Route(None, "service-not-agreed")
    passed_over = (source, *excluding)
    named = _named_recipient(agreement, rule, source, municipality, passed_over)
    if named is not None:
        return Route(named, f"recipient-of-{service}")
    for agency in agreement.agencies.values():
        if agency.sector != rule.competent_sector or agency.agency_id in passed_over:
            continue
        if agency.serves(municipality):
            return Route(agency.agency_id, f"competent-{rule.competent_sector}")
    return Route(None, "no-competent-agency")


def _named_recipient(
    agreement: Agreement,
    rule: ServiceRule,
    source: AgencyId,
    municipality: str,
    passed_over: tuple[AgencyId, ...],
) -> AgencyId | None:
    sector = agreement.sector(source)
    for exception in rule.recipients:
        if exception.agency_id in passed_over or exception.agency_id not in agreement.agencies:
            continue
        if exception.source_sectors and sector not in exception.source_sectors:
            continue
        if exception.municipalities and municipality not in exception.municipalities:
            continue
        return exception.agency_id
    return None
