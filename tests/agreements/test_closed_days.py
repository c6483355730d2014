"""The frozen calendar says what its library says, and what the check values say."""

import csv
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from streams.bootstrap import freeze_calendar
from streams.bootstrap.agreement_file import load_agreements, shipped_folder
from streams.bootstrap.closed_days import parse_closed_days, read_closed_days
from streams.domain.calendar import after_working_days, is_working_day

CHECKS = Path(__file__).parents[1] / "data" / "domain" / "working_days.csv"
FROZEN = read_closed_days("fi", (shipped_folder(),))
CALENDAR = """[covers]
first = 2026-01-01
last = 2026-12-31
[[holiday]]
name = { fi = "Vappu", sv = "Första maj", en = "May Day" }
dates = [2026-05-01]
"""


def test_the_frozen_calendar_covers_its_years_whole() -> None:
    assert (FROZEN.first, FROZEN.last) == (date(2015, 1, 1), date(2045, 12, 31))
    assert len(FROZEN.days) == 31 * 15


@pytest.mark.parametrize(("language", "code"), [("fi", "fi"), ("sv", "sv_FI"), ("en", "en_US")])
def test_the_frozen_calendar_is_the_librarys(language: str, code: str) -> None:
    library = holidays.country_holidays("FI", years=range(2015, 2046), language=code)
    assert {day: getattr(name, language) for day, name in FROZEN.days.items()} == dict(library)


def test_the_shipped_calendar_is_what_the_command_writes(tmp_path: Path) -> None:
    target = tmp_path / "calendar-fi.toml"
    freeze_calendar.main([str(target)])
    assert target.read_bytes() == (shipped_folder() / "calendar-fi.toml").read_bytes()


def test_working_days_come_out_as_the_check_values_say() -> None:
    closed = load_agreements().versions[0].closed_days
    with CHECKS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 15
    for row in rows:
        start = date.fromisoformat(row["start"]).toordinal()
        for count in (5, 7, 10):
            end = after_working_days(start, count, closed)
            assert date.fromordinal(end).isoformat() == row[f"+{count}"], row["start"]


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 6, 19), False),  # Midsummer's Eve
        (date(2026, 12, 24), False),  # Christmas Eve
        (date(2026, 12, 6), False),  # a Sunday anyway
        (date(2026, 4, 2), True),  # Maundy Thursday
        (date(2026, 12, 31), True),  # New Year's Eve
    ],
)
def test_eves_are_closed_only_where_offices_are(day: date, works: bool) -> None:
    closed = load_agreements().versions[0].closed_days
    assert is_working_day(day.toordinal(), closed) is works


def test_a_holiday_on_a_weekend_is_closed_too() -> None:
    # Where six days a week are counted, a holiday on a Saturday is not.
    assert date(2026, 12, 6).toordinal() in FROZEN.ordinals()
    assert FROZEN.days[date(2026, 12, 6)].fi == "Itsenäisyyspäivä"


def test_the_first_folder_that_has_a_calendar_gives_it(tmp_path: Path) -> None:
    (tmp_path / "calendar-fi.toml").write_text(CALENDAR, encoding="utf-8")
    found = read_closed_days("fi", (tmp_path, shipped_folder()))
    assert list(found.days) == [date(2026, 5, 1)]
    with pytest.raises(FileNotFoundError):
        read_closed_days("xx", (tmp_path, shipped_folder()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-05-01", "2027-05-01"),
        ("[covers]", "[coverage]"),
        ("dates", "days"),
        ('en = "May Day"', 'english = "May Day"'),
        ("first = 2026-01-01", "first = 1"),
        ("[[holiday]]", "[holiday]"),
        ("[covers]", "[covers"),
    ],
)
def test_what_is_no_calendar_is_refused(old: str, new: str) -> None:
    assert parse_closed_days("xx", CALENDAR).days
    with pytest.raises(ValueError):  # noqa: PT011  # the text differs, the refusal is the point
        parse_closed_days("xx", CALENDAR.replace(old, new))


def test_a_computed_year_has_every_eve() -> None:
    days = freeze_calendar.finnish_closed_days(2026, 2026)
    assert days[date(2026, 6, 19)] == {
        "fi": "Juhannusaatto",
        "sv": "Midsommarafton",
        "en": "Midsummer Eve",
    }
    assert days[date(2026, 6, 19) + timedelta(days=188)]["fi"] == "Jouluaatto"


def test_the_command_writes_beside_the_shipped_agreement_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeze_calendar, "__file__", str(tmp_path / "streams" / "bootstrap" / "x"))
    (tmp_path / "deploy" / "agreements").mkdir(parents=True)
    freeze_calendar.main([])
    assert (tmp_path / "deploy" / "agreements" / "calendar-fi.toml").is_file()
