"""The common job on the hub's router: `python -m tests.bench.kafka.common_job --bootstrap ...`.

The router is the one that routes referrals; only what a record becomes is the job's. State is kept
as everywhere: bytes in the partition's file and the topic, decoded ones at hand.
"""

import argparse
import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
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
    event_reader,
    read_with,
    state_reader,
    writer,
)

RECENT = 8
STATES_KEPT_MAX = 4096
_ENDS = (EventType.REJECTED, EventType.COMPLETED)

_read_event, _read_state = event_reader(), state_reader()
_write_outcome, _write_state = writer("ReferralOutcome"), writer("PersonState")


class State:
    """A person's state: events so far, the last ids, the open handoffs."""

    __slots__ = ("events", "open", "recent")

    def __init__(self, events: int, recent: list[str], still_open: list[str]) -> None:
        """Hold them."""
        self.events, self.recent, self.open = events, recent, still_open


class Job:
    """`streams.engines.kafka.work.Work` of the common job."""

    def __init__(self, states: States, out: str, count: "Count") -> None:
        """Go on from committed states."""
        self._states = states
        self._out = out
        self._count = count
        self._known: OrderedDict[bytes, State] = OrderedDict()
        self._touched: dict[bytes, State] = {}
        self._rows: list[Row] = []
        self._taken = 0

    async def prepare(self, records: Sequence[ConsumerRecord]) -> None:
        """Need nothing beforehand."""
        self._count.begin(len(records))

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Decide each record."""
        rows, touched = self._rows.append, self._touched
        read, write = _read_event, _write_outcome
        for record in records:
            key, value = record.key, record.value
            event, end = read(value, value.decode("latin-1"), 0)
            if end != len(value):
                raise ValueError("an event that does not end with its bytes")
            state = touched.get(key) or self._state(key)
            touched[key] = state
            rows(Row(key, write(decided(state, event))))
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
        states = [
            StateRow(key, None, _write_state((state.events, state.recent, state.open)))
            for key, state in self._touched.items()
        ]
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
        self._count.end(self._taken)
        self._taken = 0
        self._rows = []
        self._touched = {}

    def _state(self, key: bytes) -> State:
        known = self._known.get(key)
        if known is not None:
            return known
        value = self._states.get(key)
        if value is None:
            return State(0, [], [])
        events, recent, still_open = read_with(_read_state, value)
        return State(events, list(recent), list(still_open))


def decided(state: State, event: ReferralEvent) -> tuple[object, ...]:
    """Change a state by an event and give the outcome; a repeat changes nothing and is marked."""
    event_id, handoff_id = event[0], event[5]
    recent, still_open = state.recent, state.open
    duplicate = event_id in recent
    if not duplicate:
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
    return (
        event_id,
        event[1],
        handoff_id,
        event[7],
        event[4],
        duplicate,
        state.events,
        len(still_open),
        event[10],
    )


class Count:
    """How many events are committed, and the time from the first that was handed over."""

    def __init__(self, events: int, stop: asyncio.Event) -> None:
        """Stop after so many."""
        self._events, self._stop = events, stop
        self._began_s = 0.0
        self.done = 0
        self.seconds = 0.0

    def begin(self, records: int) -> None:
        """Note that records are handed over."""
        if records and not self._began_s:
            self._began_s = time.perf_counter()

    def end(self, taken: int) -> None:
        """Note that so many were committed."""
        self.done += taken
        if self.done >= self._events and not self._stop.is_set():
            self.seconds = time.perf_counter() - self._began_s
            self._stop.set()


class Order(NamedTuple):
    """What the command line says."""

    bootstrap: str
    topic: str
    out: str
    events: int
    group: str
    workdir: Path


async def run(order: Order) -> float:
    """Run the job to its end; give the seconds from the first event to the last commit."""
    stop = asyncio.Event()
    count = Count(order.events, stop)
    setting = Setting(
        order.bootstrap,
        order.group,
        order.topic,
        f"{order.out}.state",
        order.workdir / order.group,
        lambda number, partitions, states: Job(states, order.out, count),
    )
    await Router(setting).run(stop)
    return count.seconds


def main() -> None:
    """Run as a peer does, and print its line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("bootstrap", "topic", "out", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--workdir", type=Path, required=True)
    order = Order(**vars(parser.parse_args()))
    sweep_seldom()  # as every process of the hub
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seconds = runner.run(run(order))
    line = f"saattaen {order.events} {seconds:.2f} {order.events / seconds:.0f}\n"
    os.write(1, line.encode())


if __name__ == "__main__":
    main()
