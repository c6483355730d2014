"""A person has one pseudonym in whatever spelling, and no id shows who somebody is."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.ids import CROCKFORD, HandoffId, derive
from streams.sealing.pseudonyms import NotAHetuError, Pseudonyms, looks_like_hetu

HETU = "010594Y9032"
OTHER = "010190-999W"
HUB = Pseudonyms(b"p" * 64)
OTHER_HUB = Pseudonyms(b"q" * 64)


@pytest.mark.parametrize("spelling", [" 010594Y9032", "010594y9032", "\t010594y9032 \n"])
def test_two_spellings_of_a_person_are_one_person(spelling: str) -> None:
    assert HUB.person(spelling) == HUB.person(HETU)


def test_a_pseudonym_says_nothing_of_the_hetu_and_keeps_its_shape() -> None:
    pseudonym = HUB.person(HETU)
    assert re.fullmatch(f"p-[{CROCKFORD}]{{26}}", pseudonym)
    assert HETU[:6] not in pseudonym


def test_persons_and_hubs_are_kept_apart() -> None:
    assert len({HUB.person(HETU), HUB.person(OTHER), OTHER_HUB.person(HETU)}) == 3


def test_the_pseudonym_of_a_secret_never_changes() -> None:
    # A changed derivation would make every known person a stranger.
    assert HUB.person(HETU) == "p-SZMJH29NHZQJZVV63PZQBFRRK5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "010594G9032",
        "010594Y903",
        "010594Y90322",
        "010594\N{EN DASH}9032",
        "\N{FULLWIDTH DIGIT ZERO}10594Y9032",
        "010594 Y9032",
        "010594Y903Z",
        "010594\N{CYRILLIC CAPITAL LETTER U}9032",
    ],
)
def test_what_has_not_the_shape_of_a_hetu_is_nobody(text: str) -> None:
    with pytest.raises(NotAHetuError) as caught:
        HUB.person(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    "shown",
    [
        HETU,
        OTHER,
        "TE-010594Y9032-1",
        "te010190-999w",
        "010190+999W",
        "010190\N{EN DASH}999W",
        "010190\N{MINUS SIGN}999W",
        "010190\N{FULLWIDTH HYPHEN-MINUS}999W",
        "\N{FULLWIDTH DIGIT ZERO}\N{FULLWIDTH DIGIT ONE}0190-999W",
        "\N{ARABIC-INDIC DIGIT ZERO}10190-999W",
        "0101\N{ZERO WIDTH SPACE}90-999W",
        "010190-999\N{FULLWIDTH LATIN SMALL LETTER W}",
        "010190\N{CYRILLIC CAPITAL LETTER A}9992",
        "010190-999X",
        "991399-999A",
        "1234010190-999W",
        "010190-999W20260302",
        "20260302-0001/010190-999W",
    ],
)
def test_an_id_in_which_a_hetu_shows_is_masked(shown: str) -> None:
    mask = HUB.mask(shown)
    assert re.fullmatch(f"masked-[{CROCKFORD}]{{16}}", mask)
    assert mask == HUB.mask(shown)
    assert mask != OTHER_HUB.mask(shown)


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "TE-2026-00002",
        "20260302-0001",
        "20260302-00012",
        "123991399-9990",
        "S-employment-1",
        "010190",
        "ohjaus-1,2,3",
        "l\N{LATIN SMALL LETTER A WITH DIAERESIS}hete 12",
        "ab123456-789a-4bcd-8abc-0123456789ab",
        "urn:uuid:ab123456-789a-4bcd-8abc-0123456789ab",
        "h-010190A9990123456789ABCDEF",
        "masked-010190A999012345",
    ],
)
def test_any_other_id_stays_as_it_is(shown: str) -> None:
    assert HUB.mask(shown) == shown


@given(st.uuids())
def test_no_uuid_is_masked(made: uuid.UUID) -> None:
    assert HUB.mask(str(made)) == str(made)


@given(st.text(max_size=20))
def test_no_id_of_the_hub_is_masked(cause: str) -> None:
    handoff = HandoffId(derive("h", cause.encode("utf-8", "replace").decode()))
    assert HUB.mask(handoff) == handoff


@given(before=st.text(max_size=8), after=st.text(max_size=8), hetu=st.sampled_from([HETU, OTHER]))
def test_a_right_hetu_never_shows_whatever_stands_around_it(
    before: str, after: str, hetu: str
) -> None:
    shown = HUB.mask(before + hetu + after)
    assert shown.startswith("masked-")
    assert not looks_like_hetu(shown) or HUB.mask(shown) == shown


@given(st.text(max_size=40))
def test_a_mask_that_comes_back_stays_as_it_is(identifier: str) -> None:
    assert HUB.mask(HUB.mask(identifier)) == HUB.mask(identifier)


def test_different_ids_have_different_masks() -> None:
    assert HUB.mask(HETU) != HUB.mask(HETU + "-2")


def test_an_id_with_half_a_character_can_still_be_masked() -> None:
    assert HUB.mask(HETU + "\ud800").startswith("masked-")


def test_digests_of_contents_and_of_messages_are_kept_apart() -> None:
    digests = {HUB.content_digest(b"x"), HUB.raw_digest(b"x")[:16], OTHER_HUB.content_digest(b"x")}
    assert len(digests) == 3
    assert {len(digest) for digest in digests} == {16}


def test_a_secret_is_not_in_what_a_debugger_shows() -> None:
    assert repr(HUB) == "Pseudonyms(...)"
