"""The schema registry as a stage sees it: ids of our contracts, and contracts behind ids.

Ids are kept in memory and, where asked, in a file: a stage that has its ids starts and goes on
while the registry is down. Only an id that was never seen has to wait for it.
"""

import json
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from streams.contracts.catalogue import fingerprint
from streams.contracts.declarations import ContractError, declared, full_name, resolved, simple
from streams.contracts.event import event_classes
from streams.contracts.frame import SCHEMA_ID_MAX, framed
from streams.contracts.older import Renewal
from streams.contracts.registry_cache import OwnId, RegistryCache
from streams.contracts.registry_client import (
    FULL_TRANSITIVE,
    TIMEOUT_S,
    RefusedContractError,
    RegistryClient,
    RegistryUnavailableError,
    UnknownSchemaError,
)

__all__ = [
    "Known",
    "RefusedContractError",
    "Registry",
    "RegistryUnavailableError",
    "UnknownSchemaError",
    "frame_payload",
    "payload_of",
    "written_records",
]


class Known(NamedTuple):
    """The contract behind a schema id.

    `record` is its name without namespace where the namespace is that of our contract of this name,
    else the whole name, which no contract of ours has. `is_current` says that its bytes are those
    of our contract as it stands.
    """

    record: str
    schema: dict[str, Any]
    is_current: bool


@cache
def written_records() -> tuple[str, ...]:
    """Name the records that are written on their own, and so have a subject, sorted."""
    others = (
        "AgencyHeard",
        "ClosedState",
        "DeadLetter",
        "LedgerEntry",
        "Notice",
        "PartitionState",
        "PersonState",
        "Watermark",
    )
    return tuple(sorted((*event_classes(), *others)))


def subject_of(record: str) -> str:
    """Give the subject of a record: its full name."""
    return full_name(declared()[record])


