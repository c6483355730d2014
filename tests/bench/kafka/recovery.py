"""How long a router's sudden end holds its partitions up: two routers, one killed, started again.

From the kill, while events wait, to the entry of the last of them. The killed one is started again
at once, as its supervisor would; the group still waits until the dead member's session is over.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from streams.bootstrap.hub import wall_clock
from tests.awaiting import await_that
from tests.bench.kafka.hub_topics import SESSION_MS, are_settled, filled, made_anew, running, stamps
from tests.kafka.faults.said import TURNS, events_said
from tests.kafka.faults.workers import Place, router

GOAL_S = 15.0
EVENTS_A_KILL = 500
_SETTLED_S = 60.0


def measure(
    kafka: str, registry_url: str, folder: Path, kills: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Kill routers in turns; give how long each kill cost, in seconds."""
    folder.mkdir()
    asyncio.run(made_anew(kafka))
    said = events_said(kills * EVENTS_A_KILL // TURNS, wall_clock())
    place = Place(kafka, registry_url, folder, SESSION_MS)
    costs_s: list[float] = []
    with ExitStack() as ends:
        workers = [
            ends.enter_context(running(router(place, f"router-{number}"))) for number in range(2)
        ]
        for number in range(kills):
            await_that(lambda: are_settled(workers), _SETTLED_S)
            first = number * EVENTS_A_KILL
            asyncio.run(filled(kafka, registry_url, said[first : first + EVENTS_A_KILL]))
            killed = workers[number % 2]
            killed_s = time.time()
            killed.kill()
            killed.start()
            ended_s = max(asyncio.run(stamps(kafka, first + EVENTS_A_KILL))) / 1000
            costs_s.append(ended_s - killed_s)
            say(f"recovery {number + 1}: {costs_s[-1]:.1f} s")
    return {
        "kills": kills,
        "p50_s": round(median(costs_s), 1),
        "max_s": round(max(costs_s), 1),
        "goal_s": GOAL_S,
    }
