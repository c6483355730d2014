"""Faust's consumer as the normalisers need it: what was fetched together is handled as one.

Faust spends more on a message than the hub does, so it gets runs of records in its place: it reads,
hands on, acknowledges and commits a run as it would a message. Only committed records are read, and
a corrupt one halts its own partition alone.
"""

from collections.abc import Sequence
from typing import Any, cast

from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import EventT
from faust.types.tuples import TP, ConsumerMessage

from streams.engines.kafka.client_tasks import has_ended_task
from streams.engines.kafka.sound_records import SoundRecords

RUN_RECORDS_MAX = 128
"""So many go on together at most; some of them may be large."""

Run = Sequence[ConsumerRecord]
"""Records of one partition in their order, as they were fetched together: at least one."""


def run_of(event: EventT[Any]) -> Run:
    """Give the records of what Faust takes for one message."""
    return cast("Run", event.message.value)


class NormalisersConsumer(driver.Consumer):
    """Hands runs on, and commits what is acknowledged.

    Whoever takes runs acknowledges a partition's records in their order, each when it is dealt with
    and all before it: what was acknowledged last says how far the partition is.
    """

    def acknowledge(self, event: EventT[Any], offset: int) -> None:
        """Note that a record of a run is dealt with; the run itself is with its last one."""
        message = event.message
        if offset == message.offset:
            event.ack()
        else:
            self._acked[message.tp].append(offset)

    def has_lost_task(self) -> bool:
        """Say whether a task of the client's own ended, or stands at an error.

        Only looked at: the client's own `check_errors` belongs to the consumer's thread.
        """
        consumer = self._thread._consumer  # noqa: SLF001  # Faust has no other way to it
        coordinator = consumer and consumer._coordinator  # noqa: SLF001  # nor has the client
        if coordinator is None:
            return False
        return has_ended_task(consumer) or coordinator._pending_exception is not None  # noqa: SLF001  # as above

    def _new_consumer_thread(self) -> "_Thread":
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Run) -> ConsumerMessage:
        # It stands where its last record does: Faust reads on behind that.
        message = super()._to_message(tp, record[-1])
        message.value = cast("Any", record)
        return message

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Note nothing: Faust would count a run's other records as handled before the run is."""

    def _new_offset(self, tp: TP) -> int | None:
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        last = max(acknowledged)
        acknowledged.clear()
        self._acked_index[tp].clear()
        return last + 1


class Transport(driver.Transport):
    """Faust's transport with that consumer."""

    Consumer = NormalisersConsumer


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: driver.Transport) -> Any:  # noqa: ANN401  # the library has no types
        consumer = super()._create_worker_consumer(transport)
        # A record of a transaction that was given up never was.
        consumer._isolation_level = "read_committed"  # noqa: SLF001  # Faust has no setting for it
        self._records = SoundRecords()
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,  # noqa: ANN401  # the library has no types
        active_partitions: set[TopicPartition],
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's own
        max_records: int | None = None,
    ) -> Any:  # noqa: ANN401  # as above
        del max_records
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher  # noqa: SLF001  # as Faust reaches it
        if consumer._closed or fetcher._closed:  # noqa: SLF001  # as above
            raise ConsumerStoppedError
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001  # as above
            found = await self._records.fetched(fetcher, active_partitions, timeout or 0.0)
        return {place: _runs(records) for place, records in found.items()}


def _runs(records: Sequence[ConsumerRecord]) -> list[Run]:
    return [
        records[first : first + RUN_RECORDS_MAX]
        for first in range(0, len(records), RUN_RECORDS_MAX)
    ]
