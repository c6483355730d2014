"""One fault run: stages at work, a feed, a reader beside them, and somebody who disturbs.

First the fault, with the feed going on (safety); then the fault is over, and the work must come to
its end within a time (liveness). At the end the ledger that the reader saw is judged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from streams.contracts.registry import Registry
from streams.domain.event import AgencyEvent
from tests.kafka.faults.feeding import feed
from tests.kafka.faults.ledger_checking import violations
from tests.kafka.faults.ledger_watching import LedgerWatch
from tests.kafka.faults.said import expected_of
from tests.kafka.faults.workers import Place, Worker
from tests.kafka.fixtures import PARTITIONS

END_S = 120.0
"""How long the work may take to come to its end once the fault is over."""


class Run(NamedTuple):
    """A run under way, for whoever disturbs it."""

    workers: Sequence[Worker]
    watch: LedgerWatch
    entries: int
    """How many entries there will be in the end."""


Disturb = Callable[[Run], Awaitable[None]]
Feed = Callable[[], Awaitable[None]]


def play(
    place: Place,
    said: Sequence[AgencyEvent],
    workers: Sequence[Worker],
    disturb: Disturb,
    *,
    per_s: float = 400,
    feed_raw: Feed | None = None,
) -> LedgerWatch:
    """Play a run to its end, and judge what the reader saw.

    Args:
        place: Where the hub lies.
        said: What agencies say, as contract events.
        workers: The stages, not started yet.
        disturb: Does the harm, and mends it.
        per_s: How many events a second are written.
        feed_raw: Writes raw messages in place of the contract events.
    """
    watch = LedgerWatch(place.kafka, PARTITIONS)
    expected = expected_of(said)
    entries = sum(map(len, expected.values()))

    async def run() -> None:
        registry = Registry(place.registry)
        await registry.load()
        stop = asyncio.Event()
        following = asyncio.create_task(watch.follow(stop))
        for worker in workers:
            worker.start()
        for worker in workers:
            await asyncio.to_thread(worker.await_ready)
        writes = feed_raw() if feed_raw else feed(place.kafka, registry, said, per_s=per_s)
        feeding = asyncio.ensure_future(writes)
        try:
            await _until_either(disturb(Run(workers, watch, entries)), feeding)
            await feeding
            came = await watch.until(entries, END_S)
            assert came, _why(watch, workers, entries)
        finally:
            stop.set()
            feeding.cancel()
            with suppress(asyncio.CancelledError):
                await feeding
            await following
            await registry.close()
        for worker in workers:
            await asyncio.to_thread(worker.await_ready)

    try:
        asyncio.run(run())
    finally:
        codes = [worker.stop() for worker in workers]
    assert codes == [0] * len(workers), [worker.said()[-2_000:] for worker in workers]
    found = violations(watch.seen, expected)
    assert not found, f"{len(found)} violations, as {found[:5]}"
    return watch


async def _until_either(disturbing: Awaitable[None], feeding: "asyncio.Future[None]") -> None:
    """Disturb to the end; where nothing can be fed any more there is nothing to disturb."""
    task = asyncio.ensure_future(disturbing)
    try:
        await asyncio.wait({task, feeding}, return_when=asyncio.FIRST_EXCEPTION)
        if not task.done():
            feeding.result()
        await task
    finally:
        task.cancel()


def _why(watch: LedgerWatch, workers: Sequence[Worker], entries: int) -> str:
    logs = "\n".join(worker.say_where()[-6_000:] for worker in workers)
    return f"{len(watch.seen)} of {entries} entries came\n{logs}"
