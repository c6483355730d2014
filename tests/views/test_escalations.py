"""Who was told of a rung stands at it, with what people on duty made of it."""

from typing import Any

import pytest

from streams.domain.answers import HandoffAccepted
from streams.domain.envelope import HUB
from streams.domain.hub_events import (
    AgencyFellSilent,
    AgencyHeardAgain,
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
)
from streams.domain.ids import ClockId, HandoffId, Instant, PersonId
from streams.views.answers import ClockSeen, EscalationSeen
from streams.views.escalations import escalations
from tests.domain.region import KELA, SOTE, TYP, at
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub

LONG_AFTER, LATER = at(30), at(31)


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


@pytest.fixture
def late(hub: WatchedHub, speaker: Speaker) -> ClockSeen:
    """Give a clock of which recipient and coordinator were told, since nobody answered."""
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    hub.advance(LONG_AFTER)
    (clock,) = hub.clocks()
    return clock


def told(hub: WatchedHub, now: Instant = LATER) -> list[EscalationSeen]:
    return escalations(hub.clocks(), now)


def says(
    hub: WatchedHub,
    speaker: Speaker,
    kind: Any,  # noqa: ANN401  # one of the answers to an escalation
    clock: ClockSeen,
    *said: object,
    rung: str = "breach",
) -> None:
    hub.hear(kind(speaker.envelope(HUB, LONG_AFTER), ClockId(clock.clock_id), rung, *said))


def test_a_rung_that_fired_says_who_was_told_and_how_late(hub: WatchedHub, late: ClockSeen) -> None:
    assert [(rung.to, rung.told, rung.late_by_us) for rung in late.rungs] == [
        ("recipient", SOTE, 0),
        ("coordinator", TYP, 0),
    ]
    assert [(e.rung, e.role, e.told, e.owner, e.state) for e in told(hub)] == [
        ("warn-0.6", "recipient", SOTE, SOTE, "open"),
        ("breach", "coordinator", TYP, SOTE, "open"),
    ]


def test_nobody_is_told_of_a_rung_that_is_still_to_come(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))

    assert told(hub) == []
    assert hub.desk.clocks(escalated=True) == []


def test_an_escalation_goes_from_hand_to_hand(
    hub: WatchedHub, speaker: Speaker, late: ClockSeen
) -> None:
    says(hub, speaker, EscalationAcknowledged, late, "duty-1")
    assert (told(hub)[1].state, told(hub)[1].by) == ("acknowledged", "duty-1")

    says(hub, speaker, EscalationAssigned, late, "duty-2")
    assert (told(hub)[1].state, told(hub)[1].by) == ("assigned", "duty-2")
    (seen,) = hub.desk.clocks(escalated=True)
    assert (seen.rungs[1].acknowledged_by, seen.rungs[1].assigned_to) == ("duty-1", "duty-2")
    assert told(hub)[0].state == "open", "the other rung is another escalation"


def test_a_snooze_ends(hub: WatchedHub, speaker: Speaker, late: ClockSeen) -> None:
    until = at(40)
    says(hub, speaker, EscalationSnoozed, late, until, "waiting-for-person")

    resting, awake = told(hub)[1], told(hub, until)[1]

    assert (resting.state, resting.until, resting.reason) == (
        "snoozed",
        until,
        "waiting-for-person",
    )
    assert (resting.by, awake.state) == (None, "open")


def test_what_was_refused_changes_nothing(
    hub: WatchedHub, speaker: Speaker, late: ClockSeen
) -> None:
    before = hub.clocks()

    says(hub, speaker, EscalationAcknowledged, late, "duty-1", rung="warn-0.9")
    says(hub, speaker, EscalationSnoozed, late, at(20), "wrong-alarm")

    assert hub.clocks() == before


def test_an_escalation_is_closed_with_its_clock(
    hub: WatchedHub, speaker: Speaker, late: ClockSeen
) -> None:
    handoff_id = HandoffId(late.handoff_id or "")

    hub.hear(speaker.answers(HandoffAccepted, LATER, SOTE, handoff_id))

    assert {seen.state for seen in told(hub)} == {"closed"}


def test_the_silence_of_an_agency_is_one_escalation_until_it_is_heard_again(
    hub: WatchedHub,
) -> None:
    speaker = Speaker(person=PersonId(KELA), municipality="")
    hub.hear(AgencyFellSilent(speaker.envelope(HUB, at(1)), at(0)))

    (silent,) = hub.clocks()
    (escalation,) = told(hub)
    assert (silent.rule, silent.scope, silent.state) == ("hub:silence", "hub", "breached")
    assert (silent.person, silent.owner, silent.handoff_id) == (KELA, KELA, None)
    assert (silent.started_at, silent.due_at, silent.rungs[0].fired_at) == (at(0), at(1), at(1))
    assert (escalation.role, escalation.told, escalation.state) == ("coordinator", TYP, "open")

    hub.hear(AgencyHeardAgain(speaker.envelope(HUB, at(2)), at(0)))

    (heard,) = hub.clocks()
    assert (heard.state, heard.ended_at, heard.late_by_us) == ("breached", at(2), at(2) - at(1))
    assert told(hub)[0].state == "closed"
