"""The ledger as the views of a hub on partitions keep it: to be read by person and by place.

A topic can only be read from an offset on. Who asks for one person's story, or for the notice in
one entry, would have to read a whole partition; here it is found by an index.
"""

from collections.abc import Iterator

from sqlalchemy import Engine as Database
from sqlalchemy import select

from streams.contracts.entry import decode_entry
from streams.domain.ids import PersonId
from streams.promises.engine import Stored
from streams.views.database import transaction
from streams.views.tables import ENTRY

WHAT = "the views"
_ENTRIES_A_QUERY = 500


class KeptLedger:
    """Reads entries of the views' database.

    Every method raises UnavailableError where the database cannot be used now.
    """

    def __init__(self, database: Database) -> None:
        """Read from a database, which stays its owner's."""
        self._database = database

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position, by position: of everybody, or of one person in order."""
        query = select(ENTRY.c.position, ENTRY.c.data).order_by(ENTRY.c.position)
        if person is not None:
            query = query.where(ENTRY.c.person == person)
        left = limit
        while left is None or left > 0:
            count = _ENTRIES_A_QUERY if left is None else min(left, _ENTRIES_A_QUERY)
            with transaction(self._database, WHAT) as connection:
                some = query.where(ENTRY.c.position > after).limit(count)
                rows = connection.execute(some).all()
            for position, data in rows:
                found = decode_entry(data)
                yield Stored(position, found.entry, found.entry_digest)
            if len(rows) < count:
                return
            after = rows[-1].position
            left = None if left is None else left - count

    def knows(self, person: PersonId) -> bool:
        """Say whether there is an entry of a person."""
        query = select(ENTRY.c.position).where(ENTRY.c.person == person).limit(1)
        with transaction(self._database, WHAT) as connection:
            return connection.execute(query).first() is not None
