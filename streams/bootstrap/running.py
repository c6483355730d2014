"""A running hub: one process, one folder. It empties the inbox, fires clocks, and dispatches.

A clock fires by wall time once nothing that came before its moment still waits in the inbox, so
that a breach never overtakes an answer that was in time: the inbox was looked through after that
moment, and no file in it is older. The hub wakes for it, however seldom the inbox is looked at.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

import structlog

from streams.bootstrap.dispatching import (
    ATTEMPTS_FILE,
    desks_of_hub,
    dispatcher_of,
    open_attempts,
)
from streams.bootstrap.duty_answers import take_document
from streams.bootstrap.hub import Hub, wall_clock
from streams.bootstrap.inbox import Arrival, Inbox
from streams.bootstrap.transports import OUTBOX, transports_of
from streams.dispatch.attempts import Attempts, NewerStoreError
from streams.domain.envelope import HUB
from streams.domain.ids import Instant
from streams.engines.sqlite_store import mended
from streams.promises.engine import ReceiptStatus, UnavailableError
from streams.promises.receipt import Receipt

_LINUX_COARSE_CLOCK = 5
_TICK_US_MAX = 10_000


def tick_us() -> int:
    """Give how coarse the clock is by which files are stamped, in microseconds.

    It lags behind the machine's time by less than one tick of the kernel, which is 10 ms at most.
    """
    if sys.platform != "linux":
        return _TICK_US_MAX
    return round(time.clock_getres(_LINUX_COARSE_CLOCK) * 1_000_000)


SCAN_S = 0.2
"""How often the inbox is looked through; a clock that is due sooner wakes the hub by itself."""
SETTLE_US = tick_us()
"""A file's time of coming may be so much older than the moment at which it can be seen."""
HOLD_S = 1.0
"""How long the inbox rests when the stores cannot be used."""

