"""Normalisers at work on a real broker: what goes in comes out, in order, and nothing is lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.partition_writer import Outgoing
from streams.domain.ids import AgencyId, Instant
from streams.normalise.normalising import BODY_BYTES_MAX
from streams.normalise.opening import open_dead_letter
from streams.normalise.receive import ReceiveStep
from streams.promises import topics
from streams.promises.engine import DeadLetter, ReceiptStatus
from streams.promises.receipt import Receipt
from tests.awaiting import await_that
from tests.cli.processes import Process
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.raw_scene import (
    HETUS,
    LAPPEENRANTA,
    WIRE,
    Said,
    Scene,
    in_order,
    milestone,
    repeats,
    stop_connections,
)

SENDERS = {
    "employment": LAPPEENRANTA,
    "kela": AgencyId("kela"),
    "sote": AgencyId("sote.south-karelia"),
    "typ": AgencyId("typ.south-karelia"),
}
RECORDED_AT = Instant(1_777_626_000_000_000)
RAW = topics.raw(LAPPEENRANTA)


@pytest.fixture(scope="module")
def hub(clean_scene: Scene) -> Scene:
    return clean_scene


@pytest.fixture(scope="module")
def worker(hub: Scene) -> Iterator[Process]:
    """A normaliser that all tests of this module share; none may end it."""
    with hub.worker(number=9) as running:
        yield running
        assert running.process.poll() is None, running.said()


def come(hub: Scene, prefix: str, messages: int) -> list[Said]:
    """Wait for the events of messages whose id begins so."""
    await_that(lambda: len({id_of(each) for each in hub.events_of(prefix)}) >= messages, 60)
    return hub.events_of(prefix)


def id_of(said: Said) -> str:
    found: str = said.value.envelope.source_ref.message_id
    return found


def letters(hub: Scene) -> list[DeadLetter]:
    return [each.value for each in hub.read(topics.DEAD_LETTERS)]


def samples(sector: str) -> list[Path]:
    places = (WIRE / sector, WIRE / sector / "invalid", WIRE / "statements" / sector)
    return [
        path
        for place in places
        for path in sorted(place.iterdir())
        if path.is_file() and path.name != "expected.json"
    ]


@pytest.mark.parametrize("sector", SENDERS)
def test_all_samples_become_what_an_embedded_hub_makes_of_them(
    hub: Scene, worker: Process, sector: str
) -> None:
    agency = SENDERS[sector]
    files = [path.read_bytes() for path in samples(sector)]
    receipts = hub.queue(agency, *files, recorded_at=RECORDED_AT)
    with hub.keys() as keys:
        parts = hub.parts
        step = ReceiveStep(
            connector_of(sector), parts.agreements, keys, parts.pseudonyms, parts.sealer
        )
        received = [each for file in files for each in step.receive(file, agency, RECORDED_AT)]
        keys.commit()
    assert [receipt.message_id for receipt in receipts] == [each.message_id for each in received]
    expected = [each.taken for each in received]

    def made() -> list[object]:
        said = hub.read(topics.EVENTS, topics.DEAD_LETTERS)
        return [each.value for each in said]

    def missing() -> list[object]:
        found = made()
        return [taken for taken in expected if taken not in found]

    await_that(lambda: not missing(), 60)
    assert worker.process.poll() is None


def test_a_receipt_says_queued_and_no_more(hub: Scene) -> None:
    (receipt,) = hub.queue(LAPPEENRANTA, milestone("ZZ-R-1"))
    assert receipt == Receipt(None, LAPPEENRANTA, "ZZ-R-1", ReceiptStatus.QUEUED, None, None, ())


def test_a_persons_events_keep_their_order_and_lane(hub: Scene, worker: Process) -> None:
    ids = [f"ZZ-O-{number:03}" for number in range(200)]
    persons = [HETUS[number % 7] for number in range(200)]
    lines = b"\n".join(map(milestone, ids, persons))
    hub.queue(LAPPEENRANTA, lines)
    found = come(hub, "ZZ-O-", 200)
    lanes = in_order(found)
    assert len(lanes) == 7
    assert sorted(lanes.values()) == sorted(
        [ids[place] for place in range(200) if persons[place] == hetu] for hetu in HETUS[:7]
    )
    raw = {(record.partition, record.key) for record in hub.records(RAW)}
    assert {(each.partition, each.key) for each in found} <= raw
    assert worker.process.poll() is None


def test_the_trace_of_a_raw_record_goes_on_with_its_event(hub: Scene, worker: Process) -> None:
    hub.queue(LAPPEENRANTA, milestone("ZZ-T-1"))
    (said,) = come(hub, "ZZ-T-", 1)
    raw = {dict(record.headers).get("traceparent") for record in hub.records(RAW)}
    assert said.headers["traceparent"] in raw
    assert said.headers["ce_id"].decode() == said.value.envelope.event_id
    assert worker.process.poll() is None


def poisoned(record: Outgoing) -> dict[str, tuple[Outgoing, str, str]]:
    """Spoil a good record in every way that a topic takes; with the code and the pointer."""
    headers, value = dict(record.headers), record.value or b""

    def having(**changed: bytes) -> Outgoing:
        return record._replace(headers=tuple((headers | changed).items()))

    def without(name: str) -> Outgoing:
        return record._replace(headers=tuple((k, v) for k, v in headers.items() if k != name))

    return {
        "no agency": (without("agency"), "missing-field", "/headers/agency"),
        "an agency that is none": (having(agency=b"nobody"), "bad-value", "/headers/agency"),
        "another agency": (having(agency=b"kela"), "bad-value", "/headers/agency"),
        "a null key": (record._replace(key=None), "missing-field", "/key"),
        "another person": (record._replace(key=b"p-" + b"0" * 26), "bad-value", "/key"),
        "no time": (without("recorded_at"), "missing-field", "/headers/recorded_at"),
        "a wrong time": (having(recorded_at=b"now"), "bad-time", "/headers/recorded_at"),
        "truncated": (record._replace(value=value[:-3]), "seal-broken", "/value"),
        "altered": (record._replace(value=value[::-1]), "seal-broken", "/value"),
        "bytes after its end": (
            record._replace(value=value + b"x"),
            "seal-broken",
            "/value",
        ),
        "empty": (record._replace(value=b""), "missing-field", "/value"),
        "a null value": (record._replace(value=None), "missing-field", "/value"),
        "nothing at all": (record._replace(headers=()), "missing-field", "/headers/agency"),
        "a generation that never was": (having(generation=b"77"), "key-destroyed", "/value"),
    }


@pytest.mark.parametrize("kind", poisoned(Outgoing("", 0, b"", b"12345", ())))
def test_a_poison_record_is_kept_with_its_reason_and_stops_nobody(
    hub: Scene, worker: Process, kind: str
) -> None:
    mark = "ZZ-P-" + kind.replace(" ", "-")
    hub.queue(LAPPEENRANTA, milestone(f"{mark}-before"))
    (said,) = come(hub, f"{mark}-before", 1)
    record = raw_of(hub, said)
    spoilt, code, pointer = poisoned(record)[kind]
    before = len(letters(hub))
    hub.write(spoilt)
    hub.queue(LAPPEENRANTA, milestone(f"{mark}-after"))
    come(hub, mark, 2)
    await_that(lambda: len(letters(hub)) > before, 60)
    letter = letters_after(hub, before)
    assert (code, pointer) in [(error.code, error.pointer) for error in letter.errors]
    with hub.keys() as keys:
        body = open_dead_letter(letter, keys, hub.parts.sealer)
    assert code == "key-destroyed" or body is not None
    assert worker.process.poll() is None


def letters_after(hub: Scene, before: int) -> DeadLetter:
    """Give the newest dead letter of this module's only writer of some."""
    found = sorted(hub.read(topics.DEAD_LETTERS), key=lambda said: said.appended_at)
    assert len(found) > before
    newest: DeadLetter = found[-1].value
    return newest


