"""Every field of a message's details has a mark that says which sealed part it belongs to."""

import json
from pathlib import Path

import pytest

from streams.domain.codes import Part
from streams.promises.connector import Details
from streams.sealing import marks as marks_module
from streams.sealing.marks import MarksError, marks, marks_of


def schema(**sealed: str) -> str:
    fields = [{"name": name, "sealed": part} for name, part in sealed.items()]
    return json.dumps({"name": "Details", "fields": fields})


def test_every_field_of_the_details_is_marked() -> None:
    assert marks().keys() == Details.__annotations__.keys()


def test_who_and_where_a_person_is_goes_by_its_own_category() -> None:
    table = marks()
    assert table["hetu"] is table["family_name"] is Part.IDENTITY
    assert table["phone"] is table["municipality"] is Part.CONTACT


def test_a_field_without_a_mark_is_refused() -> None:
    with pytest.raises(MarksError, match=r"Details\.reason"):
        marks_of(json.dumps({"fields": [{"name": "reason"}]}))


@pytest.mark.parametrize("part", ["", "unknown", "raw_digest", "diary"])
def test_a_mark_that_names_no_sealed_part_is_refused(part: str) -> None:
    with pytest.raises(MarksError, match=r"Details\.reason"):
        marks_of(schema(reason=part))


def test_a_missing_contract_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks_module, "_DETAILS", ("person", "Elsewhere.avsc"))
    marks.cache_clear()
    with pytest.raises(MarksError, match="not installed"):
        marks()
