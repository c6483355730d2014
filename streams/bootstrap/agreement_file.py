"""Agreement files: TOML in, the domain's agreements out, or everything that is wrong with the file.

A file is one version of a region's agreement; a folder holds several, every `*.toml` of it but
calendars (`calendar-*.toml`) and cases (`*.cases.toml`). What may stand in a file is in
`agreement_shape`; `deploy/agreements/south-karelia.toml` shows it.
"""

import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from streams.bootstrap.agreement_problems import AgreementError, Problem, Source, shape_problems
from streams.bootstrap.agreement_records import versions_of
from streams.bootstrap.agreement_references import reference_problems
from streams.bootstrap.agreement_shape import AgreementFile
from streams.bootstrap.closed_days import ClosedDays, read_closed_days
from streams.domain.agreement import Agreement, Agreements

FILE_BYTES_MAX = 1024 * 1024
SHIPPED_REGION = "south-karelia.toml"


class Edition(NamedTuple):
    """One agreement file as read: its text's places, its records, and the versions it gives."""

    file: Path
    source: Source
    record: AgreementFile
    closed: ClosedDays
    versions: tuple[Agreement, ...]


def shipped_folder() -> Path:
    """Find the agreements that come with the hub: beside this module where it is installed."""
    installed = Path(__file__).parent / "agreements"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "deploy" / "agreements"


def agreement_files(path: Path | None) -> tuple[Path, ...]:
    """List the agreement files of a path, by name; None is the demonstration region's.

    Raises:
        AgreementError: The path is a folder without any.
    """
    if path is None:
        return (shipped_folder() / SHIPPED_REGION,)
    if not path.is_dir():
        return (path,)
    found = [
        file
        for file in sorted(path.glob("*.toml"))
        if not file.name.startswith("calendar-") and not file.name.endswith(".cases.toml")
    ]
    if not found:
        raise AgreementError(path.name, [_whole("missing-file", "holds no agreement", "add one")])
    return tuple(found)


def load_agreements(path: Path | None = None) -> Agreements:
    """Read every version of a region's agreement from a file or a folder.

    `path` None reads the demonstration region, which comes with the hub.

    Raises:
        AgreementError: A file is missing, unreadable or wrong, or the files of a folder are not
            versions of one agreement; it holds every problem of every file.
    """
    editions = read_editions(path)
    return Agreements(tuple(version for edition in editions for version in edition.versions))


def read_editions(path: Path | None = None) -> tuple[Edition, ...]:
    """Read agreement files with their places, in the order of their time; as `load_agreements`.

    Raises:
        AgreementError: As `load_agreements` does.
    """
    files = agreement_files(path)
    editions: list[Edition] = []
    problems: list[Problem] = []
    for file in files:
        try:
            editions.append(read_edition(file))
        except AgreementError as wrong:
            if len(files) == 1:
                raise
            problems += [_in_file(file, problem) for problem in wrong.problems]
    editions.sort(key=lambda edition: edition.record.region.valid_from)
    problems += _apart(editions)
    if problems and path is not None:
        raise AgreementError(path.name, problems)
    return tuple(editions)


def read_edition(file: Path) -> Edition:
    """Read one agreement file.

    Raises:
        AgreementError: It is missing, unreadable or wrong; it holds every problem.
    """
    text = _text(file)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        said = str(wrong) if isinstance(wrong, tomllib.TOMLDecodeError) else "nested too deep"
        raise AgreementError(
            file.name, [_whole("malformed", f"is no TOML: {said}", "mend the line it names")]
        ) from None
    source = Source(text, document)
    problems = list(reference_problems(document, source))
    record: AgreementFile | None = None
    try:
        record = AgreementFile.model_validate(_listed(document))
    except ValidationError as wrong:
        problems += shape_problems(wrong.errors(include_input=False, include_url=False), source)
    closed = _closed_days(document, file, source, problems)
    if record is None or closed is None or problems:
        raise AgreementError(file.name, problems)
    try:
        versions = versions_of(record, closed)
    except LookupError as gap:
        text = f"no bounce rule holds on {gap}"
        mend = "let the periods of the bounce rules cover the agreement's"
        problem = source.problem("validity-gap", ("bounce",), text, mend)
        raise AgreementError(file.name, [problem]) from None
    return Edition(file, source, record, closed, versions)


def _text(file: Path) -> str:
    try:
        size = file.stat().st_size
        if size > FILE_BYTES_MAX:
            text = f"has {size} bytes (at most {FILE_BYTES_MAX})"
            raise AgreementError(file.name, [_whole("too-large", text, "give an agreement file")])
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = _whole("missing-file", "is not there", "name an agreement file")
        raise AgreementError(file.name, [problem]) from None
    except UnicodeDecodeError:
        problem = _whole("malformed", "is not UTF-8", "save it as UTF-8")
        raise AgreementError(file.name, [problem]) from None
    except OSError as wrong:
        text = f"cannot be read ({wrong.strerror})"
        raise AgreementError(file.name, [_whole("malformed", text, "name a file")]) from None


def _listed(document: dict[str, object]) -> dict[str, object]:
    # A lone table stands for a list of one: most services and bounce rules never change.
    services, bounce = document.get("service"), document.get("bounce")
    listed = dict(document)
    if isinstance(services, dict):
        listed["service"] = {
            code: [table] if isinstance(table, dict) else table for code, table in services.items()
        }
    if isinstance(bounce, dict):
        listed["bounce"] = [bounce]
    return listed


def _closed_days(
    document: dict[str, object], file: Path, source: Source, problems: list[Problem]
) -> ClosedDays | None:
    region = document.get("region")
    name = region.get("calendar", "fi") if isinstance(region, dict) else "fi"
    if not isinstance(name, str) or not name.isalpha():
        return None
    try:
        return read_closed_days(name, (file.parent, shipped_folder()))
    except FileNotFoundError:
        text, mend = "no such calendar", f"add calendar-{name}.toml beside the file, or name fi"
        problems.append(source.problem("unknown-calendar", ("region", "calendar"), text, mend))
    except ValueError as wrong:
        text, mend = f"calendar-{name}.toml cannot be used: {wrong}", "mend that file"
        problems.append(source.problem("bad-calendar", ("region", "calendar"), text, mend))
    return None


def _apart(editions: list[Edition]) -> Iterator[Problem]:
    for before, after in pairwise(editions):
        one, other = before.record.region, after.record.region
        if one.id != other.id:
            text, mend = "another region than its neighbour's", "keep each region in its own folder"
            found = after.source.problem("contradiction", ("region", "id"), text, mend)
            yield _in_file(after.file, found)
        if one.valid_from == other.valid_from:
            text, mend = "two versions begin on one day", "give each version a day of its own"
            place = ("region", "valid_from")
            found = after.source.problem("overlapping-validity", place, text, mend)
            yield _in_file(after.file, found)


def _in_file(file: Path, problem: Problem) -> Problem:
    return problem._replace(path=f"{file.name}: {problem.path}".removesuffix(": "))


def _whole(code: str, text: str, mend: str) -> Problem:
    return Problem(code, "", 0, text, mend)
