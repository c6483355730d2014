"""A Kafka hub with a router, dispatch workers that come and go, and an agency that is told."""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.bootstrap.connectors import connector_of
from streams.bootstrap.dispatching_kafka import DispatchWorker
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_hub import KafkaSettings, SealingParts
from streams.bootstrap.routing import RouterPlace, RunningRouter
from streams.bootstrap.transports import variable_of
from streams.contracts.entry import decode_entry
from streams.contracts.frame import HEAD_BYTES
from streams.contracts.registry import Registry
from streams.dispatch.backoff import Pace
from streams.dispatch.delivery import INHIBITED
from streams.domain.entry import LedgerEntry, Notice, TransitionRefused
from streams.domain.event import AgencyEvent
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import AgencyId, NoticeId
from streams.engines.kafka.client_failures import CLIENT_FAILURES
from streams.engines.kafka.topic_reader import count_partitions
from streams.normalise.receive import ReceiveStep
from streams.promises.topics import LEDGER
from tests.awaiting import come_about
from tests.bench.mix import json_mix
from tests.cli.processes import Process, started
from tests.kafka.databases import fresh_database
from tests.kafka.faults.feeding import feed
from tests.kafka.view_scene import comes_about

EMPLOYMENT, SOTE = AgencyId("employment.lappeenranta"), AgencyId("sote.south-karelia")
SESSION_MS = 3_000
PERSONS_MAX = 500
"""Persons of one saying: those of another are others."""
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()
AGREEMENTS = Path(__file__).parents[2] / "deploy" / "agreements"
PACE = Pace(
    limit_us=48 * 3_600_000_000, cap_us=2_000_000, answer_us=20_000_000, group_wait_us=500_000
)


class Told(NamedTuple):
    """A notice as the agency's system got it, and when (microseconds of the machine's time)."""

    notice_id: NoticeId
    at_us: int
    was_taken: bool


