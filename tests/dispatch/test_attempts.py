"""The attempts file: of one version, in ledger order, whole or not at all."""

from pathlib import Path

import apsw
import pytest

from streams.dispatch.attempts import Attempts, NewerStoreError
from streams.dispatch.attempts_file import STORE_VERSION
from streams.dispatch.delivery import DeliveryState
from streams.domain.ids import Instant
from tests.dispatch.hub import AINO, EINO, KELA, NOON, SOTE, notice

FIRST, SECOND = notice("first", KELA, AINO), notice("second", KELA, AINO)
EINOS, TO_SOTE = notice("eino's", KELA, EINO), notice("to sote", SOTE, AINO)

IN_VAIN = """
SELECT 1 FROM dispatch_delivery WHERE receiver = 'a' AND desk = '' AND head = 1
AND state = 'trying' AND first_at > 1 AND first_at <= 9
"""


def filled(folder: Path) -> Attempts:
    attempts = Attempts.in_file(folder / "dispatch.db")
    for position, told in enumerate((FIRST, SECOND, EINOS, TO_SOTE), start=1):
        attempts.enqueue(told, position, 0)
    return attempts


def test_the_file_of_a_newer_hub_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "dispatch.db"
    with apsw.Connection(str(path)) as db:
        db.pragma("user_version", STORE_VERSION + 1)
    with pytest.raises(NewerStoreError):
        Attempts.in_file(path)


def test_the_file_is_of_the_version_it_says(tmp_path: Path) -> None:
    filled(tmp_path).close()
    db = apsw.Connection(str(tmp_path / "dispatch.db"))
    assert db.pragma("user_version") == STORE_VERSION
    db.close()


def test_heads_come_by_when_they_are_due_and_then_in_ledger_order(tmp_path: Path) -> None:
    attempts = filled(tmp_path)
    assert [d.notice_id for d in attempts.due(KELA, NOON, 10, 9)] == [
        FIRST.notice_id,
        EINOS.notice_id,
    ]
    attempts.postpone(FIRST.notice_id, NOON, "http-503")
    due = [d.notice_id for d in attempts.due(KELA, NOON, 10, 9)]
    assert due == [EINOS.notice_id, FIRST.notice_id]
    assert [d.notice_id for d in attempts.due(KELA, NOON, 10, 1)] == [EINOS.notice_id]
    assert attempts.due(KELA, Instant(NOON - 1), 10, 9)[-1].notice_id == EINOS.notice_id
    assert attempts.next_at(KELA, Instant(NOON - 1)) == NOON
    assert attempts.next_at(KELA, NOON) is None


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    attempts = filled(tmp_path)

    def fail() -> None:
        with attempts.together():
            attempts.follow_to(9)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert attempts.followed() == 0


def test_the_end_of_an_earlier_start_does_not_end_a_later_one(tmp_path: Path) -> None:
    attempts = filled(tmp_path)
    attempts.begin(FIRST.notice_id, NOON, NOON)
    attempts.bury(FIRST.notice_id, 1, "http-422")
    attempts.reopen(FIRST.notice_id)
    attempts.bury(FIRST.notice_id, 1, "http-422")
    found = attempts.find(FIRST.notice_id)
    assert found is not None
    assert (found.state, found.since, found.first_at) == (DeliveryState.PENDING, 1, None)


def test_leave_that_was_taken_back_is_not_given_by_an_older_answer(tmp_path: Path) -> None:
    attempts = filled(tmp_path)
    assert FIRST.handoff_id is not None
    attempts.begin(FIRST.notice_id, NOON, NOON)
    attempts.start(FIRST.notice_id, 1)
    attempts.ask_again(FIRST.handoff_id, None)
    attempts.start(FIRST.notice_id, 1)
    attempts.forbid(FIRST.notice_id, 1)
    found = attempts.find(FIRST.notice_id)
    assert found is not None
    assert (found.state, found.asked) == (DeliveryState.PENDING, 2)


def test_leave_is_taken_back_from_a_dead_delivery_too(tmp_path: Path) -> None:
    attempts = filled(tmp_path)
    assert FIRST.handoff_id is not None
    states = []
    for told in (FIRST, EINOS):
        attempts.begin(told.notice_id, NOON, NOON)
        attempts.start(told.notice_id, 1)
        attempts.bury(told.notice_id, 1, "http-422")
    attempts.ask_again(FIRST.handoff_id, KELA)
    for told in (FIRST, EINOS):
        attempts.reopen(told.notice_id)
        found = attempts.find(told.notice_id)
        assert found is not None
        states.append(found.state)
    assert states == [DeliveryState.PENDING, DeliveryState.TRYING]


def test_what_arrived_has_arrived_whichever_attempt_it_was(tmp_path: Path) -> None:
    attempts = filled(tmp_path)
    attempts.begin(FIRST.notice_id, NOON, NOON)
    attempts.bury(FIRST.notice_id, 1, "http-503")
    attempts.arrive(FIRST.notice_id, 1)
    found = attempts.find(FIRST.notice_id)
    assert found is not None
    assert found.state is DeliveryState.DELIVERED


def test_deliveries_are_listed_by_agency_and_state(tmp_path: Path) -> None:
    attempts = filled(tmp_path)
    attempts.forbid(SECOND.notice_id, 1)
    assert [d.notice_id for d in attempts.deliveries(KELA, None)] == [
        FIRST.notice_id,
        SECOND.notice_id,
        EINOS.notice_id,
    ]
    assert [d.notice_id for d in attempts.deliveries(None, DeliveryState.CANCELLED)] == [
        SECOND.notice_id
    ]
    assert [d.to for d in attempts.deliveries(None, None)] == [KELA, KELA, KELA, SOTE]


EARLIEST = (
    "SELECT min(next_at) FROM dispatch_delivery WHERE receiver = 'a' AND desk = 'b' AND head = 1"
)
ASKED = "UPDATE dispatch_delivery SET asked = 1 WHERE handoff_id = 'h' AND may_leave = 1"
CLOSED = (
    "UPDATE dispatch_delivery SET closed = 1 WHERE clock = 'c' AND clock <> '' AND head IS NOT NULL"
)
FATE = "SELECT * FROM dispatch_fate WHERE"
OF_SYSTEM = "receiver = 'a' AND desk = '' AND head"


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (f"{FATE} partition = 0 AND {OF_SYSTEM} = 1 AND next_at < 5", "due"),
        (EARLIEST, "due"),
        (f"{FATE} person = 'p' AND {OF_SYSTEM} > 0", "lane"),
        (ASKED, "of_handoff"),
        (CLOSED, "of_clock"),
        (f"{FATE} message = 'm' AND message <> '' AND head IS NOT NULL", "of_message"),
        (IN_VAIN, "retried"),
    ],
)
def test_no_question_of_an_attempt_reads_the_whole_file(
    tmp_path: Path, query: str, index: str
) -> None:
    filled(tmp_path).close()
    db = apsw.Connection(str(tmp_path / "dispatch.db"))
    plan = str(db.execute("EXPLAIN QUERY PLAN " + query).fetchall())
    db.close()
    assert f"INDEX {index} " in plan
