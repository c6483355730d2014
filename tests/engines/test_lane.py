"""A person's lane: the agreement that holds when an entry is recorded, and what does not fit."""

import pytest

from streams.domain.agreement import Agreements
from streams.domain.clock_facts import ClockBreached
from streams.domain.codes import Part
from streams.domain.ids import Instant
from streams.engines.memory import MemoryEngine
from streams.promises.engine import ReceiptStatus
from tests.domain.region import PERSON, REGION, at, part
from tests.domain.speaker import Speaker

NEWER = b"2" * 32
CHANGE = at(days=20)
AGREEMENTS = Agreements((REGION, REGION._replace(digest=NEWER, valid_from=CHANGE)))


def test_an_entry_names_the_agreement_in_force_when_it_was_recorded() -> None:
    engine, speaker = MemoryEngine(AGREEMENTS), Speaker()
    engine.submit([speaker.consents(at()), speaker.refers(Instant(CHANGE - 1))])
    engine.submit([speaker.refers(CHANGE)])
    digests = [stored.entry.agreement_digest for stored in engine.ledger()]
    assert digests == [REGION.digest, REGION.digest, NEWER]


def test_a_clock_that_was_due_long_ago_fires_under_the_agreement_of_its_entry() -> None:
    engine, speaker = MemoryEngine(AGREEMENTS), Speaker()
    referral = speaker.refers(at())
    said_late = referral.envelope._replace(recorded_at=at(days=40))
    engine.submit([speaker.consents(at(-1)), referral._replace(envelope=said_late)])
    engine.advance(at(days=41))
    *_, last = engine.ledger()
    (breach,) = [fact for fact in last.entry.facts if isinstance(fact, ClockBreached)]
    assert breach.due_at < CHANGE < last.entry.recorded_at
    assert last.entry.agreement_digest == NEWER


@pytest.mark.parametrize("kilobytes", [300])
def test_what_would_overfill_a_persons_record_is_a_dead_letter_and_the_others_go_on(
    kilobytes: int,
) -> None:
    engine, speaker = MemoryEngine(Agreements((REGION,))), Speaker()
    engine.submit([speaker.consents(at())])
    large = (part(Part.IDENTITY), part(Part.CONTACT, "x" * kilobytes * 1024))
    statuses = [
        engine.submit([speaker.refers(at(hours=hour))._replace(sealed=large)])[0]
        for hour in range(1, 5)
    ]
    assert [s.status for s in statuses[:2]] == [ReceiptStatus.ACCEPTED] * 2
    assert statuses[-1].status is ReceiptStatus.DEAD_LETTER
    assert statuses[-1].rule == "too-large"
    (dead,) = {letter.dead_letter_id for letter in engine.dead_letters()[-1:]}
    assert dead == statuses[-1].dead_letter_id
    state = engine.person(PERSON)
    assert state is not None
    assert len(state.handoffs) == sum(s.status is ReceiptStatus.ACCEPTED for s in statuses)
    assert engine.submit([speaker.consents(at(1))])[0].status is ReceiptStatus.ACCEPTED
