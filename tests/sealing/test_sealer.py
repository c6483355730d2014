"""What describes a person opens with the person's key, in its own place, and nowhere else."""

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.codes import Part
from streams.domain.ids import Instant, PersonId
from streams.sealing.marks import MarksError, marks
from streams.sealing.sealer import SealBrokenError, Sealer, hub_lane

ANNA, BEDA = PersonId("p-00000000000000000000000001"), PersonId("p-00000000000000000000000002")
KEY, OTHER_KEY = b"k" * 32 + b"l" * 32, b"m" * 32 + b"n" * 32
RAW = b'{"tapahtumaTunnus": "TE-1"}'
DETAILS = {
    "reason": "KANARIALINTU-selite",
    "hetu": "010594Y9032",
    "family_name": "KANARIALINTU-nimi",
    "municipality": "405",
    "remark": "KANARIALINTU-huomautus",
}
SEALER = Sealer()


def opened(
    sealed: tuple[object, ...], person: PersonId = ANNA, key: bytes | None = KEY
) -> Mapping[str, str] | None:
    return SEALER.open_parts(sealed, person, lambda _: key)  # type: ignore[arg-type]  # tampered too


def test_the_cipher_is_that_of_rfc_5297() -> None:
    # Appendix A.1, deterministic authenticated encryption.
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    bound = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    sealed = AESSIV(key).encrypt(bytes.fromhex("112233445566778899aabbccddee"), [bound])
    assert sealed.hex() == "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"


def test_what_was_sealed_opens_with_the_persons_key() -> None:
    assert opened(SEALER.seal(DETAILS, RAW, ANNA, 1, KEY)) == DETAILS


def test_fields_are_sealed_by_their_marks_in_the_order_of_the_parts() -> None:
    sealed = SEALER.seal(DETAILS, RAW, ANNA, 3, KEY)
    assert [part.part for part in sealed] == [
        Part.IDENTITY,
        Part.CONTACT,
        Part.SERVICE_NEEDS,
        Part.REMARK,
        Part.RAW_DIGEST,
    ]
    assert {part.generation for part in sealed} == {3}
    assert opened(sealed[:1]) == {key: DETAILS[key] for key in ("hetu", "family_name")}


def test_the_same_message_seals_to_the_same_bytes_in_whatever_order_it_was_read() -> None:
    turned = dict(reversed(DETAILS.items()))
    assert Sealer().seal(turned, RAW, ANNA, 1, KEY) == SEALER.seal(DETAILS, RAW, ANNA, 1, KEY)


def test_different_persons_and_generations_have_different_bytes_for_the_same_words() -> None:
    lanes = [(ANNA, 1, KEY), (BEDA, 1, KEY), (ANNA, 2, KEY), (ANNA, 1, OTHER_KEY)]
    values = {SEALER.seal(DETAILS, RAW, *lane)[0].value for lane in lanes}
    assert len(values) == len(lanes)


def test_nothing_personal_stands_in_the_sealed_parts() -> None:
    shown = repr(SEALER.seal(DETAILS, RAW, ANNA, 1, KEY)).encode()
    shown += b"".join(part.value for part in SEALER.seal(DETAILS, RAW, ANNA, 1, KEY))
    assert not [word for word in DETAILS.values() if len(word) > 3 and word.encode() in shown]


def test_what_is_absent_makes_no_part() -> None:
    sealed = SEALER.seal({"hetu": DETAILS["hetu"], "phone": None}, RAW, ANNA, 1, KEY)
    assert [part.part for part in sealed] == [Part.IDENTITY, Part.RAW_DIGEST]


def test_a_field_without_a_mark_is_not_sealed_somewhere() -> None:
    with pytest.raises(MarksError) as caught:
        SEALER.seal({"diary": "KANARIALINTU"}, RAW, ANNA, 1, KEY)
    assert "KANARIALINTU" not in str(caught.value)


def test_the_raw_digest_is_the_persons_own_and_changes_with_the_key() -> None:
    digests = {
        SEALER.seal({}, raw, ANNA, 1, key)[-1].value
        for raw, key in [(RAW, KEY), (RAW, OTHER_KEY), (b"other", KEY)]
    }
    assert len(digests) == 3
    assert {len(digest) for digest in digests} == {16}


def test_an_erased_person_has_no_details_any_more() -> None:
    assert opened(SEALER.seal(DETAILS, RAW, ANNA, 1, KEY), key=None) is None


def test_half_an_erased_persons_details_are_none() -> None:
    parts = SEALER.seal(DETAILS, RAW, ANNA, 1, KEY) + SEALER.seal(DETAILS, RAW, ANNA, 2, OTHER_KEY)
    keys = {2: OTHER_KEY}
    assert SEALER.open_parts(parts, ANNA, keys.get) is None


def test_a_part_does_not_open_with_another_key_or_in_another_place() -> None:
    identity = SEALER.seal(DETAILS, RAW, ANNA, 1, KEY)[0]
    moved = [
        (identity, ANNA, OTHER_KEY),
        (identity, BEDA, KEY),
        (identity._replace(part=Part.CONTACT), ANNA, KEY),
        (identity._replace(generation=2), ANNA, KEY),
        (identity._replace(value=identity.value[:-1]), ANNA, KEY),
        (identity._replace(value=b""), ANNA, KEY),
    ]
    for part, person, key in moved:
        with pytest.raises(SealBrokenError) as caught:
            opened((part,), person, key)
        assert "KANARIALINTU" not in repr(caught.value)


@given(body=st.binary(max_size=2_000))
def test_a_whole_message_opens_with_its_key_and_only_with_it(body: bytes) -> None:
    sealed = SEALER.seal_whole(body, ANNA, 1, KEY)
    assert SEALER.open_whole(sealed, ANNA, 1, KEY) == body
    with pytest.raises(SealBrokenError, match="whole message of generation 1"):
        SEALER.open_whole(sealed, ANNA, 1, OTHER_KEY)


def test_no_part_can_pass_for_a_whole_message() -> None:
    with pytest.raises(SealBrokenError):
        SEALER.open_whole(SEALER.seal(DETAILS, RAW, ANNA, 1, KEY)[0].value, ANNA, 1, KEY)


@given(
    st.dictionaries(st.sampled_from(sorted(marks())), st.text(st.characters(codec="utf-8"))),
)
def test_any_details_come_back_as_they_went_in(details: dict[str, str]) -> None:
    assert opened(SEALER.seal(details, RAW, ANNA, 1, KEY)) == details


def test_only_so_many_keys_stay_set_up_and_none_after_forgetting() -> None:
    sealer = Sealer(lanes_max=3)
    for number in range(10):
        sealer.seal(DETAILS, RAW, PersonId(f"p-{number}"), 1, KEY)
    assert sealer._lane.cache_info().currsize == 3
    sealer.forget()
    assert sealer._lane.cache_info().currsize == 0


@pytest.mark.parametrize(
    ("recorded_at", "lane"),
    [
        (0, "hub-1970-01"),
        (1_772_323_199_999_999, "hub-2026-02"),
        (1_772_323_200_000_000, "hub-2026-03"),
    ],
)
def test_the_hubs_own_key_changes_with_the_calendar_month(recorded_at: int, lane: str) -> None:
    assert hub_lane(Instant(recorded_at)) == lane
