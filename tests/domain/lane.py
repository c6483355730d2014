"""One person's lane in a test: events in, due clocks first, entries kept."""

from typing import TypeVar

from streams.domain.agreement import Agreement
from streams.domain.clocks import next_clock
from streams.domain.closed_record import needs_closed
from streams.domain.codes import NoticeKind, Status
from streams.domain.entry import Fact, LedgerEntry, Notice
from streams.domain.event import Event
from streams.domain.ids import ClockId, HandoffId, Instant, NoticeId
from streams.domain.person import NOTHING_CLOSED, Handoff, PersonState
from streams.domain.step import Person, Step, is_known, step, unknown_person
from streams.engines.lane import clock_event
from tests.domain.region import PERSON, REGION

_Fact = TypeVar("_Fact", bound=Fact)


class Lane:
    """What a test sees of one person."""

    def __init__(self, agreement: Agreement = REGION) -> None:
        """Know nothing yet."""
        self.agreement = agreement
        self.hot: PersonState = unknown_person(PERSON)
        self.closed = NOTHING_CLOSED
        self.entries: list[LedgerEntry] = []
        self.last: Step | None = None

    def hear(self, *events: Event) -> Step:
        """Take events up in their order; give the last one's step."""
        taken = None
        for event in events:
            if not is_known(self._person(event), event):
                self.wait_until(max(event.envelope.recorded_at, self.hot.recorded_at))
            taken = self._take(event)
        assert taken is not None
        return taken

    def wait_until(self, moment: Instant) -> None:
        """Let every clock fire that is due by then."""
        following = next_clock(self.hot)
        while following is not None and following[0] <= moment:
            due_at, clock_id, rung = following
            self._take(clock_event(PERSON, due_at, clock_id, rung, due_at))
            following = next_clock(self.hot)

    def fire(self, due_at: Instant, clock_id: ClockId, rung: str, late_by_us: int) -> None:
        """Let a clock fire that the hub could feed only so late."""
        event = clock_event(PERSON, due_at, clock_id, rung, due_at)
        self._take(event._replace(late_by_us=late_by_us))

    @property
    def handoff(self) -> Handoff:
        """The newest open handoff."""
        return self.hot.handoffs[-1]

    @property
    def waiting(self) -> tuple[NoticeId, ...]:
        """The newest open handoff's notices that have not left."""
        return tuple([notice.notice_id for notice in self.handoff.outgoing])

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts of the last entry."""
        return self.entries[-1].facts

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices of the last entry."""
        return self.entries[-1].deliveries

    def told(self, kind: NoticeKind) -> Notice:
        """Give the newest notice of a kind."""
        found = [n for entry in self.entries for n in entry.deliveries if n.kind is kind]
        return found[-1]

    def all_facts(self, kind: type[_Fact]) -> list[_Fact]:
        """Give every fact of a kind, in order."""
        return [f for entry in self.entries for f in entry.facts if isinstance(f, kind)]

    def status(self, handoff_id: HandoffId) -> Status | None:
        """Give an open handoff's status, None once it is over."""
        return next((h.status for h in self.hot.handoffs if h.handoff_id == handoff_id), None)

    def _person(self, event: Event) -> Person:
        return Person(self.hot, self.closed if needs_closed(self.hot, event) else None)

    def _take(self, event: Event) -> Step:
        taken = step(self._person(event), event, self.agreement)
        self.hot, self.last = taken.hot, taken
        if taken.closed_added is not None:
            self.closed = self.closed.with_added(taken.closed_added)
        if taken.entry is not None:
            self.entries.append(taken.entry)
        return taken
