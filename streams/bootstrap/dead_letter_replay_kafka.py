"""Taking dead letters of a Kafka hub in again: what they hold first, then that they are dealt with.

A message goes through the receive step, an event to the router as a new attempt, and a record that
could not be read to where it was. Between the two writes the replay may end: then the letter still
waits, and a repeat brings events that have the same ids, which the router knows.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

from streams.bootstrap.dead_letter_replay import Opening, message_of, new_attempt, received_again
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_hub import SealingParts, partitions_of
from streams.bootstrap.partition_writer import (
    Outgoing,
    PartitionWriter,
    UnwrittenError,
    partition_of,
)
from streams.bootstrap.receiving import REACH_WITHIN_S, WAIT_FIRST_S, WAIT_MAX_S, Receiving
from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.domain.ids import EventId, Instant
from streams.engines.kafka.dead_letter_reader import Standing
from streams.engines.kafka.record_at import record_at
from streams.engines.kafka.resolved import Resolved, resolved_headers
from streams.normalise import cloud_event
from streams.normalise.receive import UnknownSenderError
from streams.normalise.stamping import Received
from streams.promises import topics
from streams.promises.engine import DeadLetter, ReceiptStatus
from streams.promises.key_store import KeyStore
from streams.promises.letter_body import EVENT, RAW, record_place
from streams.promises.receipt import Receipt
from streams.promises.watermark import SEND_WITHIN_US

_STAMPED_WITHIN_S = SEND_WITHIN_US / 1e6
_AS_IT_IS_WITHIN_S = 10.0


class LostRecordError(Exception):
    """The record that a dead letter names cannot be read again. The text names the letter's id."""

    def __init__(self, letter: DeadLetter) -> None:
        """Name the dead letter and the place."""
        place = record_place(letter.body_kind)
        where = "it does not name its place"
        if place is not None:
            where = "/".join(map(str, place)) + " does not have it any more"
        super().__init__(
            f"{letter.dead_letter_id} cannot be replayed, for its record is gone: {where}. The dead"
            " letter stays; let the agency send the message again"
        )


