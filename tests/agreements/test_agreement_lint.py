"""Each gap that lint knows is found in a planted file, and none of them in the shipped one."""

import re
from datetime import date
from pathlib import Path

import pytest

from streams.bootstrap.agreement_lint import Finding, has_gaps, lint
from streams.bootstrap.agreement_remarks import INFO
from tests.agreements.files import FEAST_CALENDAR, SAMPLE, SHIPPED, planted, three_clocks

TODAY = date(2026, 11, 22)
LAPPEENRANTA = '"405", "416", "441", "739", "831"]'
COACHING = """[service.job_coaching]
purpose = "employment"
default_categories = ["identity", "contact", "service_needs"]"""
NGO = """[[agency]]
id = "ngo"
sector = "kela"
name = { fi = "Yhdistys", sv = "Förening", en = "Association" }
business_id = "9100008-0"
oid = "1.2.246.10.1"
xroad_member = "FI-TEST/ORG/9100008-0"
municipalities = []
counties = ["11"]

"""
SECOND_BASIS = """
[[basis]]
kind = "statute"
from_sector = ["typ"]
to_sector = ["kela"]
purpose = "rehabilitation"
categories = ["service_needs"]
law_ref = "KKRL 566/2005 61-63 §; SVL 1224/2004 19 luku"
"""
SECOND_ACCEPTANCE = """
[[clock]]
rule = "acceptance"
unit = "working_days"
limit = 5
starts_on = ["requested"]
met_on = ["accepted", "rejected"]
"""


def gaps(path: Path) -> list[Finding]:
    return [finding for finding in lint(path, today=TODAY) if finding.severity != INFO]


def one(path: Path) -> Finding:
    found = gaps(path)
    assert len(found) == 1, found
    return found[0]


def test_the_shipped_agreement_has_no_gap() -> None:
    findings = lint(None, today=TODAY)
    assert not has_gaps(findings)
    assert {finding.code for finding in findings} == {"source-is-competent", "unverified-law"}


def test_lint_tells_the_line_of_what_it_found(tmp_path: Path) -> None:
    file = planted(tmp_path, ("limit = 5", "limit = 500"))
    finding = one(file)
    assert file.read_text(encoding="utf-8").splitlines()[finding.line - 1] == "limit = 500"
    assert (finding.file, finding.path) == ("planted.toml", "clock[1].limit")


def test_a_service_without_a_recipient_for_a_municipality_is_an_error(tmp_path: Path) -> None:
    lappeenranta = f'/tyollisyys"\nmunicipalities = [{LAPPEENRANTA}'
    file = planted(tmp_path, (lappeenranta, lappeenranta.replace('"416", ', "")))
    found = gaps(file)
    assert {(f.code, f.severity, f.path) for f in found} == {
        ("service-without-recipient", "error", "service.job_coaching"),
        ("service-without-recipient", "error", "service.employment_services"),
    }
    assert all("416" in f.text and "405" not in f.text for f in found)


def test_a_recipient_of_its_own_fills_the_gap(tmp_path: Path) -> None:
    lappeenranta = f'/tyollisyys"\nmunicipalities = [{LAPPEENRANTA}'
    named = '[[service.{0}.recipient]]\nagency = "employment.imatra"\nmunicipalities = ["416"]\n'
    changes = [
        (f"[service.{code}]", named.format(code) + f"[service.{code}]")
        for code in ("job_coaching", "employment_services")
    ]
    found = gaps(planted(tmp_path, (lappeenranta, lappeenranta.replace('"416", ', "")), *changes))
    # Only Imatra's own referrals for people of Lemi have nowhere to go now.
    assert {f.code for f in found} == {"service-without-recipient"}


