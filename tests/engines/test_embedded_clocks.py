"""The embedded engine's heap: made when it is asked for, and true to the file at every moment."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from streams.domain.agreement import Agreements
from streams.domain.codes import Milestone
from streams.domain.hub_events import AgreementChanged, ClockReached
from streams.domain.ids import Instant, PersonId
from streams.engines.embedded import FILE, EmbeddedEngine
from streams.promises.engine import UnavailableError
from tests.domain.region import KELA, PERSON, at
from tests.domain.speaker import Speaker
from tests.engines.conformance import FAR
from tests.engines.conformance_clocks import FIVE, HEARING, TWENTY, TWO, moments, names

Opener = Callable[..., EmbeddedEngine]
UNDER_FIVE, UNDER_TWENTY = Agreements((FIVE,)), Agreements((TWENTY,))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Open one folder's engine, again and again; what is open at the end is closed."""
    engines: list[EmbeddedEngine] = []

    def open_engine(agreements: Agreements = UNDER_FIVE, *, writes: bool = True) -> EmbeddedEngine:
        if writes:
            for engine in engines:
                engine.close()
            engines.clear()
        engine = EmbeddedEngine(tmp_path, agreements, durable=False, writes=writes)
        engines.append(engine)
        return engine

    yield open_engine
    for engine in engines:
        engine.close()


def refer(engine: EmbeddedEngine, number: int, days: float = 0) -> Speaker:
    speaker = Speaker(PersonId(f"p-{number}"))
    engine.submit([speaker.consents(at(-1)), speaker.refers(at(days))])
    return speaker


def test_taking_messages_in_makes_no_heap(opened: Opener) -> None:
    engine = opened()
    refer(engine, 1)
    assert engine._clocks is None
    assert engine.next_due() is not None
    assert engine._clocks is not None


def test_clocks_armed_before_and_after_the_heap_was_made_fire_in_order(opened: Opener) -> None:
    engine = opened()
    refer(engine, 1)
    engine.next_due()
    refer(engine, 2)
    engine = opened()
    refer(engine, 3)
    engine.next_due()
    refer(engine, 0)
    assert engine.advance(FAR) == 8
    fired = [
        (stored.entry.recorded_at, stored.entry.person)
        for stored in engine.ledger()
        if isinstance(stored.entry.event, ClockReached)
    ]
    assert fired == sorted(fired)


