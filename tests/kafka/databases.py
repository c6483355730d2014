"""Databases of a PostgreSQL server, made for one test and dropped after it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Make an empty database for a block; gives its URL."""
    name = f"test_{secrets.token_hex(8)}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            # Whoever is still connected loses its connection: a test may have killed its worker.
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


async def database_answers(url: str) -> bool:
    """Say whether a database answers."""
    try:
        with create_engine(url, poolclass=NullPool).connect():
            return True
    except OperationalError:
        return False
