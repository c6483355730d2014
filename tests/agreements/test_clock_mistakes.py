"""What is wrong with a clock or an agency's offices is said with its place and its mend."""

from pathlib import Path

import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_problems import AgreementError, Problem
from tests.agreements.files import SAMPLE, planted

HANDOFF = """
[[clock]]
rule = "new"
unit = "working_days"
limit = 5
starts_on = ["accepted"]
met_on = ["in-progress"]
"""
PERSON = """
[[clock]]
rule = "new"
scope = "person"
owner_sector = "kela"
unit = "benefit_days"
limit = 60
starts_on = ["sickness_benefit_days/30"]
met_on = ["assessment_completed"]
"""
DUTY = """
[[duty]]
rule = "new"
obligation = "A client plan"
reason = "no-day-count"
evidence = "known"
"""
RUNG = '[[clock.rung]]\nto = "recipient"\n'
TWICE = '{ role = "source", delivery = "webhook:https://kela.example" }'
AGENCY = 'delivery = "none"\n'


def problems(path: Path) -> list[Problem]:
    with pytest.raises(AgreementError) as wrong:
        load_agreements(path)
    return list(wrong.value.problems)


def of_clock(folder: Path, text: str, old: str, new: str) -> Problem:
    assert old in text
    (problem,) = problems(planted(folder, of=SAMPLE, add=text.replace(old, new)))
    return problem


@pytest.mark.parametrize("text", [HANDOFF, PERSON, DUTY, HANDOFF + RUNG + 'before = "1wd"\n'])
def test_what_the_mistakes_are_planted_in_is_right(tmp_path: Path, text: str) -> None:
    load_agreements(planted(tmp_path, of=SAMPLE, add=text))


