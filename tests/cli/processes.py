"""Commands as processes of their own: started, watched, stopped, and killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from tests.awaiting import await_that
from tests.measuring import unmeasured_environment

_START = "from streams.cli import main; main()"
# Modules are loaded once, in a server that forks: a killed command costs milliseconds to start.
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    ["tests.cli.processes", "streams.cli.ingest", "streams.cli.run", "streams.bootstrap.running"]
)
_NO_SIGNAL = 30.0


class Process(NamedTuple):
    """A command that runs; its talk goes to a file."""

    process: subprocess.Popen[bytes]
    talk: Path

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and give its exit code."""
        self.process.send_signal(by)
        return self.process.wait(timeout=_NO_SIGNAL)

    def said(self) -> str:
        """Give what it has said so far."""
        return self.talk.read_text()


@contextmanager
def started(folder: Path, *words: object, measured: bool = False) -> Iterator[Process]:
    """Start a command in a Python of its own; what still runs at the end is killed.

    Its coverage is taken where it is `measured`: that makes its start twice as slow.
    """
    talk = folder / f"talk-{len(list(folder.glob('talk-*')))}"
    with talk.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ} if measured else unmeasured_environment(),
        )
    try:
        yield Process(process, talk)
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_hub(folder: Path, *words: object, measured: bool = False) -> Iterator[Process]:
    """Run a hub, and give it when it is up; `measured` as in `started`."""
    with started(folder, "run", *words, measured=measured) as hub:
        await_that(lambda: "running on" in hub.said() or hub.process.poll() is not None)
        assert hub.process.poll() is None, hub.said()
        yield hub


def forked(talk: Path, *words: object) -> ForkServerProcess:
    """Start a command in a forked process, quickly; its output goes to a file."""
    process = _FORKED.Process(target=_command, args=(talk, [str(word) for word in words]))
    # A killed process leaves broken coverage data behind: the server must not take any.
    with mock.patch.dict(os.environ, unmeasured_environment(), clear=True):
        process.start()
    return process


def _command(talk: Path, words: list[str]) -> None:
    from streams.cli.command_line import saattaen

    descriptor = os.open(talk, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    code: int = saattaen.main(words, standalone_mode=False)
    sys.stdout.flush()
    os._exit(code)
