"""The router with the hub's real `step`: its rate, its own cost an event, two of them, a restart.

one       events of one process from the first to the last, and where their time goes
two       the same events for two processes that share the partitions
restart   a worker whose snapshot has so many persons, from its start to its last partition
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_topics import needed_topics
from streams.bootstrap.routing import RouterPlace, RunningRouter
from streams.contracts.event import encode_event
from streams.contracts.person import decode_state, encode_state
from streams.contracts.registry import Registry, frame_payload
from streams.domain.event import AgencyEvent
from streams.domain.ids import Instant
from streams.engines import lane
from streams.engines.kafka import lanes as kafka_lanes
from streams.engines.kafka import written
from streams.engines.kafka.frames import Frames
from streams.engines.kafka.state_file import Place, StateFile, StateRow
from streams.promises import topics
from tests.kafka.faults.said import events_said
from tests.kafka.topics import remake_topics

PARTITIONS = 4
OWN_GOAL_US = 20.0
_READY = b"partition_taken"
_START_S_MAX = 120.0
_HEAD_BYTES = 5


async def prepared(kafka: str, registry_url: str, said: Sequence[AgencyEvent]) -> None:
    """Make the hub's topics anew, and write the events."""
    await remake_topics(kafka, needed_topics(load_agreements()), PARTITIONS)
    registry = Registry(registry_url)
    await registry.load()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=20, compression_type="lz4")
    await producer.start()
    for event in said:
        value = frame_payload(registry, type(event).__name__, encode_event(event))
        await producer.send(topics.EVENTS, value, key=event.envelope.person.encode())
    await producer.stop()
    await registry.close()


class Clocked:
    """Adds up what calls of a function take."""

    def __init__(self, call: Callable[..., Any]) -> None:
        """Stand for a function."""
        self._call = call
        self.seconds = 0.0
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
            self.seconds += time.perf_counter() - began_s


def _clocked(owner: Any, name: str) -> Clocked:  # noqa: ANN401  # any module or class
    """Let a function of a module, or a method of a class, be clocked from now on."""
    clocked = Clocked(getattr(owner, name))

    def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # as the function's
        return clocked(*given, **named)

    # A plain function: no other object becomes a method of whoever is asked.
    setattr(owner, name, called)
    return clocked


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
    step_us = step.seconds / events * 1e6
    coding_us = sum(each.seconds for each in coding) / events * 1e6
    cpu_us = cpu_s / events * 1e6
    return {
        "events_per_s": round(events / seconds),
        "total_us": round(seconds / events * 1e6, 1),
        "processor_us": round(cpu_us, 1),
        "step_us": round(step_us, 1),
        "encoding_us": round(coding_us, 1),
        "own_us": round(cpu_us - step_us - coding_us, 1),
        "own_goal_us": OWN_GOAL_US,
    }


def _behind(router: RunningRouter) -> bool:
    return any(
        each.gathered(whole=False).outputs for each in router._lanes.values()
    )  # nobody else asks


def several(kafka: str, registry_url: str, events: int, folder: Path, processes: int) -> float:
    """Route the events in some processes; give events a second, by the broker's own clock."""
    workers = []
    for number in range(processes):
        command = [
            *(sys.executable, "-c", "from streams.cli import main; main()"),
            *("worker", "route", "--kafka", kafka, "--registry", registry_url),
            *("--state", str(folder / f"{processes}-{number}")),
        ]
        log = (folder / f"{processes}-{number}.log").open("wb")
        workers.append(subprocess.Popen(command, stdout=log, stderr=log))  # our own command
        log.close()
    try:
        return asyncio.run(_rate(kafka, events))
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()


async def _rate(kafka: str, events: int) -> float:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", enable_auto_commit=False
    )
    await consumer.start()
    try:
        sources = [TopicPartition(topics.LEDGER, number) for number in range(PARTITIONS)]
        consumer.assign(sources)
        await consumer.seek_to_beginning(*sources)
        stamps: list[int] = []
        while len(stamps) < events:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                stamps += [record.timestamp for record in records]
        # The first batch was decided before its stamp, so it is left out of the time and the count.
        first = min(stamps)
        after = sum(stamp > first for stamp in stamps)
        return after / ((max(stamps) - first) / 1000)
    finally:
        await consumer.stop()


def restart(
    kafka: str, registry_url: str, persons: int, folder: Path, sample: bytes
) -> dict[str, float]:
    """Start a worker on a snapshot of so many persons; give the seconds until it has all."""
    _snapshots(kafka, persons, folder, sample)
    command = [
        *(sys.executable, "-c", "from streams.cli import main; main()"),
        *("worker", "route", "--kafka", kafka, "--registry", registry_url),
        *("--state", str(folder)),
    ]
    log = folder / "restart.log"
    with log.open("wb") as out:
        began_s = time.perf_counter()
        worker = subprocess.Popen(command, stdout=out, stderr=out)  # our own command
    try:
        while log.read_bytes().count(_READY) < PARTITIONS:
            if worker.poll() is not None or time.perf_counter() - began_s > _START_S_MAX:
                raise RuntimeError(log.read_text()[-2_000:])
            time.sleep(0.02)
        return {"persons": persons, "ready_s": round(time.perf_counter() - began_s, 2)}
    finally:
        worker.terminate()
        worker.wait()


def _snapshots(kafka: str, persons: int, folder: Path, sample: bytes) -> None:
    """Write the files of a worker that had so many persons, each with a referral and clocks."""
    ends, lineages = asyncio.run(_ends(kafka))
    head, state = sample[:_HEAD_BYTES], decode_state(sample[_HEAD_BYTES:]).state
    for number in range(PARTITIONS):
        (folder / f"{number}.db").unlink(missing_ok=True)
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


async def _ends(kafka: str) -> tuple[dict[int, int], dict[int, str]]:
    """Give where the topic of states ends, and its lineage, by partition."""
    records = await states(kafka)
    lineages = {
        r.partition: dict(r.headers)[topics.LINEAGE].decode()
        for r in records
        if r.key == b"partition"
    }
    return {n: max(r.offset for r in records if r.partition == n) + 1 for n in lineages}, lineages


async def states(kafka: str) -> list[ConsumerRecord]:
    """Read the topic of states."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", enable_auto_commit=False
    )
    await consumer.start()
    try:
        sources = [TopicPartition(topics.STATE, number) for number in range(PARTITIONS)]
        consumer.assign(sources)
        await consumer.seek_to_beginning(*sources)
        ends = await consumer.end_offsets(sources)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(source) < ends[source] for source in sources]):
            for records in (await consumer.getmany(timeout_ms=50)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def measure(
    kafka: str,
    registry_url: str,
    events: int,
    persons: int,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Measure all of it, one after another."""
    said = events_said(events // 5, wall_clock())
    found: dict[str, Any] = {"events": len(said)}
    for processes in (1, 2):
        asyncio.run(prepared(kafka, registry_url, said))
        rate = several(kafka, registry_url, len(said), folder, processes)
        found[f"processes_{processes}_events_per_s"] = round(rate)
        say(f"real step, {processes} processes: {rate:.0f} events a second")
    found["two_to_one"] = round(
        found["processes_2_events_per_s"] / found["processes_1_events_per_s"], 2
    )
    asyncio.run(prepared(kafka, registry_url, said))
    found["router"] = one(kafka, registry_url, len(said), folder / "one")
    say(f"router {found['router']}")
    sample = next(r.value for r in asyncio.run(states(kafka)) if r.key.startswith(b"p-"))
    found["restart"] = restart(kafka, registry_url, persons, folder / "one", sample)
    say(f"restart {found['restart']}")
    return found