class Registry:
    """One registry, with what is known of it so far. Used inside one event loop."""

    def __init__(
        self, url: str, *, cache: Path | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Take over what the file knows; nothing is asked yet.

        Args:
            url: The whole base, as `http://host:8080/apis/ccompat/v7`.
            cache: Where to keep ids and schemas, so that a worker starts while the registry is
                down. One worker, one file.
            timeout_s: The longest that one question may take, in seconds.
        """
        self._client = RegistryClient(url, timeout_s=timeout_s)
        self._cache = RegistryCache(self._client.place, cache)
        self._known: dict[int, Known] = {}
        self._ids: dict[str, int] = {}
        for schema_id, text in self._cache.schemas.items():
            self._known[schema_id] = _known(text)

    async def register(self) -> None:
        """Hold new schemas to FULL_TRANSITIVE, and register every record written on its own.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
            RefusedContractError: It will not take a contract, named by the error.
        """
        if await self._client.compatibility() != FULL_TRANSITIVE:
            try:
                await self._client.set_compatibility(FULL_TRANSITIVE)
            except RegistryUnavailableError:
                # It also refuses the second of two workers that start at the same moment.
                if await self._client.compatibility() != FULL_TRANSITIVE:
                    raise
        await self._take_ids(may_register=True)

    async def load(self) -> None:
        """Learn the ids of our own contracts; afterwards `id_of` knows each.

        While the registry is down, they come from the file of an earlier time, if that has all.

        Raises:
            RegistryUnavailableError: The registry gave no answer, and the file does not do.
            RefusedContractError: The registry will not take a contract, named by the error.
        """
        try:
            if not await self._take_ids(may_register=False):
                await self.register()
        except RegistryUnavailableError:
            remembered = {record: self._remembered(record) for record in written_records()}
            ids = {record: own for record, own in remembered.items() if own is not None}
            if len(ids) != len(remembered):
                raise
            self._ids = ids

    def id_of(self, record: str) -> int:
        """Give the id of one of our contracts as it stands.

        Raises:
            KeyError: Neither `load` nor `register` has ended yet, or no such record is written on
                its own.
        """
        return self._ids[record]

    def known(self, schema_id: int) -> Known | None:
        """Give the contract behind an id, from memory; None where it has to be looked up."""
        return self._known.get(schema_id)

    async def look_up(self, schema_id: int) -> Known:
        """Give the contract behind an id, and ask for it where it was never seen.

        Raises:
            UnknownSchemaError: The registry positively does not know the id.
            RegistryUnavailableError: It gave no answer: wait and ask again.
        """
        if (known := self._known.get(schema_id)) is not None:
            return known
        if not 0 <= schema_id <= SCHEMA_ID_MAX:
            raise UnknownSchemaError(schema_id)
        text = await self._client.schema(schema_id)
        # Whoever answers first is believed for good: an id never changes its meaning.
        if schema_id not in self._known:
            self._remember(schema_id, text)
            self._cache.keep()
        return self._known[schema_id]

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def __aenter__(self) -> Self:
        """Give itself, to be closed at the end of the block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def _take_ids(self, *, may_register: bool) -> bool:
        """Ask for the id of every contract; False where one is not registered, and may not be."""
        ids: dict[str, int] = {}
        for record in written_records():
            subject, text = subject_of(record), json.dumps(resolved(record))
            found = await self._client.id_of(subject, text)
            if found is None:
                if not may_register:
                    return False
                found = await self._registered(subject, text)
            ids[record] = found
        self._learn(ids)
        return True

    async def _registered(self, subject: str, text: str) -> int:
        try:
            return await self._client.register(subject, text)
        except RefusedContractError:
            # A registry also refuses what another worker registers at the same moment.
            found = await self._client.id_of(subject, text)
            if found is None:
                raise
            return found

    def _learn(self, ids: dict[str, int]) -> None:
        if any(self._is_another(record, schema_id) for record, schema_id in ids.items()):
            # The same contract under another id: the registry was set up anew, and numbers anew.
            self._cache.forget()
            self._known.clear()
        for record, schema_id in ids.items():
            self._cache.own[record] = OwnId(schema_id, fingerprint(resolved(record)))
            self._remember(schema_id, json.dumps(resolved(record)))
        self._ids = ids
        self._cache.keep()

    def _is_another(self, record: str, schema_id: int) -> bool:
        remembered = self._remembered(record)
        if remembered is not None and remembered != schema_id:
            return True
        known = self._known.get(schema_id)
        return known is not None and not (known.is_current and known.record == record)

    def _remembered(self, record: str) -> int | None:
        own = self._cache.own.get(record)
        if own is None or own.fingerprint != fingerprint(resolved(record)):
            return None
        return own.schema_id

    def _remember(self, schema_id: int, text: str) -> None:
        self._cache.schemas[schema_id] = text
        self._known[schema_id] = _known(text)


def frame_payload(registry: Registry, record: str, payload: bytes) -> bytes:
    """Put the Avro bytes of one of our records into a frame.

    Raises:
        KeyError: `registry.load` has not ended yet, or no such record is written on its own.
        FrameError: The bytes are over 1 MiB.
    """
    return framed(registry.id_of(record), payload)


def payload_of(known: Known, payload: bytes) -> bytes:
    """Give the bytes of a record as our contract of now has them.

    Raises:
        ContractError: The bytes do not fit the contract that they name, that contract is none of
            ours, or it cannot be read with the one of now.
    """
    return payload if known.is_current else _renewal(known).renew(payload)


_RENEWALS: dict[int, tuple[dict[str, Any], Renewal]] = {}
_RENEWALS_MAX = 64


def _renewal(known: Known) -> Renewal:
    """Give what brings bytes of a contract forward, compiled once for each that is met."""
    schema, found = _RENEWALS.get(id(known.schema), (None, None))
    if found is None or schema is not known.schema:
        found = Renewal(known.record, known.schema)
        if len(_RENEWALS) >= _RENEWALS_MAX:
            _RENEWALS.clear()
        # Kept with its schema: as long as that is here, nobody else has its identity.
        _RENEWALS[id(known.schema)] = (known.schema, found)
    return found


def _known(text: str) -> Known:
    """Read a registry's schema: whatever it is, it has some name."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    schema = found if isinstance(found, dict) else {"type": found}
    try:
        name = full_name(schema)
        record = simple(name)
        if record not in declared() or subject_of(record) != name:
            return Known(name, schema, is_current=False)
        is_current = fingerprint(schema) == fingerprint(resolved(record))
    except (AttributeError, ContractError, KeyError, TypeError, RecursionError):
        return Known("a schema without a name", schema, is_current=False)
    return Known(record, schema, is_current=is_current)
