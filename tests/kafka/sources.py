"""Where a part of a Kafka hub comes from: named by the environment, a container, or a local server.

Never from a variable that names somebody's hub: tests delete what they find.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streams.bootstrap.kafka_dev_child import Guard, free_ports

# Every process of a run asks where its parts are; only the one that starts them needs the rest.
if TYPE_CHECKING:
    from streams.bootstrap.kafka_dev_broker import Broker
    from streams.bootstrap.kafka_dev_database import Database
    from streams.bootstrap.kafka_dev_registry import DevRegistry

KAFKA, REGISTRY, DATABASE = "kafka", "registry", "database"
NAMED = {
    KAFKA: "SAATTAEN_TEST_KAFKA",
    REGISTRY: "SAATTAEN_TEST_REGISTRY",
    DATABASE: "SAATTAEN_TEST_DATABASE",
}
ENVIRONMENT, DOCKER, LOCAL = "the environment's", "in Docker", "local"
_PING_S = 5.0


def source_of(part: str) -> str:
    """Say where a part comes from on this machine."""
    if os.environ.get(NAMED[part]):
        return ENVIRONMENT
    return DOCKER if docker_answers() else LOCAL


def docker_answers() -> bool:
    """Say whether a Docker engine answers, where DOCKER_HOST or its usual socket is."""
    place = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    is_local = place.scheme == "unix"
    try:
        with socket.socket(socket.AF_UNIX if is_local else socket.AF_INET) as asked:
            asked.settimeout(_PING_S)
            asked.connect(place.path if is_local else (place.hostname, place.port or 2375))
            asked.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in asked.recv(64)
    except OSError:
        return False


@asynccontextmanager
async def started(part: str, source: str) -> AsyncIterator[str]:
    """Start a part, and stop it at the end of the block; gives its address."""
    if source == DOCKER:
        from tests.kafka.containers import contained

        async with contained(part) as address:
            yield address
        return
    made: dict[str, Callable[[Path, Guard], Broker | DevRegistry | Database]] = {
        KAFKA: local_broker,
        REGISTRY: local_registry,
        DATABASE: local_database,
    }
    with open_folder() as folder, Guard() as guard:
        server = made[part](folder, guard)
        try:
            await server.start()
            yield server.address
        finally:
            server.stop()


def local_broker(folder: Path, guard: Guard) -> "Broker":
    """Make a broker on this machine, not started yet."""
    from streams.bootstrap.kafka_dev_broker import Broker
    from streams.bootstrap.kafka_dev_parts import parts

    client, controller = free_ports(2)
    return Broker(folder / KAFKA, parts(print), guard, (client, controller))


def local_registry(folder: Path, guard: Guard) -> "DevRegistry":
    """Make a registry on this machine, not started yet."""
    from streams.bootstrap.kafka_dev_parts import parts
    from streams.bootstrap.kafka_dev_registry import DevRegistry

    return DevRegistry(folder / REGISTRY, parts(print), guard, free_ports(1)[0])


def local_database(folder: Path, guard: Guard) -> "Database":
    """Make a database server on this machine, not started yet."""
    from streams.bootstrap.kafka_dev_database import Database

    return Database(folder / DATABASE, guard, free_ports(1)[0], is_durable=False)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that every user may enter: a database will not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="saattaen-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
