"""`make bench`: a table, or one JSON document with `--json`; talk goes to stderr."""

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from streams.bootstrap.sweeping import sweep_seldom
from streams.domain.step import Step, step
from tests.bench import clocks, decide, growth, history, path, working_days
from tests.bench.floor import Floor, decided

WIRES = ("json", "xml", "fhir")
ROUNDS = {"json": 5, "xml": 5, "fhir": 5}
STEP_ROUNDS = 5
_US = 1_000_000


def main() -> None:
    """Measure everything, in one run."""
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument(
        "--growth", action="store_true", help="memory over 100,000 and 1,000,000 messages"
    )
    asked = parser.parse_args()
    sweep_seldom()  # as every process of the hub; the floor has it, too
    with tempfile.TemporaryDirectory(prefix="saattaen-bench-") as folder:
        measured: dict[str, object]
        if asked.growth:
            measured = {"machine": machine(), "growth": growth.measure(Path(folder), say)}
        else:
            measured = everything(Path(folder))
    if asked.json:
        sys.stdout.write(json.dumps(measured, indent=1) + "\n")
    else:
        sys.stdout.write(table(measured))


def everything(folder: Path) -> dict[str, object]:
    """Give every figure under its stable key, and every round of it."""
    rounds: dict[str, list[float]] = {}
    floors: dict[str, float] = {}
    paths: dict[str, float] = {}
    step_us = 0.0
    for wire in WIRES:
        say(f"{wire}: warming up")
        calls = decided(wire, folder / "decided")
        if wire == "json":
            step_us = _steps(calls, rounds)
        floor = Floor(wire, calls)
        del calls
        gc.collect()
        gc.freeze()  # what the floor takes as given is not its own to sweep
        for number in range(-1, ROUNDS[wire]):  # the first of all does not count
            for name, run in (("floor", floor.run), ("path", lambda hub: path.run(wire, hub))):  # noqa: B023  # run at once
                with path.fresh_hub(folder / name) as hub:
                    began = perf_counter()
                    taken = run(hub)
                    spent_us = (perf_counter() - began) / taken * _US
                if number >= 0:
                    rounds.setdefault(f"{name}.{wire}", []).append(round(spent_us, 1))
                    say(f"{name}.{wire} {spent_us:.1f} us a message")
        gc.unfreeze()
        del floor
        floors[wire] = median(rounds[f"floor.{wire}"])
        paths[wire] = median(rounds[f"path.{wire}"])
    histories = history.measure(rounds, say)
    decisions = decide.measure(rounds, say)
    working_day_us = working_days.measure(rounds, say)
    timed = {**clocks.measure(folder, rounds, say), "working_day_us": working_day_us}
    place = clocks.peers_asked()
    peers = {"peers": clocks.peers(place, say)} if place else {}
    return {
        "machine": machine(),
        "floor": floors,
        "path": paths,
        "step_us": step_us,
        "history": histories,
        "clocks": timed,
        "decide": decisions,
        "rounds": rounds,
        **peers,
    }


def _steps(calls: list[tuple[path.Call, Step]], rounds: dict[str, list[float]]) -> float:
    # The path's own messages: clocks that fire between them are the clocks' figure.
    own = [call for call, _ in calls if type(call.event).__name__ != "ClockReached"]
    gc.collect()
    gc.freeze()
    for number in range(-1, STEP_ROUNDS):
        began = perf_counter()
        for person, event, agreement in own:
            step(person, event, agreement)
        spent_us = (perf_counter() - began) / len(own) * _US
        if number >= 0:
            rounds.setdefault("step_us", []).append(round(spent_us, 1))
    gc.unfreeze()
    say(f"step {median(rounds['step_us']):.1f} us a call")
    return median(rounds["step_us"])


def machine() -> dict[str, object]:
    """Say on what was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "load_1min": round(os.getloadavg()[0], 2),
    }


def table(measured: dict[str, object]) -> str:
    """Write the figures for people: median, best and worst."""
    lines = [f"machine  {measured['machine']}", ""]
    rounds = measured.get("rounds")
    if isinstance(rounds, dict):
        lines.append(f"{'figure':<42}{'median':>10}{'best':>10}{'worst':>10}  unit")
        lines += [
            f"{name:<42}{median(found):>10.1f}{min(found):>10.1f}{max(found):>10.1f}  {_unit(name)}"
            for name, found in rounds.items()
        ]
        lines.append("")
        for wire in WIRES:
            ratio = median(rounds[f"floor.{wire}"]) / median(rounds[f"path.{wire}"])
            goal = "  (goal: at least 0.40)" if wire == "json" else ""
            lines.append(f"floor.{wire} / path.{wire}  {ratio:.2f}{goal}")
        lines.append(f"step {measured['step_us']:.1f} us  (goal: at most 60)")
        ratio = median(rounds["history.1000"]) / median(rounds["history.10"])
        lines.append(f"history.1000 / history.10  {ratio:.2f}  (goal: at most 1.5)")
        lines += _of_clocks(measured)
    growth_rows = measured.get("growth")
    if isinstance(growth_rows, dict):
        lines += [f"{name:<32}{value}" for name, value in growth_rows.items()]
    return "\n".join(lines) + "\n"


def _unit(name: str) -> str:
    return {"per_s": "a second", "lag_p50_ms": "ms", "lag_p99_ms": "ms"}.get(
        name.rpartition(".")[2].removeprefix("armed_").removeprefix("fired_"), "us"
    )


def _of_clocks(measured: dict[str, object]) -> list[str]:
    timed, peers = measured["clocks"], measured.get("peers", {})
    if not isinstance(timed, dict) or not isinstance(peers, dict):
        raise TypeError("the clocks' figures are no table")
    goals = {
        "armed_per_s": "at least 3000",
        "fired_per_s": "at least 2000",
        "lag_p50_ms": "under 20",
        "lag_p99_ms": "under 250",
        "bytes_per_clock": "at most 250",
        "rebuild_s": "under 20",
        "working_day_us": "under 3",
        "edit_s": f"{clocks.EDITED_CLOCKS} clocks, none missed or repeated meanwhile",
        "edit_missed": "0",
        "edit_repeated": "0",
    }
    lines = ["", f"{'clocks':<22}{'the hub':>12}{'bare heap':>12}  goal"]
    lines += [
        f"{name:<22}{timed[name]:>12}{timed['bare_heap'].get(name, '-'):>12}  {goal}"
        for name, goal in goals.items()
    ]
    return lines + [f"peer {name}  {json.dumps(found)}" for name, found in peers.items()]


def say(text: str) -> None:
    """Talk on stderr."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
