"""Lint of periods and laws: records that overlap, leave gaps or never hold, unchecked laws."""

from collections.abc import Hashable, Iterator
from datetime import date
from itertools import combinations, product
from typing import assert_never

from streams.bootstrap.agreement_file import Edition
from streams.bootstrap.agreement_problems import Place
from streams.bootstrap.agreement_remarks import (
    ERROR,
    INFO,
    WARN,
    DatedRecord,
    Remark,
    dated_records,
    gaps,
)
from streams.bootstrap.agreement_shape import (
    AgencyRecord,
    AgreementFile,
    BasisRecord,
    BounceRecord,
    ClockRecord,
    DutyRecord,
    RejectRecord,
    ServiceRecord,
    StatementRecord,
)
from streams.domain.codes import RejectReason

_Placed = tuple[Place, DatedRecord]


def validity_remarks(edition: Edition) -> Iterator[Remark]:
    """Look for records that overlap, leave a gap, never hold, or rest on no checked law."""
    record = edition.record
    same: dict[Hashable, list[_Placed]] = {}
    for place, dated in dated_records(record):
        for key in _keys(place, dated):
            same.setdefault(key, []).append((place, dated))
    told: set[tuple[Place, Place]] = set()
    for placed in same.values():
        yield from _overlaps(placed, told)
    # A basis or statement may end for good and another law begin; a duty may come to be watched;
    # clocks follow on each other under different names. The others are one thing in time.
    for key, placed in same.items():
        if isinstance(key, tuple) and key[0] not in ("basis", "statement", "clock", "duty"):
            yield from gaps(placed)
    yield from _never(record)
    yield from _reasons(record)
    yield from _laws(record)


def _keys(place: Place, dated: DatedRecord) -> Iterator[Hashable]:
    """Say what a record is a record of: two of one key must not hold on one day."""
    match dated:
        case AgencyRecord():
            yield ("agency", dated.id)
        case ServiceRecord():
            yield place[:2]
        case ClockRecord():
            yield ("clock", dated.rule)
        case DutyRecord():
            yield ("duty", dated.rule)
        case RejectRecord():
            yield ("reject", dated.reason)
        case BounceRecord():
            yield ("bounce",)
        case BasisRecord() | StatementRecord():
            pairs = product(dated.from_sector, dated.to_sector, dated.purpose, dated.categories)
            for pair in pairs:
                yield (place[0], dated.kind, *pair, dated.law_ref)
        case _:
            assert_never(dated)


def _overlaps(placed: list[_Placed], told: set[tuple[Place, Place]]) -> Iterator[Remark]:
    for (first_place, one), (place, other) in combinations(placed, 2):
        starts = max(one.valid_from or date.min, other.valid_from or date.min)
        ends = min(one.valid_to or date.max, other.valid_to or date.max)
        if starts <= ends and (first_place, place) not in told:
            told.add((first_place, place))
            since = "" if starts == date.min else f" from {starts}"
            until = "" if ends == date.max else f" until {ends}"
            text = f"two records of the same hold at one time{since}{until}"
            mend = "end the first on the day before the second begins, or leave one out"
            yield Remark("overlapping-validity", ERROR, place, text, mend)


def _never(record: AgreementFile) -> Iterator[Remark]:
    region = record.region
    for place, dated in dated_records(record):
        ended = dated.valid_to is not None and dated.valid_to < region.valid_from
        late = (
            dated.valid_from is not None
            and region.valid_to is not None
            and dated.valid_from > region.valid_to
        )
        if ended or late:
            text = "holds on no day of this version"
            yield Remark("never-in-force", WARN, place, text, "leave it out, or mend its dates")


def _reasons(record: AgreementFile) -> Iterator[Remark]:
    agreed = {reject.reason for reject in record.reject}
    missing = [r for r in RejectReason if r is not RejectReason.UNKNOWN and r not in agreed]
    if agreed and missing:
        text = f"a rejection as {', '.join(missing)} is refused"
        mend = "nothing, if it is meant; else add the reasons"
        yield Remark("reason-not-agreed", INFO, ("reject",), text, mend)


def _laws(record: AgreementFile) -> Iterator[Remark]:
    placed = list(dated_records(record))
    for place, dated in placed:
        rests_on_law = isinstance(dated, BasisRecord | DutyRecord) or (
            isinstance(dated, ClockRecord) and dated.statutory
        )
        if (rests_on_law or dated.verified) and not dated.law_ref:
            text = "names no law" if rests_on_law else "is verified against no law"
            mend = "add law_ref: the statute and its section"
            yield Remark("no-law-ref", WARN, place, text, mend)
    named = [dated for _, dated in placed if dated.law_ref]
    unverified = [dated for dated in named if not dated.verified]
    if unverified:
        text = f"{len(unverified)} of {len(named)} records with a law_ref are not verified"
        mend = "let a person read the statute, then write verified = true"
        yield Remark("unverified-law", INFO, (), text, mend)
