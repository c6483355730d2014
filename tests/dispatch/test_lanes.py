"""Notices of one person to one agency keep their order; nobody waits for anybody else."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.dispatch.delivery import DeliveryState
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import AgencyId, PersonId
from streams.promises.transport import Refused, Taken, TryLater
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, SOTE, TYP, Bench, notice
from tests.dispatch.receivers import Receiver, violations

FIRST, SECOND = notice("first", KELA, AINO), notice("second", KELA, AINO)
EINOS, TO_SOTE = notice("eino's", KELA, EINO), notice("to sote", SOTE, AINO)
LATER = TryLater("http-503", None)


def bench(folder: Path) -> tuple[Bench, Receiver, Receiver]:
    kela, sote = Receiver(), Receiver()
    return Bench(folder, {KELA: kela, SOTE: sote}), kela, sote


async def test_a_notice_is_told_once_and_the_ledger_says_so(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.hub.publish(FIRST)
    dispatcher = hub.dispatcher()
    assert await dispatcher.drain_once() == 1
    assert await dispatcher.drain_once() == 0
    assert violations([FIRST], kela.history, repeats=False) == []
    (started,), (delivered,) = hub.hub.events(DeliveryStarted), hub.hub.events(NoticeDelivered)
    assert isinstance(started, DeliveryStarted)
    assert isinstance(delivered, NoticeDelivered)
    assert (started.notice_id, started.attempt, started.kind) == (FIRST.notice_id, 1, FIRST.kind)
    assert (delivered.handoff_id, delivered.to, delivered.attempt) == (FIRST.handoff_id, KELA, 1)
    assert delivered.envelope.agency == "hub"
    assert delivered.envelope.person == AINO
    assert delivered.envelope.recorded_at == hub.now
    (delivery,) = dispatcher.deliveries()
    assert (delivery.state, delivery.tries, delivery.cause) == (DeliveryState.DELIVERED, 1, "")


async def test_a_lane_that_waits_holds_its_own_successors_and_nobody_else(tmp_path: Path) -> None:
    hub, kela, sote = bench(tmp_path)
    kela.answers = [LATER]
    hub.hub.publish(FIRST)
    hub.hub.publish(SECOND)
    hub.hub.publish(EINOS)
    hub.hub.publish(TO_SOTE)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    assert [handed.notice_id for handed in kela.history] == [EINOS.notice_id]
    assert [handed.notice_id for handed in sote.history] == [TO_SOTE.notice_id]
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert violations([FIRST, SECOND, EINOS], kela.history, repeats=False) == []


async def test_notices_of_one_entry_go_in_their_order(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.hub.publish(SECOND, FIRST)
    await hub.dispatcher().drain_once()
    assert [handed.notice_id for handed in kela.history] == [SECOND.notice_id, FIRST.notice_id]


async def test_an_agency_without_a_transport_is_not_dispatched_to(tmp_path: Path) -> None:
    hub, _, _ = bench(tmp_path)
    hub.hub.publish(notice("to nowhere", TYP, AINO))
    dispatcher = hub.dispatcher()
    assert await dispatcher.drain_once() == 0
    (delivery,) = dispatcher.deliveries(to=TYP)
    assert delivery.state is DeliveryState.PENDING
    assert delivery.tries == 0
    assert hub.hub.events(DeliveryStarted) == []


async def test_an_agency_that_gets_a_transport_gets_what_waited(tmp_path: Path) -> None:
    hub, _, _ = bench(tmp_path)
    hub.hub.publish(notice("to nowhere", TYP, AINO))
    await hub.dispatcher().drain_once()
    typ = hub.transports[TYP] = Receiver()
    assert await hub.dispatcher().drain_once() == 1
    assert len(typ.history) == 1


async def test_the_same_notice_in_two_entries_is_told_once(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.hub.publish(FIRST)
    hub.hub.publish(FIRST)
    await hub.dispatcher().drain_once()
    assert violations([FIRST], kela.history, repeats=False) == []


async def test_a_dead_delivery_lets_its_successor_go(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    kela.answers = [Refused("http-422", "no")]
    hub.hub.publish(FIRST)
    hub.hub.publish(SECOND)
    await hub.dispatcher().drain_once()
    assert [handed.notice_id for handed in kela.history] == [SECOND.notice_id]


async def test_a_notice_that_left_memory_is_read_from_its_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.dispatch.following.KEPT_NOTICES", 1)
    hub, kela, _ = bench(tmp_path)
    hub.hub.publish(FIRST, EINOS)
    hub.hub.publish(SECOND)
    await hub.dispatcher().drain_once()
    assert violations([FIRST, EINOS, SECOND], kela.history, repeats=False) == []


async def test_a_long_ledger_is_taken_in_by_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.dispatch.following.BATCH_ENTRIES", 2)
    hub, kela, _ = bench(tmp_path)
    told = [notice(f"{n}", KELA, AINO) for n in range(7)]
    for one in told:
        hub.hub.publish(one)
    await hub.dispatcher().drain_once()
    assert violations(told, kela.history, repeats=False) == []


LANES = st.lists(
    st.tuples(st.sampled_from([KELA, SOTE]), st.sampled_from([AINO, EINO])), max_size=12
)


@settings(max_examples=40)
@given(lanes=LANES, failures=st.lists(st.booleans(), max_size=12))
async def test_every_history_is_in_order_whatever_fails(
    tmp_path_factory: pytest.TempPathFactory,
    lanes: list[tuple[AgencyId, PersonId]],
    failures: list[bool],
) -> None:
    hub, kela, sote = bench(tmp_path_factory.mktemp("hub"))
    kela.answers = [LATER if failed else Taken() for failed in failures]
    told = [notice(f"{n}", to, person) for n, (to, person) in enumerate(lanes)]
    dispatcher = hub.dispatcher()
    for one in told:
        hub.hub.publish(one)
        await dispatcher.drain_once()
    for _ in failures:
        hub.wait(HOUR_US)
        await dispatcher.drain_once()
    hub.attempts.close()
    for to, receiver in ((KELA, kela), (SOTE, sote)):
        mine = [one for one in told if one.to == to]
        assert violations(mine, receiver.history, repeats=False) == []
