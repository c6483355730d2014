"""`saattaen explain`: why that recipient, that deadline; other questions join as they can."""

import click

from streams.cli.command_line import LazyGroup, Row

_TABLE = {
    "clock": Row("streams.cli.explain_clock:clock", "Say why a clock is due when it is."),
    "routing": Row(
        "streams.cli.explain_routing:routing", "Say why a handoff went to its recipient."
    ),
}


@click.group(cls=LazyGroup, table=_TABLE)
def explain() -> None:
    """Say why the hub decided as it did."""
