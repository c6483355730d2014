"""`agreement` and `contracts`: looked through, shown, checked; findings are exit code 6."""

import json
import shutil
from pathlib import Path

import pytest
from dirty_equals import IsPartialDict, IsStr

from streams.contracts import codec
from streams.contracts.consumers import touched_by
from streams.contracts.declarations import ContractError, folder
from streams.domain.referral import ReferralSubmitted
from tests.cli.command import REGION, run

NOT_THERE = "nowhere.toml"


def test_a_file_that_is_no_agreement_is_a_finding(tmp_path: Path) -> None:
    ended = run("agreement", "lint", tmp_path / NOT_THERE, "--json")

    assert ended.code == 6
    assert ended.document() == [
        IsPartialDict({"code": "missing-file", "severity": "error", "file": NOT_THERE})
    ]


def test_findings_read_well(tmp_path: Path) -> None:
    ended = run("agreement", "lint", tmp_path / NOT_THERE)

    assert "SEVERITY  WHERE" in ended.data
    assert f"error     {NOT_THERE}" in ended.data


def test_lint_of_the_demonstration_region_finds_no_error() -> None:
    ended = run("agreement", "lint", "--json")

    assert ended.code in (0, 6)
    assert [finding for finding in ended.document() if finding["severity"] == "error"] == []


def test_the_agreement_of_an_instant_is_shown() -> None:
    words = ["agreement", "show", "--region", REGION, "--at", "2026-03-02"]

    shown = run(*words, "--json").document()
    told = run(*words).data

    assert shown == IsPartialDict(
        {"region": "sample", "profile": "test", "at": "2026-03-01T22:00:00+00:00"}
    )
    assert "profile" in told
    assert "job_coaching" in told
    assert "bar" in told


def test_the_agreement_of_now_is_shown_by_default() -> None:
    assert run("agreement", "show", "--json").document()["digest"] == IsStr(regex="[0-9a-f]{64}")


def test_the_demonstration_region_keeps_its_cases() -> None:
    ended = run("agreement", "test")

    assert (ended.code, ended.data) == (0, "")
    assert "all as expected" in ended.talk


def test_a_case_that_comes_out_otherwise_is_a_finding(tmp_path: Path) -> None:
    cases = tmp_path / "cases.toml"
    cases.write_text(
        '[[case]]\nname = "coaching"\nsource = "kela"\nservice = "job_coaching"\n'
        'municipality = "405"\n[case.expect]\nrecipient = "employment.imatra"\n'
    )
    words = ["agreement", "test", "--region", REGION, "--cases", cases]

    ended = run(*words, "--json")

    assert ended.code == 6
    assert ended.document() == [
        {
            "name": "coaching",
            "line": 1,
            "holds": False,
            "differences": [
                {
                    "key": "recipient",
                    "expected": "employment.imatra",
                    "found": "employment.lappeenranta",
                }
            ],
        }
    ]
    assert "employment.imatra  employment.lappeenranta" in run(*words).data


def test_cases_that_are_not_there_are_invalid_input(tmp_path: Path) -> None:
    assert run("agreement", "test", "--cases", tmp_path / NOT_THERE).code == 5


def test_contracts_are_listed_with_their_fingerprints() -> None:
    listed = {
        contract["name"]: contract for contract in run("contracts", "list", "--json").document()
    }

    assert listed["HandoffAccepted"] == {
        "name": "HandoffAccepted",
        "concept": "handoff",
        "fields": ["envelope", "handoff_id", "referral_id", "sealed"],
        "fingerprint": IsStr(regex="[0-9a-f]{64}"),
    }
    assert "handoff" in run("contracts", "list").data


def test_contracts_keep_to_themselves() -> None:
    ended = run("contracts", "check", "--against", folder())

    assert (ended.code, ended.data) == (0, "")
    assert "nothing found" in ended.talk


def test_a_contract_that_lost_a_field_is_a_finding(tmp_path: Path) -> None:
    released = tmp_path / "released"
    shutil.copytree(folder(), released)
    place = released / "handoff" / "HandoffAccepted.avsc"
    schema = json.loads(place.read_text())
    schema["fields"].append({"name": "was_there", "type": "string", "doc": "Once."})
    place.write_text(json.dumps(schema))

    ended = run("contracts", "check", "--against", released, "--json")

    assert ended.code == 6
    (finding,) = ended.document()["findings"]
    assert finding == {
        "kind": "folder",
        "path": "HandoffAccepted.was_there",
        "why": IsStr(min_length=1),
        "touches": list(touched_by("HandoffAccepted")),
    }
    assert "HandoffAccepted.was_there" in run("contracts", "check", "--against", released).data


def test_a_contract_that_does_not_fit_the_code_is_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fits = codec.codec_of

    def unfit(of: type) -> object:
        if of is ReferralSubmitted:
            raise ContractError("ReferralSubmitted", "its fields are not the class's")
        return fits(of)

    monkeypatch.setattr(codec, "codec_of", unfit)

    ended = run("contracts", "check", "--json")

    assert ended.code == 6
    (finding,) = ended.document()["findings"]
    assert finding["path"] == "ReferralSubmitted"
    assert finding["why"] == "its fields are not the class's"


def test_a_release_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert run("contracts", "check", "--against", tmp_path / "nowhere").code == 3
