"""`saattaen ledger` and `dead-letters` read a Kafka hub's topics: what is committed, in order."""

import asyncio
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.contracts.dead_letter import encode_dead_letter
from streams.contracts.registry import Registry, frame_payload
from streams.domain.entry import Problem
from streams.domain.ids import AgencyId, DeadLetterId, Instant, PersonId
from streams.engines.kafka.resolved import Resolved, resolved_headers
from streams.engines.memory import MemoryEngine
from streams.promises import topics
from streams.promises.engine import DeadLetter
from tests.awaiting import await_that
from tests.cli.command import Ended, run
from tests.cli.processes import started
from tests.kafka.ledger_writer import LedgerWriter, Written, ledger_writer, persons, referred

pytestmark = pytest.mark.usefixtures("clean_topics")
PERSONS = persons(12)


class Hub:
    """A ledger with some persons in it, one record that is no entry, and one undone transaction."""

    def __init__(self, broker: str, registry_url: str) -> None:
        self.places = ["--kafka", broker, "--registry", registry_url]
        self.broker = broker
        self.registry_url = registry_url
        self.engine: MemoryEngine = referred(PERSONS)

    async def fill(self) -> None:
        async with ledger_writer(self.broker, self.registry_url) as writer:
            await writer.write_engine(self.engine)
            await writer.write([Written(b"p-nobody", b"no frame")], partition=0)
            await writer.write(undone(writer), keeps=False)

    def run(self, *words: object) -> Ended:
        return run(*words, *self.places)

    def lines(self, *words: object) -> list[dict[str, Any]]:
        ended = self.run("ledger", *words)
        assert ended.code == 0, ended.talk + ended.data
        return ended.lines()


def undone(writer: LedgerWriter) -> list[Written]:
    taken_back = referred(persons(1, first=900))
    return [
        writer.framed(s.entry.person, data)
        for s, data in zip(taken_back.ledger(), taken_back.entry_bytes(), strict=True)
    ]


@pytest.fixture(scope="module")
def hub(broker: str, registry_url: str, clean_topics: object) -> Iterator[Hub]:
    made = Hub(broker, registry_url)
    asyncio.run(made.fill())
    yield made
    made.engine.close()


def test_every_committed_entry_is_told_once_and_a_persons_in_their_order(hub: Hub) -> None:
    lines = hub.lines()

    assert sorted(line["entry_id"] for line in lines) == sorted(
        stored.entry.entry_id for stored in hub.engine.ledger()
    )
    by_person = sorted(lines, key=lambda line: line["person"])
    for _, told in groupby(by_person, key=lambda line: line["person"]):
        sequence = [line["sequence"] for line in told]
        assert sequence == [*range(1, len(sequence) + 1)]


def test_entries_of_all_partitions_are_merged_by_when_they_were_recorded(hub: Hub) -> None:
    lines = hub.lines()

    first = [line for line in lines if line["person"] in PERSONS]
    recorded = [line["event"]["recorded_at"] for line in first]
    assert recorded == sorted(recorded)
    assert len({line["person"] for line in first[: len(PERSONS)]}) == len(PERSONS)
    assert hub.lines() == lines


def test_a_digest_is_the_same_on_every_engine(hub: Hub) -> None:
    wanted = {s.entry.entry_id: s.entry_digest.hex() for s in hub.engine.ledger()}

    assert {line["entry_id"]: line["entry_digest"] for line in hub.lines()} == wanted


def test_a_record_that_is_no_entry_is_told_of_and_left_out(hub: Hub) -> None:
    ended = hub.run("ledger")

    assert ended.code == 0
    assert "of partition 0 is no entry: bad-frame" in ended.talk


@pytest.mark.parametrize("place", [0, 7, 20, -1])
def test_a_position_resumes_where_its_line_ended(hub: Hub, place: int) -> None:
    lines = hub.lines()
    after = lines[place]["position"]

    rest = hub.lines("--since", after)

    assert rest == (lines[place + 1 :] if place >= 0 else [])


def test_one_persons_entries_are_read_alone_and_resumed(hub: Hub) -> None:
    person = PERSONS[3]
    wanted = [s.entry.entry_id for s in hub.engine.ledger(person=person)]

    lines = hub.lines("--person", person)

    assert [line["entry_id"] for line in lines] == wanted
    rest = hub.lines("--person", person, "--since", lines[0]["position"])
    assert [line["entry_id"] for line in rest] == wanted[1:]


