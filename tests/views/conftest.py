"""What the views' tests share: an empty hub, watched."""

from collections.abc import Iterator

import pytest

from tests.views.watched_hub import WatchedHub, watched


@pytest.fixture
def hub() -> Iterator[WatchedHub]:
    with watched() as made:
        yield made
