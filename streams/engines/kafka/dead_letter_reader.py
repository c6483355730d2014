"""The dead letters of a Kafka hub: those that wait, out of all that their topic has."""

from typing import NamedTuple

from aiokafka.structs import ConsumerRecord

from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.declarations import ContractError
from streams.domain.ids import DeadLetterId
from streams.engines.kafka.framed_values import BAD_BYTES, Fault, FramedValues, Schemas
from streams.engines.kafka.headers import header_of
from streams.engines.kafka.resolved import Resolved, read_resolved
from streams.engines.kafka.topic_reader import TopicReader
from streams.promises.engine import DeadLetter
from streams.promises.ledger import Place
from streams.promises.topics import DEAD_LETTERS, SEALED_BODY


class Unlisted(NamedTuple):
    """A record of the topic that is no dead letter: where it stands, and the code of why."""

    place: Place
    cause: str


class Lane(NamedTuple):
    """Where a dead letter waits in one partition: under which key, and its last record's offset."""

    partition: int
    key: bytes | None
    until: int


class Standing(NamedTuple):
    """A dead letter that waits, as it came last, and every lane in which it does.

    What came last is what can be opened and found the longest.
    """

    letter: DeadLetter
    lanes: tuple[Lane, ...]


class DeadLetters(NamedTuple):
    """The dead letters that wait, by (recorded_at, id), each as it came first; and other records.

    `standing` has the same letters as they came last, for whoever takes one in again.
    """

    waiting: list[DeadLetter]
    unlisted: list[Unlisted]
    standing: dict[DeadLetterId, Standing]


async def read_dead_letters(kafka: str, schemas: Schemas) -> DeadLetters:
    """Read what the topic has now: repeats fold, and what was dealt with is left out.

    Raises:
        UnavailableError: No broker answers, or there is no such topic.
        RegistryUnavailableError: A schema is not known, and the registry gives no answer.
    """
    values = FramedValues(schemas, "DeadLetter")
    found = LettersSoFar(values)
    async with TopicReader(kafka, DEAD_LETTERS) as topic:
        await topic.begin(None)
        for records in topic.until_now().values():
            async for record in records:
                await values.learn([record.value])
                found.take(record)
    return found.waiting()


class _Repeats(NamedTuple):
    """The records of one letter in one partition that nobody has dealt with."""

    first: DeadLetter
    last: DeadLetter
    lane: Lane


class LettersSoFar:
    """What was read so far; each partition in its order."""

    def __init__(self, values: FramedValues) -> None:
        """Begin with nothing; `values` knows the schema of whatever is taken."""
        self._values = values
        self._letters: dict[DeadLetterId, dict[int, _Repeats]] = {}
        self._unlisted: list[Unlisted] = []

    def take(self, record: ConsumerRecord) -> None:
        """Take the next record of a partition, whatever it is."""
        resolved = read_resolved(record)
        if resolved is not None:
            self._resolve(resolved, record.partition)
            return
        letter = self._read(record)
        if isinstance(letter, Fault):
            place = Place(record.partition, record.offset)
            self._unlisted.append(Unlisted(place, letter.cause))
            return
        lanes = self._letters.setdefault(letter.dead_letter_id, {})
        known = lanes.get(record.partition)
        first = letter if known is None else known.first
        lane = Lane(record.partition, record.key, record.offset)
        lanes[record.partition] = _Repeats(first, letter, lane)

    def waiting(self) -> DeadLetters:
        """Give what waits by now."""
        waiting: list[DeadLetter] = []
        standing: dict[DeadLetterId, Standing] = {}
        for key, lanes in self._letters.items():
            if lanes:
                repeats = [lanes[partition] for partition in sorted(lanes)]
                waiting.append(min([each.first for each in repeats], key=_recorded_at))
                last = max([each.last for each in repeats], key=_recorded_at)
                standing[key] = Standing(last, tuple([each.lane for each in repeats]))
        waiting.sort(key=lambda letter: (letter.recorded_at, letter.dead_letter_id))
        return DeadLetters(waiting, sorted(self._unlisted), standing)

    def _resolve(self, resolved: Resolved, partition: int) -> None:
        lanes = self._letters.get(resolved.dead_letter_id, {})
        known = lanes.get(partition)
        if known is None:
            return
        if known.lane.until <= resolved.until:
            del lanes[partition]
        else:
            lanes[partition] = known._replace(first=known.last)

    def _read(self, record: ConsumerRecord) -> DeadLetter | Fault:
        data = self._values.payload(record.value)
        if isinstance(data, Fault):
            return data
        try:
            letter = decode_dead_letter(data, DeadLetter)
        except ContractError:
            return Fault(BAD_BYTES)
        body = header_of(record.headers, SEALED_BODY)
        return letter if body is None else letter._replace(sealed_body=body)


def _recorded_at(letter: DeadLetter) -> int:
    return letter.recorded_at