@pytest.mark.parametrize(
    "position", ["1200", "1.2.3", "first", "1.2.3.-4", "0.0.0.99999", "9" * 40]
)
def test_a_position_of_another_hub_is_refused(hub: Hub, position: str) -> None:
    refused = hub.run("ledger", "--since", position)

    assert refused.code == 2
    assert "is no position that this hub's ledger names" in refused.talk


def test_what_comes_is_followed(hub: Hub, tmp_path: Path) -> None:
    known = len(hub.engine.entry_bytes())

    async def write() -> None:
        async with ledger_writer(hub.broker, hub.registry_url) as writer:
            await writer.write_engine(hub.engine, after=known)

    with started(tmp_path, "ledger", "--follow", *hub.places) as following:
        await_that(lambda: len(entries(following.said())) >= known)
        referred(persons(3, first=500), hub.engine)
        asyncio.run(write())
        wanted = {stored.entry.entry_id for stored in hub.engine.ledger()}
        await_that(lambda: {line["entry_id"] for line in entries(following.said())} >= wanted)
        lines = entries(following.said())

    assert len(lines) == len(wanted)
    assert hub.lines("--since", lines[-1]["position"]) == []


def entries(said: str) -> list[dict[str, Any]]:
    whole = said.rpartition("\n")[0].splitlines()
    return [json.loads(line) for line in whole if line.startswith("{")]


def test_a_broker_that_is_away_is_a_clear_word(
    registry_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.engines.kafka import topic_reader

    monkeypatch.setattr(topic_reader, "ANSWER_S_MAX", 2.0)
    ended = run("ledger", "--kafka", "127.0.0.1:1", "--registry", registry_url)

    assert ended.code == 7
    assert "no broker at 127.0.0.1:1 answers" in ended.talk


def letter(number: int, at: int, person: PersonId | None = None) -> DeadLetter:
    return DeadLetter(
        DeadLetterId(f"d-{number:026}"),
        AgencyId("kela"),
        f"m-{number}",
        person,
        None,
        (Problem("malformed", "/viesti", "not well-formed", None),),
        Instant(at),
        "raw",
        1,
        b"sealed" * number,
    )


@pytest.fixture(scope="module")
def buried(hub: Hub) -> Hub:
    letters = [letter(3, 300), letter(1, 100, PERSONS[0]), letter(2, 200), letter(4, 50)]

    async def bury() -> None:
        registry = Registry(hub.registry_url)
        await registry.load()
        producer = AIOKafkaProducer(bootstrap_servers=hub.broker)
        await producer.start()
        written: dict[str, Any] = {}
        for each in [*letters, letters[0]]:
            value = frame_payload(
                registry, "DeadLetter", encode_dead_letter(each._replace(sealed_body=b""))
            )
            headers = [
                (topics.CE_ID, each.dead_letter_id.encode()),
                (topics.SEALED_BODY, each.sealed_body),
            ]
            key = (each.person or each.dead_letter_id).encode()
            written[each.dead_letter_id] = await producer.send_and_wait(
                topics.DEAD_LETTERS, value, key=key, headers=headers
            )
        resolved = letters[3].dead_letter_id
        where = written[resolved]
        await producer.send_and_wait(
            topics.DEAD_LETTERS,
            None,
            key=resolved.encode(),
            partition=where.partition,
            headers=list(resolved_headers(Resolved(resolved, where.offset))),
        )
        await producer.send_and_wait(topics.DEAD_LETTERS, b"\x00\x01", key=b"k")
        await producer.stop()
        await registry.close()

    asyncio.run(bury())
    return hub


def test_dead_letters_that_wait_are_listed_the_oldest_first(buried: Hub) -> None:
    ended = buried.run("dead-letters", "list", "--json")

    assert ended.code == 0
    assert [each["dead_letter_id"] for each in ended.document()] == [
        letter(number, 0).dead_letter_id for number in (1, 2, 3)
    ]
    assert "is no dead letter: bad-frame" in ended.talk


def test_a_dead_letter_is_shown_with_what_is_wrong_and_how_large_it_is(buried: Hub) -> None:
    wanted = letter(1, 100, PERSONS[0])

    ended = buried.run("dead-letters", "show", wanted.dead_letter_id, "--json")

    assert ended.code == 0
    shown = ended.document()
    assert (shown["person"], shown["sealed_bytes"]) == (PERSONS[0], len(wanted.sealed_body))
    assert [each["code"] for each in shown["errors"]] == ["malformed"]


def test_one_that_was_dealt_with_is_not_found(buried: Hub) -> None:
    assert buried.run("dead-letters", "show", letter(4, 0).dead_letter_id).code == 3
