"""The common job's events: a topic of referrals, answers and services of 5,000 persons.

Drawn from a seed, as the job's page describes them; every peer of a round reads the same topic.
"""

import random
from collections.abc import Iterator

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.bench.kafka.common_contracts import EventType, Priority, ReferralEvent, writer

PARTITIONS = 4
PERSONS = 5_000
REPEATED_SHARE = 0.01
RUNNING_MAX = 3
_LAST_KEPT = 4
_STEP_MS = 40
_BEGIN_MS = 1_760_000_000_000
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AGENCIES = ("employment", "kela", "sote", "typ")
_SERVICES = ("assessment", "job-coaching", "pay-subsidy", "rehabilitation", "social-counselling")
_CATEGORIES = ("contact", "education_work_history", "health_functional_ability", "identity", "plan")
_COURSES = (
    (
        EventType.SUBMITTED,
        EventType.RECEIVED,
        EventType.ACCEPTED,
        EventType.STARTED,
        EventType.COMPLETED,
    ),
    (EventType.SUBMITTED, EventType.RECEIVED, EventType.REJECTED),
)
_REASON = "Työkyvyn arviointi ja tuki työnhakuun, palaute lähettäjälle"

_write = writer("ReferralEvent")


class _Course:
    """A handoff that a person lives through."""

    def __init__(self, rng: random.Random) -> None:
        self.handoff_id = f"h-{_token(rng)}"
        self.source, self.recipient = rng.sample(_AGENCIES, 2)
        self.service = rng.choice(_SERVICES)
        self.priority = rng.choice(tuple(Priority))
        self.categories = tuple(sorted(rng.sample(_CATEGORIES, 3)))
        self.left = list(rng.choice(_COURSES))


def events(count: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Give key and value of each event, in order: the same seed, the same bytes."""
    rng = random.Random(seed)
    persons = [f"p-{_token(rng)}" for _ in range(PERSONS)]
    running: list[list[_Course]] = [[] for _ in persons]
    last: list[list[bytes]] = [[] for _ in persons]
    for number in range(count):
        who = rng.randrange(PERSONS)
        key = persons[who].encode()
        if last[who] and rng.random() < REPEATED_SHARE:
            yield key, rng.choice(last[who])
            continue
        mine = running[who]
        if not mine or (len(mine) < RUNNING_MAX and rng.random() < 0.3):
            mine.append(_Course(rng))
        value = _next(rng, persons[who], mine, _BEGIN_MS + number * _STEP_MS)
        last[who] = [*last[who], value][-_LAST_KEPT:]
        yield key, value


def _next(rng: random.Random, person: str, mine: list[_Course], at_ms: int) -> bytes:
    course = rng.choice(mine)
    kind = course.left.pop(0)
    if not course.left:
        mine.remove(course)
    begins = kind is EventType.SUBMITTED
    event = ReferralEvent(
        f"e-{_token(rng)}",
        person,
        course.source if begins else course.recipient,
        kind,
        at_ms,
        course.handoff_id,
        course.source,
        course.recipient,
        course.service,
        course.priority,
        course.categories,
        _REASON if begins else None,
    )
    return _write(event)


def _token(rng: random.Random) -> str:
    return "".join(rng.choices(_SIGNS, k=26))


async def make_topics(bootstrap: str, *names: str, partitions: int = PARTITIONS) -> None:
    """Make topics that are not there yet."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, count: int) -> None:
    """Write the events to a topic, by Kafka's default partitioner."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type="lz4", linger_ms=20, max_batch_size=262_144
    )
    await producer.start()
    try:
        for key, value in events(count):
            await producer.send(topic, value, key=key)
        await producer.flush()
    finally:
        await producer.stop()
