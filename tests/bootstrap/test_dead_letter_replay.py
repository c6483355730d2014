"""A dead letter that holds an event of the hub's own is not taken in again: it comes by itself."""

from pathlib import Path

import pytest

from streams.bootstrap.dead_letter_replay import HubsOwnError, replay_dead_letter
from streams.bootstrap.hub import Hub
from streams.domain.ids import ClockId
from streams.engines.lane import clock_event, dead_letter_of
from tests.domain.region import PERSON, at


def test_a_clock_that_did_not_fit_says_how_to_make_room(tmp_path: Path) -> None:
    clock = clock_event(PERSON, at(), ClockId("c-00000000000000000000000000"), "breach", at())
    letter = dead_letter_of(clock, "too-large", at())

    with Hub(tmp_path / "hub") as hub, pytest.raises(HubsOwnError) as told:
        replay_dead_letter(hub, letter)

    assert letter.dead_letter_id in str(told.value)
    assert "make room in the person's record" in str(told.value)