def test_a_record_of_nine_megabytes_is_kept_where_it_lies(hub: Scene, worker: Process) -> None:
    raw = b"{" + b"x" * (8 * 1024 * 1024)
    assert len(raw) > BODY_BYTES_MAX
    hub.queue(LAPPEENRANTA, raw)
    hub.queue(LAPPEENRANTA, milestone("ZZ-L-after"))
    come(hub, "ZZ-L-after", 1)
    await_that(lambda: any(each.body_kind.startswith("at:") for each in letters(hub)), 60)
    (letter,) = [each for each in letters(hub) if each.body_kind.startswith("at:")]
    topic, partition, offset = letter.body_kind.removeprefix("at:").split("/")
    (record,) = [
        each
        for each in hub.records(topic)
        if (each.partition, each.offset) == (int(partition), int(offset))
    ]
    with hub.keys() as keys:
        generation = int(dict(record.headers)["generation"])
        whole = letter._replace(sealed_body=record.value, generation=generation)
        assert open_dead_letter(whole, keys, hub.parts.sealer) == raw
    assert worker.process.poll() is None


def test_what_a_transaction_took_back_is_never_read(hub: Scene, worker: Process) -> None:
    before = len(letters(hub))
    asyncio.run(abort(hub.settings.kafka))
    # One in each partition: what was taken back stands between records of all of them.
    after = [milestone(f"ZZ-A-after-{place}", HETUS[place]) for place in range(30)]
    hub.queue(LAPPEENRANTA, b"\n".join(after))
    come(hub, "ZZ-A-after", 30)
    assert len(letters(hub)) == before
    assert worker.process.poll() is None


