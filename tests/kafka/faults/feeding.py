"""What agencies say, on its way into the hub: as contract events, or as raw messages."""

import asyncio
import os
import subprocess
from collections.abc import Sequence
from random import Random

from aiokafka import AIOKafkaProducer

from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.domain.calendar import moment
from streams.domain.event import Event
from streams.domain.ids import Instant
from streams.promises import topics
from tests.kafka.faults.said import AGENCY, messages_said
from tests.kafka.faults.workers import SAATTAEN, Place


async def feed(
    bootstrap: str,
    registry: Registry,
    said: Sequence[Event],
    *,
    per_s: float,
    repeat_share: float = 0.02,
    seed: int = 1,
) -> None:
    """Write events in their order, some of them again later, at so many a second.

    As a normaliser does: keyed by person, framed.
    """
    rng = Random(seed)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, compression_type="lz4"
    )
    await producer.start()
    try:
        begun_s = asyncio.get_running_loop().time()
        for number, event in enumerate(said):
            await _send(producer, registry, event)
            if number and rng.random() < repeat_share:
                await _send(producer, registry, said[rng.randrange(number)])
            ahead_s = begun_s + number / per_s - asyncio.get_running_loop().time()
            if ahead_s > 0.02:
                await asyncio.sleep(ahead_s)
        await producer.flush()
    finally:
        await producer.stop()


async def ingest(hub: Place, persons: int, at: Instant) -> None:
    """Let the receive step take files of messages in, one file after another."""
    for number, raw in enumerate(messages_said(persons, at)):
        file = hub.folder / f"{number}.ndjson"
        file.write_bytes(raw)
        options = ("--from", AGENCY, "--recorded-at", moment(at).isoformat())
        await asyncio.to_thread(_run, [SAATTAEN, "ingest", *options, str(file)], hub)


def _run(command: list[str], hub: Place) -> None:
    environment = {**os.environ, **hub.environment()}
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")[-2_000:]


async def _send(producer: AIOKafkaProducer, registry: Registry, event: Event) -> None:
    name = type(event).__name__
    value = frame_payload(registry, name, encode_event(event))
    await producer.send(topics.EVENTS, value, key=event.envelope.person.encode())
