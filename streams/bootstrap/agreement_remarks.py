"""What the linter's rooms hand over: a remark on a place of an agreement file."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from streams.bootstrap.agreement_problems import Place
from streams.bootstrap.agreement_shape import (
    AgencyRecord,
    AgreementFile,
    BasisRecord,
    BounceRecord,
    ClockRecord,
    Dated,
    DutyRecord,
    RejectRecord,
    ServiceRecord,
    StatementRecord,
)

ERROR, WARN, INFO = "error", "warn", "info"


DatedRecord = (
    AgencyRecord
    | ServiceRecord
    | BasisRecord
    | StatementRecord
    | ClockRecord
    | DutyRecord
    | RejectRecord
    | BounceRecord
)


class Remark(NamedTuple):
    """One thing that lint found at a place of the file."""

    code: str
    severity: str
    place: Place
    text: str
    mend: str


def holds_on(record: Dated, day: date) -> bool:
    """Say whether a record holds on a local day; its last day counts."""
    return (record.valid_from or date.min) <= day <= (record.valid_to or date.max)


def dated_records(record: AgreementFile) -> Iterator[tuple[Place, DatedRecord]]:
    """Give every record of a file that may have dates or a law, with its place."""
    for code, services in record.service.items():
        for position, service in enumerate(services):
            yield ("service", code, position), service
    for name in ("agency", "basis", "statement", "clock", "duty", "reject", "bounce"):
        for position, dated in enumerate(getattr(record, name)):
            yield (name, position), dated


def turning_days(record: AgreementFile) -> list[date]:
    """Give the local days of a version on which other records begin to hold than the day before."""
    region = record.region
    days = {region.valid_from}
    for _, dated in dated_records(record):
        if dated.valid_from is not None:
            days.add(dated.valid_from)
        if dated.valid_to is not None:
            days.add(dated.valid_to + timedelta(days=1))
    last = region.valid_to or date.max
    return sorted(day for day in days if region.valid_from <= day <= last)


def gaps(placed: Iterable[tuple[Place, DatedRecord]]) -> Iterator[Remark]:
    """Look for days between the periods of one thing on which nothing of it holds."""
    in_time = sorted(placed, key=lambda item: item[1].valid_from or date.min)
    for (_, before), (place, after) in pairwise(in_time):
        if before.valid_to is None or after.valid_from is None:
            continue
        if after.valid_from - before.valid_to > timedelta(days=1):
            text = f"nothing of the kind holds between {before.valid_to} and {after.valid_from}"
            mend = "let it begin on the day after the one before it ends"
            yield Remark("validity-gap", WARN, (*place, "valid_from"), text, mend)
