"""A person's record that is nearly full: its clocks fire, and nothing blocks the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.codec import BYTES_MAX
from streams.contracts.person import encode_state
from streams.domain.agreement import Agreements
from streams.domain.clock_facts import ClockBreached, ClockReprojected, ClockWarned
from streams.domain.codes import Part
from streams.domain.ids import HandoffId, PersonId
from streams.domain.referral import ReferralCancelled
from streams.engines.embedded import EmbeddedEngine
from streams.engines.lane import ROOM_BYTES
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Engine, ReceiptStatus
from tests.domain.region import EMPLOYMENT, PERSON, at, part
from tests.domain.speaker import Speaker
from tests.engines.conformance import FAR
from tests.engines.conformance_clocks import FIVE, TWENTY, facts
from tests.engines.test_memory import edited

OTHER = PersonId("p-00000000000000000000000002")
LARGE = 300_000
"""An entry holds its data twice: in the event, and in the notice that carries it."""


@pytest.fixture(params=["memory", "embedded"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    agreements = Agreements((FIVE,))
    opened: Engine = (
        MemoryEngine(agreements)
        if request.param == "memory"
        else EmbeddedEngine(tmp_path / "hub", agreements, durable=False)
    )
    yield opened
    opened.close()


def fill(engine: Engine, speaker: Speaker, left_bytes: int) -> list[HandoffId]:
    """Refer a person three times, so that so many bytes of the record are left."""
    engine.submit([speaker.consents(at(-1))])
    handoffs: list[HandoffId] = []
    size, taken, besides = LARGE, 0, 0
    for hour in (1, 2, 3):
        before = taken
        if hour == 3:
            size = BYTES_MAX - left_bytes - before - besides
        referral = speaker.refers(at(hours=hour))
        sealed = (part(Part.IDENTITY), part(Part.CONTACT, "x" * size))
        outcome = engine.submit([referral._replace(sealed=sealed)])[0]
        assert outcome.status is ReceiptStatus.ACCEPTED
        assert outcome.handoff_id is not None
        handoffs.append(outcome.handoff_id)
        taken = size_of(engine)
        besides = taken - before - size
    assert taken == BYTES_MAX - left_bytes
    return handoffs


def size_of(engine: Engine) -> int:
    state = engine.person(PERSON)
    assert state is not None
    return len(encode_state(state).data)


def test_the_clocks_of_a_full_record_fire_all_the_same(engine: Engine) -> None:
    speaker = Speaker()
    fill(engine, speaker, ROOM_BYTES)
    assert engine.advance(FAR) == 6
    assert engine.dead_letters() == []
    assert len(facts(engine, ClockBreached)) == 3


def test_an_agency_cannot_fill_the_room_for_clocks_but_what_it_ends_makes_room(
    engine: Engine,
) -> None:
    speaker = Speaker()
    first, *_ = fill(engine, speaker, ROOM_BYTES)
    engine.advance(at(days=20))
    assert size_of(engine) > BYTES_MAX - ROOM_BYTES
    more = engine.submit([speaker.consents(at(days=21), statement="S-2")])[0]
    assert (more.status, more.rule) == (ReceiptStatus.DEAD_LETTER, "too-large")
    ends = speaker.answers(ReferralCancelled, at(days=22), EMPLOYMENT, first)
    assert engine.submit([ends])[0].status is ReceiptStatus.ACCEPTED
    assert size_of(engine) < BYTES_MAX - ROOM_BYTES


def test_a_clock_that_does_not_fit_is_buried_once_and_fires_when_there_is_room(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a record that no clock fits into, as one of a hub without that room might be
    monkeypatch.setattr("streams.engines.lane.ROOM_BYTES", 0)
    speaker, other = Speaker(), Speaker(OTHER)
    first, *_ = fill(engine, speaker, 0)
    engine.submit([other.consents(at(-1)), other.refers(at(hours=4))])
    before = size_of(engine)
    # When its clocks come due
    assert engine.advance(at(days=20)) == 2
    # Then the others' have fired, and its own clock is told of, and is not tried again
    assert {stored.entry.person for stored in engine.ledger(after=6)} == {OTHER}
    (buried,) = engine.dead_letters()
    assert (buried.person, buried.errors[0].code) == (PERSON, "too-large")
    assert "end some open handoffs" in buried.errors[0].detail
    assert buried.body_kind == "event:ClockReached"
    assert engine.next_due() is None
    assert engine.lag_us(FAR) == 0
    assert engine.advance(at(days=21)) == 0
    assert size_of(engine) == before
    # When an event makes room
    ends = speaker.answers(ReferralCancelled, at(days=22), EMPLOYMENT, first)
    assert engine.submit([ends])[0].status is ReceiptStatus.ACCEPTED
    # Then what still waits fires, once, and nothing was lost
    assert engine.advance(at(days=23)) == 4
    assert engine.dead_letters() == [buried]
    assert len(facts(engine, ClockBreached)) == len(facts(engine, ClockWarned)) == 3
    assert engine.advance(FAR) == 0


def test_a_clock_that_does_not_fit_rests_after_a_restart_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engines.lane.ROOM_BYTES", 0)
    engine = EmbeddedEngine(tmp_path / "hub", Agreements((FIVE,)), durable=False)
    fill(engine, Speaker(), 0)
    engine.advance(at(days=20))
    engine.close()
    again = EmbeddedEngine(tmp_path / "hub", Agreements((FIVE,)), durable=False)
    assert again.next_due() is None
    assert again.advance(FAR) == 0
    again.close()


def test_a_new_agreement_that_does_not_fit_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.engines.lane.ROOM_BYTES", 0)
    engine = MemoryEngine(Agreements((FIVE,)))
    fill(engine, Speaker(), 0)
    other = Speaker(OTHER)
    engine.submit([other.consents(at(-1)), other.refers(at(hours=4))])
    edited(engine, Agreements((TWENTY,)))
    assert engine.follow_agreement(engine.now()) == 1
    assert len(facts(engine, ClockReprojected)) == 1
    (buried,) = engine.dead_letters()
    assert buried.body_kind == "event:AgreementChanged"
    engine.advance(FAR)
    kinds = [letter.body_kind for letter in engine.dead_letters()]
    assert sorted(kinds) == ["event:AgreementChanged", "event:ClockReached"]
