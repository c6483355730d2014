"""One PostgreSQL database of a hub's: reached by its URL, and clear about what fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from streams.promises.engine import UnavailableError

WAIT_S = 5
"""How long a connection, a statement or another's lock may take, in seconds."""
CONNECTIONS_MAX = 4
"""Connections of one process at a time."""

_DRIVER = "postgresql+psycopg"
_SETTINGS = {
    # What is said to be kept must be on the disk, whatever the database's own default is.
    "synchronous_commit": "on",
    "statement_timeout": f"{WAIT_S}s",
    "lock_timeout": f"{WAIT_S}s",
}
_MENDS = (
    ("42501", "gives the hub's user no right to: grant it, and CREATE on its schema at first"),
    ("25006", "cannot be written: name the primary server with --database"),
    ("53", "has no room or connections left: look at its disk and its limits, then try again"),
    ("55P03", "is held by another process for too long: let it end, then try again"),
    ("57014", "answered too slowly: look at its load, then try again"),
)
# The driver does not tell a refused login or a wrong name from a server that is not there.
_UNREACHABLE = (
    "cannot be reached, or lets nobody in: look whether it runs, and at the user, password and "
    "name in --database"
)


def opened(url: str) -> Engine:
    """Prepare to use a database; nothing is asked of it yet.

    Args:
        url: An SQLAlchemy URL of PostgreSQL, as `postgresql://user:password@host/database`.

    Raises:
        UnavailableError: It is no such URL.
    """
    try:
        place = make_url(url)
    except ArgumentError:
        place = None
    if place is None or place.get_backend_name() != "postgresql":
        # Without the text: whatever it is, it may hold a password.
        raise UnavailableError(
            "the database is named by no URL of PostgreSQL: as postgresql://user@host/database"
        )
    settings = " ".join([f"-c {name}={value}" for name, value in _SETTINGS.items()])
    return create_engine(
        place.set(drivername=_DRIVER),
        pool_size=CONNECTIONS_MAX,
        max_overflow=0,
        pool_timeout=WAIT_S,
        connect_args={
            "connect_timeout": WAIT_S,
            "options": f"{_asked_for(place)} {settings}".strip(),
            # A server that vanished without a word is noticed, not waited for.
            "keepalives_idle": WAIT_S,
            "tcp_user_timeout": WAIT_S * 1000,
            "application_name": "saattaen",
        },
    )


def place_of(engine: Engine) -> str:
    """Name a database as errors may: without user and password."""
    url = engine.url
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"the database {url.database or 'postgres'} on {host}{port}"


@contextmanager
def mended(place: str) -> Iterator[None]:
    """Turn what a database raises into an error that names it and the mend.

    Raises:
        UnavailableError: The database failed.
    """
    try:
        yield
    except NoConnectionError:
        raise UnavailableError(f"{place} has no connection free: try again") from None
    except DBAPIError as failure:
        # Without the cause: its words may repeat the statement and what it holds.
        raise UnavailableError(f"{place} {_mend(failure)}") from None


def _mend(failure: DBAPIError) -> str:
    state = getattr(failure.orig, "sqlstate", None)
    if state is None or (state[:2] in ("08", "57") and state != "57014"):
        return _UNREACHABLE
    for start, mend in _MENDS:
        if state.startswith(start):
            return mend
    return f"cannot be used now (SQLSTATE {state}): look at its log"


def _asked_for(place: URL) -> str:
    options = place.query.get("options", "")
    return options if isinstance(options, str) else " ".join(options)
