"""The floor of clocks: a heap in memory, a SQLite table behind it; nothing is decided or kept."""

import gc
import heapq
import shutil
from pathlib import Path
from time import perf_counter

import apsw

from tests.bench.growth import resident_mib

_TABLE = (
    "CREATE TABLE timer (id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, person TEXT NOT NULL)"
)


def measure(folder: Path, timers: int, group: int) -> dict[str, float]:
    """Arm so many timers, fire them all, and rebuild the heap from the table in between."""
    folder.mkdir()
    db = apsw.Connection(str(folder / "timers.db"))
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(_TABLE)
    gc.collect()
    before_mib = resident_mib()
    heap: list[tuple[int, int]] = []
    began = perf_counter()
    for start in range(0, timers, group):
        rows = [(start + i, (start + i) * 1_000, f"p-{start + i:026d}") for i in range(group)]
        with db:
            db.executemany("INSERT INTO timer VALUES (?, ?, ?)", rows)
        for number, due_at, _ in rows:
            heapq.heappush(heap, (due_at, number))
    armed_s = perf_counter() - began
    bytes_each = (resident_mib() - before_mib) * 2**20 / timers
    began = perf_counter()
    again = [(row[1], row[0]) for row in db.execute("SELECT id, due_at FROM timer")]
    heapq.heapify(again)
    rebuild_s = perf_counter() - began
    began = perf_counter()
    while again:
        gone = [(heapq.heappop(again)[1],) for _ in range(min(group, len(again)))]
        with db:
            db.executemany("DELETE FROM timer WHERE id = ?", gone)
    fired_s = perf_counter() - began
    db.close()
    shutil.rmtree(folder)
    return {
        "armed_per_s": round(timers / armed_s),
        "fired_per_s": round(timers / fired_s),
        "bytes_per_clock": round(bytes_each),
        "rebuild_s": round(rebuild_s, 2),
    }
