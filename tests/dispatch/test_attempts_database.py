"""Attempts on a server: a partition has one writer at a time, and a newer hub's are left alone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text, update

from streams.dispatch import tables
from streams.dispatch.attempts import Attempts
from streams.dispatch.attempts_database import AttemptsDatabase, OvertakenError
from streams.dispatch.attempts_store import NewerStoreError
from streams.domain.ids import Instant
from streams.promises.engine import UnavailableError
from streams.promises.ledger import Place, Stand, Unreadable, position_of
from streams.views.database import opened_server
from tests.dispatch.hub import AINO, EINO, KELA, NOON, notice

TOLD, NEXT = notice("told", KELA, AINO), notice("next", KELA, EINO)


@pytest.fixture
def attempts(database_url: str) -> Iterator[AttemptsDatabase]:
    made = AttemptsDatabase(opened_server(database_url))
    made.prepare()
    yield made
    made.close()


def owner(attempts: AttemptsDatabase, partition: int = 0) -> Attempts:
    return Attempts(attempts.claim(partition).store, partition)


def test_whoever_was_overtaken_writes_nothing_more(attempts: AttemptsDatabase) -> None:
    first = owner(attempts)
    first.enqueue(TOLD, 1, 0)
    second = owner(attempts)

    with pytest.raises(OvertakenError, match="partition 0"):
        first.begin(TOLD.notice_id, NOON, NOON)
    with pytest.raises(OvertakenError), first.together():
        first.follow_to(9)

    second.begin(TOLD.notice_id, NOON, NOON)
    found = second.find(TOLD.notice_id)
    assert found is not None
    assert (found.tries, second.followed()) == (1, 0)
    first.close()
    second.close()


def test_owners_of_other_partitions_are_left_alone(attempts: AttemptsDatabase) -> None:
    zero, one = owner(attempts, 0), owner(attempts, 1)
    zero.enqueue(TOLD, 1, 0)
    one.enqueue(NEXT, 1, 0)
    zero.follow_to(5, b"5")

    assert [d.notice_id for d in zero.due(KELA, NOON, 10, 9)] == [TOLD.notice_id]
    assert [d.notice_id for d in one.due(KELA, NOON, 10, 9)] == [NEXT.notice_id]
    zero.postpone(TOLD.notice_id, Instant(NOON + 1), "http-503")
    one.postpone(NEXT.notice_id, Instant(NOON + 1), "http-503")
    zero.wake(KELA, Instant(NOON + 9))
    assert [zero.next_at(KELA, NOON), one.next_at(KELA, NOON)] == [None, NOON + 1]
    assert (zero.followed(), one.followed()) == (5, 0)
    zero.close()
    one.close()


def test_a_claim_says_how_far_the_last_owner_came(attempts: AttemptsDatabase) -> None:
    first = owner(attempts)
    first.follow_to(7, b"seven")
    first.close()

    claimed = attempts.claim(0)

    assert claimed.stand == Stand(7, b"seven")


def test_what_fails_in_a_transaction_leaves_nothing(attempts: AttemptsDatabase) -> None:
    mine = owner(attempts)

    def fail() -> None:
        with mine.together():
            mine.enqueue(TOLD, 1, 0)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert mine.find(TOLD.notice_id) is None
    mine.enqueue(TOLD, 1, 0)
    assert mine.find(TOLD.notice_id) is not None
    mine.close()


def test_a_notice_is_kept_until_its_fate_is_sealed(attempts: AttemptsDatabase) -> None:
    mine = owner(attempts)
    for told in (TOLD, NEXT):
        mine.enqueue(told, 1, 0)
        mine.start(told.notice_id, 1)
    mine.bury(NEXT.notice_id, 1, "http-422")  # an operator may start it anew
    assert (mine.notice(TOLD.notice_id), mine.notice(NEXT.notice_id)) == (TOLD, NEXT)

    mine.arrive(TOLD.notice_id, 1)

    assert mine.notice(TOLD.notice_id) is None
    mine.close()


def test_a_partition_may_be_forgotten_alone(attempts: AttemptsDatabase) -> None:
    claimed = attempts.claim(0)
    mine, other = Attempts(claimed.store, 0), owner(attempts, 1)
    mine.enqueue(TOLD, 1, 0)
    mine.follow_to(9, b"9")
    other.enqueue(NEXT, 1, 0)

    claimed.store.forget()

    assert mine.find(TOLD.notice_id) is None
    assert mine.followed() == 0
    assert other.find(NEXT.notice_id) is not None
    mine.close()
    other.close()


def test_a_connection_that_was_cut_is_opened_again(
    attempts: AttemptsDatabase, database_url: str
) -> None:
    mine = owner(attempts)
    mine.enqueue(TOLD, 1, 0)
    others = opened_server(database_url)
    with others.begin() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        connection.execute(
            text(f"{cut} WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )
    others.dispose()

    with pytest.raises(UnavailableError):
        mine.begin(TOLD.notice_id, NOON, NOON)

    mine.begin(TOLD.notice_id, NOON, NOON)
    found = mine.find(TOLD.notice_id)
    assert found is not None
    assert found.tries == 1
    mine.close()


def test_attempts_of_a_newer_hub_are_not_touched(
    attempts: AttemptsDatabase, database_url: str
) -> None:
    others = opened_server(database_url)
    with others.begin() as connection:
        connection.execute(update(tables.VERSION_KEPT).values(version=tables.VERSION + 1))
    others.dispose()

    with pytest.raises(NewerStoreError):
        attempts.prepare()


def test_records_that_are_no_entries_are_noted_once(
    attempts: AttemptsDatabase, database_url: str
) -> None:
    broken = [Unreadable(position_of(Place(3, offset)), "bad-frame") for offset in (4, 9)]
    attempts.set_aside(broken)
    attempts.set_aside(broken)

    others = opened_server(database_url)
    with others.begin() as connection:
        kept = tables.QUARANTINE.c
        rows = connection.execute(select(kept.partition, kept.record_offset, kept.cause)).all()
    others.dispose()
    assert sorted(rows) == [(3, 4, "bad-frame"), (3, 9, "bad-frame")]


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    away = AttemptsDatabase(opened_server("postgresql://hub:s3cret@127.0.0.1:1/hub"))

    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1") as refused:
        away.prepare()

    assert "s3cret" not in str(refused.value)
    away.close()
