"""Cases beside an agreement: what its people expect of it, asked of the hub's own rules.

A case names a `source`, a `service` and a `municipality`, and on which day (`on`, else the first of
the newest version); `[case.expect]` says what must come of it: `recipient` (empty where nobody is
competent), `rule` that said so, `purpose`, `default_categories`, and `bases`, the kinds of statute
that carry all of them there without the person's own word. What a case does not name is not asked.
"""

import tomllib
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from streams.bootstrap.agreement_file import SHIPPED_REGION, shipped_folder
from streams.bootstrap.agreement_problems import AgreementError, Problem, Source, shape_problems
from streams.bootstrap.agreement_shape import Record
from streams.bootstrap.agreement_values import (
    AgencyCode,
    Categories,
    Day,
    Municipality,
    PurposeCode,
    ServiceCode,
    Text,
)
from streams.domain.agreement import Agreement, Agreements
from streams.domain.calendar import midnight
from streams.domain.codes import Service
from streams.domain.ids import AgencyId
from streams.domain.routing import route


class Expected(Record):
    """`[case.expect]`: what must come of a case; what is left out is not asked."""

    recipient: str | None = None
    rule: str | None = None
    purpose: PurposeCode | None = None
    default_categories: Categories | None = None
    bases: list[str] | None = None


class Case(Record):
    """`[[case]]`: a referral that an agency might send."""

    name: Text
    source: AgencyCode
    service: ServiceCode
    municipality: Municipality
    on: Day | None = Field(None, description="Local day; without it the newest version's first.")
    expect: Expected


class CaseFile(Record):
    """The cases of an agreement."""

    case: list[Case] = Field(min_length=1)


RECORDS: dict[tuple[str, ...], type[Record]] = {
    (): CaseFile,
    ("case",): Case,
    ("case", "expect"): Expected,
}


class Difference(NamedTuple):
    """Where a case came out otherwise than its people expected."""

    key: str
    expected: str
    found: str


class CaseResult(NamedTuple):
    """What came of one case; it holds where there is no difference. `line` is where it stands."""

    name: str
    line: int
    differences: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        """Say whether everything came out as expected."""
        return not self.differences


def cases_beside(agreement: Path | None) -> Path:
    """Name the cases of an agreement file: `x.cases.toml` beside `x.toml`."""
    file = agreement if agreement is not None else shipped_folder() / SHIPPED_REGION
    return file.with_suffix(".cases.toml")


def run_cases(agreements: Agreements, path: Path) -> list[CaseResult]:
    """Put every case of a file to the agreements, in the file's order.

    Raises:
        AgreementError: The case file is missing, unreadable or wrong; it holds every problem.
    """
    source, cases = _read(path)
    newest = agreements.versions[-1].valid_from
    results = []
    for position, case in enumerate(cases):
        at = newest if case.on is None else midnight(case.on.toordinal())
        found = _outcome(agreements.in_force(at), case)
        differences = tuple(
            Difference(key, _said(expected), _said(found[key]))
            for key, expected in case.expect
            if expected is not None and expected != found[key]
        )
        results.append(CaseResult(case.name, source.line(("case", position)), differences))
    return results


def _read(path: Path) -> tuple[Source, list[Case]]:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as wrong:
        missing = isinstance(wrong, FileNotFoundError)
        code, said = ("missing-file", "is not there") if missing else ("malformed", "is no TOML")
        problem = Problem(code, "", 0, said, "name a file of [[case]] tables")
        raise AgreementError(path.name, [problem]) from None
    source = Source(text, document)
    try:
        return source, CaseFile.model_validate(document).case
    except ValidationError as wrong:
        errors = wrong.errors(include_input=False, include_url=False)
        raise AgreementError(path.name, list(shape_problems(errors, source, RECORDS))) from None


def _outcome(agreement: Agreement, case: Case) -> dict[str, object]:
    service = Service(case.service)
    rule = agreement.service(service)
    found = route(agreement, AgencyId(case.source), service, case.municipality)
    categories = rule.default_categories if rule is not None else ()
    bases: list[str] = []
    if rule is not None and found.recipient is not None:
        sectors = (agreement.sector(AgencyId(case.source)), agreement.sector(found.recipient))
        for basis in agreement.basis_rules:
            bears = (basis.from_sector, basis.to_sector) == sectors
            if bears and basis.purpose is rule.purpose and {*categories} <= {*basis.categories}:
                bases.append(basis.kind.value)
    return {
        "recipient": found.recipient or "",
        "rule": found.rule,
        "purpose": rule.purpose.value if rule is not None else "",
        "default_categories": [category.value for category in categories],
        "bases": sorted(set(bases)),
    }


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return str(value) or "nobody"
