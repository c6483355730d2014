"""The hub's topics are made once; what differs afterwards is told, and never changed."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import (
    NewTopic,
)

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.kafka_topics import (
    MadeTopic,
    kafka_admin,
    make_topics,
    needed_topics,
    settings_of,
)
from streams.promises.engine import UnavailableError
from streams.promises.topics import DAY_MS, EVENTS, LEDGER, STATE, Topic
from tests.awaiting import await_that
from tests.cli.command import Ended, run
from tests.kafka.topics import alone_with_topics, delete_topics

NEEDED = needed_topics(load_agreements())


@pytest.fixture(autouse=True, scope="module")
def _alone(run_folder: Path) -> Iterator[None]:
    with alone_with_topics(run_folder):
        yield


@pytest.fixture
def kafka(broker: str) -> str:
    """The run's broker without any topic of the hub."""
    asyncio.run(delete_topics(broker))
    return broker


def create_topics(kafka: str, *words: object) -> Ended:
    return run("kafka", "create-topics", "--kafka", kafka, *words)


def make_by_hand(kafka: str, name: str, settings: dict[str, str], partitions: int = 8) -> None:
    topic = next(topic for topic in NEEDED if topic.name == name)
    new = NewTopic(name, partitions, 1, topic_configs=settings_of(topic, 1) | settings)

    async def make() -> None:
        async with kafka_admin(kafka) as admin:
            await admin.create_topics([new])

    asyncio.run(make())
    await_that(lambda: name in partitions_of(kafka))


def partitions_of(kafka: str) -> dict[str, int]:
    async def counted() -> dict[str, int]:
        async with kafka_admin(kafka) as admin:
            found: Sequence[Any] = await admin.describe_topics()
            return {topic["topic"]: len(topic["partitions"]) for topic in found}

    counts = asyncio.run(counted())
    return {name: count for name, count in counts.items() if name.startswith("saattaen")}


def test_every_topic_of_the_agreement_is_made_with_as_many_partitions(kafka: str) -> None:
    ended = create_topics(kafka, "--partitions", 3, "--json")

    assert ended.code == 0, ended.talk
    names = [topic.name for topic in NEEDED]
    assert ended.document() == {
        "topics": [{"name": name, "partitions": 3, "is_new": True} for name in names],
        "differences": [],
    }
    assert partitions_of(kafka) == dict.fromkeys(names, 3)
    assert {"saattaen.raw.kela", "saattaen.deliver.kela", EVENTS, LEDGER, STATE} <= set(names)


def test_a_second_call_makes_nothing_and_keeps_to_the_number_that_is_there(kafka: str) -> None:
    create_topics(kafka, "--partitions", 3)
    again = create_topics(kafka)

    assert again.code == 0
    assert "saattaen.ledger" in again.data
    assert "made" not in again.data
    assert set(partitions_of(kafka).values()) == {3}


def test_a_topic_that_came_later_gets_the_partitions_of_the_others(kafka: str) -> None:
    make_by_hand(kafka, EVENTS, {}, partitions=5)
    assert create_topics(kafka).code == 0
    assert set(partitions_of(kafka).values()) == {5}


@pytest.mark.parametrize(
    ("name", "settings", "difference"),
    [
        (STATE, {"cleanup.policy": "delete"}, ("cleanup.policy", "delete", "compact")),
        (
            EVENTS,
            {"message.timestamp.type": "CreateTime"},
            ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ),
        (LEDGER, {"retention.ms": "3600000"}, ("retention.ms", "3600000", "-1")),
        (LEDGER, {"retention.bytes": "1000000"}, ("retention.bytes", "1000000", "-1")),
        (
            "saattaen.raw.kela",
            {"max.message.bytes": "1048588"},
            ("max.message.bytes", "1048588", "9437184"),
        ),
    ],
)
def test_a_topic_that_is_not_what_the_hub_needs_is_told_and_nothing_is_made(
    kafka: str, name: str, settings: dict[str, str], difference: tuple[str, str, str]
) -> None:
    make_by_hand(kafka, name, settings)

    ended = create_topics(kafka, "--partitions", 8)

    assert ended.code == 6
    assert [line.split() for line in ended.data.splitlines()] == [
        ["TOPIC", "SETTING", "IS", "MUST", "BE"],
        [name, *difference],
    ]
    assert "nothing was changed" in ended.talk
    assert set(partitions_of(kafka)) == {name}


def test_other_partitions_are_told_and_stay(kafka: str) -> None:
    create_topics(kafka, "--partitions", 3)
    ended = create_topics(kafka, "--partitions", 4, "--json")

    assert ended.code == 6
    assert [
        (found["setting"], found["found"], found["needed"])
        for found in ended.document()["differences"]
    ] == [("partitions", "3", "4")] * len(NEEDED)
    assert set(partitions_of(kafka).values()) == {3}


def test_more_than_is_needed_is_the_operators_right(kafka: str) -> None:
    make_by_hand(kafka, EVENTS, {"retention.ms": str(90 * DAY_MS), "max.message.bytes": "20000000"})
    assert create_topics(kafka).code == 0


async def test_two_at_once_make_each_topic_once(broker: str) -> None:
    await delete_topics(broker)
    both = await asyncio.gather(*[make_topics(broker, NEEDED, partitions=2) for _ in range(2)])
    assert [found.differences for found in both] == [(), ()]
    assert await make_topics(broker, NEEDED) == (
        tuple(MadeTopic(topic.name, 2, is_new=False) for topic in NEEDED),
        (),
    )


async def test_more_copies_than_brokers_are_refused_with_the_brokers_words(broker: str) -> None:
    await delete_topics(broker)
    with pytest.raises(UnavailableError, match=r"will not make the topic saattaen\..*replication"):
        await make_topics(broker, NEEDED, copies=3)


def test_no_broker_is_one_clear_line() -> None:
    ended = create_topics("127.0.0.1:1")
    assert ended.code == 7
    assert ended.talk.startswith("saattaen: no broker at 127.0.0.1:1 does what it is asked")
    assert len(ended.talk.splitlines()) == 1


def test_no_address_is_a_question_for_one() -> None:
    ended = run("kafka", "create-topics", SAATTAEN_KAFKA="")
    assert ended.code == 2
    assert "--kafka (or SAATTAEN_KAFKA)" in ended.talk


def test_versions_of_an_agreement_keep_each_topic_the_longest() -> None:
    agreements = load_agreements()
    version = agreements.versions[0]
    longer = version._replace(park_for_us=60 * DAY_MS * 1000)
    both = type(agreements)((longer, version))
    kept = {topic.name: topic.kept_ms for topic in needed_topics(both)}
    assert kept[EVENTS] == 60 * DAY_MS
    assert kept[LEDGER] is None


def test_one_of_three_copies_may_be_away() -> None:
    topic = Topic(EVENTS, compacted=False, kept_ms=1)
    copies_in_step = [settings_of(topic, copies)["min.insync.replicas"] for copies in (1, 2, 3)]
    assert copies_in_step == ["1", "1", "2"]
