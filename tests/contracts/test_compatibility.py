"""What a change of a contract may do to those who read and write with the old one."""

from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.compatibility import Incompatibility, compatible
from streams.contracts.declarations import Schema, declared, resolved

OLD, NEW = "a reader of the old schema", "a reader of the new schema"
MOMENT = {"type": "long", "logicalType": "timestamp-micros"}


def record(*fields: dict[str, Any], name: str = "Case", **more: object) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(kind: Schema, name: str = "a", **more: object) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def codes(*symbols: str, **more: object) -> dict[str, Any]:
    return {"type": "enum", "name": "Status", "symbols": list(symbols), **more}


@pytest.mark.parametrize("contract", list(declared()))
def test_a_contract_is_compatible_with_itself(contract: str) -> None:
    assert compatible(resolved(contract), resolved(contract)) == []


CHANGES: list[tuple[str, Schema, Schema, list[tuple[str, str]]]] = [
    ("a field with a default is added", record(), record(field("long", default=0)), []),
    ("a field with a default goes", record(field("long", default=0)), record(), []),
    (
        "a field without a default is added",
        record(),
        record(field("long")),
        [("Case.a", f"{NEW} misses the field, and has no default for it")],
    ),
    (
        "a field without a default goes",
        record(field("long")),
        record(),
        [("Case.a", f"{OLD} misses the field, and has no default for it")],
    ),
    (
        "a field gets another name, with its old one as an alias",
        record(field("long", "a")),
        record(field("long", "b", aliases=["a"])),
        [("Case.a", f"{OLD} misses the field, and has no default for it")],
    ),
    (
        "a number grows",
        record(field("int")),
        record(field("long")),
        [("Case.a", f"{OLD} cannot take long for int")],
    ),
    (
        "a number becomes a text",
        record(field("long")),
        record(field("string")),
        [
            ("Case.a", f"{NEW} cannot take long for string"),
            ("Case.a", f"{OLD} cannot take string for long"),
        ],
    ),
    ("a text becomes bytes", record(field("string")), record(field("bytes")), []),
    (
        "a field may be absent from now on",
        record(field("string")),
        record(field(["null", "string"])),
        [("Case.a.null", f"{OLD} cannot take null for string")],
    ),
    (
        "a union gets a branch",
        record(field(["null", "string"])),
        record(field(["null", "string", "long"])),
        [("Case.a.long", f"{OLD} has no branch for long")],
    ),
    (
        "a union loses a branch",
        record(field(["null", "string", "long"])),
        record(field(["null", "string"])),
        [("Case.a.long", f"{NEW} has no branch for long")],
    ),
    (
        "a code is added, and unknown is the default",
        codes("unknown", "open", default="unknown"),
        codes("unknown", "open", "closed", default="unknown"),
        [],
    ),
    (
        "a code is added without a default",
        codes("open"),
        codes("open", "closed"),
        [("Status", f"{OLD} does not know closed, and has no default")],
    ),
    (
        "codes go without a default",
        codes("open", "closed", "lost"),
        codes("open"),
        [("Status", f"{NEW} does not know closed, lost, and has no default")],
    ),
    (
        "items of an array change",
        record(field({"type": "array", "items": "long"})),
        record(field({"type": "array", "items": "boolean"})),
        [
            ("Case.a[]", f"{NEW} cannot take long for boolean"),
            ("Case.a[]", f"{OLD} cannot take boolean for long"),
        ],
    ),
    (
        "values of a map change",
        {"type": "map", "values": "int"},
        {"type": "map", "values": "long"},
        [("map{}", f"{OLD} cannot take long for int")],
    ),
    (
        "a digest gets longer",
        {"type": "fixed", "name": "Digest", "size": 16},
        {"type": "fixed", "name": "Digest", "size": 32},
        [
            ("Digest", f"{NEW} cannot take 16 bytes for 32"),
            ("Digest", f"{OLD} cannot take 32 bytes for 16"),
        ],
    ),
    (
        "a record gets another name",
        record(),
        record(name="Chain"),
        [
            ("Chain", f"{NEW} cannot take Case for Chain"),
            ("Chain", f"{OLD} cannot take Chain for Case"),
        ],
    ),
    (
        "a record gets another name, with its old one as an alias",
        record(),
        record(name="Chain", aliases=["fi.saattaen.Case"]),
        [("Chain", f"{OLD} cannot take Chain for Case")],
    ),
    (
        "a moment is counted otherwise",
        record(field(MOMENT)),
        record(field(MOMENT | {"logicalType": "timestamp-millis"})),
        [("Case.a", "the logical type was timestamp-micros and is timestamp-millis")],
    ),
    (
        "a moment that may be absent becomes a bare number",
        record(field(["null", MOMENT])),
        record(field(["null", "long"])),
        [("Case.a", "the logical type was timestamp-micros and is none")],
    ),
    (
        "a field is no longer sealed",
        record(field("bytes", sealed=True)),
        record(field("bytes")),
        [("Case.a", "the mark of what is sealed was True and is None")],
    ),
    (
        "a record inside an array changes",
        record(field({"type": "array", "items": ["null", record(name="Rung")]})),
        record(field({"type": "array", "items": ["null", record(field("long"), name="Rung")]})),
        [("Case.a[].Rung.a", f"{NEW} misses the field, and has no default for it")],
    ),
    (
        "another record is named",
        record(field("fi.saattaen.Rung")),
        record(field("fi.saattaen.Recall")),
        [
            ("Case.a", f"{NEW} cannot take Rung for Recall"),
            ("Case.a", f"{OLD} cannot take Recall for Rung"),
        ],
    ),
    (
        "a record that was named is declared in its place",
        record(field("fi.saattaen.Rung")),
        record(field(record(name="Rung"))),
        [],
    ),
    (
        "a number becomes a record",
        record(field("long")),
        record(field("fi.saattaen.Rung")),
        [
            ("Case.a", f"{NEW} cannot take long for Rung"),
            ("Case.a", f"{OLD} cannot take Rung for long"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "causes"),
    [change[1:] for change in CHANGES],
    ids=[change[0] for change in CHANGES],
)
def test_a_change_has_the_causes(
    before: Schema, after: Schema, causes: list[tuple[str, str]]
) -> None:
    assert compatible(before, after) == [Incompatibility(*cause) for cause in causes]


def test_a_contract_may_be_a_union() -> None:
    before: list[Schema] = ["null", "long"]
    assert compatible(before, [*before]) == []
    assert compatible(before, [*before, "string"]) == [
        Incompatibility("null | long | string.string", f"{OLD} has no branch for string")
    ]


def test_a_record_that_nests_in_itself_is_looked_into_once() -> None:
    inner = record(field(["null", "fi.saattaen.Case"]), namespace="fi.saattaen")
    outer = record(field(["null", inner]), namespace="fi.saattaen")
    assert compatible(outer, outer) == []


def test_an_alias_declared_elsewhere_counts_for_a_named_record() -> None:
    before, after = record(field("fi.x.Rung")), record(field("fi.x.Step"))
    aliases = {"Step": frozenset({"Rung"})}
    assert compatible(before, after, aliases) == [
        Incompatibility("Case.a", f"{OLD} cannot take Step for Rung")
    ]


PLAIN: dict[str, Any] = {"int": 7, "long": 8, "string": "x", "bytes": b"y", "boolean": True}
TYPES = st.sampled_from(list(PLAIN))
UNIONS = st.lists(TYPES, min_size=1, max_size=3, unique=True)
FIELDS = st.dictionaries(st.sampled_from("abc"), st.tuples(UNIONS, st.booleans()), max_size=3)


def made(fields: dict[str, tuple[list[str], bool]]) -> dict[str, Any]:
    rows = []
    for name, (kinds, given_default) in fields.items():
        branches: list[Schema] = [*kinds]
        default = "y" if kinds[0] == "bytes" else PLAIN[kinds[0]]
        rows.append(field(branches, name, **({"default": default} if given_default else {})))
    return record(*rows)


@given(FIELDS, FIELDS)
def test_what_is_called_compatible_another_library_can_read_both_ways(
    old: dict[str, tuple[list[str], bool]], new: dict[str, tuple[list[str], bool]]
) -> None:
    schemas = (made(old), made(new))
    if compatible(*schemas):
        return
    for (fields, writer), (_, reader) in (
        ((old, schemas[0]), (new, schemas[1])),
        ((new, schemas[1]), (old, schemas[0])),
    ):
        written = BytesIO()
        value = {name: PLAIN[kinds[-1]] for name, (kinds, _) in fields.items()}
        then, now = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
        fastavro.schemaless_writer(written, then, value)
        written.seek(0)
        fastavro.schemaless_reader(written, then, now)
