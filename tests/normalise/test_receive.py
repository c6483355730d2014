"""The receive step: nothing that describes a person travels in clear, and nothing sent is lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.answers import HandoffRejected
from streams.domain.codes import Part
from streams.domain.ids import Instant, PersonId, derive, derive_event_id
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import ConsentWithdrawn
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.opening import open_dead_letter, open_details
from streams.normalise.receive import ReceiveStep, UnknownSenderError
from streams.normalise.stamping import Received
from streams.promises.engine import DeadLetter, UnavailableError
from streams.promises.key_store import PersonKey
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer, hub_lane
from tests.normalise.plain_connector import (
    CANARIES,
    FREE_TEXT,
    HETU,
    IMATRA,
    KELA,
    NAME,
    NOON,
    OTHER_HETU,
    PlainConnector,
    agreements,
    lines,
    referral,
)

PSEUDONYMS = Pseudonyms(b"p" * 64)
SEALER = Sealer()
LATER = Instant(NOON + 60_000_000)


class Hub:
    """A receive step and the keys it seals with."""

    def __init__(self, pseudonyms: Pseudonyms = PSEUDONYMS, seed: bytes = b"seed") -> None:
        self.keys = MemoryKeyStore(derive_from=seed)
        self.step = ReceiveStep(
            PlainConnector(), agreements(IMATRA, KELA), self.keys, pseudonyms, SEALER
        )

    def receive(self, *messages: dict[str, Any], at: Instant = LATER) -> list[Received]:
        return self.step.receive(lines(*messages), IMATRA, at)

    def event(self, **changes: Any) -> Any:  # noqa: ANN401  # a test reads whatever it asked for
        (received,) = self.receive(referral(**changes))
        assert not isinstance(received.taken, DeadLetter)
        return received.taken

    def letter(self, raw: bytes, at: Instant = LATER) -> DeadLetter:
        (received,) = self.step.receive(raw, IMATRA, at)
        assert isinstance(received.taken, DeadLetter)
        return received.taken

    def body(self, letter: DeadLetter) -> bytes | None:
        return open_dead_letter(letter, self.keys, SEALER)


@pytest.fixture
def hub() -> Hub:
    return Hub()


def shown(received: list[Received]) -> str:
    return repr(received)


def test_a_message_becomes_a_whole_event(hub: Hub) -> None:
    (received,) = hub.receive(referral())
    event = received.taken
    assert isinstance(event, ReferralSubmitted)
    head = event.envelope
    assert received.message_id == head.source_ref.message_id == "TE-2026-00001"
    assert head.event_id == derive_event_id(IMATRA, "TE-2026-00001", 1)
    assert head.person == PSEUDONYMS.person(HETU)
    assert (head.agency, head.occurred_at, head.recorded_at) == (IMATRA, NOON, LATER)
    assert (head.age_years, head.municipality, head.protected) == (31, "153", False)
    assert event.recipient == KELA


def test_what_describes_the_person_is_sealed_and_opens_again(hub: Hub) -> None:
    event = hub.event()
    parts = [part.part for part in event.sealed]
    assert parts == [Part.IDENTITY, Part.CONTACT, Part.SERVICE_NEEDS, Part.RAW_DIGEST]
    assert open_details(event.sealed, event.envelope.person, hub.keys, SEALER) == {
        "hetu": HETU,
        "family_name": NAME,
        "municipality": "153",
        "reason": FREE_TEXT,
    }


def test_nothing_personal_shows_in_what_the_engine_gets(hub: Hub) -> None:
    received = hub.receive(
        referral(),
        referral(id=f"TE-{HETU.lower()}", basis=f"S/{OTHER_HETU}", request=HETU),
        referral(crash=True),
        referral(problems=[("bad-value", "/x", "Wrong.", None)], id=HETU),
        referral(kind="rejection", of=OTHER_HETU, remark=FREE_TEXT),
    )
    assert len(received) == 5
    assert not [canary for canary in CANARIES if canary in shown(received)]


def test_messages_of_a_batch_are_taken_in_their_order(hub: Hub) -> None:
    received = hub.receive(*[referral(id=f"TE-{number}") for number in range(5)])
    assert [one.message_id for one in received] == [f"TE-{number}" for number in range(5)]


def test_one_bad_message_does_not_refuse_its_batch(hub: Hub) -> None:
    raw = lines(referral(id="TE-1")) + b"\nno json\n" + lines(referral(id="TE-3"))
    received = hub.step.receive(raw, IMATRA, LATER)
    assert [isinstance(one.taken, DeadLetter) for one in received] == [False, True, False]


def test_two_spellings_of_a_person_are_one_person(hub: Hub) -> None:
    assert hub.event(hetu=f" {HETU.lower()} ").envelope.person == hub.event().envelope.person


def test_the_same_message_gives_the_same_event_on_every_hub_with_the_same_secrets() -> None:
    assert Hub().event() == Hub().event()


def test_the_digest_of_the_content_does_not_change_with_the_persons_key_or_the_time(
    hub: Hub,
) -> None:
    first = hub.event()
    hub.keys.destroy(first.envelope.person, LATER)
    (later,) = hub.receive(referral(), at=Instant(LATER + 1))
    assert not isinstance(later.taken, DeadLetter)
    assert later.taken.sealed != first.sealed
    assert later.taken.envelope.content_digest == first.envelope.content_digest
    assert len(first.envelope.content_digest) == 16


def test_unknown_fields_and_their_order_do_not_change_the_content(hub: Hub) -> None:
    turned = dict(reversed(referral(unheard_of=1).items()))
    (received,) = hub.receive(turned)
    assert not isinstance(received.taken, DeadLetter)
    assert received.taken.envelope.content_digest == hub.event().envelope.content_digest


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "another"},
        {"at": NOON + 1},
        {"municipality": "405"},
        {"protected": True},
        {"basis": "S-1"},
        {"phone": "1"},
        {"family_name": NAME.lower()},
    ],
)
def test_other_content_has_another_digest(hub: Hub, change: dict[str, Any]) -> None:
    plain, changed = hub.event(), hub.event(**change)
    assert changed.envelope.content_digest != plain.envelope.content_digest
    assert changed.envelope.event_id == plain.envelope.event_id


def test_a_field_that_a_later_version_adds_leaves_old_digests_as_they_were() -> None:
    # The digest of this very event, fixed: a repeat of years ago is still known as one.
    assert Hub().event().envelope.content_digest.hex() == "fa2ee5ab4e4b8ee53dae305eb960711c"


def test_zero_days_are_other_content_than_no_number_of_days(hub: Hub) -> None:
    days = referral(kind="milestone", milestone="sickness_benefit_days")
    (none,), (zero,) = hub.receive(days), hub.receive(days | {"amount": 0})
    assert isinstance(none.taken, MilestoneReached)
    assert isinstance(zero.taken, MilestoneReached)
    assert none.taken.envelope.content_digest != zero.taken.envelope.content_digest


def test_a_message_id_that_shows_a_hetu_is_masked_and_still_names_its_event(hub: Hub) -> None:
    (received,) = hub.receive(referral(id=HETU))
    assert not isinstance(received.taken, DeadLetter)
    mask = PSEUDONYMS.mask(HETU)
    assert received.message_id == received.taken.envelope.source_ref.message_id == mask
    assert received.taken.envelope.event_id == derive_event_id(IMATRA, mask, 1)


def test_references_to_a_masked_id_still_match(hub: Hub) -> None:
    named, answered, withdrawn = hub.receive(
        referral(id=HETU, basis=f"S-{HETU}"),
        referral(id="A-1", kind="rejection", of=HETU),
        referral(id="A-2", kind="withdrawal", of=f"S-{HETU}"),
    )
    assert isinstance(named.taken, ReferralSubmitted)
    assert isinstance(answered.taken, HandoffRejected)
    assert isinstance(withdrawn.taken, ConsentWithdrawn)
    assert answered.taken.referral_id == named.message_id
    assert withdrawn.taken.statement_id == named.taken.basis_reference
    assert answered.taken.handoff_id is None


def test_the_hubs_own_handoff_id_stays_as_it_is(hub: Hub) -> None:
    (received,) = hub.receive(referral(kind="rejection", handoff="h-010190A9990123456789ABCDEF"))
    assert isinstance(received.taken, HandoffRejected)
    assert received.taken.handoff_id == "h-010190A9990123456789ABCDEF"


def test_the_transports_own_id_is_kept_and_masked(hub: Hub) -> None:
    raw = lines(referral(request="from the message"))
    own, theirs, masked = (
        hub.step.receive(raw, IMATRA, LATER, transport_id)[0].taken
        for transport_id in ("request-1", None, HETU)
    )
    found = [
        event.envelope.source_ref.transport_id
        for event in (own, theirs, masked)
        if not isinstance(event, DeadLetter)
    ]
    assert found == ["request-1", "from the message", PSEUDONYMS.mask(HETU)]


def test_nobody_outside_the_agreement_is_read(hub: Hub) -> None:
    stranger = derive("a", "stranger")
    with pytest.raises(UnknownSenderError, match=stranger):
        hub.step.receive(b"crash", IMATRA.__class__(stranger), LATER)
    assert not hub.keys._generations


def test_a_message_that_cannot_be_read_is_kept_under_the_hubs_key(hub: Hub) -> None:
    letter = hub.letter(b"no json")
    assert (letter.person, letter.message_id, letter.event_id) == (None, None, None)
    assert [error.code for error in letter.errors] == ["malformed"]
    assert (letter.body_kind, letter.recorded_at) == ("raw", LATER)
    assert hub.body(letter) == b"no json"
    hub.keys.destroy(hub_lane(LATER), LATER)
    assert hub.body(letter) is None


def test_a_bad_message_of_a_known_person_is_kept_under_the_persons_key(hub: Hub) -> None:
    problems = [("bad-time", "/at", "No time.", None), ("unknown-code", "/x", "None.", "OHJAUS")]
    raw = lines(referral(problems=problems))
    letter = hub.letter(raw)
    person = PSEUDONYMS.person(HETU)
    assert (letter.person, letter.message_id) == (person, "TE-2026-00001")
    assert [tuple(error) for error in letter.errors] == problems
    assert hub.body(letter) == raw
    hub.keys.destroy(person, LATER)
    assert hub.body(letter) is None


def test_repeats_of_a_bad_message_fold_into_one_dead_letter(hub: Hub) -> None:
    first = hub.letter(b"no json")
    hub.keys.destroy(hub_lane(LATER), LATER)
    again = hub.letter(b"no json", at=Instant(LATER + 86_400_000_000))
    assert again.dead_letter_id == first.dead_letter_id
    assert first.dead_letter_id.startswith("d-")


def test_other_bytes_errors_and_senders_are_other_dead_letters(hub: Hub) -> None:
    raw = lines(referral(problems=[("bad-time", "", "No.", None)]))
    other_error = lines(referral(problems=[("bad-value", "", "No.", None)]))
    letters = [hub.letter(raw), hub.letter(other_error), hub.letter(b"x"), hub.letter(b"y")]
    (by_kela,) = hub.step.receive(b"x", KELA, LATER)
    assert isinstance(by_kela.taken, DeadLetter)
    elsewhere = Hub(Pseudonyms(b"q" * 64)).letter(b"x")
    ids = {letter.dead_letter_id for letter in (*letters, by_kela.taken, elsewhere)}
    assert len(ids) == 6


@pytest.mark.parametrize("raw", [b"crash", b"", lines(referral(crash=True)), b"[]", b"null", b"{}"])
def test_a_message_that_breaks_its_connector_is_kept_and_says_nothing(hub: Hub, raw: bytes) -> None:
    letter = hub.letter(raw)
    assert [(e.code, e.pointer, e.detail) for e in letter.errors] == [
        ("malformed", "", "The message could not be read.")
    ]
    assert hub.body(letter) == raw


def test_a_reading_without_a_right_hetu_is_nobodys(hub: Hub) -> None:
    letter = hub.letter(lines(referral(hetu="somebody")))
    assert ([error.code for error in letter.errors], letter.person) == (["hetu-format"], None)


def test_errors_stay_as_they_were_where_the_hetu_read_was_none(hub: Hub) -> None:
    problems = [("hetu-check", "/hetu", "Wrong check character.", None)]
    letter = hub.letter(lines(referral(hetu="somebody", problems=problems)))
    assert ([error.code for error in letter.errors], letter.person) == (["hetu-check"], None)


@pytest.mark.parametrize(
    "half",
    [{"id": "TE-\ud800"}, {"reason": "\udfff"}, {"basis": "\ud800"}, {"diary": "unmarked"}],
)
def test_what_cannot_be_stamped_is_kept_in_the_persons_lane(hub: Hub, half: dict[str, Any]) -> None:
    raw = lines(referral(**half))
    letter = hub.letter(raw)
    assert ([e.code for e in letter.errors], letter.message_id) == (["malformed"], None)
    assert letter.person == PSEUDONYMS.person(HETU)
    assert hub.body(letter) == raw


def test_a_dead_letter_shows_no_half_character_and_no_hetu(hub: Hub) -> None:
    problems = [
        ("bad-value", f"/{HETU}", f"Not {OTHER_HETU}.", None),
        ("bad-value", "/\ud800", "\ud800", None),
    ]
    letter = hub.letter(lines(referral(id="\ud800", problems=problems)))
    assert letter.message_id is None
    assert {error.pointer for error in letter.errors} == {""}
    assert {error.detail for error in letter.errors} == {"The message could not be read."}


class Unreachable(MemoryKeyStore):
    """A key store whose disk is full."""

    def current(self, person: PersonId) -> PersonKey:
        raise UnavailableError("keys.db has no room")


@pytest.mark.parametrize("raw", [lines(referral()), b"no json"])
def test_without_keys_nothing_is_taken_in(raw: bytes) -> None:
    step = ReceiveStep(PlainConnector(), agreements(IMATRA), Unreachable(), PSEUDONYMS, SEALER)
    with pytest.raises(UnavailableError):
        step.receive(raw, IMATRA, LATER)


@given(raw=st.binary(max_size=200))
def test_whatever_bytes_come_every_message_is_kept(raw: bytes) -> None:
    hub = Hub()
    for received in hub.step.receive(raw, IMATRA, LATER):
        assert isinstance(received.taken, DeadLetter)
        assert hub.body(received.taken) is not None


WILD = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)


@given(
    field=st.sampled_from(["id", "version", "hetu", "at", "reason", "basis", "of", "kind"]),
    value=WILD,
)
def test_whatever_stands_in_a_field_the_message_is_kept(field: str, value: object) -> None:
    hub = Hub()
    raw = lines(referral(**{field: value}))
    (received,) = hub.step.receive(raw, IMATRA, LATER)
    if isinstance(received.taken, DeadLetter):
        assert hub.body(received.taken) == raw
