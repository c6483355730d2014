"""Dispatch on a running loop, as tests wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streams.dispatch.delivery import DeliveryState
from streams.dispatch.dispatcher import Dispatcher


@asynccontextmanager
async def running(
    dispatcher: Dispatcher, grace_s: float = 1.0
) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run_until(stop, grace_s))
    try:
        yield task
    finally:
        stop.set()
        await task


async def until(claim: Callable[[], bool]) -> None:
    """Let the loop turn until the claim holds; pytest's time-out names a claim that never does."""
    while not claim():  # noqa: ASYNC110  # no event says that another's turn is over
        await asyncio.sleep(0)


async def settled(dispatcher: Dispatcher, number: int) -> None:
    """Wait until so many deliveries are over."""
    over = {DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.CANCELLED}
    await until(lambda: sum(d.state in over for d in dispatcher.deliveries()) >= number)


async def idle(dispatcher: Dispatcher) -> None:
    """Wait until dispatch waits for news."""
    await until(lambda: not (dispatcher._wake.is_set() or dispatcher._under_way))
    await asyncio.sleep(0)