WriteReceipts = Callable[[Sequence[Receipt]], bytes]

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RunningHub:
    """Everything that a running hub does, on one event loop."""

    def __init__(self, hub: Hub, write_receipts: WriteReceipts) -> None:
        """Put dispatch and inbox beside an open hub, which stays its owner's.

        Args:
            hub: The hub, open for writing.
            write_receipts: How the receipts of a file are written.

        Raises:
            SecretsError: A webhook has no secret, a desk's e-mail no server, or one that cannot be
                used.
            UnavailableError: A folder or store of the hub cannot be used.
        """
        self._hub = hub
        hub.engine.wall = _wall
        self._write_receipts = write_receipts
        agencies = hub.agreements.in_force(hub.now()).agencies
        try:
            self._transports = transports_of(
                agencies, hub.data / OUTBOX, hub.secrets_place, wall_clock
            )
            self._desks = desks_of_hub(hub)
        except OSError as failure:
            raise UnavailableError(f"{failure.filename}: {failure.strerror}") from failure
        self._inbox = Inbox(hub.data, {*agencies, HUB})
        try:
            self._attempts = _opened_attempts(hub.data)
        except BaseException:
            self._inbox.close()
            raise
        rng = Random()  # noqa: S311  # it spreads retries; nothing is kept secret by it
        self._dispatcher = dispatcher_of(
            hub, self._transports, self._attempts, clock=hub.now, rng=rng, desks=self._desks
        )
        self._held: set[tuple[int, int, int]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop; the file and the attempts under way are brought to their end."""
        dispatch = asyncio.create_task(self._dispatcher.run_until(stop))
        intake = asyncio.create_task(self._take_in_until(stop))
        await asyncio.wait((dispatch, intake), return_when=asyncio.FIRST_COMPLETED)
        stop.set()  # neither runs on without the other
        await asyncio.wait((dispatch, intake))
        posts = [post.transport for post in self._desks.values()]
        for transport in (*self._transports.values(), *posts):
            await transport.close()
        for task in (dispatch, intake):
            task.result()  # raises what ended it

    def close(self) -> None:
        """Let go of inbox and attempts."""
        self._attempts.close()
        self._inbox.close()

    async def _take_in_until(self, stop: asyncio.Event) -> None:
        is_following = True
        while not stop.is_set():
            try:
                if is_following:
                    is_following = await self._follow_agreement(stop)
                pause_s = await self._look(stop)
            except UnavailableError as failure:
                _log.error("inbox_held", error=type(failure).__name__, hold_us=int(HOLD_S * 1e6))
                pause_s = HOLD_S
            try:
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            except TimeoutError:
                pass

    async def _follow_agreement(self, stop: asyncio.Event) -> bool:
        """Bring open clocks under a file that was edited; say whether some are left."""
        engine = self._hub.engine
        changes = 0
        for each in engine.following(engine.now()):
            changes += each
            self._dispatcher.announce()
            await asyncio.sleep(0)
            if stop.is_set():
                return True
        if changes:
            _log.info("agreement_followed", clocks=changes)
        return False

    async def _look(self, stop: asyncio.Event) -> float:
        """Take what waits, then fire what is due; give the seconds until the next look."""
        looked_at = Instant(wall_clock() - SETTLE_US)
        waiting = [each for each in self._inbox.waiting() if each.identity not in self._held]
        for arrival in waiting:
            if stop.is_set():
                return 0.0
            await self._fire_due(min(looked_at, Instant(arrival.arrived_at - 1)), stop)
            await self._take(arrival)
        await self._fire_due(looked_at, stop)
        if waiting:
            return 0.0  # others may have come meanwhile
        due_at = self._hub.engine.next_due()
        if due_at is None:
            return SCAN_S
        until_due_s = (due_at + SETTLE_US - wall_clock()) / 1_000_000
        return min(SCAN_S, max(0.001, until_due_s))

    async def _take(self, arrival: Arrival) -> None:
        began = time.monotonic_ns()
        try:
            raw = self._inbox.read(arrival)
        except UnavailableError as unreadable:
            self._hold(arrival, unreadable)
            return
        if raw is None:
            return
        receipts: list[Receipt] = []
        try:
            for group in self._taken_in(arrival, raw):
                receipts += group
                self._dispatcher.announce()
                await asyncio.sleep(0)  # dispatch has its turn between two groups
            written = self._write_receipts(receipts)
        except UnavailableError:
            raise
        except Exception as defect:  # noqa: BLE001  # one file must not stop the others, whatever it holds
            self._hold(arrival, defect)
            return
        self._inbox.settle(arrival, written)
        _log.info(
            "file_taken",
            agency=arrival.agency,
            bytes=len(raw),
            messages=len(receipts),
            dead_letters=sum(each.status is ReceiptStatus.DEAD_LETTER for each in receipts),
            duration_us=(time.monotonic_ns() - began) // 1000,
        )

    def _taken_in(self, arrival: Arrival, raw: bytes) -> Iterable[list[Receipt]]:
        recorded_at = self._recorded_at(arrival)
        if arrival.agency == HUB:
            return [[take_document(self._hub, raw, recorded_at)]]
        return self._hub.ingest(arrival.agency, raw, recorded_at)

    def _hold(self, arrival: Arrival, failure: Exception) -> None:
        # It stays where it is, and is tried again when it changes or the hub starts anew.
        self._held.add(arrival.identity)
        _log.error("file_held", agency=arrival.agency, error=type(failure).__name__)

    def _recorded_at(self, arrival: Arrival) -> Instant:
        now, virtual = wall_clock(), self._hub.engine.now()
        # A hub whose virtual time is ahead of the machine's stands at that moment.
        return virtual if virtual > now else min(arrival.arrived_at, now)

    async def _fire_due(self, until: Instant, stop: asyncio.Event) -> None:
        """Fire what is due by a moment before which nothing can come any more."""
        engine = self._hub.engine
        virtual = engine.now()
        if virtual > wall_clock():
            until = virtual
        due_at = engine.next_due()
        if due_at is None or due_at > until:
            return
        lag_us, fired = engine.lag_us(wall_clock()), 0
        for each in engine.advancing(until):
            fired += each
            self._dispatcher.announce()
            await asyncio.sleep(0)  # dispatch has its turn between two transactions
            if stop.is_set():
                break
        _log.info("clocks_fired", clocks=fired, lag_us=lag_us)


def _wall() -> Instant:
    return wall_clock()


def _opened_attempts(data: Path) -> Attempts:
    place = data / ATTEMPTS_FILE
    try:
        with mended(place):
            return open_attempts(data)
    except NewerStoreError as newer:
        raise UnavailableError(f"{place}: {newer}; run the newer version of the hub") from newer
