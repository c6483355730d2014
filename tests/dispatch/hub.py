"""A ledger small enough to see through, and everything else that dispatch is given."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_message import Rendered
from streams.dispatch.desk_rows import DeskKey
from streams.dispatch.dispatcher import Dispatcher
from streams.dispatch.reports import CONTENT_DIGEST_BYTES
from streams.domain.codes import Milestone, NoticeKind, Status
from streams.domain.entry import (
    Fact,
    HandoffStatusChanged,
    LedgerEntry,
    Notice,
    RecallIssued,
    TransitionRefused,
)
from streams.domain.envelope import HUB, Envelope, SourceRef
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted
from streams.domain.ids import (
    AgencyId,
    EntryId,
    EventId,
    HandoffId,
    Instant,
    NoticeId,
    PersonId,
    derive,
)
from streams.domain.path import MilestoneReached
from streams.promises.engine import Outcome, ReceiptStatus, Stored, UnavailableError
from streams.promises.transport import Transport

KELA = AgencyId("kela")
SOTE = AgencyId("sote.south-karelia")
TYP = AgencyId("typ.south-karelia")
AINO, EINO = PersonId("p-aino"), PersonId("p-eino")
NOON = Instant(1_772_452_800_000_000)
HOUR_US = 3_600_000_000
PACE = Pace(limit_us=48 * HOUR_US)


def open_attempts(path: Path) -> Attempts:
    """Open the attempts of a test's hub; the fixture `store` lets them lie on a server."""
    return Attempts.in_file(path)


def notice(name: str, to: AgencyId, person: PersonId, handoff: str = "h") -> Notice:
    """Make a notice; the same name gives the same id."""
    return Notice(
        notice_id=NoticeId(derive("n", name)),
        to=to,
        role="",
        kind=NoticeKind.REFERRAL,
        person=person,
        protected=False,
        handoff_id=HandoffId(derive("h", handoff, person)),
        case_id=None,
        referral_id=None,
        source=None,
        recipient=None,
        service=None,
        priority=None,
        detail=name,
        reason="",
        occurred_at=NOON,
        due_at=None,
        categories=(),
        withheld=(),
        missing=(),
        declines=(),
        content=(),
    )


