"""Attempts go on with backoff until the limit; then the delivery is dead, and says why."""

import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from streams.dispatch.attempts import NotDeadError, UnknownNoticeError
from streams.dispatch.backoff import DELAY_US_MIN, Pace, bound_us, delay_us, horizon_us
from streams.dispatch.delivery import DeliveryState
from streams.dispatch.dispatcher import PERSON_ERASED
from streams.domain.entry import Notice
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import Instant, NoticeId
from streams.promises.engine import UnavailableError
from streams.promises.transport import Handover, Parcel, Refused, Taken, TryLater
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, NOON, PACE, Bench, notice
from tests.dispatch.receivers import Receiver, violations

pytestmark = pytest.mark.usefixtures("store")

TOLD, NEXT = notice("told", KELA, AINO), notice("next", KELA, AINO)
EINOS = notice("eino's", KELA, EINO)
LATER = TryLater("http-503", None)
WORDS = "Tuntematon asiakas 010190-999X, soita"

PACES = st.builds(
    Pace,
    limit_us=st.just(HOUR_US),
    base_us=st.integers(1, 10**7),
    cap_us=st.integers(1, 10**9),
    wish_us_max=st.integers(0, 10**10),
)
WISHES = st.none() | st.floats()


@given(pace=PACES, tries=st.integers(1, 10**6), after_s=WISHES, seed=st.integers(0, 99))
def test_every_delay_is_between_the_wish_and_the_bound(
    pace: Pace, tries: int, after_s: float | None, seed: int
) -> None:
    delay = delay_us(pace, tries, after_s, Random(seed))
    wish_us = 0.0 if after_s is None or math.isnan(after_s) else max(0.0, after_s * 1_000_000)
    wish_us = int(min(wish_us, pace.wish_us_max))
    assert wish_us + DELAY_US_MIN <= delay <= wish_us + bound_us(pace, tries)
    assert delay <= horizon_us(pace)


