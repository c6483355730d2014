"""The receive step on a real broker: every message is acknowledged, or named as not written."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.kafka_hub import partitions_of
from streams.bootstrap.kafka_topics import make_topics, needed_topics
from streams.bootstrap.partition_writer import PartitionWriter
from streams.bootstrap.receiving import NotAllQueuedError, Receiving
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.normalise.receive import UnknownSenderError
from streams.promises import topics
from streams.promises.engine import UnavailableError
from streams.promises.receipt import Receipt
from streams.promises.watermark import SETTLE_US
from tests.awaiting import await_that, come_about
from tests.cli.processes import started
from tests.kafka.raw_scene import HETUS, LAPPEENRANTA, Scene, milestone, scene, stop_connections

RAW = topics.raw(LAPPEENRANTA)
RECORDED_AT = Instant(1_777_626_000_000_000)
_START = "from streams.cli import main; main()"


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, own_broker: Broker, database_server: str
) -> Iterator[Scene]:
    asyncio.run(make_topics(own_broker.address, needed_topics(load_agreements()), partitions=4))
    folder = tmp_path_factory.mktemp("hub")
    with scene(folder, own_broker.address, "http://127.0.0.1:1", database_server) as made:
        yield made


def ingest(hub: Scene, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as people do."""
    kafka, _, database, _, keys = hub.settings
    named = ["--kafka", kafka, "--database", database, "--keys", str(keys)]
    given = [each for each in named if "--kafka" not in words or each not in ("--kafka", kafka)]
    return subprocess.run(
        [sys.executable, "-c", _START, "ingest", *given, *words],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=100,
    )


def messages(mark: str, count: int) -> bytes:
    """Write a file of messages, each of another person than the ones beside it."""
    return b"\n".join(
        [milestone(f"{mark}-{number:04}", HETUS[number % 40]) for number in range(count)]
    )


async def received(
    hub: Scene,
    file: bytes,
    *,
    patience_s: float,
    recorded_at: Instant | None = None,
    receipts: list[Receipt],
) -> None:
    """Queue a file; the receipts that came before a failure stand in the list."""
    partitions = await partitions_of(hub.settings.kafka, [RAW])
    writer = PartitionWriter(hub.settings.kafka)
    with hub.keys() as keys:
        receiving = Receiving(hub.parts, keys, writer, partitions)
        try:
            async for group in receiving.receive(
                LAPPEENRANTA, file, recorded_at, patience_s=patience_s
            ):
                receipts += group
        finally:
            await writer.close()


def opened(hub: Scene, records: Sequence[Any]) -> list[bytes]:
    """Open raw records with the keys that the database has now."""
    with hub.keys() as keys:
        found = []
        for record in records:
            headers = dict(record.headers)
            lane, generation = headers["sealed_for"].decode(), int(headers["generation"])
            key = keys.of_generation(PersonId(lane), generation)
            assert key is not None
            found.append(hub.parts.sealer.open_whole(record.value, PersonId(lane), *key))
        return found


def test_the_command_prints_a_receipt_for_each_message(hub: Scene, tmp_path: Path) -> None:
    before = len(hub.records(RAW))
    file = tmp_path / "answers.ndjson"
    file.write_bytes(b"\n".join([milestone("C-1"), b"no json", milestone("C-3", HETUS[3])]))
    ended = ingest(hub, "--from", LAPPEENRANTA, str(file), "-", stdin=milestone("C-4"))
    assert ended.returncode == 0, ended.stderr
    receipts = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [receipt["message_id"] for receipt in receipts] == ["C-1", None, "C-3", "C-4"]
    assert receipts[0] == {
        "event_id": None,
        "agency": LAPPEENRANTA,
        "message_id": "C-1",
        "status": "queued",
        "handoff_id": None,
        "dead_letter_id": None,
        "errors": [],
    }
    assert len(hub.records(RAW)) == before + 4


def test_a_file_over_the_limit_is_queued_to_be_refused(hub: Scene) -> None:
    before = len(hub.records(RAW))
    ended = ingest(hub, "--from", LAPPEENRANTA, "-", stdin=b"x" * (9 * 1024 * 1024))
    assert ended.returncode == 0, ended.stderr
    (record,) = hub.records(RAW)[before:]
    assert json.loads(dict(record.headers)["problems"])[0][0] == "too-large"
    assert len(record.value) < topics.RECORD_BYTES_MAX


