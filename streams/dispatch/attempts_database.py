"""The attempts of a hub on partitions, in its PostgreSQL: each partition has one writer at a time.

Who takes a partition begins a new epoch of it, and whatever is written for it is written under its
epoch: a worker that was overtaken, and does not know it, can neither count an attempt nor keep one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, delete, insert, inspect, select, text, update
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from streams.dispatch import tables
from streams.dispatch.attempts_store import NONE, NewerStoreError, Row, Values
from streams.promises.engine import UnavailableError
from streams.promises.ledger import Stand, Unreadable, place_of
from streams.views.database import add_once, hold, transaction

WHAT = "the attempts"
MAKING = 0x5AA7_7AE0_0002
"""The lock of whoever makes the attempts' tables."""
_FENCE = text("SELECT epoch FROM dispatch_followed WHERE partition = :partition FOR NO KEY UPDATE")


class OvertakenError(UnavailableError):
    """Another worker has taken the partition: nothing was written, and nothing may leave."""


class Claimed(NamedTuple):
    """A partition that was taken: how far it has been followed, and what writes for it."""

    stand: Stand
    store: "PartitionStore"


class AttemptsDatabase:
    """The attempts of one hub; every method raises UnavailableError where it cannot be used now."""

    def __init__(self, database: Database) -> None:
        """Keep attempts in a database; `prepare` makes the tables."""
        self._database = database

    def prepare(self) -> None:
        """Make the tables where there are none.

        Raises:
            NewerStoreError: A newer version of the hub keeps its attempts there.
        """
        with transaction(self._database, WHAT) as connection:
            hold(connection, MAKING, alone=True)
            found = _version(connection)
            if found is not None and found > tables.VERSION:
                raise NewerStoreError(f"attempts of version {found}, known: {tables.VERSION}")
            if found is None:
                tables.METADATA.create_all(connection)
                connection.execute(
                    insert(tables.VERSION_KEPT), {"only": 1, "version": tables.VERSION}
                )

    def claim(self, partition: int) -> Claimed:
        """Take a partition: whoever had it before writes nothing more."""
        followed = tables.FOLLOWED
        with transaction(self._database, WHAT) as connection:
            begun = {"partition": partition, "position": 0, "entry_digest": b"", "epoch": 0}
            add_once(connection, followed, begun)
            taken = (
                update(followed)
                .where(followed.c.partition == partition)
                .values(epoch=followed.c.epoch + 1)
                .returning(followed.c.position, followed.c.entry_digest, followed.c.epoch)
            )
            position, digest, epoch = connection.execute(taken).one()
        store = PartitionStore(self._database, partition, epoch)
        return Claimed(Stand(position, bytes(digest)), store)

    def set_aside(self, unreadable: Sequence[Unreadable]) -> None:
        """Note records of the ledger that could not be read."""
        with transaction(self._database, WHAT) as connection:
            for each in unreadable:
                place = place_of(each.position)
                row = {
                    "position": each.position,
                    "partition": place.partition,
                    "record_offset": place.offset,
                    "cause": each.cause,
                }
                add_once(connection, tables.QUARANTINE, row)

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()


class PartitionStore:
    """Keeps `streams.dispatch.attempts_store.Store` for the owner of a partition.

    It has one connection, and is used by one thread.

    Raises from every method:
        UnavailableError: The database cannot be used now; what stood together was not written.
        OvertakenError: The partition has another owner.
    """

    keeps_notices = True

    def __init__(self, database: Database, partition: int, epoch: int) -> None:
        """Write for a partition in the epoch in which it was taken; nothing is opened yet."""
        self._database = database
        self._partition = partition
        self._epoch = epoch
        self._opened: Connection | None = None
        self._is_together = False

    def ask(self, sql: str, values: Values = NONE) -> Sequence[Row]:
        """Give the rows of a question."""
        return self._execute(sql, values)

    def write(self, sql: str, values: Values = NONE) -> Sequence[Row]:
        """Write, under the partition's epoch; give what is returned."""
        with self.together():
            return self._execute(sql, values)

    def write_all(self, sql: str, values: Sequence[Values]) -> None:
        """Write the same with each of these values, in one transaction."""
        if values:
            with self.together():
                for each in values:
                    self._execute(sql, each)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is written inside one transaction, which is kept while the epoch is ours."""
        if self._is_together:
            yield
            return
        self._say("BEGIN")
        self._is_together = True
        try:
            self._hold_epoch()
            yield
            self._say("COMMIT")
        except BaseException:
            self._take_back()
            raise
        finally:
            self._is_together = False

    def by_index(self, index: str) -> str:
        """Say nothing: the server finds the index by itself."""
        del index
        return ""

    def forget(self) -> None:
        """Forget all that was followed of the partition: it is followed from its beginning."""
        delivery, followed = tables.DELIVERY, tables.FOLLOWED
        with self.together(), self._mended():
            connection = self._connected()
            connection.execute(delete(delivery).where(delivery.c.partition == self._partition))
            mine = update(followed).where(followed.c.partition == self._partition)
            connection.execute(mine.values(position=0, entry_digest=b""))

    def close(self) -> None:
        """Let go of the connection."""
        if self._opened is not None:
            with suppress(DBAPIError):
                self._opened.close()
            self._opened = None

    def _hold_epoch(self) -> None:
        with self._mended():
            found = self._connected().execute(_FENCE, {"partition": self._partition}).scalar()
        if found != self._epoch:
            raise OvertakenError(
                f"another worker has taken partition {self._partition} of the ledger"
            )

    def _execute(self, sql: str, values: Values) -> Sequence[Row]:
        with self._mended():
            done = self._connected().execute(_statement(sql), dict(values))
            return done.all() if done.returns_rows else []

    def _say(self, word: str) -> None:
        with self._mended():
            self._connected().exec_driver_sql(word)

    def _take_back(self) -> None:
        try:
            self._say("ROLLBACK")
        except UnavailableError:
            self.close()  # nobody answers: the server takes back what it does not hear the end of

    def _connected(self) -> Connection:
        if self._opened is None or self._opened.invalidated:
            self.close()
            # Transactions are begun here by word: a single question needs none, and no way to it.
            opened = self._database.connect()
            self._opened = opened.execution_options(isolation_level="AUTOCOMMIT")
        return self._opened

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, NoneFreeError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise UnavailableError(
                f"{WHAT} in {self._database.url.render_as_string()} cannot be used now "
                f"({type(cause).__name__}): look at that server"
            ) from None


@lru_cache(maxsize=256)
def _statement(sql: str) -> TextClause:
    return text(sql)


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(tables.VERSION_KEPT.name):
        return None
    return connection.execute(select(tables.VERSION_KEPT.c.version)).scalar_one_or_none()
