"""The demonstration region ships every obligation of the facts that is not off by default."""

import json
from datetime import UTC, date, datetime
from itertools import product

import pytest

from streams.bootstrap.agreement_clock_summary import clock_lines, clock_summary
from streams.bootstrap.agreement_file import read_editions
from streams.bootstrap.agreement_summary import describe
from streams.domain import budget
from streams.domain.calendar import instant
from streams.domain.clock_rules import ClockRule, RungRule, triggers
from streams.domain.ids import AgencyId
from tests.agreements.files import only

(EDITION,) = read_editions()
BOOK = only().clock_rules
ROWS = [
    ("hub-ack", "4 hours", "rec"),
    ("acceptance", "5 working_days", "rec"),
    ("service-start", "30 calendar_days", "rec"),
    ("hub-contact", "7 working_days", "rec"),
    ("hub-close", "10 working_days", "rec"),
    ("first-service", "60 calendar_days", "rec"),
    ("hl21", "3 working_days", "rec"),
    ("recall", "3 working_days", "rec"),
    ("shl36-start", "7 working_days", "known"),
    ("shl36-child", "3 months", "known"),
    ("shl36-urgent", "0 calendar_days", "known"),
    ("shl42", "7 working_days", "rec"),
    ("shl45", "3 months", "known"),
    ("thl51", "0 working_days", "found"),
    ("thl51a-u23", "14 calendar_days", "found"),
    ("thl51a-23", "3 months", "found"),
    ("thl52-assess", "21 calendar_days", "found"),
    ("thl52-evaluation", "3 months", "known"),
    ("thl52-care", "6 months", "found"),
    ("thl52-care-u23", "3 months", "found"),
    ("tvl-init-2025", "5 working_days", "found"),
    ("tvl-init-2026", "10 working_days", "found"),
    ("tvl-supp-2025", "14 calendar_days", "found"),
    ("tvl-3mo", "3 months", "found"),
    ("tvl-plan", "14 calendar_days", "known?"),
    ("typ-map", "3 months", "known?"),
    ("typ-review", "6 months", "known?"),
    ("kuty-plan-u25", "3 months", "known?"),
    ("kuty-plan-25", "3 months", "known?"),
    ("sv-60", "60 benefit_days", "found"),
    ("sv-90", "90 benefit_days", "found"),
    ("sv-150", "150 benefit_days", "found"),
    ("sv-230", "230 benefit_days", "found"),
    ("sv-300", "300 benefit_days", "found"),
]
DUTIES = ["hl23", "shl39", "shl41", "kuty-plan-2026", "kuty-elig", "ttt14a", "sv-30", "sv-apply"]


def shipped(name: str) -> ClockRule:
    rule = BOOK.rule(name)
    assert rule is not None, name
    return rule


def test_every_row_of_the_facts_is_a_clock_or_a_duty() -> None:
    assert [(r.rule, f"{r.limit} {r.unit}", r.evidence) for r in BOOK] == ROWS
    assert [duty.rule for duty in EDITION.record.duty] == [*DUTIES, "kkrl", "hub-close-others"]


def test_no_clock_and_no_duty_claims_that_a_person_has_read_its_law() -> None:
    assert all(rule.law_ref and not rule.verified for rule in BOOK)
    assert all(duty.law_ref and not duty.verified for duty in EDITION.record.duty)


def test_what_rests_on_a_law_never_pauses() -> None:
    assert all(not rule.pauses_on for rule in BOOK if rule.statutory)
    assert {rule.rule for rule in BOOK if rule.pauses_on} == {
        "acceptance",
        "service-start",
        "hub-contact",
    }


def test_the_initial_interview_takes_five_days_in_2025_and_ten_from_2026() -> None:
    turn = instant(datetime(2025, 12, 31, 22, tzinfo=UTC))
    assert (shipped("tvl-init-2025").valid_from, shipped("tvl-init-2025").valid_to) == (None, turn)
    assert (shipped("tvl-init-2026").valid_from, shipped("tvl-init-2026").valid_to) == (turn, None)


def test_acceptance_is_warned_of_after_three_days_and_told_to_both_at_the_breach() -> None:
    acceptance = shipped("acceptance")
    assert acceptance.starts_on == triggers("received")
    assert (acceptance.pauses_on, acceptance.pause_days_max) == (triggers("info-needed"), 30)
    assert acceptance.rungs == (
        RungRule("warn-0.6", 0.6, "recipient", office_hours=True),
        RungRule("breach", 1.0, "coordinator", office_hours=True),
        RungRule("breach-source", 1.0, "source", office_hours=True),
        RungRule("late-3wd", 0.0, "management", "due", 3, "working_days", office_hours=True),
    )


def test_an_acknowledgement_is_missed_by_day_and_night() -> None:
    warned, told = shipped("hub-ack").rungs
    assert warned == RungRule("after-start-15m", 0.0, "recipient", "start", 15, "minutes")
    assert told == RungRule("breach", 1.0, "coordinator", office_hours=True)


def test_whoever_waits_for_a_person_is_told_in_office_hours() -> None:
    at_once = {("hub-ack", "after-start-15m"), ("shl36-urgent", "breach")}
    assert {(r.rule, rung.rung) for r in BOOK for rung in r.rungs if not rung.office_hours} == (
        at_once
    )


@pytest.mark.parametrize("days", [60, 90, 150, 230, 300])
def test_sickness_days_are_counted_six_a_week_as_kela_reports_them(days: int) -> None:
    rule = shipped(f"sv-{days}")
    assert (rule.days_a_week, rule.owner_sector, rule.source_sectors) == (6, "kela", ("kela",))


