"""A record that ends its worker is found by counting, and only such a record."""

from pathlib import Path

from streams.engines.kafka.attempts import ALONE_MAX, Attempts
from streams.engines.kafka.state_file import StateFile

BATCH = 500


class Worker:
    """Begins at a committed offset; `end` is the process's, which leaves the file as it is."""

    def __init__(self, folder: Path, committed: int) -> None:
        self._file = StateFile(folder / "0.db")
        self.attempts = Attempts(self._file, committed, BATCH)

    def end(self) -> None:
        self._file.close()


def begun(folder: Path, committed: int) -> Attempts:
    """Begin as a worker does that ends before it has done anything."""
    worker = Worker(folder, committed)
    worker.end()
    return worker.attempts


def test_a_worker_that_begins_takes_records_by_the_hundred(tmp_path: Path) -> None:
    attempts = begun(tmp_path, 7)
    assert not attempts.is_careful(7)
    assert attempts.may_take(7)


def test_a_worker_that_ended_after_progress_makes_nobody_careful(tmp_path: Path) -> None:
    begun(tmp_path, 7)
    assert not begun(tmp_path, 8).is_careful(8)


def test_an_orderly_end_makes_nobody_careful(tmp_path: Path) -> None:
    worker = Worker(tmp_path, 7)
    worker.attempts.end()
    worker.end()
    assert not begun(tmp_path, 7).is_careful(7)


def test_a_worker_that_begins_where_another_ended_takes_one_by_one_for_a_batch(
    tmp_path: Path,
) -> None:
    begun(tmp_path, 7)
    attempts = begun(tmp_path, 7)
    assert attempts.is_careful(7)
    assert attempts.is_careful(7 + BATCH - 1)
    assert not attempts.is_careful(7 + BATCH)


def test_the_record_that_ends_every_worker_is_refused_and_no_other(tmp_path: Path) -> None:
    begun(tmp_path, 7)
    for _ in range(ALONE_MAX):
        worker = Worker(tmp_path, 7)
        assert worker.attempts.may_take(7)
        worker.end()
    worker = Worker(tmp_path, 7)
    assert not worker.attempts.may_take(7)
    assert worker.attempts.may_take(8)


def test_a_record_further_on_is_found_though_others_before_it_were_committed(
    tmp_path: Path,
) -> None:
    begun(tmp_path, 7)
    worker = Worker(tmp_path, 7)
    assert worker.attempts.may_take(7)
    worker.attempts.survived(7)  # and it is committed
    assert worker.attempts.may_take(8)
    worker.end()
    worker = Worker(tmp_path, 8)
    assert worker.attempts.may_take(8)
    worker.end()
    assert not Worker(tmp_path, 8).attempts.may_take(8)


def test_a_record_that_was_taken_is_not_blamed_for_what_ends_the_worker_later(
    tmp_path: Path,
) -> None:
    begun(tmp_path, 7)
    for _ in range(ALONE_MAX + 2):
        worker = Worker(tmp_path, 7)
        assert worker.attempts.is_careful(7)
        assert worker.attempts.may_take(7)
        worker.attempts.survived(7)  # not committed: another partition ends the worker
        worker.end()
