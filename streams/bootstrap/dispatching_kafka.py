"""A dispatch worker of a Kafka hub: follows the ledger's topic, with others of its group.

Notices and their fates both come from the ledger, in its order: docs/decisions/0033. Attempts lie
in PostgreSQL, and how far a partition was followed moves with them; reports go out as contract
events, and what becomes of them is read from the ledger.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from streams.bootstrap.dispatching_keys import PersonKeys
from streams.bootstrap.dispatching_partition import (
    PartitionDispatch,
    Shared,
    transports_and_desks,
)
from streams.bootstrap.health import Health
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_hub import SealingParts, partitions_of
from streams.bootstrap.partition_writer import PartitionWriter
from streams.bootstrap.progress_watch import ProgressWatch
from streams.contracts.registry import Registry
from streams.dispatch.attempts_database import AttemptsDatabase
from streams.dispatch.backoff import Pace
from streams.engines.kafka.ledger_group import SESSION_MS, GroupSetting, LedgerGroup
from streams.promises.engine import UnavailableError
from streams.promises.ledger import (
    BEGINNING,
    Read,
    Recorded,
    Stand,
    Unreadable,
    stand_after,
)
from streams.promises.topics import EVENTS, LEDGER
from streams.views.database import opened_server

GROUP = "saattaen.dispatch"
CONNECTIONS_MAX = 64
"""One for each partition that a worker has, and some beside."""
ROOM_S = 5.0
_PAUSE_S, _PAUSE_S_MAX = 0.2, 5.0

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class DispatchWorker:
    """Dispatches what the partitions issue that its group gives it."""

    def __init__(
        self,
        parts: SealingParts,
        registry: Registry,
        outbox: Path,
        *,
        session_ms: int = SESSION_MS,
        pace: Pace | None = None,
    ) -> None:
        """Prepare; `run` connects.

        Args:
            parts: The agreement and the secrets.
            registry: The contracts, loaded; it stays its owner's.
            outbox: Where agencies that fetch files find theirs, the same for every worker.
            session_ms: How long the group waits for a worker that gives no sign.
            pace: How attempts are spread; None is by the agreement in force.
        """
        self._parts = parts
        self._registry = registry
        self._outbox = outbox
        self._pace = pace
        self._setting = GroupSetting(parts.settings.kafka, GROUP, session_ms)

    async def run(self, stop: asyncio.Event, health_port: int | None = None) -> None:
        """Work until told to stop; attempts under way are brought to their end.

        Waits as long as database or broker cannot be used. Answers on a port how it is, where one
        is named.

        Raises:
            UnavailableError: The port is taken.
            SecretsError: A webhook or a desk's mail server has no secret, or one of no use.
            WrongMasterKeyError: The person keys were made under other secrets.
            NewerStoreError: A newer version of the hub keeps its attempts in the database.
        """
        await self._try_transports()
        database = opened_server(self._parts.settings.database, connections=CONNECTIONS_MAX)
        attempts = AttemptsDatabase(database)
        keys: PersonKeys | None = None
        writer = PartitionWriter(self._setting.kafka)
        try:
            if not await _until_done(lambda: asyncio.to_thread(attempts.prepare), stop):
                return
            keys = await self._keys(stop)
            if keys is None or not await _until_done(self._compare_partitions, stop):
                return
            shared = Shared(
                asyncio.get_running_loop(),
                self._parts,
                keys,
                writer,
                self._registry,
                self._outbox,
                self._pace,
            )

            def follow(partition: int, count: int) -> _DispatchFollower:
                return _DispatchFollower(shared, attempts, partition, count)

            group = LedgerGroup(self._setting, self._registry, follow)
            watch = ProgressWatch(self._setting.kafka, GROUP, group.assigned)
            async with Health("dispatch", watch).served(health_port):
                await group.run(stop)
        finally:
            await writer.close()
            if keys is not None:
                keys.close()
            attempts.close()

    async def _try_transports(self) -> None:
        """Make all transports once, so that what they lack is said at the start."""
        agencies = self._parts.agreements.in_force(wall_clock()).agencies
        transports, desks = transports_and_desks(self._parts, self._outbox, agencies)
        for transport in (*transports.values(), *[post.transport for post in desks.values()]):
            await transport.close()

    async def _keys(self, stop: asyncio.Event) -> PersonKeys | None:
        opened: list[PersonKeys] = []

        async def open_them() -> None:
            opened.append(await asyncio.to_thread(PersonKeys, self._parts))

        return opened[0] if await _until_done(open_them, stop) else None

    async def _compare_partitions(self) -> None:
        """Hold the two topics to one number: a report must come to its person's lane."""
        await partitions_of(self._setting.kafka, [LEDGER, EVENTS])


