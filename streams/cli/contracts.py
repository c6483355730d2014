"""`saattaen contracts`: the Avro contracts, and whether they keep to an earlier release."""

from pathlib import Path

import click

from streams.cli.failures import FINDINGS, not_found
from streams.cli.options import json_option
from streams.cli.output import print_json, print_table, say
from streams.contracts.compatibility import Incompatibility


@click.group()
def contracts() -> None:
    """List and check the Avro contracts."""


@contracts.command(name="list", epilog="\b\nExample:\n  saattaen contracts list --json")
@json_option
def list_contracts(as_json: bool) -> None:
    """List every contract with its concept and fingerprint."""
    from streams.contracts.catalogue import contracts_list

    found = contracts_list()
    if as_json:
        print_json([contract._asdict() for contract in found])
        return
    rows = [(c.concept, c.name, len(c.fields), c.fingerprint[:16]) for c in found]
    print_table(("CONCEPT", "CONTRACT", "FIELDS", "FINGERPRINT"), rows, none="no contracts")


@contracts.command(epilog="\b\nExample:\n  saattaen contracts check --against schemas-of-release-1")
@json_option
@click.option(
    "--against",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Contracts of an earlier release, which must be compatible both ways.",
)
def check(against: Path | None, as_json: bool) -> None:
    """Check that every contract fits the code, and keeps to an earlier release.

    Exit 6 where it finds something.
    """
    from streams.contracts.catalogue import compare, contracts_list

    if against is not None and not against.is_dir():
        raise not_found(f"there is no folder {against}: name one with .avsc files")
    count = len(contracts_list())
    found = [*_misfits(), *(compare(against) if against is not None else [])]
    if as_json:
        print_json(
            {"contracts": count, "findings": [{"path": f.path, "why": f.why} for f in found]}
        )
    elif found:
        print_table(("PLACE", "WHY"), [(f.path, f.why) for f in found], none="")
    else:
        say(f"{count} contracts, nothing found")
    if found:
        click.get_current_context().exit(FINDINGS)


def _misfits() -> list[Incompatibility]:
    from streams.contracts.codec import codec_of
    from streams.contracts.declarations import ContractError
    from streams.contracts.event import event_classes
    from streams.domain.entry import Notice

    found = []
    for kind in (*event_classes().values(), Notice):
        try:
            codec_of(kind)
        except ContractError as error:
            found.append(Incompatibility(error.record, error.reason))
    return found
