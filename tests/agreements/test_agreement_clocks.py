"""A clock record's every key reaches the domain, and only what moves a deadline its digest."""

from datetime import date
from pathlib import Path

import pytest

from streams.bootstrap.agreement_clock_values import moment
from streams.domain.agreement import Agreement, Desk
from streams.domain.calendar import HOUR_US, NATIONAL_HOURS, midnight
from streams.domain.clock_rules import ClockRule, RungRule, Trigger
from streams.domain.codes import Priority, Service
from streams.domain.ids import AgencyId
from tests.agreements.files import SAMPLE, only, planted

KELA = AgencyId("kela")
WHOLE = """
[[clock]]
rule = "whole"
scope = "case"
unit = "working_hours"
limit = 20
calendar = "agency"
starts_on = ["accepted", "rejected/misdirected"]
met_on = ["plan_made", "sickness_benefit_days/60"]
cancelled_on = ["WorkerNamed"]
pauses_on = ["on-hold"]
resumes_on = ["in-progress"]
pause_at_most = "30d"
services = ["job_coaching"]
source_sectors = ["kela"]
heard_from = ["sote"]
priorities = ["urgent"]
age_from = 18
age_under = 25
typ_member = true
statutory = false
evidence = "known?"
law_ref = "Agreement of the agencies"
verified = true
valid_from = 2026-01-01
valid_to = 2026-12-31
"""
OF_THE_PERSON = """
[[clock]]
rule = "sv-60"
scope = "person"
owner_sector = "kela"
unit = "benefit_days"
days_a_week = 6
limit = 60
starts_on = ["sickness_benefit_days"]
met_on = ["assessment_completed"]
"""
RUNGS = """
[[clock.rung]]
at = "15m"
to = "recipient"

[[clock.rung]]
at = "4h"
to = "recipient"

[[clock.rung]]
at = "1wd"
to = "kela"
office_hours = true

[[clock.rung]]
before = "1wd"
to = "recipient"

[[clock.rung]]
before = "1wd"
to = "source"

[[clock.rung]]
after = "3d"
to = "management"
office_hours = true

[[basis]]"""


def added(folder: Path, text: str) -> ClockRule:
    return only(planted(folder, of=SAMPLE, add=text)).clock_rules.rules[-1]


def test_every_key_of_a_clock_reaches_the_domain(tmp_path: Path) -> None:
    assert added(tmp_path, WHOLE) == ClockRule(
        rule="whole",
        unit="working_hours",
        limit=20,
        starts_on=(Trigger("accepted", "", 0), Trigger("rejected", "misdirected", 0)),
        met_on=(Trigger("plan_made", "", 0), Trigger("sickness_benefit_days", "", 60)),
        cancelled_on=(Trigger("WorkerNamed", "", 0),),
        pauses_on=(Trigger("on-hold", "", 0),),
        rungs=(RungRule("breach", 1.0, "coordinator"),),
        statutory=False,
        law_ref="Agreement of the agencies",
        verified=True,
        valid_from=midnight(date(2026, 1, 1).toordinal()),
        valid_to=midnight(date(2027, 1, 1).toordinal()),
        scope="case",
        calendar="agency",
        resumes_on=(Trigger("in-progress", "", 0),),
        services=(Service.JOB_COACHING,),
        source_sectors=("kela",),
        priorities=(Priority.URGENT,),
        age_from=18,
        age_under=25,
        typ_member=True,
        heard_from=("sote",),
        pause_days_max=30,
        evidence="known?",
    )


def test_a_persons_clock_names_the_sector_that_owes_it(tmp_path: Path) -> None:
    rule = added(tmp_path, OF_THE_PERSON)
    assert (rule.scope, rule.owner_sector, rule.days_a_week) == ("person", "kela", 6)
    assert (rule.pause_days_max, rule.evidence) == (None, "")


def test_a_clock_of_an_old_file_means_what_it_meant() -> None:
    rule = only(SAMPLE).clock_rules.rule("acceptance")
    assert rule is not None
    assert rule.starts_on == (Trigger("requested", "", 0),)
    assert (rule.scope, rule.calendar, rule.owner_sector) == ("handoff", "national", "")
    assert only(SAMPLE).digest.hex() == (
        "cc0125dd15acddb87e917497a33433a2f71df72bb820a2c33f45dc416480dfc7"
    )


def test_a_rung_is_named_for_its_moment_and_stands_in_order_of_time(tmp_path: Path) -> None:
    version = only(planted(tmp_path, ("\n[[basis]]", RUNGS), of=SAMPLE))
    assert version.clock_rules.rules[0].rungs == (
        RungRule("after-start-15m", 0.0, "recipient", "start", 15, "minutes"),
        RungRule("after-start-4h", 0.0, "recipient", "start", 4, "hours"),
        RungRule("after-start-1wd", 0.0, "kela", "start", 1, "working_days", office_hours=True),
        RungRule("warn-0.6", 0.6, "recipient"),
        RungRule("before-1wd", 0.0, "recipient", "due", -1, "working_days"),
        RungRule("before-1wd-source", 0.0, "source", "due", -1, "working_days"),
        RungRule("breach", 1.0, "coordinator"),
        RungRule("late-3d", 0.0, "management", "due", 3, "calendar_days", office_hours=True),
    )


