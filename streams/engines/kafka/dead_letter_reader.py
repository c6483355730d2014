"""The dead letters of a Kafka hub: those that wait, out of all that their topic has."""

from collections.abc import Iterable
from typing import NamedTuple

from aiokafka.structs import ConsumerRecord

from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.declarations import ContractError
from streams.domain.ids import DeadLetterId
from streams.engines.kafka.framed_values import BAD_BYTES, Fault, FramedValues, Schemas
from streams.engines.kafka.topic_reader import TopicReader
from streams.promises.engine import DeadLetter
from streams.promises.ledger import Place
from streams.promises.topics import CE_ID, DEAD_LETTERS, RESOLVED, SEALED_BODY


class Unlisted(NamedTuple):
    """A record of the topic that is no dead letter: where it stands, and the code of why."""

    place: Place
    cause: str


class DeadLetters(NamedTuple):
    """The dead letters that wait, by (recorded_at, id), and records that are none."""

    waiting: list[DeadLetter]
    unlisted: list[Unlisted]


async def read_dead_letters(kafka: str, schemas: Schemas) -> DeadLetters:
    """Read what the topic has now: repeats fold, and what was dealt with is left out.

    Raises:
        UnavailableError: No broker answers, or there is no such topic.
        RegistryUnavailableError: A schema is not known, and the registry gives no answer.
    """
    values = FramedValues(schemas, "DeadLetter")
    found = _Found(values)
    async with TopicReader(kafka, DEAD_LETTERS) as topic:
        await topic.begin(None)
        for records in topic.until_now().values():
            async for record in records:
                await values.learn([record.value])
                found.take(record)
    return found.waiting()


class _Found:
    """What was read so far."""

    def __init__(self, values: FramedValues) -> None:
        self._values = values
        self._letters: dict[DeadLetterId, DeadLetter] = {}
        self._resolved: set[str] = set()
        self._unlisted: list[Unlisted] = []

    def take(self, record: ConsumerRecord) -> None:
        if record.value is None and _header(record.headers, RESOLVED) is not None:
            # Its lane may be another than the letter's, so it may be read first.
            self._resolved.add((_header(record.headers, CE_ID) or b"").decode(errors="replace"))
            return
        letter = self._read(record)
        if isinstance(letter, Fault):
            place = Place(record.partition, record.offset)
            self._unlisted.append(Unlisted(place, letter.cause))
        else:
            self._letters.setdefault(letter.dead_letter_id, letter)

    def waiting(self) -> DeadLetters:
        letters = [each for key, each in self._letters.items() if key not in self._resolved]
        letters.sort(key=lambda letter: (letter.recorded_at, letter.dead_letter_id))
        return DeadLetters(letters, sorted(self._unlisted))

    def _read(self, record: ConsumerRecord) -> DeadLetter | Fault:
        data = self._values.payload(record.value)
        if isinstance(data, Fault):
            return data
        try:
            letter = decode_dead_letter(data, DeadLetter)
        except ContractError:
            return Fault(BAD_BYTES)
        body = _header(record.headers, SEALED_BODY)
        return letter if body is None else letter._replace(sealed_body=body)


def _header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    return next((value for key, value in headers if key == name), None)