def test_the_bound_doubles_up_to_the_cap() -> None:
    pace = Pace(limit_us=HOUR_US, base_us=1_000_000, cap_us=60_000_000)
    bounds_s = [bound_us(pace, tries) // 1_000_000 for tries in (1, 2, 3, 6, 7, 1000)]
    assert bounds_s == [1, 2, 4, 32, 60, 60]


def test_the_jitter_is_full() -> None:
    drawn = [delay_us(PACE, 7, None, Random(seed)) for seed in range(200)]
    assert min(drawn) < PACE.cap_us // 10
    assert max(drawn) > PACE.cap_us * 9 // 10


async def test_a_receivers_wish_is_kept(tmp_path: Path) -> None:
    kela = Receiver(TryLater("http-429", 1800.0))
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    hub.wait(HOUR_US // 2)
    assert await dispatcher.drain_once() == 0
    hub.wait(PACE.cap_us)
    assert await dispatcher.drain_once() == 1
    assert len(kela.history) == 1


async def attempts_until_dead(hub: Bench) -> int:
    dispatcher = hub.dispatcher()
    made = 0
    while dispatcher.deliveries(state=DeliveryState.DEAD) == []:
        made += await dispatcher.drain_once()
        hub.wait(hub.pace.cap_us)
    return made


async def test_after_the_limit_the_delivery_is_dead_and_the_ledger_says_why(tmp_path: Path) -> None:
    kela = Receiver()
    kela.always = LATER
    hub = Bench(tmp_path, {KELA: kela})
    hub.pace = Pace(limit_us=HOUR_US)
    hub.hub.publish(TOLD)
    made = await attempts_until_dead(hub)
    (undeliverable,) = hub.hub.events(NoticeUndeliverable)
    assert isinstance(undeliverable, NoticeUndeliverable)
    assert (undeliverable.cause, undeliverable.attempt) == ("http-503", made)
    assert NOON + HOUR_US <= undeliverable.envelope.occurred_at <= NOON + HOUR_US + PACE.cap_us
    assert len(hub.hub.events(DeliveryStarted)) == 1
    assert len(kela.tried) == made > 60
    assert kela.history == []


async def test_a_hub_that_slept_past_the_limit_still_tries_once(tmp_path: Path) -> None:
    kela = Receiver(LATER)
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    await hub.dispatcher().drain_once()
    hub.wait(2 * PACE.limit_us)
    await hub.dispatcher().drain_once()
    assert violations([TOLD], kela.history, repeats=False) == []


@pytest.mark.parametrize("store", ["file"], indirect=True)  # it looks into the file
async def test_a_refusal_is_dead_at_once_and_its_words_are_sealed_and_not_logged(
    tmp_path: Path,
) -> None:
    kela = Receiver(Refused("http-422", WORDS))
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    with capture_logs() as logs:
        await dispatcher.drain_once()
    (delivery,) = dispatcher.deliveries(state=DeliveryState.DEAD)
    assert (delivery.cause, delivery.tries) == ("http-422", 1)
    assert dispatcher.words(TOLD.notice_id) == b"sealed for p-aino"
    assert hub.sealed == [WORDS]
    assert [line["event"] for line in logs] == ["notice_settled"]
    assert "asiakas" not in f"{logs}{hub.hub.entries}"
    hub.attempts.close()
    assert b"asiakas" not in hub.path.read_bytes()


async def test_without_a_seal_the_words_are_not_kept(tmp_path: Path) -> None:
    hub = Bench(tmp_path, {KELA: Receiver(Refused("http-422", WORDS))})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    dispatcher._keeping._seal_words = None
    await dispatcher.drain_once()
    assert dispatcher.words(TOLD.notice_id) is None
    assert dispatcher.words(NoticeId("n-nobody")) is None
    assert len(dispatcher.deliveries(state=DeliveryState.DEAD)) == 1


async def test_words_that_cannot_be_sealed_now_do_not_hold_up_the_refusal(tmp_path: Path) -> None:
    def unavailable(_person: str, _words: str) -> bytes:
        raise UnavailableError("no keys")

    hub = Bench(tmp_path, {KELA: Receiver(Refused("http-422", WORDS))})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    dispatcher._keeping._seal_words = unavailable
    await dispatcher.drain_once()
    assert dispatcher.words(TOLD.notice_id) is None
    assert len(dispatcher.deliveries(state=DeliveryState.DEAD)) == 1


async def test_a_cause_that_is_no_code_reaches_neither_ledger_nor_log(tmp_path: Path) -> None:
    hub = Bench(tmp_path, {KELA: Receiver(TryLater(WORDS, None), Refused(WORDS, ""))})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    with capture_logs() as logs:
        await dispatcher.drain_once()
        hub.wait(HOUR_US)
        await dispatcher.drain_once()
    (undeliverable,) = hub.hub.events(NoticeUndeliverable)
    assert isinstance(undeliverable, NoticeUndeliverable)
    assert undeliverable.cause == "unnamed"
    assert "asiakas" not in str(logs)


async def test_a_notice_of_an_erased_person_is_dead_and_never_leaves(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    hub.hub.publish(EINOS)
    hub.erased.add(AINO)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    assert violations([EINOS], kela.history, repeats=False) == []
    (dead,) = dispatcher.deliveries(state=DeliveryState.DEAD)
    assert (dead.notice_id, dead.cause) == (TOLD.notice_id, PERSON_ERASED)


async def test_a_notice_that_cannot_be_rendered_holds_its_own_lane_only(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.pace = Pace(limit_us=HOUR_US)
    hub.hub.publish(TOLD)
    hub.hub.publish(NEXT)
    hub.hub.publish(EINOS)

    def render(told: Notice) -> tuple[bytes, str, str]:
        if told.notice_id == TOLD.notice_id:
            raise ValueError(WORDS)
        return told.detail.encode(), "text/plain", ".txt"

    dispatcher = hub.dispatcher()
    dispatcher._open_and_render = render
    with capture_logs() as logs:
        await dispatcher.drain_once()
        assert [handed.notice_id for handed in kela.history] == [EINOS.notice_id]
        hub.wait(2 * HOUR_US)
        await dispatcher.drain_once()
    assert [handed.notice_id for handed in kela.history] == [EINOS.notice_id, NEXT.notice_id]
    (dead,) = dispatcher.deliveries(state=DeliveryState.DEAD)
    assert dead.cause == "render-failed"
    assert "asiakas" not in str(logs)


@pytest.mark.parametrize("store", ["file"], indirect=True)  # a server keeps the notice itself
async def test_a_notice_that_its_entry_does_not_hold_is_not_rendered(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    dispatcher._following.catch_up()
    (stored,) = hub.hub.entries
    hub.hub.entries = [stored._replace(entry=stored.entry._replace(deliveries=(NEXT,)))]
    hub.restart()
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    (delivery,) = dispatcher.deliveries()
    assert (delivery.state, delivery.cause) == (DeliveryState.PENDING, "render-failed")
    assert kela.tried == []


async def test_a_transport_that_breaks_its_promise_is_tried_again(tmp_path: Path) -> None:
    class Broken(Receiver):
        async def hand_over(self, parcel: Parcel) -> Handover:
            if not self.tried:
                self.tried.append(parcel.notice_id)
                raise ValueError(WORDS)
            return await super().hand_over(parcel)

    kela = Broken()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    with capture_logs() as logs:
        await dispatcher.drain_once()
    (delivery,) = dispatcher.deliveries()
    assert (delivery.state, delivery.cause) == (DeliveryState.TRYING, "transport-failed")
    assert "asiakas" not in str(logs)
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert violations([TOLD], kela.history, repeats=False) == []


async def test_an_operators_new_attempt_revives_a_dead_delivery(tmp_path: Path) -> None:
    kela = Receiver(Refused("http-422", WORDS))
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    dispatcher.retry_now(TOLD.notice_id)
    await dispatcher.drain_once()
    assert violations([TOLD], kela.history, repeats=False) == []
    (delivery,) = dispatcher.deliveries()
    assert (delivery.state, delivery.tries) == (DeliveryState.DELIVERED, 2)
    assert len(hub.hub.events(DeliveryStarted)) == 1
    assert len(hub.hub.events(NoticeDelivered)) == 1


async def test_an_operators_new_attempt_has_a_new_limit_and_a_report_of_its_own(
    tmp_path: Path,
) -> None:
    kela = Receiver()
    kela.always = LATER
    hub = Bench(tmp_path, {KELA: kela})
    hub.pace = Pace(limit_us=HOUR_US)
    hub.hub.publish(TOLD)
    first = await attempts_until_dead(hub)
    dispatcher = hub.dispatcher()
    dispatcher.retry_now(TOLD.notice_id)
    second = await attempts_until_dead(hub)
    assert second > 60
    reports = hub.hub.events(NoticeUndeliverable)
    assert [e.attempt for e in reports if isinstance(e, NoticeUndeliverable)] == [
        first,
        first + second,
    ]


async def test_a_revived_notice_goes_before_those_that_wait_behind_it(tmp_path: Path) -> None:
    kela = Receiver(Refused("http-422", ""), LATER)
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    hub.hub.publish(NEXT)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    dispatcher.retry_now(TOLD.notice_id)
    hub.wait(HOUR_US)
    await dispatcher.drain_once()
    assert violations([TOLD, NEXT], kela.history, repeats=False) == []


async def test_only_a_dead_delivery_can_be_revived(tmp_path: Path) -> None:
    hub = Bench(tmp_path, {KELA: Receiver()})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    with pytest.raises(NotDeadError, match="pending"):
        dispatcher.retry_now(TOLD.notice_id)
    with pytest.raises(UnknownNoticeError):
        dispatcher.retry_now(NoticeId("n-nobody"))


async def test_a_clock_that_was_set_back_holds_nothing_up(tmp_path: Path) -> None:
    kela = Receiver(LATER)
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    hub.now = Instant(NOON - 365 * 24 * HOUR_US)
    await dispatcher.drain_once()
    assert violations([TOLD], kela.history, repeats=False) == []


async def test_a_ledger_that_is_away_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    hub.hub.unavailable = True
    with pytest.raises(UnavailableError):
        await dispatcher.drain_once()
    hub.hub.unavailable = False
    assert await dispatcher.drain_once() == 1
    assert violations([TOLD], kela.history, repeats=False) == []


async def test_keys_that_are_away_are_said_and_nothing_is_lost(tmp_path: Path) -> None:
    def unavailable(_told: Notice) -> tuple[bytes, str, str]:
        raise UnavailableError("no keys")

    kela = Receiver()
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    dispatcher = hub.dispatcher()
    dispatcher._open_and_render = unavailable
    with pytest.raises(UnavailableError):
        await dispatcher.drain_once()
    hub.wait(HOUR_US)
    assert await hub.dispatcher().drain_once() == 1
    assert violations([TOLD], kela.history, repeats=False) == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Taken(), DeliveryState.DELIVERED), (Refused("http-422", ""), DeliveryState.DEAD)],
)
async def test_what_was_answered_while_the_ledger_went_away_is_not_handed_over_again(
    tmp_path: Path, answer: Handover, state: DeliveryState
) -> None:
    class Outage(Receiver):
        async def hand_over(self, parcel: Parcel) -> Handover:
            hub.hub.unavailable = True
            return await super().hand_over(parcel)

    kela = Outage(answer)
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.publish(TOLD)
    with pytest.raises(UnavailableError):
        await hub.dispatcher().drain_once()
    hub.hub.unavailable = False
    hub.wait(HOUR_US)
    dispatcher = hub.dispatcher()
    await dispatcher.drain_once()
    assert [(d.state, d.tries) for d in dispatcher.deliveries()] == [(state, 1)]
    assert len(kela.tried) == 1


async def test_a_report_that_the_ledger_never_keeps_does_not_hold_the_lane(tmp_path: Path) -> None:
    kela = Receiver(Taken(), Refused("http-422", ""))
    hub = Bench(tmp_path, {KELA: kela})
    hub.hub.loses_reports = True
    hub.hub.publish(TOLD)
    hub.hub.publish(NEXT)
    dispatcher = hub.dispatcher()
    with capture_logs() as logs:
        await dispatcher.drain_once()
    states = [delivery.state for delivery in dispatcher.deliveries()]
    assert states == [DeliveryState.DELIVERED, DeliveryState.DEAD]
    assert [line["event"] for line in logs].count("report_unrecorded") == 2
