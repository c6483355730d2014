"""One partition's dispatch: a thread with an event loop, a connection and transports of its own.

Dispatch asks its store at every step, and the store is a server away. In a thread of its own it
holds up nobody: neither the other partitions nor the heartbeats by which the group knows a worker.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import structlog
from aiokafka.partitioner import murmur2

from streams.bootstrap.dispatching_keys import PersonKeys
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_hub import SealingParts
from streams.bootstrap.partition_writer import Outgoing, PartitionWriter
from streams.bootstrap.rendering import Wire, on_the_wire
from streams.bootstrap.transports import desk_keys, desks_of, transports_of
from streams.contracts.event import encode_event
from streams.contracts.registry import Registry, frame_payload
from streams.dispatch.attempts import Attempts
from streams.dispatch.attempts_database import Claimed
from streams.dispatch.backoff import Pace
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_rows import DeskKey
from streams.dispatch.dispatcher import Dispatcher
from streams.dispatch.ledger_buffer import LedgerBuffer
from streams.domain.agreement import Agency
from streams.domain.entry import Notice
from streams.domain.envelope import HUB
from streams.domain.event import Event
from streams.domain.ids import AgencyId
from streams.normalise.cloud_event import headers_of
from streams.promises.engine import Outcome, ReceiptStatus, UnavailableError
from streams.promises.topics import EVENTS
from streams.promises.transport import Transport
from streams.sealing.sealer import Sealer

GRACE_S = 10.0
JOIN_S = 20.0
WRITE_S = 10.0
PAUSE_S = 1.0
LOOK_AGAIN_S = 1.0
"""What other partitions write of a desk is found so soon."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Shared(NamedTuple):
    """What all partitions of a worker have in common.

    `loop` is where the writer belongs. `outbox` holds what agencies fetch as files.
    """

    loop: asyncio.AbstractEventLoop
    parts: SealingParts
    keys: PersonKeys
    writer: PartitionWriter
    registry: Registry
    outbox: Path
    pace: Pace | None = None


