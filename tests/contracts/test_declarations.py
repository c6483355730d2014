"""The contracts say what the classes say, and everything in them is documented."""

import json
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import fastavro
import pytest

from streams.contracts import declarations
from streams.contracts.codec import classes
from streams.contracts.declarations import ContractError, declared, folder, read, resolved
from streams.contracts.event import event_classes
from streams.domain.codes import Part
from streams.domain.entry import LedgerEntry, Notice
from streams.domain.person import ClosedState, PersonState
from streams.engines.kafka.partition_state import AgencyHeard, PartitionState
from streams.promises.connector import Details
from streams.promises.engine import DeadLetter
from streams.promises.watermark import Watermark

ROOT = Path(__file__).parents[2]
CLASSES: dict[str, type] = {
    **classes(),
    "DeadLetter": DeadLetter,
    "AgencyHeard": AgencyHeard,
    "PartitionState": PartitionState,
    "Watermark": Watermark,
}
BY_BYTES = {"LedgerEntry": ["state_digest", "sealed"], "PersonState": ["sealed"]}
"""Fields that the contract has beside the class's: digest and trail."""

RECORDS = [name for name, schema in declared().items() if schema["type"] == "record"]
ENUMS = [name for name, schema in declared().items() if schema["type"] == "enum"]
TUPLES = [name for name in RECORDS if name != "Details"]


def fields(record: str) -> list[dict[str, Any]]:
    return list(declared()[record]["fields"])


def parts_in(schema: Any) -> list[Any]:  # noqa: ANN401  # a schema is JSON
    if isinstance(schema, list):
        return [part for branch in schema for part in parts_in(branch)]
    if isinstance(schema, dict):
        inner = [schema.get("items"), *[field["type"] for field in schema.get("fields", [])]]
        inner += [schema["type"]] if isinstance(schema.get("type"), dict | list) else []
        return [schema, *[part for one in inner if one for part in parts_in(one)]]
    return [schema]


@pytest.mark.parametrize("record", TUPLES)
def test_a_contract_has_the_fields_of_its_class_in_their_order(record: str) -> None:
    names = [name.rstrip("_") for name in CLASSES[record]._fields]  # type: ignore[attr-defined]  # a NamedTuple
    assert [field["name"] for field in fields(record)] == names + BY_BYTES.get(record, [])


def test_the_details_have_the_fields_of_their_class_all_optional() -> None:
    assert [field["name"] for field in fields("Details")] == list(Details.__annotations__)
    assert all(field["type"] == ["null", "string"] for field in fields("Details"))
    assert all(field["default"] is None for field in fields("Details"))


def test_every_detail_is_marked_with_a_sealed_part() -> None:
    marks = {field["sealed"] for field in fields("Details")}
    assert marks <= {part.value for part in Part} - {"unknown", "raw_digest"}


@pytest.mark.parametrize("code", ENUMS)
def test_an_enum_has_the_codes_of_its_class_and_falls_back_to_unknown(code: str) -> None:
    known = CLASSES[code]
    assert issubclass(known, StrEnum)
    assert declared()[code]["symbols"] == [each.value.replace("-", "_") for each in known]
    assert declared()[code]["default"] == "unknown"


def test_every_record_that_is_kept_or_sent_has_its_contract() -> None:
    kept = {cls.__name__ for cls in (LedgerEntry, Notice, DeadLetter, PersonState, ClosedState)}
    assert kept | set(event_classes()) | {"Envelope", "SourceRef", "SealedPart"} <= set(RECORDS)


def test_every_contract_and_every_field_says_what_it_is() -> None:
    undocumented = [name for name, schema in declared().items() if not schema["doc"].strip()]
    undocumented += [
        f"{record}.{field['name']}"
        for record in RECORDS
        for field in fields(record)
        if not field["doc"].strip().endswith(".")
    ]
    assert not undocumented


def test_every_number_of_time_names_its_unit() -> None:
    timed = [
        (field["name"], field["doc"])
        for record in RECORDS
        for field in fields(record)
        if "timestamp-micros" in json.dumps(field["type"]) or field["name"].endswith("_us")
    ]
    assert timed
    assert not [name for name, doc in timed if "microseconds" not in doc]


