"""What the views' tests share: an empty hub, watched, on either database."""

from collections.abc import Iterator

import pytest

from streams.views.database import opened_server
from streams.views.desk import Desk
from streams.views.feed import Feed
from tests.views.fed_desk import FedDesk
from tests.views.served import Served
from tests.views.watched_hub import WatchedHub, watched

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@pytest.fixture
def file_hub() -> Iterator[WatchedHub]:
    """Give a hub whose views lie in its folder."""
    with watched() as made:
        yield made


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def hub(request: pytest.FixtureRequest) -> Iterator[WatchedHub]:
    """Give a hub with its views in its folder, or fed into a database from partitions."""
    if request.param == SQLITE:
        yield request.getfixturevalue("file_hub")
        return
    database = opened_server(request.getfixturevalue("database_url"))
    with watched(desk=FedDesk(database)) as made:
        yield made


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    database = opened_server(database_url)
    feed = Feed(database)
    feed.prepare()
    found = Served(database_url, database, feed, Desk(database))
    yield found
    for each in (feed, *found.others):
        each.close()
