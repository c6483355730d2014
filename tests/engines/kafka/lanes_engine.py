"""The engine's promise kept by `Lanes` alone: a router that commits at once, without a broker.

What a partition of a real Kafka does in the same suites is in `tests/kafka`.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from aiokafka.structs import ConsumerRecord

from streams.contracts.codec import codec_of
from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.entry import decode_entry
from streams.contracts.event import encode_event
from streams.contracts.frame import HEAD_BYTES
from streams.contracts.person import decode_state
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import AgencyId, DeadLetterId, Instant, PersonId
from streams.domain.person import PersonState
from streams.engines.kafka.frames import Frames
from streams.engines.kafka.lanes import Lanes
from streams.engines.kafka.partition_state import HEARD, PARTITION_KEY
from streams.engines.kafka.state_file import Place, StateFile
from streams.engines.kafka.states import States
from streams.engines.lane import Wall
from streams.promises import topics
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus, Stored
from streams.promises.watermark import Watermark
from tests.engines.kafka.fixed_schemas import FixedSchemas

LINEAGE = "one"


def record(
    key: bytes | None,
    value: bytes | None,
    offset: int = 0,
    headers: Sequence[tuple[str, bytes]] = (),
) -> ConsumerRecord:
    """Make a record as a consumer gives it."""
    sizes = (len(key or b""), len(value or b""))
    return ConsumerRecord(topics.EVENTS, 0, offset, 0, 1, key, value, None, *sizes, tuple(headers))


def is_of_a_lane(key: bytes) -> bool:
    """Say whether a key of the states is a person's or an agency's hot record."""
    return key != PARTITION_KEY and not key.startswith(HEARD) and not key.endswith(b"/closed")


class LanesEngine:
    """Keeps `streams.promises.engine.Engine` on one partition's lanes."""

    def __init__(
        self, agreements: Agreements, folder: Path, wall: Wall | None = None, restarts: bool = False
    ) -> None:
        self.wall = wall
        self.agreements = agreements
        self._path = folder / "0.db"
        self._restarts = restarts
        self._frames = Frames(FixedSchemas())
        self._ledger: list[bytes] = []
        self._letters: dict[str, DeadLetter | None] = {}
        self._offset = 0
        self._state_end = 0
        self._outcomes: list[Outcome] = []
        self._told = 0
        self.lanes = self._opened()

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        records = [self._record(each) for each in inputs]
        heard = len(self._outcomes)
        for each, one in zip(inputs, records, strict=True):
            if isinstance(each, DeadLetter):
                self._letters.setdefault(each.dead_letter_id, each)
            self.take([one])
        told = iter(self._outcomes[heard:])
        return [
            Outcome(ReceiptStatus.DEAD_LETTER, each.event_id, None, each.dead_letter_id, "")
            if isinstance(each, DeadLetter)
            else next(told)
            for each in inputs
        ]

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Let the lanes take records, and commit."""
        self.lanes.take(records)
        begun = self._state_end
        self._commit()
        self._go_on()
        if self._restarts and self._state_end > begun:
            self.restart()

    def advance(self, to: Instant) -> int:
        before = len(self._ledger)
        agencies = self.agreements.in_force(self.lanes.now()).agencies
        self.take([self._mark(agency, to, None) for agency in agencies])
        came = [type(stored.entry.event).__name__ for stored in self._stored()[before:]]
        return sum(name in ("ClockReached", "AgencyFellSilent") for name in came)

    def follow_agreement(self, at: Instant) -> int:
        """Give who was told since the agreement was edited: a partition follows by itself."""
        del at
        self._go_on()
        told = self._changes()
        new, self._told = told - self._told, told
        return new

    def edit(self, agreements: Agreements) -> None:
        """Go on under other agreements."""
        self._told = self._changes()
        self.agreements = agreements
        self.restart()

    def restart(self) -> None:
        """Begin anew from what was committed."""
        self._states.close()
        self.lanes = self._opened()

    def now(self) -> Instant:
        return self.lanes.now()

    def next_due(self) -> Instant | None:
        return self.lanes.next_due()

    def lag_us(self, now: Instant) -> int:
        return self.lanes.lag_us(now)

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        found = [
            stored
            for stored in self._stored()
            if stored.position > after and person in (None, stored.entry.person)
        ]
        yield from found[:limit]

    def entry_bytes(self) -> list[bytes]:
        return list(self._ledger)

    def person(self, person: PersonId) -> PersonState | None:
        return self.lanes.hot(person)

    def dead_letters(self) -> list[DeadLetter]:
        waiting = [letter for letter in self._letters.values() if letter is not None]
        return sorted(waiting, key=lambda d: (d.recorded_at, d.dead_letter_id))

    def resolve_dead_letter(self, dead_letter_id: DeadLetterId) -> None:
        if dead_letter_id in self._letters:
            self._letters[dead_letter_id] = None

    def state_digest(self) -> bytes:
        self._states.write()
        whole = sha256()
        for key, value in self._states.file.everything():
            if is_of_a_lane(key):
                whole.update(key + decode_state(value[HEAD_BYTES:]).state_digest)
        return whole.digest()

    def close(self) -> None:
        self._states.close()

    def _opened(self) -> Lanes:
        home = frozenset(a for version in self.agreements.versions for a in version.agencies)
        self._states = States(StateFile(self._path))
        self._states.place = Place(self._states.place.next_offset, LINEAGE)
        return Lanes(
            self._states,
            self._frames,
            self.agreements,
            is_home_of=home,
            wall=self.wall,
            tell=lambda _event, outcome: self._outcomes.append(outcome),
        )

    def _go_on(self) -> None:
        for _ in self.lanes.advance():
            self._commit()

    def _commit(self) -> None:
        gathered = self.lanes.gathered(whole=True)
        for row in gathered.outputs.get(topics.LEDGER, []):
            assert row.value is not None
            self._ledger.append(row.value[HEAD_BYTES:])
        for row in gathered.outputs.get(topics.DEAD_LETTERS, []):
            assert row.value is not None
            letter = decode_dead_letter(row.value[HEAD_BYTES:], DeadLetter)
            body = dict(row.headers)[topics.SEALED_BODY]
            self._letters.setdefault(letter.dead_letter_id, letter._replace(sealed_body=body))
        self._state_end += len(gathered.states)
        self.lanes.settle()
        self._states.settle(gathered.states, Place(self._state_end, LINEAGE))

    def _record(self, each: Event | DeadLetter) -> ConsumerRecord:
        if isinstance(each, DeadLetter):
            return self._mark(each.agency, Instant(0), each.recorded_at)
        value = self._frames.head(type(each).__name__) + encode_event(each)
        return self._numbered(each.envelope.person.encode(), value)

    def _mark(
        self, agency: AgencyId, passed_at: Instant, heard_at: Instant | None
    ) -> ConsumerRecord:
        mark = Watermark(agency, passed_at, heard_at)
        value = self._frames.head("Watermark") + codec_of(Watermark).encode(mark)
        return self._numbered(agency.encode(), value)

    def _numbered(self, key: bytes, value: bytes) -> ConsumerRecord:
        self._offset += 1
        return record(key, value, self._offset)

    def _stored(self) -> list[Stored]:
        found = []
        for position, data in enumerate(self._ledger, start=1):
            decoded = decode_entry(data)
            found.append(Stored(position, decoded.entry, decoded.entry_digest))
        return found

    def _changes(self) -> int:
        return self._count(lambda name: name == "AgreementChanged")

    def _count(self, is_meant: Callable[[str], bool]) -> int:
        return sum(is_meant(type(stored.entry.event).__name__) for stored in self._stored())
