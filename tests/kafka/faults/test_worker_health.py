"""A worker says how it is by its progress, and one that stalls is started anew."""

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_dev_child import free_ports
from streams.contracts.registry import Registry
from tests.kafka.faults.feeding import feed
from tests.kafka.faults.said import events_said
from tests.kafka.faults.scenario import Run, play
from tests.kafka.faults.workers import SAATTAEN, Place, Worker
from tests.probing import WAIT_S, awaited


def routing(place: Place, *before: str, after: tuple[str, ...] = ()) -> Worker:
    """Prepare a router, maybe under a supervisor."""
    state = str(place.folder / "router")
    session = str(place.session_ms)
    command = [SAATTAEN, "worker", *before, "route", "--state", state, "--session-ms", session]
    return Worker([*command, *after], place.environment(), place.folder / "router.log")


@pytest.mark.usefixtures("clean_topics")
def test_a_router_shows_its_progress(broker: str, registry_url: str, tmp_path: Path) -> None:
    said = events_said(20, wall_clock())
    (port,) = free_ports(1)
    worker = routing(Place(broker, registry_url, tmp_path), after=("--health-port", str(port)))

    async def run() -> str:
        registry = Registry(registry_url)
        await registry.load()
        worker.start()
        await awaited(port, "/readyz", lambda status, _: status == 200)
        await feed(broker, registry, said, per_s=1_000, repeat_share=0.0)
        await registry.close()
        done = f'saattaen_events_total{{stage="route",status="accepted"}} {len(said):.1f}'
        await awaited(port, "/metrics", lambda _, text: done in text)
        await awaited(port, "/livez", lambda status, _: status == 200)
        return await awaited(port, "/metrics", lambda _, text: _behind(text) == 0.0)

    try:
        figures = asyncio.run(run())
    finally:
        assert worker.stop() == 0
    assert "saattaen_clock_lag_seconds" in figures
    assert (
        'saattaen_committed_offset{partition="0",stage="route",topic="saattaen.events"}' in figures
    )
    assert "p-" not in figures  # no figure speaks of a person


def _behind(figures: str) -> float:
    """Add up how long records wait, by a worker's figures; -1 where it gives none."""
    lines = [each for each in figures.splitlines() if each.startswith("saattaen_oldest_unproc")]
    return sum(float(each.split()[-1]) for each in lines) if lines else -1.0


@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("clean_topics")
def test_a_router_that_stands_still_is_started_anew(
    broker: str, registry_url: str, tmp_path: Path
) -> None:
    place = Place(broker, registry_url, tmp_path)
    said = events_said(200, wall_clock())
    supervised = routing(place, "supervise")

    async def stop_the_child(run: Run) -> None:
        await run.watch.until(run.entries // 3, WAIT_S)
        (child,) = psutil.Process(supervised.process.pid).children()
        child.suspend()
        gone = await asyncio.to_thread(_is_gone, child)
        assert gone, "the supervisor left it as it was"

    play(place, said, [supervised], stop_the_child, per_s=50)


def _is_gone(child: psutil.Process) -> bool:
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        if not child.is_running():
            return True
        time.sleep(0.1)
    return False
