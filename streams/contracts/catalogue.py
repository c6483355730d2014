"""What contracts there are, and whether they keep to those of a release."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from streams.contracts.compatibility import Incompatibility, compatible
from streams.contracts.declarations import Schema, declared, full_name, read, resolved, simple


class Contract(NamedTuple):
    """One record's contract.

    `concept` is its folder; `fingerprint` the SHA-256 (hex) of Avro's parsing canonical form of the
    whole record with all that it contains: equal where the bytes are equal.
    """

    name: str
    concept: str
    fields: tuple[str, ...]
    fingerprint: str


def contracts_list() -> list[Contract]:
    """List every record's contract, by concept and name.

    Raises:
        ContractError: The contracts cannot be read.
    """
    records = [schema for schema in declared().values() if schema["type"] == "record"]
    contracts = [
        Contract(
            schema["name"],
            simple(schema["namespace"]),
            tuple([field["name"] for field in schema["fields"]]),
            fingerprint(resolved(schema["name"])),
        )
        for schema in records
    ]
    return sorted(contracts, key=lambda contract: (contract.concept, contract.name))


def fingerprint(alone: dict[str, Any]) -> str:
    """Give the SHA-256 (hex) of the parsing canonical form of a schema that stands alone."""
    canonical = json.dumps(_canonical(alone), separators=(",", ":"), ensure_ascii=False)
    return sha256(canonical.encode()).hexdigest()


def compare(folder: Path) -> list[Incompatibility]:
    """Hold the current contracts against those of a folder, as of an earlier release.

    Every record and enum of the folder must still be there, under its name or as an alias, and be
    compatible both ways.

    Raises:
        ContractError: The folder's files are no contracts.
    """
    released = read(folder)
    current = declared()
    aliases: dict[str, frozenset[str]] = {}
    for schema in (*released.values(), *current.values()):
        others = frozenset(map(simple, schema.get("aliases", [])))
        aliases[schema["name"]] = aliases.get(schema["name"], frozenset()) | others
    found: list[Incompatibility] = []
    for name, schema in released.items():
        heirs = [heir for heir in current if heir == name or name in aliases[heir]]
        if not heirs:
            found.append(Incompatibility(name, "the contract was released and is gone"))
        for heir in heirs[:1]:
            found += compatible(schema, current[heir], aliases)
    return found


def _canonical(schema: Schema) -> Schema:
    """Keep what decides about bytes, in the order of Avro's specification."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return [_canonical(branch) for branch in schema]
    if schema["type"] == "array":
        return {"type": "array", "items": _canonical(schema["items"])}
    if schema["type"] == "enum":
        return {"name": full_name(schema), "type": "enum", "symbols": schema["symbols"]}
    if schema["type"] == "record":
        fields = [
            {"name": field["name"], "type": _canonical(field["type"])} for field in schema["fields"]
        ]
        return {"name": full_name(schema), "type": "record", "fields": fields}
    return _canonical(schema["type"])
