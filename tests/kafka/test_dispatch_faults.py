"""Dispatch workers die, freeze, and lose what they stand on: nothing is lost, order is kept."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from streams.domain.codes import NoticeKind
from tests.awaiting import come_about
from tests.kafka.dispatch_scene import (
    SOTE,
    Scene,
    issued_to,
    refused,
    started_scene,
    violations,
)
from tests.kafka.test_view_worker import opened, shut


@pytest_asyncio.fixture
async def scene(dispatch_hub: Scene, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with started_scene(dispatch_hub, monkeypatch) as started:
        yield started


@pytest.mark.faults
async def test_workers_that_are_killed_lose_nothing(scene: Scene) -> None:
    said = scene.said(60, 4)

    async with scene.router():
        saying = asyncio.create_task(scene.say(said, per_s=30))
        with scene.process("standing") as standing:
            for kill in range(3):
                with scene.process(f"killed-{kill}"):
                    await scene.told_more(20)
            await saying
            await scene.settled(said)
            assert await asyncio.to_thread(standing.stop) == 0
            talk = standing.said()

    assert violations(scene.agency, await scene.ledger()) == []
    lines = [json.loads(line) for line in talk.splitlines() if line.startswith("{")]
    assert "partitions_taken" in {line["event"] for line in lines}
    assert [line for line in lines if "refused" in line] == []


@pytest.mark.faults
async def test_a_worker_that_wakes_up_after_others_took_over_sends_nothing_old(
    scene: Scene,
) -> None:
    said = scene.said(30, 2)
    later = scene.said(30, 2)

    async with scene.router():
        with scene.process("frozen") as frozen:
            saying = asyncio.create_task(scene.say(said, per_s=20))
            await scene.told_more(10)
            frozen.process.send_signal(signal.SIGSTOP)
            async with scene.worker():
                await saying
                await scene.say(later)
                await scene.settled(said)
                before = len(scene.agency.told)
                frozen.process.send_signal(signal.SIGCONT)
                await scene.settled(later)

    ledger = await scene.ledger()
    assert violations(scene.agency, ledger) == []
    known = {each.notice_id for each in scene.agency.told[:before]}
    again = known & {each.notice_id for each in scene.agency.told[before:]}
    # What was in its hands when it froze may come once more; nothing else does.
    assert len(again) <= 8


async def test_what_is_called_off_before_a_worker_comes_never_leaves(scene: Scene) -> None:
    said = scene.said(10, 5)

    async with scene.router():
        await scene.say(said)
        await scene.decided(said)
        async with scene.worker():
            await scene.settled(said)

    ledger = await scene.ledger()
    persons = {event.envelope.person for event in said}
    referrals = {
        notice.notice_id
        for notice in issued_to(SOTE, ledger)
        if notice.person in persons and notice.kind is NoticeKind.REFERRAL
    }
    assert len(referrals) == 10
    assert referrals <= refused(ledger)
    assert not referrals & {each.notice_id for each in scene.agency.told}
    assert violations(scene.agency, ledger) == []


@pytest.mark.faults
async def test_a_database_that_is_away_holds_dispatch_and_loses_nothing(scene: Scene) -> None:
    said = scene.said(10, 2)
    more = scene.said(10, 2)

    async with scene.router(), scene.worker():
        await scene.say(said)
        await scene.settled(said)
        with capture_logs() as logs:
            shut(scene.database)
            await scene.say(more)
            await come_about(lambda: any(line["event"] == "dispatch_held" for line in logs))
            opened(scene.database)
        await scene.settled(more)

    assert violations(scene.agency, await scene.ledger()) == []


async def test_an_agency_that_was_away_gets_all_when_it_is_back(scene: Scene) -> None:
    said = scene.said(10, 2)

    async with scene.router(), scene.worker():
        await scene.agency.stop()
        with capture_logs() as logs:
            await scene.say(said)
            await come_about(lambda: any(line.get("cause") == "unreachable" for line in logs))
        await scene.agency.start()
        await scene.settled(said)

    assert violations(scene.agency, await scene.ledger()) == []
