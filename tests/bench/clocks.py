"""What clocks cost: armed, fired, how late, how much memory each, and how fast they come back.

The engine, its ledger and its durability are those of `saattaen run`. The million has four clocks a
person; arming and lag are measured with one clock a message, so that none shares the cost of
another. Beside it in the same run a bare heap with SQLite that keeps no
ledger and decides nothing, and the peers of the folder that PEERS names.
"""

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.sweeping import sweep_seldom
from streams.domain.agreement import Agreements
from streams.domain.calendar import HOUR_US
from streams.domain.clock_rules import ClockBook, ClockRule, RungRule, triggers
from streams.domain.codes import Milestone
from streams.domain.hub_events import AgreementChanged, ClockReached
from streams.domain.ids import Instant, PersonId, derive
from streams.domain.path import MilestoneReached
from streams.engines.embedded import EmbeddedEngine
from tests.bench import bare_heap
from tests.bench.growth import resident_mib
from tests.bench.peers import python_of
from tests.domain.region import EMPLOYMENT, MONDAY, REGION
from tests.domain.speaker import Speaker

CLOCKS = 1_000_000
CLOCKS_A_PERSON = 4
FIRING_S = 30
LAG_A_SECOND = 2_000
LAG_S = 30
GROUP = 1_000
ARMING_ROUNDS = 5
PEER_TIMERS = 10_000
LEAD_US = 3_000_000
EDITED_CLOCKS = 100_000
SIZES = (
    "CLOCKS",
    "CLOCKS_A_PERSON",
    "FIRING_S",
    "LAG_A_SECOND",
    "LAG_S",
    "GROUP",
    "LEAD_US",
    "EDITED_CLOCKS",
)
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
REGION_OF_MANY = REGION._replace(
    clock_rules=ClockBook(
        [
            RULE._replace(rule=f"answer-within-{hours}-hours", limit=hours)
            for hours in range(1, CLOCKS_A_PERSON + 1)
        ]
    ),
    clock_digest=b"as agreed",
)

Rounds = dict[str, list[float]]
Say = Callable[[str], None]


def measure(folder: Path, rounds: Rounds, say: Say) -> dict[str, object]:
    """Give the clocks' figures under their stable keys, each part in a process of its own.

    What another part has freed would be taken again here, and a clock would seem to take nothing.
    """
    figures: dict[str, object] = {}
    for part in ("bare_heap", "million", "lag", "edit"):
        sizes = json.dumps({name: globals()[name] for name in SIZES})
        args = [sys.executable, "-m", "tests.bench.clocks", part, str(folder / part), sizes]
        done = subprocess.run(args, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout)
        figures |= found["figures"]
        rounds |= found["rounds"]
        say(f"{part} {found['figures']}")
    return figures


def main() -> None:
    """Measure one part: its name, a folder that is not there yet, and the sizes."""
    part, folder, sizes = sys.argv[1:]
    globals().update(json.loads(sizes))
    sweep_seldom()
    parts = {"bare_heap": _bare_heap, "million": _million, "lag": _lag, "edit": _edit}
    rounds: Rounds = {}
    figures = parts[part](Path(folder), rounds, _talk)
    sys.stdout.write(json.dumps({"figures": figures, "rounds": rounds}))


def _talk(text: str) -> None:
    sys.stderr.write(text + "\n")


def _bare_heap(folder: Path, _rounds: Rounds, _say: Say) -> dict[str, object]:
    return {"bare_heap": bare_heap.measure(folder, CLOCKS, GROUP)}


def peers(place: str, say: Say) -> dict[str, object]:
    """Run the timer peers of a folder beside us; what cannot run says why."""
    found: dict[str, object] = {}
    try:
        python = python_of(Path(place), say)
    except subprocess.CalledProcessError as failure:
        return {"did_not_run": f"the peers' packages cannot be installed: {failure}"}
    names = ["heap_timers", "apscheduler_timers"]
    if "TEMPORAL_CLI" in os.environ:
        names.append("temporal_timers")
    for name in names:
        script = Path(place) / "timers" / f"{name}.py"
        args = [str(python), str(script), "--json", "--seconds", str(LAG_S)]
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


