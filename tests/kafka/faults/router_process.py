"""A router as `saattaen worker route` runs it, which may stop itself inside a transaction.

Arguments: its state folder, the session's length in milliseconds, and maybe the number of the
transaction in which it sends itself SIGSTOP, when its records are written and not committed.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.cli import main
from streams.engines.kafka.router import Router


def stop_inside(number: int) -> None:
    """Let the process stop itself in the transaction of this number."""
    commit = AIOKafkaProducer.commit_transaction
    count = iter(range(1, sys.maxsize))

    async def stopped(producer: AIOKafkaProducer) -> Any:  # noqa: ANN401  # as the library's
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return await commit(producer)

    AIOKafkaProducer.commit_transaction = stopped


def say_where() -> None:
    """Say where every task stands, with which the run of a router that hangs is explained."""
    for task in asyncio.all_tasks():
        task.print_stack()


def say_where_when_asked() -> None:
    """Let SIGUSR1 ask for it, as soon as there is a loop."""
    started = Router.run

    async def run(router: Router, stop: asyncio.Event) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, say_where)
        await started(router, stop)

    Router.run = run  # type: ignore[method-assign, assignment]  # in this process alone


if __name__ == "__main__":
    say_where_when_asked()
    folder, session_ms, *stops_in = sys.argv[1:]
    if stops_in:
        stop_inside(int(stops_in[0]))
    sys.argv = ["saattaen", "worker", "route", "--state", folder, "--session-ms", session_ms]
    main()
