"""What an explanation says, it says in Finnish, Swedish and English."""

import tomllib
from datetime import date
from enum import StrEnum
from string import Formatter
from typing import Any, get_args

import pytest

from streams.cli.words import FILE, LANGUAGES, Words
from streams.domain import budget
from streams.domain.calendar import HOUR_US
from streams.domain.codes import (
    Basis,
    Branch,
    Category,
    Milestone,
    NoticeKind,
    Purpose,
    Service,
    Status,
)
from streams.domain.event import AgencyEvent
from streams.domain.ids import Instant
from streams.domain.path import MilestoneReached
from streams.domain.statement import Standing
from streams.domain.statements import GivenBy, StatementKind
from streams.views.audit_events import WORDS
from streams.views.deadlines import CLOCK_STATES
from streams.views.decisions import (
    DENY,
    HOLDS,
    LAW,
    ORDER,
    OVERRIDDEN,
    PERMIT,
    PERMITS,
    STATEMENT,
    VITAL,
)
from streams.views.disclosures import NOT_ASKED
from streams.views.fates import DELIVERY_STATUSES

TABLES: dict[str, dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
ROWS = [(table, code, row) for table, rows in TABLES.items() for code, row in rows.items()]
NOON = Instant(1_796_551_200_000_000)
"""Sunday 6.12.2026 at noon in Helsinki."""
REASONS = (
    budget.COUNTED,
    budget.START_DAY,
    budget.WEEKEND,
    budget.HOLIDAY,
    budget.CLOSED_DAY,
    budget.SUSPENDED,
    budget.OUTSIDE_OFFICE_HOURS,
    budget.UNFINISHED_DAY,
    budget.REPORTED_DAYS,
)
EVENTS = [each.__name__ for each in get_args(AgencyEvent) if each is not MilestoneReached]


CHAIN = (
    *(f"{PERMITS}-{what}" for what in (STATEMENT, LAW, VITAL)),
    *(f"{role}-{STATEMENT}" for role in (OVERRIDDEN, HOLDS)),
)


def known(codes: type[StrEnum]) -> list[str]:
    return [code.value for code in codes if code.value != "unknown"]


@pytest.mark.parametrize(("table", "code", "row"), ROWS, ids=[f"{t}.{c}" for t, c, _ in ROWS])
def test_every_row_is_said_in_every_language_with_the_same_blanks(
    table: str, code: str, row: dict[str, str]
) -> None:
    assert list(row) == list(LANGUAGES)
    assert all(row.values())
    if table != "style":
        blanks = [
            {name for _, name, _, _ in Formatter().parse(said) if name} for said in row.values()
        ]
        assert blanks[0] == blanks[1] == blanks[2]
    if table == "unit":
        assert {said.count("|") for said in row.values()} == {1}


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("reason", REASONS),
        ("happening", known(Milestone)),
        ("happening", known(Status)),
        ("happening", EVENTS),
        ("state", CLOCK_STATES),
        ("scope", ("handoff", "case", "person", "recall", "hub")),
        ("role", ("recipient", "source", "coordinator", "management")),
        ("evidence", ("found", "known", "known?", "report", "rec")),
        ("remark", ("overdue-at-start", "starts-in-the-future")),
        ("moved", ("agreement-changed", "days-counted")),
        ("ended", ("rule-withdrawn", "case-over")),
        ("category", [*known(Category), WORDS]),
        ("purpose", known(Purpose)),
        ("service", known(Service)),
        ("branch", known(Branch)),
        ("statement", known(StatementKind)),
        ("standing", known(Standing)),
        ("giver", known(GivenBy)),
        ("basis", known(Basis)),
        ("notice", known(NoticeKind)),
        ("fate", DELIVERY_STATUSES),
        ("decision", (PERMIT, DENY)),
        ("behind", ("no-basis", "prohibited", ORDER, NOT_ASKED)),
        ("chain", CHAIN),
        ("act", ("give-consent", "give-sote_permit", "lift", "begin")),
        (
            "unit",
            (
                "working_days",
                "calendar_days",
                "months",
                "hours",
                "working_hours",
                "benefit_days",
            ),
        ),
    ],
)
def test_every_code_that_an_explanation_may_hold_is_known(table: str, codes: list[str]) -> None:
    assert [code for code in codes if code not in TABLES[table]] == []


@pytest.mark.parametrize(
    ("language", "time", "holiday"),
    [
        ("fi", "6.12.2026 12.00", "6.12. itsenäisyyspäivä"),
        ("sv", "6.12.2026 12.00", "6.12. itsenäisyyspäivä"),
        ("en", "6 December 2026 12:00", "6 December Itsenäisyyspäivä"),
    ],
)
def test_dates_are_written_as_the_language_writes_them(
    language: str, time: str, holiday: str
) -> None:
    words = Words(language)

    assert words.time(NOON) == time
    assert words.holiday(date(2026, 12, 6), "Itsenäisyyspäivä") == holiday


@pytest.mark.parametrize(
    ("us", "said"),
    [
        (0, "0 h"),
        (HOUR_US, "1 h"),
        (HOUR_US // 2, "30 min"),
        (28 * HOUR_US + 61_000_000, "28 h 1 min 1 s"),
        (1, "0.000001 s"),
        (-HOUR_US, "-1 h"),
    ],
)
def test_a_duration_is_said_without_rounding(us: int, said: str) -> None:
    assert Words("en").duration(us) == said


def test_amounts_have_their_singular() -> None:
    words = Words("en")

    assert words.amount("working_days", 1) == "1 working day"
    assert words.amount("working_days", 0) == "0 working days"
    assert words.amount("working_hours", HOUR_US) == "1 h of office hours"
    assert words.amount("months", 3) == "3 months"


def test_a_moment_off_the_minute_is_told_to_its_last_digit() -> None:
    assert Words("fi").time(Instant(NOON + 1_500_000)) == "6.12.2026 12.00.01,5"


def test_a_code_that_nobody_knows_is_said_as_it_is() -> None:
    assert Words("sv")("happening", "something-new") == "something-new"
