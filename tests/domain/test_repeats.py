"""Repeats are known, also after years, and a reused id is no repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.answers import HandoffAccepted
from streams.domain.calendar import DAY_US
from streams.domain.closed_record import needs_closed
from streams.domain.codes import Milestone, Status
from streams.domain.event import Event
from streams.domain.ids import Instant
from streams.domain.known import (
    HOT_DAYS,
    HOT_IDS_MAX,
    added,
    find,
    find_old,
    fingerprint,
    may_hold,
    sieve_of,
)
from streams.domain.referral import ReferralCancelled
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import EMPLOYMENT, SOTE, at
from tests.domain.speaker import Speaker
from tests.domain.stages import staged

HOT_ID_BYTES, OLD_ID_BYTES = 36, 32


def busy(lane: Lane, says: Speaker, count: int, days: float) -> list[Event]:
    """Let milestones be reached, so many in so many days."""
    events: list[Event] = [
        says.reaches(at(days=1 + number * days / count), Milestone.CONTACT_MADE)
        for number in range(count)
    ]
    lane.hear(*events)
    return events


def test_the_same_message_again_leaves_the_ledger_as_it_was() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    accepted = says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id)
    lane.hear(accepted)
    before, entries = lane.hot, len(lane.entries)

    step = lane.hear(accepted)

    assert (step.verdict, step.rule, step.handoff_id) == ("duplicate", "", handoff_id)
    assert step.entry is None
    assert (lane.hot, len(lane.entries)) == (before, entries)


def test_a_repeat_names_its_handoff_also_where_it_called_it_by_the_sources_id() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    named = says.answers(HandoffAccepted, at(hours=1), SOTE, None, "m-staged")
    lane.hear(named)

    step = lane.hear(named)

    assert (step.verdict, step.handoff_id) == ("duplicate", handoff_id)


def test_a_repeat_is_known_by_its_content_and_not_by_its_time_or_transport() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    accepted = says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id)
    lane.hear(accepted)
    later = accepted.envelope._replace(recorded_at=at(days=40))
    again = accepted._replace(envelope=later, sealed=())
    entries = len(lane.entries)
    assert lane.hear(again).verdict is Verdict.DUPLICATE
    assert len(lane.entries) == entries


def test_the_same_id_with_other_content_is_a_dead_letter_and_changes_nothing() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    accepted = says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id)
    lane.hear(accepted)
    before = lane.hot
    other = accepted._replace(envelope=accepted.envelope._replace(content_digest=b"x" * 16))

    step = lane.hear(other)

    assert (step.verdict, step.rule, step.entry) == (Verdict.DEAD_LETTER, "id-reused", None)
    assert lane.hot == before


def test_a_repeat_of_a_refused_message_is_a_repeat() -> None:
    lane, says, handoff_id = staged(Status.REQUESTED)
    refused = says.answers(HandoffAccepted, at(hours=1), EMPLOYMENT, handoff_id)
    assert lane.hear(refused).verdict is Verdict.REFUSED
    assert lane.hear(refused).verdict is Verdict.DUPLICATE


def test_a_repeated_referral_names_its_handoff_open_or_over() -> None:
    lane, says = Lane(), Speaker()
    referral = says.refers(at(), message_id="r-1")
    handoff_id = lane.hear(referral).handoff_id
    assert lane.hear(referral).handoff_id == handoff_id
    lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))
    assert lane.hear(referral).handoff_id == handoff_id


def test_a_repeated_milestone_names_no_handoff() -> None:
    lane, says = Lane(), Speaker()
    reached = says.reaches(at(), Milestone.CONTACT_MADE)
    lane.hear(reached)
    assert lane.hear(reached).handoff_id is None


@pytest.mark.parametrize(("count", "days"), [(HOT_IDS_MAX + 80, 10), (4, 400), (300, 1200)])
def test_a_repeat_of_long_ago_is_known_from_the_closed_record(count: int, days: float) -> None:
    lane, says = Lane(), Speaker()
    events = busy(lane, says, count, days)
    assert lane.hot.sieve
    assert lane.closed.known_ids
    for event in events:
        assert lane.hear(event).verdict is Verdict.DUPLICATE
    other = events[0].envelope._replace(content_digest=b"y" * 16)
    assert lane.hear(events[0]._replace(envelope=other)).rule == "id-reused"
    assert lane.hot.sequence == count


def test_the_hot_record_keeps_ids_of_90_days_and_at_most_256() -> None:
    lane, says = Lane(), Speaker()
    busy(lane, says, HOT_IDS_MAX, days=1)
    assert len(lane.hot.known_ids) == HOT_IDS_MAX * HOT_ID_BYTES
    assert lane.hot.sieve == b""
    lane.hear(says.reaches(at(days=3), Milestone.CONTACT_MADE))
    # 64 leave together, so that a busy person's closed record is not written with every event.
    assert len(lane.hot.known_ids) == (HOT_IDS_MAX + 1 - 64) * HOT_ID_BYTES
    assert len(lane.closed.known_ids) == 64 * OLD_ID_BYTES
    lane.hear(says.reaches(at(days=3 + HOT_DAYS), Milestone.CONTACT_MADE))
    assert len(lane.hot.known_ids) == 2 * HOT_ID_BYTES
    lane.hear(says.reaches(at(days=4 + 3 * HOT_DAYS), Milestone.CONTACT_MADE))
    assert len(lane.hot.known_ids) == HOT_ID_BYTES


def test_ids_that_are_too_old_make_room_before_others_must_leave() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.reaches(at(), Milestone.CONTACT_MADE))
    for _ in range(HOT_IDS_MAX - 1):
        lane.hear(says.reaches(at(days=50), Milestone.CONTACT_MADE))
    lane.hear(says.reaches(at(days=HOT_DAYS + 1), Milestone.CONTACT_MADE))
    assert len(lane.hot.known_ids) == HOT_IDS_MAX * HOT_ID_BYTES
    assert len(lane.closed.known_ids) == OLD_ID_BYTES


def test_an_id_of_the_ninetieth_day_is_still_hot() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.reaches(at(), Milestone.CONTACT_MADE))
    lane.hear(says.reaches(at(days=HOT_DAYS), Milestone.CONTACT_MADE))
    assert lane.closed.known_ids == b""
    lane.hear(says.reaches(at(days=HOT_DAYS + 1), Milestone.CONTACT_MADE))
    assert len(lane.closed.known_ids) == OLD_ID_BYTES


def test_the_closed_record_is_not_read_for_what_is_new() -> None:
    lane, says = Lane(), Speaker()
    busy(lane, says, 4, days=400)
    assert not needs_closed(lane.hot, says.reaches(at(days=500), Milestone.CONTACT_MADE))
    assert not needs_closed(lane.hot, says.refers(at(days=500)))
    new = says.answers(HandoffAccepted, at(days=500), SOTE, referral_id="r-new")
    assert not needs_closed(lane.hot, new)


@given(
    st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=300),
    st.integers(0, 60),
    st.binary(min_size=16, max_size=16),
)
def test_no_id_is_ever_forgotten_and_none_is_invented(
    keys: list[bytes], days_apart: int, other: bytes
) -> None:
    hot = old = sieve = b""
    for number, key in enumerate(keys):
        hot, moved = added(hot, key, key[::-1], Instant(number * days_apart * DAY_US))
        old += moved
        sieve += sieve_of(moved)
    assert len(hot) <= HOT_IDS_MAX * HOT_ID_BYTES
    for key in keys:
        in_hot, in_old = find(hot, key), find_old(old, key)
        assert [found for found in (in_hot, in_old) if found is not None] == [key[::-1]]
        if in_old is not None:
            assert may_hold(sieve, key)
    if other not in keys:
        assert find(hot, other) is find_old(old, other) is None


def test_bytes_that_lie_across_two_ids_are_neither() -> None:
    hot, _ = added(b"", b"a" * 16, b"b" * 16, Instant(0))
    hot, _ = added(hot, b"c" * 16, b"d" * 16, Instant(0))
    assert find(hot, hot[8:24]) is None
    sieve = fingerprint(b"abcdef") + fingerprint(b"ghijkl")
    assert may_hold(sieve, b"ghi")
    assert not may_hold(sieve, b"cgh")