def _million(folder: Path, rounds: Rounds, say: Say) -> dict[str, object]:
    agreements = Agreements((REGION_OF_MANY,))
    folder.mkdir()
    engine = EmbeddedEngine(folder, agreements)
    # A millisecond apart, so that they fall due one after the other.
    persons = CLOCKS // CLOCKS_A_PERSON
    events = _started(iter(range(persons)), lambda number: Instant(MONDAY + number * 1_000))
    warmed = 2 * GROUP
    _arm(engine, islice(events, warmed))
    engine.next_due()  # so that the heap is there, and grows with what is armed
    gc.collect()
    before_mib, began = resident_mib(), time.perf_counter()
    _arm(engine, events)
    armed = (persons - warmed) * CLOCKS_A_PERSON
    gc.collect()
    bytes_per_clock = (resident_mib() - before_mib) * 2**20 / armed
    say(
        f"{armed} clocks armed in {time.perf_counter() - began:.0f} s, {bytes_per_clock:.0f} B each"
    )
    engine.close()

    engine = EmbeddedEngine(folder, agreements)
    began = time.perf_counter()
    first = engine.next_due()
    rebuild_s = time.perf_counter() - began
    if first is None:
        raise RuntimeError("no clock waits after the rebuild")
    fired_per_s = _fire_all(engine, first, rounds)
    engine.close()
    shutil.rmtree(folder)
    say(f"rebuilt in {rebuild_s:.2f} s; {fired_per_s} fired a second")
    return {
        "fired_per_s": fired_per_s,
        "bytes_per_clock": round(bytes_per_clock),
        "rebuild_s": round(rebuild_s, 2),
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
    """Fire by wall time, `LAG_A_SECOND` clocks a second, as a running hub does.

    It sleeps until the next clock is due and fires what is due then, a transaction a turn. Dispatch
    stands still: it takes its notices from the ledger afterwards, at its own pace.
    """
    count = LAG_A_SECOND * LAG_S
    folder.mkdir()
    engine = EmbeddedEngine(folder, Agreements((REGION_OF_CLOCKS,)), wall=wall_clock)
    # Armed first: they started so long ago that they fall due once all are armed.
    first_due = Instant(wall_clock() + LEAD_US + count * 350)
    apart_us = _US // LAG_A_SECOND
    starts = Instant(first_due - HOUR_US)
    events = _started(iter(range(count)), lambda number: Instant(starts + number * apart_us))
    while group := list(islice(events, count // ARMING_ROUNDS)):
        began = time.perf_counter()
        _arm(engine, iter(group))
        armed_per_s = round(len(group) / (time.perf_counter() - began))
        rounds.setdefault("clocks.armed_per_s", []).append(armed_per_s)
    late_us = max(0, wall_clock() - first_due)
    engine.next_due()  # makes the heap
    committed_at: list[int] = []
    while (due_at := engine.next_due()) is not None:
        time.sleep(max(0, due_at - wall_clock()) / _US)
        for fired in engine.advancing(wall_clock()):
            committed_at += [wall_clock()] * fired
    fired_at = [
        stored.entry.event.envelope.occurred_at
        for stored in engine.ledger(count)
        if isinstance(stored.entry.event, ClockReached)
    ]
    engine.close()
    shutil.rmtree(folder)
    lags_ms = [(at - due) / 1000 for at, due in zip(committed_at, fired_at, strict=True)]
    cuts = quantiles(lags_ms, n=100)
    rounds["clocks.lag_p50_ms"] = [round(cuts[49], 2)]
    rounds["clocks.lag_p99_ms"] = [round(cuts[98], 2)]
    say(f"{len(lags_ms)} fired by wall time (armed {late_us / _US:.1f} s late)")
    say(f"lag p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")
    return {
        "armed_per_s": round(median(rounds["clocks.armed_per_s"])),
        "lag_p50_ms": round(cuts[49], 2),
        "lag_p99_ms": round(cuts[98], 2),
    }


def _edit(folder: Path, rounds: Rounds, say: Say) -> dict[str, object]:
    """Edit the rules of open clocks while others of the same persons fall due, a thousand a second.

    The rule that falls due meanwhile is the one that the edit leaves as it is.
    """
    folder.mkdir()
    engine = EmbeddedEngine(folder, Agreements((REGION_OF_MANY,)))
    persons = EDITED_CLOCKS // CLOCKS_A_PERSON
    _arm(engine, _started(iter(range(persons)), lambda number: Instant(MONDAY + number * 1_000)))
    engine.close()

    first, *others = REGION_OF_MANY.clock_rules
    later = [rule._replace(limit=rule.limit + 1) for rule in others]
    edited = REGION_OF_MANY._replace(clock_rules=ClockBook([first, *later]), clock_digest=b"edited")
    engine = EmbeddedEngine(folder, Agreements((edited,)))
    edited_at = Instant(MONDAY + first.limit * HOUR_US - 1)
    began_s = time.perf_counter()
    engine.advance(edited_at)
    spent_s = time.perf_counter() - began_s
    now = Instant(edited_at + round(spent_s * _US))
    engine.advance(now)
    came = [stored.entry for stored in engine.ledger(persons)]
    changed = sum(isinstance(entry.event, AgreementChanged) for entry in came)
    fired = Counter(entry.person for entry in came if isinstance(entry.event, ClockReached))
    due = min(persons, (now - edited_at - 1) // 1_000 + 1)
    engine.close()
    shutil.rmtree(folder)
    rounds["clocks.edit_s"] = [round(spent_s, 2)]
    say(f"{changed} persons' clocks followed an edit in {spent_s:.1f} s; {due} fell due meanwhile")
    return {
        "edited_clocks": EDITED_CLOCKS,
        "edit_s": round(spent_s, 2),
        "edit_persons": changed,
        "edit_due_meanwhile": due,
        "edit_missed": due - len(fired),
        "edit_repeated": fired.total() - len(fired),
    }


def peers_asked() -> str:
    """Give the folder of peers that the environment names, empty where it names none."""
    return os.environ.get("PEERS", "")


if __name__ == "__main__":
    main()
