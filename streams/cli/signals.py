"""How commands that work until they are told to stop are stopped: SIGTERM, or Ctrl-C."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

INTERRUPTED = 130


def run_until_signalled(work: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run something that ends when its event is set; give the exit code.

    It is 0 after SIGTERM and 130 after Ctrl-C. A second signal ends the process at once.
    """
    stopped_by = asyncio.run(_until_stopped(work))
    return INTERRUPTED if stopped_by is signal.SIGINT else 0


async def _until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> signal.Signals | None:
    stop = asyncio.Event()
    signals: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def stop_by(which: signal.Signals) -> None:
        signals.append(which)
        stop.set()
        # The next one ends the process at once: whoever asks twice is in a hurry.
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop_by, each)
    await work(stop)
    return signals[0] if signals else None
