"""A crash anywhere loses no notice, changes no id, and adds no second entry to the ledger."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.delivery import DeliveryState
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.promises.engine import Outcome
from streams.promises.transport import Handover, Parcel, Refused, TryLater
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, SOTE, Bench, notice
from tests.dispatch.receivers import Receiver, violations

TO_KELA = [notice("1", KELA, AINO), notice("2", KELA, AINO), notice("3", KELA, EINO)]
TO_SOTE = [notice("4", SOTE, AINO)]
REFUSED = notice("refused", SOTE, EINO)
WRITES = ("begin", "postpone", "decide", "enqueue", "start", "arrive", "bury", "follow_to")


class Crash(BaseException):
    """The process dies here: nothing of the hub may catch it."""


class Crashing:
    """Counts the steps of a run, and dies before or after one of them."""

    def __init__(self, step: int, *, after: bool) -> None:
        self.left = step
        self.after = after
        self.names: list[str] = []

    def around(self, name: str, does: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: object, **named: object) -> Any:  # noqa: ANN401  # whatever `does` gives
            self.names.append(name)
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Crash
            result = does(*args, **named)
            if self.left == 0:
                raise Crash
            return result

        return wrapped


class CrashingTransport:
    """Hands over through another transport, and dies where told."""

    def __init__(self, inner: Receiver, crashing: Crashing) -> None:
        self.inner = inner
        self.crashing = crashing

    async def hand_over(self, parcel: Parcel) -> Handover:
        self.crashing.around("before hand over", lambda: None)()
        answer = await self.inner.hand_over(parcel)
        self.crashing.around("after hand over", lambda: None)()
        return answer

    async def close(self) -> None:
        """Nothing to close."""


def crashing_dispatcher(bench: Bench, crashing: Crashing) -> Dispatcher:
    submit: Callable[[Sequence[Event]], list[Outcome]] = bench.hub.submit
    dispatcher = bench.dispatcher()
    for write in WRITES:
        plain = getattr(bench.attempts, write)
        setattr(bench.attempts, write, crashing.around(write, plain))
    dispatcher._keeping._reports._submit = crashing.around("submit", submit)
    dispatcher._transports = {
        to: CrashingTransport(receiver, crashing)
        for to, receiver in bench.transports.items()
        if isinstance(receiver, Receiver)
    }
    return dispatcher


def story(folder: Path) -> tuple[Bench, Receiver, Receiver]:
    kela = Receiver(TryLater("http-503", None))
    sote = Receiver()
    bench = Bench(folder, {KELA: kela, SOTE: sote})
    for told in (*TO_KELA, *TO_SOTE):
        bench.hub.publish(told)
    return bench, kela, sote


async def drained(bench: Bench, dispatcher: Dispatcher) -> None:
    for _ in range(4):
        await dispatcher.drain_once()
        bench.wait(HOUR_US)


async def crash_at(folder: Path, step: int, *, after: bool) -> list[str]:
    """Run, die at the step, start again and finish; give the names of the steps that were made."""
    bench, kela, sote = story(folder)
    crashing = Crashing(step, after=after)
    crashed = False
    try:
        await drained(bench, crashing_dispatcher(bench, crashing))
    except Crash:
        crashed = True
    bench.restart()
    await drained(bench, bench.dispatcher())
    place = f"step {step} ({crashing.names[-1]}), after={after}"
    assert crashed is (crashing.left <= 0), place
    assert violations(TO_KELA, kela.history, repeats=crashed) == [], place
    assert violations(TO_SOTE, sote.history, repeats=crashed) == [], place
    delivered = Counter(d.notice_id for d in bench.dispatcher().deliveries())
    recorded = Counter(
        event.notice_id
        for event in bench.hub.events(NoticeDelivered)
        if isinstance(event, NoticeDelivered)
    )
    assert recorded == delivered, place
    assert len(bench.hub.events(DeliveryStarted)) == len(TO_KELA) + len(TO_SOTE), place
    bench.attempts.close()
    return crashing.names


@pytest.mark.usefixtures("store", "unmeasured")
async def test_a_crash_at_any_step_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    names = await crash_at(folder, 10_000, after=False)
    others = {"submit", "before hand over", "after hand over"}
    assert set(names) == others | set(WRITES) - {"decide", "bury"}
    for step in range(1, len(names) + 1):
        for after in (False, True):
            folder = tmp_path / f"{step}-{after}"
            folder.mkdir()
            await crash_at(folder, step, after=after)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 11))
async def test_a_crash_while_giving_up_makes_one_report(
    tmp_path: Path, step: int, after: bool
) -> None:
    sote = Receiver()
    sote.always = Refused("http-422", "no")
    bench = Bench(tmp_path, {SOTE: sote})
    bench.hub.publish(REFUSED)
    crashing = Crashing(step, after=after)
    with pytest.raises(Crash):
        await drained(bench, crashing_dispatcher(bench, crashing))
    bench.restart()
    await drained(bench, bench.dispatcher())
    (delivery,) = bench.dispatcher().deliveries()
    assert (delivery.state, delivery.cause) == (DeliveryState.DEAD, "http-422")
    assert len(bench.hub.events(NoticeUndeliverable)) == 1


async def test_a_started_delivery_that_was_refused_stays_refused_after_a_crash(
    tmp_path: Path,
) -> None:
    kela = Receiver()
    bench = Bench(tmp_path, {KELA: kela})
    told = TO_KELA[0]
    bench.hub.publish(told)
    assert told.handoff_id is not None
    bench.hub.forbidden.add(told.handoff_id)
    dispatcher = bench.dispatcher()
    dispatcher._following.catch_up()
    crashing = Crashing(1, after=True)
    dispatcher._keeping._reports._submit = crashing.around("submit", bench.hub.submit)
    with pytest.raises(Crash):
        await dispatcher.drain_once()
    bench.restart()
    await drained(bench, bench.dispatcher())
    assert kela.tried == []
    (delivery,) = bench.dispatcher().deliveries()
    assert delivery.state is DeliveryState.CANCELLED


async def test_a_lost_attempts_file_is_rebuilt_from_the_ledger(tmp_path: Path) -> None:
    bench, kela, sote = story(tmp_path)
    sote.answers = [Refused("http-422", "no")]
    await drained(bench, bench.dispatcher())
    before = bench.dispatcher().deliveries()
    bench.path = tmp_path / "new.db"
    bench.restart()
    handed = len(kela.history) + len(sote.history)
    assert await bench.dispatcher().drain_once() == 0
    after = bench.dispatcher().deliveries()
    assert [(d.notice_id, d.state, d.tries) for d in after] == [
        (d.notice_id, d.state, d.tries) for d in before
    ]
    assert len(kela.history) + len(sote.history) == handed


async def test_an_older_attempts_file_repeats_no_delivery(tmp_path: Path) -> None:
    bench, kela, _ = story(tmp_path)
    dispatcher = bench.dispatcher()
    dispatcher._following.catch_up()
    bench.attempts.close()
    older = bench.path.read_bytes()
    bench.attempts = Attempts.in_file(bench.path)
    await drained(bench, bench.dispatcher())
    bench.attempts.close()
    bench.path.write_bytes(older)
    bench.attempts = Attempts.in_file(bench.path)
    await drained(bench, bench.dispatcher())
    assert violations(TO_KELA, kela.history, repeats=False) == []
