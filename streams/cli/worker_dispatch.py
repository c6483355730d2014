"""`saattaen worker dispatch`: a worker that brings a Kafka hub's notices to the agencies."""

import asyncio
from pathlib import Path

import click

from streams.cli.kafka_options import (
    DATABASE,
    KAFKA,
    KEYS,
    REGISTRY,
    KafkaPlace,
    health_option,
    kafka_options,
    session_option,
    state_option,
)
from streams.cli.options import json_option
from streams.cli.output import say

_OUTBOX = Path("saattaen-outbox")


@click.command(epilog="\b\nExample:\n  saattaen worker dispatch --keys hub.key")
@kafka_options(KAFKA, REGISTRY, DATABASE, KEYS)
@state_option
@click.option(
    "--outbox",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=_OUTBOX,
    envvar="SAATTAEN_OUTBOX",
    help=(
        "Where agencies that fetch files find their notices, in DIR/AGENCY; the same for every "
        "worker (SAATTAEN_OUTBOX; default: ./saattaen-outbox)."
    ),
)
@session_option()
@health_option
@json_option
def dispatch(
    place: KafkaPlace,
    state: Path | None,
    outbox: Path,
    session_ms: int,
    health_port: int | None,
    *,
    as_json: bool,
) -> int:
    """Bring notices to the agencies and their desks, in order and until they are there.

    Several workers share the ledger's partitions; how often a notice was tried, and when it is
    tried next, stands in the database. SIGTERM brings attempts under way to their end, exit 0.
    Waits while the broker, the registry or the database is away.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.dispatching_kafka import DispatchWorker
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.routing import loaded_registry
    from streams.bootstrap.state_folder import claim
    from streams.bootstrap.until_stopped import run_until_stopped
    from streams.cli.kafka_parts import sealing_parts

    configure()
    parts = sealing_parts(place)
    folder = claim("dispatch", state)

    async def work(stop: asyncio.Event) -> None:
        registry = await loaded_registry(place.registry, folder.path, stop)
        if registry is None:
            return
        try:
            say(f"dispatching; files for agencies lie in {outbox}; SIGTERM or Ctrl-C stops")
            worker = DispatchWorker(parts, registry, outbox, session_ms=session_ms)
            await worker.run(stop, health_port)
        finally:
            await registry.close()

    try:
        return run_until_stopped(work)
    finally:
        folder.lock.release()
