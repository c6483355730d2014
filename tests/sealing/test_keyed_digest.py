"""Keyed digests agree with the RFCs, and a purpose has a key of its own."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from streams.sealing.keyed_digest import KeyedDigest, derive_key


def test_the_digest_is_the_hmac_of_rfc_4231() -> None:
    digest = KeyedDigest(b"Jefe").of(b"what do ya want for nothing?")
    assert digest.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@given(key=st.binary(max_size=200), contents=st.lists(st.binary(max_size=300), max_size=4))
def test_one_content_leaves_no_trace_in_the_next_digest(key: bytes, contents: list[bytes]) -> None:
    keyed = KeyedDigest(key)
    assert [keyed.of(c) for c in contents] == [hmac.digest(key, c, "sha256") for c in contents]


def test_a_derived_key_is_that_of_rfc_5869() -> None:
    derived = derive_key(b"\x0b" * 22, "", 42)
    assert derived.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_another_purpose_gives_another_key() -> None:
    assert derive_key(b"s" * 64, "masks") != derive_key(b"s" * 64, "contents")
