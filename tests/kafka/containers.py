"""The three parts of a Kafka hub in containers, where a Docker engine answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from streams.bootstrap import kafka_dev_broker, kafka_dev_registry
from streams.bootstrap.kafka_dev_child import free_ports
from tests.kafka.databases import database_answers

READY_S = 90.0
_LOOK_AGAIN_S = 0.2


class Container(NamedTuple):
    """An image, the port that it listens on inside, its environment, and the address it gets."""

    image: str
    inside: int
    environment: dict[str, str]
    address: str


def broker(port: int) -> Container:
    """A broker that clients outside reach on a port of this machine."""
    settings = {
        **kafka_dev_broker.SETTINGS,
        "log.dirs": "/var/lib/kafka/data",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": "1@localhost:9093",
    }
    # The image's own spelling of settings.
    named = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()}
    return Container("apache/kafka:4.1.1", 9092, named, f"127.0.0.1:{port}")


def registry(port: int) -> Container:
    """A registry that forgets everything with its container."""
    return Container(
        "apicurio/apicurio-registry-mem:2.6.13.Final",
        8080,
        {"REGISTRY_CCOMPAT_USE_CANONICAL_HASH": "true"},
        f"http://127.0.0.1:{port}/apis/ccompat/v7",
    )


def database(port: int) -> Container:
    """A database without a password."""
    return Container(
        "postgres:18-alpine",
        5432,
        {"POSTGRES_DB": "saattaen", "POSTGRES_HOST_AUTH_METHOD": "trust"},
        f"postgresql+psycopg://postgres@127.0.0.1:{port}/saattaen",
    )


MADE = {"kafka": broker, "registry": registry, "database": database}
ANSWERS = {
    "kafka": kafka_dev_broker.serves,
    "registry": kafka_dev_registry.answers,
    "database": database_answers,
}


@asynccontextmanager
async def contained(part: str) -> AsyncIterator[str]:
    """Run a part in a container until the block ends; gives its address."""
    from testcontainers.core.container import DockerContainer

    port = free_ports(1)[0]
    made = MADE[part](port)
    container = DockerContainer(made.image).with_bind_ports(made.inside, port)
    for name, value in made.environment.items():
        container.with_env(name, value)
    await asyncio.to_thread(container.start)
    try:
        until = time.monotonic() + READY_S
        while not await ANSWERS[part](made.address):
            assert time.monotonic() < until, f"{made.image} does not answer after {READY_S} s"
            await asyncio.sleep(_LOOK_AGAIN_S)
        yield made.address
    finally:
        await asyncio.to_thread(container.stop)
