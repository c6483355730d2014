"""Each way in which a clock goes wrong is found by lint, with its line, and only where it does."""

from datetime import date
from pathlib import Path

import pytest

from streams.bootstrap.agreement_lint import Finding, lint
from streams.bootstrap.agreement_remarks import INFO
from tests.agreements.files import FEAST_CALENDAR, planted

TODAY = date(2026, 11, 22)
STARTS, MET = 'starts_on = ["accepted"]', 'met_on = ["in-progress"]'
HANDOFF = f"""
[[clock]]
rule = "new"
unit = "working_days"
limit = 5
{STARTS}
{MET}
law_ref = "Sosiaalihuoltolaki 1301/2014 45 §"
"""
CASE = HANDOFF.replace("limit = 5", 'limit = 5\nscope = "case"')
PERSON = """
[[clock]]
rule = "new"
scope = "person"
owner_sector = "kela"
unit = "months"
limit = 3
starts_on = ["plan_made"]
met_on = ["assessment_completed"]
"""
COUNTING = PERSON.replace("months", "benefit_days").replace("limit = 3", "limit = 60")
COUNTING = COUNTING.replace("plan_made", "sickness_benefit_days/30")


def gaps(path: Path) -> list[Finding]:
    return [finding for finding in lint(path, today=TODAY) if finding.severity != INFO]


def found(folder: Path, *clocks: str) -> list[tuple[str, str, str]]:
    file = planted(folder, add="".join(clocks))
    return [(f.code, f.severity, f.path) for f in gaps(file)]


@pytest.mark.parametrize("clock", [HANDOFF, CASE, PERSON, COUNTING])
def test_what_the_gaps_are_planted_in_has_none(tmp_path: Path, clock: str) -> None:
    assert found(tmp_path, clock) == []


