"""An Apicurio schema registry on this machine, for development and tests."""

from http import HTTPStatus
from pathlib import Path

import aiohttp

from streams.bootstrap.kafka_dev_child import LOCALHOST, Child, Guard
from streams.bootstrap.kafka_dev_parts import Parts
from streams.promises.engine import UnavailableError

READY_S = 90.0
_BASE = "apis/ccompat/v7"


class DevRegistry:
    """A registry with a folder and a port of its own; its ids survive a stop."""

    def __init__(self, folder: Path, parts: Parts, guard: Guard, port: int) -> None:
        """Say where it lies.

        Args:
            folder: Holds its log and data; what is there is taken over.
            parts: The Java and the registry, unpacked.
            guard: Who ends it when this process is killed.
            port: Where it listens.
        """
        self.folder = folder
        self.address = f"http://{LOCALHOST}:{port}/{_BASE}"
        self._parts = parts
        self._guard = guard
        self._port = port
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running server.

        Raises:
            UnavailableError: It was never started.
        """
        if self._child is None:
            raise UnavailableError("the registry was not started")
        return self._child

    async def start(self) -> None:
        """Start the registry, and wait until it answers.

        Raises:
            UnavailableError: It does not come up; the text repeats its last words.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        memory = ["-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"]
        settings = {
            "quarkus.http.host": LOCALHOST,
            "quarkus.http.port": self._port,
            "quarkus.log.level": "WARN",
            "quarkus.banner.enabled": "false",
            # Relative to the folder that it runs in: a path may have what an address may not.
            # Without a delay: an id that was given and forgotten would be given twice.
            "quarkus.datasource.jdbc.url": "jdbc:h2:file:./contracts;WRITE_DELAY=0",
            # A contract whose words of explanation change is the same contract.
            "registry.ccompat.use-canonical-hash": "true",
        }
        set_ = [f"-D{name}={value}" for name, value in settings.items()]
        jar = next(self._parts.registry.glob("*-runner.jar"))
        command: list[str | Path] = [self._parts.java, *memory, *set_, "-jar", jar]
        self._child = Child("registry", command, self.folder, guard=self._guard)
        await self._child.await_ready(lambda: answers(self.address), READY_S)

    def stop(self) -> None:
        """Stop the registry; its data stay."""
        if self._child is not None:
            self._child.stop()


async def answers(url: str) -> bool:
    """Say whether a registry answers."""
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url}/subjects") as answer,
        ):
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