class Agency:
    """An agency's system, a real server: it takes what comes, unless told otherwise."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.statuses: list[int] = []
        """Answers to come, before it takes everything."""
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port, or on the one that it had."""
        self.open = asyncio.Event()
        self.open.set()
        application = web.Application()
        application.router.add_post("/notices", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Vanish."""
        await self._runner.cleanup()

    def taken(self) -> list[NoticeId]:
        """Give what it took, in order, repeats and all."""
        return [told.notice_id for told in self.told if told.was_taken]

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        at_us = wall_clock()
        await self.open.wait()
        status = self.statuses.pop(0) if self.statuses else 202
        taken = status == 202
        self.told.append(Told(NoticeId(request.headers["webhook-id"]), at_us, taken))
        return web.Response(status=status)


class Recorded(NamedTuple):
    """An entry of the ledger, and when the broker took it (milliseconds of its time)."""

    entry: LedgerEntry
    at_ms: int


class Scene:
    """Everything that a dispatch worker stands on; a module's tests share it, one after another."""

    def __init__(self, kafka: str, registry_url: str, database: str, folder: Path) -> None:
        self.kafka, self.folder = kafka, folder
        self.registry_url, self.database = registry_url, database
        self.agency = Agency()
        self._firsts = iter(range(0, 10_000, PERSONS_MAX))
        self.outbox = folder / "outbox"
        self.region = folder / "region"

    async def start(self, desk: str | None = None) -> None:
        """Start the agency, write the region that names it, and open what the workers share.

        `desk` is how the agency's coordinator reads escalations, where there is one.
        """
        await self.agency.start()
        write_region(self.region, self.agency.port, desk)
        settings = KafkaSettings(
            self.kafka, self.registry_url, self.database, self.region, self.folder / "hub.key"
        )
        self.parts = SealingParts(settings)
        self.registry = Registry(self.registry_url)
        await self.registry.load()

    async def close(self) -> None:
        """Let go of everything."""
        await self.registry.close()
        await self.agency.stop()

    @asynccontextmanager
    async def router(self) -> AsyncIterator[None]:
        """Let a router decide during a block."""
        place = RouterPlace(self.kafka, self.registry_url, self.region, self.folder / "router")
        stop = asyncio.Event()
        router = RunningRouter(place, self.registry, session_ms=SESSION_MS)
        task = asyncio.create_task(router.run(stop))
        try:
            yield
            assert not task.done()
        finally:
            stop.set()
            await task

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Let a dispatch worker work during a block."""
        stop = asyncio.Event()
        worker = DispatchWorker(
            self.parts, self.registry, self.outbox, session_ms=SESSION_MS, pace=PACE
        )
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
            if task.done():
                task.result()
            assert not task.done()
        finally:
            stop.set()
            await task

    def process(self, name: str) -> AbstractContextManager[Process]:
        """Run a dispatch worker as a process of its own during a block."""
        places = ["--kafka", self.kafka, "--registry", self.registry_url]
        places += ["--database", self.database, "--keys", str(self.folder / "hub.key")]
        places += ["--region", str(self.region), "--outbox", str(self.outbox)]
        places += ["--state", str(self.folder / name), "--session-ms", str(SESSION_MS)]
        return started(self.folder, "worker", "dispatch", *places)

    def said(self, persons: int, turns: int) -> list[AgencyEvent]:
        """Give what the employment service says of persons: consent, referral, and so on.

        They are new persons each time, `PERSONS_MAX` at most.
        """
        keys = self.parts.open_keys()
        connector = connector_of("employment")
        step = ReceiveStep(
            connector, self.parts.agreements, keys, self.parts.pseudonyms, self.parts.sealer
        )
        received = [
            each.taken
            for raw in json_mix(persons, turns, first=next(self._firsts))
            for each in step.receive(raw, EMPLOYMENT, wall_clock())
        ]
        keys.commit()
        keys.close()
        return [each for each in received if isinstance(each, AgencyEvent)]

    async def told_more(self, count: int, within_s: float = 30.0) -> None:
        """Wait until the agency was told so many times more."""
        before = len(self.agency.told)
        await come_about(lambda: len(self.agency.told) > before + count, within_s)

    async def say(self, said: Sequence[AgencyEvent], per_s: float = 1_000.0) -> None:
        """Put events on their topic."""
        await feed(self.kafka, self.registry, said, per_s=per_s, repeat_share=0.0)

    async def ledger(self) -> list[Recorded]:
        """Read the ledger whole, partition by partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=10,
        )
        await consumer.start()
        found: list[Recorded] = []
        try:
            count = await count_partitions(self.kafka, LEDGER)
            for source in [TopicPartition(LEDGER, number) for number in range(count)]:
                consumer.assign([source])
                consumer.seek(source, 0)
                end = (await consumer.end_offsets([source]))[source]
                while await consumer.position(source) < end:
                    for records in (await consumer.getmany(source, timeout_ms=20)).values():
                        found += [
                            Recorded(decode_entry(r.value[HEAD_BYTES:]).entry, r.timestamp)
                            for r in records
                        ]
        finally:
            await consumer.stop()
        return found

    async def decided(self, said: Sequence[AgencyEvent]) -> None:
        """Wait until every one of these events is in the ledger."""
        wanted = {event.envelope.event_id for event in said}

        async def is_so() -> bool:
            ledger = await self.ledger()
            return wanted <= {each.entry.event.envelope.event_id for each in ledger}

        await comes_about(is_so)

    async def settled(self, said: Sequence[AgencyEvent], within_s: float = 80.0) -> None:
        """Wait until something was issued of each of these persons, and all of it is over."""
        persons = {event.envelope.person for event in said}

        async def is_so() -> bool:
            try:
                ledger = await self.ledger()
            except CLIENT_FAILURES:
                return False  # a broker that comes back leads nothing for a moment
            issued = [n for n in issued_to(SOTE, ledger) if n.person in persons]
            over = {*reported(ledger), *refused(ledger)}
            told_of = {notice.person for notice in issued}
            return told_of == persons and over.issuperset([n.notice_id for n in issued])

        await comes_about(is_so, within_s)


@contextmanager
def scene_on(kafka: str, registry_url: str, database_server: str, folder: Path) -> Iterator[Scene]:
    """Give a scene with a database of its own; nothing runs yet."""
    with fresh_database(database_server) as url:
        yield Scene(kafka, registry_url, url, folder)


