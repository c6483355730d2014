"""The stage: a real hub and its dispatch, in virtual time that moves from event to event.

Nothing waits: time jumps to the next moment at which somebody speaks, a clock is due or a delivery
is tried again. Clocks fire first, then one message is taken in, then dispatch does what it can.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from random import Random

from connectors.transport.in_process import InProcess
from streams.bootstrap.dispatching import dispatcher_of, open_attempts
from streams.bootstrap.hub import Hub
from streams.bootstrap.story.persons import Person
from streams.domain.calendar import HOUR_US, after_working_days, is_working_day, local_day, midnight
from streams.domain.ids import AgencyId, Instant
from streams.promises.receipt import Receipt
from streams.promises.transport import Parcel

Act = Callable[[], None]

MINUTE_US = 60_000_000
_OPENS_HOUR, _OPEN_HOURS = 8, 8


class Stage:
    """Where the story is played."""

    def __init__(self, hub: Hub, rng: Random, opens_at: Instant) -> None:
        """Put a hub on the stage; the story's time begins at `opens_at`."""
        self.hub = hub
        self.rng = rng
        self.now = opens_at
        self.persons: dict[str, Person] = {}
        """Everybody in the story by HETU: what the agencies know from their own registers."""
        self.statuses: Counter[str] = Counter()
        """How many receipts there were of each status."""
        self.dead: list[Receipt] = []
        self.clocks_fired = 0
        self._agenda: list[tuple[Instant, int, Act]] = []
        self._planned = 0
        self._transports: dict[AgencyId, InProcess] = {}
        self._failures: list[Exception] = []
        self._attempts = open_attempts(hub.data)
        agreement = hub.agreements.in_force(opens_at)
        self._closed_days = agreement.closed_days

    def connect(self, agency: AgencyId, receive: Callable[[Parcel], None]) -> InProcess:
        """Let an agency have its notices; give its transport, which can be told to fail."""

        def take(parcel: Parcel) -> None:
            try:
                receive(parcel)
            except Exception as failure:
                # To dispatch a receiver that raises is busy; to the story it is a defect.
                self._failures.append(failure)
                raise

        self._transports[agency] = InProcess(take)
        return self._transports[agency]

    def plan(self, at: Instant, act: Act) -> None:
        """Let something happen at a moment; what is planned for one moment keeps its order."""
        self._planned += 1
        heapq.heappush(self._agenda, (max(at, self.now), self._planned, act))

    def office_time(self, after: Instant, working_days: int) -> Instant:
        """Give a moment in office hours so many working days after another."""
        day = local_day(after)
        if working_days == 0 and not is_working_day(day, self._closed_days):
            working_days = 1
        day = after_working_days(day, working_days, self._closed_days)
        minutes = self.rng.randrange(_OPEN_HOURS * 60)
        at = midnight(day) + _OPENS_HOUR * HOUR_US + minutes * MINUTE_US
        return Instant(max(at, after + 5 * MINUTE_US))

    def take_in(self, agency: AgencyId, file: bytes) -> None:
        """Let the hub have a file of an agency now."""
        for group in self.hub.ingest(agency, file, self.now):
            for receipt in group:
                self.statuses[receipt.status.value] += 1
                if receipt.dead_letter_id is not None:
                    self.dead.append(receipt)

    async def play(self, until: Instant) -> None:
        """Play what is planned, and what follows from it, until a moment."""
        dispatcher = dispatcher_of(
            self.hub, self._transports, self._attempts, clock=lambda: self.now, rng=self.rng
        )
        while (at := self._next_moment()) is not None and at <= until:
            self.now = max(self.now, at)
            due_at = self.hub.engine.next_due()
            if due_at is not None and due_at <= self.now:
                self.clocks_fired += self.hub.engine.advance(self.now)
            if self._agenda and self._agenda[0][0] <= self.now:
                heapq.heappop(self._agenda)[2]()
            await dispatcher.drain_once()
            if self._failures:
                raise self._failures[0]
        self.now = until
        self.clocks_fired += self.hub.engine.advance(until)
        await dispatcher.drain_once()

    def close(self) -> None:
        """Let go of what dispatch holds; the hub is its owner's."""
        self._attempts.close()

    def _next_moment(self) -> Instant | None:
        moments = [self._agenda[0][0]] if self._agenda else []
        due_at = self.hub.engine.next_due()
        if due_at is not None:
            moments.append(due_at)
        for agency in self._transports:
            again_at = self._attempts.next_at(agency, self.now)
            if again_at is not None:
                moments.append(again_at)
        return min(moments, default=None)
