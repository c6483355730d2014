"""`saattaen worker view`: a worker that writes the views of a Kafka hub."""

import asyncio
from pathlib import Path

import click

from streams.cli.kafka_options import DATABASE, KAFKA, REGISTRY, KafkaPlace, kafka_options
from streams.cli.options import json_option
from streams.cli.output import say
from streams.cli.signals import run_until_signalled


@click.command(epilog="\b\nExample:\n  saattaen worker view --registry-cache view-ids.json")
@kafka_options(KAFKA, REGISTRY, DATABASE)
@json_option
@click.option(
    "--registry-cache",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keep the registry's answers here, to start while it is down; one worker, one file.",
)
@click.option("--anew", is_flag=True, help="Throw the views away first, and read all again.")
def view(*, place: KafkaPlace, registry_cache: Path | None, anew: bool, as_json: bool) -> int:
    """Write the views of a Kafka hub, until SIGTERM or Ctrl-C.

    Several such workers share the ledger's partitions. Views of an older version are made anew at
    the start of the first newer worker; older workers then wait. The log goes to stderr, one JSON
    object a line. Exit 0 after SIGTERM, 130 after Ctrl-C.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.operator_log import configure

    configure()

    async def work(stop: asyncio.Event) -> None:
        from streams.bootstrap.viewing import ViewWorker
        from streams.contracts.registry import Registry
        from streams.views.database import opened_server
        from streams.views.feed import Feed

        registry = Registry(place.registry, cache=registry_cache)
        feed = Feed(opened_server(place.database))
        try:
            say("following the ledger into the views; Ctrl-C stops")
            await ViewWorker(place.kafka, registry, feed).run(stop, anew=anew)
        finally:
            feed.close()
            await registry.close()

    return run_until_signalled(work)
