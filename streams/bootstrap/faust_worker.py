"""Running a Faust app in the foreground, until a signal or a crash ends it."""

import asyncio
import logging
import sys
from contextlib import suppress

import faust

from streams.bootstrap.until_stopped import INTERRUPTED

THREADS_SWITCH_S = 0.000_5
"""How long a thread may compute while another waits to: Python's own 5 ms would pass between the
three (reading, handing on, normalising) several times a record, and were most of its time."""


class _Worker(faust.Worker):
    """Faust's worker, which remembers what stopped it."""

    was_interrupted = False

    def _on_sigint(self) -> None:
        self.was_interrupted = True
        super()._on_sigint()


def run_app(app: faust.App) -> int:
    """Run an app as Faust's own worker does, with the log and the exit that are the hub's.

    SIGTERM and SIGINT stop it; it ends its work before.

    Returns:
        The exit code: 0 after SIGTERM, 130 after Ctrl-C.

    Raises:
        Exception: What crashed it: the stage's own errors among others.
    """
    sys.setswitchinterval(THREADS_SWITCH_S)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Faust's words may repeat anything; the operator log says that it spoke, and how gravely.
    logging.getLogger("faust").setLevel(logging.WARNING)
    logging.getLogger("mode").setLevel(logging.WARNING)
    # A broker that is away makes it speak ten times a second; the stage says so once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    worker = _Worker(
        app,
        loop=loop,
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    worker.spinner = None
    app.finalize()
    app.worker_init()
    starting = asyncio.ensure_future(worker.start(), loop=loop)
    worker._starting_fut = starting  # noqa: SLF001  # what a signal cancels
    try:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(starting)
    finally:
        worker.stop_and_shutdown()
    return INTERRUPTED if worker.was_interrupted else 0
