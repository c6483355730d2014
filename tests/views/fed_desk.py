"""A desk on PostgreSQL, fed as workers feed it: an engine's entries dealt out to partitions."""

from collections.abc import Iterator

from sqlalchemy import Engine as Database

from streams.domain.ids import PersonId
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Engine, Stored
from streams.promises.ledger import Place, Recorded, position_of
from streams.views.desk import Desk
from streams.views.feed import Feed, Quarantined

PARTITIONS = 3
RECORDS_A_PAGE = 7
"""Few, so that what belongs together is read in several transactions."""


def partition_of(person: PersonId) -> int:
    """Give a person's partition; any rule will do that never changes."""
    return sum(person.encode()) % PARTITIONS


def dealt(entries: list[Stored], data: list[bytes]) -> dict[int, list[Recorded]]:
    """Deal a ledger's entries out to partitions, as their topic would have them."""
    found: dict[int, list[Recorded]] = {partition: [] for partition in range(PARTITIONS)}
    for stored, written in zip(entries, data, strict=True):
        partition = partition_of(stored.entry.person)
        place = Place(
            partition, 2 * len(found[partition])
        )  # a gap after each, as transactions have
        moved = stored._replace(position=position_of(place))
        found[partition].append(Recorded(moved, written))
    return found


class FedDesk(Desk):
    """The desk as commands open it, and a worker that feeds it when it is to catch up."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.feed = Feed(database)
        self.quarantined: list[Quarantined] = []

    def catch_up(self, engine: Engine) -> int:
        """Feed what the engine's ledger has beyond the views."""
        self.feed.prepare()
        assert isinstance(engine, MemoryEngine)
        entries, data = list(engine.ledger()), engine.entry_bytes()
        count = 0
        for partition, ledger in dealt(entries, data).items():
            for page in _pages(ledger, self.feed.cursor(partition).position):
                after = self.feed.cursor(partition).position
                self.quarantined += self.feed.take(partition, after, page)
                count += len(page)
        return count


def _pages(ledger: list[Recorded], after: int) -> Iterator[list[Recorded]]:
    ahead = [recorded for recorded in ledger if recorded.stored.position > after]
    for start in range(0, len(ahead), RECORDS_A_PAGE):
        yield ahead[start : start + RECORDS_A_PAGE]
