"""Where the attempts of these tests lie: in a file, and for many of them on a server as well."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.attempts_database import AttemptsDatabase
from streams.views.database import opened_server
from tests.dispatch import hub

FILE, POSTGRESQL = "file", "postgresql"


@pytest.fixture(params=[FILE, POSTGRESQL])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let a test's attempts lie in a file, or in a database of their own."""
    if request.param == FILE:
        yield FILE
        return
    attempts = AttemptsDatabase(opened_server(request.getfixturevalue("database_url")))
    attempts.prepare()
    opened: list[Attempts] = []
    known: set[Path] = set()

    def claim(path: Path) -> Attempts:
        store = attempts.claim(0).store
        if path not in known:
            # Another folder is another hub: it begins with nothing.
            store.forget()
            known.add(path)
        opened.append(Attempts(store))
        return opened[-1]

    monkeypatch.setattr(hub, "open_attempts", claim)
    yield POSTGRESQL
    for each in opened:
        each.close()
    attempts.close()
