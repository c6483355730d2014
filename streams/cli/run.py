"""`saattaen run`: an embedded hub in the foreground."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from streams.cli.ingest import tell_of_secrets
from streams.cli.options import HubPlace, hub_options, json_option
from streams.cli.output import say

if TYPE_CHECKING:
    from streams.promises.receipt import Receipt


@click.command(epilog="\b\nExample:\n  saattaen run --data saattaen-data")
@hub_options
@json_option
def run(*, place: HubPlace, as_json: bool) -> int:
    """Run a hub until SIGTERM or Ctrl-C: it empties the inbox, fires clocks and delivers notices.

    Agencies leave files in DATA/inbox/AGENCY (written under a name that begins with a dot, then
    renamed); receipts appear in DATA/receipts/AGENCY, notices in DATA/outbox/AGENCY or where the
    agreement says. The log goes to stderr, one JSON object a line. Exit 0 after SIGTERM, 130 after
    Ctrl-C.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.hub import Hub
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.running import RunningHub
    from streams.bootstrap.until_stopped import exit_code_when_stopped

    configure()
    with Hub(place.data, region=place.region, keys_file=place.keys) as hub:
        if hub.made_secrets:
            tell_of_secrets(hub.secrets_place)
        running = RunningHub(hub, _written)

        async def work(stop: asyncio.Event) -> None:
            inbox = place.data / "inbox"
            say(f"running on {place.data}: leave files in {inbox}/AGENCY; Ctrl-C stops")
            await running.run(stop)

        try:
            code = asyncio.run(exit_code_when_stopped(work))
        finally:
            running.close()
    say(f"stopped; everything that was taken in lies in {place.data}")
    return code


def _written(receipts: "Sequence[Receipt]") -> bytes:
    import orjson

    from streams.cli import shapes

    return b"".join([orjson.dumps(shapes.receipt(receipt)) + b"\n" for receipt in receipts])
