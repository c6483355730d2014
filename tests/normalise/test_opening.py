"""What was sealed opens for a replay, until the person is erased."""

import pytest

from streams.domain.codes import NoticeKind
from streams.domain.event import Event
from streams.domain.hub_events import NoticeDelivered
from streams.domain.ids import Instant, NoticeId
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.opening import restore_protected
from streams.normalise.receive import ReceiveStep
from streams.promises.engine import DeadLetter
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import SealBrokenError, Sealer
from tests.normalise.plain_connector import (
    IMATRA,
    KELA,
    NOON,
    PlainConnector,
    agreements,
    lines,
    referral,
)

SEALER = Sealer()


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


def received(keys: MemoryKeyStore, **changes: object) -> Event:
    step = ReceiveStep(PlainConnector(), agreements(IMATRA), keys, Pseudonyms(b"p" * 64), SEALER)
    (one,) = step.receive(lines(referral(**changes)), IMATRA, NOON)
    assert not isinstance(one.taken, DeadLetter)
    return one.taken


def as_in_the_ledger(event: Event) -> Event:
    return event._replace(envelope=event.envelope._replace(municipality=""))


def test_a_protected_persons_municipality_comes_back_for_a_replay(keys: MemoryKeyStore) -> None:
    event = received(keys, protected=True)
    assert restore_protected(as_in_the_ledger(event), keys, SEALER) == event


def test_an_erased_persons_municipality_does_not(keys: MemoryKeyStore) -> None:
    event = received(keys, protected=True)
    keys.destroy(event.envelope.person, NOON)
    assert restore_protected(as_in_the_ledger(event), keys, SEALER) is None


def test_what_was_not_left_out_stays_as_it_is(keys: MemoryKeyStore) -> None:
    unprotected = as_in_the_ledger(received(keys))
    untouched = received(keys, protected=True)
    for event in (unprotected, untouched):
        keys.destroy(event.envelope.person, NOON)
        assert restore_protected(event, keys, SEALER) is event


def test_a_municipality_that_nobody_said_stays_unknown(keys: MemoryKeyStore) -> None:
    message = {"protected": True, "kind": "rejection", "municipality": ""}
    event = received(keys, **message)
    assert restore_protected(event, keys, SEALER) == event


def test_an_event_of_the_hub_has_nothing_to_restore(keys: MemoryKeyStore) -> None:
    envelope = as_in_the_ledger(received(keys, protected=True)).envelope
    event = NoticeDelivered(envelope, NoticeId("n-1"), None, KELA, NoticeKind.STATUS, 1)
    assert restore_protected(event, keys, SEALER) is event


def test_an_altered_part_is_not_taken_for_an_erased_one(keys: MemoryKeyStore) -> None:
    event = as_in_the_ledger(received(keys, protected=True))
    forged = event._replace(envelope=event.envelope._replace(person=received(keys).envelope.person))
    assert restore_protected(forged, keys, SEALER) is not None
    keys.close()
    keys.current(event.envelope.person)
    with pytest.raises(SealBrokenError, match="contact of generation 1"):
        restore_protected(event, keys, SEALER)


def test_time_in_the_tests_is_a_moment_of_the_agreement() -> None:
    assert agreements(IMATRA).in_force(Instant(NOON)).agencies.keys() == {IMATRA}