def test_a_municipality_that_loses_its_agency_on_a_date_is_an_error_from_then(
    tmp_path: Path,
) -> None:
    leaving = 'id = "typ.south-karelia"\nvalid_to = 2026-06-30'
    finding = one(planted(tmp_path, ('id = "typ.south-karelia"', leaving)))
    assert (finding.code, finding.path) == (
        "service-without-recipient",
        "service.multi_sector_support",
    )
    assert finding.text.endswith("(from 2026-07-01)")


def test_a_region_whose_agencies_serve_the_whole_country_is_looked_through_too(
    tmp_path: Path,
) -> None:
    text = re.sub(r"municipalities = \[.*\]", 'municipalities = ["*"]', SHIPPED.read_text("utf-8"))
    file = tmp_path / "planted.toml"
    file.write_text(text.replace('competent_sector = "typ"', 'competent_sector = "kela"'), "utf-8")
    assert gaps(file) == []
    file.write_text(text.replace('sector = "typ"\nname', 'sector = "kela"\nname'), "utf-8")
    (finding,) = (f for f in gaps(file) if f.code == "service-without-recipient")
    assert "any place" in finding.text


def test_an_agency_that_is_its_own_recipient_is_worth_a_note() -> None:
    notes = [f for f in lint(None, today=TODAY) if f.code == "source-is-competent"]
    assert len(notes) == 8
    assert all(note.severity == INFO for note in notes)


def test_a_category_that_no_statute_and_no_statement_carries_is_a_gap(tmp_path: Path) -> None:
    more = COACHING.replace('"identity"', '"identity", "health_functional_ability"')
    finding = one(planted(tmp_path, (COACHING, more)))
    assert (finding.code, finding.severity) == ("category-without-basis", "warn")
    assert finding.path == "service.job_coaching.default_categories"
    assert "health_functional_ability (employment): employment to employment" in finding.text


def test_a_basis_of_one_pair_of_sectors_carries_nothing_between_others(tmp_path: Path) -> None:
    for_care = 'from_sector = ["employment", "kela", "typ"]\nto_sector = "sote"'
    file = planted(tmp_path, (for_care, for_care.replace('"kela", ', "")))
    assert {f.code for f in gaps(file)} == {"category-without-basis"}
    assert all("kela to sote" in f.text and "typ to sote" not in f.text for f in gaps(file))


def test_a_basis_that_ends_leaves_its_categories_without_one(tmp_path: Path) -> None:
    ending = 'purpose = "rehabilitation"\nvalid_to = 2026-03-31\ncategories'
    finding = one(planted(tmp_path, ('purpose = "rehabilitation"\ncategories', ending)))
    assert finding.code == "category-without-basis"
    assert finding.text.endswith("(from 2026-04-01)")


