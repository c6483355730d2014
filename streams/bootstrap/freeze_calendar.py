"""Freeze Finland's closed days into a file: `python -m streams.bootstrap.freeze_calendar`.

Run by a developer when the covered years are about to end; the result is read over and committed.
The public holidays of the `holidays` library, with Midsummer's and Christmas Eve, which are not
statutory but on which offices are shut (facts 3.6).
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

FIRST_YEAR, LAST_YEAR = 2015, 2045
LANGUAGES = {"fi": "fi", "sv": "sv_FI", "en": "en_US"}


def finnish_closed_days(first_year: int, last_year: int) -> dict[date, dict[str, str]]:
    """Compute the closed days of whole years, both included, each with its names by language."""
    import holidays

    years = range(first_year, last_year + 1)
    by_language = {
        short: holidays.country_holidays("FI", years=years, language=long)
        for short, long in LANGUAGES.items()
    }
    return {
        day: {short: str(found[day]) for short, found in by_language.items()}
        for day in sorted(by_language["fi"])
    }


def render(first_year: int, last_year: int) -> str:
    """Write the calendar file of whole years, both included: the same library, the same text."""
    by_name: dict[tuple[str, str, str], list[date]] = {}
    for day, name in finnish_closed_days(first_year, last_year).items():
        by_name.setdefault((name["fi"], name["sv"], name["en"]), []).append(day)
    lines = [
        "# Days on which offices in Finland are shut, also where one falls on a weekend. Frozen:",
        "# deadlines are counted with these dates, whatever a library says later. They are part of",
        "# the digest of every agreement that names this calendar. Written by a command:",
        "#   python -m streams.bootstrap.freeze_calendar",
        "",
        "[covers] # both days included",
        f"first = {date(first_year, 1, 1)}",
        f"last = {date(last_year, 12, 31)}",
    ]
    for (fi, sv, en), days in by_name.items():
        lines += [
            "",
            "[[holiday]]",
            f'name = {{ fi = "{fi}", sv = "{sv}", en = "{en}" }}',
            "dates = [",
        ]
        lines += [
            "  " + " ".join(f"{day}," for day in days[at : at + 6]) for at in range(0, len(days), 6)
        ]
        lines.append("]")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Write the calendar file to the path given, else to the repository's own."""
    shipped = Path(__file__).parents[2] / "deploy" / "agreements" / "calendar-fi.toml"
    target = Path(arguments[0]) if arguments else shipped
    target.write_text(render(FIRST_YEAR, LAST_YEAR), encoding="utf-8")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
