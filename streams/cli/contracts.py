"""`saattaen contracts`: the Avro contracts, and whether they keep to an earlier release."""

import asyncio
from pathlib import Path

import click

from streams.cli.failures import FINDINGS, not_found
from streams.cli.kafka_options import registry_option
from streams.cli.options import json_option
from streams.cli.output import READABLE, print_json, print_table, say
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


@contracts.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen contracts check --against schemas-of-release-1\n"
        "  saattaen contracts check --registry http://127.0.0.1:9093/apis/ccompat/v7"
    )
)
@json_option
@registry_option
@click.option(
    "--against",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Contracts of an earlier release, which must be compatible both ways.",
)
def check(against: Path | None, registry: str, as_json: bool) -> None:
    """Check that every contract fits the code, and keeps to an earlier release and a registry.

    A registry's findings are contracts that it does not have, has otherwise, or would refuse; each
    names the stages and connectors that the change touches. Exit 6 where it finds something.
    """
    from streams.contracts.catalogue import compare, contracts_list

    if against is not None and not against.is_dir():
        raise not_found(f"there is no folder {against}: name one with .avsc files")
    count = len(contracts_list())
    found = [*_misfits(), *(compare(against) if against is not None else [])]
    findings = [_finding("folder", each.path, each.why) for each in found]
    if registry:
        from streams.contracts.registry_check import departures

        findings += [_finding(*each) for each in asyncio.run(departures(registry))]
    if as_json:
        print_json({"contracts": count, "findings": findings})
    elif findings:
        rows = [(f["kind"], f["path"], f["why"], f["touches"]) for f in findings]
        print_table(("KIND", "PLACE", "WHY", "TOUCHES"), rows, none="", width_max=READABLE)
    else:
        say(f"{count} contracts, nothing found")
    if findings:
        click.get_current_context().exit(FINDINGS)


def _finding(kind: str, path: str, why: str) -> dict[str, object]:
    from streams.contracts.consumers import touched_by

    record = path.partition(".")[0].partition("[")[0]
    return {"kind": kind, "path": path, "why": why, "touches": list(touched_by(record))}


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
