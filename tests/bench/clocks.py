"""What clocks cost: armed, fired, how late, how much memory each, and how fast they come back.

The engine, its ledger and its durability are those of `saattaen run`; one clock a person, so that
none shares the cost of another. Beside it in the same run a bare heap with SQLite that keeps no
ledger and decides nothing, and the peers of the folder that PEERS names.
"""

import asyncio
import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from streams.bootstrap.hub import Hub, wall_clock
from streams.bootstrap.running import RunningHub
from streams.domain.agreement import Agreements
from streams.domain.calendar import HOUR_US
from streams.domain.clock_rules import ClockBook, ClockRule, RungRule, triggers
from streams.domain.codes import Milestone
from streams.domain.hub_events import ClockReached
from streams.domain.ids import Instant, PersonId, derive
from streams.domain.path import MilestoneReached
from streams.engines.embedded import EmbeddedEngine
from tests.bench import bare_heap
from tests.bench.growth import resident_mib
from tests.domain.region import EMPLOYMENT, MONDAY, REGION, Speaker

CLOCKS = 1_000_000
FIRING_S = 30
LAG_A_SECOND = 2_000
LAG_S = 30
GROUP = 1_000
PEER_TIMERS = 10_000
LEAD_US = 3_000_000
_US = 1_000_000

RULE = ClockRule(
    "answer-within-an-hour",
    "hours",
    1,
    triggers("job_search_started"),
    triggers("initial_interview_held"),
    (),
    (),
    (RungRule("breach", 1.0, "recipient"),),
    statutory=False,
    law_ref="agreed",
    verified=False,
    valid_from=None,
    valid_to=None,
    scope="person",
    owner_sector="employment",
)
REGION_OF_CLOCKS = REGION._replace(clock_rules=ClockBook((RULE,)))

Rounds = dict[str, list[float]]
Say = Callable[[str], None]


def measure(folder: Path, rounds: Rounds, say: Say) -> dict[str, object]:
    """Give the clocks' figures under their stable keys."""
    bare = bare_heap.measure(folder / "bare", CLOCKS, GROUP)
    say(f"bare heap with SQLite {bare}")
    figures = _armed_and_fired(folder / "clocks", rounds, say)
    figures |= _lag(folder / "lag", rounds, say)
    return figures | {"bare_heap": bare}


def peers(place: str, say: Say) -> dict[str, object]:
    """Run the timer peers of a folder beside us; what cannot run says why."""
    found: dict[str, object] = {}
    for name in ("heap_timers", "apscheduler_timers"):
        script = Path(place) / "timers" / f"{name}.py"
        python = os.environ.get("PEERS_PYTHON", sys.executable)
        args = [python, str(script), "--json", "--seconds", str(LAG_S)]
        if name == "apscheduler_timers":
            args += ["--timers", str(PEER_TIMERS)]
        done = subprocess.run(args, capture_output=True, text=True, check=False, cwd=script.parent)
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
            found[name] = {"did_not_run": reason}
        else:
            found[name] = json.loads(lines[-1])
        say(f"{name} {found[name]}")
    return found


def _started(
    persons: Iterator[int], started_at: Callable[[int], Instant]
) -> Iterator[MilestoneReached]:
    for number in persons:
        speaker = Speaker(person=PersonId(derive("p", str(number))))
        yield speaker.reaches(started_at(number), Milestone.JOB_SEARCH_STARTED, EMPLOYMENT)


