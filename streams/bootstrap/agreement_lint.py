"""The agreement linter: gaps that a well-formed agreement file may still have.

An `error` leaves somebody without an answer or breaks a promise, a `warn` is likely an oversight,
an `info` is worth knowing. What keeps a file from loading at all comes back as findings too.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.agreement_file import Edition, read_editions
from streams.bootstrap.agreement_lint_clocks import clock_remarks
from streams.bootstrap.agreement_lint_conflicts import conflict_remarks
from streams.bootstrap.agreement_lint_coverage import coverage_remarks
from streams.bootstrap.agreement_lint_offices import office_remarks
from streams.bootstrap.agreement_lint_promise import promise_remarks
from streams.bootstrap.agreement_lint_validity import validity_remarks
from streams.bootstrap.agreement_problems import AgreementError
from streams.bootstrap.agreement_remarks import ERROR, INFO, WARN, Remark

_ORDER = (ERROR, WARN, INFO)


class Finding(NamedTuple):
    """One thing that lint found: what, how grave (error, warn, info), where, and how to mend it.

    `path` counts lists from 0, as `clock[2].limit`; `line` is 0 where no line shows it.
    """

    code: str
    severity: str
    file: str
    path: str
    line: int
    text: str
    mend: str


def lint(path: Path | None = None, *, today: date) -> list[Finding]:
    """Look an agreement file or folder through: the gravest findings first, then by file and line.

    `path` None is the demonstration region; `today` (local) tells whether a calendar ends soon. A
    file that cannot be loaded gives its problems as findings, and nothing else is looked for.
    """
    try:
        editions = read_editions(path)
    except AgreementError as wrong:
        return [
            Finding(
                p.code, ERROR, wrong.file, p.path, p.line, _with_nearest(p.text, p.nearest), p.mend
            )
            for p in wrong.problems
        ]
    found = [
        _finding(edition, remark) for edition in editions for remark in _remarks(edition, today)
    ]
    found += [_finding(edition, remark) for edition, remark in _between(editions)]
    return sorted(found, key=lambda f: (_ORDER.index(f.severity), f.file, f.line, f.path, f.text))


def has_gaps(findings: Sequence[Finding]) -> bool:
    """Say whether any finding asks for a mend: an error or a warning, not a mere info."""
    return any(finding.severity != INFO for finding in findings)


def _with_nearest(text: str, nearest: str) -> str:
    return f"{text} (nearest: {nearest})" if nearest else text


def _finding(edition: Edition, remark: Remark) -> Finding:
    source = edition.source
    return Finding(
        remark.code,
        remark.severity,
        edition.file.name,
        source.path(remark.place),
        source.line(remark.place),
        remark.text,
        remark.mend,
    )


def _remarks(edition: Edition, today: date) -> Iterator[Remark]:
    yield from coverage_remarks(edition)
    yield from clock_remarks(edition)
    yield from conflict_remarks(edition)
    yield from promise_remarks(edition)
    yield from validity_remarks(edition)
    yield from office_remarks(edition, today)


def _between(editions: Sequence[Edition]) -> Iterator[tuple[Edition, Remark]]:
    for before, after in pairwise(editions):
        ends, begins = before.record.region.valid_to, after.record.region.valid_from
        if ends is None:
            continue  # The newer version takes over on its first day.
        if (begins - ends).days > 1:
            text = f"no version holds between {ends} and {begins}"
            mend = "let this version begin on the day after the one before it ends"
            yield after, Remark("validity-gap", ERROR, ("region", "valid_from"), text, mend)
        elif begins <= ends:
            text = f"begins on {begins}, while {before.file.name} holds until {ends}"
            mend = "end the one before it on the day before, or leave its valid_to out"
            place = ("region", "valid_from")
            yield after, Remark("overlapping-validity", WARN, place, text, mend)
