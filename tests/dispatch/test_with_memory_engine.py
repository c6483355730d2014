"""Dispatch and the real rules together, on the reference engine."""

from pathlib import Path
from random import Random

import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.delivery import DeliveryState
from streams.dispatch.desk_message import Rendered
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.codes import Category, NoticeKind, Status
from streams.domain.entry import Notice
from streams.domain.ids import Instant
from streams.engines.memory import MemoryEngine
from streams.promises.engine import ReceiptStatus
from streams.promises.transport import Refused, TryLater
from tests.dispatch.hub import HOUR_US, PACE
from tests.dispatch.receivers import Receiver
from tests.domain.region import AGREEMENTS, EMPLOYMENT, PERSON, SOTE, at
from tests.domain.speaker import Speaker

LATER = TryLater("http-503", None)


def render(told: Notice) -> Rendered | None:
    return told.kind.encode(), "text/plain", ".txt"


class Region:
    """One person who was referred with a consent, and the agencies that are told."""

    def __init__(self, folder: Path) -> None:
        self.engine = MemoryEngine(AGREEMENTS)
        self.sote, self.employment = Receiver(), Receiver()
        self.says = Speaker()
        self.now = at(hours=1)
        self.folder = folder
        self.attempts = Attempts.in_file(folder / "dispatch.db")
        consent, referral = self.says.consents(at()), self.says.refers(at())
        outcomes = self.engine.submit([consent, referral])
        assert [each.status for each in outcomes] == [ReceiptStatus.ACCEPTED] * 2
        self.dispatcher = self.start()

    def start(self) -> Dispatcher:
        return Dispatcher(
            ledger=self.engine.ledger,
            submit=self.engine.submit,
            transports={SOTE: self.sote, EMPLOYMENT: self.employment},
            open_and_render=render,
            attempts=self.attempts,
            clock=lambda: self.now,
            rng=Random(7),
            pace=PACE,
        )

    def withdraw(self) -> None:
        (outcome,) = self.engine.submit([self.says.withdraws(self.now)])
        assert outcome.status is ReceiptStatus.ACCEPTED

    async def later(self) -> None:
        self.now = Instant(self.now + HOUR_US)
        await self.dispatcher.drain_once()

    def statuses(self) -> list[Status]:
        person = self.engine.person(PERSON)
        assert person is not None
        return [handoff.status for handoff in person.handoffs]

    def told_sote(self) -> list[str]:
        return [handed.body.decode() for handed in self.sote.history]


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path)


async def test_a_delivered_referral_is_received(region: Region) -> None:
    await region.dispatcher.drain_once()
    assert region.statuses() == [Status.RECEIVED]
    assert region.told_sote() == [NoticeKind.REFERRAL]


async def test_a_dead_referral_is_undeliverable_and_an_operator_revives_it(region: Region) -> None:
    region.sote.answers = [Refused("http-422", "")]
    await region.dispatcher.drain_once()
    assert region.statuses() == [Status.UNDELIVERABLE]
    (dead,) = region.dispatcher.deliveries(state=DeliveryState.DEAD)
    region.dispatcher.retry_now(dead.notice_id)
    await region.dispatcher.drain_once()
    assert region.statuses() == [Status.RECEIVED]
    assert region.told_sote() == [NoticeKind.REFERRAL]


async def test_a_referral_withdrawn_before_it_started_never_leaves(region: Region) -> None:
    region.withdraw()
    await region.dispatcher.drain_once()
    assert region.sote.tried == []
    assert region.statuses() == []


async def test_a_referral_withdrawn_while_it_is_tried_is_recalled_and_does_not_leave_again(
    region: Region,
) -> None:
    region.sote.answers = [LATER]
    await region.dispatcher.drain_once()
    region.withdraw()
    await region.later()
    assert region.told_sote() == [NoticeKind.RECALL]


async def test_a_referral_withdrawn_when_it_was_dead_is_not_revived(region: Region) -> None:
    region.sote.answers = [Refused("http-422", "")]
    await region.dispatcher.drain_once()
    (dead,) = region.dispatcher.deliveries(state=DeliveryState.DEAD)
    region.withdraw()
    region.dispatcher.retry_now(dead.notice_id)
    await region.later()
    assert NoticeKind.REFERRAL not in region.told_sote()


async def test_a_lost_attempts_file_is_rebuilt_and_repeats_nothing(region: Region) -> None:
    await region.dispatcher.drain_once()
    handed = len(region.sote.tried) + len(region.employment.tried)
    region.attempts.close()
    region.attempts = Attempts.in_file(region.folder / "new.db")
    assert await region.start().drain_once() == 0
    assert len(region.sote.tried) + len(region.employment.tried) == handed


async def test_what_was_refused_to_leave_stays_so_when_the_attempts_file_is_lost(
    region: Region,
) -> None:
    region.withdraw()
    await region.dispatcher.drain_once()
    region.attempts.close()
    region.attempts = Attempts.in_file(region.folder / "new.db")
    await region.start().drain_once()
    assert region.sote.tried == []


async def test_a_consent_that_narrows_while_a_referral_is_tried_sends_the_narrower_one(
    region: Region,
) -> None:
    region.sote.answers = [LATER]
    await region.dispatcher.drain_once()
    region.engine.submit([region.says.consents(region.now, categories=(Category.IDENTITY,))])
    await region.later()
    referrals = [
        told for told in region.dispatcher.deliveries(to=SOTE) if told.kind is NoticeKind.REFERRAL
    ]
    states = [told.state for told in referrals]
    assert states == [DeliveryState.CANCELLED, DeliveryState.DELIVERED]
    assert region.sote.history[0].notice_id == referrals[1].notice_id