async def abort(kafka: str) -> None:
    """Write a bad record in a transaction, and give it up."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="taken back")
    await producer.start()
    await producer.begin_transaction()
    for partition in range(PARTITIONS):
        await producer.send_and_wait(RAW, b"poison", key=b"poison", partition=partition)
    await producer.abort_transaction()
    await producer.stop()


def test_while_the_database_is_away_records_wait_and_none_is_a_dead_letter(
    hub: Scene, worker: Process
) -> None:
    hub.queue(LAPPEENRANTA, milestone("ZZ-D-1"))
    (said,) = come(hub, "ZZ-D-1", 1)
    before, waits = len(letters(hub)), worker.said().count("stage_waits")
    goes_on = worker.said().count("stage_goes_on")
    stop_connections(hub.settings.database, allow=False)
    try:
        hub.write(raw_of(hub, said))
        await_that(lambda: worker.said().count("stage_waits") > waits, 60)
        assert len(hub.events_of("ZZ-D-1")) == 1
    finally:
        stop_connections(hub.settings.database, allow=True)
    await_that(lambda: repeats(hub.events_of("ZZ-D-1")) == 1, 60)
    assert worker.said().count("stage_goes_on") > goes_on
    assert len(letters(hub)) == before


def raw_of(hub: Scene, said: Said) -> Outgoing:
    """Find the raw record of an event, to be written again."""
    trace = ("traceparent", said.headers["traceparent"])
    (record,) = [each for each in hub.records(RAW) if trace in each.headers]
    return Outgoing(RAW, record.partition, record.key, record.value, tuple(record.headers))


def test_now_is_when_records_are_stamped(hub: Scene) -> None:
    began = wall_clock()
    hub.queue(LAPPEENRANTA, milestone("ZZ-S-1"))
    record = max(hub.records(RAW), key=lambda r: r.timestamp)
    assert began <= int(dict(record.headers)["recorded_at"]) <= wall_clock()


def test_repeated_messages_are_counted_by_their_readers(hub: Scene, worker: Process) -> None:
    hub.queue(LAPPEENRANTA, milestone("ZZ-W-1"), milestone("ZZ-W-1"))
    await_that(lambda: repeats(hub.events_of("ZZ-W-1")) == 1, 60)
    first, again = hub.events_of("ZZ-W-1")
    assert first.value.envelope.event_id == again.value.envelope.event_id
    assert worker.process.poll() is None
