"""What was released stays readable, and each way of breaking that is noticed."""

import json
from io import BytesIO
from pathlib import Path

import fastavro
import pytest

from streams.contracts.catalogue import compare, contracts_list
from streams.contracts.compatibility import Incompatibility
from streams.contracts.declarations import ContractError, declared, folder, read, resolved
from streams.contracts.older import renew
from streams.domain.envelope import SourceRef
from tests.contracts import release as command
from tests.contracts.examples import RECORDS, decode, encoded_example
from tests.contracts.golden import RELEASED, departures, release

VERSIONS = sorted(path.name for path in RELEASED.iterdir())
RECORD = "HandoffRejected"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the current contracts as if released, to plant faults in."""
    place = tmp_path / "1"
    release(place)
    return place


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_field(place: Path, record: str, name: str, **changes: object) -> None:
    path = place / f"{record}.avsc"
    fields = json.loads(path.read_text())["fields"]
    changed = [one | changes if one["name"] == name else one for one in fields]
    assert changed != fields
    edit(path, fields=changed)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_contracts_keep_to_every_release(version: str) -> None:
    assert departures(RELEASED / version) == []


def test_there_is_a_release_with_golden_bytes_of_every_record_that_is_kept_or_sent() -> None:
    newest = RELEASED / max(VERSIONS, key=int)
    assert {path.stem for path in newest.glob("*.golden")} == set(RECORDS)
    assert set(read(newest)) == set(declared())


def test_a_fresh_release_is_kept_to(copy: Path) -> None:
    assert departures(copy) == []


def test_a_contract_that_is_gone_is_noticed(copy: Path) -> None:
    (copy / "HandoffForgotten.avsc").write_text(
        json.dumps(declared()[RECORD] | {"name": "HandoffForgotten"})
    )
    assert compare(copy) == [
        Incompatibility("HandoffForgotten", "the contract was released and is gone")
    ]


def test_a_contract_that_only_changed_its_name_has_an_heir(copy: Path) -> None:
    # As if the release had called `Withheld` otherwise and `Withheld` named that as an alias.
    definition = declared()["Withheld"]
    (copy / "Withheld.avsc").rename(copy / "Kept.avsc")
    edit(copy / "Kept.avsc", name="Kept", aliases=["Withheld"])
    assert Incompatibility("Kept", "the contract was released and is gone") in compare(copy)
    definition["aliases"] = ["Kept"]
    try:
        found = compare(copy)
    finally:
        del definition["aliases"]
    assert not [one for one in found if "is gone" in one.why]


def test_a_field_added_without_a_default_is_noticed(copy: Path) -> None:
    fields = [one for one in declared()[RECORD]["fields"] if one["name"] != "reason"]
    edit(copy / f"{RECORD}.avsc", fields=fields)
    assert f"{RECORD}.reason" in [path for path, _ in compare(copy)]


def test_a_code_that_became_another_type_is_noticed(copy: Path) -> None:
    edit_field(copy, RECORD, "reason", type="string")
    assert {path for path, _ in compare(copy)} == {f"{RECORD}.reason"}


def test_a_part_that_is_no_longer_sealed_is_noticed(copy: Path) -> None:
    edit_field(copy, "Details", "phone", sealed="identity")
    assert [path for path, _ in compare(copy)] == ["Details.phone"]


def test_golden_bytes_that_mean_something_else_are_noticed(copy: Path) -> None:
    golden = copy / f"{RECORD}.golden"
    kept = json.loads(golden.read_text())
    kept["value"]["envelope"]["age_years"] += 1
    golden.write_text(json.dumps(kept))
    assert departures(copy) == [
        f"{RECORD}.envelope.age_years: golden bytes mean something else now"
    ]


def test_codes_in_another_order_are_noticed_by_the_golden_bytes(copy: Path) -> None:
    # The numbers of the codes are what stands in the bytes: the release had them the other way.
    edit(copy / "RejectReason.avsc", symbols=declared()["RejectReason"]["symbols"][::-1])
    assert f"{RECORD}.reason: golden bytes mean something else now" in departures(copy)


def test_golden_bytes_without_a_contract_are_noticed(copy: Path) -> None:
    (copy / "DeadLetter.avsc").unlink()
    assert departures(copy) == ["DeadLetter: golden bytes without a contract"]


def test_the_same_value_in_other_bytes_is_noticed(copy: Path) -> None:
    golden = copy / "DeadLetter.golden"
    kept = json.loads(golden.read_text())
    data = bytes.fromhex(kept["hex"])
    one = encoded_example("DeadLetter")
    assert data == one
    errors = data.index(b"\x02\x24Problem.code")
    # The array with its length in bytes, which Avro leaves to the writer.
    end = data.index(b"\x00", data.index(b"Problem.nearest"))
    item = data[errors + 1 : end]
    size = bytes(((len(item) << 1) & 127 | 128, (len(item) << 1) >> 7))
    kept["hex"] = (data[:errors] + b"\x01" + size + item + data[end:]).hex()
    golden.write_text(json.dumps(kept))
    assert departures(copy) == ["DeadLetter: the same value has other bytes"]


def test_bytes_of_an_older_contract_are_brought_forward() -> None:
    older = resolved("SourceRef")
    older["fields"] = [one for one in older["fields"] if one["name"] != "transport_id"]
    older["fields"].append({"name": "lane", "type": "string", "default": ""})
    written = BytesIO()
    schema = fastavro.parse_schema(older)
    fastavro.schemaless_writer(written, schema, {"message_id": "m", "version": 2, "lane": "x"})
    renewed = renew("SourceRef", written.getvalue(), older)
    assert renewed == b"\x02m\x04\x00"


@pytest.mark.parametrize("record", ["LedgerEntry", "PersonState", RECORD])
def test_current_bytes_brought_forward_stay_as_they_are(record: str) -> None:
    data = encoded_example(record)
    assert renew(record, data, resolved(record)) == data
    assert decode(record, data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "older bytes: "), (b"\x02m\x04\x00\x00", "older bytes go on after the end")],
)
def test_older_bytes_that_are_no_value_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ContractError, match=reason):
        renew(SourceRef.__name__, data, resolved("SourceRef"))


def test_a_release_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RELEASED", tmp_path)
    assert command.main(["2"]) == 0
    assert departures(tmp_path / "2") == []
    assert command.main(["2"]) == 4
    assert command.main([]) == 2
    assert command.main(["two"]) == 2
    assert "version 2 is released" in capsys.readouterr().err


def test_the_list_of_contracts_has_every_record_with_avros_fingerprint() -> None:
    contracts = contracts_list()
    names = [contract.name for contract in contracts]
    assert len(names) == len(set(names)) == sum("fields" in one for one in declared().values())
    assert [one.concept for one in contracts] == sorted(one.concept for one in contracts)
    (source,) = [contract for contract in contracts if contract.name == "SourceRef"]
    assert source[:3] == ("SourceRef", "envelope", ("message_id", "version", "transport_id"))
    for contract in contracts:
        canonical = fastavro.schema.to_parsing_canonical_form(resolved(contract.name))
        assert contract.fingerprint == fastavro.schema.fingerprint(canonical, "SHA-256")


def test_a_folder_that_holds_no_contracts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Case.avsc").write_text("{")
    with pytest.raises(ContractError, match="Case: the file is no JSON"):
        compare(tmp_path)


def test_the_current_contracts_keep_to_themselves() -> None:
    assert compare(folder()) == []
