"""A supervisor: runs one worker as a child, and starts it anew where its progress stops.

The child is asked over HTTP. One that says that it stalled, and one that does not answer at all,
are the same: it is ended, at last with SIGKILL, and begins anew. What it had in hand is safe: no
stage acknowledges what it has not written.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
import structlog

LOOK_S = 2.0
LOOKS_BAD_MAX = 3
"""So many bad answers in a row end the child."""
START_S = 60.0
"""A child that starts may be silent for so long."""
END_S = 30.0
PAUSE_S, PAUSE_S_MAX = 0.5, 30.0
_ANSWER_S = 5.0
PORT_VARIABLE = "SAATTAEN_HEALTH_PORT"

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Supervisor:
    """Keeps one worker going until it is told to stop."""

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        *,
        start_s: float = START_S,
        look_s: float = LOOK_S,
    ) -> None:
        """Prepare to run a worker's command."""
        self._command, self._environment = command, environment
        self._start_s, self._look_s = start_s, look_s

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop; the child then drains and ends."""
        pause_s = PAUSE_S
        while not stop.is_set():
            # The port that probes from outside know, where there is one: only one child lives.
            port = int(self._environment.get(PORT_VARIABLE) or _free_port())
            began_s = asyncio.get_running_loop().time()
            child = await asyncio.create_subprocess_exec(
                *self._command, env={**self._environment, PORT_VARIABLE: str(port)}
            )
            _log.info("worker_started", kind=self._command[-1] if self._command else "worker")
            await self._watch(child, port, stop)
            await _end(child)
            if stop.is_set():
                return
            lived_s = asyncio.get_running_loop().time() - began_s
            pause_s = PAUSE_S if lived_s > PAUSE_S_MAX else min(PAUSE_S_MAX, pause_s * 2)
            _log.warning("worker_begins_anew", delay_us=int(pause_s * 1_000_000))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def _watch(
        self, child: asyncio.subprocess.Process, port: int, stop: asyncio.Event
    ) -> None:
        """Return when the child has ended, is to be ended, or everybody stops."""
        ended = asyncio.create_task(child.wait())
        stopped = asyncio.create_task(stop.wait())
        loop = asyncio.get_running_loop()
        silent_until_s = loop.time() + self._start_s
        bad = 0
        try:
            while bad < LOOKS_BAD_MAX:
                done, _ = await asyncio.wait(
                    {ended, stopped}, timeout=self._look_s, return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    return
                is_well = await _is_live(port)
                if is_well:
                    silent_until_s = loop.time()
                bad = 0 if is_well or loop.time() < silent_until_s else bad + 1
            _log.error("worker_stalled", cause="no-progress-or-no-answer")
        finally:
            for task in (ended, stopped):
                task.cancel()


async def _is_live(port: int) -> bool:
    timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://127.0.0.1:{port}/livez") as answer,
        ):
            return answer.status == 200  # noqa: PLR2004  # HTTP's own word for it
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGCONT)
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), END_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def worker_command(stage: str, arguments: Sequence[str]) -> list[str]:
    """Give the command line of a stage's worker, run by this very Python."""
    return [
        sys.executable,
        "-c",
        "from streams.cli import main; main()",
        "worker",
        stage,
        *arguments,
    ]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
