"""What an agreement says of statements: who records which, and what permits and tasks meet."""

from datetime import date
from pathlib import Path

import pytest

from streams.bootstrap.agreement_file import load_agreements, read_editions
from streams.bootstrap.agreement_lint import Finding, lint
from streams.bootstrap.agreement_problems import AgreementError
from streams.bootstrap.agreement_remarks import INFO
from streams.bootstrap.agreement_summary import describe
from streams.domain.calendar import midnight
from streams.domain.codes import Branch, Service
from streams.domain.ids import AgencyId
from streams.domain.statements import StatementKind
from tests.agreements.files import SAMPLE, only, planted

TODAY = date(2026, 11, 22)
CONSENT, PERMIT, PROHIBITION = (
    StatementKind.CONSENT,
    StatementKind.PERMIT,
    StatementKind.PROHIBITION,
)
KELA = ('id = "kela"', 'id = "kela"\nrecords = {}')
SECOND_TASK = """
[[service_task]]
code = "LAPSIPERHEET"
name = { fi = "Lapsiperheet", sv = "Barnfamiljer", en = "Families with children" }
"""


def records(path: Path | None = None) -> dict[str, tuple[StatementKind, ...]]:
    return {agency.agency_id: agency.records for agency in only(path).agencies.values()}


def kela_records(folder: Path, kinds: str) -> tuple[StatementKind, ...]:
    old, new = KELA
    return records(planted(folder, (old, new.format(kinds))))["kela"]


def gaps(path: Path) -> list[Finding]:
    return [finding for finding in lint(path, today=TODAY) if finding.severity != INFO]


def test_an_agency_records_consents_and_prohibitions_and_permits_where_it_is_of_sote() -> None:
    for known in (records(SAMPLE), records()):
        assert {*known.pop("sote.south-karelia")} == {CONSENT, PERMIT, PROHIBITION}
        assert {*known.values()} == {(CONSENT, PROHIBITION)}


def test_an_agency_records_what_its_record_says(tmp_path: Path) -> None:
    assert kela_records(tmp_path, "[]") == ()
    assert kela_records(tmp_path, '["prohibition", "prohibition"]') == (PROHIBITION,)
    assert kela_records(tmp_path, '["permit"]') == (PERMIT,)


def test_a_service_has_its_branch_of_sote_and_its_task() -> None:
    version = only()
    assert version.service_tasks == ("TYOIKAISTEN_PALVELUT",)
    of_sote = {rule.service for rule in version.services if rule.competent_sector == "sote"}
    assert {r.service for r in version.services if r.branch is not Branch.UNKNOWN} == of_sote
    assessment = version.service(Service.WORK_ABILITY_ASSESSMENT)
    assert assessment is not None
    assert (assessment.branch, assessment.service_task) == (Branch.HEALTH, "")
    rehabilitation = version.service(Service.SOCIAL_REHABILITATION)
    assert rehabilitation is not None
    assert (rehabilitation.branch, rehabilitation.service_task) == (
        Branch.SOCIAL,
        "TYOIKAISTEN_PALVELUT",
    )


def test_who_records_what_is_a_version_of_its_own_where_it_changes_on_a_date(
    tmp_path: Path,
) -> None:
    text = planted(tmp_path).read_text(encoding="utf-8")
    (kela,) = (t for t in text.split("\n\n") if t.startswith('[[agency]]\nid = "kela"'))
    later = kela.replace('id = "kela"', 'id = "kela"\nvalid_from = 2026-07-01\nrecords = []')
    until = kela.replace('id = "kela"', 'id = "kela"\nvalid_to = 2026-06-30')
    agreements = load_agreements(planted(tmp_path, (kela, f"{until}\n\n{later}")))
    known = [
        agreements.in_force(midnight(day.toordinal())).agencies[AgencyId("kela")].records
        for day in (date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert known == [(CONSENT, PROHIBITION), ()]


def test_mistakes_are_told_all_at_once(tmp_path: Path) -> None:
    file = planted(
        tmp_path,
        ('records = ["consent", "permit", "prohibition"]', 'records = ["consent", "permitt"]'),
        ('branch = "health"', 'branch = "healht"'),
        ('branch = "social" # [known]: a social service', "branch = 1"),
        (
            'law_ref = "KKRL 566/2005" #',
            'service_task = "TYOIKAISTEN_PALVELUTT"\nlaw_ref = "KKRL" #',
        ),
        (', en = "Services for people of working age" }', "}"),
        add='\n[[service_task]]\ncode = "TYOIKAISTEN_PALVELUT"\nname = { fi = "x", sv = "x",'
        ' en = "x" }\n[[service_task]]\ncode = "no spaces"\nname = "x"\n',
    )
    with pytest.raises(AgreementError) as wrong:
        load_agreements(file)
    assert {p.path: (p.code, p.nearest) for p in wrong.value.problems} == {
        "agency[0].records[1]": ("unknown-code", "permit"),
        "service.work_ability_assessment.branch": ("unknown-code", "health"),
        "service.social_rehabilitation.branch": ("bad-value", ""),
        "service.vocational_rehabilitation.service_task": (
            "unknown-code",
            "TYOIKAISTEN_PALVELUT",
        ),
        "service_task[0].name.en": ("missing-key", ""),
        "service_task[1].code": ("contradiction", ""),
        "service_task[2].code": ("bad-value", ""),
        "service_task[2].name": ("bad-value", ""),
    }


def test_a_task_that_the_file_does_not_have_is_no_task(tmp_path: Path) -> None:
    text = planted(tmp_path).read_text(encoding="utf-8")
    before, _, after = text.partition("\n[[service_task]]")
    file = tmp_path / "without.toml"
    file.write_text(before + after[after.index("\n\n") :], encoding="utf-8")
    with pytest.raises(AgreementError) as wrong:
        load_agreements(file)
    assert {(p.code, p.nearest) for p in wrong.value.problems} == {("unknown-code", "")}
    assert len(wrong.value.problems) == 3


def test_a_task_of_no_service_and_a_sote_service_of_no_branch_are_gaps(tmp_path: Path) -> None:
    file = planted(tmp_path, ('branch = "health"', "# no branch"), add=SECOND_TASK)
    found = {(f.code, f.severity, f.path) for f in gaps(file)}
    assert found == {
        ("service-without-branch", "warn", "service.work_ability_assessment"),
        ("service-task-unused", "warn", "service_task[1]"),
    }


def test_a_service_that_sote_answers_by_name_needs_a_branch_too(tmp_path: Path) -> None:
    named = """
[[service.job_coaching.recipient]]
agency = "sote.south-karelia"
source_sectors = ["kela"]
"""
    (gap,) = (f for f in gaps(planted(tmp_path, add=named)) if f.code == "service-without-branch")
    assert gap.path == "service.job_coaching"


def test_what_is_agreed_of_statements_is_shown() -> None:
    shown = describe(read_editions(), midnight(TODAY.toordinal()))
    agencies, services = shown["agencies"], shown["services"]
    assert isinstance(agencies, list)
    assert isinstance(services, list)
    assert agencies[0]["records"] == ["consent", "permit", "prohibition"]
    of = {service["service"]: (service["branch"], service["service_task"]) for service in services}
    assert of["social_rehabilitation"] == ("social", "TYOIKAISTEN_PALVELUT")
    assert of["job_coaching"] == (None, None)
    assert [task["code"] for task in shown["service_tasks"]] == ["TYOIKAISTEN_PALVELUT"]  # type: ignore[attr-defined]  # JSON, whose shape the test holds
