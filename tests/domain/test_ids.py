"""Ids follow from their cause: the same cause, the same id, on every machine."""

import re
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.ids import CROCKFORD, AgencyId, crockford, derive, derive_event_id, packed

KELA = AgencyId("kela")


def test_a_message_has_one_event_id_for_ever() -> None:
    assert derive_event_id(KELA, "m-1", 1) == "e-AED868QAH7V4C3H1KA95047T5M"


def test_another_agency_message_or_version_is_another_event() -> None:
    ids = {
        derive_event_id(KELA, "m-1", 1),
        derive_event_id(AgencyId("sote"), "m-1", 1),
        derive_event_id(KELA, "m-2", 1),
        derive_event_id(KELA, "m-1", 2),
    }
    assert len(ids) == 4


def test_parts_cannot_run_into_each_other() -> None:
    assert derive("e", "ab", "c") != derive("e", "a", "bc")
    assert derive("e", "1:a") != derive("e", "1", "a")
    assert derive("e", "a", "") != derive("e", "a")


@given(st.lists(st.text()))
def test_an_id_is_a_letter_a_dash_and_26_crockford_signs(parts: list[str]) -> None:
    assert re.fullmatch(f"h-[{CROCKFORD}]{{26}}", derive("h", *parts))


@given(st.binary(min_size=17, max_size=32))
def test_a_digest_is_written_by_its_first_130_bits(digest: bytes) -> None:
    value = 0
    for sign in crockford(digest):
        value = value * 32 + CROCKFORD.index(sign)
    assert value == int.from_bytes(digest[:17], "big") >> 6


@given(st.text())
def test_an_id_shows_the_low_five_bits_of_its_digests_bytes(part: str) -> None:
    digest = sha256(f"{len(part)}:{part}".encode()).digest()
    shown = [CROCKFORD.index(sign) for sign in derive("e", part)[2:]]
    assert shown == [byte % 32 for byte in digest[:26]]


@given(st.text())
def test_a_packed_id_is_the_beginning_of_what_the_id_shows(part: str) -> None:
    identifier = derive("e", part)
    value = 0
    for sign in identifier[2:]:
        value = value * 32 + CROCKFORD.index(sign)
    assert packed(identifier) == (value >> 2).to_bytes(16, "big")
