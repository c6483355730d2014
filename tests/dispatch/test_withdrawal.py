"""What the ledger calls off never leaves; what had left already is followed by its recall."""

from pathlib import Path

import pytest

from streams.dispatch.delivery import DeliveryState
from streams.domain.hub_events import DeliveryStarted
from streams.domain.ids import HandoffId
from streams.promises.transport import Handover, Parcel, Refused, Taken, TryLater
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, Bench, notice
from tests.dispatch.receivers import Receiver, violations

pytestmark = pytest.mark.usefixtures("store")

TOLD, NEXT = notice("told", KELA, AINO), notice("next", KELA, AINO, "another handoff")
RECALL = notice("recall", KELA, AINO, "recall")
OTHERS = notice("eino's", KELA, EINO)
LATER = TryLater("http-503", None)


def started_attempts(hub: Bench) -> list[int]:
    return [e.attempt for e in hub.hub.events(DeliveryStarted) if isinstance(e, DeliveryStarted)]


async def test_a_cancelled_notice_never_leaves_and_its_successors_do(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    hub.hub.publish(NEXT)
    hub.hub.withdraw(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    assert kela.tried == [NEXT.notice_id]
    states = [delivery.state for delivery in dispatcher.deliveries(to=KELA)]
    assert states == [DeliveryState.CANCELLED, DeliveryState.DELIVERED]


async def test_a_withdrawal_that_overtakes_the_start_wins(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    submit = hub.hub.submit

    def withdraw_first(inputs: list[DeliveryStarted]) -> object:
        hub.hub.withdraw(TOLD)
        return submit(inputs)

    dispatcher._keeping._reports._submit = withdraw_first  # type: ignore[assignment]  # no other event comes
    await dispatcher.drain_once()
    assert kela.tried == []
    (delivery,) = dispatcher.deliveries(to=KELA)
    assert delivery.state is DeliveryState.CANCELLED


async def test_a_withdrawal_after_the_start_is_followed_by_its_recall(tmp_path: Path) -> None:
    class Withdrawn(Receiver):
        async def hand_over(self, parcel: Parcel) -> Handover:
            if not self.tried:
                hub.hub.withdraw(TOLD, RECALL)
            return await super().hand_over(parcel)

    kela = Withdrawn()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    await hub.dispatcher().drain_once()
    assert violations([TOLD, RECALL], kela.history, repeats=False) == []


async def test_a_notice_withdrawn_between_two_attempts_does_not_leave_again(tmp_path: Path) -> None:
    kela = Receiver(LATER)
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    hub.hub.publish(OTHERS)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    hub.hub.withdraw(TOLD, RECALL)
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert started_attempts(hub)[-2:] == [2, 1]
    assert violations([OTHERS, RECALL], kela.history, repeats=False) == []
    (delivery,) = dispatcher.deliveries(state=DeliveryState.CANCELLED)
    assert delivery.notice_id == TOLD.notice_id


async def test_a_recall_of_another_agency_does_not_ask_again(tmp_path: Path) -> None:
    kela = Receiver(LATER)
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    elsewhere = HandoffId("h-elsewhere")
    hub.hub.withdraw(TOLD._replace(handoff_id=elsewhere), RECALL)
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert started_attempts(hub) == [1, 1]
    assert violations([TOLD, RECALL], kela.history, repeats=False) == []


async def test_an_operator_cannot_revive_what_was_withdrawn(tmp_path: Path) -> None:
    kela = Receiver(Refused("http-422", ""))
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    hub.hub.withdraw(TOLD)
    dispatcher.retry_now(TOLD.notice_id)
    await dispatcher.drain_once()
    assert kela.history == []
    (delivery,) = dispatcher.deliveries(to=KELA)
    assert delivery.state is DeliveryState.CANCELLED


async def test_where_the_ledger_answers_later_nothing_leaves_before(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.queues = True
    hub.hub.publish(TOLD)
    hub.hub.publish(OTHERS)
    assert TOLD.handoff_id is not None
    hub.hub.forbidden.add(TOLD.handoff_id)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    assert kela.tried == []
    hub.hub.take_queue()
    await dispatcher.drain_once()
    assert kela.tried == [OTHERS.notice_id]
    hub.hub.take_queue()
    await dispatcher.drain_once()
    states = [delivery.state for delivery in dispatcher.deliveries()]
    assert states == [DeliveryState.CANCELLED, DeliveryState.DELIVERED]


async def test_a_start_that_was_queued_and_lost_is_asked_for_again(tmp_path: Path) -> None:
    kela = Receiver(Taken())
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.queues = True
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    hub.hub._queue.clear()
    hub.hub.queues = False
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert violations([TOLD], kela.history, repeats=False) == []
