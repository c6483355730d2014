"""A router as `saattaen worker route` runs it, which may stop itself inside a transaction.

Arguments: its state folder, the session's length in milliseconds, and maybe what goes wrong:

stop:N        in transaction N it sends itself SIGSTOP, when its records are written, not committed
abort:EVENT   at this event it dies, as of a fault in a library
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.cli import main
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.engines import lane
from streams.engines.kafka.router import Router
from streams.promises.engine import Outcome


def stop_inside(number: int) -> None:
    """Let the process stop itself in the transaction of this number."""
    commit = AIOKafkaProducer.commit_transaction
    count = iter(range(1, sys.maxsize))

    async def stopped(producer: AIOKafkaProducer) -> Any:  # noqa: ANN401  # as the library's
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return await commit(producer)

    AIOKafkaProducer.commit_transaction = stopped


def abort_at(event_id: str) -> None:
    """Let the process die whenever it decides this event."""
    take = lane.take

    def taken(
        store: lane.Store, agreements: Agreements, event: Event, wall: lane.Wall | None = None
    ) -> Outcome:
        if event.envelope.event_id == event_id:
            os.abort()
        return take(store, agreements, event, wall)

    lane.take = taken


def say_where() -> None:
    """Say where every task stands, with which the run of a router that hangs is explained."""
    for task in asyncio.all_tasks():
        sys.stderr.write(f"{task.get_name()}: {' > '.join(_awaited(task.get_coro()))}\n")


def _awaited(coroutine: Any) -> Iterator[str]:  # noqa: ANN401  # whatever can be awaited
    """Follow who waits for whom: a task's own stack ends at its first call."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            yield type(coroutine).__name__
            return
        yield f"{frame.f_code.co_qualname} {Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)


def say_where_when_asked() -> None:
    """Let SIGUSR1 ask for it, as soon as there is a loop."""
    started = Router.run

    async def run(router: Router, stop: asyncio.Event) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, say_where)
        await started(router, stop)

    Router.run = run  # type: ignore[method-assign, assignment]  # in this process alone


if __name__ == "__main__":
    say_where_when_asked()
    folder, session_ms, *wrong = sys.argv[1:]
    for each in wrong:
        kind, _, detail = each.rpartition(":")
        if kind == "abort":
            abort_at(detail)
        else:
            stop_inside(int(detail))
    sys.argv = ["saattaen", "worker", "route", "--state", folder, "--session-ms", session_ms]
    main()
