"""How far a partition is: its watermark never promises what may still come, and never goes back."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.ids import AgencyId, Instant
from streams.normalise.raw_lane import RawLane
from streams.promises.watermark import SEND_WITHIN_US, SETTLE_US, Watermark

KELA = AgencyId("kela")
NOON = Instant(1_772_452_800_000_000)
SECOND_US = 1_000_000


def after(seconds: float) -> Instant:
    return Instant(NOON + round(seconds * SECOND_US))


def test_a_partition_that_is_written_out_stands_at_now_less_the_time_to_appear() -> None:
    lane = RawLane(KELA, 5)
    assert lane.watermark(5, NOON) == Watermark(KELA, Instant(NOON - 2_000_000), None)


def test_the_time_to_appear_leaves_room_between_the_clocks_of_two_machines() -> None:
    assert SEND_WITHIN_US + 500_000 <= SETTLE_US


def test_where_more_is_there_and_nothing_is_known_of_it_nothing_is_said() -> None:
    assert RawLane(KELA, 5).watermark(6, NOON) is None


def test_where_more_is_there_it_rests_on_the_last_that_is_written_out() -> None:
    lane = RawLane(KELA, 5)
    lane.written(5, after(10), after(11))
    assert lane.watermark(9, after(60)) == Watermark(KELA, after(8), after(10))


def test_a_record_of_the_future_does_not_promise_the_future() -> None:
    lane = RawLane(KELA, 5)
    lane.written(5, after(3_600), after(10))
    assert lane.watermark(9, after(60)) == Watermark(KELA, after(8), after(3_600))


def test_old_records_that_are_fed_let_it_pass_as_far_as_they_are() -> None:
    lane = RawLane(KELA, 0)
    for offset in range(3):
        lane.written(offset, after(offset * 100), after(86_400 + offset))
    assert lane.watermark(10, after(86_410)) == Watermark(KELA, after(198), after(200))


def test_it_never_goes_back() -> None:
    lane = RawLane(KELA, 0)
    told = lane.watermark(0, after(100))
    assert told is not None
    lane.told(told)
    lane.written(0, after(-500), after(101))
    assert lane.watermark(9, after(102)) is None
    assert lane.watermark(1, after(99)) is None


def test_what_was_not_told_is_said_again() -> None:
    lane = RawLane(KELA, 0)
    assert lane.watermark(0, NOON) == lane.watermark(0, NOON)


def test_what_nobody_can_see_is_no_record_to_wait_for() -> None:
    lane = RawLane(KELA, 5)
    lane.skipped(7)
    assert lane.watermark(7, NOON) is not None
    lane.skipped(6)
    assert lane.next_offset == 7


def test_the_latest_that_was_heard_is_told_whatever_the_order() -> None:
    lane = RawLane(KELA, 0)
    lane.written(0, after(50), after(60))
    lane.written(1, after(20), after(61))
    lane.heard(after(10))
    told = lane.watermark(2, after(70))
    assert told is not None
    assert told.heard_at == after(50)


DELAYS = st.lists(st.integers(0, SETTLE_US - 1), min_size=1, max_size=12)


@given(
    delays=DELAYS,
    gaps=st.lists(st.integers(0, 3_000_000), min_size=12, max_size=12),
    data=st.data(),
)
def test_no_record_comes_that_was_recorded_before_a_watermark_said_so(
    delays: list[int], gaps: list[int], data: st.DataObject
) -> None:
    # Records are stamped, and appear in the order of the broker within the time they have.
    appended = [Instant(NOON + sum(gaps[: place + 1])) for place in range(len(delays))]
    stamps = [Instant(at - delay) for at, delay in zip(appended, delays, strict=True)]
    lane = RawLane(KELA, 0)
    passed_at = None
    for place, (recorded_at, at) in enumerate(zip(stamps, appended, strict=True)):
        looked_at = Instant(data.draw(st.integers(NOON, at)))
        there = sum(each <= looked_at for each in appended)
        said = lane.watermark(there, looked_at)
        if said is not None:
            assert passed_at is None or said.passed_at > passed_at
            passed_at = said.passed_at
            lane.told(said)
        if passed_at is not None:
            assert min(stamps[place:]) >= passed_at
        lane.written(place, recorded_at, at)