def test_a_breach_may_wait_for_the_offices_to_open(tmp_path: Path) -> None:
    rung = '[[clock.rung]]\nat = 1\nto = "recipient"\noffice_hours = true\n'
    rule = added(tmp_path, OF_THE_PERSON + rung)
    assert rule.rungs == (RungRule("breach", 1.0, "recipient", office_hours=True),)


@pytest.mark.parametrize("text", ["", "1", "1w", "0d", "1 d", "-1wd"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no moment"):
        moment(text)


def test_a_clock_of_no_days_is_due_with_the_day_itself(tmp_path: Path) -> None:
    rule = only(planted(tmp_path, ("limit = 5", "limit = 0"), of=SAMPLE)).clock_rules.rules[0]
    assert rule.limit == 0


def test_an_agency_keeps_the_states_hours_where_nothing_else_is_agreed() -> None:
    kela = only(SAMPLE).agencies[KELA]
    assert (kela.opens_us, kela.closes_us) == NATIONAL_HOURS
    assert (kela.closed_days, kela.desks, kela.silent_after_hours) == (frozenset(), (), 0)


def test_an_agency_may_agree_hours_closed_days_silence_and_desks(tmp_path: Path) -> None:
    agreed = """delivery = "none"
office_hours = { opens = "09:30", closes = "12:00" }
closed_days = [2026-07-06]
silent_after = "16wh"

[[agency.desk]]
role = "management"
delivery = "email:duty@kela.example"

[[agency.desk]]
role = "recipient"
delivery = "webhook:https://kela.example/duty"
"""
    kela = only(planted(tmp_path, ('delivery = "none"\n', agreed), of=SAMPLE)).agencies[KELA]
    assert (kela.opens_us, kela.closes_us) == (9 * HOUR_US + HOUR_US // 2, 12 * HOUR_US)
    assert kela.closed_days == {date(2026, 7, 6).toordinal()}
    assert kela.silent_after_hours == 16
    assert kela.desks == (
        Desk("management", "email:duty@kela.example"),
        Desk("recipient", "webhook:https://kela.example/duty"),
    )


def changed(folder: Path, *changes: tuple[str, str], add: str = "") -> Agreement:
    return only(planted(folder, *changes, of=SAMPLE, add=add))


@pytest.mark.parametrize(
    "change",
    [
        ("limit = 5", "limit = 6"),
        ("warn_at = [0.6]", "warn_at = [0.4]"),
        ("warn_at = [0.6]", "warn_at = [0.6]\nvalid_to = 2027-12-31"),
        ("warn_at = [0.6]", 'warn_at = [0.6]\ncalendar = "agency"'),
        ('delivery = "none"', 'delivery = "none"\nclosed_days = [2026-07-06]'),
        (
            'delivery = "none"',
            'delivery = "none"\noffice_hours = { opens = "09:00", closes = "15:00" }',
        ),
    ],
)
def test_an_edit_that_moves_deadlines_changes_their_digest(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    assert changed(tmp_path, change).clock_digest != only(SAMPLE).clock_digest


@pytest.mark.parametrize(
    "change",
    [
        ('law_ref = "bar"', 'law_ref = "baz"'),
        ("verified = false", "verified = true"),
        ("warn_at = [0.6]", 'warn_at = [0.6]\nevidence = "rec"'),
        ("window_days = 90", "window_days = 60"),
        ('park_for = "24h"', 'park_for = "25h"'),
        ('en = "Kela"', 'en = "KELA"'),
        ('delivery = "none"', 'delivery = "none"\nsilent_after = "16wh"'),
        ('purpose = "employment"', 'purpose = "rehabilitation"'),
    ],
)
def test_an_edit_that_moves_no_deadline_leaves_their_digest(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    version = changed(tmp_path, change)
    assert version.clock_digest == only(SAMPLE).clock_digest
    assert version.digest != only(SAMPLE).digest


def test_hours_that_are_the_states_anyway_leave_both_digests(tmp_path: Path) -> None:
    spoken = 'delivery = "none"\noffice_hours = { opens = "08:00", closes = "16:15" }'
    version = changed(tmp_path, ('delivery = "none"', spoken))
    assert version.clock_digest == only(SAMPLE).clock_digest
    assert version.digest == only(SAMPLE).digest


def test_the_order_of_clocks_is_no_part_of_their_digest(tmp_path: Path) -> None:
    text = WHOLE + OF_THE_PERSON, OF_THE_PERSON + WHOLE
    one, other = (changed(tmp_path, add=clocks) for clocks in text)
    assert one.clock_digest == other.clock_digest
    assert one.digest != other.digest


def test_a_duty_is_kept_in_the_file_and_moves_no_deadline(tmp_path: Path) -> None:
    duty = '\n[[duty]]\nrule = "shl39"\nobligation = "A client plan"\nreason = "no-day-count"\n'
    version = changed(tmp_path, add=duty + 'evidence = "known"\nlaw_ref = "bar"\n')
    assert version.clock_digest == only(SAMPLE).clock_digest
    assert len(version.clock_rules.rules) == 1
