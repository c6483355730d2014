"""Stages as processes that a test starts, kills, stops and starts again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from streams.domain.event import AgencyEvent
from streams.sealing.hub_secrets import open_secrets

SAATTAEN = str(Path(sys.executable).with_name("saattaen"))
READY = "Ctrl-C stops"
"""What every stage says when it works."""


class Place(NamedTuple):
    """Where the hub of a fault run lies; `folder` holds logs and state folders."""

    kafka: str
    registry: str
    folder: Path
    session_ms: int = 2_000
    database: str = ""
    keys: Path | None = None

    def environment(self) -> dict[str, str]:
        """Give what names this hub to every stage."""
        named = {"SAATTAEN_KAFKA": self.kafka, "SAATTAEN_REGISTRY": self.registry}
        if self.database:
            named |= {"SAATTAEN_DATABASE": self.database, "SAATTAEN_KEYS_FILE": str(self.keys)}
        return named | {"PYTHONPATH": str(Path(__file__).parents[3])}


def with_keys(place: Place, database: str) -> tuple[Place, bytes]:
    """Give a place with person keys in a database, and the secret that makes its pseudonyms."""
    keys = place.folder / "hub.key"
    secrets, _ = open_secrets(keys, may_make=True)
    return place._replace(database=database, keys=keys), secrets.pseudonym


class Worker:
    """One process of a stage, under a state folder of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        """Prepare; `start` starts it."""
        self._command = command
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._said_before = 0

    def start(self) -> None:
        """Start the process."""
        self._said_before = len(self.said())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._log.parent,
                start_new_session=True,
            )

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running process."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Stop it with SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self, within_s: float = 30.0) -> int:
        """Ask it to end, and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def await_paused(self, within_s: float = 30.0) -> None:
        """Wait until it has stopped itself."""
        until_s = time.monotonic() + within_s
        status = Path(f"/proc/{self.process.pid}/stat")
        while status.read_text().rpartition(")")[2].split()[0] != "T":
            assert self.process.poll() is None, self._log.read_text()[-2_000:]
            assert time.monotonic() < until_s, "it did not stop itself"
            time.sleep(0.02)

    def await_ready(self, within_s: float = 60.0) -> None:
        """Wait until it says that it works: only then it can end in order."""
        self.await_said(READY, within_s)

    def await_said(self, word: str, within_s: float) -> None:
        """Wait until it has said a word since its last start."""
        until_s = time.monotonic() + within_s
        while word not in self.said()[self._said_before :]:
            assert self.process.poll() is None, self.said()[-2_000:]
            assert time.monotonic() < until_s, self.said()[-2_000:]
            time.sleep(0.05)

    def say_where(self) -> str:
        """Let a router say where its tasks stand; give its log."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(1)  # it is stuck: there is nothing to wait for
        return self.said()

    def said(self) -> str:
        """Give its log."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def router(
    place: Place, name: str, *, stops_in: int | None = None, ends_at: AgencyEvent | None = None
) -> Worker:
    """Prepare a router.

    `stops_in` lets it stop itself inside its transaction of this number, `ends_at` lets it die
    whenever it decides this event.
    """
    module = "tests.kafka.faults.router_process"
    command = [sys.executable, "-m", module, str(place.folder / name), str(place.session_ms)]
    if stops_in is not None:
        command.append(f"stop:{stops_in}")
    if ends_at is not None:
        command.append(f"abort:{ends_at.envelope.event_id}")
    return Worker(command, place.environment(), place.folder / f"{name}.log")


def normaliser(place: Place, name: str) -> Worker:
    """Prepare a normaliser."""
    state = str(place.folder / name)
    command = [SAATTAEN, "worker", "normalise", "--state", state]
    return Worker(command, place.environment(), place.folder / f"{name}.log")
