"""The marks of the contract: which sealed part each field of a message's details belongs to.

They stand in `schemas/avro/person/Details.avsc`, as the attribute `sealed` of each field, so that
whoever reads the contract sees what is sealed.
"""

import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from streams.domain.codes import Part

_DETAILS = ("person", "Details.avsc")


class MarksError(Exception):
    """The contract leaves open how something is sealed. Nothing may go on without its mark."""


@cache
def marks() -> dict[str, Part]:
    """Give the part of every field of the details, as the shipped contract marks it.

    Raises:
        MarksError: A field has no mark or an unknown one, or the contract is not there.
    """
    return marks_of(_contract().read_text(encoding="utf-8"))


def marks_of(schema: str) -> dict[str, Part]:
    """Read the marks out of a record's Avro schema (JSON text).

    Raises:
        MarksError: A field has no mark, or one that is no sealed part.
    """
    parts = {part.value: part for part in Part if part not in (Part.UNKNOWN, Part.RAW_DIGEST)}
    marked: dict[str, Part] = {}
    for field in json.loads(schema)["fields"]:
        part = parts.get(field.get("sealed", ""))
        if part is None:
            raise MarksError(f"Details.{field['name']} has no mark that names a sealed part")
        marked[field["name"]] = part
    return marked


def _contract() -> Traversable:
    # The installed package carries the contracts; in a checkout they stand at its top.
    checkout = Path(__file__).parents[2] / "schemas" / "avro"
    for folder in (files("streams.contracts").joinpath("avro"), checkout):
        contract = folder.joinpath(*_DETAILS)
        if contract.is_file():
            return contract
    raise MarksError("the contract person/Details.avsc is not installed")
