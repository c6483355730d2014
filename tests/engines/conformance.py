"""Every engine passes these; its test module says only how to build it."""

from abc import ABC, abstractmethod

import pytest

from streams.contracts.declarations import ContractError
from streams.domain.answers import HandoffAccepted, HandoffReceived
from streams.domain.calendar import DAY_US
from streams.domain.clock_facts import ClockBreached, ClockWarned
from streams.domain.codes import Milestone, Part
from streams.domain.entry import (
    EventReleased,
    HandoffStatusChanged,
    Problem,
    ResponsibilityMoved,
)
from streams.domain.event import Event
from streams.domain.hub_events import ClockReached
from streams.domain.ids import DeadLetterId, HandoffId, Instant, PersonId
from streams.domain.referral import ReferralCancelled
from streams.promises.engine import DeadLetter, Engine, ReceiptStatus
from tests.domain.region import EMPLOYMENT, KELA, PERSON, SOTE, at, part
from tests.domain.speaker import Speaker

OTHER = PersonId("p-00000000000000000000000002")
FAR = Instant(at(400))


def letter(name: str, recorded_at: Instant) -> DeadLetter:
    """Bury a message that nobody could read."""
    return DeadLetter(
        DeadLetterId(f"d-{name}"),
        KELA,
        "K-1",
        None,
        None,
        (Problem("malformed", "", "not readable", None),),
        recorded_at,
        "raw",
        1,
        b"sealed",
    )


