"""`saattaen explain`: why that recipient, that deadline, that decision of what data may go."""

import click

from streams.cli.command_line import LazyGroup, Row

_TABLE = {
    "clock": Row("streams.cli.explain_clock:clock", "Say why a clock is due when it is."),
    "disclosure": Row(
        "streams.cli.explain_disclosure:disclosure", "Say which data may go, and what is missing."
    ),
    "routing": Row(
        "streams.cli.explain_routing:routing", "Say why a handoff went to its recipient."
    ),
}


@click.group(cls=LazyGroup, table=_TABLE)
def explain() -> None:
    """Say why the hub decided as it did."""
