"""The database under the views: a file in an embedded hub's folder, or a PostgreSQL server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, create_engine, event, make_url, text
from sqlalchemy import Engine as Database
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from streams.promises.engine import UnavailableError

POSTGRESQL = "postgresql"
CONNECT_S = 5
"""How long a server may take to answer a new connection."""
STATEMENT_MS = 30_000
"""How long a statement may take, waiting for others included."""
IDLE_MS = 15_000
"""How long a transaction may stand still: one whose process was stopped must not hold others."""


class DatabaseUrlError(UnavailableError):
    """A database is named in a way that cannot be used. The text does not repeat it."""


def opened_file(path: Path, wait_s: float) -> Database:
    """Open an SQLite file, or make it; nothing is read yet.

    Args:
        path: Where it lies.
        wait_s: How long to wait for others who write.
    """
    database = create_engine(f"sqlite:///{path}", connect_args={"timeout": wait_s})

    @event.listens_for(database, "connect")
    def _without_own_begin(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own
        # The driver begins no transaction for a table that is made: the hub begins every one.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(database, "begin")
    def _begin(connection: Connection) -> None:
        # At once as a writer: two that catch up at the same time wait for each other.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return database


def opened_server(url: str, *, connections: int = 5) -> Database:
    """Open a PostgreSQL database by its SQLAlchemy URL; nothing is asked of it yet.

    Args:
        url: As `postgresql+psycopg://user@host/database`; without a driver it is psycopg's.
        connections: How many may be open at once.

    Raises:
        DatabaseUrlError: It is no URL, or none of PostgreSQL.
    """
    database = create_engine(
        _read_url(url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_S, "application_name": "saattaen"},
    )

    @event.listens_for(database, "connect")
    def _bound(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own
        # Said to the session and not at its start, which a pooler before the server refuses.
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {STATEMENT_MS}")
            cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_MS}")
        connection.commit()

    return database


@contextmanager
def transaction(database: Database, what: str) -> Iterator[Connection]:
    """Do what is done inside whole or not at all.

    Args:
        database: Where.
        what: What is kept there, as `the views`, for whoever reads the error.

    Raises:
        UnavailableError: The database cannot be used now; nothing was kept.
    """
    try:
        with database.begin() as connection:
            yield connection
    except (DBAPIError, NoneFreeError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise UnavailableError(
            f"{what} in {database.url.render_as_string()} cannot be used now "
            f"({type(cause).__name__}): look at their disk and who else uses them, then try again"
        ) from None


def is_server(connection: Connection) -> bool:
    """Say whether several processes may write at once."""
    return connection.dialect.name == POSTGRESQL


def hold(connection: Connection, lock: int, *, alone: bool) -> None:
    """Hold a lock of the whole database until the transaction ends: with others, or alone.

    An SQLite file has one writer anyway.
    """
    if is_server(connection):
        how = "" if alone else "_shared"
        connection.execute(text(f"SELECT pg_advisory_xact_lock{how}(:lock)"), {"lock": lock})


def add_once(connection: Connection, table: Table, row: Mapping[str, object]) -> None:
    """Add a row unless one of its key is there already, or is being added by another."""
    names, values = ", ".join(row), ", ".join([f":{name}" for name in row])
    # Both databases read this; the library has it once for each, and would load the other's too.
    added = f"INSERT INTO {table.name} ({names}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608  # the names are the code's own
    connection.execute(text(added), row)


def _read_url(url: str) -> URL:
    mend = "name it as postgresql+psycopg://user@host/database"
    try:
        read = make_url(url)
        kind, _, driver = read.drivername.partition("+")
    except (ArgumentError, ValueError):
        raise DatabaseUrlError(f"that is no URL of a database: {mend}") from None
    if kind not in (POSTGRESQL, "postgres") or driver not in ("", "psycopg"):
        raise DatabaseUrlError(f"the database must be PostgreSQL, reached by psycopg: {mend}")
    return read.set(drivername=f"{POSTGRESQL}+psycopg")
