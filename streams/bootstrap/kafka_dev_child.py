"""A server that runs as a child of this process: started, awaited, stopped, and never left behind.

Each runs in a session of its own, so that Ctrl-C reaches the parent alone, which then stops them in
order. A parent that is killed cannot: a guard process does it for it.
"""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import IO, NamedTuple, Self, cast

from streams.bootstrap import kafka_dev_guard
from streams.promises.engine import UnavailableError

LOCALHOST = "127.0.0.1"
_PORTS = (20_000, 32_768)
_LOOK_AGAIN_S = 0.05
_STOP_S = 20.0
_TAIL_BYTES = 64 * 1024


class Account(NamedTuple):
    """The user that a server runs as, where it is not the parent's."""

    user: int
    group: int


class Guard:
    """Ends watched servers when this process is gone, however it went."""

    def __init__(self) -> None:
        """Start the guard's process."""
        place = kafka_dev_guard.__file__
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-I", "-S", place],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._lines = cast("IO[bytes]", self._process.stdin)

    def watch(self, pid: int, by: signal.Signals) -> None:
        """End a process by a signal when this one is gone."""
        self._tell(f"watch {pid} {by.value}")

    def forget(self, pid: int) -> None:
        """Leave a process alone: it has ended."""
        self._tell(f"forget {pid}")

    def close(self) -> None:
        """Let the guard end what is still watched, and go."""
        with contextlib.suppress(OSError):
            self._lines.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        # A guard that somebody killed guards nothing; that is no reason to stop what it guarded.
        with contextlib.suppress(OSError):
            self._lines.write(f"{line}\n".encode())
            self._lines.flush()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


class Child:
    """One server: its command, where it runs, and where it writes what it has to say."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        guard: Guard,
        stop_by: signal.Signals = signal.SIGTERM,
        account: Account | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the server.

        Args:
            name: What people call it.
            command: The program and its arguments.
            folder: Where it runs; what it says goes to NAME.log there.
            guard: Who ends it when this process is killed.
            stop_by: The signal that it stops by.
            account: The user that it runs as; this process's where None.
            environment: Its environment; this process's where None.

        Raises:
            UnavailableError: The program cannot be run.
        """
        self.name = name
        self.log = folder / f"{name}.log"
        self._guard = guard
        self._stop_by = stop_by
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  # our own command line
                    list(command),
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    user=account.user if account else None,
                    group=account.group if account else None,
                    extra_groups=[] if account else None,
                )
        except OSError as failure:
            why = f"{name} cannot be started ({failure.strerror or type(failure).__name__})"
            raise UnavailableError(f"{why}: look at {failure.filename or folder}") from failure
        guard.watch(self.pid, stop_by)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Say whether the server still runs."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until the server has ended."""
        self._process.wait()

    def send(self, by: signal.Signals) -> None:
        """Send the server a signal; nothing, where it has ended."""
        self._process.send_signal(by)

    async def await_ready(self, is_ready: Callable[[], Awaitable[bool]], within_s: float) -> None:
        """Wait until the server answers.

        Args:
            is_ready: Asks it; must not raise.
            within_s: The longest wait, in seconds.

        Raises:
            UnavailableError: It ended, or did not answer in time. The text repeats its last words.
        """
        until = time.monotonic() + within_s
        while not await is_ready():
            if not self.is_running():
                raise self.ended()
            if time.monotonic() > until:
                raise UnavailableError(
                    f"{self.name} does not answer after {within_s:.0f} s{self._last_words()}"
                )
            await asyncio.sleep(_LOOK_AGAIN_S)

    def ended(self) -> UnavailableError:
        """Make the error of a server that has ended by itself."""
        return UnavailableError(f"{self.name} has ended{self._last_words()}")

    def stop(self) -> None:
        """Stop the server, by force where it does not go by itself."""
        if self.is_running():
            self._process.send_signal(self._stop_by)
            # One that is paused hears nothing but this.
            self._process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self.kill()

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self._process.kill()
        self._process.wait()
        self._guard.forget(self.pid)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            said = self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
            if said:
                return f": {said.splitlines()[-1].strip()} (see {self.log})"
        return f": see {self.log}"


def free_ports(count: int) -> list[int]:
    """Find ports of this machine that nobody uses now.

    They lie below those that a system gives to whoever connects: a server that starts again would
    find one of these taken, if only by a client that tried to reach it.
    """
    anywhere = SystemRandom()
    with contextlib.ExitStack() as opened:
        found: list[int] = []
        while len(found) < count:
            tried = opened.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                tried.bind((LOCALHOST, anywhere.randrange(*_PORTS)))
                found.append(tried.getsockname()[1])
        return found


def demand_free(port: int, whose: str, mend: str) -> None:
    """Pass where nobody uses a port.

    Raises:
        UnavailableError: Somebody does; the text names the mend.
    """
    with socket.socket() as tried:
        # As servers do: a port that a stopped one used a moment ago is free.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOCALHOST, port))
        except OSError as taken:
            why = f"port {port}, for {whose}, cannot be used ({taken.strerror})"
            raise UnavailableError(f"{why}: {mend}") from None


def accepts(port: int, host: str = LOCALHOST) -> bool:
    """Say whether somebody listens on a port."""
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((host, port)) == 0
