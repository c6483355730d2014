"""`saattaen run`: an embedded hub in the foreground."""

import asyncio
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from streams.cli.ingest import tell_of_secrets
from streams.cli.options import HubPlace, hub_options, json_option
from streams.cli.output import say

if TYPE_CHECKING:
    from streams.bootstrap.running import RunningHub
    from streams.promises.receipt import Receipt

INTERRUPTED = 130


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

    configure()
    with Hub(place.data, region=place.region, keys_file=place.keys) as hub:
        if hub.made_secrets:
            tell_of_secrets(hub.secrets_place)
        running = RunningHub(hub, _written)
        try:
            stopped_by = asyncio.run(_until_stopped(running, place))
        finally:
            running.close()
    say(f"stopped; everything that was taken in lies in {place.data}")
    return INTERRUPTED if stopped_by is signal.SIGINT else 0


async def _until_stopped(running: "RunningHub", place: HubPlace) -> signal.Signals | None:
    stop = asyncio.Event()
    stopped_by: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def stop_by(which: signal.Signals) -> None:
        stopped_by.append(which)
        stop.set()
        # The next one ends the process at once: whoever asks twice is in a hurry.
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop_by, each)
    say(f"running on {place.data}: leave files in {place.data / 'inbox'}/AGENCY; Ctrl-C stops")
    await running.run(stop)
    return stopped_by[0] if stopped_by else None


def _written(receipts: "Sequence[Receipt]") -> bytes:
    import orjson

    from streams.cli import shapes

    return b"".join([orjson.dumps(shapes.receipt(receipt)) + b"\n" for receipt in receipts])
