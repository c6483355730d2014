"""`saattaen kafka create-topics`: the topics that the agreement needs."""

import asyncio

import click

from streams.cli.failures import FINDINGS
from streams.cli.kafka_options import KAFKA, KafkaPlace, kafka_options
from streams.cli.kafka_parts import hush_client
from streams.cli.options import json_option
from streams.cli.output import print_json, print_table, say

_COPIES_MAX = 2**15 - 1


@click.command(
    name="create-topics",
    epilog="\b\nExample:\n  saattaen kafka create-topics --kafka 127.0.0.1:9092 --partitions 8",
)
@kafka_options(KAFKA)
@json_option
@click.option(
    "--partitions",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help=(
        "Partitions of every topic: as many workers a stage can use. It cannot be changed later "
        "(default: as the hub's topics have, else 8)."
    ),
)
@click.option(
    "--replication",
    metavar="N",
    type=click.IntRange(1, _COPIES_MAX),
    help="Copies of each record (default: as many as there are brokers, at most 3).",
)
def create_topics(
    place: KafkaPlace, partitions: int | None, replication: int | None, as_json: bool
) -> None:
    """Make the topics that the agreement needs and are not there; change none that is.

    Exit 6, and nothing is made, where a topic that is there is not what the hub needs.
    """
    from streams.bootstrap.agreement_file import load_agreements
    from streams.bootstrap.kafka_topics import make_topics, needed_topics

    hush_client()
    topics = needed_topics(load_agreements(place.region))
    found = asyncio.run(make_topics(place.kafka, topics, partitions=partitions, copies=replication))
    if as_json:
        print_json(
            {
                "topics": [topic._asdict() for topic in found.topics],
                "differences": [difference._asdict() for difference in found.differences],
            }
        )
    elif found.differences:
        columns = ("TOPIC", "SETTING", "IS", "MUST BE")
        print_table(columns, found.differences, none="")
        say("nothing was changed: mend these with Kafka's own tools, or name another hub")
    else:
        rows = [(t.name, t.partitions, "made" if t.is_new else "there") for t in found.topics]
        print_table(("TOPIC", "PARTITIONS", ""), rows, none="no topics")
    if found.differences:
        click.get_current_context().exit(FINDINGS)
