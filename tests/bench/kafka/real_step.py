"""The router with the hub's real `step`: its rate, its own cost an event, two of them, a restart.

one       events of one process from the first to the last, and where their time goes
two       the same events for two processes that share the partitions
hosts     the same events and `step` in other stream processors (`hosted`)
restart   a worker whose snapshot has so many persons, from its start to its last partition
"""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import uvloop
from aiokafka.structs import ConsumerRecord

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.routing import RouterPlace, RunningRouter
from streams.bootstrap.sweeping import sweep_seldom
from streams.contracts.frame import HEAD_BYTES
from streams.contracts.person import decode_state, encode_state
from streams.contracts.registry import Registry
from streams.domain.event import AgencyEvent
from streams.domain.ids import Instant
from streams.engines import lane
from streams.engines.kafka import lanes as kafka_lanes
from streams.engines.kafka import written
from streams.engines.kafka.frames import Frames
from streams.engines.kafka.partition_state import PARTITION_KEY
from streams.engines.kafka.state_file import Place, StateFile, StateRow
from streams.promises import topics
from tests.awaiting import await_that
from tests.bench.kafka.hub_topics import (
    PARTITIONS,
    SESSION_MS,
    are_settled,
    filled,
    made_anew,
    running,
    stamps,
    states,
)
from tests.kafka.faults import workers as faults
from tests.kafka.faults.said import TURNS, events_said

OWN_GOAL_US = 20.0
_START_S_MAX = 120.0
_CALLS_TO_CALIBRATE = 100_000

Host = Callable[[int], list[str]]
"""Gives the command of a host of `step`, for so many events."""


class Order(NamedTuple):
    """What is measured: `persons` are those of the restart, `rounds` those of one and two."""

    kafka: str
    registry: str
    folder: Path
    events: int
    persons: int
    rounds: int
    hosts: dict[str, Host]


class Clocked:
    """Adds up what calls of a function take."""

    def __init__(self, call: Callable[..., Any]) -> None:
        """Stand for a function."""
        self._call = call
        self.seconds = 0.0
        self.calls = 0
        self.began_s = self.began_cpu_s = 0.0
        """When it was called first: on the wall, and in the process's own time."""

    def __call__(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401  # as the function's
        """Call it, and add up."""
        began_s = time.perf_counter()
        if not self.began_s:
            self.began_s, self.began_cpu_s = began_s, time.process_time()
        try:
            return self._call(*given, **named)
        finally:
            self.calls += 1
            self.seconds += time.perf_counter() - began_s


def _clocked(owner: Any, name: str) -> Clocked:  # noqa: ANN401  # any module or class
    """Let a function of a module, or a method of a class, be clocked from now on."""
    clocked = Clocked(getattr(owner, name))

    def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # as the function's
        return clocked(*given, **named)

    # A plain function: no other object becomes a method of whoever is asked.
    setattr(owner, name, called)
    return clocked


def _clocking_us() -> float:
    """Give what clocking adds to a call, beside what the clock itself sees."""

    class Nothing:
        def call(self) -> None:
            """Do nothing."""

    bare = Nothing()
    began_s = time.process_time()
    for _ in range(_CALLS_TO_CALIBRATE):
        bare.call()
    bare_s = time.process_time() - began_s
    clocked = _clocked(Nothing, "call")
    began_s = time.process_time()
    for _ in range(_CALLS_TO_CALIBRATE):
        bare.call()
    seen_s = time.process_time() - began_s
    return (seen_s - bare_s - clocked.seconds) / _CALLS_TO_CALIBRATE * 1e6


def one(kafka: str, registry_url: str, events: int, folder: Path) -> dict[str, float]:
    """Route the events in this process; give its rate, and where each event's time goes (us)."""
    step = _clocked(lane, "step")
    coding = [
        _clocked(lane, "encode_entry"),
        _clocked(lane, "encode_state"),
        _clocked(written, "encode_notice"),
        _clocked(written, "encode_closed"),
        _clocked(kafka_lanes, "decode_state"),
        _clocked(Frames, "read"),
    ]

    sweep_seldom()  # as every process of the hub
    gc.collect()
    gc.freeze()  # what this process holds beside is not the router's to sweep

    async def run() -> tuple[float, float]:
        registry = Registry(registry_url)
        await registry.load()
        stop = asyncio.Event()
        router = RunningRouter(RouterPlace(kafka, registry_url, None, folder), registry)
        working = asyncio.create_task(router.run(stop))
        while router.outcomes.total() < events or _behind(router):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.005)
        reading = coding[-1]
        seconds = time.perf_counter() - reading.began_s
        cpu_s = time.process_time() - reading.began_cpu_s
        stop.set()
        await working
        await registry.close()
        return seconds, cpu_s

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seconds, cpu_s = runner.run(run())
    clocking_us = _clocking_us() * sum(each.calls for each in (step, *coding)) / events
    step_us = step.seconds / events * 1e6
    coding_us = sum(each.seconds for each in coding) / events * 1e6
    cpu_us = cpu_s / events * 1e6
    return {
        "events_per_s": round(events / seconds),
        "total_us": round(seconds / events * 1e6, 1),
        "processor_us": round(cpu_us, 1),
        "step_us": round(step_us, 1),
        "encoding_us": round(coding_us, 1),
        "clocking_us": round(clocking_us, 1),
        "own_us": round(cpu_us - step_us - coding_us - clocking_us, 1),
        "own_goal_us": OWN_GOAL_US,
    }