class _DispatchFollower:
    """Keeps `streams.engines.kafka.ledger_follower.Follower` for one partition's dispatch."""

    def __init__(
        self, shared: Shared, attempts: AttemptsDatabase, partition: int, count: int
    ) -> None:
        self._shared = shared
        self._attempts = attempts
        self._partition = partition
        self._count = count
        self._given = BEGINNING
        self._last_entry = 0
        self._dispatch: PartitionDispatch | None = None

    async def stand(self) -> Stand:
        if self._dispatch is None:
            claimed = await asyncio.to_thread(self._attempts.claim, self._partition)
            self._given = claimed.stand
            self._last_entry = claimed.stand.position
            self._dispatch = PartitionDispatch(self._shared, self._partition, self._count, claimed)
        return self._given

    async def take(self, after: int, page: Sequence[Read]) -> None:
        del after  # it is where the last page ended: nobody else puts anything in
        dispatch = self._dispatch
        assert dispatch is not None  # noqa: S101  # a stand was asked for first
        unreadable = [read for read in page if isinstance(read, Unreadable)]
        if unreadable:
            await asyncio.to_thread(self._attempts.set_aside, unreadable)
        try:
            async with asyncio.timeout(ROOM_S):
                await dispatch.buffer.put(page)
        except TimeoutError:
            raise UnavailableError("dispatch is held, and takes no more of the ledger") from None
        self._given = stand_after(page[-1])
        entries = [read.stored.position for read in page if isinstance(read, Recorded)]
        self._last_entry = entries[-1] if entries else self._last_entry
        dispatch.announce()

    async def forget(self, mistaken: Stand) -> None:
        del mistaken
        # What became of the notices of this ledger stands in this ledger.
        await self.end()
        claimed = await asyncio.to_thread(self._attempts.claim, self._partition)
        try:
            await asyncio.to_thread(claimed.store.forget)
        finally:
            await asyncio.to_thread(claimed.store.close)

    def kept(self) -> int:
        kept = self._dispatch.kept() if self._dispatch is not None else 0
        # Records that are no entries are kept by being set aside.
        return self._given.position if kept >= self._last_entry else kept

    def reach_end(self, at_s: float) -> None:
        dispatch = self._dispatch
        if dispatch is not None:
            if dispatch.failure is not None:
                raise dispatch.failure
            dispatch.buffer.reach_end(at_s)

    async def end(self) -> None:
        dispatch, self._dispatch = self._dispatch, None
        if dispatch is not None:
            await dispatch.end()


async def _until_done(doing: Callable[[], Awaitable[object]], stop: asyncio.Event) -> bool:
    """Try until it can be done; say whether it was before being told to stop."""
    pause_s = _PAUSE_S
    while not stop.is_set():
        try:
            await doing()
        except UnavailableError as away:
            _log.warning(
                "dispatch_waits",
                error=type(away).__name__,
                delay_us=int(pause_s * 1_000_000),
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            pause_s = min(_PAUSE_S_MAX, pause_s * 2)
        else:
            return True
    return False
