"""`saattaen kafka`: what a Kafka hub stands on."""

import click

from streams.cli.command_line import LazyGroup, Row

TABLE = {
    "dev": Row(
        "streams.cli.kafka_dev:dev",
        "Run a broker, a schema registry and a database for development.",
    ),
    "create-topics": Row(
        "streams.cli.kafka_topics:create_topics", "Make the topics that the agreement needs."
    ),
}


@click.group(
    cls=LazyGroup,
    table=TABLE,
    epilog=(
        "\b\nExamples:\n"
        "  saattaen kafka dev --port 9092\n"
        "  saattaen kafka create-topics --kafka 127.0.0.1:9092"
    ),
)
def kafka() -> None:
    """Run a local Kafka for development, and make topics."""
