"""`saattaen worker`: the stages of a Kafka hub, each a process of its own."""

import click

from streams.cli.command_line import LazyGroup, Row

_TABLE = {
    "receive": Row("streams.cli.worker_receive:receive", "Queue what agencies leave in folders."),
    "normalise": Row(
        "streams.cli.worker_normalise:normalise", "Turn raw records into contract events."
    ),
    "route": Row("streams.cli.worker_route:route", "Decide contract events: entries and states."),
    "dispatch": Row("streams.cli.worker_dispatch:dispatch", "Bring notices to the agencies."),
    "supervise": Row(
        "streams.cli.worker_supervise:supervise", "Run a stage, and start it anew where it stalls."
    ),
    "view": Row("streams.cli.worker_view:view", "Write the views that people and commands ask."),
}


@click.group(
    cls=LazyGroup,
    table=_TABLE,
    epilog="\b\nExample:\n  saattaen worker normalise --keys hub.key",
)
def worker() -> None:
    """Run one stage of a Kafka hub until SIGTERM; it drains, and exits 0."""
