"""The hub's work on one partition: every person's lane in it, as the embedded engine keeps them.

What was gathered is seen by what comes after it, and is committed by the router. A record that is
no event of this topic becomes a dead letter, and so does one at which a defect shows: the others
must go on.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import structlog
from aiokafka.structs import ConsumerRecord

from streams.contracts.codec import codec_of
from streams.contracts.person import decode_closed, decode_state
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.domain.person import NOTHING_CLOSED, ClosedState, PersonState
from streams.engines import advancing, lane
from streams.engines.changes import rules_at
from streams.engines.due import Due, Place
from streams.engines.kafka.frames import Frames, Poison
from streams.engines.kafka.learning import learn
from streams.engines.kafka.partition_state import (
    HEARD,
    PARTITION_KEY,
    AgencyHeard,
    PartitionState,
)
from streams.engines.kafka.poison import ENDS_WORKERS, defect_letter, poison_letter
from streams.engines.kafka.state_file import NEVER, StateRow
from streams.engines.kafka.states import States
from streams.engines.kafka.work import Gathered
from streams.engines.kafka.written import Written
from streams.engines.silence import Heard, Silence
from streams.promises.engine import DeadLetter, Outcome
from streams.promises.watermark import Watermark

STATES_KEPT_MAX = 16_384
"""Decoded states that stay at hand between commits, if one worker had every partition."""
_CLOCKS_A_COMMIT = 500
_BEFORE_ANY = Instant(-(2**62))

Tell = Callable[[Event, Outcome], None]

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def _tell_nobody(event: Event, outcome: Outcome) -> None:
    del event, outcome


class _Known(NamedTuple):
    """A person's state as it was committed, and when the next clock wants to fire."""

    hot: PersonState
    next_at: Instant | None


