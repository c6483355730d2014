"""An agency that says nothing for longer than agreed is told of once, and closed when it speaks."""

from datetime import UTC, datetime

from streams.domain.agreement import Agreement
from streams.domain.calendar import instant
from streams.domain.clock_facts import (
    ClockBreached,
    ClockMet,
    ClockStarted,
    Escalated,
)
from streams.domain.codes import NoticeKind
from streams.domain.envelope import HUB
from streams.domain.hub_events import AgencyFellSilent, AgencyHeardAgain
from streams.domain.ids import PersonId
from streams.domain.silence import SILENCE, silent_at
from streams.domain.step import Person, step, unknown_person
from tests.domain.region import KELA, REGION, STRANGER, TYP, at
from tests.domain.speaker import Speaker

SPEAKS: Agreement = REGION._replace(
    agencies={
        **REGION.agencies,
        KELA: REGION.agencies[KELA]._replace(silent_after_hours=10),
    }
)


def test_silence_is_counted_in_the_agencys_own_working_hours() -> None:
    # Monday at noon; 4 h 15 min are left of it, and 5 h 45 min of Tuesday from eight.
    assert silent_at(KELA, at(), SPEAKS) == instant(datetime(2026, 3, 3, 11, 45, tzinfo=UTC))


def test_an_agency_is_not_silent_over_easter() -> None:
    thursday = instant(datetime(2026, 4, 2, 13, 0, tzinfo=UTC))
    # Of Thursday 15 minutes are left; Friday and Monday are closed.
    assert silent_at(KELA, thursday, SPEAKS) == instant(datetime(2026, 4, 8, 6, 30, tzinfo=UTC))


def test_where_no_silence_is_agreed_there_is_none() -> None:
    assert silent_at(TYP, at(), SPEAKS) is None
    assert silent_at(STRANGER, at(), SPEAKS) is None


def test_a_silence_is_one_open_and_one_close_in_the_agencys_own_lane() -> None:
    says = Speaker(person=PersonId(KELA), municipality="")
    fell = AgencyFellSilent(says.envelope(HUB, at(days=1)), at())
    silent = step(Person(unknown_person(PersonId(KELA)), None), fell, SPEAKS)
    assert silent.entry is not None
    begun, breached, told = silent.entry.facts
    assert isinstance(begun, ClockStarted)
    assert (begun.rule, begun.owner, begun.started_at, begun.due_at) == (
        SILENCE,
        KELA,
        at(),
        at(days=1),
    )
    assert isinstance(breached, ClockBreached)
    assert isinstance(told, Escalated)
    (notice,) = silent.entry.deliveries
    assert (notice.to, notice.kind, notice.role) == (TYP, NoticeKind.ESCALATION, "coordinator")
    assert (notice.recipient, notice.reason, notice.handoff_id) == (KELA, SILENCE, None)

    heard = AgencyHeardAgain(says.envelope(HUB, at(days=3)), at())
    again = step(Person(silent.hot, None), heard, SPEAKS)
    assert again.entry is not None
    (met,) = again.entry.facts
    assert isinstance(met, ClockMet)
    assert (met.clock_id, met.ended_at, met.breached) == (begun.clock_id, at(days=3), True)
    assert again.hot.clocks == ()

    unheard = step(
        Person(again.hot, None), fell._replace(envelope=says.envelope(HUB, at(4))), SPEAKS
    )
    assert unheard.entry is not None
    twice = AgencyHeardAgain(says.envelope(HUB, at(days=5)), at())
    assert step(Person(again.hot, None), twice, SPEAKS).entry is not None
