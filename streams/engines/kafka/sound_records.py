"""What a client fetched, partition by partition: a corrupt record halts its own partition alone.

The library raises for it where records of any partition are asked for; it then gives neither what
it had taken of others, nor what lies before the corrupt one. Nothing is skipped: a partition goes
on when the record reads again.
"""

import asyncio
import time
from collections.abc import Collection
from typing import Any

from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.engines.kafka.sound_polling import Portion, tell_corrupt

RECORDS_MAX = 4_096
"""At most so many are asked for of a partition once a record in it was corrupt. Before, everything
is: a bound cost the normaliser a third of its rate."""
LOOK_AGAIN_S = 2.0
"""A halted partition is looked at so often."""


class SoundRecords:
    """Takes records from one client's fetcher, whose partitions may halt."""

    def __init__(self) -> None:
        """Begin with no partition halted."""
        self._portions: dict[TopicPartition, Portion] = {}
        self._halted_until_s: dict[TopicPartition, float] = {}

    async def fetched(
        self,
        fetcher: Any,  # noqa: ANN401  # the library has no types
        partitions: Collection[TopicPartition],
        within_s: float,
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Give the next records of some partitions; none where none come in time."""
        until_s = time.monotonic() + within_s
        while True:
            found = await self._there(fetcher, partitions)
            left_s = until_s - time.monotonic()
            if found or left_s <= 0:
                return found
            more = fetcher._create_fetch_waiter()  # noqa: SLF001  # as the library itself waits
            await asyncio.wait([more], timeout=min(left_s, LOOK_AGAIN_S))
            if not more.done():
                more.cancel()
            elif not more.cancelled():
                more.result()  # whoever may not read hears of it here

    async def _there(
        self,
        fetcher: Any,  # noqa: ANN401  # as above
        partitions: Collection[TopicPartition],
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        found: dict[TopicPartition, list[ConsumerRecord]] = {}
        for place in [*fetcher._records]:  # noqa: SLF001  # no other way to it
            if place in partitions:
                try:
                    records = await self._of(fetcher, place)
                except KafkaError:
                    if found:
                        break  # what was taken must be given; the failure is met again
                    raise
                if records:
                    found[place] = records
        return found

    async def _of(self, fetcher: Any, place: TopicPartition) -> list[ConsumerRecord]:  # noqa: ANN401  # as above
        if self._halted_until_s.get(place, 0.0) > time.monotonic():
            return []
        portion = self._portions.get(place)
        at_most = portion.records if portion else None
        try:
            given = await fetcher.fetched_records([place], timeout=0, max_records=at_most)
        except CorruptRecordException:
            await fetcher.fetched_records([place], timeout=0)  # lets it be fetched again
            if portion is None:
                self._portions[place] = Portion(RECORDS_MAX)
            elif portion.meet_corrupt():
                self._halt(fetcher, place)
            return []
        records: list[ConsumerRecord] = given.get(place, [])
        if portion and records:
            portion.read_sound()
        return records

    def _halt(self, fetcher: Any, place: TopicPartition) -> None:  # noqa: ANN401  # as above
        self._halted_until_s[place] = time.monotonic() + LOOK_AGAIN_S
        assignment = fetcher._subscriptions.subscription.assignment  # noqa: SLF001  # as above
        tell_corrupt(place, assignment.state_value(place).position)
