"""The hub's topics on a test's broker: their names are fixed, so modules take turns."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.kafka_topics import kafka_admin, make_topics, needed_topics
from streams.promises.topics import Topic

OURS = "saattaen"
"""What the names of all the hub's topics begin with, and those that Faust makes for it."""
_LOOK_AGAIN_S = 0.05


@contextmanager
def alone_with_topics(run_folder: Path) -> Iterator[None]:
    """Let no other process of the run use the hub's topics during a block."""
    with (run_folder / "topics.lock").open("wb") as file:
        flock(file, LOCK_EX)
        yield


async def remake_topics(kafka: str, topics: Sequence[Topic], partitions: int) -> None:
    """Delete all topics of the hub, and make these, empty."""
    await delete_topics(kafka)
    made = await make_topics(kafka, topics, partitions=partitions)
    assert not made.differences


async def remake_hub_topics(kafka: str, partitions: int) -> None:
    """Make the demonstration region's topics anew, all of them empty."""
    await remake_topics(kafka, needed_topics(load_agreements()), partitions)


async def delete_topics(kafka: str) -> None:
    """Delete all topics of the hub, and wait until they are gone."""
    async with kafka_admin(kafka) as admin:
        while left := [name for name in await admin.list_topics() if name.startswith(OURS)]:
            await admin.delete_topics(left)
            await asyncio.sleep(_LOOK_AGAIN_S)