class FakeHub:
    """Keeps entries in a list and refuses to start what was cancelled."""

    def __init__(self) -> None:
        self.entries: list[Stored] = []
        self.forbidden: set[HandoffId] = set()
        self.unavailable = False
        self.queues = False
        self.loses_reports = False
        self._queue: list[Event] = []
        self._started: set[NoticeId] = set()
        self._known: dict[EventId, bytes] = {}

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        if self.unavailable:
            raise UnavailableError("the ledger is away")
        found = [s for s in self.entries[after:] if person in (None, s.entry.person)]
        return iter(found[:limit])

    def submit(self, inputs: Sequence[Event]) -> list[Outcome]:
        if self.unavailable:
            raise UnavailableError("the ledger is away")
        if self.queues:
            self._queue += inputs
            return [_outcome(event, ReceiptStatus.QUEUED) for event in inputs]
        return [_outcome(event, self._record(event)) for event in inputs]

    def take_queue(self) -> None:
        """Decide what waits, as a router does a moment later."""
        queue, self._queue = self._queue, []
        for event in queue:
            self._record(event)

    def publish(self, *notices: Notice, facts: tuple[Fact, ...] = (), at: Instant = NOON) -> None:
        """Add one entry with these notices."""
        envelope = self.envelope(notices[0].person, at, SOTE)
        self._add(MilestoneReached(envelope, Milestone.CONTACT_MADE, None, ()), facts, notices)

    def tell(self, event: Event, *facts: Fact) -> None:
        """Add one entry of an event that tells nobody."""
        self._add(event, facts, ())

    def envelope(self, person: PersonId, at: Instant, agency: AgencyId = HUB) -> Envelope:
        """Make the envelope of the next entry."""
        return Envelope(
            EventId(derive("e", str(len(self.entries)))),
            person,
            agency,
            at,
            at,
            SourceRef("m", 1, None),
            bytes(CONTENT_DIGEST_BYTES),
            -1,
            "",
            protected=False,
        )

    def withdraw(self, of: Notice, recall: Notice | None = None) -> None:
        """Cancel a notice's handoff; where it had started, with a recall to its receiver."""
        assert of.handoff_id is not None
        self.forbidden.add(of.handoff_id)
        changed = HandoffStatusChanged(
            of.handoff_id, Status.REQUESTED, Status.CANCELLED, "basis-withdrawn"
        )
        issued = () if recall is None else (RecallIssued(of.handoff_id, of.to, ()),)
        told = recall or notice(f"status of {of.detail}", TYP, of.person, "other")
        self.publish(told, facts=(changed, *issued))

    def events(self, kind: type[Event]) -> list[Event]:
        """List the recorded events of a kind."""
        return [s.entry.event for s in self.entries if isinstance(s.entry.event, kind)]

    def _record(self, event: Event) -> ReceiptStatus:
        event_id, digest = event.envelope.event_id, event.envelope.content_digest
        if self.loses_reports and not isinstance(event, DeliveryStarted):
            return ReceiptStatus.DEAD_LETTER
        assert len(digest) == CONTENT_DIGEST_BYTES
        if event_id in self._known:
            same = self._known[event_id] == digest
            return ReceiptStatus.DUPLICATE if same else ReceiptStatus.DEAD_LETTER
        self._known[event_id] = digest
        refused = isinstance(event, DeliveryStarted) and not self._may_start(event)
        facts = (TransitionRefused(None, "terminal"),) if refused else ()
        self._add(event, facts, ())
        return ReceiptStatus.REFUSED if refused else ReceiptStatus.ACCEPTED

    def _may_start(self, event: DeliveryStarted) -> bool:
        # As the domain: a notice that has started is held by its handoff no more.
        again = event.notice_id in self._started
        self._started.add(event.notice_id)
        return not again and event.handoff_id not in self.forbidden

    def _add(self, event: Event, facts: tuple[Fact, ...], notices: tuple[Notice, ...]) -> None:
        position = len(self.entries) + 1
        envelope = event.envelope
        entry = LedgerEntry(
            EntryId(derive("l", envelope.event_id)),
            envelope.person,
            position,
            envelope.recorded_at,
            1,
            b"",
            event,
            facts,
            notices,
        )
        self.entries.append(Stored(position, entry, b""))


class Bench:
    """One hub's dispatch on a folder, with a clock that only a test moves."""

    def __init__(self, folder: Path, transports: dict[AgencyId, Transport]) -> None:
        self.hub = FakeHub()
        self.transports = transports
        self.now = NOON
        self.pace = PACE
        self.path = folder / "dispatch.db"
        self.attempts = open_attempts(self.path)
        self.erased: set[PersonId] = set()
        self.sealed: list[str] = []
        self.desks: dict[DeskKey, DeskPost] = {}

    def clock(self) -> Instant:
        return self.now

    def wait(self, us: int) -> None:
        """Let time pass."""
        self.now = Instant(self.now + us)

    def restart(self) -> None:
        """Open the attempts file anew, as after a crash."""
        self.attempts.close()
        self.attempts = open_attempts(self.path)

    def render(self, told: Notice) -> Rendered | None:
        if told.person in self.erased:
            return None
        return told.detail.encode(), "text/plain", ".txt"

    def seal(self, person: PersonId, words: str) -> bytes | None:
        self.sealed.append(words)
        return f"sealed for {person}".encode()

    def dispatcher(self) -> Dispatcher:
        """Start dispatch as a new process does."""
        return Dispatcher(
            ledger=self.hub.ledger,
            submit=self.hub.submit,
            transports=self.transports,
            open_and_render=self.render,
            attempts=self.attempts,
            clock=self.clock,
            rng=Random(7),
            pace=self.pace,
            seal_words=self.seal,
            desks=self.desks,
        )


def _outcome(event: Event, status: ReceiptStatus) -> Outcome:
    return Outcome(status, event.envelope.event_id, None, None, "")
