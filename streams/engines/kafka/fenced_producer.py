"""One transactional producer for one source partition, under an id that never changes.

Its start fences whoever held the partition before (KIP-98): a worker that was stopped inside a
transaction and goes on later cannot commit. aiokafka sends no generation of the group (no KIP-447),
so this is the only fence. After any call whose outcome is not known, the producer is thrown away.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, ProducerFenced
from aiokafka.structs import TopicPartition

from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.client_tasks import end_producer, learning, sender_failure
from streams.engines.kafka.work import Row

CALL_S_MAX = 20.0
"""A call to the broker that takes longer has an unknown outcome."""
TRANSACTION_MS_MAX = 30_000
BATCH_BYTES = 1024 * 1024
REQUEST_BYTES_MAX = 10 * 1024 * 1024
_FENCED = (ProducerFenced, InvalidProducerEpoch)


class FencedError(Exception):
    """Another worker has this partition now: nothing that was gathered may be kept."""


class UncertainError(Exception):
    """A transaction's outcome is not known: what is committed must be asked again."""


class FencedProducer:
    """Commits what a partition's records became, with the offset that comes next."""

    def __init__(self, bootstrap: str, transactional_id: str, group: str) -> None:
        """Prepare; `start` connects."""
        self._group = group
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_MS_MAX,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES_MAX,
            compression_type="snappy",
            request_timeout_ms=int(CALL_S_MAX * 1000),
        )

    async def start(self) -> None:
        """Fence whoever held the partition before; its open transaction is ended.

        Raises:
            FencedError: Another worker fences it at the same time.
            UncertainError: The broker did not answer.
        """
        async with self._answered():
            await self._producer.start()

    async def commit(
        self,
        outputs: dict[str, list[Row]],
        source: TopicPartition,
        next_offset: int | None,
        last_of: str,
    ) -> int | None:
        """Write rows, each topic's in order, and the source's next offset: all of it or nothing.

        Args:
            outputs: Rows by topic; they go to the source's partition.
            source: The partition that they came of.
            next_offset: The offset from which the source is read next; None where it did not move.
            last_of: A topic of which the caller wants to know the end.

        Returns:
            The offset after the last row of that topic, None where it got none.

        Raises:
            FencedError: Another worker has the partition.
            UncertainError: It may or may not have been committed.
        """
        async with self._answered():
            await self._producer.begin_transaction()
            end = await self._write(outputs, source.partition, last_of)
            if next_offset is not None:
                await self._producer.send_offsets_to_transaction({source: next_offset}, self._group)
            await self._producer.commit_transaction()
        return end

    async def close(self) -> None:
        """Let go of connections; a transaction that is open is ended by whoever starts next."""
        with suppress(*CLIENT_FAILURES):
            async with asyncio.timeout(CALL_S_MAX):
                await end_producer(self._producer)

    @asynccontextmanager
    async def _answered(self) -> AsyncIterator[None]:
        """Bound calls in time, and by the end of the client's own task that they wait for."""
        task = learning(self._producer)
        is_over = False
        try:
            async with asyncio.timeout(CALL_S_MAX) as limit:

                def cut(_: "asyncio.Task[None]") -> None:
                    if not is_over:
                        limit.reschedule(0)

                if task is not None:
                    task.add_done_callback(cut)
                try:
                    yield
                finally:
                    is_over = True
                    if task is not None:
                        task.remove_done_callback(cut)
        except _FENCED as fenced:
            raise FencedError(_named(fenced)) from fenced
        except IllegalOperation as closed:
            # A failure of the sender's closed the transaction before it was given everything: the
            # client only says that none is open.
            failure = sender_failure(self._producer) or closed
            kind = FencedError if isinstance(failure, _FENCED) else UncertainError
            raise kind(_named(failure)) from failure
        except CLIENT_FAILURES as failure:
            raise UncertainError(_named(failure)) from failure

    async def _write(
        self, outputs: dict[str, list[Row]], partition: int, last_of: str
    ) -> int | None:
        sent = []
        for topic, rows in outputs.items():
            for batch in self._batches(rows):
                count = batch.record_count()
                answer = await self._producer.send_batch(batch, topic, partition=partition)
                sent.append((topic, count, answer))
        end: int | None = None
        for topic, count, answer in sent:
            written = await answer
            if topic == last_of:
                end = written.offset + count
        return end

    def _batches(self, rows: list[Row]) -> Iterator[Any]:
        batch = self._producer.create_batch()
        append = batch.append
        for key, value, headers in rows:
            if append(timestamp=None, key=key, value=value, headers=headers) is None:
                yield batch
                batch = self._producer.create_batch()
                append = batch.append
                append(timestamp=None, key=key, value=value, headers=headers)
        if batch.record_count():
            yield batch


def _named(failure: BaseException) -> str:
    return type(failure).__name__
