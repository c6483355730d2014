"""The engine's promise kept by a partition of a real Kafka: what the router does, and a reader.

Each engine has a partition of its own on the same topics, so that a suite needs them once.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.contracts.codec import codec_of
from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.entry import decode_entry
from streams.contracts.event import encode_event
from streams.contracts.frame import HEAD_BYTES
from streams.contracts.person import decode_state
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import AgencyId, DeadLetterId, EventId, Instant, PersonId
from streams.domain.person import PersonState
from streams.engines.changes import rules_at
from streams.engines.kafka.frames import Frames, Schemas
from streams.engines.kafka.lanes import Lanes
from streams.engines.kafka.partition import Partition, Setting
from streams.engines.kafka.progress import Progress
from streams.engines.kafka.resolved import Resolved, resolved_headers
from streams.engines.kafka.states import States
from streams.engines.kafka.written import letter_row
from streams.engines.lane import Wall
from streams.promises import topics
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus, Stored
from streams.promises.watermark import Watermark
from tests.engines.kafka.lanes_engine import is_of_a_lane

T = TypeVar("T")
WAIT_S = 30.0


class KafkaEngine:
    """Keeps `streams.promises.engine.Engine` on one partition of a Kafka."""

    def __init__(
        self,
        bootstrap: str,
        schemas: Schemas,
        agreements: Agreements,
        *,
        partition: int,
        folder: Path,
        wall: Wall | None = None,
    ) -> None:
        self.wall = wall
        self._bootstrap = bootstrap
        self._frames = Frames(schemas)
        self._agreements = agreements
        self._number = partition
        self._followed = 0
        self._lanes: Lanes | None = None
        self._progress = Progress()
        self._setting = Setting(
            bootstrap, f"engine-{partition}", topics.EVENTS, topics.STATE, folder, self._make
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._start())

    def submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        self._do(self._ensure_running())
        return self._do(self._submit(inputs))

    def advance(self, to: Instant) -> int:
        self._do(self._ensure_running())
        before = len(self._entries())
        now = self._running.now()
        self._do(self._advance(now, to))
        fired = ("ClockReached", "AgencyFellSilent")
        return sum(type(s.entry.event).__name__ in fired for s in self._entries()[before:])

    def follow_agreement(self, at: Instant) -> int:
        """Give who was told since the agreement was edited: a partition follows by itself."""
        del at
        lanes = self._running
        self._do(self._until(lambda: _has_followed(lanes, self._agreements)))
        told = sum(type(s.entry.event).__name__ == "AgreementChanged" for s in self._entries())
        new, self._followed = told - self._followed, told
        return new

    def edit(self, agreements: Agreements) -> None:
        """Go on under other agreements, once something is asked."""
        self._followed = sum(
            type(s.entry.event).__name__ == "AgreementChanged" for s in self._entries()
        )
        self._do(self._stop_partition())
        self._agreements = agreements

    def now(self) -> Instant:
        return self._running.now()

    def next_due(self) -> Instant | None:
        lanes = self._running
        return self._do(self._call(lanes.next_due))

    def lag_us(self, now: Instant) -> int:
        lanes = self._running
        return self._do(self._call(lambda: lanes.lag_us(now)))

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        found = [
            stored
            for stored in self._entries()
            if stored.position > after and person in (None, stored.entry.person)
        ]
        yield from found[:limit]

    def entry_bytes(self) -> list[bytes]:
        return [value for _, value in self._raw_entries()]

    def person(self, person: PersonId) -> PersonState | None:
        lanes = self._running
        return self._do(self._call(lambda: lanes.hot(person)))

    def dead_letters(self) -> list[DeadLetter]:
        found: dict[str, DeadLetter | None] = {}
        for record in self._read(topics.DEAD_LETTERS):
            headers = dict(record.headers)
            letter_id = headers[topics.CE_ID].decode()
            if record.value is None:
                if letter_id in found:
                    found[letter_id] = None
                continue
            letter = decode_dead_letter(record.value[HEAD_BYTES:], DeadLetter)
            body = headers[topics.SEALED_BODY]
            found.setdefault(letter_id, letter._replace(sealed_body=body))
        waiting = [letter for letter in found.values() if letter is not None]
        return sorted(waiting, key=lambda d: (d.recorded_at, d.dead_letter_id))

    def resolve_dead_letter(self, dead_letter_id: DeadLetterId) -> None:
        name = (topics.CE_ID, dead_letter_id.encode())
        places = [r.offset for r in self._read(topics.DEAD_LETTERS) if name in r.headers]
        headers = [*resolved_headers(Resolved(dead_letter_id, max(places, default=0)))]
        self._do(self._send(topics.DEAD_LETTERS, dead_letter_id.encode(), None, headers))

    def state_digest(self) -> bytes:
        newest: dict[bytes, bytes] = {}
        for record in self._read(topics.STATE):
            if is_of_a_lane(record.key):
                newest[record.key] = record.value[HEAD_BYTES:]
        whole = sha256()
        for key in sorted(newest):
            whole.update(key + decode_state(newest[key]).state_digest)
        return whole.digest()

    def restart(self) -> None:
        """Begin anew, as a worker that takes the partition over."""
        self._do(self._stop_partition())

    def close(self) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def _running(self) -> Lanes:
        self._do(self._ensure_running())
        assert self._lanes is not None
        return self._lanes

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _call(self, ask: Callable[[], T]) -> T:
        return ask()

    def _make(self, number: int, count: int, states: States) -> Lanes:
        del number, count
        home = frozenset(a for version in self._agreements.versions for a in version.agencies)
        self._lanes = Lanes(
            states, self._frames, self._agreements, is_home_of=home, wall=self.wall, tell=self._hear
        )
        return self._lanes

    def _hear(self, event: Event, outcome: Outcome) -> None:
        self._outcomes.append((event.envelope.event_id, outcome))

    async def _start(self) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, enable_idempotence=True
        )
        await self._producer.start()
        read = (topics.LEDGER, topics.STATE, topics.DEAD_LETTERS)
        self._reading = Reading(
            self._bootstrap, [TopicPartition(topic, self._number) for topic in read]
        )
        await self._reading.start()
        await self._start_partition()

    async def _ensure_running(self) -> None:
        if self._number not in self._progress.committed():
            await self._start_partition()

    async def _start_partition(self) -> None:
        self._outcomes: list[tuple[EventId, Outcome]] = []
        self._stop_event = asyncio.Event()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._setting.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        await self._consumer.start()
        source = TopicPartition(topics.EVENTS, self._number)
        self._consumer.assign([source])
        partition = Partition(self._setting, self._consumer, source, 1, self._progress)
        self._task = asyncio.create_task(partition.run(self._stop_event))
        await self._until(lambda: self._number in self._progress.committed())

    async def _stop_partition(self) -> None:
        if self._number not in self._progress.committed():
            return
        self._stop_event.set()
        await self._task
        await self._consumer.stop()

    async def _stop(self) -> None:
        await self._stop_partition()
        await self._reading.stop()
        await self._producer.stop()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.005)

    async def _submit(self, inputs: Sequence[Event | DeadLetter]) -> list[Outcome]:
        payloads = [self._payload(each) for each in inputs]
        heard = len(self._outcomes)
        offset = -1
        for each, (key, value, headers) in zip(inputs, payloads, strict=True):
            if isinstance(each, DeadLetter):
                await self._send(topics.DEAD_LETTERS, key, value, headers)
                mark = self._watermark(each.agency, Instant(0), each.recorded_at)
                offset = await self._send(topics.EVENTS, each.agency.encode(), mark, [])
            else:
                offset = await self._send(topics.EVENTS, key, value, headers)
        await self._until(lambda: self._is_committed(offset))
        told = iter([outcome for _, outcome in self._outcomes[heard:]])
        return [
            Outcome(ReceiptStatus.DEAD_LETTER, each.event_id, None, each.dead_letter_id, "")
            if isinstance(each, DeadLetter)
            else next(told)
            for each in inputs
        ]

    async def _advance(self, now: Instant, to: Instant) -> None:
        lanes = self._lanes
        assert lanes is not None
        for agency in self._agreements.in_force(now).agencies:
            mark = self._watermark(agency, to, None)
            await self._send(topics.EVENTS, agency.encode(), mark, [])
        await self._until(lambda: lanes.now() >= to)
        await self._until(lambda: (due := lanes.next_due()) is None or due > to)
        await self._until(lambda: not lanes.gathered(whole=False).states)

    def _is_committed(self, offset: int) -> bool:
        return self._progress.committed().get(self._number, 0) > offset

    def _payload(self, each: Event | DeadLetter) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
        if isinstance(each, DeadLetter):
            row = letter_row(self._frames.head("DeadLetter"), each, ())
            assert row.key is not None
            assert row.value is not None
            return row.key, row.value, list(row.headers)
        value = self._frames.head(type(each).__name__) + encode_event(each)
        return each.envelope.person.encode(), value, []

    def _watermark(self, agency: AgencyId, passed_at: Instant, heard_at: Instant | None) -> bytes:
        mark = Watermark(agency, passed_at, heard_at)
        return self._frames.head("Watermark") + codec_of(Watermark).encode(mark)

    async def _send(
        self, topic: str, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> int:
        sent = await self._producer.send_and_wait(
            topic, value, key=key, partition=self._number, headers=headers
        )
        offset: int = sent.offset
        return offset

    def _raw_entries(self) -> list[tuple[int, bytes]]:
        return [(r.offset, r.value[HEAD_BYTES:]) for r in self._read(topics.LEDGER)]

    def _entries(self) -> list[Stored]:
        found = []
        for offset, value in self._raw_entries():
            decoded = decode_entry(value)
            found.append(Stored(offset + 1, decoded.entry, decoded.entry_digest))
        return found

    def _read(self, topic: str) -> list[ConsumerRecord]:
        return self._do(self._reading.all_of(TopicPartition(topic, self._number)))


def _has_followed(lanes: Lanes, agreements: Agreements) -> bool:
    followed = lanes._followed == rules_at(agreements, lanes.now())
    return followed and not lanes.gathered(whole=True).states


class Reading:
    """Reads partitions whole, once no transaction on them is open.

    A commit is answered before its markers are written (KIP-98), so what is committed may not be
    readable yet.
    """

    def __init__(self, bootstrap: str, sources: Sequence[TopicPartition]) -> None:
        self._sources = sources
        self._committed = _consumer(bootstrap, "read_committed")
        self._written = _consumer(bootstrap, "read_uncommitted")

    async def start(self) -> None:
        for consumer in (self._committed, self._written):
            await consumer.start()
            consumer.assign(self._sources)
        self._committed.pause(*self._sources)

    async def stop(self) -> None:
        await self._committed.stop()
        await self._written.stop()

    async def all_of(self, source: TopicPartition) -> list[ConsumerRecord]:
        consumer = self._committed
        end = await self._settled_end(source)
        await consumer.seek_to_beginning(source)
        consumer.resume(source)
        found: list[ConsumerRecord] = []
        while await consumer.position(source) < end:
            # A marker at the end gives no record, only the position after it.
            polled = await consumer.getmany(source, timeout_ms=10)
            found += polled.get(source, [])
        consumer.pause(source)
        return found

    async def _settled_end(self, source: TopicPartition) -> int:
        while True:
            written: int = (await self._written.end_offsets([source]))[source]
            if (await self._committed.end_offsets([source]))[source] == written:
                return written
            await asyncio.sleep(0.002)


def _consumer(bootstrap: str, isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level=isolation,
        enable_auto_commit=False,
        fetch_max_wait_ms=10,  # a question that waits at the broker holds the next one
    )