class EngineConformance(ABC):
    """What every engine promises."""

    @abstractmethod
    def build(self) -> Engine:
        """Return an empty engine under `tests.domain.region.AGREEMENTS`."""

    def opened(self, speaker: Speaker) -> tuple[Engine, HandoffId]:
        """Return an engine with one handoff that has reached its recipient."""
        engine = self.build()
        engine.submit([speaker.consents(at())])
        outcome = engine.submit([speaker.refers(at(hours=1), message_id="L-1")])[0]
        assert outcome.handoff_id is not None
        return engine, outcome.handoff_id

    def test_acceptance_moves_responsibility_in_the_same_entry(self) -> None:
        speaker = Speaker()
        engine, handoff_id = self.opened(speaker)
        engine.submit([speaker.answers(HandoffAccepted, at(hours=2), SOTE, handoff_id)])
        *_, last = engine.ledger()
        moved = [fact for fact in last.entry.facts if isinstance(fact, ResponsibilityMoved)]
        assert [(fact.from_, fact.to) for fact in moved] == [(EMPLOYMENT, SOTE)]

    def test_a_repeated_event_makes_no_second_entry(self) -> None:
        speaker = Speaker()
        engine = self.build()
        consent = speaker.consents(at())
        first, again = engine.submit([consent, consent])
        later = engine.submit([consent])[0]
        assert first.status is ReceiptStatus.ACCEPTED
        assert again.status is later.status is ReceiptStatus.DUPLICATE
        assert len(list(engine.ledger())) == 1

    def test_a_reused_id_is_a_dead_letter_and_no_entry(self) -> None:
        speaker = Speaker()
        engine = self.build()
        consent = speaker.consents(at())
        head = consent.envelope._replace(content_digest=bytes(16))
        engine.submit([consent])
        outcome = engine.submit([consent._replace(envelope=head)])[0]
        assert outcome.status is ReceiptStatus.DEAD_LETTER
        assert outcome.rule == "id-reused"
        assert [d.dead_letter_id for d in engine.dead_letters()] == [outcome.dead_letter_id]
        assert len(list(engine.ledger())) == 1

    def test_an_early_answer_waits_for_its_referral(self) -> None:
        speaker = Speaker()
        engine = self.build()
        early = speaker.answers(HandoffReceived, at(), SOTE, referral_id="L-1")
        parked = engine.submit([early])[0]
        engine.submit([speaker.consents(at(hours=1))])
        engine.submit([speaker.refers(at(hours=2), message_id="L-1")])
        *_, last = engine.ledger()
        assert parked.status is ReceiptStatus.PARKED
        assert any(isinstance(f, EventReleased) and f.taken for f in last.entry.facts)
        assert [f.to for f in last.entry.facts if isinstance(f, HandoffStatusChanged)] == [
            "received"
        ]

    def test_an_answer_whose_referral_never_came_is_a_dead_letter(self) -> None:
        speaker = Speaker()
        engine = self.build()
        engine.submit([speaker.answers(HandoffReceived, at(), SOTE, referral_id="L-1")])
        engine.advance(at(2))
        (dead,) = engine.dead_letters()
        assert [error.code for error in dead.errors] == ["unknown-handoff"]
        assert dead.person == PERSON

    def test_due_clocks_fire_before_the_event_that_follows_them(self) -> None:
        speaker = Speaker()
        engine, handoff_id = self.opened(speaker)
        engine.submit([speaker.answers(HandoffAccepted, at(30), SOTE, handoff_id)])
        names = [type(stored.entry.event).__name__ for stored in engine.ledger()]
        assert names == [
            "ConsentGiven",
            "ReferralSubmitted",
            "ClockReached",
            "ClockReached",
            "HandoffAccepted",
        ]

    def test_a_repeat_fires_no_clock(self) -> None:
        speaker = Speaker()
        engine = self.build()
        consent, referral = speaker.consents(at()), speaker.refers(at(hours=1))
        engine.submit([consent, referral])
        late = consent._replace(envelope=consent.envelope._replace(recorded_at=FAR))
        assert engine.submit([late])[0].status is ReceiptStatus.DUPLICATE
        assert len(list(engine.ledger())) == 2

    def test_clocks_fire_in_order_of_due_time_and_then_of_person(self) -> None:
        engine = self.build()
        for person, hours in ((OTHER, 1), (PERSON, 1), (PersonId("p-3"), 25)):
            speaker = Speaker(person)
            engine.submit([speaker.consents(at()), speaker.refers(at(hours=hours))])
        fired = engine.advance(FAR)
        reached = [
            (stored.entry.recorded_at, stored.entry.person)
            for stored in engine.ledger()
            if isinstance(stored.entry.event, ClockReached)
        ]
        assert fired == len(reached) == 6
        assert reached == sorted(reached)

    def test_every_rung_fires_exactly_once(self) -> None:
        engine, _ = self.opened(Speaker())
        engine.advance(FAR)
        engine.advance(Instant(FAR + DAY_US))
        facts = [fact for stored in engine.ledger() for fact in stored.entry.facts]
        assert sum(isinstance(fact, ClockWarned) for fact in facts) == 1
        assert sum(isinstance(fact, ClockBreached) for fact in facts) == 1

    def test_the_next_due_moment_is_known_and_passes(self) -> None:
        engine, _ = self.opened(Speaker())
        due = engine.next_due()
        assert due is not None
        assert engine.advance(Instant(due - 1)) == 0
        assert engine.advance(due) == 1
        engine.advance(FAR)
        assert engine.next_due() is None

    def test_the_hubs_time_only_moves_forward(self) -> None:
        speaker = Speaker()
        engine = self.build()
        assert engine.now() == 0
        engine.advance(at(3))
        engine.submit([speaker.consents(at(1))])
        engine.advance(at(2))
        assert engine.now() == at(3)

    def test_the_ledger_can_be_read_from_any_position_of_anybody(self) -> None:
        engine = self.build()
        other = Speaker(OTHER)
        engine.submit([Speaker(PERSON).consents(at()), other.consents(at())])
        engine.submit([other.withdraws(at(1))])
        whole = list(engine.ledger())
        assert [stored.position for stored in whole] == sorted(s.position for s in whole)
        assert list(engine.ledger(after=whole[0].position)) == whole[1:]
        assert list(engine.ledger(limit=2)) == whole[:2]
        assert list(engine.ledger(person=OTHER)) == whole[1:]
        assert list(engine.ledger(person=OTHER, after=whole[1].position, limit=1)) == whole[2:]
        assert [stored.entry.sequence for stored in engine.ledger(person=OTHER)] == [1, 2]

    def test_two_persons_under_one_message_id_do_not_disturb_each_other(self) -> None:
        engine = self.build()
        mine, theirs = Speaker(PERSON), Speaker(OTHER)
        outcomes = engine.submit(
            [mine.refers(at(), message_id="L-1"), theirs.refers(at(), message_id="L-1")]
        )
        assert [outcome.status for outcome in outcomes] == [ReceiptStatus.ACCEPTED] * 2
        assert outcomes[0].event_id == outcomes[1].event_id
        assert outcomes[0].handoff_id != outcomes[1].handoff_id
        notices = [n.notice_id for stored in engine.ledger() for n in stored.entry.deliveries]
        assert len(set(notices)) == len(notices)

    def test_dead_letters_fold_and_can_be_dealt_with(self) -> None:
        engine = self.build()
        late, early = letter("2", at(2)), letter("1", at(1))
        outcomes = engine.submit([late, early, late])
        assert {outcome.status for outcome in outcomes} == {ReceiptStatus.DEAD_LETTER}
        assert engine.dead_letters() == [early, late]
        engine.resolve_dead_letter(early.dead_letter_id)
        assert engine.dead_letters() == [late]

    def test_dealing_with_an_unknown_dead_letter_hides_nothing(self) -> None:
        engine = self.build()
        later = letter("1", at(1))
        engine.resolve_dead_letter(later.dead_letter_id)
        engine.submit([later])
        assert engine.dead_letters() == [later]

    def test_a_call_is_kept_whole_or_not_at_all(self) -> None:
        speaker = Speaker()
        engine, handoff_id = self.opened(speaker)
        engine.submit([speaker.answers(ReferralCancelled, at(1), EMPLOYMENT, handoff_id)])
        before = list(engine.ledger()), engine.state_digest(), engine.now()
        again = speaker.refers(at(2), message_id="L-1", version=2)
        unfit = speaker.consents(at(4))._replace(sealed=(part(Part.REMARK, "x" * 2**21),))
        other = Speaker(OTHER).consents(at(3))
        with pytest.raises(ContractError):
            engine.submit([again, letter("1", at(3)), other, unfit])
        assert (list(engine.ledger()), engine.state_digest(), engine.now()) == before
        assert engine.dead_letters() == []
        assert engine.person(OTHER) is None
        outcomes = engine.submit([again, letter("1", at(3)), other])
        assert [outcome.rule for outcome in outcomes] == ["terminal", "", ""]
        assert len(list(engine.ledger())) == len(before[0]) + 2

    def test_what_agencies_said_stands_in_the_order_in_which_it_came(self) -> None:
        engine = self.build()
        mine, theirs = Speaker(PERSON), Speaker(OTHER)
        said: list[Event] = []
        for day, agency in enumerate((KELA, EMPLOYMENT, SOTE, KELA)):
            said += [theirs.consents(at(4 - day), source=agency)]
            said += [mine.reaches(at(4 - day), Milestone.PLAN_MADE, agency)]
        engine.submit(said[:3])
        engine.submit(said[3:])
        kept = [(s.entry.person, s.entry.event.envelope.event_id) for s in engine.ledger()]
        assert kept == [(e.envelope.person, e.envelope.event_id) for e in said]

    def test_an_event_stamped_behind_the_persons_latest_comes_after_the_clocks_due_by_then(
        self,
    ) -> None:
        speaker = Speaker()
        engine = self.build()
        referral = speaker.refers(at())
        late = referral.envelope._replace(recorded_at=at(60))
        engine.submit([speaker.consents(at(-1)), referral._replace(envelope=late)])
        engine.submit([speaker.reaches(at(1), Milestone.PLAN_MADE)])
        names = [type(stored.entry.event).__name__ for stored in engine.ledger()]
        assert names == ["ConsentGiven", "ReferralSubmitted", "ClockReached", "MilestoneReached"]
        assert [s.entry.recorded_at for s in engine.ledger(after=1)] == [at(60)] * 3

    def test_a_state_tells_what_is_open(self) -> None:
        engine, handoff_id = self.opened(Speaker())
        state = engine.person(PERSON)
        assert state is not None
        assert [handoff.handoff_id for handoff in state.handoffs] == [handoff_id]
        assert engine.person(OTHER) is None

    def test_the_same_events_give_the_same_digest_and_others_another(self) -> None:
        engines = [self.opened(Speaker())[0] for _ in range(2)]
        assert engines[0].state_digest() == engines[1].state_digest()
        engines[0].submit([Speaker(OTHER).consents(at(2))])
        assert engines[0].state_digest() != engines[1].state_digest()

    def test_history_moves_to_the_closed_record_and_a_repeat_of_it_is_known(self) -> None:
        speaker = Speaker()
        engine = self.build()
        first = speaker.consents(at())
        engine.submit([first])
        for day in range(1, 5):
            engine.submit([speaker.reaches(at(day * 100), Milestone.PLAN_MADE)])
        again = first._replace(envelope=first.envelope._replace(recorded_at=at(500)))
        assert engine.submit([again])[0].status is ReceiptStatus.DUPLICATE
