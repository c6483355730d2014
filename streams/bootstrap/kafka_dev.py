"""Everything that a Kafka hub needs, on this machine: a broker, a registry and a database.

No Docker, no root. Data stay in one folder, so that the next start comes up with them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import BinaryIO, NamedTuple

from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.kafka_dev_child import Child, Guard, demand_free, free_ports
from streams.bootstrap.kafka_dev_database import Database
from streams.bootstrap.kafka_dev_parts import parts
from streams.bootstrap.kafka_dev_registry import DevRegistry
from streams.promises.engine import UnavailableError

PORTS = ("the broker", "the schema registry", "the database", "the broker's controller")
"""What the ports from the given one on are for, in this order."""
_OPEN_FOLDER = 0o755


class Addresses(NamedTuple):
    """Where a hub finds what it needs: each value is what the option of the same name takes."""

    kafka: str
    registry: str
    database: str


class DevStack:
    """The running three."""

    def __init__(self, broker: Broker, registry: DevRegistry, database: Database) -> None:
        """Keep them."""
        self.broker, self.registry, self.database = broker, registry, database

    @property
    def addresses(self) -> Addresses:
        """Where they are."""
        return Addresses(self.broker.address, self.registry.address, self.database.address)

    @property
    def children(self) -> tuple[Child, Child, Child]:
        """The three servers' processes."""
        return self.broker.child, self.registry.child, self.database.child

    async def until_one_ends(self) -> None:
        """Wait for as long as all three run.

        Raises:
            UnavailableError: One has ended; the text repeats its last words.
        """
        waits = [asyncio.ensure_future(asyncio.to_thread(child.wait)) for child in self.children]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        raise next(child.ended() for child in self.children if not child.is_running())


@asynccontextmanager
async def dev_stack(
    data: Path, port: int | None, say: Callable[[str], None]
) -> AsyncIterator[DevStack]:
    """Start the three, and stop them at the end of the block, whatever ends it.

    Args:
        data: Holds what they keep; made where it is not there.
        port: The first of four ports in a row (`PORTS`); any that are free where None.
        say: Told before something takes long.

    Raises:
        UnavailableError: A port is taken, another start holds the folder, or a server does not
            come up. The text names the mend.
    """
    ports = _ports(port)
    found = await asyncio.to_thread(parts, say)
    async with AsyncExitStack() as opened:
        data = opened.enter_context(_alone_on(data))
        guard = opened.enter_context(Guard())
        broker = Broker(data / "kafka", found, guard, (ports[0], ports[3]))
        registry = DevRegistry(data / "registry", found, guard, ports[1])
        database = Database(data / "database", guard, ports[2])
        for each in (broker, registry, database):
            opened.callback(each.stop)
        await all_started(broker, registry, database)
        yield DevStack(broker, registry, database)


async def all_started(*servers: Broker | DevRegistry | Database) -> None:
    """Start servers side by side.

    Raises:
        UnavailableError: One does not come up; the others are stopped by whoever made them.
    """
    starts = [asyncio.ensure_future(server.start()) for server in servers]
    try:
        await asyncio.gather(*starts)
    finally:
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)


def _ports(first: int | None) -> list[int]:
    if first is None:
        return free_ports(len(PORTS))
    for number, whose in enumerate(PORTS):
        mend = f"stop whoever has it, or name {len(PORTS)} free ports in a row by --port"
        demand_free(first + number, whose, mend)
    return [first + number for number in range(len(PORTS))]


@contextmanager
def _alone_on(data: Path) -> Iterator[Path]:
    with _lock_file(data) as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(
                f"another `saattaen kafka dev` runs on {data}: stop it, or name another folder "
                "with --data"
            ) from None
        yield data.absolute()


def _lock_file(data: Path) -> BinaryIO:
    try:
        if not data.exists():
            data.mkdir(parents=True)
            # Its own folder may be entered by all, whatever the umask: the database may have to
            # run as another user. What lies in it has modes of its own.
            data.chmod(_OPEN_FOLDER)
        return (data / "lock").open("wb")
    except OSError as failure:
        raise UnavailableError(
            f"{failure.filename or data} cannot be used ({failure.strerror}): give its user the "
            "right to write there, or name another folder with --data"
        ) from failure
