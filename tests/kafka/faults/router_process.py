"""A router as `saattaen worker route` runs it, which may stop itself inside a transaction.

Arguments: its state folder, the session's length in milliseconds, and maybe the number of the
transaction in which it sends itself SIGSTOP, when its records are written and not committed.
"""

import os
import signal
import sys
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.cli import main


def stop_inside(number: int) -> None:
    """Let the process stop itself in the transaction of this number."""
    commit = AIOKafkaProducer.commit_transaction
    count = iter(range(1, sys.maxsize))

    async def stopped(producer: AIOKafkaProducer) -> Any:  # noqa: ANN401  # as the library's
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return await commit(producer)

    AIOKafkaProducer.commit_transaction = stopped


if __name__ == "__main__":
    folder, session_ms, *stops_in = sys.argv[1:]
    if stops_in:
        stop_inside(int(stops_in[0]))
    sys.argv = ["saattaen", "worker", "route", "--state", folder, "--session-ms", session_ms]
    main()
