"""What an attempt makes of notices: asked for, kept in the store, and reported to the ledger.

The same for the lanes of agencies' systems and for desks. Everything is one call of the store or
one report, so that a crash between any two leaves a whole state.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import assert_never

import structlog

from streams.dispatch import reports
from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace, delay_us
from streams.dispatch.delivery import OPEN, Delivery, DeliveryState
from streams.dispatch.following import Following
from streams.domain.event import Event
from streams.domain.ids import Instant, PersonId
from streams.promises.engine import Outcome, ReceiptStatus, UnavailableError
from streams.promises.transport import Handover, Refused, Taken, TryLater

REPORTED_AT_ONCE = 500
"""Reports in one write: a thousand escalations in one message must not stop the loop for long."""
_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")

SealWords = Callable[[PersonId, str], bytes | None]

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Keeping:
    """Keeps what attempts come to; all its methods belong to one event loop."""

    def __init__(
        self,
        submit: Callable[[Sequence[Event]], list[Outcome]],
        attempts: Attempts,
        following: Following,
        *,
        clock: Callable[[], Instant],
        rng: Random,
        pace: Pace,
        seal_words: SealWords | None,
    ) -> None:
        """Keep in the store, and report through `submit`."""
        self._reports = reports.Reports(submit)
        self._attempts = attempts
        self._following = following
        self._clock = clock
        self._rng = rng
        self._pace = pace
        self._seal_words = seal_words

    def begin(self, due: Sequence[Delivery], now: Instant) -> list[Delivery]:
        """Count attempts before anything of them is done, all in one write."""
        if not due:
            return []
        with self._attempts.together():
            for delivery in due:
                delay = delay_us(self._pace, delivery.tries + 1, None, self._rng)
                self._attempts.begin(delivery.notice_id, now, Instant(now + delay))
        return [self.again(delivery) for delivery in due]

    async def may_leave(self, delivery: Delivery) -> bool:
        """Ask the ledger whether a notice may leave; not yet, where it will answer later."""
        outcome = await self._reports.record(reports.started(delivery, self._clock()))
        if outcome.status is ReceiptStatus.ACCEPTED:
            return True
        if outcome.status is ReceiptStatus.QUEUED:
            self._attempts.await_start(delivery.notice_id, self._asked_again_at())
        if outcome.status is ReceiptStatus.REFUSED:
            with self._attempts.together():
                self._attempts.forbid(delivery.notice_id, delivery.asked)
        # Refused, or reported before a crash, or queued: what holds is what the ledger says of it.
        self._following.catch_up()
        state = self.again(delivery).state
        if state is DeliveryState.CANCELLED:
            _log.info("notice_cancelled", notice_id=delivery.notice_id, to=delivery.to)
        return state is DeliveryState.TRYING

    async def ask(self, deliveries: Sequence[Delivery]) -> None:
        """Ask the ledger for the leave of many; what it says stands in the store."""
        for start in range(0, len(deliveries), REPORTED_AT_ONCE):
            asked = deliveries[start : start + REPORTED_AT_ONCE]
            await asyncio.gather(*map(self.may_leave, asked))
        self._following.catch_up()

    def keep(self, deliveries: Sequence[Delivery], handover: Handover) -> list[Delivery]:
        """Keep what came of handing over a notice, or of one message for many."""
        match handover:
            case Taken():
                # Not written: the ledger will say so in a moment, and until then, in the worst
                # case, the agency is told again under the same id.
                return [d._replace(state=DeliveryState.TAKEN, cause="") for d in deliveries]
            case TryLater(cause=cause, after_s=after_s):
                self._try_later(deliveries, _code(cause), after_s)
            case Refused(cause=cause, words=words):
                for delivery in deliveries:
                    sealed = self._sealed(delivery, words)
                    self._attempts.decide(
                        delivery.notice_id, DeliveryState.GIVEN_UP, _code(cause), sealed
                    )
            case _:
                assert_never(handover)
        return [self.again(delivery) for delivery in deliveries]

    async def report_all(self, deliveries: Sequence[Delivery]) -> None:
        """Report of many, as `report`."""
        for start in range(0, len(deliveries), REPORTED_AT_ONCE):
            await asyncio.gather(*map(self.report, deliveries[start : start + REPORTED_AT_ONCE]))

    async def report(self, delivery: Delivery) -> None:
        """Tell the ledger that a notice was taken or given up; of others there is nothing to tell.

        Raises:
            UnavailableError: The ledger cannot be used; what is known is kept.
        """
        if delivery.state is DeliveryState.TAKEN:
            await self._report(reports.delivered(delivery, self._clock()), delivery)
        elif delivery.state is DeliveryState.GIVEN_UP:
            await self._report(reports.undeliverable(delivery, self._clock()), delivery)

    def again(self, delivery: Delivery) -> Delivery:
        """Give a delivery as the store has it now."""
        return self._attempts.find(delivery.notice_id) or delivery

    def _try_later(self, deliveries: Sequence[Delivery], cause: str, after_s: float | None) -> None:
        now = self._clock()
        tries = max(delivery.tries for delivery in deliveries)
        delay = delay_us(self._pace, tries, after_s, self._rng)
        for delivery in deliveries:
            first_at = now if delivery.first_at is None else delivery.first_at
            gives_up_at = first_at + self._pace.limit_us
            if now >= gives_up_at:
                self._attempts.decide(delivery.notice_id, DeliveryState.GIVEN_UP, cause)
                continue
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

    def _sealed(self, delivery: Delivery, words: str) -> bytes | None:
        # A notice of an agency's own lane is of no person, and a desk is no agency's system.
        of_nobody = delivery.person == delivery.owner or delivery.desk
        if self._seal_words is None or not words or of_nobody:
            return None
        try:
            return self._seal_words(delivery.person, words)
        except UnavailableError:
            return None  # the refusal counts; its words are only a help

    async def _report(self, report: Event, delivery: Delivery) -> None:
        try:
            outcome = await self._reports.record(report)
        except Exception:
            self._remember(delivery)
            raise
        if outcome.status is ReceiptStatus.QUEUED:
            self._attempts.await_word(delivery.notice_id, delivery.state, self._asked_again_at())
            return
        self._following.catch_up()
        settled = self.again(delivery)
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

    def _asked_again_at(self) -> Instant:
        return Instant(self._clock() + self._pace.answer_us)

    def _remember(self, delivery: Delivery) -> None:
        if delivery.state is DeliveryState.TAKEN:
            self._attempts.decide(delivery.notice_id, DeliveryState.TAKEN, "")

    def _settle(self, delivery: Delivery) -> Delivery:
        with self._attempts.together():
            if delivery.state is DeliveryState.TAKEN:
                self._attempts.arrive(delivery.notice_id, delivery.tries)
            else:
                self._attempts.bury(delivery.notice_id, delivery.tries, delivery.cause)
        return self.again(delivery)


def _code(cause: str) -> str:
    """Keep free text out of ledger and logs, should a transport give it as a cause."""
    return cause if _CODE.fullmatch(cause) else "unnamed"
