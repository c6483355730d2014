"""A story holds what tells of its handoffs, and nothing of the person's other ways."""

from streams.domain.answers import HandoffAccepted, InformationRequested
from streams.domain.codes import RejectReason, Service
from streams.domain.envelope import HUB
from streams.domain.hub_events import EscalationAcknowledged
from streams.domain.ids import ClockId
from streams.views.story import story
from tests.domain.region import DEFAULTS, EMPLOYMENT, KELA, SOTE, at, statute, with_basis
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched


def told(hub: WatchedHub, *handoff_ids: str) -> list[str]:
    return [type(s.entry.event).__name__ for s in story(hub.entries, handoff_ids)]


def test_a_story_leaves_out_another_handoff_of_the_same_person(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    first = hub.handoff_id
    hub.hear(speaker.refers(at(0, 2), service_code=Service.JOB_COACHING, recipient=KELA))

    assert told(hub, first) == ["ReferralSubmitted"]


def test_a_story_begins_with_an_answer_that_came_too_early(hub: WatchedHub) -> None:
    speaker = Speaker()
    early = speaker.answers(InformationRequested, at(0, 2), SOTE, referral_id="r-1")
    hub.hear(speaker.consents(at(0)), early, speaker.refers(at(0, 3), message_id="r-1"))

    assert told(hub, hub.handoff_id) == ["InformationRequested", "ReferralSubmitted"]


def test_a_story_tells_who_acknowledged_its_clocks(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    (clock,) = hub.clocks()
    hub.advance(at(30))
    head = speaker.envelope(HUB, at(30))
    hub.hear(EscalationAcknowledged(head, ClockId(clock.clock_id), "breach", "duty-1"))

    assert told(hub, hub.handoff_id) == [
        "ReferralSubmitted",
        "ClockReached",
        "ClockReached",
        "EscalationAcknowledged",
    ]


def test_a_rerouted_handoff_s_story_begins_with_the_rejection() -> None:
    speaker = Speaker()
    agreement = with_basis(statute(DEFAULTS, to_sector="kela"), statute(DEFAULTS))
    with watched(agreement) as hub:
        hub.hear(speaker.refers(at(0), recipient=KELA))
        first = hub.handoff_id
        hub.hear(speaker.rejects(at(1), KELA, first, RejectReason.MISDIRECTED))
        second = hub.handoff_id
        hub.hear(speaker.answers(HandoffAccepted, at(2), SOTE, second))

        assert told(hub, second) == ["HandoffRejected", "HandoffAccepted"]
        assert told(hub, first) == ["ReferralSubmitted", "HandoffRejected"]
        assert len(told(hub, first, second)) == 3
        assert hub.handoff().source == EMPLOYMENT