def _behind(router: RunningRouter) -> bool:
    return any(
        each.gathered(whole=False).outputs for each in router._lanes.values()
    )  # nobody else asks


def several(
    kafka: str, registry_url: str, said: Sequence[AgencyEvent], folder: Path, processes: int
) -> float:
    """Route the events in some processes, all at work before there are any; give events a second.

    From the moment when all events are there to the last entry.
    """
    asyncio.run(made_anew(kafka))
    folder.mkdir(exist_ok=True)
    place = faults.Place(kafka, registry_url, folder, SESSION_MS)
    with ExitStack() as ends:
        workers = [
            ends.enter_context(running(faults.router(place, f"{processes}-{number}")))
            for number in range(processes)
        ]
        await_that(lambda: are_settled(workers), _START_S_MAX)
        began_s = asyncio.run(filled(kafka, registry_url, said))
        ended_s = max(asyncio.run(stamps(kafka, len(said)))) / 1000
    return len(said) / (ended_s - began_s)


def hosted(
    kafka: str, registry_url: str, said: Sequence[AgencyEvent], folder: Path, host: list[str]
) -> float:
    """Let a host of `step` decide the events; give events a second, first entry to last.

    Its start is not counted; nor is the first batch, which was decided before its stamp.
    """
    asyncio.run(made_anew(kafka))
    asyncio.run(filled(kafka, registry_url, said))
    environment = faults.Place(kafka, registry_url, folder).environment()
    with running(faults.Worker(host, environment, folder / "host.log")) as worker:
        found = asyncio.run(_stamps_of(kafka, len(said), worker))
    first = min(found)
    after = sum(stamp > first for stamp in found)
    return after / ((max(found) - first) / 1000)


async def _stamps_of(kafka: str, entries: int, worker: faults.Worker) -> list[int]:
    reading = asyncio.create_task(stamps(kafka, entries))
    while not reading.done():
        if worker.process.poll() not in (None, 0):
            reading.cancel()
            raise RuntimeError(f"the host ended by itself: {worker.said()[-2_000:]}")
        await asyncio.wait([reading], timeout=0.5)
    return reading.result()


def restart(kafka: str, registry_url: str, persons: int, folder: Path) -> dict[str, float]:
    """Start a worker on a snapshot of so many persons; give the seconds until it has all."""
    worker = faults.router(faults.Place(kafka, registry_url, folder, SESSION_MS), "restart")
    _snapshots(asyncio.run(states(kafka)), persons, folder / "restart")
    began_s = time.perf_counter()
    with running(worker):
        await_that(lambda: are_settled([worker]), _START_S_MAX)
        return {"persons": persons, "ready_s": round(time.perf_counter() - began_s, 2)}


def _snapshots(found: list[ConsumerRecord], persons: int, folder: Path) -> None:
    """Write the files of a worker that had so many persons, each with a referral and clocks.

    `found` is what the topic of states has.
    """
    folder.mkdir()
    ends, lineages = _ends(found)
    sample = next(record.value for record in found if record.key.startswith(b"p-"))
    head, state = sample[:HEAD_BYTES], decode_state(sample[HEAD_BYTES:]).state
    for number in range(PARTITIONS):
        file = StateFile(folder / f"{number}.db")
        rows = []
        for person in range(number, persons, PARTITIONS):
            name = f"p-{person:026d}"
            own = encode_state(state._replace(person=name)).data  # type: ignore[arg-type]  # a plain name will do
            rows.append(
                StateRow(name.encode(), Instant(wall_clock() + 10**12 + person), head + own)
            )
            if len(rows) == 20_000:
                file.put(rows, Place(ends[number], lineages[number]))
                rows = []
        file.put(rows, Place(ends[number], lineages[number]))
        file.close()


def _ends(found: list[ConsumerRecord]) -> tuple[dict[int, int], dict[int, str]]:
    """Give where the topic of states ends, and its lineage, by partition."""
    lineages = {
        r.partition: dict(r.headers)[topics.LINEAGE].decode()
        for r in found
        if r.key == PARTITION_KEY
    }
    return {n: max(r.offset for r in found if r.partition == n) + 1 for n in lineages}, lineages


def measure(order: Order, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure all of it, one after another."""
    kafka, registry_url, folder = order.kafka, order.registry, order.folder
    said = events_said(order.events // TURNS, wall_clock())
    found: dict[str, Any] = {"events": len(said)}
    for processes in (1, 2):
        rates = [
            several(kafka, registry_url, said, folder / f"round-{number}", processes)
            for number in range(order.rounds)
        ]
        found[f"processes_{processes}_events_per_s"] = round(median(rates))
        say(f"real step, {processes} processes: {[round(rate) for rate in rates]} events a second")
    found["two_to_one"] = round(
        found["processes_2_events_per_s"] / found["processes_1_events_per_s"], 2
    )
    for name, host in order.hosts.items():
        rate = hosted(kafka, registry_url, said, folder, host(len(said)))
        found[f"{name}_events_per_s"] = round(rate)
        say(f"real step in {name}: {rate:.0f} events a second")
    asyncio.run(made_anew(kafka))
    asyncio.run(filled(kafka, registry_url, said))
    found["router"] = one(kafka, registry_url, len(said), folder / "one")
    say(f"router {found['router']}")
    found["restart"] = restart(kafka, registry_url, order.persons, folder)
    say(f"restart {found['restart']}")
    return found
