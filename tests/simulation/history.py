"""A history: what a town's engine was given, operation by operation, and what came of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from streams.domain.entry import LedgerEntry
from streams.domain.event import Event
from streams.domain.ids import Instant, PersonId
from streams.domain.person import PersonState
from streams.engines.embedded import EmbeddedEngine
from streams.engines.memory import MemoryEngine
from streams.promises.engine import DeadLetter, Engine, Outcome, Stored
from tests.simulation.town import PERSONS, agreements

Input = Event | DeadLetter


class Submit(NamedTuple):
    """Inputs that came together."""

    inputs: tuple[Input, ...]


class Advance(NamedTuple):
    """The clocks were asked to fire, up to a moment."""

    to: Instant


class Restart(NamedTuple):
    """The engine was closed and opened again."""


Operation = Submit | Advance | Restart


class Taken(NamedTuple):
    """One input and what became of it."""

    given: Input
    outcome: Outcome


class Run(NamedTuple):
    """What an engine made of a history: all that the checkers look at."""

    inputs: tuple[Taken, ...]
    fired: int
    """Clocks that fired by `advance`, as it said."""
    ledger: tuple[Stored, ...]
    entry_bytes: tuple[bytes, ...]
    state_digest: bytes
    dead_letters: tuple[DeadLetter, ...]
    states: tuple[PersonState, ...]
    """Of everybody who is known, as of the end."""

    def lanes(self) -> dict[PersonId, list[LedgerEntry]]:
        """Give each person's entries, in ledger order."""
        lanes: dict[PersonId, list[LedgerEntry]] = {}
        for stored in self.ledger:
            lanes.setdefault(stored.entry.person, []).append(stored.entry)
        return lanes

    def events(self) -> list[Event]:
        """Give every contract event that was submitted, repeats too."""
        return [taken.given for taken in self.inputs if not isinstance(taken.given, DeadLetter)]


class Watched(Engine, Protocol):
    """An engine whose entries can be compared byte for byte."""

    def entry_bytes(self) -> list[bytes]:
        """Give every entry's bytes, in ledger order."""


class Memory(NamedTuple):
    """Plays histories in memory, where nothing survives a restart: it leaves them out."""

    def opened(self) -> Watched:
        """Start empty."""
        return MemoryEngine(agreements())

    def reopened(self, engine: Watched) -> Watched:
        """Go on."""
        return engine


class Embedded(NamedTuple):
    """Plays histories in a folder, without waiting for the disk."""

    folder: Path

    def opened(self) -> Watched:
        """Open what the folder holds."""
        return EmbeddedEngine(self.folder, agreements(), durable=False)

    def reopened(self, engine: Watched) -> Watched:
        """Close, and open again."""
        engine.close()
        return self.opened()


class Stage:
    """One engine under a history that is being told or played."""

    def __init__(self, place: Memory | Embedded) -> None:
        """Begin with an engine opened there."""
        self._place = place
        self.engine = place.opened()
        self._inputs: list[Taken] = []
        self._fired = 0
        self._ledger: list[Stored] = []

    def perform(self, operation: Operation) -> list[Outcome]:
        """Do what the operation says; give the outcomes of its inputs."""
        match operation:
            case Submit(inputs):
                outcomes = self.engine.submit(inputs)
                self._inputs += map(Taken, inputs, outcomes)
                assert len(outcomes) == len(inputs)
                return outcomes
            case Advance(to):
                self._fired += self.engine.advance(to)
            case Restart():
                self.engine = self._place.reopened(self.engine)
        return []

    def news(self) -> list[Stored]:
        """Read what came into the ledger since the last time."""
        after = self._ledger[-1].position if self._ledger else 0
        came = list(self.engine.ledger(after=after))
        self._ledger += came
        return came

    def end(self) -> Run:
        """Close the engine, and give all that can be seen of it."""
        self.news()
        run = Run(
            tuple(self._inputs),
            self._fired,
            tuple(self._ledger),
            tuple(self.engine.entry_bytes()),
            self.engine.state_digest(),
            tuple(self.engine.dead_letters()),
            tuple(state for state in map(self.engine.person, PERSONS) if state is not None),
        )
        self.engine.close()
        return run


def play(operations: Sequence[Operation], place: Memory | Embedded) -> Run:
    """Give a history to an engine, and watch what comes of it."""
    stage = Stage(place)
    try:
        for operation in operations:
            stage.perform(operation)
    except BaseException:
        stage.engine.close()
        raise
    return stage.end()
