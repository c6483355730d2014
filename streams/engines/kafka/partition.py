"""One source partition under a router: read, decide, commit, again, until it is given up.

    fence -> ask what is committed -> restore -> { read -> decide -> commit }

Everything that may have half happened ends the same way: nothing in memory is believed, and the
partition begins anew from what is committed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.engines.kafka.attempts import Attempts
from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.fenced_producer import (
    CALL_S_MAX,
    FencedProducer,
    UncertainError,
)
from streams.engines.kafka.membership import told_to_end
from streams.engines.kafka.progress import Progress
from streams.engines.kafka.restoring import restore
from streams.engines.kafka.sound_polling import SoundPolling
from streams.engines.kafka.state_file import Place, StateRow
from streams.engines.kafka.states import States
from streams.engines.kafka.work import Gathered, Row, Work
from streams.promises.topics import LINEAGE, NEXT_AT

RECORDS_A_COMMIT = 8_000
_POLL_MS = 100
_OFFSET_ONLY_S = 1.0
"""Where records leave nothing to write, their offset is committed this often."""
_WRITE_S = 5.0
"""States are written to the local file this often, if not before for their number."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Setting(NamedTuple):
    """What a router works with.

    `source` and `states` are topics; `folder` is where state files lie; `records_a_commit` bounds
    a transaction. `make` builds the work of a partition on its states, the number of partitions
    beside it.
    """

    bootstrap: str
    group: str
    source: str
    states: str
    folder: Path
    make: Callable[[int, int, States], Work]
    records_a_commit: int = RECORDS_A_COMMIT
    session_timeout_ms: int = 10_000


class Partition:
    """Runs one source partition from its assignment on."""

    def __init__(
        self,
        setting: Setting,
        consumer: AIOKafkaConsumer,
        source: TopicPartition,
        partitions: int,
        progress: Progress,
    ) -> None:
        """Prepare; `run` does everything."""
        self._setting = setting
        self._consumer = consumer
        self._source = source
        self._count = partitions
        self._progress = progress
        self._producer: FencedProducer | None = None
        self._states: States | None = None
        self._attempts: Attempts | None = None
        self._at = 0
        """The offset from which records are read next."""
        self._polling = SoundPolling(consumer, source, setting.records_a_commit)
        self._next: int | None = None
        """The offset that comes next and is not committed yet."""
        self._committed_s = self._written_s = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; a transaction under way is then finished.

        Raises:
            FencedError: Another worker has the partition.
            UncertainError: A transaction's outcome is not known; begin anew.
            UnavailableError: The local file cannot be used.
        """
        stopping = asyncio.create_task(stop.wait())
        try:
            work = await self._begun()
            while not stop.is_set():
                await self._round(work, stopping)
            await self._commit(work)
        except asyncio.CancelledError:
            if told_to_end():
                raise
            raise UncertainError("call-let-go") from None
        finally:
            stopping.cancel()
            await self._end()

    async def _begun(self) -> Work:
        number = self._source.partition
        setting = self._setting
        transactional_id = f"{setting.group}.{self._source.topic}-{number}"
        self._producer = FencedProducer(setting.bootstrap, transactional_id, setting.group)
        await self._producer.start()
        # Only now: before the fence, the former owner may still have committed.
        committed = await self._answer(self._consumer.committed(self._source))
        topic = TopicPartition(setting.states, number)
        self._states = await restore(setting.bootstrap, topic, setting.folder / f"{number}.db")
        work = setting.make(number, self._count, self._states)
        if committed is None:
            begin = await self._answer(self._consumer.beginning_offsets([self._source]))
            committed = begin[self._source]
        self._attempts = Attempts(self._states.file, committed, setting.records_a_commit)
        self._at = committed
        self._consumer.seek(self._source, committed)
        self._progress.commit(number, committed)
        _log.info("partition_taken", partition=number, offset=committed)
        return work

    async def _round(self, work: Work, stopping: asyncio.Task[bool]) -> None:
        careful = 1 if self._is_careful() else None
        records = await self._polling.next(stopping, timeout_ms=_POLL_MS, records_max=careful)
        if records:
            await work.prepare(records)
            self._take(work, records)
            self._at = self._next = records[-1].offset + 1
        await self._commit(work)
        for _ in work.advance():
            await self._commit(work)
        if time.monotonic() - self._written_s > _WRITE_S and self._states is not None:
            self._states.write()
            self._written_s = time.monotonic()

    def _take(self, work: Work, records: Sequence[ConsumerRecord]) -> None:
        attempts, offset = self._attempts, records[0].offset
        if attempts is None:
            raise UncertainError("not-begun")
        if not attempts.may_take(offset):
            work.refuse(records[0])
            return
        work.take(records)
        attempts.survived(offset)

    async def _commit(self, work: Work) -> None:
        is_time = self._is_time()
        gathered = work.gathered(whole=is_time)
        if not gathered.outputs and not gathered.states and not is_time:
            return
        number, topic = self._source.partition, self._setting.states
        outputs = dict(gathered.outputs)
        if gathered.states:
            outputs[topic] = [_row(state) for state in gathered.states]
        if self._producer is None or self._states is None:
            raise UncertainError("not-begun")
        if gathered.states:
            lineage = (LINEAGE, self._states.place.lineage.encode())
            outputs[topic][-1].headers.append(lineage)
        end = await self._producer.commit(outputs, self._source, self._next, topic)
        work.settle()
        self._settle(gathered, end)
        if self._next is not None:
            self._progress.commit(number, self._next)
        self._next = None
        self._committed_s = time.monotonic()

    def _settle(self, gathered: Gathered, end: int | None) -> None:
        states = self._states
        if states is not None and end is not None:
            states.settle(gathered.states, Place(end, states.place.lineage))

    def _is_careful(self) -> bool:
        return self._attempts is not None and self._attempts.is_careful(self._at)

    def _is_time(self) -> bool:
        if self._next is None:
            return False
        return self._is_careful() or time.monotonic() - self._committed_s > _OFFSET_ONLY_S

    async def _answer(self, question: Awaitable[Any]) -> Any:  # noqa: ANN401  # as the library
        try:
            async with asyncio.timeout(CALL_S_MAX):
                return await question
        except CLIENT_FAILURES as failure:
            raise UncertainError(type(failure).__name__) from failure

    async def _end(self) -> None:
        self._progress.end(self._source.partition)
        if self._states is not None:
            if self._attempts is not None:
                self._attempts.end()  # whatever ended it, the process lives
            self._states.close()
        if self._producer is not None:
            await self._producer.close()


def _row(state: StateRow) -> Row:
    if state.next_at is None:
        return Row(state.key, state.value, [])
    return Row(state.key, state.value, [(NEXT_AT, b"%d" % state.next_at)])