def test_a_gap_is_shown_with_its_line(tmp_path: Path) -> None:
    file = planted(tmp_path, add=HANDOFF.replace(MET, 'met_on = ["requested"]'))
    (finding, *_) = gaps(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[finding.line - 1] == 'met_on = ["requested"]'
    assert "nothing in met_on can come once accepted has started it" in finding.text


@pytest.mark.parametrize(
    ("clock", "old", "new"),
    [
        (HANDOFF, MET, 'met_on = ["received", "rejected"]'),
        (HANDOFF, MET, 'met_on = ["rejected/misdirected"]'),
        # What has ended its handoff has ended its clock.
        (HANDOFF, STARTS, 'starts_on = ["completed"]'),
        (HANDOFF, f"{STARTS}\n{MET}", 'starts_on = ["rejected"]\nmet_on = ["contact_made"]'),
        # The recipient has answered before: it accepts no second time.
        (HANDOFF, f"{STARTS}\n{MET}", 'starts_on = ["in-progress"]\nmet_on = ["HandoffAccepted"]'),
        # Statements and referrals are events, and move no clock by themselves.
        (HANDOFF, MET, 'met_on = ["ConsentGiven"]'),
        (CASE, MET, 'met_on = ["ReferralSubmitted"]'),
        (PERSON, "assessment_completed", "MilestoneReached"),
    ],
)
def test_a_clock_that_can_never_stop_is_an_error(
    tmp_path: Path, clock: str, old: str, new: str
) -> None:
    assert old in clock
    assert ("clock-never-met", "error", "clock[3].met_on") in found(
        tmp_path, clock.replace(old, new)
    )


@pytest.mark.parametrize(
    ("clock", "old", "new"),
    [
        (HANDOFF, MET, 'met_on = ["WorkerNamed"]'),
        (HANDOFF, MET, 'met_on = ["ServiceStarted"]'),
        (HANDOFF, MET, 'met_on = ["contact_made"]'),
        (HANDOFF, f"{STARTS}\n{MET}", 'starts_on = ["contact_made"]\nmet_on = ["accepted"]'),
        (HANDOFF, f"{STARTS}\n{MET}", 'starts_on = ["HandoffAccepted"]\nmet_on = ["on-hold"]'),
        (HANDOFF, f"{STARTS}\n{MET}", 'starts_on = ["WorkerNamed"]\nmet_on = ["completed"]'),
        # Another handoff of the case may still come.
        (CASE, f"{STARTS}\n{MET}", 'starts_on = ["rejected/misdirected"]\nmet_on = ["requested"]'),
        (PERSON, "assessment_completed", "WorkerNamed"),
        (COUNTING, "assessment_completed", "sickness_benefit_days/60"),
    ],
)
def test_a_clock_that_milestones_and_events_stop_is_no_gap(
    tmp_path: Path, clock: str, old: str, new: str
) -> None:
    assert old in clock
    assert found(tmp_path, clock.replace(old, new)) == []


def test_a_clock_that_is_cancelled_before_it_can_be_met_can_never_be_met(tmp_path: Path) -> None:
    clock = HANDOFF.replace(STARTS, 'starts_on = ["requested"]\ncancelled_on = ["accepted"]')
    assert found(tmp_path, clock.replace(MET, 'met_on = ["in-progress"]')) == [
        ("clock-never-met", "error", "clock[3].met_on")
    ]


@pytest.mark.parametrize(
    ("clock", "old", "new", "path"),
    [
        (HANDOFF, MET, MET + '\npauses_on = ["info-needed"]', "clock[3].pauses_on"),
        (HANDOFF, MET, 'met_on = ["in-progress", "requested"]', "clock[3].met_on"),
        (HANDOFF, MET, MET + '\ncancelled_on = ["ConsentWithdrawn"]', "clock[3].cancelled_on"),
        (PERSON, "limit = 3", 'limit = 3\ncancelled_on = ["ConsentWithdrawn"]',
         "clock[3].cancelled_on"),
    ],
)  # fmt: skip  # a table reads in rows
def test_what_never_comes_is_named_in_vain(
    tmp_path: Path, clock: str, old: str, new: str, path: str
) -> None:
    assert found(tmp_path, clock.replace(old, new)) == [("status-never-reached", "warn", path)]


@pytest.mark.parametrize(
    ("clock", "old", "new", "severity", "path"),
    [
        (HANDOFF, STARTS, 'starts_on = ["ConsentGiven", "accepted"]',
         "error", "clock[3].starts_on"),
        (PERSON, "plan_made", "WorkerNamed", "error", "clock[3].starts_on"),
        (PERSON, '"plan_made"]', '"typ_membership_ended"]\ntyp_member = true',
         "error", "clock[3].typ_member"),
        (PERSON, '"plan_made"]', '"typ_membership_started"]\ntyp_member = false',
         "error", "clock[3].typ_member"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_clock_that_can_never_start_is_found(
    tmp_path: Path, clock: str, old: str, new: str, severity: str, path: str
) -> None:
    assert old in clock
    assert found(tmp_path, clock.replace(old, new)) == [("clock-never-starts", severity, path)]


def test_a_clock_of_a_service_or_a_sector_that_is_not_there_never_starts(tmp_path: Path) -> None:
    asked = 'limit = 5\nservices = ["job_coaching"]\nsource_sectors = ["typ"]'
    file = planted(
        tmp_path,
        ("[service.job_coaching]", "[service.unsaid]"),
        ('sector = "typ"\nname', 'sector = "kela"\nname'),
        add=HANDOFF.replace("limit = 5", asked)
        + PERSON.replace('"kela"', '"typ"').replace('"new"', '"other"'),
    )
    text = file.read_text(encoding="utf-8")
    cut = text[text.index("[service.unsaid]") : text.index("[service.vocational")]
    file.write_text(text.replace(cut, ""), encoding="utf-8")
    assert {
        ("clock-never-starts", "clock[3].services"),
        ("clock-never-starts", "clock[3].source_sectors"),
        ("clock-without-owner", "clock[4].owner_sector"),
    } <= {(finding.code, finding.path) for finding in gaps(file)}


def test_a_count_that_any_later_report_reaches_ends_a_clock_at_once(tmp_path: Path) -> None:
    for key in ("met_on", "cancelled_on"):
        clock = COUNTING.replace(
            'met_on = ["assessment_completed"]',
            f'{key} = ["sickness_benefit_days/20"]'
            + '\nmet_on = ["plan_made"]' * (key == "cancelled_on"),
        )
        assert found(tmp_path, clock) == [("clock-ends-at-once", "error", f"clock[3].{key}")]


def test_a_reason_that_the_agreement_does_not_allow_is_never_given(tmp_path: Path) -> None:
    starts = CASE.replace(STARTS, 'starts_on = ["rejected/other"]')
    starts = starts.replace(MET, 'met_on = ["requested"]')
    file = planted(tmp_path)
    text = file.read_text(encoding="utf-8")
    at = text.index('[[reject]]\nreason = "other"')
    unsaid = text[:at] + text[text.index("[bounce]") :]
    file.write_text(unsaid + starts, encoding="utf-8")
    (finding,) = gaps(file)
    assert (finding.code, finding.path) == ("reason-never-given", "clock[3].starts_on")
    unlisted = text[: text.index("[[reject]]")] + text[text.index("[bounce]") :]
    file.write_text(unlisted + starts, encoding="utf-8")
    assert gaps(file) == []


@pytest.mark.parametrize(
    ("unit", "limit", "rung", "code"),
    [
        ("working_days", 5, 'before = "5wd"', None),
        ("working_days", 5, 'before = "6wd"', "rung-before-start"),
        ("working_days", 5, 'before = "40d"', "rung-before-start"),
        ("working_days", 5, 'before = "5d"', None),
        ("hours", 4, 'before = "5h"', "rung-before-start"),
        ("hours", 4, 'before = "300m"', "rung-before-start"),
        ("hours", 4, 'before = "60m"', None),
        ("calendar_days", 2, 'before = "4d"', "rung-before-start"),
        ("months", 1, 'before = "30wd"', "rung-before-start"),
        ("months", 1, 'before = "10wd"', None),
        ("working_hours", 16, 'before = "60d"', "rung-before-start"),
        ("working_hours", 16, 'before = "4h"', None),
        ("working_days", 5, 'at = "5wd"', "warning-too-late"),
        ("working_days", 5, 'at = "4wd"', None),
        ("working_days", 5, 'at = "30d"', "warning-too-late"),
        ("hours", 4, 'at = "240m"', "warning-too-late"),
        ("hours", 4, 'at = "15m"', None),
        ("months", 1, 'at = "33d"', "warning-too-late"),
        ("working_days", 5, "at = 0.9", "warning-too-late"),
        ("working_days", 0, "at = 0.5", "warning-too-late"),
        ("calendar_days", 5, 'after = "400d"', None),
        ("calendar_days", 5, "at = 1.5", None),
    ],
)
def test_a_rung_lies_between_the_start_and_the_breach_or_after_it(
    tmp_path: Path, unit: str, limit: int, rung: str, code: str | None
) -> None:
    clock = HANDOFF.replace('"working_days"\nlimit = 5', f'"{unit}"\nlimit = {limit}')
    ladder = f'[[clock.rung]]\nto = "recipient"\n{rung}\n'
    assert [gap[0] for gap in found(tmp_path, clock, ladder)] == ([code] if code else [])


OTHER = HANDOFF.replace('"new"', '"other"')


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ((), "overlapping-validity"),
        ((("limit = 5", "limit = 6"),), "clocks-contradict"),
        ((('"working_days"', '"calendar_days"'),), "clocks-contradict"),
        ((("limit = 5", 'limit = 6\nservices = ["job_coaching"]'),), "clocks-contradict"),
        ((("limit = 5", "limit = 6\nage_from = 75"),), "clocks-contradict"),
        ((("limit = 5", "limit = 6\ntyp_member = true"),), "clocks-contradict"),
        ((("limit = 5", 'limit = 6\nscope = "case"'),), None),
        ((("limit = 5", "limit = 6"), ("45 §", "46 §")), None),
        ((("limit = 5", "limit = 6"), ('"in-progress"', '"completed"')), None),
    ],
)
def test_two_clocks_of_one_obligation_do_not_contradict_each_other(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], code: str | None
) -> None:
    other = OTHER
    for old, new in changes:
        other = other.replace(old, new)
    assert [gap[0] for gap in found(tmp_path, HANDOFF, other)] == ([code] if code else [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("age_under = 23", "age_from = 23"),
        ('services = ["job_coaching"]', 'services = ["social_rehabilitation"]'),
        ('source_sectors = ["sote"]', 'source_sectors = ["kela"]'),
        ('priorities = ["urgent"]', 'priorities = ["routine"]'),
        ("typ_member = true", "typ_member = false"),
        ("valid_to = 2025-12-31", "valid_from = 2026-01-01"),
    ],
)
def test_conditions_and_periods_part_two_limits_of_one_obligation(
    tmp_path: Path, one: str, other: str
) -> None:
    first = HANDOFF.replace("limit = 5", f"limit = 5\n{one}")
    assert found(tmp_path, first, OTHER.replace("limit = 5", f"limit = 6\n{other}")) == []


def test_periods_of_an_obligation_that_overlap_by_a_day_contradict(tmp_path: Path) -> None:
    first = HANDOFF.replace("limit = 5", "limit = 5\nvalid_to = 2026-01-01")
    second = OTHER.replace("limit = 5", "limit = 10\nvalid_from = 2026-01-01")
    assert found(tmp_path, first, second) == [("clocks-contradict", "error", "clock[4].limit")]


def test_a_day_between_the_periods_of_an_obligation_is_a_gap(tmp_path: Path) -> None:
    first = HANDOFF.replace("limit = 5", "limit = 5\nvalid_to = 2025-12-31")
    second = OTHER.replace("limit = 5", "limit = 10\nvalid_from = 2026-01-02")
    assert found(tmp_path, first, second) == [("validity-gap", "warn", "clock[4].valid_from")]


def test_two_clocks_have_no_name_in_common_whatever_their_periods(tmp_path: Path) -> None:
    first = HANDOFF.replace("limit = 5", "limit = 5\nvalid_to = 2025-12-31")
    second = HANDOFF.replace("limit = 5", "limit = 10\nvalid_from = 2026-01-01")
    file = planted(tmp_path, add=first + second)
    (finding,) = gaps(file)
    assert (finding.code, finding.severity, finding.path) == ("same-name", "error", "clock[4].rule")
    assert "new-2026" in finding.mend


def test_a_clock_that_asks_for_something_keeps_no_promise_made_to_everybody(
    tmp_path: Path,
) -> None:
    for condition in ("age_from = 18", 'services = ["job_coaching"]', "typ_member = true"):
        some = ('rule = "service-start"', f'rule = "service-start"\n{condition}')
        (finding,) = gaps(planted(tmp_path, some))
        assert finding.code == "promise-without-clock"


def test_a_clock_that_a_milestone_may_meet_sees_to_no_status(tmp_path: Path) -> None:
    met = 'met_on = ["in-progress", "completed"]'
    some = (met, met.replace('"completed"', '"completed", "contact_made"'))
    (finding,) = gaps(planted(tmp_path, some))
    assert finding.code == "promise-without-clock"


def test_a_cases_clock_watches_the_whole_way_by_itself(tmp_path: Path) -> None:
    whole = CASE.replace("accepted", "requested").replace('"working_days"\nlimit = 5', "{}")
    sixty = whole.replace("{}", '"calendar_days"\nlimit = 60')
    some = ('rule = "service-start"', 'rule = "service-start"\nage_from = 18')
    assert gaps(planted(tmp_path, some, add=sixty)) == []
    late = whole.replace("{}", '"calendar_days"\nlimit = 61')
    (finding,) = gaps(planted(tmp_path, add=late))
    assert (finding.code, finding.path) == ("clock-exceeds-promise", "clock[3].limit")


def test_a_cases_clock_hides_no_chain_of_clocks_that_takes_too_long(tmp_path: Path) -> None:
    sixty = CASE.replace("accepted", "requested").replace('"working_days"\nlimit = 5', "{}")
    sixty = sixty.replace("{}", '"calendar_days"\nlimit = 60')
    (finding,) = gaps(planted(tmp_path, ("limit = 30", "limit = 48"), add=sixty))
    assert "may take 61 days" in finding.text


def test_working_hours_on_the_way_are_counted_by_office_days(tmp_path: Path) -> None:
    hours = ('unit = "working_days"\nlimit = 5', 'unit = "working_hours"\nlimit = {}')
    for limit, code in (
        (40, []),
        (480, ["clock-exceeds-promise"]),
        (504, ["clock-exceeds-promise"]),
    ):
        file = planted(tmp_path, (hours[0], hours[1].format(limit)))
        assert [f.code for f in gaps(file) if f.severity == "error"] == code


def test_silence_is_counted_in_hours_that_were_agreed(tmp_path: Path) -> None:
    agreed = 'office_hours = { opens = "08:00", closes = "16:15" }\nsilent_after = "16wh"\n'
    unsaid = (agreed, 'silent_after = "16wh"\n')
    codes = {(f.code, f.severity, f.path) for f in gaps(planted(tmp_path, unsaid))}
    assert codes == {
        ("silence-without-hours", "warn", f"agency[{n}].silent_after") for n in range(5)
    }


OWN = ('id = "kela"\n', 'id = "kela"\nclosed_days = [2026-12-28, 2027-07-05]\n')
BY_AGENCY = HANDOFF.replace("limit = 5", 'limit = 5\ncalendar = "agency"')


def test_an_agencys_own_closed_days_do_not_end_before_the_clocks_that_count_them(
    tmp_path: Path,
) -> None:
    (finding,) = gaps(planted(tmp_path, OWN, add=BY_AGENCY))
    assert (finding.code, finding.severity) == ("closed-days-end-soon", "warn")
    assert finding.path == "agency[3].closed_days"
    assert "2027-07-05, and new goes on" in finding.text


@pytest.mark.parametrize(
    ("change", "clock"),
    [
        (OWN, HANDOFF),
        (OWN, BY_AGENCY.replace("limit = 5", "limit = 5\nvalid_to = 2026-12-31")),
        ((OWN[0], OWN[1].replace("2027", "2028")), BY_AGENCY),
        ((OWN[0], OWN[0]), BY_AGENCY),
    ],
)
def test_closed_days_that_last_or_that_nothing_counts_are_no_gap(
    tmp_path: Path, change: tuple[str, str], clock: str
) -> None:
    assert gaps(planted(tmp_path, change, add=clock)) == []


def test_closed_days_of_an_agreement_that_ends_need_not_go_on(tmp_path: Path) -> None:
    ending = ("valid_from = 2025-01-01", "valid_from = 2025-01-01\nvalid_to = 2027-12-31")
    assert gaps(planted(tmp_path, OWN, ending, add=BY_AGENCY)) == []


def test_a_calendar_goes_on_until_the_last_clock_can_end(tmp_path: Path) -> None:
    (tmp_path / "calendar-xx.toml").write_text(FEAST_CALENDAR, encoding="utf-8")
    named = ('calendar = "fi"', 'calendar = "xx"')
    for ends, codes in (("2060-06-30", []), ("2060-12-20", ["calendar-too-short"])):
        dated = ("valid_from = 2025-01-01", f"valid_from = 2025-01-01\nvalid_to = {ends}")
        found_gaps = gaps(planted(tmp_path, named, dated))
        assert [f.code for f in found_gaps] == codes
        assert all(f.path == "clock[1].limit" for f in found_gaps)


def test_a_duty_is_there_once_and_names_its_law(tmp_path: Path) -> None:
    duty = (
        '\n[[duty]]\nrule = "shl39"\nobligation = "A plan"\nreason = "no-event"\n'
        'evidence = "known"\nlaw_ref = "Sosiaalihuoltolaki 1301/2014 39 §"\n'
    )
    assert found(tmp_path, duty) == []
    assert found(tmp_path, duty, duty) == [("overlapping-validity", "error", "duty[1]")]
    lawless = duty.replace('law_ref = "Sosiaalihuoltolaki 1301/2014 39 §"\n', "")
    assert found(tmp_path, lawless) == [("no-law-ref", "warn", "duty[0]")]
