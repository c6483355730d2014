"""The topics of a Kafka hub, made once and compared ever after.

What is there is never changed: the number of partitions decides in which lane a person is, and the
rest is the operator's to mend.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.domain.agreement import Agreements
from streams.promises.engine import UnavailableError
from streams.promises.topics import EVENTS, PARTITIONS, RECORD_BYTES_MAX, Topic, topics_of

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

REPLICATION_MAX = 3
"""Copies of each record, where there are so many brokers and the operator says nothing else."""

_WITHIN_S = 60.0
_LOOK_AGAIN_S = 0.1
_ANSWER_MS = 20_000
_THERE_ALREADY = 36
_PARTITIONS, _FOR_EVER = "partitions", -1


class MadeTopic(NamedTuple):
    """A topic that the hub needs, and whether it had to be made."""

    name: str
    partitions: int
    is_new: bool


class Difference(NamedTuple):
    """Where a topic that is there is not what the hub needs."""

    topic: str
    setting: str
    found: str
    needed: str


class Topics(NamedTuple):
    """The hub's topics; where there are differences, none was made."""

    topics: tuple[MadeTopic, ...]
    differences: tuple[Difference, ...]


class _Found(NamedTuple):
    partitions: int
    settings: dict[str, str]


def needed_topics(agreements: Agreements) -> list[Topic]:
    """List the topics that all versions of an agreement need, by name, each kept the longest."""
    needed: dict[str, Topic] = {}
    for topic in [each for version in agreements.versions for each in topics_of(version)]:
        other = needed.get(topic.name)
        if other is None or _kept(topic) > _kept(other):
            needed[topic.name] = topic
    return [needed[name] for name in sorted(needed)]


def settings_of(topic: Topic, copies: int) -> dict[str, str]:
    """Give the settings that a topic is made with, where there are so many copies of a record."""
    settings = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(_FOR_EVER if topic.kept_ms is None else topic.kept_ms),
        "retention.bytes": str(_FOR_EVER),
        # A record stamped by somebody's wrong clock would be kept for ever, or not at all.
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(RECORD_BYTES_MAX),
        # As stages compress them: the broker need not do it again.
        "compression.type": "producer",
        # An acknowledged record is on two brokers, and one of three may still be away.
        "min.insync.replicas": str(max(1, copies - 1)),
    }
    if topic.compacted:
        # A restore reads what compaction has not come to yet.
        settings |= {"min.cleanable.dirty.ratio": "0.2", "segment.bytes": str(128 * 1024 * 1024)}
    return settings


async def make_topics(
    kafka: str,
    topics: Sequence[Topic],
    *,
    partitions: int | None = None,
    copies: int | None = None,
) -> Topics:
    """Make the topics that are missing, all with the same number of partitions.

    Args:
        kafka: The brokers, host:port with commas.
        topics: What the hub needs.
        partitions: How many; where None, as many as the hub's topics have already, or `PARTITIONS`.
        copies: Of each record; where None, as many as there are brokers, at most three.

    Raises:
        UnavailableError: No broker answers in time, or it will not make a topic.
    """
    async with kafka_admin(kafka) as admin:
        there = await _there(admin, topics)
        if partitions is None:
            partitions = there[EVENTS].partitions if EVENTS in there else PARTITIONS
        if copies is None:
            copies = min(REPLICATION_MAX, len((await admin.describe_cluster())["brokers"]))
        made = [MadeTopic(topic.name, partitions, topic.name not in there) for topic in topics]
        differences = tuple(_differences(topics, there, partitions))
        missing = [topic for topic in topics if topic.name not in there]
        if missing and not differences:
            await _make(admin, missing, partitions, copies)
            # Whoever made one at the same moment may have wanted another.
            there = await _all_there(admin, topics)
            differences = tuple(_differences(topics, there, partitions))
        return Topics(tuple(made), differences)


@asynccontextmanager
async def kafka_admin(kafka: str) -> AsyncIterator["AIOKafkaAdminClient"]:
    """Open a client for administration, for a block that ends within a minute.

    A broker that knows no broker at the moment, not even itself, is waited for.

    Raises:
        UnavailableError: No broker answers, or the block takes longer.
    """
    from streams.engines.kafka.administration import administration
    from streams.engines.kafka.client_failures import CLIENT_FAILURES

    try:
        async with asyncio.timeout(_WITHIN_S), administration(kafka) as admin:
            yield admin
    except CLIENT_FAILURES as failure:
        raise UnavailableError(
            f"no broker at {kafka} does what it is asked ({type(failure).__name__}): look whether "
            "it runs, and at its address"
        ) from failure


async def _all_there(admin: "AIOKafkaAdminClient", topics: Sequence[Topic]) -> dict[str, _Found]:
    while True:
        there = await _there(admin, topics)
        if len(there) == len(topics):
            return there
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _there(admin: "AIOKafkaAdminClient", topics: Sequence[Topic]) -> dict[str, _Found]:
    from aiokafka.admin.config_resource import (
        ConfigResource,
        ConfigResourceType,
    )

    names = {topic.name for topic in topics}
    partitions = {
        found["topic"]: len(found["partitions"])
        for found in await admin.describe_topics()
        if found["topic"] in names and not found["error_code"]
    }
    if not partitions:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(partitions)]
    settings = {
        name: {entry[0]: str(entry[1]) for entry in entries}
        for answer in await admin.describe_configs(asked)
        for code, _why, _kind, name, entries in answer.resources
        if not code
    }
    return {name: _Found(partitions[name], settings[name]) for name in settings}


async def _make(
    admin: "AIOKafkaAdminClient", topics: Sequence[Topic], partitions: int, copies: int
) -> None:
    from aiokafka.admin import NewTopic
    from aiokafka.errors import for_code

    asked = [
        NewTopic(topic.name, partitions, copies, topic_configs=settings_of(topic, copies))
        for topic in topics
    ]
    answer: Any = await admin.create_topics(asked, timeout_ms=_ANSWER_MS)
    for name, code, *why in answer.topic_errors:
        if code not in (0, _THERE_ALREADY):
            said = str(why[0]) if why and why[0] else for_code(code).__name__
            raise UnavailableError(f"the broker will not make the topic {name}: {said}")


def _differences(
    topics: Sequence[Topic], there: dict[str, _Found], partitions: int
) -> Iterator[Difference]:
    for topic in topics:
        if topic.name not in there:
            continue
        found = there[topic.name]
        if found.partitions != partitions:
            yield Difference(topic.name, _PARTITIONS, str(found.partitions), str(partitions))
        needed = settings_of(topic, copies=1)
        for setting in ("cleanup.policy", "message.timestamp.type"):
            if found.settings[setting] != needed[setting]:
                yield Difference(topic.name, setting, found.settings[setting], needed[setting])
        for setting in ("max.message.bytes", "retention.bytes", "retention.ms"):
            if _reach(found.settings[setting]) < _reach(needed[setting]):
                yield Difference(topic.name, setting, found.settings[setting], needed[setting])


def _kept(topic: Topic) -> float:
    return float("inf") if topic.kept_ms is None else topic.kept_ms


def _reach(value: str) -> float:
    """Read a limit; none at all reaches further than any. More than is needed does no harm."""
    number = int(value)
    return float("inf") if number == _FOR_EVER else number
