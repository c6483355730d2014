"""Cases beside an agreement say what its people expect, and where it comes out otherwise."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.bootstrap.agreement_cases import Difference, cases_beside, run_cases
from streams.bootstrap.agreement_file import load_agreements, read_editions
from streams.bootstrap.agreement_problems import AgreementError
from streams.bootstrap.agreement_summary import describe
from streams.domain.calendar import instant
from tests.agreements.files import SAMPLE, SHIPPED, planted

CASE = """[[case]]
name = "to job coaching"
source = "sote.south-karelia"
service = "job_coaching"
municipality = "405"

[case.expect]
recipient = "employment.imatra"
rule = "competent-employment"
purpose = "rehabilitation"
default_categories = ["identity"]
bases = []
"""
SPRING = instant(datetime(2026, 3, 2, tzinfo=UTC))


def cases(folder: Path, text: str) -> Path:
    file = folder / "region.cases.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_cases_hold() -> None:
    results = run_cases(load_agreements(), cases_beside(None))
    assert len(results) >= 9
    assert [result.name for result in results if not result.holds] == []


def test_cases_stand_beside_their_agreement() -> None:
    assert cases_beside(None) == SHIPPED.with_name("south-karelia.cases.toml")
    assert cases_beside(Path("a/region.toml")) == Path("a/region.cases.toml")


def test_a_case_that_comes_out_otherwise_says_how(tmp_path: Path) -> None:
    (result,) = run_cases(load_agreements(), cases(tmp_path, CASE))
    assert not result.holds
    assert (result.name, result.line) == ("to job coaching", 1)
    assert result.differences == (
        Difference("recipient", "employment.imatra", "employment.lappeenranta"),
        Difference("purpose", "rehabilitation", "employment"),
        Difference("default_categories", "identity", "identity, contact, service_needs"),
        Difference("bases", "nothing", "typ_membership"),
    )


def test_a_case_of_nobody_competent_finds_nobody(tmp_path: Path) -> None:
    text = CASE.replace('municipality = "405"', 'municipality = "091"')
    (result,) = run_cases(load_agreements(), cases(tmp_path, text))
    assert result.differences[0] == Difference("recipient", "employment.imatra", "nobody")


def test_a_case_may_name_its_day(tmp_path: Path) -> None:
    leaving = ('id = "employment.imatra"\n', 'id = "employment.imatra"\nvalid_to = 2026-06-30\n')
    agreements = load_agreements(planted(tmp_path, leaving))
    asked = CASE.split("rule =", maxsplit=1)[0].replace('"405"', '"153"')
    for day, holds in (("2026-06-30", True), ("2026-07-01", False)):
        dated = asked.replace("\n\n[case", f"\non = {day}\n\n[case")
        (result,) = run_cases(agreements, cases(tmp_path, dated))
        assert result.holds is holds
    (undated,) = run_cases(agreements, cases(tmp_path, asked))
    assert not undated.holds, "the newest version is asked"


def test_a_service_that_is_not_offered_has_no_purpose(tmp_path: Path) -> None:
    ended = ("[service.job_coaching]\n", "[service.job_coaching]\nvalid_to = 2025-12-31\n")
    agreements = load_agreements(planted(tmp_path, ended, of=SAMPLE))
    asked = CASE.replace("\n\n[case", "\non = 2026-01-01\n\n[case")
    (result,) = run_cases(agreements, cases(tmp_path, asked))
    found = {difference.key: difference.found for difference in result.differences}
    assert (found["rule"], found["purpose"]) == ("service-not-agreed", "nobody")


def test_every_mistake_of_a_case_file_is_said_at_once(tmp_path: Path) -> None:
    text = CASE.replace("job_coaching", "job_choaching").replace("recipient =", "recipiant =")
    with pytest.raises(AgreementError) as wrong:
        run_cases(load_agreements(), cases(tmp_path, text.replace('"405"', '"5"')))
    found = {problem.path: problem.nearest for problem in wrong.value.problems}
    assert found == {
        "case[0].service": "job_coaching",
        "case[0].municipality": "",
        "case[0].expect.recipiant": "recipient",
    }


@pytest.mark.parametrize("content", [b"[[case", b"# \xff", None])
def test_what_is_no_case_file_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "region.cases.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AgreementError) as wrong:
        run_cases(load_agreements(), file)
    (problem,) = wrong.value.problems
    assert problem.code == ("missing-file" if content is None else "malformed")


def test_a_description_is_json_and_names_the_version_in_force() -> None:
    editions = read_editions()
    said = json.loads(json.dumps(describe(editions, SPRING)))
    assert said["digest"] == editions[0].versions[0].digest.hex()
    assert said["clock_digest"] == editions[0].versions[0].clock_digest.hex()
    assert (said["region"], said["profile"]) == ("south-karelia", "test")
    assert (said["at"], said["valid_from"], said["valid_to"]) == (
        "2026-03-02T00:00:00+00:00",
        "2024-12-31T22:00:00+00:00",
        None,
    )
    assert (said["awaiting_basis_for_s"], said["park_for_s"]) == (30 * 86_400, 86_400)
    assert said["calendar"] == {"from": "2015-01-01", "to": "2045-12-31", "closed_days": 465}
    assert [agency["agency"] for agency in said["agencies"]][3] == "kela"
    assert len(said["services"]) == 8
    acceptance = next(clock for clock in said["clocks"] if clock["rule"] == "acceptance")
    assert acceptance["rungs"][0] == {
        "rung": "warn-0.6",
        "to": "recipient",
        "share": 0.6,
        "anchor": None,
        "amount": None,
        "unit": None,
        "office_hours": True,
    }
    assert said["reject_reasons"][0]["reroutes"] is True
    assert said["bounce"] == {
        "window_days": 90,
        "limit": 3,
        "coordinator": "sote.south-karelia",
    }


def test_a_description_holds_only_the_records_of_its_instant(tmp_path: Path) -> None:
    ended = ('rule = "acceptance"', 'rule = "acceptance"\nvalid_to = 2025-12-31')
    editions = read_editions(planted(tmp_path, ended, of=SAMPLE))
    assert describe(editions, SPRING)["clocks"] == []


def test_a_description_keeps_the_address_of_a_webhook_to_itself(tmp_path: Path) -> None:
    hook = ('delivery = "none"', 'delivery = "webhook:https://agency.example/in?token=abc"')
    said = json.dumps(describe(read_editions(planted(tmp_path, hook, of=SAMPLE)), SPRING))
    assert "token" not in said
    assert '"delivery": "webhook"' in said


def test_a_description_names_the_recipients_of_a_service(tmp_path: Path) -> None:
    named = '[[service.job_coaching.recipient]]\nagency = "kela"\nmunicipalities = ["405"]\n'
    change = ("[service.job_coaching]", named + "[service.job_coaching]")
    said = json.dumps(describe(read_editions(planted(tmp_path, change)), SPRING))
    assert (
        '"recipients": [{"agency": "kela", "source_sectors": [], "municipalities": ["405"]}]'
        in (said)
    )
