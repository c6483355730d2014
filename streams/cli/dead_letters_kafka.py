"""`saattaen dead-letters` on a Kafka hub: what its topic has, and taking some of it in again."""

import asyncio
from typing import TYPE_CHECKING

from streams.cli import shapes
from streams.cli.dead_letters import none_waits
from streams.cli.failures import CONFLICT, CommandError
from streams.cli.ingest_kafka import PATIENCE_S
from streams.cli.kafka_options import KafkaPlace
from streams.cli.kafka_parts import hush_client, sealing_parts
from streams.cli.output import print_json_lines, say
from streams.domain.ids import DeadLetterId

if TYPE_CHECKING:
    from streams.bootstrap.dead_letter_replay_kafka import KafkaReplay
    from streams.contracts.registry import Registry
    from streams.engines.kafka.dead_letter_reader import DeadLetters, Standing


def letters_on_topic(place: KafkaPlace) -> "DeadLetters":
    """Read a hub's dead letters; say which records of their topic are none.

    Raises:
        UnavailableError, RegistryUnavailableError: Broker or registry gives no answer.
    """
    from streams.contracts.registry import Registry

    async def read() -> "DeadLetters":
        async with Registry(place.registry) as registry:
            return await _read(place, registry)

    return asyncio.run(read())


def replay_letters(place: KafkaPlace, ids: tuple[str, ...], *, dry_run: bool) -> None:
    """Take dead letters in again, or say what would become of them; print their receipts.

    Raises:
        CommandError: One does not wait, and nothing was replayed; or one cannot be taken in again,
            and those before it have their receipts.
        AgreementError, RegistryUnavailableError, SealBrokenError, SecretsError, UnavailableError,
            UnknownSenderError, WrongMasterKeyError: As the parts raise them.
    """
    hush_client()
    asyncio.run(_replay(place, ids, dry_run=dry_run))


async def _replay(place: KafkaPlace, ids: tuple[str, ...], *, dry_run: bool) -> None:
    from streams.bootstrap.dead_letter_replay_kafka import KafkaReplay
    from streams.bootstrap.partition_writer import PartitionWriter
    from streams.contracts.registry import Registry

    async with Registry(place.registry) as registry:
        found = await _read(place, registry)
        chosen = [_standing(found, each) for each in dict.fromkeys(ids)]
        parts = sealing_parts(place, may_make_secrets=False)
        keys = await asyncio.to_thread(parts.open_keys)
        writer = PartitionWriter(place.kafka)
        try:
            replay = KafkaReplay(parts, keys, writer, registry, patience_s=PATIENCE_S)
            for each in chosen:
                await _take_in(replay, each, dry_run=dry_run)
        finally:
            await writer.close()
            keys.close()


async def _take_in(replay: "KafkaReplay", standing: "Standing", *, dry_run: bool) -> None:
    from streams.bootstrap.dead_letter_replay import ErasedError, HubsOwnError
    from streams.bootstrap.dead_letter_replay_kafka import LostRecordError

    try:
        if dry_run:
            print_json_lines(map(shapes.receipt, await replay.foresee(standing)))
            return
        async for receipts in replay.replay(standing):
            print_json_lines(map(shapes.receipt, receipts))
    except (ErasedError, HubsOwnError, LostRecordError) as kept:
        raise CommandError(CONFLICT, str(kept)) from None


async def _read(place: KafkaPlace, registry: "Registry") -> "DeadLetters":
    from streams.engines.kafka.dead_letter_reader import read_dead_letters

    found = await read_dead_letters(place.kafka, registry)
    for where, cause in found.unlisted:
        say(f"offset {where.offset} of partition {where.partition} is no dead letter: {cause}")
    return found


def _standing(found: "DeadLetters", dead_letter_id: str) -> "Standing":
    standing = found.standing.get(DeadLetterId(dead_letter_id))
    if standing is None:
        raise none_waits(dead_letter_id)
    return standing
