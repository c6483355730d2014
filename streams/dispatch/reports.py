"""What dispatch reports to the ledger, and how: one write for all who report at the same time.

A report's id follows from what it reports, so that reporting again after a crash is a duplicate and
makes no second entry.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256

from streams.dispatch.delivery import Delivery
from streams.domain.envelope import HUB, Envelope, hub_envelope
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import EventId, Instant, derive
from streams.promises.engine import Outcome

CONTENT_DIGEST_BYTES = 16
"""A person's state keeps so much of a content digest; a longer one would look reused."""


def started(delivery: Delivery, at: Instant) -> DeliveryStarted:
    """Report that the notice is about to leave, which asks for leave: one id until answered."""
    envelope = _envelope(delivery, at, "delivery-started", str(delivery.asked))
    return DeliveryStarted(
        envelope,
        delivery.notice_id,
        delivery.handoff_id,
        delivery.to,
        delivery.kind,
        delivery.asked,
    )


def delivered(delivery: Delivery, at: Instant) -> NoticeDelivered:
    """Report that the agency took the notice: once in a notice's life, whichever attempt it was."""
    envelope = _envelope(delivery, at, "notice-delivered")
    return NoticeDelivered(
        envelope,
        delivery.notice_id,
        delivery.handoff_id,
        delivery.to,
        delivery.kind,
        delivery.tries,
    )


def undeliverable(delivery: Delivery, at: Instant) -> NoticeUndeliverable:
    """Report that the hub gives up: once a start, since an operator may start anew."""
    envelope = _envelope(delivery, at, "notice-undeliverable", str(delivery.tries))
    return NoticeUndeliverable(
        envelope,
        delivery.notice_id,
        delivery.handoff_id,
        delivery.to,
        delivery.kind,
        delivery.tries,
        delivery.cause,
    )


def _envelope(delivery: Delivery, at: Instant, *what: str) -> Envelope:
    event_id = EventId(derive("e", HUB, what[0], delivery.notice_id, *what[1:]))
    # The id says all that makes the report the same report: made again after a crash, its time,
    # attempt or cause may differ, and it must still be a duplicate and no reused id.
    digest = sha256(event_id.encode()).digest()[:CONTENT_DIGEST_BYTES]
    return hub_envelope(event_id, delivery.person, at, at, digest)


class Reports:
    """Brings reports to the engine; those of one turn of the event loop in one call."""

    def __init__(self, submit: Callable[[Sequence[Event]], list[Outcome]]) -> None:
        """Report through `submit`, which is `Engine.submit`."""
        self._submit = submit
        self._waiting: list[tuple[Event, asyncio.Future[Outcome]]] = []

    async def record(self, event: Event) -> Outcome:
        """Have an event recorded, and give what became of it.

        Raises:
            UnavailableError: The engine's store cannot be used; nothing was recorded.
        """
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((event, heard))
        if len(self._waiting) == 1:
            loop.call_soon(self._bring)
        return await heard

    def _bring(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            outcomes = self._submit([event for event, _ in waiting])
            answers = list(zip(waiting, outcomes, strict=True))
        except BaseException as error:  # noqa: BLE001  # raised again in each who waits
            for _, heard in waiting:
                if not heard.done():
                    heard.set_exception(error)
            return
        for (_, heard), outcome in answers:
            if not heard.done():
                heard.set_result(outcome)
