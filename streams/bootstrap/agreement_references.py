"""Where a record of an agreement file contradicts itself or names what is not there.

Looked for in the parsed TOML itself and beside the shape's errors, so that one reading of the file
gives every problem; whatever has the wrong shape is the shape's to report and is passed over here.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations

from streams.bootstrap.agreement_clock_references import clock_problems, office_problems
from streams.bootstrap.agreement_problems import Place, Problem, Source
from streams.bootstrap.agreement_tables import tables, texts
from streams.bootstrap.agreement_values import nearest

_OPEN_END = date.max
_UNIQUE = ("id", "business_id", "oid")


def reference_problems(document: Mapping[str, object], source: Source) -> Iterator[Problem]:
    """Find every contradiction and every reference to nothing, in no order."""
    agencies = list(tables(document, "agency"))
    yield from _periods(document, source)
    yield from _doubles(agencies, source)
    yield from _unknown_agencies(document, agencies, source)
    yield from _overriding(document, source)
    for place, agency in agencies:
        places = texts(agency, "municipalities")
        if "*" in places and len(places) > 1:
            text = "names all municipalities and some"
            mend = 'write ["*"] alone, or leave "*" out'
            yield source.problem("contradiction", (*place, "municipalities"), text, mend)
        yield from office_problems(place, agency, source)
    yield from _service_tasks(document, source)
    known = [name for _, agency in agencies if isinstance(name := agency.get("id"), str)]
    for place, clock in tables(document, "clock"):
        yield from clock_problems(place, clock, sorted({*known}), source)


def _periods(document: Mapping[str, object], source: Source) -> Iterator[Problem]:
    names = (
        "region",
        "agency",
        "service",
        "basis",
        "statement",
        "clock",
        "duty",
        "reject",
        "bounce",
    )
    for name in names:
        for place, record in tables(document, name):
            first, last = record.get("valid_from"), record.get("valid_to")
            # A date with a time is a date to Python, and the shape's to refuse.
            if type(first) is date and type(last) is date and last < first:
                text = "is before valid_from"
                mend = "give the last day on which it holds, or leave it out"
                yield source.problem("contradiction", (*place, "valid_to"), text, mend)


def _overriding(document: Mapping[str, object], source: Source) -> Iterator[Problem]:
    for place, basis in tables(document, "basis"):
        if basis.get("kind") == "typ_membership" and basis.get("overrides_prohibition") is True:
            text = "the TYP act beats no prohibition: statutes alone may"
            mend = 'leave it out, or name the statute in a record of kind = "statute"'
            yield source.problem("contradiction", (*place, "overrides_prohibition"), text, mend)


def _doubles(
    agencies: list[tuple[Place, Mapping[str, object]]], source: Source
) -> Iterator[Problem]:
    for (_, one), (place, other) in combinations(agencies, 2):
        if not _overlap(one, other):
            continue
        for key in _UNIQUE:
            value = one.get(key)
            if isinstance(value, str) and value == other.get(key):
                text = "another agency of the same time has it too"
                mend = "give each agency its own, or give the two records periods of their own"
                yield source.problem("overlapping-validity", (*place, key), text, mend)


def _unknown_agencies(
    document: Mapping[str, object],
    agencies: list[tuple[Place, Mapping[str, object]]],
    source: Source,
) -> Iterator[Problem]:
    known = sorted({name for _, agency in agencies if isinstance(name := agency.get("id"), str)})
    named = [((*p, "coordinator"), b.get("coordinator")) for p, b in tables(document, "bounce")]
    for place, service in tables(document, "service"):
        for recipient_place, recipient in tables(service, "recipient", within=place):
            named.append(((*recipient_place, "agency"), recipient.get("agency")))
    for place, agency in named:
        if isinstance(agency, str) and known and agency not in known:
            mend = "name an agency of the file, or add it"
            text = "no such agency in the file"
            yield source.problem("unknown-agency", place, text, mend, nearest(agency, known))


def _service_tasks(document: Mapping[str, object], source: Source) -> Iterator[Problem]:
    agreed: list[str] = []
    for place, task in tables(document, "service_task"):
        code = task.get("code")
        if isinstance(code, str):
            if code in agreed:
                text, mend = "another service task has it too", "give each task its own code"
                yield source.problem("contradiction", (*place, "code"), text, mend)
            agreed.append(code)
    for place, service in tables(document, "service"):
        named = service.get("service_task")
        if isinstance(named, str) and named not in agreed:
            mend = "name a [[service_task]] of the file, or add it"
            meant = nearest(named, agreed) if agreed else ""
            at = (*place, "service_task")
            yield source.problem("unknown-code", at, "no such service task", mend, meant)


def _overlap(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    (first, last), (other_first, other_last) = _period(one), _period(other)
    return first <= other_last and other_first <= last


def _period(record: Mapping[str, object]) -> tuple[date, date]:
    first, last = record.get("valid_from"), record.get("valid_to")
    return (
        first if type(first) is date else date.min,
        last if type(last) is date else _OPEN_END,
    )
