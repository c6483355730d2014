"""Whatever agencies say, however the agreement is edited: every engine keeps the same bytes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.agreement import Agreement, Agreements
from streams.domain.answers import HandoffAccepted
from streams.domain.calendar import HOUR_US
from streams.domain.clock_facts import ClockBreached, ClockWarned
from streams.domain.codes import Milestone
from streams.domain.event import Event
from streams.domain.ids import Instant, PersonId
from streams.engines.embedded import EmbeddedEngine
from streams.engines.memory import MemoryEngine
from tests.domain.region import KELA, SOTE, at
from tests.domain.speaker import Speaker
from tests.engines.conformance import FAR
from tests.engines.conformance_clocks import FIVE, TWENTY, TWO, allowing, hearing_kela
from tests.engines.test_memory import edited

Both = MemoryEngine | EmbeddedEngine
PERSONS = [PersonId(f"p-{number}") for number in range(3)]


def heard(*versions: Agreement) -> Agreements:
    """Let every version ask Kela to be heard."""
    return Agreements(tuple(v._replace(agencies=hearing_kela().agencies) for v in versions))


EDITIONS = (
    heard(FIVE),
    heard(TWO),
    Agreements((TWENTY,)),
    heard(FIVE, allowing(2, since=at(days=3))),
    heard(TWENTY, allowing(2, since=at(days=6)), allowing(9, since=at(days=12))),
)


class Said(NamedTuple):
    """A person is spoken of: referred, accepted, or known to Kela."""

    what: int
    person: int


class Edited(NamedTuple):
    """The agreement is another from now on."""

    edition: int


class Passed(NamedTuple):
    """Time passes; the hub is told of it, or not."""

    hours: int
    told: bool


Operation = Said | Edited | Passed
OPERATIONS = st.lists(
    st.builds(Said, st.integers(0, 2), st.integers(0, 2))
    | st.builds(Edited, st.integers(0, len(EDITIONS) - 1))
    | st.builds(Passed, st.integers(1, 100), st.booleans()),
    max_size=25,
)


def event(said: Said, speaker: Speaker, now: Instant, number: int) -> Event:
    """Make the event of what was said."""
    if said.what == 0:
        return speaker.refers(now, message_id=f"r-{number}")
    if said.what == 1:
        return speaker.answers(HandoffAccepted, now, SOTE, referral_id=f"r-{number - 1}")
    return speaker.reaches(now, Milestone.PLAN_MADE, KELA)


@contextmanager
def both(folder: Path) -> Iterator[list[Both]]:
    """Give an empty engine of each kind; those that stand in the list at the end are closed."""
    engines: list[Both] = [
        MemoryEngine(EDITIONS[0]),
        EmbeddedEngine(folder, EDITIONS[0], durable=False),
    ]
    try:
        yield engines
    finally:
        for engine in engines:
            engine.close()


def edit(engine: Both, agreements: Agreements) -> Both:
    """Let an engine go on under other agreements."""
    if isinstance(engine, MemoryEngine):
        return edited(engine, agreements)
    engine.close()
    return EmbeddedEngine(engine._path.parent, agreements, durable=False)


def play(engines: list[Both], operations: Sequence[Operation]) -> None:
    """Play a history on both, and compare what can be seen of them all the way."""
    now = at()
    speakers = [Speaker(person) for person in PERSONS]
    for engine in engines:
        engine.submit([Speaker(p).consents(at(-1)) for p in PERSONS])
    for number, operation in enumerate(operations):
        match operation:
            case Said():
                said = event(operation, speakers[operation.person], now, number)
                assert engines[0].submit([said]) == engines[1].submit([said])
            case Edited():
                engines[:] = [edit(engine, EDITIONS[operation.edition]) for engine in engines]
            case Passed():
                now = Instant(now + operation.hours * HOUR_US)
                if operation.told:
                    assert engines[0].advance(now) == engines[1].advance(now)
        assert engines[0].next_due() == engines[1].next_due()
        assert engines[0].lag_us(now) == engines[1].lag_us(now)
    assert engines[0].advance(FAR) == engines[1].advance(FAR)


@settings(max_examples=40)
@given(operations=OPERATIONS)
def test_engines_agree_byte_for_byte_and_no_rung_is_missed_or_repeated(
    operations: list[Operation],
) -> None:
    with TemporaryDirectory() as folder, both(Path(folder)) as engines:
        play(engines, operations)
        memory, embedded = engines
        assert isinstance(memory, MemoryEngine)
        assert memory.entry_bytes() == embedded.entry_bytes()
        assert memory.state_digest() == embedded.state_digest()
        assert memory.dead_letters() == embedded.dead_letters()
        told = Counter(
            (type(fact), fact.clock_id, getattr(fact, "rung", ""))
            for stored in memory.ledger()
            for fact in stored.entry.facts
            if isinstance(fact, ClockWarned | ClockBreached)
        )
        assert set(told.values()) <= {1}
        waiting = [clock for p in PERSONS for clock in memory._hot[p].hot.clocks]
        assert all(clock.next_at is None for clock in waiting)


@settings(max_examples=15)
@given(operations=OPERATIONS)
def test_a_ledger_is_decided_again_under_the_agreements_that_its_entries_name(
    operations: list[Operation],
) -> None:
    by_digest = {version.digest: version for edition in EDITIONS for version in edition.versions}
    with TemporaryDirectory() as folder, both(Path(folder) / "live") as engines:
        play(engines, operations)
        scratch = EmbeddedEngine(Path(folder) / "scratch", EDITIONS[2], durable=False)
        scratch.take_again(
            [
                (stored.entry.event, by_digest[stored.entry.agreement_digest])
                for stored in engines[1].ledger()
            ]
        )
        assert scratch.entry_bytes() == engines[1].entry_bytes()
        assert scratch.state_digest() == engines[1].state_digest()
        scratch.close()
