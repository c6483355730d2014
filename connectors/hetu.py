"""HETU (henkilötunnus): read in its one spelling, or refused with the code of what is wrong.

`DDMMYYCNNNK`: birth date, century sign (13 of them since 2023), individual number, check character
(shared facts 3.1). Two spellings of one person would be two pseudonyms, so nothing is mended but
surrounding spaces and the case of ASCII letters.

The rule is written out here instead of calling python-stdnum: every message pays for it, stdnum
takes about 9 microseconds a call and 50 ms to import, and gives no birth date. A property test
holds the two together.
"""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from connectors.local_time import local_date
from streams.domain.ids import Instant

FORMAT = "hetu-format"
CHECK = "hetu-check"
NOT_ALLOWED = "hetu-not-allowed"

DETAILS = {
    FORMAT: "not a HETU: its form, its date, or a birth date in the future",
    CHECK: "the HETU's check character is wrong",
    NOT_ALLOWED: "artificial HETUs belong to test regions, real ones to production",
}
"""The hub's own words for each code: they never repeat what the message said."""

_CENTURY = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FORM = re.compile(
    r"([0-3][0-9][01][0-9][0-9]{2})([-+A-FU-Y])([0-9]{3})([0-9A-FHJ-NPR-Y])", re.ASCII
)
_FIRST_INDIVIDUAL_NUMBER = "002"
_PRODUCTION = "production"


class Hetu(NamedTuple):
    """A valid HETU: its one spelling, and the date of birth it tells."""

    text: str
    born: date


@lru_cache(maxsize=4096)
def _birth_date(digits: str, sign: str) -> date | None:
    # Kept by date and not by HETU: a cache of HETUs would hold persons in memory.
    try:
        return date(_CENTURY[sign] + int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return None


def read_hetu(text: object, profile: str, on: date) -> Hetu | str:
    """Read a HETU as a message spells it, as of the local date `on`.

    `profile` is the region's: `production` refuses individual numbers 900-999, any other profile
    requires them. Returns `hetu-format`, `hetu-check` or `hetu-not-allowed`, the first that is
    true, where it must be refused; never raises, whatever `text` is.
    """
    # ASCII comes first: other scripts have letters whose upper case is an ASCII letter.
    spelling = text.strip(" ").upper() if isinstance(text, str) and text.isascii() else ""
    form = _FORM.fullmatch(spelling)
    if form is None:
        return FORMAT
    digits, sign, individual, check = form.groups()
    born = _birth_date(digits, sign)
    if born is None or born > on or individual < _FIRST_INDIVIDUAL_NUMBER:
        return FORMAT
    if _CHECK_CHARACTERS[int(digits + individual) % 31] != check:
        return CHECK
    if (individual[0] == "9") is (profile == _PRODUCTION):
        return NOT_ALLOWED
    return Hetu(spelling, born)


def age_years(born: date, at: Instant) -> int:
    """Count the full years of age on the local date of `at`; -1 before the birth date.

    Who was born on 29 February comes of age on 1 March of a common year.
    """
    today = local_date(at)
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return max(today.year - born.year - (not had_birthday), -1)
