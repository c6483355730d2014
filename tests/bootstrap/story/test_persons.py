from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hetu import Hetu, read_hetu
from streams.bootstrap.story.persons import SIGNS, cast, check_character, hetu

TODAY = date(2026, 3, 2)
PUBLISHED = Path(__file__).parents[2] / "data" / "domain" / "test_hetus.txt"
SIGNS_OF_2023 = set("+-YXWVUABCDEF")


def test_the_check_character_is_that_of_published_artificial_hetus() -> None:
    lines = PUBLISHED.read_text().split()
    assert len(lines) > 10
    for line in lines:
        assert check_character(line[:6] + line[7:10]) == line[10]


@given(st.integers(0, 2**31 - 1))
def test_every_person_of_every_seed_has_a_valid_artificial_hetu_of_their_own(seed: int) -> None:
    persons = cast(Random(seed), 20)
    for person in persons:
        assert isinstance(read_hetu(person.hetu, "test", TODAY), Hetu)
        assert read_hetu(person.hetu, "production", TODAY) == "hetu-not-allowed"
    assert len({person.hetu for person in persons}) == 20


def test_all_thirteen_century_signs_occur() -> None:
    assert {person.hetu[6] for person in cast(Random(1), 13)} == SIGNS_OF_2023
    assert set("".join(SIGNS.values())) == SIGNS_OF_2023


def test_a_non_disclosure_order_guards_some() -> None:
    guarded = [person.protected for person in cast(Random(1), 40)]
    assert 0 < sum(guarded) < 10


@pytest.mark.parametrize("individual", [2, 899, 1000])
def test_a_number_that_real_people_have_is_refused(individual: int) -> None:
    with pytest.raises(ValueError, match="900 to 999"):
        hetu(date(1990, 1, 1), "-", individual)


@pytest.mark.parametrize(("year", "sign"), [(1990, "A"), (2001, "-"), (1890, "-"), (1790, "+")])
def test_a_sign_of_another_century_is_refused(year: int, sign: str) -> None:
    with pytest.raises(ValueError, match="century"):
        hetu(date(year, 1, 1), sign, 900)
