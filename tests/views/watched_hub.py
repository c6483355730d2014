"""A hub in memory with its views, as tests watch it: events in, answers out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.domain.agreement import Agreement, Agreements
from streams.domain.event import Event
from streams.domain.ids import HandoffId, Instant
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Stored
from streams.views.answers import ClockSeen, DeliverySeen, HandoffSeen
from streams.views.desk import Desk, open_desk
from tests.domain.region import REGION


class WatchedHub:
    """An engine in memory, and a desk that is caught up before it is asked."""

    def __init__(self, folder: Path, *agreements: Agreement, desk: Desk | None = None) -> None:
        """Begin with an empty ledger, and no views: in the folder, or at another desk."""
        self.folder = folder
        self.agreements = Agreements(agreements or (REGION,))
        self.engine = MemoryEngine(self.agreements)
        self.desk: Desk = desk if desk is not None else open_desk(folder)

    def hear(self, *events: Event) -> None:
        """Take events in, in their order."""
        self.engine.submit(events)

    @property
    def entries(self) -> list[Stored]:
        """The whole ledger."""
        return list(self.engine.ledger())

    @property
    def handoff_id(self) -> HandoffId:
        """The newest handoff's id."""
        return HandoffId(self.handoffs()[-1].handoff_id)

    def handoffs(self) -> list[HandoffSeen]:
        """Give every handoff."""
        self.desk.catch_up(self.engine)
        return self.desk.handoffs()

    def handoff(self) -> HandoffSeen:
        """Give the newest handoff."""
        return self.handoffs()[-1]

    def clocks(self) -> list[ClockSeen]:
        """Give every clock."""
        self.desk.catch_up(self.engine)
        return self.desk.clocks()

    def deliveries(self, kind: str) -> list[DeliverySeen]:
        """Give the notices of a kind."""
        self.desk.catch_up(self.engine)
        return [seen for seen in self.desk.deliveries() if seen.kind == kind]

    def fate(self, kind: str) -> list[str]:
        """Give the status of the notices of a kind, in the order of their entries."""
        found = sorted(self.deliveries(kind), key=lambda seen: seen.issued_in)
        return [seen.status for seen in found]

    def advance(self, to: Instant) -> None:
        """Let time pass."""
        self.engine.advance(to)

    def close(self) -> None:
        """Let go of the views."""
        self.desk.close()


@contextmanager
def watched(*agreements: Agreement, desk: Desk | None = None) -> Iterator[WatchedHub]:
    """Give a hub with its views, for as long as a test needs it."""
    with TemporaryDirectory() as folder:
        hub = WatchedHub(Path(folder), *agreements, desk=desk)
        try:
            yield hub
        finally:
            hub.close()
