"""`saattaen explain`: why that recipient; the other questions join it as they can be answered."""

import click

from streams.cli.command_line import LazyGroup, Row

_TABLE = {
    "routing": Row(
        "streams.cli.explain_routing:routing", "Say why a handoff went to its recipient."
    ),
}


@click.group(cls=LazyGroup, table=_TABLE)
def explain() -> None:
    """Say why the hub decided as it did."""
