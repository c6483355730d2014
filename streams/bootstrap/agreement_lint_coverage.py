"""Lint of who gets what: a recipient for every place, a basis for every category, a branch of sote.

Routes are asked of the very function that the hub routes with, on every day on which the records
change. A default category has a basis for a pair of sectors where a statute or the TYP act carries
it there, or where a `[[statement]]` says that it is known to rest on the person's own word.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_problems import Place
from streams.bootstrap.agreement_remarks import (
    ERROR,
    INFO,
    WARN,
    Remark,
    holds_on,
    turning_days,
)
from streams.bootstrap.agreement_shape import AgreementFile, ServiceRecord
from streams.domain.agreement import ALL_MUNICIPALITIES, Agency, Agreement, Agreements
from streams.domain.calendar import midnight
from streams.domain.codes import Service
from streams.domain.routing import route


class _Day(NamedTuple):
    """The records of a day from which on nothing changes for a while."""

    day: date
    agreement: Agreement
    record: AgreementFile


class _Routes(NamedTuple):
    """Where a service's referrals go on a day."""

    nowhere: list[str]
    """Municipalities from which some source finds no recipient."""
    own: list[str]
    """Agencies that would be their own recipient."""
    sectors: list[tuple[str, str]]
    """Source and recipient sectors between which its data goes."""


def coverage_remarks(edition: Edition) -> Iterator[Remark]:
    """Look for services without a recipient, categories without a basis, agencies not in force."""
    said: set[tuple[str, Place, str]] = set()
    agreements = Agreements(edition.versions)
    for day in turning_days(edition.record):
        then = _Day(day, agreements.in_force(midnight(day.toordinal())), edition.record)
        for remark in (*_services(then), *_absent(then)):
            # The same gap on a later day is the same gap.
            if (remark.code, remark.place, remark.text) not in said:
                said.add((remark.code, remark.place, remark.text))
                since = "" if day == edition.record.region.valid_from else f" (from {day})"
                yield remark._replace(text=remark.text + since)
    for service in Service:
        if service is not Service.UNKNOWN and service not in edition.record.service:
            text = f"the region does not offer {service}"
            yield Remark("service-not-offered", INFO, ("service",), text, "nothing, if it is meant")
    for position, agency in enumerate(edition.record.agency):
        if not agency.municipalities:
            text = f"{agency.id} serves no municipality"
            mend = "list the codes: counties alone route no referral"
            yield Remark("agency-without-area", WARN, ("agency", position), text, mend)
    yield from _unused_tasks(edition.record)


def _services(then: _Day) -> Iterator[Remark]:
    for code, services in then.record.service.items():
        for position, service in enumerate(services):
            if not holds_on(service, then.day):
                continue
            place = ("service", code, position)
            routes = _routes(then.agreement, Service(code), service.competent_sector)
            if routes.nowhere:
                text = f"{code} has no recipient for {', '.join(routes.nowhere)}"
                mend = f"let a {service.competent_sector} agency serve them, or name a recipient"
                yield Remark("service-without-recipient", ERROR, place, text, mend)
            if routes.own:
                text = f"a referral for {code} must name its recipient from {', '.join(routes.own)}"
                text += ", itself competent"
                yield Remark("source-is-competent", INFO, place, text, "nothing, if it is meant")
            yield from _bases(then, (*place, "default_categories"), service, routes.sectors)
            yield from _branch(place, code, service, routes.sectors)


def _branch(
    place: Place, code: str, service: ServiceRecord, sectors: list[tuple[str, str]]
) -> Iterator[Remark]:
    if service.branch is None and any(recipient == "sote" for _, recipient in sectors):
        text = f"{code} is of no branch of sote: no permit covers data that goes to it"
        mend = 'add branch = "health" or "social"'
        yield Remark("service-without-branch", WARN, place, text, mend)


def _unused_tasks(record: AgreementFile) -> Iterator[Remark]:
    used = {service.service_task for services in record.service.values() for service in services}
    for position, task in enumerate(record.service_task):
        if task.code not in used:
            text = f"{task.code} is the task of no service: prohibiting it would hold nothing back"
            mend = "name it as the service_task of the services whose data it covers"
            yield Remark("service-task-unused", WARN, ("service_task", position), text, mend)


def _routes(agreement: Agreement, service: Service, competent: str) -> _Routes:
    nowhere: dict[str, None] = {}
    own: dict[str, None] = {}
    sectors: dict[tuple[str, str], None] = {}
    agencies = agreement.agencies.values()
    for municipality in _municipalities(agreement):
        for source in agencies:
            recipient = route(agreement, source.agency_id, service, municipality).recipient
            if recipient is not None:
                sectors[source.sector, agreement.sector(recipient)] = None
            elif source.sector == competent and source.serves(municipality):
                own[source.agency_id] = None
            else:
                nowhere[municipality or "any place"] = None
    return _Routes(list(nowhere), list(own), sorted(sectors))


def _municipalities(agreement: Agreement) -> list[str]:
    def named(agency: Agency) -> list[str]:
        return [place for place in agency.municipalities if place != ALL_MUNICIPALITIES]

    listed = {place for agency in agreement.agencies.values() for place in named(agency)}
    # Where every agency serves the whole country, one place stands for all.
    return sorted(listed) or [""]


def _bases(
    then: _Day, place: Place, service: ServiceRecord, sectors: list[tuple[str, str]]
) -> Iterator[Remark]:
    if not service.default_categories:
        text = "a referral that names no category carries nothing"
        mend = "name what a referral of this service carries"
        yield Remark("no-default-category", WARN, place, text, mend)
    bare: dict[tuple[str, ...], list[str]] = {}
    for category in service.default_categories:
        pairs = tuple(
            f"{source} to {recipient}"
            for source, recipient in sectors
            if not _carried(then, category, service.purpose, (source, recipient))
        )
        if pairs:
            bare.setdefault(pairs, []).append(category)
    for pairs, categories in bare.items():
        text = f"no basis for {', '.join(categories)} ({service.purpose}): {', '.join(pairs)}"
        mend = "add a [[basis]], or a [[statement]] where it rests on the person's own word"
        yield Remark("category-without-basis", WARN, place, text, mend)


def _carried(then: _Day, category: str, purpose: str, sectors: tuple[str, str]) -> bool:
    return any(
        (rule.from_sector, rule.to_sector) == sectors
        and rule.purpose == purpose
        and category in rule.categories
        for rule in then.agreement.basis_rules
    ) or any(
        sectors[0] in statement.from_sector
        and sectors[1] in statement.to_sector
        and purpose in statement.purpose
        and category in statement.categories
        and holds_on(statement, then.day)
        for statement in then.record.statement
    )


def _absent(then: _Day) -> Iterator[Remark]:
    for position, bounce in enumerate(then.record.bounce):
        if holds_on(bounce, then.day) and bounce.coordinator not in then.agreement.agencies:
            text = f"the coordinator {bounce.coordinator} is no agency of that time"
            mend = "name another coordinator from that day on"
            place: Place = ("bounce", position, "coordinator")
            yield Remark("unknown-agency", ERROR, place, text, mend)
    for code, services in then.record.service.items():
        for position, service in enumerate(services):
            if not holds_on(service, then.day):
                continue
            for number, named in enumerate(service.recipient):
                if named.agency not in then.agreement.agencies:
                    text = f"the recipient {named.agency} is no agency of that time"
                    mend = "give the service another record from that day on"
                    place = ("service", code, position, "recipient", number)
                    yield Remark("unknown-agency", ERROR, place, text, mend)
