"""The judge of ledgers sees each kind of fault that it is there for."""

import pytest

from tests.kafka.faults.ledger_checking import Due, Seen, violations

WHOLE = [
    Seen(0, 0, "p-a", 1, "e-1", b"1"),
    Seen(1, 0, "p-b", 1, "e-2", b"2"),
    Seen(0, 1, "p-a", 2, "e-3", b"3"),
    Seen(0, 2, "p-a", 3, "e-4", b"4"),
]
EXPECTED = {
    "p-a": [Due("e-1", b"1"), Due("e-3", b"3"), Due("e-4", b"4")],
    "p-b": [Due("e-2", b"2")],
}


def test_a_whole_ledger_has_no_violation() -> None:
    assert violations(WHOLE, EXPECTED) == []


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        (WHOLE[:1] + WHOLE[2:], "lost e-2"),
        ([*WHOLE, WHOLE[3]._replace(offset=3, sequence=4)], "repeats e-4"),
        ([*WHOLE, WHOLE[3]._replace(offset=3)], "has the sequences"),
        ([WHOLE[0], WHOLE[1], WHOLE[3], WHOLE[2]], "out of order"),
        ([*WHOLE, Seen(1, 1, "p-b", 2, "e-9", b"9")], "foreign e-9"),
        ([*WHOLE, Seen(1, 1, "p-c", 1, "e-9", b"9")], "foreign lane p-c"),
        ([WHOLE[0], WHOLE[1], WHOLE[2], WHOLE[3]._replace(partition=1)], "two partitions"),
        ([WHOLE[0], WHOLE[1], WHOLE[2], WHOLE[3]._replace(entry_digest=b"")], "decided otherwise"),
        (
            [
                WHOLE[0],
                WHOLE[1],
                WHOLE[2]._replace(event_id="e-4"),
                WHOLE[3]._replace(event_id="e-3"),
            ],
            "in another order",
        ),
    ],
)
def test_a_planted_fault_is_seen(planted: list[Seen], why: str) -> None:
    assert any(why in said for said in violations(planted, EXPECTED))
