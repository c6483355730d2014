"""Schema ids without a registry: our own contracts numbered, and others as a test says."""

from streams.contracts.declarations import resolved
from streams.contracts.registry import (
    Known,
    RegistryUnavailableError,
    UnknownSchemaError,
    written_records,
)


class FixedSchemas:
    """Answers what a registry would; ids of our contracts begin at 1."""

    def __init__(self, others: dict[int, Known] | None = None) -> None:
        self._ids = {record: number for number, record in enumerate(written_records(), start=1)}
        self._known = {number: _own(record) for record, number in self._ids.items()}
        self.others = others or {}
        self.is_reachable = True
        self.asked: list[int] = []

    def id_of(self, record: str) -> int:
        return self._ids[record]

    def known(self, schema_id: int) -> Known | None:
        return self._known.get(schema_id)

    async def look_up(self, schema_id: int) -> Known:
        self.asked.append(schema_id)
        if not self.is_reachable:
            raise RegistryUnavailableError("not now")
        if schema_id not in self.others:
            raise UnknownSchemaError(schema_id)
        return self.others[schema_id]


def _own(record: str) -> Known:
    return Known(record, resolved(record), is_current=True)
