"""The common job on the hub's router: `python -m tests.bench.kafka.common_job --bootstrap ...`.

The router is the one that routes referrals; only what a record becomes is the job's. State is kept
as everywhere: bytes in the partition's file and the topic, decoded ones at hand.
"""

import argparse
import asyncio
import multiprocessing
import os
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import uvloop
from aiokafka.structs import ConsumerRecord

from streams.bootstrap.sweeping import sweep_seldom
from streams.engines.kafka.partition import Setting
from streams.engines.kafka.partition_state import PARTITION_KEY
from streams.engines.kafka.router import Router
from streams.engines.kafka.state_file import StateRow
from streams.engines.kafka.states import States
from streams.engines.kafka.work import Gathered, Row
from tests.bench.kafka.common_contracts import (
    EventType,
    ReferralEvent,
    array,
    event_reader,
    moment,
    number,
    read_with,
    state_reader,
    text,
)
from tests.bench.kafka.competitors import HUB

RECENT = 8
STATES_KEPT_MAX = 4096
_LOOK_S = 0.005
_SPAWNING = multiprocessing.get_context("spawn")
_ENDS = (EventType.REJECTED, EventType.COMPLETED)

_read_event, _read_state = event_reader(), state_reader()
_agency = cache(text)
_FRESH, _REPEATED = b"\x00", b"\x01"


@cache
def _categories(names: tuple[str, ...]) -> bytes:
    return array([text(each) for each in names])


class State:
    """A person's state: events so far, the last ids, the open handoffs.

    Ids are held as they are written: what came in is compared, and goes out again, and is seldom
    looked at.
    """

    __slots__ = ("events", "open", "person", "recent")

    def __init__(self, key: bytes, events: int, recent: list[bytes], still: list[bytes]) -> None:
        """Hold them."""
        self.person = number(len(key)) + key
        self.events, self.recent, self.open = events, recent, still

    def written(self) -> bytes:
        """Give its bytes."""
        return number(self.events) + array(self.recent) + array(self.open)


class Job:
    """`streams.engines.kafka.work.Work` of the common job."""

    def __init__(self, states: States, out: str, tally: "Tally") -> None:
        """Go on from committed states."""
        self._states = states
        self._out = out
        self._tally = tally
        self._known: OrderedDict[bytes, State] = OrderedDict()
        self._touched: dict[bytes, State] = {}
        self._rows: list[Row] = []
        self._taken = 0

    async def prepare(self, records: Sequence[ConsumerRecord]) -> None:
        """Need nothing beforehand."""
        if records:
            self._tally.begin()

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Decide each record."""
        rows, touched = self._rows.append, self._touched
        read = _read_event
        for record in records:
            key, value = record.key, record.value
            event, end = read(value, value.decode("latin-1"), 0)
            if end != len(value):
                raise ValueError("an event that does not end with its bytes")
            state = touched.get(key) or self._state(key)
            touched[key] = state
            rows(Row(key, outcome(state, event)))
        self._taken += len(records)

    def refuse(self, record: ConsumerRecord) -> None:
        """Give no outcome: the count of outcomes will say so."""
        del record

    def advance(self) -> Iterator[int]:
        """Do nothing: the job has no clocks."""
        return iter(())

    def gathered(self, *, whole: bool) -> Gathered:
        """Give outcomes and states."""
        del whole
        if not self._rows:
            return Gathered({}, [])
        states = [StateRow(key, None, state.written()) for key, state in self._touched.items()]
        states.append(StateRow(PARTITION_KEY, None, b""))
        return Gathered({self._out: self._rows}, states)

    def settle(self) -> None:
        """Keep what was touched at hand."""
        known = self._known
        for key, state in self._touched.items():
            known[key] = state
            known.move_to_end(key)
        while len(known) > STATES_KEPT_MAX:
            known.popitem(last=False)
        self._tally.add(self._taken)
        self._taken = 0
        self._rows = []
        self._touched = {}

    def _state(self, key: bytes) -> State:
        known = self._known.get(key)
        if known is not None:
            return known
        value = self._states.get(key)
        if value is None:
            return State(key, 0, [], [])
        events, recent, still_open = read_with(_read_state, value)
        return State(key, events, list(map(text, recent)), list(map(text, still_open)))


def outcome(state: State, event: ReferralEvent) -> bytes:
    """Change a state by an event and write what came of it; a repeat changes nothing."""
    event_id, handoff_id = text(event[0]), text(event[5])
    recent, still_open = state.recent, state.open
    repeated = event_id in recent
    if not repeated:
        state.events += 1
        recent.append(event_id)
        if len(recent) > RECENT:
            del recent[0]
        kind = event[3]
        if kind is EventType.SUBMITTED:
            if handoff_id not in still_open:
                still_open.append(handoff_id)
        elif kind in _ENDS and handoff_id in still_open:
            still_open.remove(handoff_id)
    return b"".join(
        (
            event_id,
            state.person,
            handoff_id,
            _agency(event[7]),
            moment(event[4]),
            _REPEATED if repeated else _FRESH,
            number(state.events),
            number(len(still_open)),
            _categories(event[10]),
        )
    )


class Tally:
    """What all processes of the job have done, and the time from the first event to the last."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._done = _SPAWNING.Value("q", 0)
        self._began_s = _SPAWNING.Value("d", 0.0)
        self._ended_s = _SPAWNING.Value("d", 0.0)

    def begin(self) -> None:
        """Note that records are handed over."""
        with self._began_s.get_lock():
            self._began_s.value = self._began_s.value or time.perf_counter()

    def add(self, taken: int) -> None:
        """Note that so many were committed."""
        with self._done.get_lock():
            self._done.value += taken
            self._ended_s.value = time.perf_counter()

    def done(self) -> int:
        """Give how many are committed."""
        return int(self._done.value)

    def seconds(self) -> float:
        """Give the time from the first record that was handed over to the last commit."""
        return float(self._ended_s.value - self._began_s.value)


class Order(NamedTuple):
    """What the command line says."""

    bootstrap: str
    topic: str
    out: str
    events: int
    group: str
    workdir: Path
    processes: int


async def run(order: Order, number: int, tally: Tally) -> None:
    """Be one process of the job, to the end of all."""
    stop = asyncio.Event()
    setting = Setting(
        order.bootstrap,
        order.group,
        order.topic,
        f"{order.out}.state",
        order.workdir / order.group / str(number),
        lambda _partition, _count, states: Job(states, order.out, tally),
    )
    routing = asyncio.create_task(Router(setting).run(stop))
    while tally.done() < order.events:  # noqa: ASYNC110  # another process may do the last
        await asyncio.sleep(_LOOK_S)
    stop.set()
    await routing


def share(order: Order, number: int, tally: Tally) -> None:
    """Run one process of the job."""
    sweep_seldom()  # as every process of the hub
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(order, number, tally))


def main() -> None:
    """Run as a peer does, and print its line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("bootstrap", "topic", "out", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1, help="that share the partitions")
    order = Order(**vars(parser.parse_args()))
    tally = Tally()
    others = [
        _SPAWNING.Process(target=share, args=(order, number, tally))
        for number in range(1, order.processes)
    ]
    for other in others:
        other.start()
    share(order, 0, tally)
    for other in others:
        other.join()
    name = HUB if order.processes == 1 else f"{HUB}_{order.processes}_processes"
    seconds = tally.seconds()
    line = f"{name} {order.events} {seconds:.2f} {order.events / seconds:.0f}\n"
    os.write(1, line.encode())


if __name__ == "__main__":
    main()
