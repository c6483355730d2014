"""Which dead letters wait: those behind the word that they are dealt with do."""

from aiokafka.structs import ConsumerRecord

from streams.contracts.dead_letter import encode_dead_letter
from streams.domain.ids import AgencyId, DeadLetterId, Instant
from streams.engines.kafka.dead_letter_reader import Lane, LettersSoFar, Standing
from streams.engines.kafka.framed_values import FramedValues
from streams.engines.kafka.resolved import Resolved, resolved_headers
from streams.promises.engine import DeadLetter
from streams.promises.letter_body import RAW
from streams.promises.topics import CE_ID, RESOLVED
from tests.engines.kafka.fixed_schemas import FixedSchemas
from tests.engines.kafka.lanes_engine import record

SCHEMAS = FixedSchemas()
KEY = b"p-00000000000000000000000001"
LETTER = DeadLetter(
    DeadLetterId("d-00000000000000000000000001"),
    AgencyId("kela"),
    "m-1",
    None,
    None,
    (),
    Instant(100),
    RAW,
    1,
    b"sealed",
)
LATER = LETTER._replace(recorded_at=Instant(200), generation=2)


def said(offset: int, letter: DeadLetter = LETTER, partition: int = 0) -> ConsumerRecord:
    head = b"\0" + SCHEMAS.id_of("DeadLetter").to_bytes(4, "big")
    made = record(KEY, head + encode_dead_letter(letter), offset)
    made.partition = partition
    return made


def dealt_with(offset: int, until: int, partition: int = 0) -> ConsumerRecord:
    headers = resolved_headers(Resolved(LETTER.dead_letter_id, until))
    made = record(KEY, None, offset, headers)
    made.partition = partition
    return made


def reading(*records: ConsumerRecord) -> LettersSoFar:
    found = LettersSoFar(FramedValues(SCHEMAS, "DeadLetter"))
    for each in records:
        found.take(each)
    return found


def test_repeats_fold_and_the_last_is_the_one_to_be_taken_in() -> None:
    found = reading(said(3), said(5, LATER)).waiting()

    assert found.waiting == [LETTER]
    assert found.standing == {LETTER.dead_letter_id: Standing(LATER, (Lane(0, KEY, 5),))}


def test_what_was_dealt_with_waits_no_more_with_all_its_repeats() -> None:
    found = reading(said(3), said(5), dealt_with(6, until=5)).waiting()

    assert (found.waiting, found.unlisted, found.standing) == ([], [], {})


def test_one_that_came_again_before_the_word_was_written_waits() -> None:
    found = reading(said(3), said(5, LATER), dealt_with(6, until=3)).waiting()

    assert found.waiting == [LATER]


def test_one_that_came_again_after_the_word_waits() -> None:
    found = reading(said(3), dealt_with(4, until=3), said(5, LATER)).waiting()

    assert found.waiting == [LATER]


def test_each_partition_has_a_word_of_its_own() -> None:
    letters = (said(3), said(8, LATER, partition=1))

    (standing,) = reading(*letters).waiting().standing.values()
    one = reading(*letters, dealt_with(4, until=9)).waiting()
    both = reading(*letters, dealt_with(4, until=3), dealt_with(9, until=8, partition=1))

    assert standing == Standing(LATER, (Lane(0, KEY, 3), Lane(1, KEY, 8)))
    assert one.waiting == [LATER]
    assert both.waiting().waiting == []


def test_a_word_on_a_letter_that_nobody_has_hides_nothing() -> None:
    assert reading(dealt_with(0, until=0), said(1)).waiting().waiting == [LETTER]


def test_a_word_that_cannot_be_read_is_listed_as_no_dead_letter() -> None:
    name = (CE_ID, LETTER.dead_letter_id.encode())
    wrong = [
        record(KEY, None, place, headers)
        for place, headers in enumerate(
            [(), (name,), (name, (RESOLVED, b"")), (name, (RESOLVED, b"-1"))], start=1
        )
    ]

    found = reading(said(0), *wrong).waiting()

    assert found.waiting == [LETTER]
    assert [each.cause for each in found.unlisted] == ["no-value"] * 4