def _armed_and_fired(folder: Path, rounds: Rounds, say: Say) -> dict[str, object]:
    agreements = Agreements((REGION_OF_CLOCKS,))
    folder.mkdir()
    engine = EmbeddedEngine(folder, agreements)
    # A millisecond apart, so that they fall due one after the other.
    events = _started(iter(range(CLOCKS)), lambda number: Instant(MONDAY + number * 1_000))
    _arm(engine, islice(events, GROUP))
    engine.next_due()  # so that the heap is there, and grows with what is armed
    gc.collect()
    before_mib, spent_s, armed = resident_mib(), 0.0, 0
    while group := list(islice(events, 20 * GROUP)):
        began = time.perf_counter()
        _arm(engine, iter(group))
        took = time.perf_counter() - began
        rounds.setdefault("clocks.armed_per_s", []).append(round(len(group) / took))
        spent_s, armed = spent_s + took, armed + len(group)
        del group
    gc.collect()
    bytes_per_clock = (resident_mib() - before_mib) * 2**20 / armed
    say(f"{armed} clocks armed in {spent_s:.0f} s, {bytes_per_clock:.0f} B each in memory")
    engine.close()

    engine = EmbeddedEngine(folder, agreements)
    began = time.perf_counter()
    first = engine.next_due()
    rebuilt_s = time.perf_counter() - began
    if first is None:
        raise RuntimeError("no clock waits after the rebuild")
    fired_per_s = _fire_all(engine, first, rounds)
    engine.close()
    shutil.rmtree(folder)
    say(f"rebuilt in {rebuilt_s:.2f} s; {fired_per_s} fired a second")
    return {
        "armed_per_s": round(median(rounds["clocks.armed_per_s"])),
        "fired_per_s": fired_per_s,
        "bytes_per_clock": round(bytes_per_clock),
        "rebuild_s": round(rebuilt_s, 2),
    }


def _arm(engine: EmbeddedEngine, events: Iterator[MilestoneReached]) -> None:
    while group := list(islice(events, GROUP)):
        engine.submit(group)


def _fire_all(engine: EmbeddedEngine, first: Instant, rounds: Rounds) -> int:
    """Fire for at least `FIRING_S` seconds, or as long as there are clocks."""
    to, fired, began = first, 0, time.perf_counter()
    while time.perf_counter() - began < FIRING_S:
        to = Instant(to + 5 * _US)  # five thousand clocks
        started = time.perf_counter()
        count = engine.advance(to)
        if not count:
            break
        rounds.setdefault("clocks.fired_per_s", []).append(
            round(count / (time.perf_counter() - started))
        )
        fired += count
    return round(fired / (time.perf_counter() - began))


def _lag(folder: Path, rounds: Rounds, say: Say) -> dict[str, object]:
    """Fire by wall time in a running hub, `LAG_A_SECOND` clocks a second."""
    count = LAG_A_SECOND * LAG_S
    with Hub(folder, agreements=Agreements((REGION_OF_CLOCKS,))) as hub:
        # Armed first: they started so long ago that they fall due once all are armed.
        first_due = Instant(wall_clock() + LEAD_US + count * 250)
        apart_us = _US // LAG_A_SECOND
        starts = Instant(first_due - HOUR_US)
        _arm(
            hub.engine,
            _started(iter(range(count)), lambda number: Instant(starts + number * apart_us)),
        )
        commits: list[tuple[int, int]] = []
        hub.engine.advancing = partial(_timed, hub.engine.advancing, commits)  # type: ignore[method-assign]  # to see its commits
        late = max(0, wall_clock() - first_due)
        asyncio.run(_run_until(hub, Instant(first_due + LAG_S * _US + _US)))
        lags_ms = []
        fired = (s for s in hub.engine.ledger(count) if isinstance(s.entry.event, ClockReached))
        for committed_at, size in commits:
            lags_ms += [
                (committed_at - stored.entry.event.envelope.occurred_at) / 1000
                for stored in islice(fired, size)
            ]
    if not lags_ms:
        raise RuntimeError("no clock fired by wall time")
    cuts = quantiles(lags_ms, n=100)
    rounds["clocks.lag_p50_ms"] = [round(cuts[49], 2)]
    rounds["clocks.lag_p99_ms"] = [round(cuts[98], 2)]
    say(f"{len(lags_ms)} fired by wall time (armed {late / _US:.1f} s late)")
    say(f"lag p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")
    return {"lag_p50_ms": round(cuts[49], 2), "lag_p99_ms": round(cuts[98], 2)}


def _timed(
    advancing: Callable[[Instant], Iterator[int]], commits: list[tuple[int, int]], to: Instant
) -> Iterator[int]:
    for fired in advancing(to):
        commits.append((wall_clock(), fired))
        yield fired


async def _run_until(hub: Hub, end: Instant) -> None:
    running = RunningHub(hub, lambda _receipts: b"")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_later((end - wall_clock()) / _US, stop.set)
    try:
        await running.run(stop)
    finally:
        running.close()


def peers_asked() -> str:
    """Give the folder of peers that the environment names, empty where it names none."""
    return os.environ.get("PEERS", "")
