"""`saattaen kafka dev`: a broker, a schema registry and a database in the foreground."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from streams.cli.options import json_option
from streams.cli.output import print_json_lines, say

INTERRUPTED = 130
_PORT_MAX = 65_532


@click.command(epilog="\b\nExample:\n  saattaen kafka dev --port 9092")
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(1024, _PORT_MAX),
    help=(
        "The broker's port; the registry takes P+1, the database P+2, the broker's own affairs "
        "P+3 (default: any that are free)."
    ),
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("saattaen-kafka"),
    help="Where they keep their data (default: ./saattaen-kafka).",
)
@json_option
def dev(port: int | None, data: Path, as_json: bool) -> int:
    """Run a broker, a schema registry and a PostgreSQL for development, until SIGTERM or Ctrl-C.

    When all are up, one JSON line says where: kafka, registry and database are what the options of
    these names take. Whoever reaches this machine's loopback may use them, without a password.
    The next start on the same folder finds the same data. Exit 0 after SIGTERM, 130 after Ctrl-C.
    """
    del as_json  # The line is JSON anyway; the option decides how the command fails.
    stopped_by = asyncio.run(_until_stopped(data, port))
    say(f"stopped; the data lie in {data}")
    return INTERRUPTED if stopped_by is signal.SIGINT else 0


async def _until_stopped(data: Path, port: int | None) -> signal.Signals:
    loop = asyncio.get_running_loop()
    stopped_by: asyncio.Future[signal.Signals] = loop.create_future()

    def stop_by(which: signal.Signals) -> None:
        stopped_by.set_result(which)
        # Whoever asks twice is in a hurry; the guard ends what is left.
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop_by, each)
    running = asyncio.ensure_future(_run(data, port))
    await asyncio.wait((running, stopped_by), return_when=asyncio.FIRST_COMPLETED)
    if not stopped_by.done():
        await running
    say("stopping")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return await stopped_by


async def _run(data: Path, port: int | None) -> None:
    from streams.bootstrap.kafka_dev import dev_stack

    async with dev_stack(data, port, say) as stack:
        addresses = stack.addresses
        print_json_lines([addresses._asdict()])
        say("up; Ctrl-C stops. For other commands:")
        for name, value in addresses._asdict().items():
            say(f"  export SAATTAEN_{name.upper()}={value}")
        await stack.until_one_ends()
