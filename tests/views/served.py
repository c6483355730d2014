"""A database that workers feed, and a ledger in partitions for them to read."""

from dataclasses import dataclass, field

from sqlalchemy import Engine as Database
from sqlalchemy import select

from streams.domain.ids import PersonId
from streams.promises.ledger import Recorded
from streams.views.database import opened_server
from streams.views.desk import Desk
from streams.views.feed import Feed
from streams.views.tables import QUARANTINE
from tests.domain.region import at
from tests.domain.speaker import Speaker
from tests.views.fed_desk import dealt
from tests.views.watched_hub import watched

PERSONS = [PersonId(f"p-0000000000000000000000000{number}") for number in range(1, 7)]


@dataclass
class Served:
    """A database with one worker's feed, and what anybody sees of it."""

    url: str
    database: Database
    feed: Feed
    desk: Desk
    others: list[Feed] = field(default_factory=list)

    def another(self) -> Feed:
        """Give the feed of another worker, with connections of its own."""
        self.others.append(Feed(opened_server(self.url)))
        return self.others[-1]

    def seen(self) -> tuple[object, ...]:
        """Give what the views answer."""
        return (self.desk.handoffs(), self.desk.clocks(), self.desk.deliveries())

    def quarantined(self) -> list[tuple[int, int, str]]:
        """Give the quarantine's rows: partition, offset and cause."""
        columns = (QUARANTINE.c.partition, QUARANTINE.c.record_offset, QUARANTINE.c.cause)
        with self.database.begin() as connection:
            rows = connection.execute(select(*columns).order_by(QUARANTINE.c.position))
            return [tuple(row) for row in rows]


def ledger() -> dict[int, list[Recorded]]:
    """Give the ledger of some persons, each referred and answered, in partitions."""
    with watched() as hub:
        for person in PERSONS:
            speaker = Speaker(person)
            hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1), message_id=f"r-{person}"))
            hub.advance(at(0, 5))
        return dealt(hub.entries, hub.engine.entry_bytes())
