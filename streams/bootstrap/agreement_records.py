"""From an agreement file's records to the agreement as the domain knows it, with its digest.

The domain keeps the dates of services, bases and clock rules. Where an agency, a reject rule or the
bounce rule changes on a date, the file gives one version a period instead, each with a digest of
its own.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise, product

from streams.bootstrap.agreement_clock_records import (
    agency_of,
    calendar_of,
    clock_digest,
    clock_rule,
)
from streams.bootstrap.agreement_shape import (
    AgreementFile,
    BasisRecord,
    Dated,
    RejectRecord,
    ServiceRecord,
)
from streams.bootstrap.agreement_values import duration_us
from streams.bootstrap.closed_days import ClosedDays
from streams.domain.agreement import (
    Agreement,
    BasisBook,
    BasisRule,
    BounceRule,
    RecipientRule,
    RejectRule,
    ServiceRule,
)
from streams.domain.calendar import midnight
from streams.domain.clock_rules import ClockBook
from streams.domain.codes import Basis, Branch, Category, Purpose, RejectReason, Service
from streams.domain.ids import AgencyId, Instant

_ONE_DAY = timedelta(days=1)


def digest_of(record: AgreementFile, closed: ClosedDays) -> bytes:
    """Give SHA-256 over the records and the calendar's dates, in one canonical rendering.

    Comments, white space, the order of keys and what says only a default do not count, so that a
    key which a later version of the hub adds leaves old digests as they were. The order of records
    counts: the first that fits is the one that is used.
    """
    whole = {
        "agreement": record.model_dump(mode="json", exclude_defaults=True),
        "calendar": calendar_of(closed),
    }
    rendering = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(rendering.encode()).digest()


def versions_of(record: AgreementFile, closed: ClosedDays) -> tuple[Agreement, ...]:
    """Make the versions of a file, in the order of their time; one where nothing splits it.

    Raises:
        LookupError: No bounce rule holds on a day of the agreement; the text gives the day.
    """
    digest = digest_of(record, closed)
    turns = _turns(record)
    end = record.region.valid_to
    bounds = [*turns, None if end is None else end + _ONE_DAY]
    versions = []
    for first, after in pairwise(bounds):
        assert first is not None  # noqa: S101  # only the last bound may be open
        own = digest if len(turns) == 1 else sha256(digest + first.isoformat().encode()).digest()
        versions.append(_version(record, closed, first, after, own))
    return tuple(versions)


def _turns(record: AgreementFile) -> list[date]:
    region = record.region
    turns = {region.valid_from}
    for dated in (*record.agency, *record.reject, *record.bounce):
        if dated.valid_from is not None:
            turns.add(dated.valid_from)
        if dated.valid_to is not None:
            turns.add(dated.valid_to + _ONE_DAY)
    last = region.valid_to or date.max
    return sorted(day for day in turns if region.valid_from <= day <= last)


def _version(
    record: AgreementFile, closed: ClosedDays, first: date, after: date | None, digest: bytes
) -> Agreement:
    region = record.region
    bounces = [bounce for bounce in record.bounce if _holds_on(bounce, first)]
    if not bounces:
        raise LookupError(first.isoformat())
    held = [agency_of(agency) for agency in record.agency if _holds_on(agency, first)]
    agencies = {agency.agency_id: agency for agency in held}
    return Agreement(
        digest=digest,
        region_id=region.id,
        profile=region.profile,
        valid_from=midnight(first.toordinal()),
        valid_to=None if after is None else midnight(after.toordinal()),
        agencies=agencies,
        services=tuple(
            _service(code, service)
            for code, services in record.service.items()
            for service in services
        ),
        basis_rules=BasisBook(rule for basis in record.basis for rule in _basis(basis)),
        clock_rules=ClockBook(map(clock_rule, record.clock)),
        reject_rules=tuple(_reject(r) for r in record.reject if _holds_on(r, first)),
        bounce=BounceRule(
            bounces[0].window_days, bounces[0].limit, AgencyId(bounces[0].coordinator)
        ),
        closed_days=closed.ordinals(),
        calendar_from=closed.first.toordinal(),
        calendar_to=closed.last.toordinal(),
        awaiting_basis_for_us=duration_us(region.awaiting_basis_for),
        park_for_us=duration_us(region.park_for),
        delivery_limit_us=duration_us(region.deliver_for),
        clock_digest=clock_digest(record, closed, agencies),
        service_tasks=tuple(task.code for task in record.service_task),
    )


def _holds_on(record: Dated, day: date) -> bool:
    return (record.valid_from or date.min) <= day <= (record.valid_to or date.max)


def _from(record: Dated) -> Instant | None:
    return None if record.valid_from is None else midnight(record.valid_from.toordinal())


def _to(record: Dated) -> Instant | None:
    return None if record.valid_to is None else midnight(record.valid_to.toordinal() + 1)


def _service(code: str, record: ServiceRecord) -> ServiceRule:
    return ServiceRule(
        service=Service(code),
        purpose=Purpose(record.purpose),
        default_categories=tuple(map(Category, record.default_categories)),
        competent_sector=record.competent_sector,
        recipients=tuple(
            RecipientRule(
                AgencyId(named.agency), tuple(named.source_sectors), tuple(named.municipalities)
            )
            for named in record.recipient
        ),
        valid_from=_from(record),
        valid_to=_to(record),
        branch=Branch.UNKNOWN if record.branch is None else Branch(record.branch),
        service_task=record.service_task or "",
    )


def _basis(record: BasisRecord) -> Iterator[BasisRule]:
    lone = len(record.from_sector) == len(record.to_sector) == 1
    for from_sector, to_sector, purpose in product(
        record.from_sector, record.to_sector, record.purpose
    ):
        # Lists mean "each to each other": a sector to itself only where nothing else is said.
        if from_sector != to_sector or lone:
            yield BasisRule(
                kind=Basis(record.kind),
                from_sector=from_sector,
                to_sector=to_sector,
                purpose=Purpose(purpose),
                categories=tuple(map(Category, record.categories)),
                overrides_prohibition=record.overrides_prohibition,
                law_ref=record.law_ref,
                verified=record.verified,
                valid_from=_from(record),
                valid_to=_to(record),
            )


def _reject(record: RejectRecord) -> RejectRule:
    return RejectRule(RejectReason(record.reason), record.reroutes, record.law_ref, record.verified)
