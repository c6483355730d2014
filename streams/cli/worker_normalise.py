"""`saattaen worker normalise`: a thin shell round the normalisers' Faust app."""

from pathlib import Path

import click

from streams.cli.kafka_options import DATABASE, KAFKA, KEYS, REGISTRY, KafkaPlace, kafka_options
from streams.cli.options import json_option
from streams.cli.output import say


@click.command(
    epilog=(
        "\b\nExample:\n"
        "  saattaen worker normalise --kafka 127.0.0.1:9092 --keys hub.key \\\n"
        "    --registry http://127.0.0.1:8080/apis/ccompat/v7 --database postgresql://hub@db/hub"
    )
)
@kafka_options(KAFKA, REGISTRY, DATABASE, KEYS)
@json_option
@click.option(
    "--state",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The worker's own folder (default: the first free under ./saattaen-state).",
)
def normalise(*, place: KafkaPlace, state: Path | None, as_json: bool) -> None:
    """Turn agencies' raw records into contract events and dead letters, until SIGTERM.

    Waits while the broker, the registry or the database is away. As many workers as there are
    partitions share the work. The log goes to stderr, one JSON object a line. Exit 0 after SIGTERM
    or Ctrl-C.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.faust_app import NormaliserApp
    from streams.bootstrap.faust_worker import run_until_stopped
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.state_folder import claim
    from streams.cli.kafka_parts import sealing_parts

    configure()
    parts = sealing_parts(place)
    folder = claim("normalise", state)
    say(f"normalising from {place.kafka}; its state lies in {folder.path}; Ctrl-C stops")
    run_until_stopped(NormaliserApp(parts, folder))
    say("stopped; what is acknowledged is committed")
