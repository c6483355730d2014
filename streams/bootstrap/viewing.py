"""A view worker: follows the ledger's topic into the views, with others of its group.

How far each partition has been read stands in the database, and moves with the rows. Several
workers share the partitions; one that was overtaken finds the cursor elsewhere and reads on there.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from streams.bootstrap.health import Health
from streams.bootstrap.progress_watch import ProgressWatch
from streams.bootstrap.routing import REGISTRY_FILE
from streams.contracts.registry import Registry
from streams.engines.kafka.framed_values import Schemas
from streams.engines.kafka.ledger_follower import StandMovedError
from streams.engines.kafka.ledger_group import GroupSetting, LedgerGroup
from streams.promises.engine import UnavailableError
from streams.promises.ledger import Read, Stand, Unreadable, position_of, stand_after
from streams.promises.topics import LEDGER
from streams.views.feed import CursorMovedError, Feed

GROUP = "saattaen.views"
_PAUSE_S, _PAUSE_S_MAX = 0.2, 5.0

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def registry_of(url: str, folder: Path) -> Registry:
    """Open the registry for a worker that reads alone: it needs no id of its own, and asks later.

    Args:
        url: The registry's base.
        folder: The worker's own; what it learnt is found again there.
    """
    return Registry(url, cache=folder / REGISTRY_FILE)


class ViewWorker:
    """Writes the views of a hub, of the partitions that its group gives it."""

    def __init__(
        self, kafka: str, schemas: Schemas, feed: Feed, *, session_ms: int | None = None
    ) -> None:
        """Prepare; `run` connects. Feed and schemas stay their owner's."""
        setting = GroupSetting(kafka, GROUP)
        if session_ms is not None:
            setting = setting._replace(session_ms=session_ms)
        self._feed = feed
        self._group = LedgerGroup(setting, schemas, self._follow)
        self._health = Health("view", ProgressWatch(kafka, GROUP, self._group.assigned))

    async def run(
        self, stop: asyncio.Event, *, anew: bool = False, health_port: int | None = None
    ) -> None:
        """Work until told to stop; `anew` throws the views away first, whatever they are.

        Waits as long as database, registry or broker cannot be used. Answers on a port how it is,
        where one is named.

        Raises:
            UnavailableError: The port is taken.
        """
        async with self._health.served(health_port):
            if await self._prepare(stop, anew=anew):
                await self._group.run(stop)

    async def _prepare(self, stop: asyncio.Event, *, anew: bool) -> bool:
        pause_s = _PAUSE_S
        while not stop.is_set():
            try:
                made = await asyncio.to_thread(self._feed.prepare, anew=anew)
            except UnavailableError as away:
                _log.warning("views_wait", error=type(away).__name__, pause_s=pause_s)
            else:
                if made:
                    _log.info("views_begun_anew")
                return True
            try:
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            except TimeoutError:
                pause_s = min(_PAUSE_S_MAX, pause_s * 2)
        return False

    def _follow(self, partition: int, count: int) -> "_ViewFollower":
        del count
        return _ViewFollower(self._feed, partition)


class _ViewFollower:
    """Keeps `streams.engines.kafka.ledger_follower.Follower` for the views of one partition."""

    def __init__(self, feed: Feed, partition: int) -> None:
        self._feed = feed
        self._partition = partition
        self._kept = 0

    async def stand(self) -> Stand:
        stand = await asyncio.to_thread(self._feed.cursor, self._partition)
        self._kept = stand.position
        return stand

    async def take(self, after: int, page: Sequence[Read]) -> None:
        try:
            aside = await asyncio.to_thread(self._feed.take, self._partition, after, page)
        except CursorMovedError as moved:
            raise StandMovedError from moved
        self._kept = stand_after(page[-1]).position
        unreadable = {read.position for read in page if isinstance(read, Unreadable)}
        for each in aside:
            if position_of(each.place) not in unreadable:  # of those the reader has said so
                _log.error(
                    "ledger_entry_not_viewed",
                    topic=LEDGER,
                    partition=each.place.partition,
                    offset=each.place.offset,
                    cause=each.cause,
                )

    async def forget(self, mistaken: Stand) -> None:
        await asyncio.to_thread(self._feed.begin_anew, self._partition, mistaken)

    def kept(self) -> int:
        return self._kept

    def reach_end(self, at_s: float) -> None:
        del at_s  # views show what they have; nothing is decided by them

    async def end(self) -> None:
        return