def test_a_given_time_is_the_records_time(hub: Scene) -> None:
    before = len(hub.records(RAW))
    ended = ingest(
        *(hub, "--from", LAPPEENRANTA, "--recorded-at", "2026-05-01T12:00:00+03:00", "-"),
        stdin=milestone("C-9"),
    )
    assert ended.returncode == 0, ended.stderr
    (record,) = hub.records(RAW)[before:]
    assert dict(record.headers)["recorded_at"] == b"1777626000000000"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kafka", "127.0.0.1:1"], "no broker at 127.0.0.1:1"),
        (["--database", "postgresql://hub:secret@127.0.0.1:1/x"], "the database x on 127.0.0.1:1"),
    ],
)
def test_what_is_unreachable_is_named_and_nothing_is_told(
    hub: Scene, words: list[str], said: str
) -> None:
    ended = ingest(hub, "--from", LAPPEENRANTA, *words, "-", stdin=milestone("U-1"))
    assert ended.returncode == 7
    assert ended.stdout == b""
    (line,) = ended.stderr.decode().splitlines()
    assert said in line
    assert "secret" not in line


def test_an_agency_that_is_none_is_named_with_the_nearest(hub: Scene) -> None:
    ended = ingest(hub, "--from", "kela.x", "-", stdin=milestone("U-2"))
    assert ended.returncode == 5
    assert b"did you mean kela?" in ended.stderr


def test_topics_that_are_missing_are_named_with_the_command_that_makes_them(hub: Scene) -> None:
    with pytest.raises(UnavailableError, match=r"no topic nowhere: run saattaen kafka create-top"):
        asyncio.run(partitions_of(hub.settings.kafka, [RAW, "nowhere"]))
    assert "nowhere" not in asyncio.run(topics_of(hub.settings.kafka))


async def topics_of(kafka: str) -> set[str]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    found = await producer.client.fetch_all_metadata()
    await producer.stop()
    return set(found.topics())


def test_a_sender_outside_the_region_is_refused(hub: Scene) -> None:
    async def receive() -> None:
        with hub.keys() as keys:
            receiving = Receiving(hub.parts, keys, PartitionWriter(hub.settings.kafka), {})
            async for _ in receiving.receive(AgencyId("nobody"), b"", patience_s=1):
                pass

    with pytest.raises(UnknownSenderError, match="nobody"):
        asyncio.run(receive())


def test_records_go_where_kafkas_own_clients_put_their_key(hub: Scene) -> None:
    before = len(hub.records(RAW))
    hub.queue(LAPPEENRANTA, messages("P", 40))
    records = hub.records(RAW)[before:]

    async def placed() -> list[int]:
        producer = AIOKafkaProducer(bootstrap_servers=hub.settings.kafka)
        await producer.start()
        try:
            sent = [
                await producer.send_and_wait(topics.raw(AgencyId("kela")), b"", key=record.key)
                for record in records
            ]
        finally:
            await producer.stop()
        return [each.partition for each in sent]

    assert asyncio.run(placed()) == [record.partition for record in records]
    assert len({record.partition for record in records}) > 1


def test_two_receive_steps_that_meet_a_new_person_seal_under_one_key(hub: Scene) -> None:
    before = len(hub.records(RAW))
    files = [
        b"\n".join([milestone(f"{mark}-{n}", HETUS[60 + n]) for n in range(30)]) for mark in "XY"
    ]
    together = Barrier(2)

    def receive(file: bytes) -> None:
        together.wait(30)
        hub.queue(LAPPEENRANTA, file)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(receive, files))
    records = hub.records(RAW)[before:]
    assert {dict(record.headers)["generation"] for record in records} == {b"1"}
    assert sorted(opened(hub, records)) == sorted(b"\n".join(files).split(b"\n"))


@pytest.mark.faults
def test_a_broker_that_dies_leaves_every_message_acknowledged_or_named(
    hub: Scene, own_broker: Broker
) -> None:
    before = len(hub.records(RAW))
    file, receipts = messages("B", 3_000), list[Receipt]()

    async def receive() -> None:
        receiving = asyncio.create_task(received(hub, file, patience_s=1.0, receipts=receipts))
        await come_about(lambda: receipts or receiving.done())
        own_broker.child.send(signal.SIGKILL)
        await receiving

    with pytest.raises(NotAllQueuedError, match="of 3000 messages were not queued: no") as failed:
        asyncio.run(receive())
    own_broker.child.wait()
    asyncio.run(own_broker.start())
    told = {receipt.message_id for receipt in receipts}
    named = {f"B-{place - 1:04}" for place in failed.value.places}
    assert told
    assert told.isdisjoint(named)
    assert len(told) + len(named) == 3_000
    there = {json.loads(raw)["tapahtumaTunnus"] for raw in opened(hub, hub.records(RAW)[before:])}
    assert told <= there