@pytest.mark.parametrize(
    ("spelled", "code", "nearest"),
    [
        ("acepted", "unknown-code", "accepted"),
        ("contact_mad", "unknown-code", "contact_made"),
        ("WorkerName", "unknown-code", "WorkerNamed"),
        ("unknown", "unknown-code", None),
        ("ClockReached", "unknown-code", None),
        ("rejected/misdirectd", "unknown-code", "rejected/misdirected"),
        ("rejected/", "unknown-code", None),
        ("sickness_benefit_days/many", "bad-value", ""),
        ("sickness_benefit_days/0", "bad-value", ""),
        ("plan_made/5", "bad-value", ""),
        ("accepted/misdirected", "bad-value", ""),
        ("WorkerNamed/5", "bad-value", ""),
    ],
)
def test_a_trigger_that_moves_no_clock_is_refused_with_the_nearest(
    tmp_path: Path, spelled: str, code: str, nearest: str | None
) -> None:
    for key, old in (("met_on", "in-progress"), ("starts_on", "accepted")):
        problem = of_clock(tmp_path, HANDOFF, f'{key} = ["{old}"]', f'{key} = ["{spelled}"]')
        assert (problem.code, problem.path) == (code, f"clock[1].{key}[0]")
        assert nearest is None or problem.nearest == nearest


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ("limit = 5", 'limit = 0\ncalendar = "local"', "clock[1].calendar", "unknown-code"),
        ("limit = 5", 'limit = 5\nscope = "agency"', "clock[1].scope", "unknown-code"),
        ("limit = 5", 'limit = 5\nevidence = "heard"', "clock[1].evidence", "unknown-code"),
        ("limit = 5", 'limit = 5\nservices = ["coaching"]', "clock[1].services[0]", "unknown-code"),
        ("limit = 5", 'limit = 5\npriorities = ["asap"]', "clock[1].priorities[0]", "unknown-code"),
        ("limit = 5", 'limit = 5\nsource_sectors = ["ngo"]',
         "clock[1].source_sectors[0]", "unknown-code"),
        ("limit = 5", 'limit = 5\nheard_from = ["ngo"]', "clock[1].heard_from[0]", "unknown-code"),
        ("limit = 5", 'limit = 5\nscope = "person"\nowner_sector = "ngo"',
         "clock[1].owner_sector", "unknown-code"),
        ("limit = 5", "limit = 5\nage_from = -1", "clock[1].age_from", "greater-than-equal"),
        ("limit = 5", "limit = 5\nage_under = 151", "clock[1].age_under", "less-than-equal"),
        ("limit = 5", 'limit = 5\ntyp_member = "yes"', "clock[1].typ_member", "bad-value"),
        ("limit = 5", 'limit = 5\npauses_on = ["on-hold"]\npause_at_most = "30wd"',
         "clock[1].pause_at_most", "bad-value"),
        ("limit = 5", "limit = 5\nage_from = 25\nage_under = 25",
         "clock[1].age_under", "contradiction"),
        ("limit = 5", "limit = 5\ndays_a_week = 6", "clock[1].days_a_week", "contradiction"),
        ("limit = 5", 'limit = 5\nowner_sector = "kela"',
         "clock[1].owner_sector", "contradiction"),
        ("limit = 5", 'limit = 5\nresumes_on = ["on-hold"]',
         "clock[1].resumes_on", "contradiction"),
        ("limit = 5", 'limit = 5\npause_at_most = "30d"',
         "clock[1].pause_at_most", "contradiction"),
        ("limit = 5", 'limit = 5\npauses_on = ["on-hold"]\nresumes_on = ["on-hold"]',
         "clock[1].resumes_on", "contradiction"),
        ("limit = 5", 'limit = 5\ncancelled_on = ["in-progress"]',
         "clock[1].cancelled_on", "contradiction"),
        ('met_on = ["in-progress"]', 'met_on = ["in-progress", "accepted"]',
         "clock[1].met_on", "contradiction"),
        ('unit = "working_days"\nlimit = 5', 'unit = "hours"\nlimit = 0',
         "clock[1].limit", "contradiction"),
        ('unit = "working_days"\nlimit = 5', 'unit = "benefit_days"\nlimit = 5',
         "clock[1].starts_on", "contradiction"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_mistake_in_a_handoffs_clock_is_found_where_it_is(
    tmp_path: Path, old: str, new: str, path: str, code: str
) -> None:
    found = problems(planted(tmp_path, of=SAMPLE, add=HANDOFF.replace(old, new)))
    assert (path, code) in {(problem.path, problem.code) for problem in found}


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ('owner_sector = "kela"\n', "", "clock[1].owner_sector", "missing-key"),
        ("limit = 60", "limit = 60\ndays_a_week = 7", "clock[1].days_a_week", "less-than-equal"),
        ("limit = 60", "limit = 30", "clock[1].limit", "contradiction"),
        ("limit = 60", 'limit = 60\nservices = ["job_coaching"]',
         "clock[1].services", "contradiction"),
        ("limit = 60", 'limit = 60\npriorities = ["urgent"]',
         "clock[1].priorities", "contradiction"),
        ("limit = 60", 'limit = 60\ncancelled_on = ["rejected/other"]',
         "clock[1].cancelled_on", "contradiction"),
        ('starts_on = ["sickness_benefit_days/30"]', 'starts_on = ["plan_made"]',
         "clock[1].starts_on", "contradiction"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_mistake_in_a_persons_clock_is_found_where_it_is(
    tmp_path: Path, old: str, new: str, path: str, code: str
) -> None:
    problem = of_clock(tmp_path, PERSON, old, new)
    assert (problem.path, problem.code) == (path, code)


def test_a_statutory_clock_neither_pauses_nor_resumes(tmp_path: Path) -> None:
    paused = 'limit = 5\nstatutory = true\npauses_on = ["on-hold"]\nresumes_on = ["WorkerNamed"]'
    found = problems(
        planted(tmp_path, of=SAMPLE, add=HANDOFF.replace("limit = 5", paused)),
    )
    assert [problem.path for problem in found] == ["clock[1].pauses_on", "clock[1].resumes_on"]


def test_what_starts_a_persons_clock_may_meet_it_and_start_it_anew(tmp_path: Path) -> None:
    talk = PERSON.replace("benefit_days", "months").replace("limit = 60", "limit = 3")
    talk = talk.replace("sickness_months/30", "contact_made")
    load_agreements(
        planted(tmp_path, of=SAMPLE, add=talk.replace("assessment_completed", "contact_made"))
    )


@pytest.mark.parametrize(
    ("rung", "path", "code"),
    [
        ("", "clock[1].rung[0]", "contradiction"),
        ('at = 0.5\nbefore = "1wd"\n', "clock[1].rung[0]", "contradiction"),
        ('before = "1wd"\nafter = "1wd"\n', "clock[1].rung[0]", "contradiction"),
        ('at = "1w"\n', "clock[1].rung[0].at", "bad-value"),
        ("at = true\n", "clock[1].rung[0].at", "bad-value"),
        ("at = 11.0\n", "clock[1].rung[0].at", "bad-value"),
        ("before = 1\n", "clock[1].rung[0].before", "bad-value"),
        ('after = "0d"\n', "clock[1].rung[0].after", "bad-value"),
        ('at = "1wd"\noffice_hours = "yes"\n', "clock[1].rung[0].office_hours", "bad-value"),
        ('before = "1wd"\n' + RUNG + 'before = "1wd"\n', "clock[1].rung[1]", "contradiction"),
    ],
)
def test_a_mistake_in_a_rung_is_found_where_it_is(
    tmp_path: Path, rung: str, path: str, code: str
) -> None:
    (problem,) = problems(planted(tmp_path, of=SAMPLE, add=HANDOFF + RUNG + rung))
    assert (problem.path, problem.code) == (path, code)


def test_a_rung_tells_a_role_or_an_agency_of_the_file(tmp_path: Path) -> None:
    told = HANDOFF + RUNG.replace("recipient", "kella") + 'before = "1wd"\n'
    (problem,) = problems(planted(tmp_path, of=SAMPLE, add=told))
    assert (problem.path, problem.code) == ("clock[1].rung[0].to", "unknown-code")
    assert problem.nearest == "kela"


@pytest.mark.parametrize(
    ("added", "path", "code"),
    [
        ('office_hours = { opens = "16:00", closes = "08:00" }',
         "agency[3].office_hours", "contradiction"),
        ('office_hours = { opens = "8", closes = "16:00" }',
         "agency[3].office_hours.opens", "bad-value"),
        ('office_hours = { opens = "08:00" }', "agency[3].office_hours.closes", "missing-key"),
        ('office_hours = { opens = "08:00", closes = "16:00", lunch = "11:00" }',
         "agency[3].office_hours.lunch", "unknown-key"),
        ("office_hours = 8", "agency[3].office_hours", "bad-value"),
        ('silent_after = "16h"', "agency[3].silent_after", "bad-value"),
        ('closed_days = ["2026-07-06"]', "agency[3].closed_days[0]", "bad-value"),
        ('desk = [{ role = "boss", delivery = "email:duty@kela.example" }]',
         "agency[3].desk[0].role", "unknown-code"),
        ('desk = [{ role = "source", delivery = "email:duty" }]',
         "agency[3].desk[0].delivery", "bad-value"),
        ('desk = [{ role = "source", delivery = "webhook:kela.example" }]',
         "agency[3].desk[0].delivery", "bad-value"),
        (f"desk = [{TWICE}, {TWICE}]", "agency[3].desk[1]", "contradiction"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_mistake_in_an_agencys_offices_is_found_where_it_is(
    tmp_path: Path, added: str, path: str, code: str
) -> None:
    kela = 'municipalities = ["*"]\n'
    (problem,) = problems(planted(tmp_path, (kela, f"{kela}{added}\n"), of=SAMPLE))
    assert (problem.path, problem.code) == (path, code)


def test_a_desks_address_is_repeated_in_no_error(tmp_path: Path) -> None:
    desk = AGENCY + 'desk = [{ role = "source", delivery = "smtp:secret-of-the-agency" }]\n'
    with pytest.raises(AgreementError) as wrong:
        load_agreements(planted(tmp_path, (AGENCY, desk), of=SAMPLE))
    assert "secret-of-the-agency" not in str(wrong.value)


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ('reason = "no-day-count"', 'reason = "lazy"', "duty[0].reason", "unknown-code"),
        ('evidence = "known"\n', "", "duty[0].evidence", "missing-key"),
        ('evidence = "known"', 'evidence = "known"\nlimit = 5', "duty[0].limit", "unknown-key"),
        ('evidence = "known"', 'evidence = "known"\nvalid_to = 2025-01-01\nvalid_from = 2026-01-01',
         "duty[0].valid_to", "contradiction"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_mistake_in_a_duty_is_found_where_it_is(
    tmp_path: Path, old: str, new: str, path: str, code: str
) -> None:
    problem = of_clock(tmp_path, DUTY, old, new)
    assert (problem.path, problem.code) == (path, code)
