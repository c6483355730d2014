"""Dispatch: every notice reaches its agency at least once, in order, under one id for good.

A person and a receiving agency make a lane; only its oldest open notice is attempted, so a lane
that waits holds nothing but itself. An attempt asks the ledger, hands over, and reports.
"""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import assert_never

import structlog

from streams.dispatch import reports
from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace, delay_us, horizon_us
from streams.dispatch.delivery import OPEN, Delivery, DeliveryState
from streams.dispatch.following import Following, LedgerReader
from streams.domain.entry import Notice
from streams.domain.event import Event
from streams.domain.ids import AgencyId, Instant, NoticeId, PersonId
from streams.promises.engine import Outcome, ReceiptStatus, UnavailableError
from streams.promises.transport import Handover, Parcel, Refused, Taken, Transport, TryLater

LOOK_AGAIN_S_MAX = 60.0
"""The clock is looked at this often, since it may be set while dispatch sleeps."""
GRACE_S = 10.0
PERSON_ERASED = "person-erased"
_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")

Rendered = tuple[bytes, str, str]
"""A notice as its agency wants it: body, media type, file name ending."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Dispatcher:
    """Brings notices from the ledger to the agencies; the same on every engine.

    All its methods belong to one event loop, save `announce`. `submit` and `ledger` are called
    there too, so they must not block for long.
    """

    def __init__(
        self,
        *,
        ledger: LedgerReader,
        submit: Callable[[Sequence[Event]], list[Outcome]],
        transports: Mapping[AgencyId, Transport],
        open_and_render: Callable[[Notice], Rendered | None],
        attempts: Attempts,
        clock: Callable[[], Instant],
        rng: Random,
        pace: Pace,
        seal_words: Callable[[PersonId, str], bytes | None] | None = None,
    ) -> None:
        """Prepare; nothing is attempted yet.

        An agency without a transport is not dispatched to: its notices stay pending.
        `open_and_render` gives None where the person's key was destroyed. Without `seal_words` the
        words of an agency that refuses are not kept: they are free text and may speak of a person.
        """
        self._reports = reports.Reports(submit)
        self._transports = dict(sorted(transports.items()))
        self._open_and_render = open_and_render
        self._attempts = attempts
        self._following = Following(ledger, attempts)
        self._clock = clock
        self._rng = rng
        self._pace = pace
        self._seal_words = seal_words
        self._failures: Counter[AgencyId] = Counter()
        self._busy: defaultdict[AgencyId, set[PersonId]] = defaultdict(set)
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = False

    def announce(self) -> None:
        """Say that the ledger has new entries; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def deliveries(
        self, to: AgencyId | None = None, state: DeliveryState | None = None
    ) -> list[Delivery]:
        """List notices and their fate in ledger order, of one agency or in one state if asked."""
        return list(self._attempts.deliveries(to, state))

    def words(self, notice_id: NoticeId) -> bytes | None:
        """Give the sealed words with which an agency refused a dead delivery, None without any."""
        return self._attempts.words(notice_id)

    def retry_now(self, notice_id: NoticeId) -> None:
        """Start a dead delivery anew for an operator, with the ledger's leave and a new limit.

        Raises:
            UnknownNoticeError: There is no such notice.
            NotDeadError: It is no dead delivery.
            UnavailableError: The ledger cannot be read.
        """
        self._following.catch_up()
        self._attempts.reopen(notice_id)
        self._wake.set()

    async def drain_once(self) -> int:
        """Attempt whatever is due, one after the other, and give the number of attempts.

        What is postponed meanwhile is left for the next time.

        Raises:
            UnavailableError: The ledger cannot be used; what was done stays done.
        """
        made = 0
        began_at = self._clock()
        while True:
            self._following.catch_up()
            due = [delivery for to in self._transports for delivery in self._due(to, began_at, 1)]
            if not due:
                return made
            oldest = min(due, key=lambda delivery: (delivery.position, delivery.ordinal))
            (begun,) = self._begin([oldest], self._clock())
            await self._attempt(begun)
            made += 1

    async def run_until(self, stop: asyncio.Event, grace_s: float = GRACE_S) -> None:
        """Dispatch until told to stop; attempts under way then have `grace_s` seconds to end."""
        self._loop = asyncio.get_running_loop()
        watcher = asyncio.create_task(self._wake_at(stop))
        try:
            while not stop.is_set():
                self._wake.clear()
                pause_s = self._launch()
                try:
                    async with asyncio.timeout(pause_s):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            self._loop = None
            watcher.cancel()
            await self._let_end(watcher, grace_s)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _let_end(self, watcher: asyncio.Task[None], grace_s: float) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=grace_s)
            for task in late:
                task.cancel()  # as if the process had died: the same notice goes again
        await asyncio.gather(watcher, *self._under_way, return_exceptions=True)

    def _launch(self) -> float:
        """Start what is due; give the seconds until something else may be."""
        if self._held:
            return LOOK_AGAIN_S_MAX
        try:
            if not self._following.take_batch():
                return 0.0  # what the rest of the ledger says may forbid an attempt
            now = self._clock()
            due = [delivery for to in self._transports for delivery in self._free_to_go(to, now)]
            begun = self._begin(due, now)
            pause_s = min(
                [self._pause_s(to, now) for to in self._transports], default=LOOK_AGAIN_S_MAX
            )
        except Exception as error:  # noqa: BLE001  # whatever ails ledger or store, dispatch outlives it
            self._hold(error)
            return LOOK_AGAIN_S_MAX
        for delivery in begun:
            self._busy[delivery.to].add(delivery.person)
            task = asyncio.create_task(self._attempt(delivery))
            self._under_way.add(task)
            task.add_done_callback(partial(self._ended, delivery))
        return pause_s

    def _free_to_go(self, to: AgencyId, now: Instant) -> list[Delivery]:
        busy = self._busy[to]
        lanes = 1 if self._is_out(to) else self._pace.lanes_per_agency
        free = max(0, lanes - len(busy))
        due = self._due(to, now, free + len(busy)) if free else []
        return [delivery for delivery in due if delivery.person not in busy][:free]

    def _pause_s(self, to: AgencyId, now: Instant) -> float:
        next_at = self._attempts.next_at(to, now)
        if next_at is None:
            return LOOK_AGAIN_S_MAX
        return min(LOOK_AGAIN_S_MAX, (next_at - now) / 1_000_000)

    def _ended(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._busy[delivery.to].discard(delivery.person)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._hold(error)

    def _hold(self, error: BaseException) -> None:
        # Ledger or store cannot be used: every other attempt would meet the same.
        _log.error("dispatch_held", error=type(error).__name__, hold_us=self._pace.hold_us)
        if not self._held:
            self._held = True
            loop = asyncio.get_running_loop()
            loop.call_later(self._pace.hold_us / 1_000_000, self._release)

    def _release(self) -> None:
        self._held = False
        self._wake.set()

    def _due(self, to: AgencyId, now: Instant, limit: int) -> list[Delivery]:
        return self._attempts.due(to, now, horizon_us(self._pace), limit)

    def _begin(self, due: Sequence[Delivery], now: Instant) -> list[Delivery]:
        """Count attempts before anything of them is done, all in one write."""
        if not due:
            return []
        with self._attempts.together():
            for delivery in due:
                delay = delay_us(self._pace, delivery.tries + 1, None, self._rng)
                self._attempts.begin(delivery.notice_id, now, Instant(now + delay))
        return [self._again(delivery) for delivery in due]

    async def _attempt(self, delivery: Delivery) -> None:
        """Take the head of a lane as far as it can go now; the attempt has been counted."""
        if delivery.state is DeliveryState.TRYING:
            # A withdrawal may have come since, and its word must be heard before data leaves again.
            self._following.catch_up()
            delivery = self._again(delivery)
        if delivery.state in (DeliveryState.PENDING, DeliveryState.TRYING):
            delivery = await self._carry(delivery)
        if delivery.state is DeliveryState.TAKEN:
            await self._report(reports.delivered(delivery, self._clock()), delivery)
        if delivery.state is DeliveryState.GIVEN_UP:
            await self._report(reports.undeliverable(delivery, self._clock()), delivery)

    async def _carry(self, delivery: Delivery) -> Delivery:
        """Render, ask the ledger, hand over, and keep what came of it."""
        parcel = self._parcel(delivery)
        if not isinstance(parcel, Parcel):
            return self._keep(delivery, parcel)
        if delivery.state is DeliveryState.PENDING and not await self._may_leave(delivery):
            return self._again(delivery)
        try:
            handover = await self._transports[delivery.to].hand_over(parcel)
        except Exception as error:  # noqa: BLE001  # one faulty transport must not stop the others
            _log.error("transport_failed", to=delivery.to, error=type(error).__name__)
            handover = TryLater("transport-failed", None)
        self._note_reach(delivery.to, handover)
        return self._keep(delivery, handover)

    def _parcel(self, delivery: Delivery) -> Parcel | TryLater | Refused:
        try:
            rendered = self._open_and_render(self._following.notice(delivery))
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  # one notice that cannot be rendered holds its lane only
            _log.error("render_failed", notice_id=delivery.notice_id, error=type(error).__name__)
            return TryLater("render-failed", None)
        if rendered is None:
            return Refused(PERSON_ERASED, "")
        return Parcel(delivery.notice_id, delivery.to, *rendered)

    async def _may_leave(self, delivery: Delivery) -> bool:
        outcome = await self._reports.record(reports.started(delivery, self._clock()))
        if outcome.status is ReceiptStatus.ACCEPTED:
            return True
        if outcome.status is ReceiptStatus.QUEUED:
            self._attempts.await_start(delivery.notice_id)
        if outcome.status is ReceiptStatus.REFUSED:
            with self._attempts.together():
                self._attempts.forbid(delivery.notice_id, delivery.asked)
        # Refused, or reported before a crash, or queued: what holds is what the ledger says of it.
        self._following.catch_up()
        state = self._again(delivery).state
        if state is DeliveryState.CANCELLED:
            _log.info("notice_cancelled", notice_id=delivery.notice_id, to=delivery.to)
        return state is DeliveryState.TRYING

    def _keep(self, delivery: Delivery, handover: Handover) -> Delivery:
        notice_id = delivery.notice_id
        match handover:
            case Taken():
                # Not written: the ledger will say so in a moment, and until then, in the worst
                # case, the agency is told again under the same id.
                return delivery._replace(state=DeliveryState.TAKEN, cause="")
            case TryLater(cause=cause, after_s=after_s):
                self._try_later(delivery, _code(cause), after_s)
            case Refused(cause=cause, words=words):
                sealed = self._sealed(delivery.person, words)
                self._attempts.decide(notice_id, DeliveryState.GIVEN_UP, _code(cause), sealed)
            case _:
                assert_never(handover)
        return self._again(delivery)

    def _try_later(self, delivery: Delivery, cause: str, after_s: float | None) -> None:
        now = self._clock()
        gives_up_at = (
            now if delivery.first_at is None else delivery.first_at
        ) + self._pace.limit_us
        if now >= gives_up_at:
            self._attempts.decide(delivery.notice_id, DeliveryState.GIVEN_UP, cause)
            return
        delay = delay_us(self._pace, delivery.tries, after_s, self._rng)
        next_at = Instant(min(now + delay, gives_up_at))
        self._attempts.postpone(delivery.notice_id, next_at, cause)
        _log.info(
            "notice_postponed",
            notice_id=delivery.notice_id,
            to=delivery.to,
            tries=delivery.tries,
            cause=cause,
            delay_us=next_at - now,
        )

    def _sealed(self, person: PersonId, words: str) -> bytes | None:
        if self._seal_words is None or not words:
            return None
        try:
            return self._seal_words(person, words)
        except UnavailableError:
            return None  # the refusal counts; its words are only a help

    async def _report(self, report: Event, delivery: Delivery) -> None:
        try:
            outcome = await self._reports.record(report)
        except Exception:
            self._remember(delivery)
            raise
        if outcome.status is ReceiptStatus.QUEUED:
            self._remember(delivery)
            return
        self._following.catch_up()
        settled = self._again(delivery)
        if settled.state in OPEN:
            # Recorded nowhere, which no engine should do; a lane must not stand still for it.
            status = outcome.status.value
            _log.error("report_unrecorded", notice_id=delivery.notice_id, status=status)
            settled = self._settle(delivery)
        _log.info(
            "notice_settled",
            notice_id=settled.notice_id,
            to=settled.to,
            state=settled.state.value,
            tries=settled.tries,
            cause=settled.cause,
        )

    def _remember(self, delivery: Delivery) -> None:
        if delivery.state is DeliveryState.TAKEN:
            self._attempts.decide(delivery.notice_id, DeliveryState.TAKEN, "")

    def _settle(self, delivery: Delivery) -> Delivery:
        with self._attempts.together():
            if delivery.state is DeliveryState.TAKEN:
                self._attempts.arrive(delivery.notice_id, delivery.tries)
            else:
                self._attempts.bury(delivery.notice_id, delivery.tries, delivery.cause)
        return self._again(delivery)

    def _again(self, delivery: Delivery) -> Delivery:
        return self._attempts.find(delivery.notice_id) or delivery

    def _is_out(self, to: AgencyId) -> bool:
        return self._failures[to] >= self._pace.outage_after

    def _note_reach(self, to: AgencyId, handover: Handover) -> None:
        if isinstance(handover, TryLater):
            self._failures[to] += 1
            return
        if self._is_out(to):
            # No further than the own backoff goes: beyond it lies what the agency asked for.
            self._attempts.wake(to, Instant(self._clock() + self._pace.cap_us))
        self._failures[to] = 0


def _code(cause: str) -> str:
    """Keep free text out of ledger and logs, should a transport give it as a cause."""
    return cause if _CODE.fullmatch(cause) else "unnamed"
