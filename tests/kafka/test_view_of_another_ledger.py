"""Views that were read from another ledger are thrown away: whoever asks must not be told of it."""

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from streams.engines.kafka import ledger_follower
from streams.promises.topics import Topic
from tests.awaiting import come_about
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.ledger_writer import Written, ledger_writer, persons, referred
from tests.kafka.topics import remake_topics
from tests.kafka.view_scene import Scene

BEFORE, AFTER = persons(8), persons(6, first=100)


@pytest.mark.parametrize("count", [1, 6])
async def test_a_ledger_that_was_made_anew_is_read_anew(
    broker: str,
    registry_url: str,
    database_url: str,
    clean_topics: Sequence[Topic],
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    monkeypatch.setattr(ledger_follower, "MISSING_S", 1.0)
    scene = Scene(broker, registry_url, database_url)
    async with ledger_writer(broker, registry_url) as writer:
        await writer.write_engine(referred(BEFORE))
        async with scene.worker():
            await scene.viewed(BEFORE, 2 * len(BEFORE))
    await remake_topics(broker, clean_topics, PARTITIONS)
    async with ledger_writer(broker, registry_url) as writer:
        await writer.write_engine(referred(AFTER[:count]))

        with capture_logs() as logs:
            async with scene.worker():
                await come_about(lambda: not scene.entries(BEFORE))
                await scene.viewed(AFTER, 2 * count)

    assert any(line["event"] == "ledger_is_another" for line in logs)
    assert scene.entries(BEFORE) == []
    assert {handoff.person for handoff in scene.desk.handoffs()} == set(AFTER[:count])
    scene.close()


async def test_a_record_that_was_set_aside_is_no_sign_of_another_ledger(
    broker: str, registry_url: str, database_url: str, clean_topics: Sequence[Topic]
) -> None:
    await remake_topics(broker, clean_topics, PARTITIONS)
    scene = Scene(broker, registry_url, database_url)
    async with ledger_writer(broker, registry_url) as writer:
        await writer.write_engine(referred(BEFORE))
        for partition in range(PARTITIONS):
            await writer.write([Written(b"p-x", b"no frame")], partition=partition)
        async with scene.worker():
            await scene.viewed(BEFORE, 2 * len(BEFORE))
            await scene.caught_up()
        with capture_logs() as logs:
            async with scene.worker():
                await writer.write_engine(referred(AFTER))
                await scene.viewed(AFTER, 2 * len(AFTER))

    assert [line["event"] for line in logs if line["log_level"] == "error"] == []
    assert len(scene.entries(BEFORE)) == 2 * len(BEFORE)
    scene.close()
