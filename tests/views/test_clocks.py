"""Clocks in the views run, pause, are met and are breached as the ledger says."""

from streams.domain.answers import (
    HandoffAccepted,
    InformationProvided,
    InformationRequested,
    ServicePaused,
    ServiceStarted,
)
from streams.domain.calendar import DAY_US
from streams.domain.clock_rules import triggers
from streams.domain.envelope import HUB
from streams.domain.hub_events import EscalationAcknowledged
from streams.domain.ids import ClockId, HandoffId, Instant
from streams.domain.referral import ReferralCancelled
from tests.domain.region import ACCEPTANCE, EMPLOYMENT, SOTE, at, with_clock
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched

LONG_AFTER = at(30)


def referred(hub: WatchedHub, speaker: Speaker) -> HandoffId:
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    return hub.handoff_id


def test_a_running_clock_shows_its_rungs_and_its_law(hub: WatchedHub) -> None:
    handoff_id = referred(hub, Speaker())

    (clock,) = hub.clocks()

    assert (clock.rule, clock.state, clock.handoff_id) == ("acceptance", "running", handoff_id)
    assert (clock.law_ref, clock.verified) == ("agreed", True)
    assert (clock.started_at, clock.ended_at, clock.late_by_us) == (at(0, 1), None, None)
    assert [rung.rung for rung in clock.rungs] == ["warn-0.6", "breach"]
    assert clock.rungs[-1].at == clock.due_at
    assert {rung.fired_at for rung in clock.rungs} == {None}


def test_a_clock_that_is_met_in_time_was_not_late(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(HandoffAccepted, at(1), SOTE, handoff_id))

    (clock,) = hub.clocks()
    assert (clock.state, clock.ended_at, clock.late_by_us) == ("met", at(1), 0)


def test_rungs_fire_once_and_a_breach_stays_one_when_the_answer_comes(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    hub.advance(LONG_AFTER)
    (breached,) = hub.clocks()
    assert (breached.state, breached.ended_at) == ("breached", None)
    assert [rung.fired_at for rung in breached.rungs] == [rung.at for rung in breached.rungs]

    answered = Instant(breached.due_at + DAY_US)
    hub.hear(
        speaker.answers(HandoffAccepted, LONG_AFTER, SOTE, handoff_id)._replace(
            envelope=speaker.envelope(SOTE, answered)._replace(recorded_at=LONG_AFTER)
        )
    )

    (ended,) = hub.clocks()
    assert (ended.state, ended.ended_at, ended.late_by_us) == ("breached", answered, DAY_US)


def test_who_acknowledged_an_escalation_stands_at_its_rung(hub: WatchedHub) -> None:
    speaker = Speaker()
    referred(hub, speaker)
    hub.advance(LONG_AFTER)
    (clock,) = hub.clocks()
    head = speaker.envelope(HUB, LONG_AFTER)

    hub.hear(EscalationAcknowledged(head, ClockId(clock.clock_id), "breach", "duty-1"))

    (seen,) = hub.clocks()
    assert [rung.acknowledged_by for rung in seen.rungs] == [None, "duty-1"]


def test_what_concerns_a_clock_that_is_not_known_changes_nothing(hub: WatchedHub) -> None:
    speaker = Speaker()
    referred(hub, speaker)
    before = hub.clocks()
    head = speaker.envelope(HUB, at(1))

    hub.hear(EscalationAcknowledged(head, ClockId("c-nobody"), "breach", "duty-1"))

    assert hub.clocks() == before


def test_a_cancelled_handoff_cancels_its_clock(hub: WatchedHub) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)

    hub.hear(speaker.answers(ReferralCancelled, at(1), EMPLOYMENT, handoff_id))

    (clock,) = hub.clocks()
    assert (clock.state, clock.ended_at, clock.late_by_us) == ("cancelled", at(1), None)


def test_a_breached_clock_stays_breached_when_nobody_waits_for_it_any_more(
    hub: WatchedHub,
) -> None:
    speaker = Speaker()
    handoff_id = referred(hub, speaker)
    hub.advance(LONG_AFTER)

    hub.hear(speaker.answers(ReferralCancelled, at(31), EMPLOYMENT, handoff_id))

    (clock,) = hub.clocks()
    assert (clock.state, clock.ended_at) == ("breached", at(31))


def test_a_paused_clock_runs_again_to_a_later_moment() -> None:
    rule = ACCEPTANCE._replace(unit="hours", limit=48, pauses_on=triggers("info-needed"))
    speaker = Speaker()
    with watched(with_clock(rule)) as hub:
        handoff_id = referred(hub, speaker)
        (before,) = hub.clocks()
        hub.hear(speaker.answers(InformationRequested, at(0, 2), SOTE, handoff_id))
        assert [clock.state for clock in hub.clocks()] == ["paused"]
        assert hub.handoff().next_due_at is None

        hub.hear(speaker.answers(InformationProvided, at(0, 12), EMPLOYMENT, handoff_id))
        (running,) = hub.clocks()
        hub.advance(LONG_AFTER)
        (fired,) = hub.clocks()

    assert (running.state, running.due_at - before.due_at) == ("running", at(0, 10) - at(0))
    assert [rung.at for rung in running.rungs] == [rung.fired_at for rung in fired.rungs]


def test_a_rung_that_fired_keeps_its_moment_over_a_pause() -> None:
    rule = ACCEPTANCE._replace(
        unit="hours",
        limit=48,
        starts_on=triggers("accepted"),
        met_on=triggers("completed"),
        pauses_on=triggers("on-hold"),
    )
    speaker = Speaker()
    with watched(with_clock(rule)) as hub:
        handoff_id = referred(hub, speaker)
        hub.hear(speaker.answers(HandoffAccepted, at(0, 2), SOTE, handoff_id))
        hub.advance(at(1, 12))
        (warned,) = hub.clocks()
        hub.hear(
            speaker.answers(ServicePaused, at(1, 13), SOTE, handoff_id),
            speaker.answers(ServiceStarted, at(2, 13), SOTE, handoff_id),
        )
        (resumed,) = hub.clocks()

    assert warned.rungs[0].fired_at == resumed.rungs[0].fired_at == resumed.rungs[0].at
    assert resumed.rungs[1].at == resumed.due_at == warned.due_at + DAY_US


def test_clocks_are_found_by_state_and_due_time(hub: WatchedHub) -> None:
    referred(hub, Speaker())
    (clock,) = hub.clocks()

    assert hub.desk.clocks(state="running", due_before=Instant(clock.due_at + 1)) == [clock]
    assert hub.desk.clocks(due_before=clock.due_at) == []
    assert hub.desk.clocks(state="met") == []
