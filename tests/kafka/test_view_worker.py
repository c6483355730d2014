"""View workers follow the ledger's topic into PostgreSQL: nothing twice, nothing left out."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool
from structlog.testing import capture_logs

from streams.contracts.entry import encode_notice
from streams.contracts.registry import Known, Registry, RegistryUnavailableError
from streams.promises.topics import LEDGER
from tests.awaiting import come_about
from tests.cli.processes import Process, started
from tests.kafka.ledger_writer import LedgerWriter, Written, ledger_writer, persons, referred
from tests.kafka.view_scene import SESSION_MS, Scene

pytestmark = pytest.mark.usefixtures("clean_topics")


@pytest_asyncio.fixture
async def scene(broker: str, registry_url: str, database_url: str) -> AsyncIterator[Scene]:
    made = Scene(broker, registry_url, database_url)
    yield made
    made.close()


@pytest_asyncio.fixture
async def writer(broker: str, registry_url: str) -> AsyncIterator[LedgerWriter]:
    async with ledger_writer(broker, registry_url) as made:
        yield made


async def test_entries_are_viewed_once_and_the_group_shows_how_far(
    scene: Scene, writer: LedgerWriter
) -> None:
    told = persons(5)
    engine = referred(told)
    await writer.write_engine(engine)

    async with scene.worker():
        await scene.viewed(told, 10)
        more = persons(5, first=6)
        before = len(engine.entry_bytes())
        referred(more, engine)
        await writer.write_engine(engine, after=before)
        await scene.viewed(more, 10)

        await scene.caught_up()

    seen = scene.entries([*told, *more])
    wanted = [s.entry for p in [*told, *more] for s in engine.ledger(person=p)]
    assert [stored.entry for stored in seen] == wanted
    assert {h.person for h in scene.desk.handoffs()} >= {*told, *more}
    async with scene.worker():
        await scene.viewed(told, 10)
        assert scene.entries([*told, *more]) == seen


async def test_what_a_router_took_back_is_in_no_view(scene: Scene, writer: LedgerWriter) -> None:
    undone, told = persons(3, first=20), persons(3, first=30)
    taken_back = referred(undone)
    records = [
        writer.framed(s.entry.person, data)
        for s, data in zip(taken_back.ledger(), taken_back.entry_bytes(), strict=True)
    ]

    async with scene.worker():
        await writer.write(records, keeps=False)
        await writer.write_engine(referred(told))
        await scene.viewed(told, 6)

    assert scene.entries(undone) == []


async def test_workers_share_the_ledger_and_one_that_leaves_is_stood_in_for(
    scene: Scene, writer: LedgerWriter
) -> None:
    told = persons(40, first=100)
    engine = referred(told[:20])

    async with scene.worker():
        async with scene.worker():
            await writer.write_engine(engine)
            await scene.viewed(told, 40)
            before = len(engine.entry_bytes())
            referred(told[20:], engine)
            writing = asyncio.create_task(writer.write_engine(engine, after=before))
            await scene.viewed(told, 50)
        await writing
        await scene.viewed(told, 80)

    wanted = [s.entry for p in told for s in engine.ledger(person=p)]
    assert [stored.entry for stored in scene.entries(told)] == wanted
    assert {h.person for h in scene.desk.handoffs()} >= {*told}


async def test_records_that_are_no_entries_are_set_aside_with_an_alarm_and_hold_nobody_up(
    scene: Scene, writer: LedgerWriter
) -> None:
    told = persons(1, first=200)
    engine = referred(told)
    stored, good = next(engine.ledger()), engine.entry_bytes()[0]
    framed = writer.framed(told[0], good)
    assert framed.value is not None
    notice = next(n for s in engine.ledger() for n in s.entry.deliveries)
    bad = {
        "no-value": Written(framed.key, None),
        "bad-frame": Written(framed.key, b"\x01" + framed.value[1:]),
        "unknown-schema": Written(framed.key, b"\x00\x7f\xff\xff\xfe" + good),
        "another-subject": writer.framed(told[0], encode_notice(notice), "Notice"),
        "bad-bytes": Written(framed.key, framed.value[:-3]),
        "wrong-key": Written(b"p-somebody-else", framed.value),
    }
    with capture_logs() as logs:
        async with scene.worker():
            offsets = await writer.write([*bad.values(), framed], partition=0)
            trailing = await writer.write([Written(framed.key, framed.value + b"!")], partition=0)
            await scene.viewed(told, 1)
            await come_about(lambda: (0, trailing[0]) in scene.quarantined())

    causes = {**dict(zip(offsets, bad, strict=False)), trailing[0]: "bad-bytes"}
    found = scene.quarantined()
    assert {offset: found[0, offset] for offset in causes} == causes
    assert (0, offsets[-1]) not in found
    alarms = {(a["partition"], a["offset"], a["cause"]) for a in logs if a["log_level"] == "error"}
    assert alarms >= {(0, offset, cause) for offset, cause in causes.items()}
    assert all(a["topic"] == LEDGER for a in logs if a["event"] == "ledger_record_unreadable")
    assert [s.entry for s in scene.entries(told)] == [stored.entry]


class AwayAtFirst:
    """A registry that gives no answer until somebody lets it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.is_back = False
        self.asked = 0

    def known(self, schema_id: int) -> Known | None:
        return self._registry.known(schema_id) if self.is_back else None

    async def look_up(self, schema_id: int) -> Known:
        self.asked += 1
        if not self.is_back:
            raise RegistryUnavailableError("away")
        return await self._registry.look_up(schema_id)