class PartitionDispatch:
    """Dispatches what one partition of the ledger issues, and serves the desks that fall to it."""

    def __init__(self, shared: Shared, number: int, count: int, claimed: Claimed) -> None:
        """Begin; the partition is one of so many, and was taken for good."""
        self.buffer = LedgerBuffer()
        self.failure: BaseException | None = None
        self._shared = shared
        self._number = number
        self._count = count
        self._store = claimed.store
        self._kept = claimed.stand.position
        self._dispatcher: Dispatcher | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_told = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"dispatch-{number}", daemon=True)
        self._thread.start()

    def announce(self) -> None:
        """Say that the buffer has new entries."""
        if self._dispatcher is not None:
            self._dispatcher.announce()

    def kept(self) -> int:
        """Give the position up to which the ledger is in the store."""
        if self._dispatcher is not None:
            self._kept = max(self._kept, self._dispatcher.followed())
        return self._kept

    async def end(self) -> None:
        """Bring the attempts that are under way to their end, or to a stop."""
        self._is_told.set()
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, JOIN_S)
        if self._thread.is_alive():
            _log.error("dispatch_did_not_end", partition=self._number)

    def _work(self) -> None:
        try:
            asyncio.run(self._dispatch())
        except BaseException as failure:  # noqa: BLE001  # whoever feeds this thread must hear of it
            self.failure = failure
            _log.error("dispatch_failed", partition=self._number, error=type(failure).__name__)

    async def _dispatch(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._is_told.is_set():
            return
        transports, desks = self._transports()
        try:
            self._dispatcher = await self._made(transports, desks)
            if self._dispatcher is not None:
                await self._dispatcher.run_until(self._stop, GRACE_S)
        finally:
            for transport in (*transports.values(), *[post.transport for post in desks.values()]):
                await transport.close()
            self._store.close()

    async def _made(
        self, transports: Mapping[AgencyId, Transport], desks: Mapping[DeskKey, DeskPost]
    ) -> Dispatcher | None:
        """Make the dispatcher, once the store can be used; None where told to stop before."""
        parts = self._shared.parts
        in_force = parts.agreements.in_force(wall_clock())
        stop = self._stop
        while stop is not None and not stop.is_set():
            try:
                return Dispatcher(
                    ledger=self.buffer,
                    submit=self._submit,
                    transports=transports,
                    open_and_render=_Rendering(parts, self._shared.keys),
                    attempts=Attempts(self._store, self._number),
                    clock=wall_clock,
                    rng=Random(),  # noqa: S311  # it spreads retries; nothing is kept secret by it
                    pace=self._shared.pace or Pace(limit_us=in_force.delivery_limit_us),
                    seal_words=self._shared.keys.seal_words,
                    desks=desks,
                    desks_elsewhere=[k for k in desk_keys(in_force.agencies) if k not in desks],
                    look_again_s=LOOK_AGAIN_S if desks else float("inf"),
                )
            except UnavailableError as away:
                _log.warning("dispatch_waits", partition=self._number, error=type(away).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_S):
                        await stop.wait()
        return None

    def _transports(self) -> tuple[dict[AgencyId, Transport], dict[DeskKey, DeskPost]]:
        agencies = self._shared.parts.agreements.in_force(wall_clock()).agencies
        return transports_and_desks(
            self._shared.parts,
            self._shared.outbox,
            {agency: self._with_own_desks(known) for agency, known in agencies.items()},
        )

    def _with_own_desks(self, agency: Agency) -> Agency:
        """Leave an agency the desks that this partition serves: each is served by one."""
        own = [desk for desk in agency.desks if self._serves(DeskKey(agency.agency_id, desk.role))]
        return agency._replace(desks=tuple(own))

    def _serves(self, key: DeskKey) -> bool:
        return partition_of(f"{key.agency}/{key.role}", self._count) == self._number

    def _submit(self, events: Sequence[Event]) -> list[Outcome]:
        """Write reports as contract events; what becomes of them stands in the ledger, later."""
        writing = asyncio.run_coroutine_threadsafe(
            self._shared.writer.write([self._outgoing(event) for event in events], WRITE_S),
            self._shared.loop,
        )
        try:
            writing.result(2 * WRITE_S)
        except TimeoutError:
            raise UnavailableError("the broker takes no reports now") from None
        return [
            Outcome(ReceiptStatus.QUEUED, event.envelope.event_id, None, None, "")
            for event in events
        ]

    def _outgoing(self, event: Event) -> Outgoing:
        record, envelope = type(event).__name__, event.envelope
        return Outgoing(
            EVENTS,
            partition_of(envelope.person, self._count),
            envelope.person.encode(),
            frame_payload(self._shared.registry, record, encode_event(event)),
            headers_of(record, envelope.event_id, HUB, envelope.occurred_at, None),
        )


class _Rendering:
    """Writes notices as their receivers want them, in one thread."""

    def __init__(self, parts: SealingParts, keys: PersonKeys) -> None:
        self._agreements = parts.agreements
        self._keys = keys
        self._sealer = Sealer()

    def __call__(self, notice: Notice) -> Wire | None:
        return on_the_wire(notice, self._agreements, self._keys.opening(), self._sealer)


def transports_and_desks(
    parts: SealingParts, outbox: Path, agencies: Mapping[AgencyId, Agency]
) -> tuple[dict[AgencyId, Transport], dict[DeskKey, DeskPost]]:
    """Make what reaches agencies' systems and their desks; all are to be closed.

    Raises:
        SecretsError: A webhook has no secret, there is no mail server, or one cannot be used.
        UnavailableError: The outbox cannot be written.
    """
    secrets_place = parts.settings.keys_file

    def law_ref(notice: Notice) -> str:
        rule = parts.agreements.in_force(notice.occurred_at).clock_rules.rule(notice.reason)
        return rule.law_ref if rule is not None else ""

    try:
        transports = transports_of(agencies, outbox, secrets_place, wall_clock)
    except OSError as failure:
        raise UnavailableError(f"{failure.filename}: {failure.strerror}") from failure
    return transports, desks_of(agencies, secrets_place, wall_clock, law_ref)


def partition_of(key: str, count: int) -> int:
    """Give the partition of a key, by Kafka's default partitioner."""
    found: int = (murmur2(key.encode()) & 0x7FFFFFFF) % count
    return found
