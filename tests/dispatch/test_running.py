"""`run_until`: dispatch beside a living hub, many lanes at once, no lane harmed by another."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest
from structlog.testing import capture_logs

from streams.dispatch.backoff import Pace
from streams.dispatch.delivery import DeliveryState
from streams.dispatch.desk_message import Rendered
from streams.dispatch.dispatcher import LOOK_AGAIN_S_MAX
from streams.dispatch.reports import Reports
from streams.domain.entry import Notice
from streams.domain.event import Event
from streams.domain.ids import NoticeId, PersonId
from streams.promises.engine import Outcome, UnavailableError
from streams.promises.transport import Handover, Parcel, Refused, TryLater
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, PACE, SOTE, Bench, notice
from tests.dispatch.looping import idle, running, settled, until
from tests.dispatch.receivers import Receiver, violations

pytestmark = pytest.mark.usefixtures("store")

TOLD, NEXT = notice("told", KELA, AINO), notice("next", KELA, AINO)
TO_SOTE = notice("to sote", SOTE, EINO)
LATER = TryLater("unreachable", None)
CROWD = [notice(f"of {n}", KELA, PersonId(f"p-{n}")) for n in range(40)]


def bench(folder: Path) -> tuple[Bench, Receiver, Receiver]:
    kela, sote = Receiver(), Receiver()
    return Bench(folder, {KELA: kela, SOTE: sote}), kela, sote


async def test_news_are_dispatched_when_announced(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    dispatcher = hub.dispatcher()
    dispatcher.announce()
    async with running(dispatcher):
        await idle(dispatcher)
        hub.hub.publish(TOLD)
        await asyncio.to_thread(dispatcher.announce)
        assert await kela.came.get() == TOLD.notice_id
        hub.hub.publish(NEXT)
        dispatcher.announce()
        await settled(dispatcher, 2)
    assert violations([TOLD, NEXT], kela.history, repeats=False) == []


async def test_the_ledger_is_read_to_its_end_before_anything_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.dispatch.following.BATCH_ENTRIES", 2)
    hub, kela, _ = bench(tmp_path)
    for told in (TOLD, NEXT, *CROWD):
        hub.hub.publish(told)
    await hub.dispatcher().drain_once()
    hub.path = tmp_path / "new.db"
    hub.restart()
    handed = len(kela.tried)
    dispatcher = hub.dispatcher()
    async with running(dispatcher):
        await settled(dispatcher, handed)
    assert len(kela.tried) == handed


async def test_a_slow_agency_holds_up_nobody_but_itself(tmp_path: Path) -> None:
    hub, kela, sote = bench(tmp_path)
    kela.open.clear()
    hub.hub.publish(*CROWD[:1])
    for told in (*CROWD[1:], TO_SOTE):
        hub.hub.publish(told)
    dispatcher = hub.dispatcher()
    async with running(dispatcher):
        await settled(dispatcher, 1)
        assert violations([TO_SOTE], sote.history, repeats=False) == []
        assert len(kela.tried) == PACE.lanes_per_agency
        kela.open.set()
        await settled(dispatcher, len(CROWD) + 1)
    assert violations(CROWD, kela.history, repeats=False) == []


async def test_a_lane_has_one_attempt_under_way_however_long_it_takes(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    kela.open.clear()
    hub.hub.publish(TOLD)
    hub.hub.publish(NEXT)
    dispatcher = hub.dispatcher()
    async with running(dispatcher):
        await kela.came.get()
        hub.wait(HOUR_US)
        dispatcher.announce()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert kela.tried == [TOLD.notice_id]
        kela.open.set()
        await settled(dispatcher, 2)
    assert violations([TOLD, NEXT], kela.history, repeats=False) == []


async def test_a_postponed_notice_goes_when_its_time_comes(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.pace = PACE._replace(base_us=2_000, cap_us=2_000)
    kela.answers = [LATER]
    started_s = asyncio.get_running_loop().time()

    def clock() -> int:
        return hub.now + int((asyncio.get_running_loop().time() - started_s) * 1_000_000)

    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    dispatcher._clock = clock  # type: ignore[assignment]  # an int is what an Instant is
    async with running(dispatcher):
        await kela.came.get()
        await kela.came.get()
        await settled(dispatcher, 1)
    assert violations([TOLD], kela.history, repeats=False) == []


async def test_dispatch_sleeps_until_something_is_due(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    kela.answers = [LATER]
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    pause_s = dispatcher._launch()
    (delivery,) = dispatcher.deliveries()
    assert pause_s == (delivery.next_at - hub.now) / 1_000_000
    hub.pace = PACE._replace(base_us=10**10, cap_us=10**10)
    kela.answers = [TryLater("http-429", 3600.0)]
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert dispatcher._launch() == LOOK_AGAIN_S_MAX


async def test_an_agency_that_is_out_is_probed_by_one_lane_and_its_return_wakes_all(
    tmp_path: Path,
) -> None:
    hub, kela, _ = bench(tmp_path)
    kela.always = LATER
    hub.pace = Pace(limit_us=48 * HOUR_US, outage_after=8, lanes_per_agency=4)
    for told in CROWD:
        hub.hub.publish(told)
    dispatcher = hub.dispatcher()
    async with running(dispatcher):
        await until(lambda: len(kela.tried) >= len(CROWD))
        await idle(dispatcher)
        hub.wait(HOUR_US)
        kela.open.clear()
        tried = len(kela.tried)
        dispatcher.announce()
        await until(lambda: len(kela.tried) > tried)
        await asyncio.sleep(0)
        assert len(kela.tried) == tried + 1
        hub.wait(-HOUR_US)
        kela.always = None
        kela.open.set()
        await settled(dispatcher, len(CROWD))
    assert violations(CROWD, kela.history, repeats=False) == []


async def test_a_refusal_ends_an_outage_too(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.pace = PACE._replace(outage_after=1)
    kela.answers = [LATER, Refused("http-422", "")]
    hub.hub.publish(CROWD[0])
    hub.hub.publish(CROWD[1])
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    assert not dispatcher._is_out(KELA)
    assert violations([CROWD[0]], kela.history, repeats=False) == []


async def test_at_a_stop_what_is_under_way_may_end(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    kela.open.clear()
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run_until(stop))
    await kela.came.get()
    stop.set()
    await asyncio.sleep(0)
    kela.open.set()
    await task
    (delivery,) = dispatcher.deliveries()
    assert delivery.state is DeliveryState.DELIVERED


async def test_at_a_stop_what_does_not_end_is_left_for_the_next_start(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    kela.open.clear()
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    async with running(dispatcher, grace_s=0.0):
        await kela.came.get()
    assert kela.history == []
    kela.open.set()
    hub.wait(HOUR_US)
    hub.restart()
    await hub.dispatcher().drain_once()
    assert violations([TOLD], kela.history, repeats=False) == []


async def test_a_ledger_that_comes_back_finds_dispatch_waiting(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.pace = PACE._replace(hold_us=1)
    hub.hub.publish(TOLD)
    hub.hub.unavailable = True
    dispatcher = hub.dispatcher()
    with capture_logs() as logs:
        async with running(dispatcher):
            await until(lambda: logs != [])
            hub.hub.unavailable = False
            await settled(dispatcher, 1)
    assert (logs[0]["event"], logs[0]["error"]) == ("dispatch_held", "UnavailableError")
    assert violations([TOLD], kela.history, repeats=False) == []


async def test_a_store_that_fails_holds_dispatch_and_does_not_spin(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    hub.hub.publish(CROWD[0])
    hub.hub.publish(CROWD[1])
    dispatcher = hub.dispatcher()

    def full(*_: object) -> None:
        raise apsw.FullError("disk full")

    begin = hub.attempts.begin
    hub.attempts.begin = full  # type: ignore[method-assign, assignment]  # a full disk
    with capture_logs() as logs:
        async with running(dispatcher):
            await until(lambda: logs != [])
            assert dispatcher._held
            dispatcher.announce()
            await idle(dispatcher)
            assert dispatcher._launch() == LOOK_AGAIN_S_MAX
            hub.attempts.begin = begin  # type: ignore[method-assign]  # room again
            dispatcher._release()
            await settled(dispatcher, 2)
    assert [line["error"] for line in logs if line["event"] == "dispatch_held"] == ["FullError"]
    assert violations(CROWD[:2], kela.history, repeats=False) == []


async def test_keys_that_are_away_hold_dispatch_and_it_goes_on_when_they_return(
    tmp_path: Path,
) -> None:
    def away(_told: Notice) -> Rendered | None:
        raise UnavailableError("no keys")

    hub, kela, _ = bench(tmp_path)
    hub.hub.publish(CROWD[0])
    hub.hub.publish(CROWD[1])
    dispatcher = hub.dispatcher()
    dispatcher._open_and_render = away
    with capture_logs() as logs:
        async with running(dispatcher):
            await until(lambda: len(logs) >= 2)
            dispatcher._open_and_render = hub.render
            hub.wait(HOUR_US)
            dispatcher._release()
            await settled(dispatcher, 2)
    assert [line["event"] for line in logs[:2]] == ["dispatch_held", "dispatch_held"]
    assert violations(CROWD[:2], kela.history, repeats=False) == []


async def test_reports_of_many_lanes_are_one_write(tmp_path: Path) -> None:
    hub, kela, _ = bench(tmp_path)
    for told in CROWD[:8]:
        hub.hub.publish(told)
    sizes: list[int] = []
    dispatcher = hub.dispatcher()
    submit = hub.hub.submit

    def counted(inputs: Sequence[Event]) -> list[Outcome]:
        sizes.append(len(inputs))
        return submit(inputs)

    dispatcher._keeping._reports._submit = counted
    async with running(dispatcher):
        await settled(dispatcher, 8)
    assert sizes == [8, 8]
    assert violations(CROWD[:8], kela.history, repeats=False) == []


async def test_everyone_who_reports_hears_that_the_ledger_is_away() -> None:
    def away(_inputs: Sequence[Event]) -> list[Outcome]:
        raise UnavailableError("away")

    reports = Reports(away)
    event = Bench.__new__(Bench)  # any object will do: it is only passed on
    both = [asyncio.create_task(reports.record(event)) for _ in range(2)]  # type: ignore[arg-type]  # as above
    heard = await asyncio.gather(*both, return_exceptions=True)
    assert [type(error) for error in heard] == [UnavailableError, UnavailableError]


@pytest.mark.parametrize("fails", [True, False])
async def test_one_who_stopped_waiting_does_not_disturb_the_others(
    tmp_path: Path, fails: bool
) -> None:
    hub, _, _ = bench(tmp_path)
    reports = Reports(hub.hub.submit)
    hub.hub.publish(TOLD)
    event = hub.hub.entries[0].entry.event
    gone, waits = (asyncio.create_task(reports.record(event)) for _ in range(2))
    await asyncio.sleep(0)
    hub.hub.unavailable = fails
    gone.cancel()
    heard = await asyncio.gather(gone, waits, return_exceptions=True)
    assert isinstance(heard[0], asyncio.CancelledError)
    assert isinstance(heard[1], UnavailableError if fails else Outcome)


async def test_two_lanes_interrupted_by_a_stop_keep_their_ids(tmp_path: Path) -> None:
    class Counted(Receiver):
        async def hand_over(self, parcel: Parcel) -> Handover:
            ids.append(parcel.notice_id)
            return await super().hand_over(parcel)

    ids: list[NoticeId] = []
    kela = Counted()
    kela.open.clear()
    hub = Bench(tmp_path, {KELA: kela})
    for told in CROWD[:2]:
        hub.hub.publish(told)
    async with running(hub.dispatcher(), grace_s=0.0):
        await kela.came.get()
        await kela.came.get()
    kela.open.set()
    hub.wait(HOUR_US)
    await hub.dispatcher().drain_once()
    assert sorted(ids) == sorted([told.notice_id for told in CROWD[:2]] * 2)
