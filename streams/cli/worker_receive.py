"""`saattaen worker receive`: an inbox folder in front of a Kafka hub."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.kafka_options import (
    DATABASE,
    KAFKA,
    KEYS,
    KafkaPlace,
    health_option,
    kafka_options,
)
from streams.cli.kafka_parts import sealing_parts
from streams.cli.options import data_option, json_option
from streams.cli.output import say

if TYPE_CHECKING:
    from streams.bootstrap.inbox import Inbox
    from streams.bootstrap.kafka_hub import SealingParts
    from streams.promises.receipt import Receipt


@click.command(
    epilog=(
        "\b\nExample:\n"
        "  saattaen worker receive --kafka 127.0.0.1:9092 --keys hub.key \\\n"
        "    --database postgresql://hub@db/hub --data saattaen-data"
    )
)
@kafka_options(KAFKA, DATABASE, KEYS)
@data_option
@health_option
@json_option
def receive(*, place: KafkaPlace, data: Path, health_port: int | None, as_json: bool) -> int:
    """Queue the files that agencies leave in DATA/inbox/AGENCY, until SIGTERM.

    Files are written under a name that begins with a dot, then renamed; receipts appear in
    DATA/receipts/AGENCY when the broker has acknowledged every message. The log goes to stderr, one
    JSON object a line. Exit 0 after SIGTERM, 130 after Ctrl-C.
    """
    del as_json  # Nothing is answered; the option decides how the command fails.
    from streams.bootstrap.health import Health
    from streams.bootstrap.hub import wall_clock
    from streams.bootstrap.inbox import Inbox
    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.progress_watch import ProgressWatch
    from streams.bootstrap.until_stopped import run_until_stopped

    configure()
    parts = sealing_parts(place)
    watch = ProgressWatch(place.kafka, "saattaen.receive", lambda: ())
    health = Health("receive", watch, reads_topics=False)
    inbox = Inbox(data, parts.agreements.in_force(wall_clock()).agencies)

    async def work(stop: asyncio.Event) -> None:
        say(f"receiving from {data / 'inbox'}/AGENCY for {place.kafka}; Ctrl-C stops")
        async with health.served(health_port):
            await _empty(inbox, parts, stop)

    try:
        return run_until_stopped(work)
    finally:
        inbox.close()
        say("stopped; what has receipts is queued")


async def _empty(inbox: "Inbox", parts: "SealingParts", stop: asyncio.Event) -> None:
    from streams.bootstrap.hub import wall_clock
    from streams.bootstrap.inbox_receiving import InboxReceiving
    from streams.bootstrap.kafka_hub import partitions_of
    from streams.bootstrap.partition_writer import PartitionWriter
    from streams.bootstrap.receiving import Receiving
    from streams.promises.topics import raw

    kafka = parts.settings.kafka
    agencies = parts.agreements.in_force(wall_clock()).agencies
    partitions = await partitions_of(kafka, [raw(agency) for agency in agencies])
    keys = await asyncio.to_thread(parts.open_keys)
    writer = PartitionWriter(kafka)
    try:
        receiving = Receiving(parts, keys, writer, partitions)
        await InboxReceiving(inbox, receiving, _written).run(stop)
    finally:
        await writer.close()
        keys.close()


def _written(receipts: "Sequence[Receipt]") -> bytes:
    import orjson

    from streams.cli import shapes

    return b"".join([orjson.dumps(shapes.receipt(receipt)) + b"\n" for receipt in receipts])
