"""A hub that is killed at a named point around a firing, again and again: a process of its own.

    python -m tests.engines.killing FOLDER KILLS

FOLDER/hub is played to the end with KILLS kills on its way; a JSON object says what became of it.
Nothing of this exists in the hub itself: the child puts the faults round the hub's own functions.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from random import Random
from unittest import mock

import structlog

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.dispatching import dispatcher_of, open_attempts
from streams.bootstrap.hub import Hub
from streams.bootstrap.transports import OUTBOX, transports_of
from streams.domain.agreement import Agreement, Agreements
from streams.domain.calendar import DAY_US, instant
from streams.domain.event import Event
from streams.domain.hub_events import ClockReached
from streams.domain.ids import AgencyId, Instant
from streams.domain.step import Person, Step
from streams.domain.step import step as sound_step
from streams.engines import embedded, lane
from streams.engines.embedded import EmbeddedEngine
from streams.engines.gathering import Gathered
from streams.engines.silence import Silence
from tests.bench.mix import START, json_mix

POINTS = ("before-step", "after-step", "before-commit", "after-commit", "before-dispatch")
PERSONS = 30
RECORDED_AT = instant(START)
TO = Instant(RECORDED_AT + 20 * DAY_US)
EMPLOYMENT = AgencyId("employment.lappeenranta")


class Faults:
    """Kills the process at a point around the firing of that number, counted from 1."""

    def __init__(self, point: str, firing: int) -> None:
        """Wait for that firing."""
        self._point = point
        self._left = firing

    def pass_by(self, point: str) -> None:
        """Die here, if it is here."""
        if point == self._point and self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def put_round(self) -> None:
        """Put the points round the functions that a firing goes through."""
        write, settle = Gathered.write, EmbeddedEngine._settle

        def stepped(person: Person, event: Event, agreement: Agreement) -> Step:
            if isinstance(event, ClockReached):
                self._left -= 1
                self.pass_by("before-step")
            decided = sound_step(person, event, agreement)
            self.pass_by("after-step")
            return decided

        def written(gathered: Gathered, db: object, silence: Silence) -> None:
            write(gathered, db, silence)  # type: ignore[arg-type]  # passed on as it came
            self.pass_by("before-commit")

        def settled(engine: EmbeddedEngine, gathered: Gathered) -> None:
            self.pass_by("after-commit")
            settle(engine, gathered)

        mock.patch.object(lane, "step", stepped).start()
        mock.patch.object(Gathered, "write", written).start()
        mock.patch.object(EmbeddedEngine, "_settle", settled).start()


def filled(data: Path, agreements: Agreements) -> None:
    """Take messages in that start clocks."""
    with Hub(data, agreements=agreements, durable=False, seed=bytes(32)) as hub:
        for file in json_mix(PERSONS, turns=2):
            for _ in hub.ingest(EMPLOYMENT, file, RECORDED_AT):
                pass


async def play(data: Path, agreements: Agreements, faults: Faults | None) -> None:
    """Let a hub's time go on, a clock a transaction, and dispatch what follows from each."""
    with Hub(data, agreements=agreements, durable=False, seed=bytes(32)) as hub:
        agencies = agreements.in_force(RECORDED_AT).agencies
        transports = transports_of(agencies, data / OUTBOX, hub.secrets_place, hub.engine.now)
        attempts = open_attempts(data)
        dispatcher = dispatcher_of(hub, transports, attempts, clock=hub.engine.now, rng=Random(1))
        await dispatcher.drain_once()
        if faults is not None:
            faults.put_round()
        for _ in hub.engine.advancing(TO):
            if faults is not None:
                faults.pass_by("before-dispatch")
            await dispatcher.drain_once()
        attempts.close()


def forked(data: Path, agreements: Agreements, faults: Faults | None) -> bool:
    """Play in a forked process; say whether it was killed.

    Raises:
        AssertionError: It ended in another way.
    """
    child = os.fork()
    if child == 0:
        embedded._CLOCKS_A_COMMIT = 1
        code = 1
        try:
            asyncio.run(play(data, agreements, faults))
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def main(folder: Path, kills: int) -> None:
    """Kill a hub so often, then let it end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    agreements, rng = load_agreements(), Random(kills)
    data = folder / "hub"
    filled(data, agreements)
    killed = dict.fromkeys(POINTS, 0)
    for number in range(kills):
        point = POINTS[number % len(POINTS)]
        killed[point] += forked(data, agreements, Faults(point, rng.randint(1, 3)))
    assert not forked(data, agreements, None)
    print(json.dumps(killed))  # noqa: T201  # what the test that started this process reads


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