class KafkaReplay:
    """Takes dead letters in again. Used inside one event loop."""

    def __init__(
        self,
        parts: SealingParts,
        keys: KeyStore,
        writer: PartitionWriter,
        registry: Registry,
        *,
        patience_s: float,
    ) -> None:
        """Bring together the parts; all of them stay their owner's.

        Args:
            parts: The agreement and what opens.
            keys: The person keys.
            writer: Writes the records.
            registry: Frames events; loaded when there is one to write.
            patience_s: How long to go on trying where a broker or the database does not answer.
        """
        self._kafka = parts.settings.kafka
        self._parts = parts
        self._keys = keys
        self._opening = Opening(parts.agreements, keys, parts.pseudonyms, parts.sealer)
        self._writer = writer
        self._registry = registry
        self._patience_s = patience_s

    async def replay(self, standing: Standing) -> AsyncIterator[list[Receipt]]:
        """Write again what a dead letter holds, and then that it is dealt with.

        Gives receipts as they come, `queued`: what becomes of it is decided later. Where the same
        dead letter comes of it again, that one waits.

        Raises:
            ErasedError: Its key was destroyed.
            HubsOwnError: It is no agency's, so there is nothing to take in again.
            LostRecordError: The record that it names is gone.
            SealBrokenError: It was altered.
            UnknownSenderError: The agency is no longer of the region.
            UnavailableError: Broker, registry or database cannot be used. The letter still waits.
        """
        letter = standing.letter
        if letter.body_kind == RAW:
            async for receipts in self._receive(letter):
                yield receipts
        elif letter.body_kind.startswith(EVENT):
            yield [await self._attempt(letter)]
        else:
            record = await self._record_of(letter)
            await self._write(lambda _: [record], _AS_IT_IS_WITHIN_S)
            yield [_queued(letter)]
        words = _dealt_with(standing)
        await self._write(lambda _: words, _AS_IT_IS_WITHIN_S)

    async def foresee(self, standing: Standing) -> list[Receipt]:
        """Say what would become of a dead letter up to the router; nothing is written.

        A message is received and read: it would be `queued`, or a dead letter with its errors. An
        event or a record would be `queued`. What the router decides is not known before.

        Raises:
            As `replay`.
        """
        letter = standing.letter
        at = wall_clock()
        if letter.body_kind == RAW:
            found = await asyncio.to_thread(received_again, self._opening, letter, at)
            return [_foreseen(letter, each) for each in found]
        if letter.body_kind.startswith(EVENT):
            attempt = await asyncio.to_thread(new_attempt, self._opening, letter, at)
            return [_queued(letter, attempt.envelope.event_id)]
        await self._record_of(letter)
        return [_queued(letter)]

    async def _receive(self, letter: DeadLetter) -> AsyncIterator[list[Receipt]]:
        raw = await asyncio.to_thread(message_of, self._opening, letter)
        if letter.agency not in self._parts.agreements.in_force(wall_clock()).agencies:
            raise UnknownSenderError(letter.agency)
        partitions = await partitions_of(self._kafka, [topics.raw(letter.agency)])
        receiving = Receiving(self._parts, self._keys, self._writer, partitions)
        async for receipts in receiving.receive(letter.agency, raw, patience_s=self._patience_s):
            yield receipts

    async def _attempt(self, letter: DeadLetter) -> Receipt:
        attempt = await asyncio.to_thread(new_attempt, self._opening, letter, wall_clock())
        await self._registry.load()
        count = (await partitions_of(self._kafka, [topics.EVENTS]))[topics.EVENTS]
        kind, envelope = type(attempt).__name__, attempt.envelope
        key = envelope.person.encode()
        headers = cloud_event.headers_of(
            kind, envelope.event_id, envelope.agency, envelope.occurred_at, None
        )

        def stamped(at: Instant) -> list[Outgoing]:
            event = attempt._replace(envelope=envelope._replace(recorded_at=at))
            value = frame_payload(self._registry, kind, encode_event(event))
            return [Outgoing(topics.EVENTS, partition_of(key, count), key, value, headers)]

        await self._write(stamped, _STAMPED_WITHIN_S)
        return _queued(letter, envelope.event_id)

    async def _record_of(self, letter: DeadLetter) -> Outgoing:
        place = record_place(letter.body_kind)
        found = None if place is None else await record_at(self._kafka, place)
        if found is None:
            raise LostRecordError(letter)
        headers = tuple(found.headers)
        return Outgoing(found.topic, found.partition, found.key, found.value, headers)

    async def _write(self, made: Callable[[Instant], Sequence[Outgoing]], within_s: float) -> None:
        """Write records, made anew for each attempt, until all are acknowledged."""
        until_s, wait_s = time.monotonic() + self._patience_s, WAIT_FIRST_S
        while True:
            try:
                await self._writer.reach(REACH_WITHIN_S)
                await self._writer.write(made(wall_clock()), within_s)
            except UnwrittenError:
                if time.monotonic() + wait_s > until_s:
                    raise
            else:
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, WAIT_MAX_S)


def _dealt_with(standing: Standing) -> list[Outgoing]:
    dead_letter_id = standing.letter.dead_letter_id
    return [
        Outgoing(
            topics.DEAD_LETTERS,
            lane.partition,
            lane.key,
            None,
            resolved_headers(Resolved(dead_letter_id, lane.until)),
        )
        for lane in standing.lanes
    ]


def _queued(letter: DeadLetter, event_id: EventId | None = None) -> Receipt:
    status = ReceiptStatus.QUEUED
    return Receipt(event_id, letter.agency, letter.message_id, status, None, None, ())


def _foreseen(letter: DeadLetter, received: Received) -> Receipt:
    taken = received.taken
    if not isinstance(taken, DeadLetter):
        return _queued(letter)._replace(message_id=received.message_id)
    dead, status = taken.dead_letter_id, ReceiptStatus.DEAD_LETTER
    return Receipt(None, letter.agency, received.message_id, status, None, dead, taken.errors)
