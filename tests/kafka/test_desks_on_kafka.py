"""Deadlines that pass on a Kafka hub reach people by e-mail: a real broker, a real mail server."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from streams.domain.codes import NoticeKind
from streams.domain.entry import Notice
from streams.domain.event import AgencyEvent
from streams.domain.hub_events import NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import NoticeId
from tests.connectors.transport.mail_server import MailServer
from tests.kafka.dispatch_scene import Recorded, Scene, started_scene
from tests.kafka.view_scene import comes_about

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
    """Wait until there are escalations of these persons, and all are over; give those told of."""
    ledger: list[Recorded] = []
    persons = {event.envelope.person for event in said}

    async def is_so() -> bool:
        ledger[:] = await scene.ledger()
        issued = to_the_desk(ledger)
        over = reported(ledger, NoticeDelivered, NoticeUndeliverable)
        return persons <= {n.person for n in issued} and over >= {n.notice_id for n in issued}

    await comes_about(is_so, WAIT_S)
    delivered = reported(ledger, NoticeDelivered)
    return [notice for notice in to_the_desk(ledger) if notice.notice_id in delivered]


def to_the_desk(ledger: Sequence[Recorded]) -> list[Notice]:
    """Give the escalations that people are to read."""
    notices = [notice for each in ledger for notice in each.entry.deliveries]
    return [n for n in notices if n.kind is NoticeKind.ESCALATION and n.role == ROLE]


def reported(
    ledger: Sequence[Recorded], *of: type[NoticeDelivered | NoticeUndeliverable]
) -> set[NoticeId]:
    """Give the notices of which the ledger has such a report."""
    events = [each.entry.event for each in ledger]
    return {e.notice_id for e in events if isinstance(e, of)}


def texts_of(mail: MailServer) -> list[str]:
    """Give what people read, in the order in which it came."""
    return [message.get_content() for message in mail.messages]
