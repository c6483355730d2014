"""Whether what the client does in tasks of its own still goes on.

Its calls wait for these tasks: for the group, for records, for where partitions lie. One that ended
by a failure that the library does not expect leaves them waiting for ever, and tells nobody. There
is no way to ask, so this looks at what the library keeps to itself.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from streams.engines.kafka.client_failures import CLIENT_FAILURES

SENDER_S_MAX = 5.0
"""How long a sender may wait for an answer once it was told to end."""
LOST_S_MAX = 2.0
"""How long a consumer that lost a task may take to stop: it may wait for that task for ever."""
_NEEDED = (
    ("_coordinator", "_coordination_task"),
    ("_fetcher", "_fetch_task"),
    ("_client", "_sync_task"),
)
_ALL = (*_NEEDED, ("_coordinator", "_heartbeat_task"), ("_coordinator", "_commit_refresh_task"))


def has_ended_task(consumer: Any) -> bool:  # noqa: ANN401  # the library has no types
    """Say whether a consumer, started and not stopped, lost a task that it cannot do without."""
    return any(task.done() for task in _tasks(consumer, _NEEDED))


async def end_consumer(consumer: Any, within_s: float) -> None:  # noqa: ANN401  # as above
    """Stop a consumer; where it does not stop in time, or cannot, end its tasks one by one.

    One that went on would keep its partitions, and nobody would work on them.
    """
    with suppress(*CLIENT_FAILURES):
        async with asyncio.timeout(
            min(within_s, LOST_S_MAX) if has_ended_task(consumer) else within_s
        ):
            await consumer.stop()
            return
    left = [task for task in _tasks(consumer, _ALL) if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=LOST_S_MAX)
    for connection in [*consumer._client._conns.values()]:  # noqa: SLF001  # no other way
        connection.close()


def learning(producer: Any) -> "asyncio.Task[None] | None":  # noqa: ANN401  # as above
    """Give the task in which a producer learns where partitions lie; None before its start."""
    task: asyncio.Task[None] | None = producer.client._sync_task  # noqa: SLF001  # as above
    return task


def sender_failure(producer: Any) -> BaseException | None:  # noqa: ANN401  # as above
    """Give the failure that ended a producer's sender; None where it has not ended by one."""
    sender: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001  # as above
    if sender is None or not sender.done() or sender.cancelled():
        return None
    return sender.exception()


async def end_producer(producer: Any) -> None:  # noqa: ANN401  # as above
    """End a producer of which nothing more is wanted, and let go of its connections.

    One that numbers its batches never gives them up by itself, and its `stop` would wait for it to:
    so its sender ends first, soon after it is told to. What it still has under way has an unknown
    end.
    """
    sender = producer._sender  # noqa: SLF001  # as above
    if sender is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SENDER_S_MAX):
                await sender.close()
    await producer.stop()


def _tasks(consumer: Any, names: Sequence[tuple[str, str]]) -> Iterator["asyncio.Task[None]"]:  # noqa: ANN401  # as above
    for part, name in names:
        task = getattr(getattr(consumer, part), name, None)
        if task is not None:
            yield task
