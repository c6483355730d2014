"""An answer that comes before its referral waits for it, for as long as was agreed."""

from streams.domain.answering import PARKED_MAX
from streams.domain.answers import HandoffAccepted, HandoffReceived, ServiceStarted
from streams.domain.clocks import PARKED
from streams.domain.codes import NoticeKind, RejectReason, Status
from streams.domain.entry import EventParked, EventReleased, HandoffStatusChanged, TransitionRefused
from streams.domain.ids import HandoffId, derive
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import EMPLOYMENT, KELA, PERSON, SOTE, at
from tests.domain.speaker import Speaker


def consented() -> tuple[Lane, Speaker]:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)))
    return lane, says


def test_an_answer_before_its_referral_is_parked() -> None:
    lane, says = consented()
    early = says.answers(HandoffAccepted, at(), SOTE, referral_id="r-1")

    step = lane.hear(early)

    assert (step.verdict, step.rule, step.handoff_id) == (Verdict.PARKED, "", None)
    assert lane.facts == (EventParked(early.envelope.event_id, at(hours=24)),)
    assert lane.notices == ()
    assert [parked.event for parked in lane.hot.parked] == [early]
    assert lane.hear(early).verdict is Verdict.DUPLICATE


def test_parked_answers_are_taken_up_in_their_order_when_the_referral_comes() -> None:
    lane, says = consented()
    received = says.answers(HandoffReceived, at(), SOTE, referral_id="r-1")
    accepted = says.answers(HandoffAccepted, at(hours=1), SOTE, referral_id="r-1")
    started = says.answers(ServiceStarted, at(hours=2), SOTE, referral_id="r-1")
    lane.hear(received, accepted, started)

    step = lane.hear(says.refers(at(hours=3), message_id="r-1"))

    handoff_id = lane.handoff.handoff_id
    assert (step.verdict, step.handoff_id) == (Verdict.ACCEPTED, handoff_id)
    assert lane.handoff.status is Status.IN_PROGRESS
    assert [f for f in lane.facts if isinstance(f, EventReleased)] == [
        EventReleased(event.envelope.event_id, handoff_id, taken=True)
        for event in (received, accepted, started)
    ]
    assert [f.to for f in lane.facts if isinstance(f, HandoffStatusChanged)] == [
        Status.RECEIVED,
        Status.ACCEPTED,
        Status.IN_PROGRESS,
    ]
    assert lane.hot.parked == ()
    assert all(clock.rule != PARKED for clock in lane.hot.clocks)
    assert len({n.notice_id for e in lane.entries for n in e.deliveries}) == 4


def test_a_parked_answer_may_name_the_handoff_by_the_hubs_id() -> None:
    lane, says = consented()
    referral = says.refers(at(hours=1), message_id="r-1")
    handoff_id = HandoffId(derive("h", referral.envelope.event_id, PERSON))
    lane.hear(says.answers(HandoffReceived, at(), SOTE, handoff_id))
    lane.hear(referral)
    assert lane.status(handoff_id) is Status.RECEIVED


def test_other_parked_answers_go_on_waiting() -> None:
    lane, says = consented()
    lane.hear(
        says.answers(HandoffReceived, at(), SOTE, referral_id="r-2"),
        says.answers(HandoffReceived, at(), SOTE, referral_id="r-1"),
        says.refers(at(hours=1), message_id="r-1"),
    )
    assert [parked.event.referral_id for parked in lane.hot.parked] == ["r-2"]


def test_a_parked_answer_that_is_not_allowed_is_refused_when_it_is_taken_up() -> None:
    lane, says = consented()
    lane.hear(says.answers(HandoffAccepted, at(), KELA, referral_id="r-1"))
    step = lane.hear(says.refers(at(hours=1), message_id="r-1"))
    assert step.verdict is Verdict.ACCEPTED
    assert TransitionRefused(lane.handoff.handoff_id, "not-a-party") in lane.facts
    assert lane.handoff.status is Status.REQUESTED
    assert lane.told(NoticeKind.REFUSAL).to == KELA


