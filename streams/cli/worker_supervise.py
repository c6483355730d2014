"""`saattaen worker supervise`: a worker that is started anew where its progress stops."""

import os

import click

from streams.cli.options import json_option
from streams.cli.output import say

STAGES = ("normalise", "route", "dispatch", "view")


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="\b\nExample:\n  saattaen worker supervise route --kafka 127.0.0.1:9092",
)
@click.argument("stage", type=click.Choice(STAGES))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF THE STAGE]")
@json_option
def supervise(stage: str, arguments: tuple[str, ...], *, as_json: bool) -> int:
    """Run a stage's worker, and start it anew where it ends, or its progress stops.

    Progress is what the broker says: the committed offset moves while records wait. SIGTERM lets
    the worker drain, and ends both, exit 0.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.supervising import Supervisor, worker_command
    from streams.bootstrap.until_stopped import run_until_stopped

    configure()
    say(f"supervising worker {stage}; SIGTERM or Ctrl-C stops")
    supervisor = Supervisor(worker_command(stage, arguments), dict(os.environ))
    return run_until_stopped(supervisor.run)