def test_a_database_that_goes_away_leaves_every_message_acknowledged_or_named(hub: Scene) -> None:
    receipts: list[Receipt] = []
    with pytest.raises(NotAllQueuedError, match=r"the message was not queued: the database"):
        asyncio.run(without_database(hub, receipts))
    assert receipts == []


async def without_database(hub: Scene, receipts: list[Receipt]) -> None:
    partitions = await partitions_of(hub.settings.kafka, [RAW])
    writer = PartitionWriter(hub.settings.kafka)
    with hub.keys() as keys:
        receiving = Receiving(hub.parts, keys, writer, partitions)
        stop_connections(hub.settings.database, allow=False)
        try:
            async for group in receiving.receive(
                LAPPEENRANTA, milestone("N-1", HETUS[110]), patience_s=0.5
            ):
                receipts += group
        finally:
            stop_connections(hub.settings.database, allow=True)
            await writer.close()


@pytest.mark.faults
@pytest.mark.parametrize("recorded_at", [None, RECORDED_AT])
def test_what_could_not_be_sent_in_time_is_stamped_anew_unless_its_time_was_given(
    hub: Scene, own_broker: Broker, recorded_at: Instant | None
) -> None:
    before = len(hub.records(RAW))

    async def receive() -> None:
        partitions = await partitions_of(hub.settings.kafka, [RAW])
        writer = PartitionWriter(hub.settings.kafka)
        await writer.reach(10)
        own_broker.child.send(signal.SIGSTOP)
        goes_on = asyncio.get_running_loop().call_later
        goes_on(2 * SETTLE_US / 1e6, own_broker.child.send, signal.SIGCONT)
        with hub.keys() as keys:
            receiving = Receiving(hub.parts, keys, writer, partitions)
            async for _ in receiving.receive(
                LAPPEENRANTA, milestone("Z-1"), recorded_at, patience_s=60
            ):
                pass
        await writer.close()

    asyncio.run(receive())
    copies = hub.records(RAW)[before:]
    assert len({dict(copy.headers)["traceparent"] for copy in copies}) == 1
    last = copies[-1]
    stamped_at = int(dict(last.headers)["recorded_at"])
    if recorded_at is None:
        assert 0 <= last.timestamp * 1000 - stamped_at + 1000 <= SETTLE_US
    else:
        assert {int(dict(copy.headers)["recorded_at"]) for copy in copies} == {RECORDED_AT}


def test_an_inbox_is_queued_and_gets_its_receipts(hub: Scene, tmp_path: Path) -> None:
    kafka, _, database, _, keys = hub.settings
    words = ["--kafka", kafka, "--database", database, "--keys", str(keys), "--data", tmp_path]
    before = len(hub.records(RAW))
    with started(tmp_path, "worker", "receive", *words) as worker:
        inbox = tmp_path / "inbox" / LAPPEENRANTA
        await_that(inbox.is_dir)
        (inbox / ".draft").write_bytes(messages("I", 3))
        (inbox / ".draft").rename(inbox / "today.ndjson")
        receipts = tmp_path / "receipts" / LAPPEENRANTA / "today.ndjson.ndjson"
        await_that(receipts.is_file)
        await_that(lambda: not (inbox / "today.ndjson").exists())
        assert worker.stop() == 0, worker.said()
    said = [json.loads(line) for line in receipts.read_text().splitlines()]
    assert [(each["message_id"], each["status"]) for each in said] == [
        ("I-0000", "queued"),
        ("I-0001", "queued"),
        ("I-0002", "queued"),
    ]
    assert len(hub.records(RAW)) == before + 3


@pytest.mark.faults
def test_an_inbox_waits_for_its_broker_and_keeps_the_file(
    hub: Scene, own_broker: Broker, tmp_path: Path
) -> None:
    kafka, _, database, _, keys = hub.settings
    words = ["--kafka", kafka, "--database", database, "--keys", str(keys), "--data", tmp_path]
    with started(tmp_path, "worker", "receive", *words) as worker:
        inbox = tmp_path / "inbox" / LAPPEENRANTA
        receipts = tmp_path / "receipts" / LAPPEENRANTA
        await_that(inbox.is_dir)
        (inbox / "first.ndjson").write_bytes(messages("J", 1))
        await_that((receipts / "first.ndjson.ndjson").is_file, 60)
        own_broker.child.send(signal.SIGSTOP)
        try:
            (inbox / "one.ndjson").write_bytes(messages("J", 1))
            await_that(lambda: "inbox_held" in worker.said(), 60)
            assert (inbox / "one.ndjson").exists()
        finally:
            own_broker.child.send(signal.SIGCONT)
        await_that((receipts / "one.ndjson.ndjson").is_file, 60)
        assert worker.stop() == 0, worker.said()
