"""The checker of histories sees planted bugs; otherwise its silence would prove nothing."""

from pathlib import Path

import pytest

from streams.promises.transport import Handover, Parcel, Taken
from tests.dispatch.hub import AINO, EINO, KELA, Bench, notice
from tests.dispatch.receivers import Handed, Receiver, violations

TOLD = [notice(f"{person} {n}", KELA, person) for n in range(3) for person in (AINO, EINO)]
RIGHT = [Handed(told.notice_id, told.detail.encode()) for told in TOLD]


def test_a_right_history_is_let_pass() -> None:
    assert violations(TOLD, RIGHT, repeats=False) == []
    assert violations(TOLD, RIGHT, repeats=True) == []


def test_persons_may_be_interleaved_otherwise() -> None:
    by_person = sorted(RIGHT, key=lambda handed: handed.body.split()[0])
    assert violations(TOLD, by_person, repeats=False) == []


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("at", range(len(RIGHT)))
def test_one_dropped_is_found(at: int, repeats: bool) -> None:
    assert violations(TOLD, RIGHT[:at] + RIGHT[at + 1 :], repeats=repeats)


@pytest.mark.parametrize("at", range(len(RIGHT)))
def test_one_repeated_is_found_where_nothing_crashed(at: int) -> None:
    assert violations(TOLD, RIGHT[: at + 1] + RIGHT[at:], repeats=False)


@pytest.mark.parametrize("repeats", [True, False])
def test_one_repeated_after_its_successor_is_always_found(repeats: bool) -> None:
    assert violations(TOLD, [*RIGHT, RIGHT[0]], repeats=repeats)


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("at", range(len(RIGHT) - 2))
def test_two_swapped_in_a_lane_are_found(at: int, repeats: bool) -> None:
    swapped = RIGHT.copy()
    swapped[at], swapped[at + 2] = swapped[at + 2], swapped[at]
    assert violations(TOLD, swapped, repeats=repeats)


@pytest.mark.parametrize("repeats", [True, False])
def test_a_changed_id_or_body_is_found(repeats: bool) -> None:
    other_id = notice("somebody else's", KELA, AINO).notice_id
    assert violations(TOLD, [RIGHT[0]._replace(notice_id=other_id), *RIGHT[1:]], repeats=repeats)
    assert violations(TOLD, [RIGHT[0]._replace(body=b""), *RIGHT[1:]], repeats=repeats)


class Faulty(Receiver):
    """Drops, repeats or swaps on the way, as a planted bug of dispatch would."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.kept_back: list[Parcel] = []

    async def hand_over(self, parcel: Parcel) -> Handover:
        if len(self.tried) == 2 and self.fault == "drop":
            self.tried.append(parcel.notice_id)
            return Taken()
        if len(self.tried) == 2 and self.fault == "swap" and not self.kept_back:
            self.kept_back.append(parcel)
            return Taken()
        answer = await super().hand_over(parcel)
        if self.fault == "repeat" and len(self.tried) == 3:
            await super().hand_over(parcel)
        if len(self.tried) == 4 and self.kept_back:
            await super().hand_over(self.kept_back[0])
        return answer


@pytest.mark.parametrize(
    ("fault", "seen"), [("none", False), ("drop", True), ("repeat", True), ("swap", True)]
)
async def test_a_bug_planted_in_a_run_is_found(tmp_path: Path, fault: str, seen: bool) -> None:
    kela = Faulty(fault)
    hub = Bench(tmp_path, {KELA: kela})
    for told in TOLD:
        hub.hub.publish(told)
    await hub.dispatcher().drain_once()
    assert bool(violations(TOLD, kela.history, repeats=False)) is seen
