"""A Kafka hub with dead letters in it, for tests: no worker runs, tests write what one would."""

import asyncio
from typing import Any

from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.partition_writer import Outgoing
from streams.contracts.event import decode_event
from streams.contracts.frame import unframed
from streams.contracts.registry import Registry, frame_payload
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, Instant
from streams.engines.kafka.written import letter_row
from streams.normalise.normalising import Normaliser
from streams.normalise.raw_record import ArrivedRecord
from streams.normalise.receive import ReceiveStep
from streams.promises import topics
from streams.promises.engine import DeadLetter
from tests.cli.command import Ended, run
from tests.kafka.raw_scene import LAPPEENRANTA, Scene

RAW = topics.raw(LAPPEENRANTA)
WRITTEN = (RAW, topics.EVENTS, topics.DEAD_LETTERS)


class LetterScene:
    """A hub whose workers do not run: each test writes what they would have written."""

    def __init__(self, made: Scene) -> None:
        self.scene = made
        self.registry = Registry(made.settings.registry)
        asyncio.run(self._learn())

    def run(self, *words: object) -> Ended:
        """Run `dead-letters`."""
        return run("dead-letters", *words, *self.scene.options)

    def waiting(self) -> set[str]:
        """Give the ids of the dead letters that wait."""
        listed = run("dead-letters", "list", "--json", *self.scene.options[:4])
        return {each["dead_letter_id"] for each in listed.document()}

    def queued(self, message: bytes, agency: AgencyId = LAPPEENRANTA) -> Any:  # noqa: ANN401  # the library has no types
        """Queue a message, and give its raw record."""
        before = self.places(topics.raw(agency))
        self.scene.queue(agency, message)
        return self.new(topics.raw(agency), before)

    def places(self, topic: str) -> set[tuple[int, int]]:
        """Give where the records of a topic are."""
        return {(each.partition, each.offset) for each in self.scene.records(topic)}

    def new(self, topic: str, before: set[tuple[int, int]]) -> Any:  # noqa: ANN401  # as above
        """Give the one record that a topic has more than before."""
        found = [
            each
            for each in self.scene.records(topic)
            if (each.partition, each.offset) not in before
        ]
        assert len(found) == 1
        return found[0]

    def normalised(self, record: Any) -> AgencyEvent | DeadLetter:  # noqa: ANN401  # as above
        """Do with a raw record what the normaliser does."""
        topic, number = record.topic, record.partition
        arrived = ArrivedRecord(
            AgencyId(topic.removeprefix(topics.raw(AgencyId("")))),
            record.key,
            record.value,
            record.headers,
            Instant(record.timestamp * 1_000),
            f"{topic}/{number}/{record.offset}",
        )
        parts = self.scene.parts
        with self.scene.keys() as keys:
            normaliser = Normaliser(
                connector_of, parts.agreements, keys, parts.pseudonyms, parts.sealer
            )
            (made,) = normaliser.normalise([arrived])
            keys.commit()
        into = topics.DEAD_LETTERS if isinstance(made.taken, DeadLetter) else topics.EVENTS
        value = frame_payload(self.registry, made.record, made.payload)
        self.scene.write(Outgoing(into, number, made.key, value, made.headers))
        return made.taken

    def buried(self, record: Any, **headers: bytes) -> DeadLetter:  # noqa: ANN401  # as above
        """Let the normaliser meet a raw record with other headers, and give the dead letter."""
        changed = {**dict(record.headers), **headers}
        before = self.places(record.topic)
        self.scene.write(
            Outgoing(
                record.topic,
                record.partition,
                record.key,
                record.value,
                tuple(changed.items()),
            )
        )
        letter = self.normalised(self.new(record.topic, before))
        assert isinstance(letter, DeadLetter)
        return letter

    def bury(self, letter: DeadLetter) -> None:
        """Write a dead letter as the router does."""
        head = frame_payload(self.registry, "DeadLetter", b"")
        row = letter_row(head, letter, ())
        self.scene.write(Outgoing(topics.DEAD_LETTERS, 0, row.key, row.value, tuple(row.headers)))

    def said(self, message: bytes) -> AgencyEvent:
        """Give the event that a message is."""
        parts = self.scene.parts
        with self.scene.keys() as keys:
            step = ReceiveStep(
                connector_of("employment"), parts.agreements, keys, parts.pseudonyms, parts.sealer
            )
            (received,) = step.receive(message, LAPPEENRANTA, wall_clock())
            keys.commit()
        assert isinstance(received.taken, AgencyEvent)
        return received.taken

    def event(self, record: Any) -> AgencyEvent:  # noqa: ANN401  # as above
        """Read a record of the events topic."""
        kind = dict(record.headers)[topics.CE_TYPE].decode().rpartition(".")[2]
        found = decode_event(kind, unframed(record.value)[1])
        assert isinstance(found, AgencyEvent)
        return found

    def written(self) -> list[int]:
        """Count what the topics hold that a replay writes to."""
        return [len(self.scene.records(name)) for name in WRITTEN]

    async def _learn(self) -> None:
        async with self.registry:
            await self.registry.load()
