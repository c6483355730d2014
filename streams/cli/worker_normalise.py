"""`saattaen worker normalise`: a thin shell round the normalisers' Faust app."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from streams.bootstrap.kafka_hub import SealingParts


@click.command(
    epilog=(
        "\b\nExample:\n"
        "  saattaen worker normalise --kafka 127.0.0.1:9092 --keys hub.key \\\n"
        "    --registry http://127.0.0.1:8080/apis/ccompat/v7 --database postgresql://hub@db/hub"
    )
)
@kafka_options(KAFKA, REGISTRY, DATABASE, KEYS)
@json_option
@state_option
@session_option(6_000, 20_000)
@health_option
def normalise(
    *,
    place: KafkaPlace,
    state: Path | None,
    session_ms: int,
    health_port: int | None,
    as_json: bool,
) -> int:
    """Turn agencies' raw records into contract events and dead letters, until SIGTERM.

    Waits while the broker, the registry or the database is away. As many workers as there are
    partitions share the work. The log goes to stderr, one JSON object a line. Exit 0 after SIGTERM,
    130 after Ctrl-C.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    # Loaded here: it takes a second, and the help does not need it.
    from aiokafka.errors import KafkaError

    from streams.bootstrap.faust_app import NormaliserApp
    from streams.bootstrap.faust_worker import run_app
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.state_folder import claim
    from streams.cli.kafka_parts import sealing_parts
    from streams.promises.engine import UnavailableError

    configure()
    parts = sealing_parts(place)
    asyncio.run(_look_for_topics(parts))
    folder = claim("normalise", state)
    say(f"normalising from {place.kafka}; its state lies in {folder.path}; Ctrl-C stops")
    try:
        app = NormaliserApp(parts, folder, session_ms=session_ms, health_port=health_port)
        return run_app(app)
    except KafkaError as failure:
        raise UnavailableError(
            f"the broker's client ended ({type(failure).__name__}): start again, from what is"
            " committed"
        ) from None
    finally:
        say("stopped; what is acknowledged is committed")


async def _look_for_topics(parts: "SealingParts") -> None:
    # The reader would have a missing topic made as the broker likes it, and read another one.
    from streams.bootstrap.hub import wall_clock
    from streams.bootstrap.kafka_hub import partitions_of
    from streams.promises import topics

    agencies = parts.agreements.in_force(wall_clock()).agencies
    names = [topics.EVENTS, topics.DEAD_LETTERS, *map(topics.raw, agencies)]
    await partitions_of(parts.settings.kafka, names)
