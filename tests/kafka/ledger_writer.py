"""Entries on the ledger's topic as a router puts them there: framed, keyed, in transactions."""

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from streams.contracts.registry import Registry, frame_payload
from streams.domain.agreement import Agreements
from streams.domain.ids import PersonId
from streams.engines.memory import MemoryEngine
from streams.promises.topics import LEDGER
from tests.domain.region import REGION, at
from tests.domain.speaker import Speaker


class Written(NamedTuple):
    """A record on its way to the ledger's topic."""

    key: bytes | None
    value: bytes | None


class LedgerWriter:
    """Writes whole transactions, or takes them back."""

    def __init__(self, producer: AIOKafkaProducer, registry: Registry) -> None:
        self.registry = registry
        self._producer = producer

    def framed(self, person: PersonId, data: bytes, record: str = "LedgerEntry") -> Written:
        """Make the record of an entry's bytes."""
        return Written(person.encode(), frame_payload(self.registry, record, data))

    async def write(
        self, records: Iterable[Written], *, partition: int | None = None, keeps: bool = True
    ) -> list[int]:
        """Write records in one transaction, or write and take them back; give their offsets."""
        await self._producer.begin_transaction()
        sent = [
            await self._producer.send(LEDGER, key=key, value=value, partition=partition)
            for key, value in records
        ]
        offsets = [(await each).offset for each in sent]
        if keeps:
            await self._producer.commit_transaction()
        else:
            await self._producer.abort_transaction()
        return offsets

    async def write_engine(self, engine: MemoryEngine, after: int = 0) -> None:
        """Write what an engine in memory has decided since a position, an entry a transaction."""
        entries, data = list(engine.ledger(after)), engine.entry_bytes()[after:]
        for stored, written in zip(entries, data, strict=True):
            await self.write([self.framed(stored.entry.person, written)])


@asynccontextmanager
async def ledger_writer(broker: str, registry_url: str) -> AsyncIterator[LedgerWriter]:
    """Give a writer for as long as a test needs it."""
    registry = Registry(registry_url)
    await registry.load()
    producer = AIOKafkaProducer(
        bootstrap_servers=broker, transactional_id=f"test-{secrets.token_hex(8)}"
    )
    await producer.start()
    try:
        yield LedgerWriter(producer, registry)
    finally:
        await producer.stop()
        await registry.close()


def persons(count: int, first: int = 1) -> list[PersonId]:
    """Name persons."""
    return [PersonId(f"p-{number:026}") for number in range(first, first + count)]


def referred(told: Sequence[PersonId], engine: MemoryEngine | None = None) -> MemoryEngine:
    """Give an engine in memory that referred some persons, after all of them consented."""
    engine = engine if engine is not None else MemoryEngine(Agreements((REGION,)))
    speakers = [Speaker(person) for person in told]
    engine.submit([speaker.consents(at(0)) for speaker in speakers])
    engine.submit(
        [speaker.refers(at(0, 1), message_id=f"r-{speaker.person}") for speaker in speakers]
    )
    return engine
