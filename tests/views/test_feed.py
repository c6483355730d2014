"""Workers feed the views of one database, each its partitions: nothing twice, nothing left out."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from streams.domain.ids import PersonId
from streams.promises.engine import Stored, UnavailableError
from streams.promises.ledger import BEGINNING, Place, Recorded, place_of, position_of
from streams.views import cursors, facts
from streams.views.database import DatabaseUrlError, opened_server
from streams.views.desk import Desk
from streams.views.feed import (
    CursorMovedError,
    Feed,
    NewerViewsError,
)
from tests.domain.region import at
from tests.kafka.databases import fresh_database
from tests.views.fed_desk import FedDesk
from tests.views.served import PERSONS, Served, ledger
from tests.views.test_desk import say
from tests.views.watched_hub import watched


def test_a_page_that_was_read_from_elsewhere_changes_nothing(served: Served) -> None:
    page = ledger()[0]
    served.feed.take(0, 0, page)
    once = served.seen()

    with pytest.raises(CursorMovedError) as moved:
        served.feed.take(0, 0, page)

    assert moved.value.position == page[-1].stored.position
    assert served.seen() == once


def test_a_page_without_records_moves_nothing(served: Served) -> None:
    assert served.feed.take(0, 0, []) == []
    assert served.feed.cursor(0) == BEGINNING


def test_the_cursor_names_the_last_entry_that_was_read(served: Served) -> None:
    page = ledger()[1]

    served.feed.take(1, 0, page)

    last = page[-1].stored
    assert served.feed.cursor(1) == (last.position, last.entry_digest)
    assert served.feed.cursor(2) == BEGINNING


def test_workers_that_start_together_make_the_tables_once(database_url: str) -> None:
    feeds = [Feed(opened_server(database_url)) for _ in range(4)]
    together = Barrier(len(feeds))

    def start(feed: Feed) -> bool:
        together.wait()
        return feed.prepare()

    with ThreadPoolExecutor(len(feeds)) as pool:
        made = list(pool.map(start, feeds))

    assert sorted(made) == [False, False, False, True]
    for feed in feeds:
        assert feed.cursor(0) == BEGINNING
        feed.close()


def test_workers_that_feed_at_once_make_what_one_would(served: Served) -> None:
    partitions = ledger()
    together = Barrier(len(partitions))

    def work(partition: int) -> None:
        feed, after = served.another(), 0
        together.wait()
        for recorded in partitions[partition]:
            feed.take(partition, after, [recorded])
            after = recorded.stored.position

    with ThreadPoolExecutor(len(partitions)) as pool:
        list(pool.map(work, partitions))

    together_seen = served.seen()
    served.feed.prepare(anew=True)
    for partition, page in partitions.items():
        served.feed.take(partition, 0, page)
    assert together_seen == served.seen()
    assert len(served.desk.handoffs()) == len(PERSONS)


def test_of_two_workers_with_one_partition_the_second_hears_that_it_is_late(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ledger()[0]
    inside, go_on = Event(), Event()
    real = facts.Reading.read

    def read_slowly(reading: facts.Reading, stored: list[Stored]) -> None:
        inside.set()
        assert go_on.wait(30)
        real(reading, stored)

    monkeypatch.setattr(facts.Reading, "read", read_slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(served.feed.take, 0, 0, page)
        assert inside.wait(30)
        second = pool.submit(served.another().take, 0, 0, page)
        go_on.set()

        assert first.result() == []
        with pytest.raises(CursorMovedError):
            second.result()
    with served.database.begin() as connection:
        kept = connection.execute(text("SELECT count(*) FROM view_entry")).scalar_one()
    assert kept == len(page)


def test_older_views_are_made_anew_and_read_from_the_beginning(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ledger()[0]
    served.feed.take(0, 0, page)
    once = served.seen()

    monkeypatch.setattr(cursors, "VERSION", cursors.VERSION + 1)
    with pytest.raises(UnavailableError, match="made anew"):
        served.feed.take(0, page[-1].stored.position, page)
    assert served.feed.prepare()

    assert served.feed.cursor(0) == BEGINNING
    served.feed.take(0, 0, page)
    assert served.seen() == once


def test_newer_views_are_left_alone_until_somebody_says_otherwise(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ledger()[0]
    served.feed.take(0, 0, page)
    monkeypatch.setattr(cursors, "VERSION", cursors.VERSION - 1)

    with pytest.raises(NewerViewsError, match="--anew"):
        served.feed.prepare()
    with pytest.raises(NewerViewsError):
        served.feed.take(0, page[-1].stored.position, page)

    assert served.feed.prepare(anew=True)
    assert served.feed.cursor(0) == BEGINNING


def test_views_of_another_ledger_are_thrown_away_once(served: Served) -> None:
    partitions = ledger()
    served.feed.take(0, 0, partitions[0])
    mistaken = served.feed.cursor(0)

    served.feed.begin_anew(0, mistaken)
    served.feed.take(1, 0, partitions[1])
    served.feed.begin_anew(0, mistaken)  # another worker saw the same, and comes late

    assert served.feed.cursor(0) == BEGINNING
    assert served.feed.cursor(1).position == partitions[1][-1].stored.position


def test_the_agreement_of_a_moment_is_told_by_every_partition(served: Served) -> None:
    early, late = b"1" * 32, b"2" * 32
    some = ledger()[0][0].stored

    def decided(partition: int, *told: tuple[int, bytes]) -> list[Recorded]:
        return [
            Recorded(
                some._replace(
                    position=position_of(Place(partition, offset)),
                    entry=some.entry._replace(recorded_at=at(day), agreement_digest=digest),
                ),
                b"",
            )
            for offset, (day, digest) in enumerate(told)
        ]

    served.feed.take(0, 0, decided(0, (1, early), (3, early), (12, late)))
    served.feed.take(1, 0, decided(1, (2, early), (9, early)))
    served.feed.take(2, 0, decided(2, (15, late)))

    assert served.desk.rules_at(at(0)) is None
    assert served.desk.rules_at(at(4)) == (early, at(4))
    assert served.desk.rules_at(at(11)) == (early, at(9))
    assert served.desk.rules_at(at(13)) == (late, at(12))
    assert served.desk.rules_at(at(20)) == (late, at(15))


def test_tables_of_others_in_the_same_database_are_left_alone(served: Served) -> None:
    with served.database.begin() as connection:
        connection.execute(text("CREATE TABLE person_keys (person TEXT)"))
        connection.execute(text("CREATE TABLE view_of_before (id TEXT)"))

    served.feed.prepare(anew=True)

    query = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    with served.database.begin() as connection:
        names = set(connection.execute(query).scalars())
    assert "person_keys" in names
    assert "view_of_before" not in names


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    feed = Feed(opened_server("postgresql://hub:s3cret@127.0.0.1:1/views"))

    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1/views") as away:
        feed.prepare()

    assert "s3cret" not in str(away.value)
    feed.close()


@pytest.mark.parametrize(
    "url",
    ["", "saattaen", "mysql://host/hub", "postgresql+psycopg2://host/hub", "postgresql://h:x/d"],
)
def test_what_names_no_postgresql_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match=r"postgresql\+psycopg://") as refused:
        opened_server(url)

    assert not url or url not in str(refused.value)


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(PERSONS[:3]),
            st.sampled_from(
                ["consent", "withdraw", "refer", "receive", "accept", "reject", "wait"]
            ),
        ),
        max_size=20,
    )
)
@settings(max_examples=10)  # a history each, fed into a real database
def test_views_fed_from_partitions_say_what_an_embedded_hubs_say(
    database_server: str, said: list[tuple[PersonId, str]]
) -> None:
    with fresh_database(database_server) as url, watched() as hub:
        fed = FedDesk(opened_server(url))
        for number, (person, what) in enumerate(said):
            say(hub, person, what, number)
        hub.desk.catch_up(hub.engine)
        fed.catch_up(hub.engine)

        assert fed.quarantined == []
        assert without_positions(fed) == without_positions(hub.desk)
        fed.close()


def without_positions(desk: Desk) -> tuple[object, ...]:
    return (
        [handoff._replace(opened_in=0) for handoff in desk.handoffs()],
        desk.clocks(),
        [notice._replace(issued_in=0) for notice in desk.deliveries()],
    )


def test_places_and_positions_name_each_other() -> None:
    places = [Place(0, 0), Place(1023, 0), Place(0, 1), Place(7, 123_456_789)]

    positions = [position_of(place) for place in places]

    assert [place_of(position) for position in positions] == places
    assert positions == sorted(positions)
    with pytest.raises(ValueError, match="no place"):
        place_of(1023)
