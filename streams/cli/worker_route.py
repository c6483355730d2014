"""`saattaen worker route`: the router of a Kafka hub."""

import asyncio
from pathlib import Path

import click

from streams.cli.kafka_options import (
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


@click.command(epilog="\b\nExample:\n  saattaen worker route --kafka 127.0.0.1:9092")
@kafka_options(KAFKA, REGISTRY)
@state_option
@session_option()
@health_option
@json_option
def route(
    place: KafkaPlace,
    state: Path | None,
    session_ms: int,
    health_port: int | None,
    *,
    as_json: bool,
) -> int:
    """Decide contract events: entries, states and notices, in one transaction with the offset.

    Several routers share the partitions. SIGTERM ends what is under way, exit 0.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.routing import RouterPlace, RunningRouter, loaded_registry
    from streams.bootstrap.state_folder import claim
    from streams.bootstrap.until_stopped import run_until_stopped

    configure()
    folder = claim("route", state)

    async def work(stop: asyncio.Event) -> None:
        registry = await loaded_registry(place.registry, folder.path, stop)
        if registry is None:
            return
        try:
            setting = RouterPlace(place.kafka, place.registry, place.region, folder.path)
            say(f"routing; states in {folder.path}; SIGTERM or Ctrl-C stops")
            running = RunningRouter(setting, registry, session_ms=session_ms)
            await running.run(stop, health_port)
        finally:
            await registry.close()

    try:
        return run_until_stopped(work)
    finally:
        folder.lock.release()
