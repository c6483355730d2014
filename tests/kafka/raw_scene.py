"""A Kafka hub's first two stages, for tests: messages go in at the front, and come out decoded."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import create_engine, make_url, text

from streams.bootstrap.kafka_hub import KafkaSettings, SealingParts, partitions_of
from streams.bootstrap.partition_writer import Outgoing, PartitionWriter
from streams.bootstrap.receiving import Receiving
from streams.contracts.codec import codec_of
from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.declarations import simple
from streams.contracts.event import decode_event
from streams.contracts.frame import unframed
from streams.domain.ids import AgencyId, Instant
from streams.engines.keys_postgres import PostgresKeyStore
from streams.promises import topics
from streams.promises.engine import DeadLetter
from streams.promises.receipt import Receipt
from streams.promises.watermark import Watermark
from streams.sealing.hub_secrets import make_secrets
from tests.cli.processes import Process, started
from tests.kafka.databases import fresh_database

ROOT = Path(__file__).parents[1] / "data"
WIRE = ROOT / "wire"
LAPPEENRANTA = AgencyId("employment.lappeenranta")
PATIENCE_S = 30.0
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_QUIET_MS = 700


def artificial(number: int) -> str:
    """Write the HETU of a person whom nobody is: individual number 900 to 999."""
    digits = f"{1 + number // 100:02}0190{900 + number % 100}"
    return f"{digits[:6]}-{digits[6:]}{_CHECK_CHARACTERS[int(digits) % 31]}"


HETUS = [artificial(number) for number in range(300)]


class Said(NamedTuple):
    """A record of a topic of contracts; `value` is an event, a dead letter or a watermark."""

    topic: str
    partition: int
    offset: int
    appended_at: Instant
    key: bytes | None
    headers: dict[str, bytes]
    value: Any


class Scene:
    """One hub's addresses, secrets and parts; every process that it starts ends with it."""

    def __init__(self, folder: Path, kafka: str, registry: str, database: str) -> None:
        self.folder = folder
        self.settings = KafkaSettings(kafka, registry, database, None, folder / "hub.key")
        make_secrets(self.settings.keys_file)
        self.parts = SealingParts(self.settings)
        self._records: dict[str, list[Any]] = defaultdict(list)
        self._said: dict[str, list[Said]] = defaultdict(list)
        self._next: dict[tuple[str, int], int] = {}

    @property
    def options(self) -> list[str]:
        kafka, registry, database, _, keys = self.settings
        return [
            *("--kafka", kafka, "--registry", registry, "--database", database),
            *("--keys", str(keys)),
        ]

    @contextmanager
    def worker(self, number: int = 1) -> Iterator[Process]:
        """Start a normaliser; it may not be reading yet."""
        state = self.folder / f"state-{number}"
        words = ["worker", "normalise", *self.options, "--state", str(state)]
        with started(self.folder, *words) as process:
            yield process

    @contextmanager
    def keys(self) -> Iterator[PostgresKeyStore]:
        opened = self.parts.open_keys()
        try:
            yield opened
        finally:
            opened.close()

    def queue(
        self, agency: AgencyId, *files: bytes, recorded_at: Instant | None = None
    ) -> list[Receipt]:
        """Do what `ingest --kafka` does."""
        return asyncio.run(self._queue(agency, files, recorded_at))

    def write(self, *records: Outgoing) -> None:
        """Write records as they are, whatever they are."""
        asyncio.run(self._write(records))

    def read(self, *names: str) -> list[Said]:
        """Read topics of contracts from their beginning, committed records only."""
        for name in names:
            seen = self._said[name]
            seen += [_said(record) for record in self.records(name)[len(seen) :]]
        return [said for name in names for said in self._said[name]]

    def records(self, name: str) -> list[Any]:
        """Read a topic from its beginning as it is, in the order of each partition."""
        new = asyncio.run(_records(self.settings.kafka, name, self._next))
        self._records[name] += new
        self._next |= {(name, each.partition): each.offset + 1 for each in new}
        return self._records[name]

    def events(self) -> list[Said]:
        """Read the events topic without its watermarks."""
        return [each for each in self.read(topics.EVENTS) if type(each.value) is not Watermark]

    def events_of(self, prefix: str) -> list[Said]:
        """Give the events of messages whose id begins so."""
        return [each for each in self.events() if _message_id(each).startswith(prefix)]

    async def _queue(
        self, agency: AgencyId, files: Sequence[bytes], recorded_at: Instant | None
    ) -> list[Receipt]:
        partitions = await partitions_of(self.settings.kafka, [topics.raw(agency)])
        writer = PartitionWriter(self.settings.kafka)
        receipts: list[Receipt] = []
        with self.keys() as keys:
            receiving = Receiving(self.parts, keys, writer, partitions)
            try:
                for file in files:
                    async for group in receiving.receive(
                        agency, file, recorded_at, patience_s=PATIENCE_S
                    ):
                        receipts += group
            finally:
                await writer.close()
        return receipts

    async def _write(self, records: Sequence[Outgoing]) -> None:
        writer = PartitionWriter(self.settings.kafka)
        try:
            await writer.write(records, PATIENCE_S)
        finally:
            await writer.close()