def test_a_firing_that_could_not_be_kept_is_due_again(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("streams.engines.sqlite_store._BUSY_MS", 1)
    engine = opened()
    refer(engine, 1)
    due_at = engine.next_due()
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(UnavailableError, match="held by another process"):
            engine.advance(FAR)
    other.execute("ROLLBACK")
    other.close()
    assert engine.next_due() == due_at
    assert engine.advance(FAR) == 2


def test_an_event_that_could_not_be_kept_moves_no_clock(opened: Opener) -> None:
    engine = opened()
    speaker = refer(engine, 1)
    due_at = engine.next_due()
    engine._db.execute("PRAGMA max_page_count=1")
    more = [speaker.refers(at(hours=hour)) for hour in range(1, 100)]
    with pytest.raises(UnavailableError, match="no room"):
        engine.submit(more)
    engine._db.execute("PRAGMA max_page_count=1000000")
    assert engine.next_due() == due_at
    assert engine.advance(FAR) == 2


def test_a_heap_of_clocks_that_moved_away_is_made_anew(opened: Opener) -> None:
    engine = opened()
    assert engine.next_due() is None
    heap = engine._clocks
    for number in range(70):
        speaker = refer(engine, number)
        engine.submit([speaker.withdraws(at(hours=1))])
    assert engine.next_due() is None
    assert engine._clocks is not heap
    assert len(engine._due()) <= 1


def test_a_reader_sees_what_the_writer_moves(opened: Opener) -> None:
    engine = opened()
    reader = opened(writes=False)
    assert reader.next_due() is None
    refer(engine, 1)
    due_at = engine.next_due()
    assert due_at is not None
    assert reader.next_due() == due_at
    assert reader.lag_us(Instant(due_at + 7)) == 7
    reader.close()


def test_a_reader_of_a_file_of_an_older_hub_misses_nothing_but_what_is_not_there(
    opened: Opener, tmp_path: Path
) -> None:
    refer(opened(), 1)
    opened().close()
    older = sqlite3.connect(tmp_path / FILE)
    with older:
        older.execute("DROP TABLE heard")
        older.execute("DROP TABLE followed")
    older.close()
    assert opened(writes=False).next_due() is not None


def test_when_agencies_were_heard_is_known_after_a_restart(opened: Opener) -> None:
    engine = opened(HEARING)
    engine.submit([Speaker().reaches(at(), Milestone.PLAN_MADE, KELA)])
    silent_at = engine.next_due()
    engine = opened(HEARING)
    assert engine.next_due() == silent_at
    assert engine.advance(FAR) == 1
    engine = opened(HEARING)
    assert engine.next_due() is None
    engine.submit([Speaker(PersonId("p-2")).reaches(FAR, Milestone.PLAN_MADE, KELA)])
    assert names(engine, PersonId(KELA)) == ["AgencyFellSilent", "AgencyHeardAgain"]


def test_a_message_that_could_not_be_kept_was_not_heard(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(HEARING)
    engine.submit([Speaker().reaches(at(), Milestone.PLAN_MADE, KELA)])
    silent_at = engine.next_due()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("streams.engines.gathering.Gathered.write", broken)
    with pytest.raises(ZeroDivisionError):
        engine.submit([Speaker().reaches(at(days=30), Milestone.PLAN_MADE, KELA)])
    assert engine.next_due() == silent_at


def test_an_edit_over_more_persons_than_one_commit_holds_reaches_everybody(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engines.embedded._CLOCKS_A_COMMIT", 3)
    engine = opened()
    speakers = [refer(engine, number, days=number / 10) for number in range(8)]
    engine = opened(UNDER_TWENTY)
    turns = engine.following(engine.now())
    assert next(turns) == 3
    # Who falls due or is heard of between two turns follows in its own lane
    engine.submit([speakers[7].prohibits(at(days=1))])
    assert sum(turns) == 4
    assert len(moments(engine, AgreementChanged)) == 8
    assert engine.follow_agreement(engine.now()) == 0


def test_an_edit_that_was_half_followed_is_taken_up_after_a_restart(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engines.embedded._CLOCKS_A_COMMIT", 3)
    engine = opened()
    for number in range(8):
        refer(engine, number)
    engine = opened(UNDER_TWENTY)
    next(engine.following(engine.now()))
    engine = opened(UNDER_TWENTY)
    assert engine.follow_agreement(engine.now()) == 5
    assert opened(UNDER_TWENTY).follow_agreement(FAR) == 0


def test_an_unchanged_start_looks_at_nobody(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened()
    refer(engine, 1)
    engine.follow_agreement(engine.now())
    engine = opened()

    def looked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("streams.engines.lane.follow", looked)
    assert engine.follow_agreement(engine.now()) == 0


def test_a_place_in_the_file_that_other_rules_made_is_put_right(opened: Opener) -> None:
    engine = opened()
    refer(engine, 1)
    due_at = engine.next_due()
    assert due_at is not None
    engine._db.execute("UPDATE hot SET next_at = next_at - 5")
    engine = opened()
    assert engine.next_due() == due_at - 5
    assert engine.advance(Instant(due_at - 1)) == 0
    assert engine.next_due() == due_at
    assert engine.advance(FAR) == 2


def test_the_edits_digest_is_that_of_the_rules_in_force(opened: Opener) -> None:
    engine = opened()
    refer(engine, 1)
    engine = opened(Agreements((FIVE, TWO._replace(valid_from=at(days=100)))))
    assert engine.follow_agreement(engine.now()) == 0
    assert engine.person(PERSON) is None
