"""The receive step of a Kafka hub at work: an agency's file becomes raw records, acknowledged.

    split, find -> stamp, seal, keep the keys -> write -> a receipt `queued` a message

Every attempt is stamped anew, and given up before the normalisers' watermarks may have passed its
stamp (`SEND_WITHIN_US`): what is recorded at a moment is then there soon after, or not at all. A
record whose outcome is unknown may be written twice; its event has one id, and counts once.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import GROUP_MESSAGES, wall_clock
from streams.bootstrap.kafka_hub import SealingParts
from streams.bootstrap.partition_writer import (
    Outgoing,
    PartitionWriter,
    UnwrittenError,
    partition_of,
)
from streams.domain.ids import AgencyId, Instant
from streams.normalise.queueing import Found, QueueStep
from streams.normalise.receive import UnknownSenderError
from streams.promises import topics
from streams.promises.engine import ReceiptStatus, UnavailableError
from streams.promises.key_store import KeysChangedError, KeyStore
from streams.promises.receipt import Receipt
from streams.promises.watermark import SEND_WITHIN_US

WAIT_FIRST_S, WAIT_MAX_S = 0.1, 1.0
REACH_WITHIN_S = 5.0
SEND_MIN_US = 200_000
_NAMED_MAX = 20


class NotAllQueuedError(UnavailableError):
    """Some messages of a file are not queued; the text says which, and why.

    `places` are those, counted from 1. The others have their receipts.
    """

    def __init__(self, places: Sequence[int], of: int, cause: UnavailableError) -> None:
        """Say which messages."""
        what = "the message was" if of == 1 else f"{_spans(places)} of {of} messages were"
        super().__init__(f"{what} not queued: {cause}")
        self.places = tuple(places)


class _Delivery(NamedTuple):
    step: QueueStep
    agency: AgencyId
    recorded_at: Instant | None
    transport_id: str | None


class _Traced(NamedTuple):
    found: Found
    trace: bytes


class Receiving:
    """Queues what agencies send. Used inside one event loop."""

    def __init__(
        self,
        parts: SealingParts,
        keys: KeyStore,
        writer: PartitionWriter,
        partitions: Mapping[str, int],
    ) -> None:
        """Bring together the parts; all of them stay their owner's.

        Args:
            parts: The agreement and what seals.
            keys: The person keys.
            writer: Writes the records.
            partitions: How many partitions each raw topic has.
        """
        self._parts = parts
        self._keys = keys
        self._writer = writer
        self._partitions = partitions
        self._steps: dict[str, QueueStep] = {}

    async def receive(
        self,
        agency: AgencyId,
        raw: bytes,
        recorded_at: Instant | None = None,
        *,
        transport_id: str | None = None,
        patience_s: float,
    ) -> AsyncIterator[list[Receipt]]:
        """Queue a file of an agency; give receipts a written group at a time, in order.

        Args:
            agency: Who sent it, as the transport has authenticated.
            raw: The file's bytes.
            recorded_at: The hub's time; None is the machine's, taken anew for each attempt.
            transport_id: The transport's own id of the request.
            patience_s: How long to go on trying where broker or database do not answer.

        Raises:
            UnknownSenderError: The region has no such agency.
            NotAllQueuedError: Time is up. What is not named has its receipt.
        """
        at = recorded_at if recorded_at is not None else wall_clock()
        delivery = _Delivery(self._step(agency, at), agency, recorded_at, transport_id)
        found = await asyncio.to_thread(delivery.step.find, raw, agency, at)
        traced = [_Traced(each, _new_trace()) for each in found]
        for start in range(0, len(traced), GROUP_MESSAGES):
            group = traced[start : start + GROUP_MESSAGES]
            left, failure = await self._queue(delivery, group, time.monotonic() + patience_s)
            missing = {id(each) for each in left}
            yield [_receipt(agency, each.found) for each in group if id(each) not in missing]
            if failure is not None:
                missing |= {id(each) for each in traced[start + len(group) :]}
                places = [at for at, each in enumerate(traced, start=1) if id(each) in missing]
                raise NotAllQueuedError(places, len(traced), failure)

    async def _queue(
        self, delivery: _Delivery, messages: list[_Traced], until_s: float
    ) -> tuple[list[_Traced], UnavailableError | None]:
        """Write messages until all are; give those that are not when time is up, and why."""
        left, wait_s, at_once = messages, WAIT_FIRST_S, GROUP_MESSAGES
        while left:
            some, rest = left[:at_once], left[at_once:]
            unwritten, failure = await self._attempt(delivery, some)
            left = [*unwritten, *rest]
            if failure is None:
                wait_s, at_once = WAIT_FIRST_S, min(2 * at_once, GROUP_MESSAGES)
                continue
            if time.monotonic() + wait_s > until_s:
                return left, failure
            # Less at once needs less time from its stamp on, also on a slow machine.
            at_once = max(1, at_once // 2)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, WAIT_MAX_S)
        return [], None

    async def _attempt(
        self, delivery: _Delivery, messages: list[_Traced]
    ) -> tuple[list[_Traced], UnavailableError | None]:
        try:
            await self._writer.reach(REACH_WITHIN_S)
            stamped_at = wall_clock()
            own = delivery.recorded_at
            recorded_at = stamped_at if own is None else own
            records = await asyncio.to_thread(self._sealed, delivery, messages, recorded_at)
            within_us = SEND_WITHIN_US - (wall_clock() - stamped_at)
            await self._writer.write(records, max(SEND_MIN_US, within_us) / 1e6)
        except UnwrittenError as failure:
            return [messages[at] for at in sorted(failure.unwritten)] or messages, failure
        except UnavailableError as failure:
            return messages, failure
        return [], None

    def _sealed(
        self, delivery: _Delivery, messages: list[_Traced], recorded_at: Instant
    ) -> list[Outgoing]:
        """Seal messages under keys that are durable when this returns."""
        step, agency, _, transport_id = delivery
        topic = topics.raw(agency)
        while True:
            step.look_ahead((each.found for each in messages), recorded_at)
            records = [
                (step.seal(each.found, agency, recorded_at, transport_id), each.trace)
                for each in messages
            ]
            with suppress(KeysChangedError):
                self._keys.commit()
                return [
                    Outgoing(
                        topic,
                        partition_of(record.key, self._partitions[topic]),
                        record.key,
                        record.value,
                        (*record.headers, (topics.TRACEPARENT, trace)),
                    )
                    for record, trace in records
                ]

    def _step(self, agency: AgencyId, at: Instant) -> QueueStep:
        parts = self._parts
        known = parts.agreements.in_force(at).agencies.get(agency)
        if known is None or topics.raw(agency) not in self._partitions:
            raise UnknownSenderError(agency)
        step = self._steps.get(known.sector)
        if step is None:
            connector = connector_of(known.sector)
            step = QueueStep(
                connector, parts.agreements, self._keys, parts.pseudonyms, parts.sealer
            )
            self._steps[known.sector] = step
        return step


def _new_trace() -> bytes:
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01".encode()


def _receipt(agency: AgencyId, found: Found) -> Receipt:
    return Receipt(None, agency, found.message_id, ReceiptStatus.QUEUED, None, None, ())


def _spans(places: Sequence[int]) -> str:
    """Write numbers as people do: 1-3, 7."""
    spans: list[list[int]] = []
    for place in places:
        if spans and spans[-1][1] == place - 1:
            spans[-1][1] = place
        else:
            spans.append([place, place])
    named = [str(a) if a == b else f"{a}-{b}" for a, b in spans[:_NAMED_MAX]]
    return ", ".join([*named, *(["and others"] if len(spans) > _NAMED_MAX else [])])
