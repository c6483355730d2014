"""A Kafka hub answers as an embedded one does, from the views that its workers wrote.

The same ledger and keys lie in a folder and, dealt out to partitions, in a database.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import insert

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.reader import KEYS_FILE
from streams.engines.embedded import EmbeddedEngine
from streams.engines.keys_postgres import _KEYS, PostgresKeyStore
from streams.sealing.hub_secrets import read_secrets, secrets_file
from streams.views.database import opened_server
from streams.views.feed import Feed
from tests.cli.command import REGION, Ended, OneHub, run
from tests.kafka.databases import fresh_database
from tests.views.fed_desk import dealt


class BothHubs(NamedTuple):
    """The same hub twice."""

    embedded: OneHub
    database: str
    keys: Path

    def on_kafka(self, *words: object, keys: bool = False) -> Ended:
        """Ask the hub in the database."""
        named = ["--keys", self.keys] if keys else []
        return run(*words, "--database", self.database, "--region", REGION, *named)


@pytest.fixture(scope="module")
def both(recalled: OneHub, database_server: str) -> Iterator[BothHubs]:
    with fresh_database(database_server) as url:
        fill(recalled, url)
        yield BothHubs(recalled, url, secrets_file(recalled.data))


def fill(hub: OneHub, url: str) -> None:
    engine = EmbeddedEngine(hub.data, load_agreements(hub.region), writes=False)
    feed = Feed(opened_server(url))
    feed.prepare()
    for partition, page in dealt(list(engine.ledger()), engine.entry_bytes()).items():
        assert feed.take(partition, 0, page) == []
    feed.close()
    engine.close()
    place = secrets_file(hub.data)
    PostgresKeyStore(url, read_secrets(place).master, secrets_file=place).close()
    with sqlite3.connect(hub.data / KEYS_FILE) as kept:
        rows = kept.execute("SELECT * FROM person_keys").fetchall()
    kept.close()
    database = opened_server(url)
    with database.begin() as connection:
        connection.execute(insert(_KEYS).values(rows))
    database.dispose()


QUESTIONS = [
    ("handoffs",),
    ("handoffs", "--status", "cancelled"),
    ("handoffs", "--agency", "typ.south-karelia"),
    ("handoffs", "--person", "PERSON"),
    ("clocks",),
    ("clocks", "--agency", "typ.south-karelia"),
    ("clocks", "--person", "PERSON"),
    ("deliveries",),
    ("deliveries", "--to", "typ.south-karelia"),
    ("deliveries", "--status", "delivered"),
    ("trace", "PERSON"),
    ("trace", "HANDOFF"),
    ("consents", "--person", "PERSON", "--all", "--at", "2026-02-20T12:00"),
    ("consents", "--person", "PERSON", "--at", "2026-02-10T12:00"),
    ("disclosures", "--person", "PERSON"),
    ("disclosures", "--person", "PERSON", "--fhir"),
    ("explain", "routing", "HANDOFF"),
    ("explain", "disclosure", "HANDOFF", "--at", "2026-02-10T18:00"),
    ("explain", "clock", "CLOCK"),
    ("escalations", "list"),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_a_question_has_the_same_answer(both: BothHubs, question: tuple[str, ...]) -> None:
    words = named(both, question)
    wanted = both.embedded.json(*words)

    answered = both.on_kafka(*words, "--json")

    assert answered.code == 0, answered.talk + answered.data
    assert without_now(answered.document()) == without_now(wanted)


def named(both: BothHubs, question: tuple[str, ...]) -> list[str]:
    handoff = both.embedded.json("handoffs")[0]
    clock = both.embedded.json("clocks")[0]["clock_id"]
    names = {"PERSON": handoff["person"], "HANDOFF": handoff["handoff_id"], "CLOCK": clock}
    return [names.get(word, word) for word in question]


def without_now(document: Any) -> Any:  # noqa: ANN401  # JSON is whatever it is
    """Leave out what an answer says of the moment at which it was asked."""
    if isinstance(document, dict):
        return {name: without_now(v) for name, v in document.items() if name != "asked_at"}
    return [without_now(each) for each in document] if isinstance(document, list) else document


def test_what_a_receiver_gets_is_rendered_with_the_hubs_keys(both: BothHubs) -> None:
    wanted = both.embedded.json("deliveries", "--body")

    answered = both.on_kafka("deliveries", "--body", "--json", keys=True)

    assert answered.document() == wanted
    assert any(each["body"] is not None for each in wanted)


def test_without_the_secrets_nothing_of_a_person_is_opened(both: BothHubs) -> None:
    refused = both.on_kafka("deliveries", "--body", "--json")

    assert refused.code == 5
    assert "--keys (or SAATTAEN_KEYS_FILE)" in json.loads(refused.data)["detail"]


def test_what_is_overdue_is_overdue_by_the_machines_time(both: BothHubs) -> None:
    answered = both.on_kafka("handoffs", "--overdue", "--json")

    assert answered.code == 0


@pytest.mark.parametrize(
    "subject", ["h-0000000000000000000000000A", "p-0000000000000000000000000A"]
)
def test_what_is_not_there_is_not_found(both: BothHubs, subject: str) -> None:
    assert both.on_kafka("trace", subject).code == 3


def test_a_database_without_views_names_who_writes_them(database_url: str) -> None:
    refused = run("handoffs", "--database", database_url)

    assert refused.code == 7
    assert "saattaen worker view" in refused.talk


def test_views_of_another_version_are_not_guessed_at(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.views import cursors

    feed = Feed(opened_server(database_url))
    feed.prepare()
    feed.close()
    monkeypatch.setattr(cursors, "VERSION", cursors.VERSION + 1)

    refused = run("handoffs", "--database", database_url)

    assert refused.code == 7
    assert f"of version {cursors.VERSION - 1}" in refused.talk


def test_a_database_that_is_away_is_a_clear_word(tmp_path: Path) -> None:
    refused = run("clocks", "--database", "postgresql://hub:s3cret@127.0.0.1:1/hub")

    assert refused.code == 7
    assert "s3cret" not in refused.talk + refused.data


def test_a_folder_and_a_database_are_not_both_meant(tmp_path: Path) -> None:
    refused = run("handoffs", "--data", tmp_path, "--database", "postgresql://db/hub")

    assert refused.code == 2
    assert "--data names an embedded hub, --database another one" in refused.talk


def test_the_environment_may_name_the_database(both: BothHubs) -> None:
    answered = run("handoffs", "--region", REGION, "--json", SAATTAEN_DATABASE=both.database)

    assert answered.document() == both.embedded.json("handoffs")
