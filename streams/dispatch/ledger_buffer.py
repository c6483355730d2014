"""What a partition's dispatch reads as its ledger: entries that another thread has fetched.

A dispatch asks for entries and must know whether that was all: what the rest of the ledger says may
forbid an attempt. So a buffer that has not heard lately that it holds everything gives no answer,
as a ledger does that cannot be read; a worker that was stopped for a while wakes up so.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from streams.domain.ids import PersonId
from streams.promises.engine import Stored, UnavailableError
from streams.promises.ledger import Read, Recorded

ENTRIES_MAX = 1_000
FRESH_S = 5.0
"""What was known to be all of the ledger so long ago may not be any more."""
WAIT_S = 2.0


class LedgerBuffer:
    """Keeps `streams.dispatch.following.LedgerReader` for one partition, between two threads.

    `put` and `reach_end` belong to the event loop that fetches; the buffer is read elsewhere.
    """

    def __init__(
        self,
        *,
        clock_s: Callable[[], float] = time.monotonic,
        fresh_s: float = FRESH_S,
        wait_s: float = WAIT_S,
    ) -> None:
        """Begin with nothing, and without knowing whether there is something.

        Args:
            clock_s: The clock of `reach_end`, in seconds.
            fresh_s: How old the knowledge that this is all may be.
            wait_s: How long a question waits for what it needs.
        """
        self._clock_s = clock_s
        self._fresh_s = fresh_s
        self._wait_s = wait_s
        self._entries: deque[Stored] = deque()
        self._all_at_s = float("-inf")
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._room.set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def put(self, page: Sequence[Read]) -> None:
        """Add entries, once there is room for them; what is no entry is left out."""
        self._loop = asyncio.get_running_loop()
        await self._room.wait()
        with self._changed:
            self._entries.extend(read.stored for read in page if isinstance(read, Recorded))
            if len(self._entries) >= ENTRIES_MAX:
                self._room.clear()
            self._changed.notify_all()

    def reach_end(self, at_s: float) -> None:
        """Hear that all that the ledger had by a moment was put in here."""
        with self._changed:
            self._all_at_s = at_s
            self._changed.notify_all()

    def __call__(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Give entries after a position: so many, or all that there are.

        What lies at the position or before it is let go.

        Raises:
            UnavailableError: Nobody knows whether that is all.
        """
        del person  # dispatch reads everybody's
        wanted = limit if limit is not None else ENTRIES_MAX
        with self._changed:
            while self._entries and self._entries[0].position <= after:
                self._entries.popleft()
            if not self._changed.wait_for(lambda: self._can_answer(wanted), self._wait_s):
                raise UnavailableError(
                    "the ledger was not read to its end lately: look at the broker"
                )
            found = list(islice(self._entries, wanted))
            if len(self._entries) < ENTRIES_MAX and self._loop is not None:
                with suppress(RuntimeError):  # whoever fetched has ended
                    self._loop.call_soon_threadsafe(self._room.set)
        return iter(found)

    def _can_answer(self, wanted: int) -> bool:
        is_all = self._clock_s() - self._all_at_s <= self._fresh_s
        return is_all or len(self._entries) >= wanted
