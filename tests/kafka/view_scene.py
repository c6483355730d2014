"""A broker, a registry and a database, with view workers that come and go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import TopicPartition
from sqlalchemy import select

from streams.bootstrap.viewing import GROUP, ViewWorker
from streams.contracts.registry import Registry
from streams.domain.ids import PersonId
from streams.engines.kafka.framed_values import Schemas
from streams.promises.engine import Stored, UnavailableError
from streams.promises.topics import LEDGER
from streams.views.database import opened_server
from streams.views.desk import Desk
from streams.views.feed import Feed
from streams.views.kept_ledger import KeptLedger
from streams.views.tables import QUARANTINE
from tests.awaiting import EVERY_S

SESSION_MS = 3_000


async def comes_about(claim: Callable[[], Awaitable[bool]], within_s: float = 30.0) -> None:
    """Ask again and again until a claim holds that is itself asked of a server."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + within_s
    never = asyncio.Event()
    while not await claim():
        assert loop.time() < until_s, f"did not come about within {within_s} s"
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await never.wait()


class Scene:
    """What a view worker stands on, and what others see of it."""

    def __init__(self, broker: str, registry_url: str, database_url: str) -> None:
        self.broker = broker
        self.registry_url = registry_url
        self.database_url = database_url
        self.database = opened_server(database_url)
        self.desk = Desk(self.database)
        self.kept = KeptLedger(self.database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.dispose()

    @asynccontextmanager
    async def worker(
        self, *, anew: bool = False, schemas: Schemas | None = None
    ) -> AsyncIterator[None]:
        """Let a worker follow during a block."""
        registry = Registry(self.registry_url)
        feed = Feed(opened_server(self.database_url))
        stop = asyncio.Event()
        worker = ViewWorker(self.broker, schemas or registry, feed, session_ms=SESSION_MS)
        task = asyncio.create_task(worker.run(stop, anew=anew))
        try:
            yield
            assert not task.done()
        finally:
            stop.set()
            await task
            feed.close()
            await registry.close()

    def entries(self, told: Iterable[PersonId]) -> list[Stored]:
        """Give what the views keep of some persons, in order; nothing before they are made."""
        try:
            return [stored for person in told for stored in self.kept.ledger(person=person)]
        except UnavailableError:
            return []

    async def viewed(self, told: list[PersonId], count: int, within_s: float = 30.0) -> None:
        """Wait until so many entries of some persons are viewed."""

        async def are_viewed() -> bool:
            return len(await asyncio.to_thread(self.entries, told)) >= count

        await comes_about(are_viewed, within_s)

    async def caught_up(self) -> None:
        """Wait until the group's offsets are at the ends of the ledger."""

        async def is_there() -> bool:
            return await self.lag() == 0

        await comes_about(is_there)

    def quarantined(self) -> dict[tuple[int, int], str]:
        """Give the causes in quarantine by partition and offset."""
        columns = (QUARANTINE.c.partition, QUARANTINE.c.record_offset, QUARANTINE.c.cause)
        with self.database.begin() as connection:
            return {(p, offset): cause for p, offset, cause in connection.execute(select(*columns))}

    async def lag(self) -> int:
        """Give by how much the group's offsets are behind the ends of the ledger."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.broker, isolation_level="read_committed")
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await consumer.start()
        await admin.start()
        try:
            found = await admin.describe_topics([LEDGER])
            numbers = [each["partition"] for each in found[0]["partitions"]]
            ends = await consumer.end_offsets([TopicPartition(LEDGER, n) for n in numbers])
            committed = await admin.list_consumer_group_offsets(GROUP)
            return sum(
                end - (committed[source].offset if source in committed else 0)
                for source, end in ends.items()
            )
        finally:
            await admin.close()
            await consumer.stop()
