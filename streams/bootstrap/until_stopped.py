"""A stage in the foreground: it works until SIGTERM or Ctrl-C, then ends what is under way."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import uvloop

INTERRUPTED = 130


def run_until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run a stage; give the exit code: 0 after SIGTERM, 130 after Ctrl-C.

    The next signal ends the process at once: whoever asks twice is in a hurry.
    """
    stopped_by: list[signal.Signals] = []

    async def hold() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop_by(which: signal.Signals) -> None:
            stopped_by.append(which)
            stop.set()
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(each)

        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop_by, each)
        await work(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold())
    return INTERRUPTED if signal.SIGINT in stopped_by else 0
