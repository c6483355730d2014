"""Deadlines that pass on a Kafka hub reach people by e-mail: a real broker, a real mail server."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from streams.domain.codes import NoticeKind
from streams.domain.entry import Notice
from streams.domain.event import AgencyEvent
from tests.connectors.transport.mail_server import MailServer
from tests.kafka.dispatch_scene import SOTE, Scene, issued_to, reported, started_scene

ADDRESS = "vastuu@typ.example"
ROLE = "coordinator"
PERSONS = 3
WAIT_S = 60.0


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest_asyncio.fixture
async def scene(
    dispatch_hub: Scene, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """Give a hub whose coordinator reads escalations at an address."""
    async with started_scene(dispatch_hub, monkeypatch, desk=f"email:{ADDRESS}") as started:
        with (started.folder / "hub.key").open("a") as secrets:
            secrets.write(mail.settings())
        yield started


async def test_escalations_of_a_kafka_hub_reach_a_desk_once_and_name_nobody(
    scene: Scene, mail: MailServer
) -> None:
    # Given referrals that came so late that their deadlines had passed
    said = scene.said(PERSONS, 2)
    async with scene.router():
        async with scene.worker():
            await scene.say(said)
            told = await comes_to_rest(scene, said)
        # Then who is on duty reads of each that is still open, and no name
        first = texts_of(mail)
        assert {notice.person for notice in told} == {event.envelope.person for event in said}
        assert all(any(str(n.handoff_id) in text for text in first) for n in told)
        assert not any(event.envelope.person in text for event in said for text in first)
        assert {to for recipients in mail.recipients for to in recipients} == {ADDRESS}
        # And a worker that comes later tells of what is new alone
        async with scene.worker():
            more = scene.said(1, 2)
            await scene.say(more)
            new = [n for n in await comes_to_rest(scene, more) if n not in told]
    later = texts_of(mail)[len(first) :]
    assert new
    assert all(any(str(n.handoff_id) in text for text in later) for n in new)
    assert not any(str(n.handoff_id) in text for n in told for text in later)


async def comes_to_rest(scene: Scene, said: Sequence[AgencyEvent]) -> list[Notice]:
    """Wait until all that was issued of these persons is over; give what people were told of."""
    await scene.settled(said, WAIT_S)
    ledger = await scene.ledger()
    delivered = reported(ledger)
    escalations = [n for n in issued_to(SOTE, ledger) if n.kind is NoticeKind.ESCALATION]
    return [n for n in escalations if n.role == ROLE and n.notice_id in delivered]


def texts_of(mail: MailServer) -> list[str]:
    """Give what people read, in the order in which it came."""
    return [message.get_content() for message in mail.messages]
