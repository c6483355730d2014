"""Dispatch: every notice reaches its agency at least once, in order, under one id for good.

A person and a receiving agency make a lane; only its oldest open notice is attempted, so a lane
that waits holds nothing but itself. An attempt asks the ledger, hands over, and reports. Desks, to
which escalations go that people read, are lanes of their own (`desk_dispatch`).
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

import structlog

from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace, horizon_us
from streams.dispatch.delivery import Delivery, DeliveryState
from streams.dispatch.desk_dispatch import DeskDispatch, DeskPost, Round
from streams.dispatch.desk_message import Rendered
from streams.dispatch.desk_rows import DeskKey
from streams.dispatch.following import Following, LedgerReader
from streams.dispatch.keeping import Keeping, SealWords
from streams.domain.entry import Notice
from streams.domain.event import Event
from streams.domain.ids import AgencyId, Instant, NoticeId, PersonId
from streams.promises.engine import Outcome, UnavailableError
from streams.promises.transport import Handover, Parcel, Refused, Transport, TryLater

LOOK_AGAIN_S_MAX = 60.0
"""The clock is looked at this often, since it may be set while dispatch sleeps."""
GRACE_S = 10.0
PERSON_ERASED = "person-erased"
_NO_DESKS: Mapping[DeskKey, DeskPost] = MappingProxyType({})

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
        seal_words: SealWords | None = None,
        desks: Mapping[DeskKey, DeskPost] = _NO_DESKS,
        desks_elsewhere: Collection[DeskKey] = (),
        look_again_s: float = LOOK_AGAIN_S_MAX,
    ) -> None:
        """Prepare; nothing is attempted yet.

        Escalations to a role that has one of the `desks` go there, what is open as well; those to
        `desks_elsewhere` wait for another dispatch on the same store. What others write into the
        store is found within `look_again_s` seconds. An agency without a transport is not
        dispatched to: its notices stay pending. `open_and_render` gives None where the person's key
        was destroyed. Without `seal_words` the words of an agency that refuses are not kept: they
        are free text and may speak of a person.
        """
        self._transports = dict(sorted(transports.items()))
        self._open_and_render = open_and_render
        self._attempts = attempts
        every_desk = {*desks, *desks_elsewhere}
        self._following = Following(ledger, attempts, every_desk, pace.group_wait_us)
        self._keeping = Keeping(
            submit,
            attempts,
            self._following,
            clock=clock,
            rng=rng,
            pace=pace,
            seal_words=seal_words,
        )
        self._desks = DeskDispatch(
            desks,
            attempts,
            following=self._following,
            keeping=self._keeping,
            clock=clock,
            pace=pace,
            elsewhere=desks_elsewhere,
        )
        self._look_again_s = min(look_again_s, LOOK_AGAIN_S_MAX)
        self._clock = clock
        self._pace = pace
        self._failures = Counter[AgencyId]()
        self._busy: defaultdict[AgencyId, set[PersonId]] = defaultdict(set)
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = False

    def announce(self) -> None:
        """Say that the ledger has new entries; may be called from any thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(self._wake.set)

    def followed(self) -> int:
        """Give how far the ledger is in the store; may be called from any thread."""
        return self._following.kept

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
            if due:
                oldest = min(due, key=lambda delivery: (delivery.position, delivery.ordinal))
                (begun,) = self._keeping.begin([oldest], self._clock())
                await self._attempt(begun)
            elif rounds := self._desks.take(began_at, limit=1):
                await self._desks.attempt(rounds[0])
            else:
                return made
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
        rounds: list[Round] = []
        try:
            if not self._following.take_batch():
                return 0.0  # what the rest of the ledger says may forbid an attempt
            now = self._clock()
            due = [delivery for to in self._transports for delivery in self._free_to_go(to, now)]
            begun = self._keeping.begin(due, now)
            rounds = self._desks.take(now)
            pauses = [self._pause_s(to, now) for to in self._transports]
            pause_s = min([*pauses, self._desks.pause_s(now)], default=LOOK_AGAIN_S_MAX)
        except Exception as error:  # noqa: BLE001  # whatever ails ledger or store, dispatch outlives it
            self._desks.put_back(rounds)
            self._hold(error)
            return LOOK_AGAIN_S_MAX
        for delivery in begun:
            self._busy[delivery.to].add(delivery.person)
            self._set_out(self._attempt(delivery), partial(self._leave_lane, delivery))
        for one in rounds:
            self._set_out(self._desks.attempt(one), lambda: None)
        return min(pause_s, self._look_again_s)

    def _set_out(self, attempt: Coroutine[Any, Any, None], leave: Callable[[], None]) -> None:
        task = asyncio.create_task(attempt)
        self._under_way.add(task)
        task.add_done_callback(partial(self._ended, leave))

    def _leave_lane(self, delivery: Delivery) -> None:
        self._busy[delivery.to].discard(delivery.person)

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

    def _ended(self, leave: Callable[[], None], task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        leave()
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

    async def _attempt(self, delivery: Delivery) -> None:
        """Take the head of a lane as far as it can go now; the attempt has been counted."""
        if delivery.state is DeliveryState.TRYING:
            # A withdrawal may have come since, and its word must be heard before data leaves again.
            self._following.catch_up()
            delivery = self._keeping.again(delivery)
        if delivery.state is DeliveryState.PENDING and delivery.closed:
            # A backfill, or a long silence: what it escalates is over, and nobody's to act on.
            self._attempts.desks.settle([delivery.notice_id])
            delivery = self._keeping.again(delivery)
        if delivery.state in (DeliveryState.PENDING, DeliveryState.TRYING):
            delivery = await self._carry(delivery)
        await self._keeping.report(delivery)

    async def _carry(self, delivery: Delivery) -> Delivery:
        """Render, ask the ledger, hand over, and keep what came of it."""
        parcel = self._parcel(delivery)
        if not isinstance(parcel, Parcel):
            return self._keeping.keep([delivery], parcel)[0]
        if delivery.state is DeliveryState.PENDING and not await self._keeping.may_leave(delivery):
            return self._keeping.again(delivery)
        try:
            handover = await self._transports[delivery.to].hand_over(parcel)
        except Exception as error:  # noqa: BLE001  # one faulty transport must not stop the others
            _log.error("transport_failed", to=delivery.to, error=type(error).__name__)
            handover = TryLater("transport-failed", None)
        self._note_reach(delivery.to, handover)
        return self._keeping.keep([delivery], handover)[0]

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
