"""A HETU has one spelling, or none."""

import csv
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.fi import hetu as stdnum_hetu

from connectors.hetu import DETAILS, Hetu, age_years, read_hetu
from connectors.local_time import local_instant
from tests.connectors.region import DATA

TODAY = date(2026, 11, 22)
VALID = "010594Y9032"
VALID_HETUS = (DATA / "domain" / "test_hetus.txt").read_text().split()
CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
with (DATA / "domain" / "invalid_hetus.csv").open(encoding="utf-8", newline="") as lines:
    INVALID_HETUS = [(row["hetu"], row["reason"]) for row in csv.DictReader(lines)]


def spelled(individual: str) -> str:
    """Make it at run time: one with a real-looking number must not stand in any file."""
    return f"010190-{individual}{CHECK_CHARACTERS[int('010190' + individual) % 31]}"


@pytest.mark.parametrize("place", range(len(VALID_HETUS)))
def test_an_artificial_hetu_is_read_in_a_test_region(place: int) -> None:
    text = VALID_HETUS[place]
    read = read_hetu(text, "test", TODAY)
    assert isinstance(read, Hetu)
    assert read.text == text


@pytest.mark.parametrize("place", range(len(INVALID_HETUS)))
def test_an_invalid_hetu_is_refused_with_its_reason(place: int) -> None:
    text, reason = INVALID_HETUS[place]
    assert read_hetu(text, "test", TODAY) == reason.partition(":")[0]


@pytest.mark.parametrize(
    ("sign", "born"),
    [
        *[("+", date(1894, 5, 1))],
        *[(sign, date(1994, 5, 1)) for sign in "-YXWVU"],
        *[(sign, date(2094, 5, 1)) for sign in "ABCDEF"],
    ],
)
def test_each_of_the_thirteen_signs_tells_its_century(sign: str, born: date) -> None:
    read = read_hetu(f"010594{sign}9032", "test", date(2100, 1, 1))
    assert isinstance(read, Hetu)
    assert read.born == born


def test_surrounding_spaces_and_small_letters_are_mended_and_nothing_else() -> None:
    assert read_hetu("  010594y9032 ", "test", TODAY) == Hetu(VALID, date(1994, 5, 1))
    for other in ("\t010594Y9032", "010594Y9032\n", "010594Y9032\u00a0", "010594 Y9032"):
        assert read_hetu(other, "test", TODAY) == "hetu-format"


@pytest.mark.parametrize(
    "other",
    [
        "\uff1010594Y9032",
        "010190\u2212900" + "M",
        "010190\u2013900" + "M",
        "010594\u03a59032",
        "010594\u212a9032",
        "010594Y9032\0",
        "",
        None,
        10594,
        b"010594Y9032",
        ["010594Y9032"],
        "1" * 1_000_000,
    ],
    ids=range(12),
)
def test_another_spelling_is_never_a_second_pseudonym(other: object) -> None:
    assert read_hetu(other, "test", TODAY) == "hetu-format"


def test_nobody_is_born_after_today() -> None:
    born_today = "221126A9" + "07"
    born_today += CHECK_CHARACTERS[int("221126907") % 31]
    assert isinstance(read_hetu(born_today, "test", TODAY), Hetu)
    assert read_hetu(born_today, "test", TODAY - timedelta(days=1)) == "hetu-format"


@pytest.mark.parametrize("individual", ["900", "999"])
def test_production_refuses_artificial_hetus(individual: str) -> None:
    assert read_hetu(spelled(individual), "production", TODAY) == "hetu-not-allowed"
    assert isinstance(read_hetu(spelled(individual), "test", TODAY), Hetu)


@pytest.mark.parametrize("individual", ["002", "899"])
def test_a_test_region_refuses_hetus_that_may_be_real(individual: str) -> None:
    assert read_hetu(spelled(individual), "test", TODAY) == "hetu-not-allowed"
    assert isinstance(read_hetu(spelled(individual), "production", TODAY), Hetu)


@pytest.mark.parametrize("individual", ["000", "001"])
def test_the_first_two_individual_numbers_are_nobodys(individual: str) -> None:
    assert read_hetu(spelled(individual), "production", TODAY) == "hetu-format"


def test_every_refusal_has_words_of_the_hubs_own() -> None:
    assert set(DETAILS) == {"hetu-format", "hetu-check", "hetu-not-allowed"}


@given(
    day=st.dates(date(1850, 1, 1), TODAY),
    sign=st.sampled_from("+-YXWVUABCDEF"),
    individual=st.integers(900, 999),
    slip=st.sampled_from(CHECK_CHARACTERS),
)
def test_the_rule_is_that_of_stdnum(day: date, sign: str, individual: int, slip: str) -> None:
    digits = f"{day:%d%m%y}"
    for check in (CHECK_CHARACTERS[int(f"{digits}{individual}") % 31], slip):
        text = f"{digits}{sign}{individual}{check}"
        try:
            expected = stdnum_hetu.validate(text, allow_temporary=True)
        except InvalidChecksum:
            expected = "hetu-check"
        except ValidationError:
            expected = "hetu-format"
        read = read_hetu(text, "test", date(2100, 12, 31))
        assert (read.text if isinstance(read, Hetu) else read) == expected


@given(st.text(alphabet=st.sampled_from("0123456789-+AYaybG \u2212\uff10"), max_size=13))
def test_whatever_is_read_has_the_one_spelling(text: str) -> None:
    read = read_hetu(text, "test", TODAY)
    if isinstance(read, Hetu):
        assert read_hetu(read.text, "test", TODAY) == read
        assert text.strip(" ").upper() == read.text


@pytest.mark.parametrize(
    ("on", "years"),
    [
        (date(2026, 2, 28), 25),
        (date(2026, 3, 1), 26),
        (date(2024, 2, 28), 23),
        (date(2024, 2, 29), 24),
        (date(2000, 2, 29), 0),
        (date(2000, 2, 28), -1),
        (date(1990, 1, 1), -1),
    ],
)
def test_age_counts_full_years_on_the_local_date(on: date, years: int) -> None:
    assert age_years(date(2000, 2, 29), local_instant(on, time(0, 30))) == years
    assert age_years(date(2000, 2, 29), local_instant(on, time(23, 30))) == years
