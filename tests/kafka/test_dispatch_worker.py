"""Dispatch workers on a real broker: each notice is told once the ledger lets it leave."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from streams.dispatch import tables
from streams.domain.ids import NoticeId
from streams.views.database import opened_server
from tests.kafka.dispatch_scene import Scene, started_scene, violations


@pytest_asyncio.fixture
async def scene(dispatch_hub: Scene, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with started_scene(dispatch_hub, monkeypatch) as started:
        yield started


async def test_what_the_ledger_issues_is_told_after_its_start_and_reported_once(
    scene: Scene,
) -> None:
    said = scene.said(12, 2)

    before = len(scene.agency.taken())

    async with scene.router(), scene.worker():
        await scene.say(said)
        await scene.settled(said)

    assert violations(scene.agency, await scene.ledger()) == []
    taken = scene.agency.taken()[before:]
    assert len(taken) >= 12
    assert taken == [*dict.fromkeys(taken)]


@pytest.mark.faults
async def test_workers_that_come_and_go_tell_everything_in_order(scene: Scene) -> None:
    said = scene.said(40, 4)
    scene.agency.statuses = [503] * 10

    async with scene.router(), scene.worker():
        saying = asyncio.create_task(scene.say(said, per_s=40))
        async with scene.worker():
            await scene.settled(said[:10])
            async with scene.worker():
                await scene.settled(said[:20])
        async with scene.worker():
            await saying
            await scene.settled(said)

    assert violations(scene.agency, await scene.ledger()) == []


async def test_a_worker_that_comes_later_finds_what_was_done(scene: Scene) -> None:
    said = scene.said(10, 2)
    async with scene.router(), scene.worker():
        await scene.say(said)
        await scene.settled(said)
    told = len(scene.agency.told)
    more = scene.said(5, 2)

    async with scene.router(), scene.worker():
        await scene.say(more)
        await scene.settled(more)

    assert violations(scene.agency, await scene.ledger()) == []
    assert told_again(scene, told) == set()


async def test_attempts_that_were_lost_are_read_from_the_ledger_again(scene: Scene) -> None:
    said = scene.said(10, 2)
    async with scene.router(), scene.worker():
        await scene.say(said)
        await scene.settled(said)
    told = len(scene.agency.told)
    forget_attempts(scene.database)
    more = scene.said(1, 2)

    async with scene.router(), scene.worker():
        await scene.say(more)
        await scene.settled(more)

    assert violations(scene.agency, await scene.ledger()) == []
    assert told_again(scene, told) == set()


def told_again(scene: Scene, since: int) -> set[NoticeId]:
    """Give the notices that were told both before and since."""
    before = {each.notice_id for each in scene.agency.told[:since]}
    return before & {each.notice_id for each in scene.agency.told[since:]}


def forget_attempts(url: str) -> None:
    """Throw the attempts away, as where a database was lost."""
    database = opened_server(url)
    with database.begin() as connection:
        connection.execute(text("DROP VIEW dispatch_fate"))
        tables.METADATA.drop_all(connection)
    database.dispose()
