"""Records of the ledger's topic, read as entries or as what they are instead."""

from collections.abc import Iterable, Sequence

from aiokafka.structs import ConsumerRecord

from streams.contracts.declarations import ContractError
from streams.contracts.entry import decode_entry
from streams.engines.kafka.framed_values import BAD_BYTES, Fault, FramedValues, Schemas
from streams.promises.engine import Stored
from streams.promises.ledger import Place, Read, Recorded, Unreadable, position_of

WRONG_KEY = "wrong-key"
"""The record lies in another lane than its entry's person."""


class LedgerRecords:
    """Reads records of the ledger's topic; nothing is raised for what one holds."""

    def __init__(self, schemas: Schemas) -> None:
        """Know the contracts that the registry knows."""
        self._values = FramedValues(schemas, "LedgerEntry")

    async def learn(self, records: Iterable[ConsumerRecord]) -> None:
        """Ask the registry of every schema that was never met.

        Raises:
            RegistryUnavailableError: It gave no answer: wait, and ask again.
        """
        await self._values.learn([record.value for record in records])

    def read(self, records: Sequence[ConsumerRecord]) -> list[Read]:
        """Read records of one partition, in their order; their schemas were learnt before."""
        return [self._read(record) for record in records]

    def _read(self, record: ConsumerRecord) -> Read:
        position = position_of(Place(record.partition, record.offset))
        data = self._values.payload(record.value)
        if isinstance(data, Fault):
            return Unreadable(position, data.cause)
        try:
            found = decode_entry(data)
        except ContractError:
            return Unreadable(position, BAD_BYTES)
        if record.key != found.entry.person.encode():
            return Unreadable(position, WRONG_KEY)
        return Recorded(Stored(position, found.entry, found.entry_digest), data)