@contextmanager
def scene(folder: Path, kafka: str, registry: str, database_server: str) -> Iterator[Scene]:
    """Set a hub up on a database of its own."""
    with fresh_database(database_server) as database:
        yield Scene(folder, kafka, registry, database)


def milestone(
    message_id: str, hetu: str = HETUS[0], at: str = "2026-02-11T22:15:00+02:00"
) -> bytes:
    """Write a message of the employment service's."""
    said = json.loads((WIRE / "employment" / "milestone.json").read_text())
    said["tapahtumaTunnus"], said["aikaleima"] = message_id, at
    said["asiakas"]["henkilotunnus"] = hetu
    return json.dumps(said, ensure_ascii=False).encode()


def in_order(found: Sequence[Said]) -> dict[tuple[int, str], list[str]]:
    """Give the message ids of each person, each where it first stands in its partition."""
    lanes: dict[tuple[int, str], list[str]] = defaultdict(list)
    for each in sorted(found, key=lambda said: (said.partition, said.offset)):
        lane = lanes[each.partition, each.value.envelope.person]
        if _message_id(each) not in lane:
            lane.append(_message_id(each))
    return dict(lanes)


def repeats(found: Sequence[Said]) -> int:
    """Count the events that stand more than once."""
    return sum(n - 1 for n in Counter(_message_id(each) for each in found).values())


def stop_connections(database: str, *, allow: bool) -> None:
    """Let nobody use a database any more, or everybody again."""
    place = make_url(database)
    engine = create_engine(place.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {place.database} ALLOW_CONNECTIONS {allow}"))
        if not allow:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(text(end), {"name": place.database})
    engine.dispose()


def _message_id(said: Said) -> str:
    found: str = said.value.envelope.source_ref.message_id
    return found


async def _records(kafka: str, name: str, starts: dict[tuple[str, int], int]) -> list[Any]:
    from aiokafka import (
        AIOKafkaConsumer,
        TopicPartition,
    )

    partitions = await partitions_of(kafka, [name])
    places = [TopicPartition(name, each) for each in range(partitions[name])]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign(places)
        for place in places:
            consumer.seek(place, starts.get(tuple(place), 0))
        ends = await consumer.end_offsets(places)
        found: list[Any] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=_QUIET_MS)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def _said(record: Any) -> Said:  # noqa: ANN401  # the library has no types
    headers = dict(record.headers)
    kind = simple(headers[topics.CE_TYPE].decode())
    _, payload = unframed(record.value)
    value: Any
    if kind == "Watermark":
        value = codec_of(Watermark).decode(payload)
    elif kind == "DeadLetter":
        value = decode_dead_letter(payload, DeadLetter)
    else:
        value = decode_event(kind, payload)
    at = Instant(record.timestamp * 1_000)
    return Said(record.topic, record.partition, record.offset, at, record.key, headers, value)
