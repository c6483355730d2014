"""The inbox of a Kafka hub: files that agencies leave are queued, and get their receipts.

The folders are those of an embedded hub (`inbox`). A file's messages are recorded when they are
taken, not when the file came: while it waits here, no watermark knows of it. A crash between
queueing a file and leaving its receipts has it queued again; its events have the same ids, and
count once.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from streams.bootstrap.inbox import Arrival, Inbox
from streams.bootstrap.receiving import Receiving
from streams.promises.engine import UnavailableError
from streams.promises.receipt import Receipt

LOOK_S = 0.2
HOLD_S = 1.0
PATIENCE_S = 10.0
"""How long one try with a file may take where broker or database do not answer."""

WriteReceipts = Callable[[Sequence[Receipt]], bytes]

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class InboxReceiving:
    """Empties an inbox into the raw topics. Used inside one event loop."""

    def __init__(self, inbox: Inbox, receiving: Receiving, write_receipts: WriteReceipts) -> None:
        """Bring together the inbox and the receive step; both stay their owner's."""
        self._inbox = inbox
        self._receiving = receiving
        self._write_receipts = write_receipts
        self._held: set[tuple[int, int, int]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take what comes until told to stop; the file under way is brought to its end."""
        while not stop.is_set():
            pause_s = LOOK_S
            try:
                for arrival in self._inbox.waiting():
                    if stop.is_set():
                        return
                    if arrival.identity not in self._held:
                        await self._take(arrival)
            except UnavailableError as failure:
                _log.error(
                    "inbox_held", error=type(failure).__name__, hold_us=int(HOLD_S * 1_000_000)
                )
                pause_s = HOLD_S
            try:
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _take(self, arrival: Arrival) -> None:
        began_ns = time.monotonic_ns()
        try:
            raw = self._inbox.read(arrival)
        except UnavailableError as unreadable:
            self._hold(arrival, unreadable)
            return
        if raw is None:
            return
        receipts: list[Receipt] = []
        try:
            async for group in self._receiving.receive(arrival.agency, raw, patience_s=PATIENCE_S):
                receipts += group
        except UnavailableError:
            raise
        except Exception as defect:  # noqa: BLE001  # one file must not stop the others, whatever it holds
            self._hold(arrival, defect)
            return
        self._inbox.settle(arrival, self._write_receipts(receipts))
        _log.info(
            "file_taken",
            agency=arrival.agency,
            bytes=len(raw),
            messages=len(receipts),
            duration_us=(time.monotonic_ns() - began_ns) // 1000,
        )

    def _hold(self, arrival: Arrival, failure: Exception) -> None:
        # It stays where it is, and is tried again when it changes or the worker starts anew.
        self._held.add(arrival.identity)
        _log.error("file_held", agency=arrival.agency, error=type(failure).__name__)
