"""A stage in the foreground: it works until SIGTERM or Ctrl-C, then ends what is under way."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

INTERRUPTED = 130

Work = Callable[[asyncio.Event], Awaitable[None]]
"""Works until told to stop."""


def run_until_stopped(work: Work) -> int:
    """Run a stage of a Kafka hub; give the exit code, as `exit_code_when_stopped`.

    Raises:
        ModuleNotFoundError: The extra of Kafka hubs is not installed.
    """
    import uvloop  # an embedded hub runs without it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(exit_code_when_stopped(work))


async def exit_code_when_stopped(work: Work) -> int:
    """Work until a signal comes; give the exit code: 0 after SIGTERM, 130 after Ctrl-C.

    The next signal ends the process at once: whoever asks twice is in a hurry.
    """
    stop = asyncio.Event()
    stopped_by: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def stop_by(which: signal.Signals) -> None:
        stopped_by.append(which)
        stop.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop_by, each)
    await work(stop)
    return INTERRUPTED if signal.SIGINT in stopped_by else 0
