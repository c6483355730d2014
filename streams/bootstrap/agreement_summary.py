"""What an agreement says at an instant, as JSON can hold it: for `agreement show`."""

from collections.abc import Sequence
from datetime import date

from streams.bootstrap.agreement_clock_summary import clock_summary, is_in_force, time_of_day
from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_remarks import holds_on
from streams.bootstrap.agreement_shape import DutyRecord
from streams.domain.agreement import Agency, Agreement, Agreements, BasisRule, ServiceRule
from streams.domain.calendar import local_day, moment
from streams.domain.codes import Branch
from streams.domain.ids import Instant

_SECOND_US = 1_000_000


def describe(editions: Sequence[Edition], at: Instant) -> dict[str, object]:
    """Give the version of an instant with the records in force then, ready for JSON.

    Instants are ISO 8601 with offset, UTC, and the end of a period is the first instant after it;
    durations are in seconds; digests are hexadecimal. Clocks are those whose rule holds for one
    that starts at the instant. `duties` are what no clock watches.
    """
    versions = [version for edition in editions for version in edition.versions]
    version = Agreements(tuple(versions)).in_force(at)
    (edition,) = (e for e in editions if version.digest in [v.digest for v in e.versions])
    today = date.fromordinal(local_day(at))
    return {
        "region": version.region_id,
        "profile": version.profile,
        "digest": version.digest.hex(),
        "clock_digest": version.clock_digest.hex(),
        "at": _iso(at),
        **_period(version.valid_from, version.valid_to),
        "awaiting_basis_for_s": version.awaiting_basis_for_us // _SECOND_US,
        "park_for_s": version.park_for_us // _SECOND_US,
        "deliver_for_s": version.delivery_limit_us // _SECOND_US,
        "calendar": _calendar(version),
        "agencies": [_agency(agency) for agency in version.agencies.values()],
        "services": [_service(rule) for rule in version.services],
        "service_tasks": [
            {"code": task.code, "name": task.name.model_dump()}
            for task in edition.record.service_task
        ],
        "bases": [_basis(rule) for rule in version.basis_rules],
        "clocks": [clock_summary(r) for r in version.clock_rules if is_in_force(r, at)],
        "duties": [_duty(duty) for duty in edition.record.duty if holds_on(duty, today)],
        "reject_reasons": [
            {
                "reason": rule.reason.value,
                "reroutes": rule.reroutes,
                "law_ref": rule.law_ref,
                "verified": rule.verified,
            }
            for rule in version.reject_rules
        ],
        "bounce": version.bounce._asdict(),
    }


def _iso(at: Instant | None) -> str | None:
    return None if at is None else moment(at).isoformat()


def _period(valid_from: Instant | None, valid_to: Instant | None) -> dict[str, object]:
    return {"valid_from": _iso(valid_from), "valid_to": _iso(valid_to)}


def _calendar(version: Agreement) -> dict[str, object]:
    return {
        "from": date.fromordinal(version.calendar_from).isoformat(),
        "to": date.fromordinal(version.calendar_to).isoformat(),
        "closed_days": len(version.closed_days),
    }


def _agency(agency: Agency) -> dict[str, object]:
    return {
        "agency": agency.agency_id,
        "sector": agency.sector,
        "name": {"fi": agency.name_fi, "sv": agency.name_sv, "en": agency.name_en},
        "business_id": agency.business_id,
        "oid": agency.oid,
        "xroad_member": agency.xroad_member,
        "municipalities": list(agency.municipalities),
        "counties": list(agency.counties),
        "office_hours": {
            "opens": time_of_day(agency.opens_us),
            "closes": time_of_day(agency.closes_us),
        },
        "closed_days": [date.fromordinal(day).isoformat() for day in sorted(agency.closed_days)],
        "silent_after_h": agency.silent_after_hours or None,
        "desks": [
            {"role": desk.role, "delivery": desk.delivery.partition(":")[0]}
            for desk in agency.desks
        ],
        "records": [kind.value for kind in agency.records],
        # Without its address: a webhook's may hold a secret.
        "delivery": agency.delivery.partition(":")[0],
    }


def _service(rule: ServiceRule) -> dict[str, object]:
    return {
        "service": rule.service.value,
        "purpose": rule.purpose.value,
        "default_categories": [category.value for category in rule.default_categories],
        "competent_sector": rule.competent_sector,
        "branch": rule.branch.value if rule.branch is not Branch.UNKNOWN else None,
        "service_task": rule.service_task or None,
        "recipients": [
            {
                "agency": named.agency_id,
                "source_sectors": list(named.source_sectors),
                "municipalities": list(named.municipalities),
            }
            for named in rule.recipients
        ],
        **_period(rule.valid_from, rule.valid_to),
    }


def _basis(rule: BasisRule) -> dict[str, object]:
    return {
        "kind": rule.kind.value,
        "from_sector": rule.from_sector,
        "to_sector": rule.to_sector,
        "purpose": rule.purpose.value,
        "categories": [category.value for category in rule.categories],
        "overrides_prohibition": rule.overrides_prohibition,
        "law_ref": rule.law_ref,
        "verified": rule.verified,
        **_period(rule.valid_from, rule.valid_to),
    }


def _duty(duty: DutyRecord) -> dict[str, object]:
    return {
        "rule": duty.rule,
        "obligation": duty.obligation,
        "reason": duty.reason,
        "law_ref": duty.law_ref,
        "verified": duty.verified,
        "evidence": duty.evidence,
    }