def test_what_may_be_absent_is_null_by_default() -> None:
    optional = [
        (record, field)
        for record in RECORDS
        for field in fields(record)
        if isinstance(field["type"], list) and "null" in field["type"]
    ]
    assert optional
    assert all(
        field["type"][0] == "null" and field.get("default", 0) is None for _, field in optional
    )


def test_a_contract_stands_in_the_folder_of_its_concept() -> None:
    for path in folder().rglob("*.avsc"):
        schema = declared()[path.stem]
        assert schema["namespace"] == f"fi.saattaen.{path.parent.name}"


@pytest.mark.parametrize("record", RECORDS)
def test_a_contract_stands_alone_for_another_library(record: str) -> None:
    assert fastavro.parse_schema(resolved(record))


def test_contracts_have_no_floats_so_that_bytes_are_the_same_everywhere() -> None:
    used = {str(part) for record in RECORDS for part in parts_in(resolved(record))}
    assert "long" in used
    assert not used & {"float", "double"}


def test_no_contract_nests_in_itself() -> None:
    def mentions(name: str) -> set[str]:
        found = {part for part in parts_in(declared()[name]) if isinstance(part, str)}
        return {part.rpartition(".")[2] for part in found if "." in part}

    for record in RECORDS:
        reached: set[str] = set()
        beyond = mentions(record)
        while beyond:
            reached |= beyond
            beyond = {far for near in beyond for far in mentions(near)} - reached
        assert record not in reached


def test_sealed_fields_are_arrays_of_sealed_parts_and_stand_last() -> None:
    marked = [
        (record, place, field)
        for record in TUPLES
        for place, field in enumerate(fields(record))
        if "SealedPart" in json.dumps(field["type"])
    ]
    assert len(marked) > 20
    for record, place, field in marked:
        assert field["sealed"] is True
        assert place == len(fields(record)) - 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "the file is no JSON"),
        ("[]", "the file declares another name than its own"),
        ('{"name": "Other"}', "the file declares another name than its own"),
    ],
)
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "Handoff.avsc").write_text(text)
    with pytest.raises(ContractError, match=f"Handoff: {reason}"):
        read(tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for concept in ("one", "two"):
        (tmp_path / concept).mkdir()
        (tmp_path / concept / "Handoff.avsc").write_text('{"name": "Handoff"}')
    with pytest.raises(ContractError, match="two files declare this name"):
        read(tmp_path)


def test_a_package_without_contracts_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declarations, "_PACKAGED", tmp_path)
    assert declarations.folder() == tmp_path
    with pytest.raises(ContractError, match="no contract found"):
        declarations.declared.__wrapped__()


def test_a_contract_that_is_not_there_cannot_stand_alone() -> None:
    with pytest.raises(ContractError, match="Nobody: there is no such contract"):
        resolved("Nobody")


def test_a_contract_that_names_what_is_not_there_cannot_stand_alone() -> None:
    lone = {"Case": declared()["Case"] | {"fields": [{"name": "a", "type": "fi.x.Nobody"}]}}
    with pytest.raises(ContractError, match="Nobody is declared nowhere"):
        resolved("Case", among=lone)


def test_codes_that_differ_from_their_class_are_refused() -> None:
    definition = declared()["Priority"] | {"symbols": ["unknown", "routine"]}
    with pytest.raises(ContractError, match="Priority: its symbols are not the codes"):
        declarations.symbols(definition, CLASSES)
    with pytest.raises(ContractError, match="Priority: its symbols are not the codes"):
        declarations.symbols(definition, {})


def test_reading_and_writing_do_not_load_a_heavy_library() -> None:
    script = (
        "import sys, streams.contracts; light = 'streams.domain' not in sys.modules\n"
        "import streams.contracts.entry as entry, streams.contracts.person\n"
        "entry._entries()\n"
        "sys.exit(not light or 'fastavro' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert run.returncode == 0
