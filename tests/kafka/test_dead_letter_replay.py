"""`dead-letters replay --kafka`: what a dead letter holds goes in again, then it is over."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.bootstrap.dead_letter_replay_kafka import KafkaReplay
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_topics import kafka_admin
from streams.bootstrap.partition_writer import (
    Outgoing,
    PartitionWriter,
    UnwrittenError,
    partition_of,
)
from streams.contracts.event import encode_event
from streams.contracts.registry import Registry
from streams.domain.ids import AgencyId, ClockId, DeadLetterId, Instant, PersonId, derive
from streams.domain.path import MilestoneReached
from streams.engines.kafka.dead_letter_reader import read_dead_letters
from streams.engines.kafka.frames import Poison
from streams.engines.kafka.poison import poison_letter
from streams.engines.lane import clock_event, dead_letter_of
from streams.engines.memory import MemoryEngine
from streams.normalise.opening import open_dead_letter
from streams.promises import topics
from streams.promises.engine import DeadLetter, ReceiptStatus
from tests.cli.command import run
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.letter_scene import RAW, LetterScene
from tests.kafka.raw_scene import HETUS, Scene, milestone

KELA = AgencyId("kela")
WRONG = b'{"tapahtumaTunnus": "ZZ-broken"'


@pytest.fixture(scope="module")
def hub(clean_scene: Scene) -> LetterScene:
    return LetterScene(clean_scene)


def test_a_message_is_received_again_as_its_agency_sent_it(hub: LetterScene) -> None:
    letter = hub.buried(hub.queued(milestone("ZZ-1", HETUS[1])), agency=b"kela")
    assert letter.body_kind == "raw"
    before = hub.places(RAW)

    ended = hub.run("replay", letter.dead_letter_id)

    (receipt,) = ended.lines()
    assert (ended.code, receipt["status"], receipt["message_id"]) == (0, "queued", "ZZ-1")
    assert (receipt["event_id"], receipt["errors"]) == (None, [])
    assert isinstance(hub.normalised(hub.new(RAW, before)), MilestoneReached)
    assert letter.dead_letter_id not in hub.waiting()


def test_one_that_was_dealt_with_waits_no_more_and_is_not_written_again(hub: LetterScene) -> None:
    letter = hub.buried(hub.queued(milestone("ZZ-2", HETUS[2])), agency=b"kela")
    hub.run("replay", letter.dead_letter_id)
    before = hub.written()

    again = hub.run("replay", letter.dead_letter_id)

    assert (again.code, again.data) == (3, "")
    assert f"no dead letter {letter.dead_letter_id} waits" in again.talk
    assert hub.written() == before


def test_a_message_that_is_still_wrong_waits_again(hub: LetterScene) -> None:
    letter = hub.normalised(hub.queued(WRONG))
    assert isinstance(letter, DeadLetter)
    before = hub.places(RAW)

    (receipt,) = hub.run("replay", letter.dead_letter_id).lines()
    written = hub.new(RAW, before)

    assert receipt["status"] == "queued"
    assert letter.dead_letter_id not in hub.waiting()
    again = hub.normalised(written)
    assert isinstance(again, DeadLetter)
    assert again.dead_letter_id == letter.dead_letter_id
    assert letter.dead_letter_id in hub.waiting()
    with hub.scene.keys() as keys:
        assert open_dead_letter(again, keys, hub.scene.parts.sealer) == WRONG


def test_a_message_of_somebody_erased_stays(hub: LetterScene) -> None:
    letter = hub.buried(hub.queued(milestone("ZZ-3", HETUS[3])), agency=b"kela")
    with hub.scene.keys() as keys:
        keys.destroy(PersonId(letter.person or ""), wall_clock())
    before = hub.written()

    ended = hub.run("replay", letter.dead_letter_id)

    assert (ended.code, ended.data) == (4, "")
    assert "its key was destroyed" in ended.talk
    assert hub.written() == before
    assert letter.dead_letter_id in hub.waiting()


def test_a_message_of_an_agency_that_left_is_refused(hub: LetterScene) -> None:
    letter = hub.buried(hub.queued(milestone("ZZ-4", HETUS[4])), agency=b"kela")
    left = letter._replace(
        dead_letter_id=DeadLetterId(derive("d", "left")),
        agency=AgencyId("employment.left"),
    )
    hub.bury(left)

    ended = hub.run("replay", left.dead_letter_id)

    assert (ended.code, "employment.left" in ended.talk) == (5, True)
    assert left.dead_letter_id in hub.waiting()


def test_an_event_is_a_new_attempt_under_an_id_of_its_own(hub: LetterScene) -> None:
    event = hub.said(milestone("ZZ-5", HETUS[5]))
    letter = dead_letter_of(event, "id-reused", event.envelope.recorded_at)
    hub.bury(letter)
    before = hub.places(topics.EVENTS)

    ended = hub.run("replay", letter.dead_letter_id)

    record = hub.new(topics.EVENTS, before)
    attempt = hub.event(record)
    (receipt,) = ended.lines()
    assert (ended.code, receipt["status"]) == (0, "queued")
    assert receipt["event_id"] == attempt.envelope.event_id != event.envelope.event_id
    assert attempt.envelope.recorded_at > event.envelope.recorded_at
    assert attempt._replace(envelope=event.envelope) == event
    assert record.key.decode() == event.envelope.person
    assert record.partition == partition_of(record.key, PARTITIONS)
    assert letter.dead_letter_id not in hub.waiting()


def test_a_replay_that_ended_between_its_two_writes_brings_a_repeat_and_no_more(
    hub: LetterScene,
) -> None:
    event = hub.said(milestone("ZZ-6", HETUS[6]))
    letter = dead_letter_of(event, "id-reused", event.envelope.recorded_at)
    hub.bury(letter)
    places = hub.places(topics.EVENTS)

    wordless = Failing(hub.scene.settings.kafka, topics.DEAD_LETTERS, times=1)
    with pytest.raises(UnwrittenError):
        asyncio.run(replay_with(hub, letter, wordless, patience_s=0.0))
    first = hub.event(hub.new(topics.EVENTS, places))
    assert letter.dead_letter_id in hub.waiting()
    places = hub.places(topics.EVENTS)
    assert hub.run("replay", letter.dead_letter_id).code == 0

    second = hub.event(hub.new(topics.EVENTS, places))
    engine = MemoryEngine(hub.scene.parts.agreements)
    outcomes = engine.submit([first, second])
    assert [each.status for each in outcomes] == [ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE]
    assert letter.dead_letter_id not in hub.waiting()
    engine.close()


class Failing(PartitionWriter):
    """Fails to write to one topic, so many times."""

    def __init__(self, kafka: str, topic: str, times: int) -> None:
        super().__init__(kafka)
        self._topic, self._left = topic, times
        self.refused: list[Outgoing] = []

    async def write(self, records: Sequence[Outgoing], within_s: float) -> None:
        if records[0].topic == self._topic and self._left:
            self._left -= 1
            self.refused += records
            raise UnwrittenError("nobody", "a test", frozenset())
        await super().write(records, within_s)


async def replay_with(
    hub: LetterScene, letter: DeadLetter, writer: PartitionWriter, patience_s: float
) -> None:
    settings = hub.scene.settings
    async with Registry(settings.registry) as registry:
        found = await read_dead_letters(settings.kafka, registry)
        try:
            with hub.scene.keys() as keys:
                replay = KafkaReplay(hub.scene.parts, keys, writer, registry, patience_s=patience_s)
                async for _ in replay.replay(found.standing[letter.dead_letter_id]):
                    pass
        finally:
            await writer.close()


def test_an_event_that_could_not_be_written_is_stamped_anew(hub: LetterScene) -> None:
    event = hub.said(milestone("ZZ-16", HETUS[16]))
    letter = dead_letter_of(event, "id-reused", event.envelope.recorded_at)
    hub.bury(letter)
    before = hub.places(topics.EVENTS)
    writer = Failing(hub.scene.settings.kafka, topics.EVENTS, times=1)

    asyncio.run(replay_with(hub, letter, writer, patience_s=30.0))

    written = hub.new(topics.EVENTS, before)
    (refused,) = writer.refused
    first = hub.event(replace(written, value=refused.value)).envelope
    second = hub.event(written).envelope
    assert (second.event_id, second.recorded_at > first.recorded_at) == (first.event_id, True)
    assert letter.dead_letter_id not in hub.waiting()


def test_an_event_of_the_hubs_own_is_refused(hub: LetterScene) -> None:
    person = hub.said(milestone("ZZ-7", HETUS[7])).envelope.person
    clock = clock_event(
        person, Instant(1), ClockId("c-00000000000000000000000000"), "breach", Instant(1)
    )
    letter = dead_letter_of(clock, "too-large", Instant(1))
    hub.bury(letter)
    before = hub.written()

    ended = hub.run("replay", letter.dead_letter_id)

    assert (ended.code, ended.data) == (4, "")
    assert "the hub's own event" in ended.talk
    assert hub.written() == before


def test_a_raw_record_that_did_not_open_is_written_again_as_it_is(hub: LetterScene) -> None:
    queued = hub.queued(milestone("ZZ-8", HETUS[8]))
    record = replace(queued, value=queued.value[:-3])
    letter = hub.buried(record)
    topic, partition, offset = letter.body_kind.removeprefix("record:").split("/")
    assert (topic, partition) == (RAW, str(record.partition))
    before = hub.places(RAW)

    (receipt,) = hub.run("replay", letter.dead_letter_id).lines()

    again = hub.new(RAW, before)
    assert receipt["status"] == "queued"
    assert again.offset > int(offset)
    assert as_it_is(again) == as_it_is(record)
    assert letter.dead_letter_id not in hub.waiting()


def as_it_is(record: Any) -> tuple[object, ...]:  # noqa: ANN401  # the library has no types
    return record.partition, record.key, record.value, tuple(record.headers)


def test_a_record_too_large_for_a_dead_letter_is_written_again_from_its_place(
    hub: LetterScene,
) -> None:
    record = hub.queued(b"{" + b"x" * 1_200_000)
    letter = hub.normalised(record)
    assert isinstance(letter, DeadLetter)
    assert letter.body_kind == f"at:{RAW}/{record.partition}/{record.offset}"
    before = hub.places(RAW)

    (receipt,) = hub.run("replay", letter.dead_letter_id).lines()

    assert receipt["status"] == "queued"
    assert as_it_is(hub.new(RAW, before)) == as_it_is(record)
    assert letter.dead_letter_id not in hub.waiting()


def test_a_record_that_the_router_could_not_read_is_written_again_as_it_is(
    hub: LetterScene,
) -> None:
    event = hub.said(milestone("ZZ-9", HETUS[9]))
    value = b"\0" + (70_000).to_bytes(4, "big") + encode_event(event)
    places = hub.places(topics.EVENTS)
    headers = ((topics.CE_ID, b"e-1"), (topics.TRACEPARENT, b"t"))
    hub.scene.write(Outgoing(topics.EVENTS, 2, None, value, headers))
    record = hub.new(topics.EVENTS, places)
    letter = poison_letter(record, Poison("unknown-schema", "register it"), wall_clock())
    hub.bury(letter)
    places = hub.places(topics.EVENTS)

    (receipt,) = hub.run("replay", letter.dead_letter_id).lines()

    assert (receipt["status"], receipt["agency"]) == ("queued", "hub")
    assert as_it_is(hub.new(topics.EVENTS, places)) == (2, None, value, headers)
    assert letter.dead_letter_id not in hub.waiting()


def test_a_record_that_left_its_topic_is_told_of_and_its_letter_stays(hub: LetterScene) -> None:
    record = hub.queued(b"<x" * 600_000, KELA)
    letter = hub.normalised(record)
    assert isinstance(letter, DeadLetter)
    asyncio.run(expire(hub, record))
    before = hub.written()

    ended = hub.run("replay", letter.dead_letter_id)

    assert (ended.code, ended.data) == (4, "")
    assert letter.body_kind.removeprefix("at:") + " does not have it any more" in ended.talk
    assert hub.written() == before
    assert letter.dead_letter_id in hub.waiting()


async def expire(hub: LetterScene, record: Any) -> None:  # noqa: ANN401  # the library has no types
    """Take a record from its topic, as its retention does."""
    place = TopicPartition(record.topic, record.partition)
    async with kafka_admin(hub.scene.settings.kafka) as admin:
        await admin.delete_records({place: RecordsToDelete(before_offset=record.offset + 1)})


@pytest.mark.parametrize("place", ["at:saattaen.events/0/999999", "at:saattaen.events/99/0", "at"])
def test_a_place_that_never_was_is_told_of(hub: LetterScene, place: str) -> None:
    event = hub.said(milestone("ZZ-10", HETUS[10]))
    made = dead_letter_of(event, "id-reused", event.envelope.recorded_at)
    letter = made._replace(dead_letter_id=DeadLetterId(derive("d", place)), body_kind=place)
    hub.bury(letter)

    ended = hub.run("replay", letter.dead_letter_id)

    assert (ended.code, ended.data) == (4, "")
    assert "its record is gone" in ended.talk
    assert letter.dead_letter_id in hub.waiting()


def test_a_dry_run_tells_of_each_kind_and_writes_nothing(hub: LetterScene) -> None:
    good = hub.buried(hub.queued(milestone("ZZ-11", HETUS[11])), agency=b"kela")
    wrong = hub.normalised(hub.queued(b"[" + WRONG))
    assert isinstance(wrong, DeadLetter)
    event = hub.said(milestone("ZZ-12", HETUS[12]))
    dead = dead_letter_of(event, "id-reused", event.envelope.recorded_at)
    hub.bury(dead)
    large = hub.normalised(hub.queued(b"{" + b"y" * 1_200_000))
    assert isinstance(large, DeadLetter)
    letters = (good, wrong, dead, large)
    ids = [each.dead_letter_id for each in letters]
    before = hub.written()

    ended = hub.run("replay", *ids, "--dry-run")

    assert ended.code == 0
    lines = ended.lines()
    assert [each["status"] for each in lines] == ["queued", "dead-letter", "queued", "queued"]
    assert [each["code"] for each in lines[1]["errors"]] == [each.code for each in wrong.errors]
    assert lines[1]["dead_letter_id"] == wrong.dead_letter_id
    assert ended.talk.endswith("nothing was kept; what the router decides is not known\n")
    assert hub.written() == before
    assert set(ids) <= hub.waiting()


def test_one_that_nobody_has_keeps_the_others_from_being_replayed(hub: LetterScene) -> None:
    letter = hub.buried(hub.queued(milestone("ZZ-13", HETUS[13])), agency=b"kela")
    before = hub.written()

    ended = hub.run("replay", letter.dead_letter_id, "d-nobody", "--json")

    assert ended.code == 3
    assert ended.document()["status"] == 404
    assert hub.written() == before


def test_a_letter_of_two_partitions_is_dealt_with_in_both(hub: LetterScene) -> None:
    record = hub.queued(milestone("ZZ-14", HETUS[14]))
    letter = hub.buried(record, agency=b"kela")
    other = replace(record, partition=(record.partition + 1) % PARTITIONS)
    assert hub.buried(other, agency=b"kela").dead_letter_id == letter.dead_letter_id

    assert hub.run("replay", letter.dead_letter_id).code == 0

    assert letter.dead_letter_id not in hub.waiting()


def test_secrets_that_are_not_there_are_not_made(hub: LetterScene, tmp_path: Path) -> None:
    letter = hub.buried(hub.queued(milestone("ZZ-15", HETUS[15])), agency=b"kela")
    missing = tmp_path / "hub.key"

    ended = run(
        *("dead-letters", "replay", letter.dead_letter_id),
        *(*hub.scene.options[:6], "--keys", missing),
    )

    assert (ended.code, missing.exists()) == (5, False)
    assert "put it back from its backup" in ended.talk
