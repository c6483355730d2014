"""Artificial persons: HETUs with individual numbers 900-999, which are nobody's, and made-up names.

A seed gives the same persons every time. All 13 century signs occur (facts 3.1; 2023 amendment).
"""

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

SIGNS = {1800: "+", 1900: "-YXWVU", 2000: "ABCDEF"}
"""Century signs: the first of each century, and those added when it ran out."""
CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_PROTECTED_EVERY, _FIRST_PROTECTED = 17, 3
_FIRST_ARTIFICIAL, _LAST_ARTIFICIAL = 900, 999

_GIVEN = (
    *("Aallotar", "Annikki", "Eevastiina", "Ilmatar", "Kaarina", "Kyllikki", "Lumikki"),
    *("Marjatta", "Mielikki", "Orvokki", "Pellervo", "Pirkkoliisa", "Sampsa Oskari"),
    *("Tellervo", "Untamo", "Vellamo", "Väinämö", "Yrjänä", "Åke Henrik", "Öyvind"),
)
_FAMILY = (
    *("Aavasaari", "Hämeenheimo", "Iltarusko", "Jylhäsalmi", "Kaislaranta", "Korpivaara"),
    *("Lumikenttä", "Metsäpolku", "Niittyvilla", "Ojanpientare", "Peurakangas", "Pöyhölä"),
    *("Rantakäki", "Suopursu", "Tuulikallio", "Uimaniemi", "Vaahteramäki", "Yötuuli"),
)
_MUNICIPALITIES = ("405", "405", "405", "416", "441", "739", "831")
"""Lappeenranta, three times as likely, Lemi, Luumäki, Savitaipale and Taipalsaari."""
_LANGUAGES = ("fi", "fi", "fi", "fi", "sv", "so", "uk")
_OLDEST, _YOUNGEST = date(1961, 1, 1), date(2007, 12, 31)
"""People of working age, but for the one who keeps the oldest century sign in use."""
_OLDEST_SIGN_BORN = date(1899, 6, 1)


class Person(NamedTuple):
    """Somebody who does not exist; what an agency would know of them."""

    hetu: str
    given_names: str
    family_name: str
    phone: str
    municipality: str
    language: str
    protected: bool
    """A non-disclosure order (turvakielto) guards their contact data."""


def check_character(digits: str) -> str:
    """Give the check character of a HETU's nine digits (DDMMYY and the individual number)."""
    return CHECK_CHARACTERS[int(digits) % 31]


def hetu(born: date, sign: str, individual: int) -> str:
    """Write a HETU.

    Raises:
        ValueError: The individual number is not an artificial one, or the sign not the century's.
    """
    if not _FIRST_ARTIFICIAL <= individual <= _LAST_ARTIFICIAL:
        raise ValueError("an artificial HETU has an individual number from 900 to 999")
    if sign not in SIGNS.get(born.year // 100 * 100, ""):
        raise ValueError("not a sign of the birth date's century")
    digits = f"{born:%d%m%y}{individual}"
    return f"{born:%d%m%y}{sign}{individual}{check_character(digits)}"


def cast(rng: Random, count: int) -> list[Person]:
    """Make so many persons, no two with one HETU; the first 13 have each a sign of their own."""
    persons: list[Person] = []
    taken: set[str] = set()
    signs = [(century, sign) for century, marks in SIGNS.items() for sign in marks]
    while len(persons) < count:
        century, sign = signs[len(persons)] if len(persons) < len(signs) else rng.choice(signs[1:])
        made = hetu(_born(rng, century), sign, rng.randint(_FIRST_ARTIFICIAL, _LAST_ARTIFICIAL))
        if made in taken:
            continue
        taken.add(made)
        protected = len(persons) % _PROTECTED_EVERY == _FIRST_PROTECTED
        persons.append(_person(rng, made, protected=protected))
    return persons


def _born(rng: Random, century: int) -> date:
    if century == 1800:  # noqa: PLR2004  # the century of the sign +
        return _OLDEST_SIGN_BORN + timedelta(days=rng.randrange(200))
    first = max(_OLDEST, date(century, 1, 1))
    last = min(_YOUNGEST, date(century + 99, 12, 31))
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def _person(rng: Random, made: str, *, protected: bool) -> Person:
    return Person(
        made,
        rng.choice(_GIVEN),
        rng.choice(_FAMILY),
        f"+35850{rng.randrange(1_000_000, 10_000_000)}",
        rng.choice(_MUNICIPALITIES),
        rng.choice(_LANGUAGES),
        protected,
    )
