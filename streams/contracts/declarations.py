"""Where the contracts are read: `<concept>/<Record>.avsc`, one record or enum a file.

A file names other records by their full name; `resolved` puts their definitions in, so that the
schema stands alone, as a registry or any Avro library wants it.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, Union

Schema: TypeAlias = Union[str, list["Schema"], dict[str, Any]]  # noqa: UP007  # recursive alias
"""An Avro schema as JSON: a name, a union of schemas, or a definition."""

_PACKAGED = Path(__file__).parent / "avro"
_CHECKOUT = Path(__file__).parents[2] / "schemas" / "avro"


class ContractError(Exception):
    """A value or bytes that a contract refuses; `record` is the contract, `reason` why.

    Neither repeats anything of the value: it may be about a person.
    """

    def __init__(self, record: str, reason: str) -> None:
        """Say which contract refuses, and why."""
        super().__init__(f"{record}: {reason}")
        self.record = record
        self.reason = reason


def folder() -> Path:
    """Give the folder of the contracts: the installed package's, else the checkout's."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def read(place: Path) -> dict[str, dict[str, Any]]:
    """Read every contract under a folder, by its file's name, sorted.

    Raises:
        ContractError: A file is no JSON object, or its record has another name than the file.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(place.rglob("*.avsc"), key=lambda path: path.stem):
        try:
            schema = json.loads(path.read_bytes())
        except ValueError:
            raise ContractError(path.stem, "the file is no JSON") from None
        if not isinstance(schema, dict) or schema.get("name") != path.stem:
            raise ContractError(path.stem, "the file declares another name than its own")
        if path.stem in found:
            raise ContractError(path.stem, "two files declare this name")
        found[path.stem] = schema
    return found


@cache
def declared() -> dict[str, dict[str, Any]]:
    """Give every contract as declared, by name, sorted. Do not change what this gives.

    Raises:
        ContractError: There is no contract at all, or a file is not what `read` expects.
    """
    found = read(folder())
    if not found:
        raise ContractError("schemas/avro", "no contract found; the package is incomplete")
    return found


def simple(name: str) -> str:
    """Give a name without its namespace."""
    return name.rpartition(".")[2]


def full_name(schema: dict[str, Any]) -> str:
    """Give a definition's name with its namespace."""
    return f"{schema['namespace']}.{schema['name']}" if "namespace" in schema else schema["name"]


def resolved(record: str, among: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """Give a contract that stands alone: each definition where its name is met first.

    Args:
        record: The contract's name without namespace.
        among: Where to look for definitions; the current contracts where None.

    Raises:
        ContractError: There is no such contract, or it names a definition that is not there.
    """
    definitions = declared() if among is None else among
    if record not in definitions:
        raise ContractError(record, "there is no such contract")
    seen: set[str] = set()

    def stand_alone(schema: Schema) -> Any:  # noqa: ANN401  # the same shape that it was given
        if isinstance(schema, list):
            return [stand_alone(branch) for branch in schema]
        if isinstance(schema, str):
            if "." not in schema or schema in seen:
                return schema
            if simple(schema) not in definitions:
                raise ContractError(record, f"{schema} is declared nowhere")
            return stand_alone(definitions[simple(schema)])
        if "name" in schema:
            seen.add(full_name(schema))
        alone = dict(schema)
        if "fields" in schema:
            alone["fields"] = [f | {"type": stand_alone(f["type"])} for f in schema["fields"]]
        if "items" in schema:
            alone["items"] = stand_alone(schema["items"])
        return alone

    alone: dict[str, Any] = stand_alone(definitions[record])
    return alone


def symbols(definition: dict[str, Any], classes: Mapping[str, type]) -> list[StrEnum]:
    """Give an enum's codes in the order of its symbols.

    Raises:
        ContractError: The contract and the class do not have the same codes.
    """
    known = classes.get(definition["name"])
    codes = list(known) if known is not None and issubclass(known, StrEnum) else []
    by_symbol = {code.value.replace("-", "_"): code for code in codes}
    if sorted(by_symbol) != sorted(definition["symbols"]):
        raise ContractError(definition["name"], "its symbols are not the codes of the class")
    return [by_symbol[symbol] for symbol in definition["symbols"]]
