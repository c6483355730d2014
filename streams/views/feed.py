"""The feed: how the views of a hub on partitions are written, by several workers at once.

Each partition has its cursor, which moves in the transaction that writes what was read. A worker
says from where it read; where the views stand elsewhere (another had the partition meanwhile, or
they were begun anew) nothing is written, and it is told where to read on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, insert
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from streams.promises.engine import UnavailableError
from streams.promises.ledger import Place, Read, Recorded, Stand, place_of, stand_after
from streams.views import cursors
from streams.views.database import hold, transaction
from streams.views.facts import Reading
from streams.views.rules import read_rules
from streams.views.tables import ENTRY, QUARANTINE

WHAT = "the views"
MAKING = 0x5AA7_7AE0_0001
"""The lock of whoever makes the views' tables; those who write rows hold it together."""
NOT_WRITABLE = "not-writable"
"""Why an entry is in no view that could be read: the database would not take what it says."""
DEFECT = "defect"
"""Why an entry is in no view that could be read: the hub's own code failed on it."""


class CursorMovedError(Exception):
    """The views stand elsewhere than the worker believes; it is to read on after `position`."""

    def __init__(self, position: int) -> None:
        """Say where they stand, 0 at the beginning."""
        super().__init__(f"the views have read to {position}")
        self.position = position


class NewerViewsError(UnavailableError):
    """A newer version of the hub keeps the views; they are its own until it is taken back."""


class Quarantined(NamedTuple):
    """A record that no view has: where it stands, and the code of why."""

    place: Place
    cause: str


class Feed:
    """Writes the views of one hub, partition by partition.

    Every method raises UnavailableError where the database cannot be used now, and NewerViewsError
    where the views are of a newer version.
    """

    def __init__(self, database: Database) -> None:
        """Write into a database; `prepare` makes the tables."""
        self._database = database

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()

    def prepare(self, *, anew: bool = False) -> bool:
        """Make the tables where there are none, or older ones; say whether they were made now.

        `anew` throws the views away whatever they are, those of a newer version too.
        """
        with self._transaction() as connection:
            hold(connection, MAKING, alone=True)
            found = cursors.version(connection)
            if found == cursors.VERSION and not anew:
                return False
            if found is not None and not anew:
                _not_newer(found)
            cursors.begin_anew(connection)
            return True

    def cursor(self, partition: int) -> Stand:
        """Give the last record of a partition that the views have read."""
        with self._written() as connection:
            return cursors.cursor(connection, partition)

    def begin_anew(self, partition: int, mistaken: Stand) -> None:
        """Throw the views away: they were read from another ledger.

        Nothing happens where the cursor of the partition is no longer the mistaken one.
        """
        with self._transaction() as connection:
            hold(connection, MAKING, alone=True)
            if cursors.version(connection) == cursors.VERSION:
                if cursors.cursor(connection, partition) != mistaken:
                    return
                cursors.begin_anew(connection)

    def take(self, partition: int, after: int, page: Sequence[Read]) -> list[Quarantined]:
        """Take the next records of a partition in, whole, and move its cursor.

        What cannot be read, and what cannot be written, is put into quarantine and given back: the
        views go on without it, and somebody has to hear of it.

        Args:
            partition: Which partition.
            after: The position after which the page was read: that of the cursor, as was believed.
            page: The records in their order; nothing of the partition lies between them.

        Raises:
            CursorMovedError: The cursor is elsewhere; nothing was taken in.
        """
        if not page:
            return []
        with self._written() as connection:
            found = cursors.held(connection, partition)
            if found != after:
                raise CursorMovedError(found)
            aside = _take_in(connection, partition, page)
            cursors.move(connection, partition, stand_after(page[-1]))
        return aside

    @contextmanager
    def _written(self) -> Iterator[Connection]:
        with self._transaction() as connection:
            hold(connection, MAKING, alone=False)
            found = cursors.version(connection)
            if found != cursors.VERSION:
                _not_newer(found or 0)
                raise UnavailableError("the views' tables are not there yet, or are made anew now")
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with transaction(self._database, WHAT) as connection:
            yield connection


def _not_newer(found: int) -> None:
    if found > cursors.VERSION:
        raise NewerViewsError(
            f"the views are of version {found}, this hub's are of {cursors.VERSION}: run the "
            "newer hub, or have this one make them anew (saattaen worker view --anew)"
        )


def _take_in(connection: Connection, partition: int, page: Sequence[Read]) -> list[Quarantined]:
    entries = [read for read in page if isinstance(read, Recorded)]
    causes = {read.position: read.cause for read in page if not isinstance(read, Recorded)}
    if entries and _fails(connection, partial(_write, connection, partition, entries)):
        # One of them is to blame; the others must not be held up by it.
        for entry in entries:
            cause = _fails(connection, partial(_write, connection, partition, [entry]))
            if cause:
                causes[entry.stored.position] = cause
                _fails(connection, partial(_keep, connection, [entry]))  # a trace can tell it still
    rows = [_row(position, cause) for position, cause in sorted(causes.items())]
    if rows:
        connection.execute(insert(QUARANTINE), rows)
    return [Quarantined(place_of(position), cause) for position, cause in sorted(causes.items())]


def _fails(connection: Connection, write: Callable[[], None]) -> str:
    """Write something, all or nothing; give the code of why it could not be, or nothing."""
    try:
        with connection.begin_nested():
            write()
    except (DataError, IntegrityError):
        return NOT_WRITABLE
    except DBAPIError:
        raise
    except Exception:  # noqa: BLE001  # a defect in one entry must not stop all that come after it
        return DEFECT
    return ""


def _write(connection: Connection, partition: int, entries: Sequence[Recorded]) -> None:
    page = [entry.stored for entry in entries]
    Reading(connection).read(page)
    read_rules(connection, partition, page)
    _keep(connection, entries)


def _keep(connection: Connection, entries: Sequence[Recorded]) -> None:
    rows = [
        {"position": e.stored.position, "person": e.stored.entry.person, "data": e.data}
        for e in entries
    ]
    connection.execute(insert(ENTRY), rows)


def _row(position: int, cause: str) -> dict[str, object]:
    place = place_of(position)
    return {
        "position": position,
        "partition": place.partition,
        "record_offset": place.offset,
        "cause": cause,
    }