class Lanes:
    """Keeps `streams.engines.kafka.work.Work` for the persons of one partition."""

    def __init__(
        self,
        states: States,
        frames: Frames,
        agreements: Agreements,
        *,
        is_home_of: frozenset[AgencyId],
        known_max: int = STATES_KEPT_MAX,
        wall: lane.Wall | None = None,
        tell: Tell = _tell_nobody,
    ) -> None:
        """Go on from committed states.

        Args:
            states: The partition's states, as far as the topic.
            frames: The contracts in the registry's frame.
            agreements: Every version of the region's agreement.
            is_home_of: Agencies whose own lanes lie in this partition.
            known_max: Decoded states that stay at hand between commits.
            wall: The machine's time, to stamp clocks with how late they fire.
            tell: Hears what became of each event; it may still be undone by a failing commit.
        """
        self.wall = wall
        self._tell = tell
        self._states = states
        self._frames = frames
        self._agreements = agreements
        self._home = is_home_of
        own = states.get(PARTITION_KEY)
        known = self._partition_state(own) if own is not None else None
        self._own = known if known is not None else PartitionState(Instant(0), b"")
        """As it was committed last."""
        self._now, self._followed = self._own
        self._silence = Silence(agreements, self._agencies_heard())
        self._passed: dict[AgencyId, Instant] = {}
        """By agency: nothing recorded before can still come."""
        self._known: OrderedDict[PersonId, _Known] = OrderedDict()
        self._known_max = known_max
        self._clocks: Due | None = None
        self._receivers = _receivers(agreements)
        self._written = Written(frames, self._receivers)

    async def prepare(self, records: Sequence[ConsumerRecord]) -> None:
        """Ask the registry of schemas that were never met, for as long as it takes."""
        await learn(self._frames, [record.value for record in records])

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Take records in their order; never raises for what a record holds."""
        for record in records:
            read = self._frames.read(record.value)
            if isinstance(read, Watermark):
                self._pass(read)
            elif isinstance(read, Poison):
                self._written.bury(poison_letter(record, read, self._now), record)
            elif record.key != read.envelope.person.encode():
                wrong = Poison(
                    "wrong-key", "The record's key is not its person's: mend its sender."
                )
                self._written.bury(poison_letter(record, wrong, self._now), record)
            else:
                self._take(read, record)

    def refuse(self, record: ConsumerRecord) -> None:
        """Bury a record at which workers end."""
        _log.error("record_ends_workers", offset=record.offset)
        self._written.bury(poison_letter(record, ENDS_WORKERS, self._now), record)

    def advance(self) -> Iterator[int]:
        """Fire what is due by a moment before which nothing can come any more."""
        yield from self.following(self._now)  # the agreement's file may be another since
        agencies = self._agreements.in_force(self._now).agencies
        passed = [self._passed.get(agency, _BEFORE_ANY) for agency in agencies]
        until = min(passed, default=_BEFORE_ANY)
        if until > self._now or self._is_due(until):
            yield from advancing.advance(self, self._agreements, until)

    def gathered(self, *, whole: bool) -> Gathered:
        """Give what was gathered since the last settling; `whole`: the time too, if it moved."""
        states = self._written.states()
        states += [
            StateRow(HEARD + agency.encode(), None, self._framed(AgencyHeard(agency, *heard)))
            for agency, heard in self._silence.added()
        ]
        outputs = self._written.outputs()
        own = PartitionState(self._now, self._followed)
        if states or outputs or (whole and own != self._own):
            states.append(StateRow(PARTITION_KEY, None, self._framed(own)))
        return Gathered(outputs, states)

    def settle(self) -> None:
        """Be in memory as the topics now are."""
        written, self._written = self._written, Written(self._frames, self._receivers)
        self._silence.commit()
        self._own = PartitionState(self._now, self._followed)
        moved = written.moved()
        for person, next_at in moved.items():
            kept, known = written.hot.get(person), self._known.get(person)
            if kept is not None:
                self._remember(person, _Known(kept.hot, next_at))
            elif known is not None:
                self._known[person] = known._replace(next_at=next_at)
        clocks = self._clocks
        if clocks is not None:
            for person, next_at in moved.items():
                clocks.move(person, written.before.get(person), next_at)
            if clocks.is_stale:
                self._clocks = None

    def lag_us(self, now: Instant) -> int:
        """Give how long the most overdue clock or silence waits, in microseconds; 0 where none."""
        return advancing.lag_us(now, self._due().first(), self.first_silence())

    def next_due(self) -> Instant | None:
        """Give the earliest moment at which the partition has something to do by itself."""
        return advancing.earliest(
            self._agreements,
            self._now,
            self._due().first(),
            self.first_silence(),
            has_clocks=self._states.has_clocks,
        )

    def now(self) -> Instant:
        """Give the partition's time: the latest moment recorded or advanced to."""
        return self._now

    def following(self, at: Instant) -> Iterator[int]:
        """Bring every person's clocks under the agreement in force at a moment."""
        rules = rules_at(self._agreements, at)
        place = (_BEFORE_ANY, b"")
        while rules not in (b"", self._followed):
            self._states.write()  # those who are looked for stand in the file's index
            page = self._states.file.with_clocks(place, _CLOCKS_A_COMMIT)
            persons = [PersonId(key.decode()) for _, key in page]
            changes = sum(
                lane.follow(self, self._agreements, person, at, self.wall) for person in persons
            )
            if len(page) < _CLOCKS_A_COMMIT:
                self._followed = rules
            yield changes
            place = page[-1] if page else place

    def firing(self, until: Place) -> Iterator[int]:
        """Fire the clocks due by a place, some hundreds a transaction; give how many each time."""
        more = True
        while more:
            due = self._due().take(until, _CLOCKS_A_COMMIT)
            more = len(due) == _CLOCKS_A_COMMIT
            if due:
                self._written.before.update((person, None) for _, person in due)
                last = due[-1] if more else until
                came = lane.fire(self, self._agreements, due, last, self.wall)
                for person, next_at in came.resting.items():
                    self._written.rest(person, self._row_of(person), next_at)
                fired = came.clocks
            else:
                fired = 0
            if not more:
                self._now = max(self._now, until[0])
            if due:
                yield fired

    def fall_silent(self, agency: AgencyId, at: Instant) -> None:
        """Let an agency count as silent since a moment."""
        lane.take(self, self._agreements, self._silence.fall(agency, at), self.wall)

    def first_silence(self) -> Place | None:
        """Give when the next agency falls silent, and which."""
        return self._silence.first()

    def hot(self, person: PersonId) -> PersonState | None:
        """Give a person's hot state, as `streams.engines.lane.Store` asks."""
        pending = self._written.hot.get(person)
        if pending is not None:
            return pending.hot
        known = self._known.get(person)
        if known is not None:
            self._known.move_to_end(person)
            return known.hot
        row = self._states.row(person.encode())
        if row is None:
            self._written.before.setdefault(person, None)
            return None
        state = decode_state(self._frames.current("PersonState", row.value)).state
        self._remember(person, _Known(state, _wanted_at(row)))
        return state

    def closed(self, person: PersonId) -> ClosedState | None:
        """Give a person's closed state."""
        pending = self._written.closed.get(person)
        if pending is not None:
            return pending
        hot = self.hot(person)
        if hot is None or not hot.closed_digest:
            return None  # without asking for it: most persons have nothing that is over
        value = self._states.get(f"{person}/closed".encode())
        return None if value is None else decode_closed(self._frames.current("ClosedState", value))

    def keep(self, entry: lane.Kept) -> None:
        """Gather an entry with its state."""
        person = entry.person
        if self._clocks is not None and person not in self._written.before:
            self._written.before[person] = self._next_at(person)
        if entry.closed_added is not None:
            # Before the entry is kept: its own state says already that something is over.
            earlier = self.closed(person) or NOTHING_CLOSED
            self._written.closed[person] = earlier.with_added(entry.closed_added)
        self._written.keep(entry)
        self._now = max(self._now, entry.recorded_at)

    def bury(self, dead_letter: DeadLetter) -> None:
        """Gather a dead letter."""
        self._written.bury(dead_letter, None)

    def _take(self, event: Event, record: ConsumerRecord) -> None:
        self._written.follow(record)
        try:
            envelope = event.envelope
            if envelope.agency in self._home:
                self._hear(envelope.agency, envelope.recorded_at)
            self._tell(event, lane.take(self, self._agreements, event, self.wall))
        except Exception as defect:  # noqa: BLE001  # one event must not stop the partition's others
            _log.error("event_defect", offset=record.offset, error=type(defect).__name__)
            self._written.bury(defect_letter(event, self._now), record)

    def _pass(self, watermark: Watermark) -> None:
        agency = watermark.agency
        self._passed[agency] = max(self._passed.get(agency, _BEFORE_ANY), watermark.passed_at)
        if watermark.heard_at is not None and agency in self._home:
            self._hear(agency, watermark.heard_at)

    def _hear(self, agency: AgencyId, at: Instant) -> None:
        for told in self._silence.hear(agency, at):
            lane.take(self, self._agreements, told, self.wall)

    def _is_due(self, until: Instant) -> bool:
        # No turn of the agreement: this is asked of moments that the partition has passed.
        places = (self._due().first(), self.first_silence())
        return any(place is not None and place[0] <= until for place in places)

    def _due(self) -> Due:
        if self._clocks is None:
            self._states.write()
            places = ((at, PersonId(key.decode())) for at, key in self._states.file.due())
            self._clocks = Due(places, self._next_at)
        return self._clocks

    def _next_at(self, person: PersonId) -> Instant | None:
        known = self._known.get(person)
        return known.next_at if known is not None else _wanted_at(self._states.row(person.encode()))

    def _row_of(self, person: PersonId) -> bytes:
        value = self._states.get(person.encode())
        return value if value is not None else b""

    def _remember(self, person: PersonId, known: _Known) -> None:
        self._known[person] = known
        self._known.move_to_end(person)
        if len(self._known) > self._known_max:
            self._known.popitem(last=False)

    def _framed(self, value: PartitionState | AgencyHeard) -> bytes:
        record = type(value).__name__
        encoded: bytes = codec_of(type(value)).encode(value)
        return self._frames.head(record) + encoded

    def _partition_state(self, value: bytes) -> PartitionState:
        return codec_of(PartitionState).decode(self._frames.current("PartitionState", value))

    def _agencies_heard(self) -> dict[AgencyId, Heard]:
        self._states.write()
        heard = {}
        for value in self._states.file.beginning_with(HEARD):
            known = codec_of(AgencyHeard).decode(self._frames.current("AgencyHeard", value))
            if known.agency in self._home:
                heard[known.agency] = Heard(known.at, known.silent_at)
        return heard


def _wanted_at(row: StateRow | None) -> Instant | None:
    if row is None or row.next_at is None or row.next_at >= NEVER:
        return None
    return row.next_at


def _receivers(agreements: Agreements) -> frozenset[AgencyId]:
    return frozenset(agency for version in agreements.versions for agency in version.agencies)