async def test_a_registry_that_is_away_is_waited_for(scene: Scene, writer: LedgerWriter) -> None:
    told = persons(2, first=300)
    schemas = AwayAtFirst(writer.registry)

    async with scene.worker(schemas=schemas):
        await writer.write_engine(referred(told))
        await come_about(lambda: schemas.asked > 2)
        assert scene.entries(told) == []

        schemas.is_back = True
        await scene.viewed(told, 4)


async def test_a_database_that_is_away_is_waited_for(scene: Scene, writer: LedgerWriter) -> None:
    told = persons(4, first=400)
    engine = referred(told[:2])

    async with scene.worker():
        await writer.write_engine(engine)
        await scene.viewed(told, 4)
        before = len(engine.entry_bytes())

        with capture_logs() as logs:
            shut(scene.database_url)
            referred(told[2:], engine)
            await writer.write_engine(engine, after=before)
            await come_about(lambda: any(a["event"] == "partition_waits" for a in logs))
            opened(scene.database_url)
        await scene.viewed(told, 8)

    wanted = [s.entry for p in told for s in engine.ledger(person=p)]
    assert [stored.entry for stored in scene.entries(told)] == wanted


def shut(url: str) -> None:
    """Let nobody into a database any more, and throw out who is there."""
    name = make_url(url).database
    _say_to_server(
        url,
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608  # a test's own name
    )


def opened(url: str) -> None:
    """Let everybody into a database again."""
    _say_to_server(url, f"ALTER DATABASE {make_url(url).database} ALLOW_CONNECTIONS true")


def _say_to_server(url: str, *statements: str) -> None:
    server = make_url(url).set(database="postgres")
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


async def test_views_are_read_anew_from_the_beginning_when_asked(
    scene: Scene, writer: LedgerWriter
) -> None:
    told = persons(3, first=500)
    await writer.write_engine(referred(told))
    async with scene.worker():
        await scene.viewed(told, 6)
    seen = scene.entries(told)

    async with scene.worker(anew=True):
        await come_about(lambda: scene.entries(told) != seen)
        await scene.viewed(told, 6)

    assert scene.entries(told) == seen


def view_worker(scene: Scene, folder: Path) -> AbstractContextManager[Process]:
    """Start a worker as a process of its own."""
    places = ["--kafka", scene.broker, "--registry", scene.registry_url]
    places += ["--database", scene.database_url, "--state", str(folder / "state")]
    return started(folder, "worker", "view", *places, "--session-ms", SESSION_MS)


async def test_a_worker_that_is_told_to_stop_ends_well(
    scene: Scene, writer: LedgerWriter, tmp_path: Path
) -> None:
    told = persons(3, first=600)
    await writer.write_engine(referred(told))
    with view_worker(scene, tmp_path) as worker:
        await scene.viewed(told, 6)
        assert await asyncio.to_thread(worker.stop) == 0

        talk = worker.said()

    lines = [json.loads(line) for line in talk.splitlines() if line.startswith("{")]
    assert {"views_begun_anew", "partitions_taken"} <= {line["event"] for line in lines}
    assert all("refused" not in line for line in lines)


async def test_workers_that_are_killed_leave_nothing_out_and_nothing_twice(
    scene: Scene, writer: LedgerWriter, tmp_path: Path
) -> None:
    told = persons(60, first=700)
    engine = referred(told)
    writing = asyncio.create_task(writer.write_engine(engine))
    for count in (10, 40, 80):
        with view_worker(scene, tmp_path):
            await scene.viewed(told, count)
    await writing

    async with scene.worker():
        await scene.viewed(told, 120)

    wanted = [s.entry for p in told for s in engine.ledger(person=p)]
    assert [stored.entry for stored in scene.entries(told)] == wanted
    assert len([h for h in scene.desk.handoffs() if h.person in told]) == len(told)
