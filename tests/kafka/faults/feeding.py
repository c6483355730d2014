"""Writing contract events to their topic, as a normaliser does: keyed by person, framed."""

import asyncio
from collections.abc import Sequence
from random import Random

from aiokafka import AIOKafkaProducer

from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.domain.event import Event
from streams.promises import topics


async def feed(
    bootstrap: str,
    registry: Registry,
    said: Sequence[Event],
    *,
    per_s: float,
    repeat_share: float = 0.02,
    seed: int = 1,
) -> None:
    """Write events in their order, some of them again later, at so many a second."""
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


async def _send(producer: AIOKafkaProducer, registry: Registry, event: Event) -> None:
    name = type(event).__name__
    value = frame_payload(registry, name, encode_event(event))
    await producer.send(topics.EVENTS, value, key=event.envelope.person.encode())
