"""What stays in memory over 100,000 and then 1,000,000 messages of 100,000 persons."""

from collections.abc import Callable
from pathlib import Path

from tests.bench.mix import json_mix
from tests.bench.path import AGENCIES, fresh_hub, recorded_at_of

PERSONS = 100_000
TURNS = 10
GOAL_SHARE = 0.05


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Give resident memory after each turn over all persons, and its growth, in MiB."""
    after_mib: list[float] = []
    taken = 0
    with fresh_hub(folder / "growth") as hub:
        for raw in json_mix(PERSONS, TURNS):
            for group in hub.ingest(AGENCIES["json"], raw, recorded_at_of("json")):
                taken += len(group)
            if taken % PERSONS == 0:
                after_mib.append(round(resident_mib(), 1))
                say(f"{taken} messages: {after_mib[-1]} MiB resident")
    share = after_mib[-1] / after_mib[0] - 1
    return {
        "messages": taken,
        "resident_mib_after_100000": after_mib[0],
        "resident_mib_after_1000000": after_mib[-1],
        "growth_share": round(share, 4),
        "goal_share": GOAL_SHARE,
        "each_turn_mib": after_mib,
    }


def resident_mib() -> float:
    """Read this process's resident memory."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS in /proc/self/status")
