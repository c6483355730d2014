"""The contracts of this release beside those of a registry, before anybody registers anything."""

import json
from collections.abc import AsyncIterator
from typing import Any, Literal, NamedTuple

from streams.contracts.compatibility import compatible
from streams.contracts.declarations import resolved
from streams.contracts.registry import subject_of, written_records
from streams.contracts.registry_client import FULL_TRANSITIVE, RegistryClient

Kind = Literal["rule", "missing", "differs", "refused"]
_REGISTRY = "registry"


class Departure(NamedTuple):
    """Where this release and a registry differ.

    `rule`: the registry holds new contracts to less than FULL_TRANSITIVE. `missing`: it has no such
    contract. `differs`: it has another version, and will take this one. `refused`: it has one that
    this one breaks with. `path` names the record, and the field where there is one.
    """

    kind: Kind
    path: str
    why: str


async def departures(registry: str) -> list[Departure]:
    """Compare every contract that is written on its own; nothing, where a release may be deployed.

    Args:
        registry: The whole base, as `http://host:8080/apis/ccompat/v7`.

    Raises:
        RegistryUnavailableError: The registry gave no answer.
    """
    client = RegistryClient(registry)
    try:
        return [departure async for departure in _departures(client)]
    finally:
        await client.close()


async def _departures(client: RegistryClient) -> AsyncIterator[Departure]:
    level = await client.compatibility()
    if level != FULL_TRANSITIVE:
        why = f"new contracts are held to {level}; the first worker sets {FULL_TRANSITIVE}"
        yield Departure("rule", _REGISTRY, why)
    for record in written_records():
        contract = resolved(record)
        if await client.id_of(subject_of(record), json.dumps(contract)) is None:
            for departure in await _of_record(client, record, contract):
                yield departure


async def _of_record(
    client: RegistryClient, record: str, contract: dict[str, Any]
) -> list[Departure]:
    subject = subject_of(record)
    versions = await client.versions(subject)
    if not versions:
        return [Departure("missing", record, "it is not registered; the first worker does it")]
    found = []
    for version in versions:
        earlier = json.loads(await client.version(subject, version))
        found += [
            Departure("refused", breach.path, f"{breach.why} (version {version})")
            for breach in compatible(earlier, contract)
        ]
    # The registry's own word, where it offers one: it may know more than our rules do.
    if not found and await client.accepts(subject, json.dumps(contract)) is False:
        found.append(Departure("refused", record, "the registry says that it will not take it"))
    newest = max(versions)
    return found or [
        Departure("differs", record, f"version {newest} is another; the registry takes this one")
    ]