@asynccontextmanager
async def started_scene(
    hub: Scene, monkeypatch: pytest.MonkeyPatch, desk: str | None = None
) -> AsyncIterator[Scene]:
    """Let a scene's agency be there during a block, and what the workers share be open."""
    secret_of_agency(monkeypatch)
    await hub.start(desk)
    yield hub
    await hub.close()


def write_region(folder: Path, port: int, desk: str | None) -> None:
    """Write the demonstration region, in which one agency has a server and the others nothing.

    `desk` is how that agency's coordinator reads escalations, where there is one.
    """
    folder.mkdir(exist_ok=True)
    for file in AGREEMENTS.glob("*.toml"):
        shutil.copy(file, folder)
    file = folder / "south-karelia.toml"
    head, sote, rest = file.read_text().partition('id = "sote.south-karelia"')
    url = f"http://127.0.0.1:{port}/notices"
    own = rest.replace('delivery = "file"', f'delivery = "webhook:{url}"', 1)
    first, mark, others = own.partition(url)
    others = others.replace('delivery = "file"', 'delivery = "none"')
    if desk is not None:
        own, mark_of_next, after = others.partition("[[agency]]")
        own += f'[[agency.desk]]\nrole = "coordinator"\ndelivery = "{desk}"\n\n'
        others = own + mark_of_next + after
    file.write_text(head + sote + first + mark + others)


def secret_of_agency(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process, and those that it starts, the agency's secret."""
    monkeypatch.setenv(variable_of(SOTE), SECRET)


def reported(ledger: Sequence[Recorded]) -> list[NoticeId]:
    """Give the notices to the agency that the ledger has as delivered."""
    events = [recorded.entry.event for recorded in ledger]
    return [e.notice_id for e in events if isinstance(e, NoticeDelivered) and e.to == SOTE]


def refused(ledger: Sequence[Recorded]) -> set[NoticeId]:
    """Give the notices that must not leave: their start was refused, or nobody needs them."""
    found: set[NoticeId] = set()
    for recorded in ledger:
        match recorded.entry.event:
            case DeliveryStarted(notice_id=notice_id) if any(
                isinstance(fact, TransitionRefused) for fact in recorded.entry.facts
            ):
                found.add(notice_id)
            case NoticeUndeliverable(notice_id=notice_id, cause=cause) if cause == INHIBITED:
                found.add(notice_id)
            case _:
                pass
    return found


def issued_to(agency: AgencyId, ledger: Sequence[Recorded]) -> list[Notice]:
    """Give the notices for an agency, each person's in their order."""
    return [n for recorded in ledger for n in recorded.entry.deliveries if n.to == agency]


def violations(agency: Agency, ledger: Sequence[Recorded]) -> list[str]:
    """Hold what the agency was told against the ledger."""
    found = [f"{n} was reported twice" for n in _repeated(reported(ledger))]
    called_off = refused(ledger)
    started_ms = {
        recorded.entry.event.notice_id: recorded.at_ms
        for recorded in reversed(ledger)
        if isinstance(recorded.entry.event, DeliveryStarted)
        and recorded.entry.event.notice_id not in called_off
    }
    for told in agency.told:
        if told.notice_id not in started_ms:
            found.append(f"{told.notice_id} left without leave")
        elif told.at_us // 1000 < started_ms[told.notice_id]:
            found.append(f"{told.notice_id} left before the ledger had its start")
    lanes: dict[str, list[NoticeId]] = {}
    for notice in issued_to(SOTE, ledger):
        if notice.notice_id not in called_off:
            lanes.setdefault(notice.person, []).append(notice.notice_id)
    for lane in lanes.values():
        came = [notice_id for notice_id in agency.taken() if notice_id in lane]
        found += [f"{n} was lost" for n in lane if n not in came]
        first = list(dict.fromkeys(came))
        if first != [n for n in lane if n in came]:
            found.append(f"came as {first} instead of {lane}")
    return found


def _repeated(names: Sequence[NoticeId]) -> list[NoticeId]:
    return sorted({name for name in names if names.count(name) > 1})
