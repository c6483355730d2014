"""`saattaen replay`: the ledger decided again from its first entry, and compared with the state."""

import click

from streams.cli.failures import FINDINGS
from streams.cli.options import HubPlace, hub_options, json_option
from streams.cli.output import print_json
from streams.cli.writing import open_hub


@click.command(epilog="\b\nExample:\n  saattaen replay --digest")
@hub_options
@json_option
@click.option("--digest", "digests_only", is_flag=True, help="Print the two digests alone.")
def replay(*, place: HubPlace, digests_only: bool, as_json: bool) -> int:
    """Rebuild all state from the ledger in a scratch engine, and compare it with the live state.

    Prints `live HEX` and `replayed HEX` (sealed parts left out), and what differs. Exit 6 where
    they differ, or where an entry cannot be decided again.
    """
    from streams.bootstrap.replay import replay as decide_again

    with open_hub(place) as hub:
        found = decide_again(hub)
    if as_json:
        print_json(
            {
                "live": found.live.hex(),
                "replayed": found.replayed.hex(),
                "agrees": found.agrees,
                "entries": found.entries,
                "first_differing": found.differing,
                "undecidable": found.undecidable,
            }
        )
        return 0 if found.agrees else FINDINGS
    click.echo(f"live {found.live.hex()}")
    click.echo(f"replayed {found.replayed.hex()}")
    if not digests_only:
        click.echo(f"entries {found.entries}")
        if found.differing is not None:
            click.echo(f"first differing entry {found.differing}")
        if found.undecidable:
            click.echo(f"entries that cannot be decided again {found.undecidable}")
    return 0 if found.agrees else FINDINGS