def test_parked_answers_after_one_that_ended_the_handoff_are_late() -> None:
    lane, says = consented()
    referral = says.refers(at(hours=2), message_id="r-1")
    handoff_id = HandoffId(derive("h", referral.envelope.event_id, PERSON))
    lane.hear(says.rejects(at(), SOTE, handoff_id))
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))
    lane.hear(referral)
    assert (lane.hot.handoffs, lane.hot.parked) == ((), ())
    assert TransitionRefused(handoff_id, "terminal") in lane.facts


def test_a_refused_referral_takes_nothing_up() -> None:
    lane, says = consented()
    lane.hear(says.answers(HandoffAccepted, at(), SOTE, referral_id="r-1"))
    lane.hear(says.refers(at(hours=1), recipient=EMPLOYMENT, message_id="r-1"))
    assert len(lane.hot.parked) == 1


def test_an_answer_to_a_referral_that_is_passed_on_later_waits_for_it() -> None:
    lane, says = consented()
    lane.hear(says.consents(at(days=-1), recipient=KELA, statement="S-2"))
    lane.hear(says.refers(at(), recipient=KELA))
    first = lane.handoff.handoff_id
    rejection = says.rejects(at(hours=2), KELA, first, RejectReason.MISDIRECTED)
    passed_on = HandoffId(derive("h", f"{rejection.envelope.event_id}{PERSON}", "rerouted"))
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, passed_on))

    step = lane.hear(rejection)

    assert (step.verdict, step.handoff_id) == (Verdict.ACCEPTED, first)
    assert lane.status(passed_on) is Status.ACCEPTED
    assert lane.hot.cases[0].responsible == SOTE


def test_a_parked_rejection_passes_the_referral_on_to_the_next_parked_answer() -> None:
    lane, says = consented()
    lane.hear(says.consents(at(days=-1), recipient=KELA, statement="S-2"))
    rejection = says.rejects(at(), KELA, HandoffId("h-later"), RejectReason.MISDIRECTED)
    lane.hear(rejection._replace(handoff_id=None, referral_id="r-1"))
    lane.hear(
        says.rejects(at(hours=1), SOTE, HandoffId("h-later"))._replace(
            handoff_id=None, referral_id="r-1"
        )
    )
    other = says.answers(HandoffAccepted, at(hours=1), SOTE, referral_id="r-other")
    lane.hear(other)
    lane.hear(says.refers(at(hours=2), recipient=KELA, message_id="r-1"))
    assert lane.hot.handoffs == ()
    assert [parked.event for parked in lane.hot.parked] == [other]
    assert [f.to for f in lane.facts if isinstance(f, HandoffStatusChanged)] == [
        Status.REJECTED,
        Status.REJECTED,
    ]


def test_an_answer_whose_referral_never_comes_is_a_dead_letter_after_the_agreed_time() -> None:
    lane, says = consented()
    first = says.answers(HandoffAccepted, at(), SOTE, referral_id="r-1")
    second = says.answers(HandoffAccepted, at(hours=1), SOTE, referral_id="r-2")
    lane.hear(first, second)

    lane.wait_until(at(hours=24))

    assert lane.last is not None
    assert lane.last.dead == (first,)
    assert lane.facts == (EventReleased(first.envelope.event_id, None, taken=False),)
    assert [parked.event for parked in lane.hot.parked] == [second]
    lane.wait_until(at(hours=25))
    assert lane.last.dead == (second,)
    assert (lane.hot.parked, lane.hot.clocks) == ((), ())


def test_a_person_has_only_so_many_answers_waiting() -> None:
    lane, says = consented()
    for number in range(PARKED_MAX):
        lane.hear(says.answers(HandoffAccepted, at(), SOTE, referral_id=f"r-{number}"))
    one_more = says.answers(HandoffAccepted, at(), SOTE, referral_id="r-more")

    step = lane.hear(one_more)

    assert (step.verdict, step.rule) == (Verdict.DEAD_LETTER, "unknown-handoff")
    assert step.dead == (one_more,)
    assert step.entry is not None
    assert step.entry.facts == ()
    assert len(lane.hot.parked) == PARKED_MAX