def test_the_sample_says_nothing_of_most_pairs_of_sectors_nor_of_branches() -> None:
    found = {f.code for f in gaps(SAMPLE)}
    assert found == {"category-without-basis", "service-without-branch"}


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("limit = 5", "limit = 61", "clock-exceeds-promise", "clock[1].limit"),
        ("limit = 30", "limit = 54", "clock-exceeds-promise", "promise.first_service_within"),
        ('unit = "calendar_days"\nlimit = 30', 'unit = "months"\nlimit = 3',
         "clock-exceeds-promise", "clock[2].limit"),
        ("limit = 4\n", "limit = 1500\n", "clock-exceeds-promise", "clock[0].limit"),
        ('starts_on = ["accepted"]', 'starts_on = ["info-needed"]',
         "promise-without-clock", "promise.first_service_within"),
        ('met_on = ["in-progress", "completed"]', 'met_on = ["requested"]',
         "clock-never-met", "clock[2].met_on"),
        ('pauses_on = ["on-hold"]', 'pauses_on = ["received"]',
         "status-never-reached", "clock[2].pauses_on"),
        ("warn_at = [0.6]", "warn_at = [0.9]", "warning-too-late", "clock[1]"),
        ("valid_from = 2025-01-01", "valid_from = 2014-01-01",
         "calendar-too-short", "region.calendar"),
        ("valid_from = 2025-01-01", "valid_from = 2025-01-01\nvalid_to = 2046-01-01",
         "calendar-too-short", "region.calendar"),
        ('rule = "service-start"', 'rule = "service-start"\nvalid_to = 2024-12-31',
         "never-in-force", "clock[2]"),
        ('law_ref = "KKRL 566/2005 61-63 §; SVL 1224/2004 19 luku"', "", "no-law-ref", "basis[3]"),
        ('[[agency]]\nid = "kela"', NGO + '[[agency]]\nid = "kela"',
         "agency-without-area", "agency[3]"),
        (COACHING, COACHING.replace('"identity", "contact", "service_needs"', ""),
         "no-default-category", "service.job_coaching.default_categories"),
        ('id = "typ.south-karelia"\n', 'id = "typ.south-karelia"\nvalid_to = 2019-01-01\n',
         "never-in-force", "agency[4]"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_planted_gap_is_found_where_it_is(
    tmp_path: Path, old: str, new: str, code: str, path: str
) -> None:
    found = gaps(planted(tmp_path, (old, new)))
    assert (code, path) in {(finding.code, finding.path) for finding in found}


def test_the_clocks_on_the_way_are_added_up_in_their_own_units(tmp_path: Path) -> None:
    # From 23.12.2025 the fifth working day is 5.1.: 29., 30., 31.12., 2. and 5.1. 13 days.
    assert gaps(planted(tmp_path, ("limit = 30", "limit = 47"))) == []
    finding = one(planted(tmp_path, ("limit = 30", "limit = 48")))
    assert (
        "(acknowledgement, acceptance, service-start) may take 61 days from 2025-12-23"
        in finding.text
    )


def test_a_promise_in_working_days_is_counted_in_working_days(tmp_path: Path) -> None:
    working = (
        ('within = "60d"', 'within = "25wd"'),
        ('unit = "calendar_days"\nlimit = 30', 'unit = "working_days"\nlimit = 20'),
    )
    assert gaps(planted(tmp_path, *working)) == []
    finding = one(planted(tmp_path, *working, ("limit = 20", "limit = 21")))
    assert finding.code == "clock-exceeds-promise"


def test_months_on_the_way_are_counted_by_the_calendar(tmp_path: Path) -> None:
    month = ('unit = "calendar_days"\nlimit = 30', 'unit = "months"\nlimit = 1')
    assert gaps(planted(tmp_path, month)) == []
    assert one(planted(tmp_path, month, ('within = "60d"', 'within = "41d"'))).code == (
        "clock-exceeds-promise"
    )


def test_a_clock_that_begins_where_another_passed_by_still_counts(tmp_path: Path) -> None:
    starts, met = 'starts_on = ["{}"]\n', 'met_on = ["accepted", "rejected"]'
    received = (starts.format("requested") + met, starts.format("received") + met)
    assert gaps(planted(tmp_path, received)) == []


def test_a_promise_is_held_against_the_clocks_of_each_period(tmp_path: Path) -> None:
    later = 'rule = "service-start"\nvalid_to = 2026-12-31'
    finding = one(planted(tmp_path, ('rule = "service-start"', later)))
    assert finding.code == "promise-without-clock"
    assert finding.text.endswith("becomes in-progress (from 2027-01-01)")


def test_a_warning_of_a_clock_in_hours_is_never_at_the_breach(tmp_path: Path) -> None:
    assert gaps(planted(tmp_path, ("at = 0.0625", "at = 0.99"))) == []


@pytest.mark.parametrize(
    "copied", [SECOND_ACCEPTANCE, SECOND_BASIS, '[[reject]]\nreason = "other"\n']
)
def test_two_records_of_the_same_at_one_time_are_an_error(tmp_path: Path, copied: str) -> None:
    finding = one(planted(tmp_path, add=copied))
    assert (finding.code, finding.severity) == ("overlapping-validity", "error")


def test_records_of_the_same_overlap_on_the_day_that_both_hold(tmp_path: Path) -> None:
    first = ('rule = "acceptance"', 'rule = "acceptance"\nvalid_to = 2026-03-31')
    for begins, code in (
        ("2026-03-31", "overlapping-validity"),
        ("2026-04-01", None),
        ("2026-04-02", "validity-gap"),
    ):
        named = SECOND_ACCEPTANCE
        if begins != "2026-03-31":
            named = named.replace('"acceptance"', '"acceptance-2026"')
        second = named + f"valid_from = {begins}\n"
        codes = {f.code for f in gaps(planted(tmp_path, first, add=second))}
        assert codes - {"promise-without-clock"} == ({code} if code else set())


def test_a_day_between_the_periods_of_a_reason_is_a_gap(tmp_path: Path) -> None:
    first = ('reason = "other"\n', 'reason = "other"\nvalid_to = 2026-03-31\n')
    second = '[[reject]]\nreason = "other"\nvalid_from = 2026-04-{}\n'
    assert gaps(planted(tmp_path, first, add=second.format("01"))) == []
    finding = one(planted(tmp_path, first, add=second.format("02")))
    assert (finding.code, finding.path) == ("validity-gap", "reject[7].valid_from")


def test_two_periods_of_a_service_may_not_overlap(tmp_path: Path) -> None:
    twice = """[[service.job_coaching]]
purpose = "employment"
default_categories = ["identity"]
competent_sector = "employment"
valid_to = 2026-01-01

[[service.job_coaching]]
valid_from = 2026-01-01
"""
    finding = one(planted(tmp_path, ("[service.job_coaching]\n", twice)))
    assert (finding.code, finding.path) == ("overlapping-validity", "service.job_coaching[1]")
    assert "from 2026-01-01 until 2026-01-01" in finding.text


def test_two_bounce_rules_may_not_overlap(tmp_path: Path) -> None:
    finding = one(
        planted(tmp_path, ("[bounce]\n", "[[bounce]]\n"), add='[[bounce]]\ncoordinator = "kela"\n')
    )
    assert (finding.code, finding.path) == ("overlapping-validity", "bounce[1]")


def test_a_coordinator_that_leaves_is_an_error_from_then(tmp_path: Path) -> None:
    leaving = ('id = "typ.south-karelia"\n', 'id = "typ.south-karelia"\nvalid_to = 2026-06-30\n')
    named = ('coordinator = "sote.south-karelia"', 'coordinator = "typ.south-karelia"')
    found = {f.code: f for f in gaps(planted(tmp_path, leaving, named))}
    assert found["unknown-agency"].path == "bounce.coordinator"
    assert found["unknown-agency"].text.endswith("(from 2026-07-01)")


def test_a_named_recipient_that_leaves_is_an_error_from_then(tmp_path: Path) -> None:
    leaving = ('id = "typ.south-karelia"\n', 'id = "typ.south-karelia"\nvalid_to = 2026-06-30\n')
    named = '[[service.job_coaching.recipient]]\nagency = "typ.south-karelia"\n'
    file = planted(tmp_path, leaving, ("[service.job_coaching]", named + "[service.job_coaching]"))
    assert ("unknown-agency", "service.job_coaching.recipient[0]") in {
        (f.code, f.path) for f in gaps(file)
    }


def test_an_unknown_coordinator_is_a_finding_though_the_file_does_not_load(tmp_path: Path) -> None:
    file = planted(tmp_path, ('coordinator = "sote.south', 'coordinator = "sote.north'))
    finding = one(file)
    assert (finding.code, finding.severity) == ("unknown-agency", "error")
    assert "(nearest: sote.south-karelia)" in finding.text


def test_a_file_that_does_not_load_gives_all_its_problems_as_findings(tmp_path: Path) -> None:
    file = planted(tmp_path, ("limit = 5", "limit = -1"), ('delivery = "file"', 'delivery = ""'))
    assert len(gaps(file)) == 6
    assert {f.severity for f in gaps(file)} == {"error"}


def test_a_calendar_that_ends_within_two_years_of_today_is_a_warning() -> None:
    assert not has_gaps(lint(None, today=date(2043, 12, 30)))
    (finding,) = (f for f in lint(None, today=date(2044, 2, 29)) if f.severity != INFO)
    assert (finding.code, finding.severity) == ("calendar-ends-soon", "warn")
    assert "freeze_calendar" in finding.mend


def test_a_calendar_beside_the_file_is_the_one_looked_at(tmp_path: Path) -> None:
    (tmp_path / "calendar-xx.toml").write_text(FEAST_CALENDAR, encoding="utf-8")
    file = planted(tmp_path, ('calendar = "fi"', 'calendar = "xx"'))
    assert not has_gaps(lint(file, today=date(2058, 1, 1)))


def test_a_service_that_is_not_offered_is_worth_a_note(tmp_path: Path) -> None:
    file = planted(tmp_path, ("[service.job_coaching]", "[service.unsaid]"), of=SAMPLE)
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"\[service\.unsaid\][^\[]*\[[^\[]*\n\n?", "", text, count=1), "utf-8")
    notes = {f.text for f in lint(file, today=TODAY) if f.code == "service-not-offered"}
    assert notes == {"the region does not offer job_coaching"}


