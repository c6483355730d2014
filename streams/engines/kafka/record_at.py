"""One record of a topic, read again where it lies."""

from aiokafka.structs import ConsumerRecord

from streams.engines.kafka.topic_reader import BeyondTheEndError, TopicReader
from streams.promises.letter_body import RecordPlace


async def record_at(kafka: str, place: RecordPlace) -> ConsumerRecord | None:
    """Give the record at a place; None where the topic does not have it, or has it no more.

    Raises:
        UnavailableError: No broker answers, or there is no such topic.
    """
    async with TopicReader(kafka, place.topic) as topic:
        if place.partition >= topic.partitions:
            return None
        since = [0] * topic.partitions
        since[place.partition] = place.offset
        try:
            await topic.begin(since, place.partition)
        except BeyondTheEndError:
            return None
        async for record in topic.until_now()[place.partition]:
            # Where it expired, a later one is the first that is there.
            return record if record.offset == place.offset else None
    return None
