"""How far the views have been read, partition by partition, and of which version they are."""

from sqlalchemy import Connection, MetaData, insert, inspect, select, update

from streams.promises.ledger import BEGINNING, Stand
from streams.views.database import add_once
from streams.views.tables import CURSOR, METADATA, PREFIX, VERSION_READ

VERSION = 5
"""Raised with every change of what the views hold, an entry's contract included: built again."""


def version(connection: Connection) -> int | None:
    """Give the version of the views that are there, None where there are none."""
    if not inspect(connection).has_table(VERSION_READ.name):
        return None
    return connection.execute(select(VERSION_READ.c.version)).scalar_one_or_none()


def begin_anew(connection: Connection) -> None:
    """Throw all views away, and make empty ones of this version."""
    # Only tables of the views: on PostgreSQL others live in the same database.
    old = MetaData()
    old.reflect(connection, only=lambda name, _: name.startswith(PREFIX))
    old.drop_all(connection)
    METADATA.create_all(connection)
    connection.execute(insert(VERSION_READ), {"only": 1, "version": VERSION})


def cursor(connection: Connection, partition: int) -> Stand:
    """Give how far a partition has been read, now."""
    columns = select(CURSOR.c.position, CURSOR.c.entry_digest)
    row = connection.execute(columns.where(CURSOR.c.partition == partition)).one_or_none()
    return Stand(row.position, bytes(row.entry_digest)) if row is not None else BEGINNING


def held(connection: Connection, partition: int) -> int:
    """Give the position that a partition has been read to.

    It is held until the transaction's end, so that nobody takes the same entries in meanwhile.
    """
    begun = {"partition": partition, "position": 0, "entry_digest": b""}
    add_once(connection, CURSOR, begun)
    query = select(CURSOR.c.position).where(CURSOR.c.partition == partition)
    found: int = connection.execute(query.with_for_update()).scalar_one()
    return found


def move(connection: Connection, partition: int, to: Stand) -> None:
    """Note how far a partition has been read."""
    connection.execute(update(CURSOR).where(CURSOR.c.partition == partition).values(to._asdict()))