def test_a_reason_that_is_not_agreed_is_worth_a_note(tmp_path: Path) -> None:
    file = planted(tmp_path, ('[[reject]]\nreason = "other"', "[reject_other]"))
    text = file.read_text(encoding="utf-8")
    kept = text.split("[reject_other]")[0] + "[bounce]" + text.split("[bounce]")[1]
    file.write_text(kept, encoding="utf-8")
    assert gaps(file) == []
    (note,) = (f for f in lint(file, today=TODAY) if f.code == "reason-not-agreed")
    assert note.text == "a rejection as other is refused"


def test_an_agreement_that_promises_nothing_is_worth_a_note() -> None:
    assert "no-promise" in {f.code for f in lint(SAMPLE, today=TODAY)}


def test_verified_laws_are_no_longer_counted(tmp_path: Path) -> None:
    some = planted(tmp_path, ('luku"\nverified = false', 'luku"\nverified = true'))
    (note,) = (f for f in lint(some, today=TODAY) if f.code == "unverified-law")
    assert note.text == "19 of 20 records with a law_ref are not verified"
    all_of_them = planted(tmp_path, ("verified = false", "verified = true"))
    assert "unverified-law" not in {f.code for f in lint(all_of_them, today=TODAY)}


def versions(folder: Path, first_ends: str, second_begins: str) -> list[Finding]:
    text = three_clocks(SHIPPED.read_text(encoding="utf-8"))
    begins = "valid_from = 2025-01-01"
    (folder / "a.toml").write_text(text.replace(begins, f"{begins}\n{first_ends}"), "utf-8")
    (folder / "b.toml").write_text(text.replace(begins, f"valid_from = {second_begins}"), "utf-8")
    return gaps(folder)


@pytest.mark.parametrize(
    ("first_ends", "second_begins", "code"),
    [
        ("valid_to = 2025-12-31", "2026-01-01", None),
        ("", "2026-01-01", None),
        ("valid_to = 2025-12-31", "2026-01-02", "validity-gap"),
        ("valid_to = 2026-01-31", "2026-01-01", "overlapping-validity"),
    ],
)
def test_the_versions_of_a_folder_follow_on_each_other(
    tmp_path: Path, first_ends: str, second_begins: str, code: str | None
) -> None:
    found = versions(tmp_path, first_ends, second_begins)
    assert [f.code for f in found] == ([code] if code else [])
    assert all((f.file, f.path) == ("b.toml", "region.valid_from") for f in found)
