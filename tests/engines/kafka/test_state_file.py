"""A partition's local states: committed ones, in the order of who is due, or made anew."""

from pathlib import Path

from streams.domain.ids import Instant
from streams.engines.kafka import states as states_at_hand
from streams.engines.kafka.state_file import NEVER, Place, StateFile, StateRow
from streams.engines.kafka.states import States

ROWS = [
    StateRow(b"p-a", Instant(30), b"a"),
    StateRow(b"p-b", None, b"b"),
    StateRow(b"p-c", Instant(10), b"c"),
    StateRow(b"p-d", NEVER, b"d"),
    StateRow(b"heard/kela", None, b"k"),
]
BEFORE_ANY = (Instant(-(2**62)), b"")


def test_a_file_gives_back_what_it_was_given_and_where_it_stands(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "0.db")
    assert file.place() == Place(0, "")
    file.put(ROWS, Place(7, "line"))
    file.close()
    file = StateFile(tmp_path / "0.db")
    assert file.place() == Place(7, "line")
    assert [file.row(row.key) for row in ROWS] == ROWS
    assert file.row(b"p-z") is None
    assert file.beginning_with(b"heard/") == [b"k"]
    file.close()


def test_who_is_due_comes_in_order_and_who_never_is_does_not_come(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "0.db")
    file.put(ROWS, Place(1, "line"))
    assert list(file.due()) == [(10, b"p-c"), (30, b"p-a")]
    assert file.with_clocks(BEFORE_ANY, 2) == [(10, b"p-c"), (30, b"p-a")]
    assert file.with_clocks((Instant(30), b"p-a"), 2) == [(NEVER, b"p-d")]
    file.close()


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "0.db").write_bytes(b"no database at all, whatever else" * 100)
    file = StateFile(tmp_path / "0.db")
    assert file.place() == Place(0, "")
    file.close()


def test_a_file_of_another_topic_is_emptied(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "0.db")
    file.put(ROWS, Place(7, "line"))
    file.empty()
    assert file.place() == Place(0, "")
    assert list(file.everything()) == []
    file.close()


def test_what_was_committed_lately_stands_before_the_file(tmp_path: Path) -> None:
    states = States(StateFile(tmp_path / "0.db"))
    states.settle(ROWS, Place(5, "line"))
    states.write()
    states.settle([StateRow(b"p-a", None, b"newer")], Place(6, "line"))
    assert states.get(b"p-a") == b"newer"
    assert states.row(b"p-a") == (b"p-a", None, b"newer")
    assert states.row(b"p-c") == (b"p-c", 10, b"c")
    assert states.row(b"p-z") is None
    assert states.file.row(b"p-a") == (b"p-a", 30, b"a")
    states.close()
    file = StateFile(tmp_path / "0.db")
    assert (file.row(b"p-a"), file.place()) == ((b"p-a", None, b"newer"), Place(6, "line"))
    file.close()


def test_many_states_are_written_at_once(tmp_path: Path) -> None:
    states = States(StateFile(tmp_path / "0.db"))
    some = [StateRow(b"p-%06d" % n, None, b"x") for n in range(states_at_hand.UNWRITTEN_MAX)]
    states.settle(some, Place(3, "line"))
    assert states.file.place() == Place(3, "line")
    states.close()


def test_whether_anybody_has_a_clock_is_known_of_the_newest_states(tmp_path: Path) -> None:
    states = States(StateFile(tmp_path / "0.db"))
    states.settle([StateRow(b"p-a", Instant(1), b"a")], Place(1, "line"))
    assert states.has_clocks()
    states.settle([StateRow(b"p-a", None, b"a")], Place(2, "line"))
    assert not states.has_clocks()
    states.close()