def test_every_persons_clock_has_an_agency_that_owes_it() -> None:
    version = only()
    sectors = {agency.sector for agency in version.agencies.values()}
    assert all((rule.scope == "person") == bool(rule.owner_sector) for rule in BOOK)
    assert {rule.owner_sector for rule in BOOK} - {""} <= sectors


def test_every_agency_has_office_hours_and_a_bound_of_silence() -> None:
    assert all(agency.silent_after_hours == 16 for agency in only().agencies.values())


def test_every_shipped_ladder_warns_before_the_deadline_and_follows_up_after_it() -> None:
    version = only()
    offices = version.offices(AgencyId("kela"))
    # A Wednesday, the eve of Easter and the day before Christmas Eve, in the morning.
    days = [datetime(2026, *day, 8, tzinfo=UTC) for day in ((3, 4), (4, 2), (12, 23))]
    for day, rule in product(days, BOOK):
        started_at = instant(day)
        due_at = budget.deadline(rule, started_at, 1.0, (), offices)
        for rung in budget.ladder(rule, started_at, (), offices):
            if rung.rung.startswith(("before", "warn", "after-start")):
                assert started_at < rung.at < due_at, (rule.rule, rung.rung, day)
            else:
                assert rung.at >= due_at, (rule.rule, rung.rung, day)


def test_what_is_shown_of_a_day_are_the_clocks_and_duties_of_that_day() -> None:
    shown = {
        year: json.loads(json.dumps(describe([EDITION], instant(datetime(year, 3, 2, tzinfo=UTC)))))
        for year in (2025, 2026)
    }
    rules = {year: {clock["rule"] for clock in shown[year]["clocks"]} for year in shown}
    duties = {year: {duty["rule"] for duty in shown[year]["duties"]} for year in shown}
    of_2025 = {"tvl-init-2025", "tvl-supp-2025", "kuty-plan-u25", "kuty-plan-25"}
    assert rules[2025] - rules[2026] == of_2025
    assert rules[2026] - rules[2025] == {"tvl-init-2026"}
    assert duties[2026] - duties[2025] == {"kuty-plan-2026"}
    assert duties[2025] - duties[2026] == {"kuty-elig"}
    (hl23,) = (duty for duty in shown[2026]["duties"] if duty["rule"] == "hl23")
    assert (hl23["reason"], hl23["verified"]) == ("no-day-count", False)


def test_a_clock_is_shown_with_its_every_word() -> None:
    at = instant(datetime(2026, 3, 2, tzinfo=UTC))
    clocks = {c["rule"]: c for c in json.loads(json.dumps(describe([EDITION], at)))["clocks"]}
    assert clocks["shl36-start"] == {
        "rule": "shl36-start",
        "scope": "handoff",
        "unit": "working_days",
        "limit": 7,
        "calendar": "national",
        "days_a_week": None,
        "starts_on": ["requested"],
        "met_on": ["assessment_started", "in-progress", "completed"],
        "cancelled_on": [],
        "pauses_on": [],
        "resumes_on": [],
        "pause_days_max": None,
        "conditions": {
            "services": ["service_need_assessment"],
            "source_sectors": [],
            "priorities": [],
            "age_from": 75,
            "age_under": None,
            "typ_member": None,
        },
        "owner_sector": None,
        "heard_from": [],
        "rungs": [
            {
                "rung": "before-2wd",
                "to": "recipient",
                "share": None,
                "anchor": "due",
                "amount": -2,
                "unit": "working_days",
                "office_hours": True,
            },
            {
                "rung": "breach",
                "to": "recipient",
                "share": 1.0,
                "anchor": None,
                "amount": None,
                "unit": None,
                "office_hours": True,
            },
            {
                "rung": "late-3wd",
                "to": "management",
                "share": None,
                "anchor": "due",
                "amount": 3,
                "unit": "working_days",
                "office_hours": True,
            },
        ],
        "statutory": True,
        "evidence": "known",
        "law_ref": "Sosiaalihuoltolaki 1301/2014 36 §",
        "verified": False,
        "valid_from": None,
        "valid_to": None,
    }
    assert clocks["sv-90"]["starts_on"] == ["sickness_benefit_days/60"]
    assert clocks["hl21"]["starts_on"] == ["rejected/misdirected"]


def test_a_clock_is_told_to_people_without_what_says_nothing() -> None:
    assert clock_lines(clock_summary(shipped("sv-90"))) == [
        ("rule", "sv-90"),
        ("scope", "person"),
        ("limit", "90 benefit_days"),
        ("calendar", "national"),
        ("days_a_week", 6),
        ("starts_on", ["sickness_benefit_days/60"]),
        ("met_on", ["assessment_completed"]),
        ("cancelled_on", ["job_search_started"]),
        ("source_sectors", ["kela"]),
        ("owner_sector", "kela"),
        ("heard_from", ["sote", "employment"]),
        (
            "rungs",
            ["before-10wd (recipient, in office hours)", "breach (recipient, in office hours)"],
        ),
        ("statutory", True),
        ("evidence", "found"),
        ("law_ref", "Sairausvakuutuslaki 1224/2004 8 luku 5 a §"),
        ("verified", False),
    ]


def test_no_shipped_rule_began_before_it_was_law() -> None:
    # THL 51 a § as it is: from the day on which the agreement begins.
    begins = shipped("thl51a-23").valid_from
    assert begins == only().valid_from
    assert EDITION.record.region.valid_from == date(2025, 1, 1)
