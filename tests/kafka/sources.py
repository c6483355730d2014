"""Where a part of a Kafka hub comes from: named by the environment, a container, or a local server.

Never from a variable that names somebody's hub: tests delete what they find.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.kafka_dev_child import Guard, free_ports
from streams.bootstrap.kafka_dev_database import Database
from streams.bootstrap.kafka_dev_parts import parts
from streams.bootstrap.kafka_dev_registry import DevRegistry
from tests.kafka.containers import contained, docker_answers

KAFKA, REGISTRY, DATABASE = "kafka", "registry", "database"
NAMED = {
    KAFKA: "SAATTAEN_TEST_KAFKA",
    REGISTRY: "SAATTAEN_TEST_REGISTRY",
    DATABASE: "SAATTAEN_TEST_DATABASE",
}
ENVIRONMENT, DOCKER, LOCAL = "the environment's", "in Docker", "local"


def source_of(part: str) -> str:
    """Say where a part comes from on this machine."""
    if os.environ.get(NAMED[part]):
        return ENVIRONMENT
    return DOCKER if docker_answers() else LOCAL


@asynccontextmanager
async def started(part: str, source: str) -> AsyncIterator[str]:
    """Start a part, and stop it at the end of the block; gives its address."""
    if source == DOCKER:
        async with contained(part) as address:
            yield address
        return
    with open_folder() as folder, Guard() as guard:
        server = local(part, folder, guard)
        try:
            await server.start()
            yield server.address if isinstance(server, Broker) else server.url
        finally:
            server.stop()


def local(part: str, folder: Path, guard: Guard) -> Broker | DevRegistry | Database:
    """Make a server on this machine, not started yet."""
    if part == DATABASE:
        return Database(folder / part, guard, free_ports(1)[0], is_durable=False)
    return (local_registry if part == REGISTRY else local_broker)(folder, guard)


def local_broker(folder: Path, guard: Guard) -> Broker:
    """Make a broker on this machine, not started yet."""
    client, controller = free_ports(2)
    return Broker(folder / KAFKA, parts(print), guard, (client, controller))


def local_registry(folder: Path, guard: Guard) -> DevRegistry:
    """Make a registry on this machine, not started yet."""
    return DevRegistry(folder / REGISTRY, parts(print), guard, free_ports(1)[0])


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that every user may enter: a database will not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="saattaen-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
