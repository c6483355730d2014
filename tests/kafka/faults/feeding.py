"""What agencies say, on its way into the hub: as contract events, or as raw messages."""

import asyncio
import os
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from random import Random

from streams.bootstrap.partition_writer import (
    Outgoing,
    PartitionWriter,
    UnwrittenError,
    partition_of,
)
from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.domain.calendar import moment
from streams.domain.event import Event
from streams.domain.ids import Instant
from streams.engines.kafka.topic_reader import count_partitions
from streams.promises import topics
from tests.bench.mix import LINES_A_FILE
from tests.kafka.faults.said import AGENCY, messages_said
from tests.kafka.faults.workers import SAATTAEN, Place

TURN_S = 0.02
ANSWER_S = 10.0


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
    writer = PartitionWriter(bootstrap)
    partitions = await count_partitions(bootstrap, topics.EVENTS)
    waiting = deque(
        [_outgoing(registry, event, partitions) for event in _repeated(said, repeat_share, seed)]
    )
    loop = asyncio.get_running_loop()
    begun_s, written = loop.time(), 0
    try:
        while waiting:
            due = min(len(waiting), int((loop.time() - begun_s) * per_s) + 1 - written)
            await _write(writer, [waiting.popleft() for _ in range(due)])
            written += max(0, due)
            await asyncio.sleep(TURN_S)
    finally:
        await writer.close()


async def ingest(hub: Place, persons: int, at: Instant, lines_a_file: int = LINES_A_FILE) -> None:
    """Let the receive step take files of messages in, one file after another.

    Smaller ones take longer in all: each is taken in by a process of its own.
    """
    lines = b"\n".join(messages_said(persons, at)).split(b"\n")
    for first in range(0, len(lines), lines_a_file):
        file = hub.folder / f"{first}.ndjson"
        file.write_bytes(b"\n".join(lines[first : first + lines_a_file]))
        options = ("--from", AGENCY, "--recorded-at", moment(at).isoformat())
        await asyncio.to_thread(_run, [SAATTAEN, "ingest", *options, str(file)], hub)


def _run(command: list[str], hub: Place) -> None:
    environment = {**os.environ, **hub.environment()}
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")[-2_000:]


def _repeated(said: Sequence[Event], share: float, seed: int) -> Iterator[Event]:
    """Give events in their order, some of them again later."""
    rng = Random(seed)
    for number, event in enumerate(said):
        yield event
        if number and rng.random() < share:
            yield said[rng.randrange(number)]


def _outgoing(registry: Registry, event: Event, partitions: int) -> Outgoing:
    name, key = type(event).__name__, event.envelope.person.encode()
    value = frame_payload(registry, name, encode_event(event))
    return Outgoing(topics.EVENTS, partition_of(key, partitions), key, value, ())


async def _write(writer: PartitionWriter, records: list[Outgoing]) -> None:
    """Write records, again and again where the broker does not say that it has them."""
    while records:
        try:
            await writer.write(records, ANSWER_S)
        except UnwrittenError as away:
            records = [records[place] for place in sorted(away.unwritten)]
        else:
            return
