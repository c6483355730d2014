"""Routers that are killed lose nothing, repeat nothing and keep the order: a run of `make test`."""

from pathlib import Path
from random import Random

import pytest

from streams.bootstrap.hub import wall_clock
from tests.kafka.faults.said import TURNS, events_said
from tests.kafka.faults.scenario import Run, play
from tests.kafka.faults.workers import Place, router

PERSONS = 200
KILLS = 3
WAIT_S = 60.0


@pytest.mark.usefixtures("clean_topics")
def test_killed_routers_lose_and_repeat_nothing(
    broker: str, registry_url: str, tmp_path: Path
) -> None:
    said = events_said(PERSONS, wall_clock())
    place = Place(broker, registry_url, tmp_path)
    routers = [router(place, f"router-{number}") for number in range(2)]

    async def kill(run: Run) -> None:
        rng = Random(7)
        for number in range(KILLS):
            await run.watch.until(run.entries * (number + 1) // (KILLS + 2), WAIT_S)
            victim = rng.choice(run.workers)
            victim.kill()
            victim.start()

    play(place, said, routers, kill)
    assert len(said) == PERSONS * TURNS
