"""`saattaen agreement`: agreements looked through, shown and put to their cases."""

from pathlib import Path
from typing import Any

import click

from streams.cli.failures import FINDINGS
from streams.cli.options import INSTANT, json_option, region_option
from streams.cli.output import READABLE, print_fields, print_json, print_table, say
from streams.domain.ids import Instant

_LISTS = (
    ("agencies", ("agency", "sector", "business_id", "municipalities", "delivery")),
    ("services", ("service", "purpose", "competent_sector", "default_categories")),
    (
        "bases",
        (
            "kind",
            "from_sector",
            "to_sector",
            "purpose",
            "categories",
            "overrides_prohibition",
            "law_ref",
            "verified",
        ),
    ),
    ("duties", ("rule", "obligation", "reason", "law_ref", "verified", "evidence")),
    ("reject_reasons", ("reason", "reroutes", "law_ref", "verified")),
)


@click.group()
def agreement() -> None:
    """Lint, show and test agreements."""


@agreement.command(epilog="\b\nExample:\n  saattaen agreement lint south-karelia.toml")
@json_option
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path), required=False)
def lint(file: Path | None, as_json: bool) -> None:
    """Look an agreement file or folder through for gaps; without FILE, the demonstration region.

    Exit 6 where there is an error or a warning.
    """
    from datetime import date

    from streams.bootstrap.agreement_lint import has_gaps
    from streams.bootstrap.agreement_lint import lint as look_through

    found = look_through(file, today=date.fromordinal(_today()))
    if as_json:
        print_json([finding._asdict() for finding in found])
    else:
        rows = [
            (f.severity, f"{f.file}:{f.line}" if f.line else f.file, f.path, f.text, f.mend)
            for f in found
        ]
        print_table(("SEVERITY", "WHERE", "PLACE", "WHAT", "MEND"), rows, none="nothing found")
    if has_gaps(found):
        click.get_current_context().exit(FINDINGS)


@agreement.command(epilog="\b\nExample:\n  saattaen agreement show --at 2026-03-02 --json")
@region_option
@json_option
@click.option("--at", type=INSTANT, help="As of this instant, instead of now.")
def show(region: Path | None, at: int | None, as_json: bool) -> None:
    """Show the version of the agreement that is in force."""
    from streams.bootstrap.agreement_clock_summary import clock_lines
    from streams.bootstrap.agreement_file import read_editions
    from streams.bootstrap.agreement_summary import describe
    from streams.bootstrap.hub import wall_clock

    asked = wall_clock() if at is None else Instant(at)
    described: dict[str, Any] = describe(read_editions(region), asked)
    if as_json:
        print_json(described)
        return
    print_fields([(name, v) for name, v in described.items() if not isinstance(v, list | dict)])
    for name, columns in _LISTS:
        click.echo()
        rows = [[record.get(column) for column in columns] for record in described[name]]
        heads = [column.upper().replace("_", " ") for column in columns]
        print_table(heads, rows, none=f"no {name}", width_max=READABLE)
    for clock in described["clocks"]:
        click.echo()
        print_fields(clock_lines(clock))


@agreement.command(epilog="\b\nExample:\n  saattaen agreement test --region south-karelia.toml")
@region_option
@json_option
@click.option(
    "--cases",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The cases (default: x.cases.toml beside x.toml).",
)
def test(region: Path | None, cases: Path | None, as_json: bool) -> None:
    """Put the cases beside an agreement to it.

    Exit 6 where one comes out otherwise than expected.
    """
    from streams.bootstrap.agreement_cases import cases_beside, run_cases
    from streams.bootstrap.agreement_file import load_agreements

    place = cases if cases is not None else cases_beside(region)
    results = run_cases(load_agreements(region), place)
    wrong = [(case, difference) for case in results for difference in case.differences]
    if as_json:
        print_json(
            [
                {
                    "name": case.name,
                    "line": case.line,
                    "holds": not case.differences,
                    "differences": [difference._asdict() for difference in case.differences],
                }
                for case in results
            ]
        )
    elif wrong:
        rows = [(case.line, case.name, d.key, d.expected, d.found) for case, d in wrong]
        print_table(("LINE", "CASE", "OF", "EXPECTED", "FOUND"), rows, none="")
    else:
        say(f"{len(results)} cases, all as expected")
    if wrong:
        click.get_current_context().exit(FINDINGS)


def _today() -> int:
    from streams.bootstrap.hub import wall_clock
    from streams.domain.calendar import local_day

    return local_day(wall_clock())
