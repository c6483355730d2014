"""HETU (henkilötunnus): read in its one spelling, or refused with the code of what is wrong.

`DDMMYYCNNNK`: birth date, century sign (13 of them since 2023), individual number, check character
(shared facts 3.1). Two spellings of one person would be two pseudonyms, so nothing is mended but
surrounding spaces and the case of ASCII letters.

The rule itself is python-stdnum's. It accepts full-width digits, other scripts' dashes and birth
dates in the future, so a text must have the one ASCII spelling before it is asked.
"""

import re
from datetime import date
from typing import NamedTuple

from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.fi import hetu as stdnum_hetu

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
_SPELLING = re.compile(r"[0-9]{6}[-+A-Z][0-9]{3}[0-9A-Z]", re.ASCII)
_PRODUCTION = "production"


class Hetu(NamedTuple):
    """A valid HETU: its one spelling, and the date of birth it tells."""

    text: str
    born: date


def read_hetu(text: object, profile: str, on: date) -> Hetu | str:
    """Read a HETU as a message spells it, as of the local date `on`.

    `profile` is the region's: `production` refuses individual numbers 900-999, any other profile
    requires them. Returns `hetu-format`, `hetu-check` or `hetu-not-allowed`, the first that is
    true, where it must be refused; never raises, whatever `text` is.
    """
    # ASCII comes first: other scripts have letters whose upper case is an ASCII letter.
    spelling = text.strip(" ").upper() if isinstance(text, str) and text.isascii() else ""
    if _SPELLING.fullmatch(spelling) is None:
        return FORMAT
    try:
        stdnum_hetu.validate(spelling, allow_temporary=True)
    except InvalidChecksum:
        # A date in the future is the plainer fault: stdnum does not look for it.
        return CHECK if _birth_date(spelling) <= on else FORMAT
    except ValidationError:
        return FORMAT
    born = _birth_date(spelling)
    if born > on:
        return FORMAT
    if (spelling[7] == "9") is (profile == _PRODUCTION):
        return NOT_ALLOWED
    return Hetu(spelling, born)


def _birth_date(spelling: str) -> date:
    century = _CENTURY[spelling[6]]
    return date(century + int(spelling[4:6]), int(spelling[2:4]), int(spelling[:2]))


def age_years(born: date, at: Instant) -> int:
    """Count the full years of age on the local date of `at`; -1 before the birth date.

    Who was born on 29 February comes of age on 1 March of a common year.
    """
    today = local_date(at)
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return max(today.year - born.year - (not had_birthday), -1)
