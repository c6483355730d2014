"""From an agreement file's clocks and offices to the domain's, with the digest of both."""

import json
from hashlib import sha256

from streams.bootstrap.agreement_clock_values import time_us
from streams.bootstrap.agreement_ladder import rungs_of
from streams.bootstrap.agreement_shape import AgencyRecord, AgreementFile, ClockRecord
from streams.bootstrap.closed_days import ClosedDays
from streams.domain.agreement import Agency, Desk
from streams.domain.calendar import NATIONAL_HOURS, midnight
from streams.domain.clock_rules import ClockRule, triggers
from streams.domain.codes import Priority, Service
from streams.domain.ids import AgencyId
from streams.domain.statements import StatementKind

_TELLS_NO_TIME = {"law_ref", "verified", "evidence"}
_OF_ANY_SECTOR = (StatementKind.CONSENT, StatementKind.PROHIBITION)
_OF_SOTE = (*_OF_ANY_SECTOR, StatementKind.PERMIT)


def clock_digest(
    record: AgreementFile, closed: ClosedDays, agencies: dict[AgencyId, Agency]
) -> bytes:
    """Give SHA-256 over what deadlines rest on: clock rules, calendar and office hours.

    Neither the order of the clocks nor what a rule says of its law counts, nor offices that keep
    the state's hours: open clocks are projected again where this digest changes, and only there.
    """
    whole = {
        "clocks": [
            clock.model_dump(mode="json", exclude_defaults=True, exclude=_TELLS_NO_TIME)
            for clock in sorted(record.clock, key=lambda clock: clock.rule)
        ],
        "calendar": calendar_of(closed),
        "offices": {
            agency.agency_id: [agency.opens_us, agency.closes_us, sorted(agency.closed_days)]
            for agency in agencies.values()
            if agency.closed_days or (agency.opens_us, agency.closes_us) != NATIONAL_HOURS
        },
    }
    rendering = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(rendering.encode()).digest()


def calendar_of(closed: ClosedDays) -> dict[str, object]:
    """Give what a digest says of a calendar: its range and its dates, not what they are called."""
    return {
        "first": closed.first.isoformat(),
        "last": closed.last.isoformat(),
        "closed": sorted(day.isoformat() for day in closed.days),
    }


def clock_rule(record: ClockRecord) -> ClockRule:
    """Make the domain's rule of a clock record."""
    bound = record.pause_at_most
    return ClockRule(
        rule=record.rule,
        unit=record.unit,
        limit=record.limit,
        starts_on=triggers(*record.starts_on),
        met_on=triggers(*record.met_on),
        cancelled_on=triggers(*record.cancelled_on),
        pauses_on=triggers(*record.pauses_on),
        rungs=rungs_of(record),
        statutory=record.statutory,
        law_ref=record.law_ref,
        verified=record.verified,
        valid_from=(None if record.valid_from is None else midnight(record.valid_from.toordinal())),
        valid_to=None if record.valid_to is None else midnight(record.valid_to.toordinal() + 1),
        scope=record.scope,
        calendar=record.calendar,
        resumes_on=triggers(*record.resumes_on),
        services=tuple(map(Service, record.services)),
        source_sectors=tuple(record.source_sectors),
        priorities=tuple(map(Priority, record.priorities)),
        age_from=record.age_from,
        age_under=record.age_under,
        typ_member=record.typ_member,
        owner_sector=record.owner_sector or "",
        heard_from=tuple(record.heard_from),
        pause_days_max=None if bound is None else int(bound.removesuffix("d")),
        days_a_week=record.days_a_week,
        evidence=record.evidence or "",
    )


def agency_of(record: AgencyRecord) -> Agency:
    """Make the domain's agency of an agency record."""
    silent_after = record.silent_after
    return Agency(
        agency_id=AgencyId(record.id),
        sector=record.sector,
        business_id=record.business_id,
        oid=record.oid,
        xroad_member=record.xroad_member,
        municipalities=tuple(record.municipalities),
        counties=tuple(record.counties),
        name_fi=record.name.fi,
        name_sv=record.name.sv,
        name_en=record.name.en,
        delivery=record.delivery,
        opens_us=time_us(record.office_hours.opens),
        closes_us=time_us(record.office_hours.closes),
        closed_days=frozenset(day.toordinal() for day in record.closed_days),
        desks=tuple(Desk(desk.role, desk.delivery) for desk in record.desk),
        silent_after_hours=0 if silent_after is None else int(silent_after.removesuffix("wh")),
        records=_records(record),
    )


def _records(record: AgencyRecord) -> tuple[StatementKind, ...]:
    if record.records is not None:
        return tuple(dict.fromkeys(map(StatementKind, record.records)))
    return _OF_SOTE if record.sector == "sote" else _OF_ANY_SECTOR
