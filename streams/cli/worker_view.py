"""`saattaen worker view`: a worker that writes the views of a Kafka hub."""

import asyncio
from pathlib import Path

import click

from streams.cli.kafka_options import (
    DATABASE,
    KAFKA,
    REGISTRY,
    KafkaPlace,
    health_option,
    kafka_options,
    session_option,
    state_option,
)
from streams.cli.options import json_option
from streams.cli.output import say


@click.command(epilog="\b\nExample:\n  saattaen worker view --kafka 127.0.0.1:9092")
@kafka_options(KAFKA, REGISTRY, DATABASE)
@state_option
@session_option()
@health_option
@click.option("--anew", is_flag=True, help="Throw the views away first, and read all again.")
@json_option
def view(
    place: KafkaPlace,
    state: Path | None,
    session_ms: int,
    health_port: int | None,
    *,
    anew: bool,
    as_json: bool,
) -> int:
    """Write the views of a Kafka hub into its database, until SIGTERM; exit 0.

    Several workers share the ledger's partitions. Views of an older version are made anew when the
    first newer worker starts, and older workers then wait. Waits while the broker, the registry or
    the database is away.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.state_folder import claim
    from streams.bootstrap.until_stopped import run_until_stopped
    from streams.bootstrap.viewing import ViewWorker, registry_of
    from streams.views.database import opened_server
    from streams.views.feed import Feed

    configure()
    folder = claim("view", state)
    feed = Feed(opened_server(place.database))

    async def work(stop: asyncio.Event) -> None:
        registry = registry_of(place.registry, folder.path)
        try:
            say(f"following the ledger into the views; SIGTERM or Ctrl-C stops; {folder.path}")
            worker = ViewWorker(place.kafka, registry, feed, session_ms=session_ms)
            await worker.run(stop, anew=anew, health_port=health_port)
        finally:
            await registry.close()

    try:
        return run_until_stopped(work)
    finally:
        feed.close()
        folder.lock.release()
