"""`saattaen ingest --kafka`: the receive step of a Kafka hub, from files."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from streams.cli import shapes
from streams.cli.failures import UNAVAILABLE, CommandError
from streams.cli.ingest import Delivery, known_agency, read_file
from streams.cli.kafka_options import KafkaPlace
from streams.cli.kafka_parts import hush_client, sealing_parts
from streams.cli.output import print_json_lines

if TYPE_CHECKING:
    from streams.bootstrap.kafka_hub import SealingParts
    from streams.bootstrap.receiving import Receiving

PATIENCE_S = 15.0
"""How long a broker or a database that does not answer is waited for, with each group."""


def queue_files(delivery: Delivery, place: KafkaPlace) -> None:
    """Queue files of an agency, and print a receipt for each message when it is acknowledged.

    Raises:
        CommandError: The region has no such agency, a file cannot be read, or some messages could
            not be queued: it says which. All others have their receipts.
        AgreementError, SecretsError, UnavailableError, WrongMasterKeyError: As the parts raise
            them; nothing was queued.
    """
    from streams.bootstrap.hub import wall_clock

    hush_client()
    parts = sealing_parts(place)
    known_agency(delivery.agency, parts.agreements, delivery.recorded_at or wall_clock())
    asyncio.run(_queue(delivery, place, parts))


async def _queue(delivery: Delivery, place: KafkaPlace, parts: "SealingParts") -> None:
    from streams.bootstrap.kafka_hub import partitions_of
    from streams.bootstrap.partition_writer import PartitionWriter
    from streams.bootstrap.receiving import Receiving
    from streams.promises.topics import raw

    partitions = await partitions_of(place.kafka, [raw(delivery.agency)])
    keys = await asyncio.to_thread(parts.open_keys)
    writer = PartitionWriter(place.kafka)
    try:
        receiving = Receiving(parts, keys, writer, partitions)
        for at, file in enumerate(delivery.files):
            await _queue_file(receiving, delivery, file, delivery.files[at + 1 :])
    finally:
        await writer.close()
        keys.close()


async def _queue_file(
    receiving: "Receiving", delivery: Delivery, file: str, others: Sequence[str]
) -> None:
    from streams.bootstrap.receiving import NotAllQueuedError
    from streams.promises.connector import FILE_BYTES_MAX

    # One byte over the limit is enough to be refused by it.
    raw = read_file(file, FILE_BYTES_MAX + 1)
    try:
        async for group in receiving.receive(
            delivery.agency, raw, delivery.recorded_at, patience_s=PATIENCE_S
        ):
            print_json_lines(map(shapes.receipt, group))
    except NotAllQueuedError as failure:
        begun = f"; nothing was queued of {', '.join(others)}" if others else ""
        raise CommandError(
            UNAVAILABLE, f"{file}: {failure}{begun}", file=file, not_queued=list(failure.places)
        ) from failure
