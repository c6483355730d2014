"""`saattaen ledger`: the entries themselves, for machines and for those who look very closely."""

import time

import click

from streams.cli import shapes
from streams.cli.options import HubPlace, hub_options, json_option
from streams.cli.output import print_json_lines
from streams.cli.reading import read_hub
from streams.domain.ids import PersonId

_ENTRIES_A_WRITE = 500
_LOOK_AGAIN_S = 0.5


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen ledger --since 1200 | jq .event.type\n"
        "  saattaen ledger --person p-0123456789ABCDEFGHJKMNPQRS --follow"
    )
)
@hub_options
@json_option
@click.option("--person", metavar="PERSON", help="Only of this person (p-...).")
@click.option(
    "--since",
    metavar="POSITION",
    type=click.IntRange(min=0),
    default=0,
    help="Only after this position, as an earlier line named it.",
)
@click.option("--follow", is_flag=True, help="Wait for further entries, until interrupted.")
def ledger(place: HubPlace, person: str | None, since: int, follow: bool, as_json: bool) -> None:
    """Print ledger entries in order, one JSON object a line."""
    del as_json  # Lines are JSON anyway; the option decides how the command fails.
    whose = PersonId(person) if person is not None else None
    with read_hub(place) as hub:
        position = since
        while True:
            page = list(hub.engine.ledger(position, whose, _ENTRIES_A_WRITE))
            print_json_lines(map(shapes.ledger_line, page))
            if page:
                position = page[-1].position
            elif follow:
                time.sleep(_LOOK_AGAIN_S)
            else:
                return
