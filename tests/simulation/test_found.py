"""Bugs that simulated histories found, each with the shortest history that shows it."""

from streams.domain.answers import HandoffAccepted
from streams.domain.calendar import DAY_US
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.hub_events import ClockReached, DeliveryStarted
from streams.domain.ids import Instant
from streams.engines.memory import MemoryEngine
from tests.domain.lane import Lane
from tests.domain.region import DEFAULTS, EMPLOYMENT, KELA, SOTE, at
from tests.domain.speaker import Speaker
from tests.simulation.town import agreements


def test_a_replay_fires_no_clock_that_had_not_fired() -> None:
    # Two clocks are overdue from the start; time is advanced to a moment between the two.
    says, engine, again = Speaker(), MemoryEngine(agreements()), MemoryEngine(agreements())
    late = says.refers(at(), recipient=KELA)
    engine.submit([says.consents(at(), recipient=KELA)])
    head = late.envelope._replace(recorded_at=Instant(at() + 20 * DAY_US))
    engine.submit([late._replace(envelope=head)])
    due = engine.next_due()
    assert due is not None
    assert engine.advance(due) == 1
    again.submit([stored.entry.event for stored in engine.ledger()])
    fired = [s for s in again.ledger() if isinstance(s.entry.event, ClockReached)]
    assert len(fired) == 1
    assert again.entry_bytes() == engine.entry_bytes()
    assert again.state_digest() == engine.state_digest()


def test_a_refusal_tells_no_recipient_of_a_handoff_that_waits_for_its_basis() -> None:
    says, lane = Speaker(), Lane()
    lane.hear(says.refers(at(), message_id="L-1"))
    waiting = lane.handoff
    assert waiting.status is Status.AWAITING_BASIS
    for agency, about in ((SOTE, None), (EMPLOYMENT, waiting.handoff_id)):
        lane.hear(says.answers(HandoffAccepted, at(hours=1), agency, referral_id="L-1"))
        (refusal,) = lane.notices
        assert (refusal.to, refusal.kind) == (agency, NoticeKind.REFUSAL)
        assert (refusal.handoff_id, refusal.content) == (about, ())
        assert (refusal.service is None) is (about is None)


def test_a_recall_names_nobody_to_a_recipient_that_was_not_told_who_it_is() -> None:
    # The notice that says who it is waits still, when the basis of all data goes.
    says, lane = Speaker(), Lane()
    lane.hear(says.consents(at(), categories=(Category.CONTACT,)))
    lane.hear(says.refers(at(hours=1)))
    first, handoff_id = lane.told(NoticeKind.REFERRAL), lane.handoff.handoff_id
    lane.hear(says.consents(at(hours=2), categories=DEFAULTS))
    assert Part.IDENTITY in {part.part for part in lane.told(NoticeKind.INFORMATION).content}
    lane.hear(says.dispatch(DeliveryStarted, at(hours=3), first.notice_id, handoff_id, SOTE))
    lane.hear(says.withdraws(at(hours=4)))
    recall = lane.told(NoticeKind.RECALL)
    assert (recall.to, recall.handoff_id, recall.content) == (SOTE, handoff_id, ())
