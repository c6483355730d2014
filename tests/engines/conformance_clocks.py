"""What every engine promises of clocks, of agreements that turn or are edited, and of silence."""

from abc import ABC, abstractmethod
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from streams.domain.agreement import Agreement, Agreements
from streams.domain.calendar import DAY_US, HELSINKI, HOUR_US, instant, is_working_day
from streams.domain.clock_facts import ClockBreached, ClockReprojected, ClockWarned
from streams.domain.clock_rules import ClockBook
from streams.domain.codes import Milestone
from streams.domain.entry import Fact
from streams.domain.envelope import HUB
from streams.domain.hub_events import (
    AgencyFellSilent,
    AgencyHeardAgain,
    AgreementChanged,
    ClockReached,
)
from streams.domain.ids import Instant, PersonId
from streams.engines.lane import Wall
from streams.promises.engine import Engine
from tests.domain.region import ACCEPTANCE, KELA, PERSON, REGION, TYP, at
from tests.domain.speaker import Speaker
from tests.engines.conformance import FAR, letter

OTHER = PersonId("p-00000000000000000000000002")
SILENT_AFTER_HOURS = 12
_Fact = TypeVar("_Fact", bound=Fact)


def allowing(days: int, since: Instant = REGION.valid_from) -> Agreement:
    """Give the region with so many working days to accept, from a moment on."""
    rules = ClockBook((ACCEPTANCE._replace(limit=days),))
    name = f"{days} days".encode()
    return REGION._replace(clock_rules=rules, valid_from=since, digest=name, clock_digest=name)


def hearing_kela(hours: int = SILENT_AFTER_HOURS, since: Instant = REGION.valid_from) -> Agreement:
    """Give the region where Kela is not silent for longer than so many working hours."""
    kela = REGION.agencies[KELA]._replace(silent_after_hours=hours)
    agencies = {**REGION.agencies, KELA: kela}
    return REGION._replace(agencies=agencies, valid_from=since, digest=b"%d" % hours)


FIVE, TWO, TWENTY = allowing(5), allowing(2), allowing(20)
TURN = at(days=3)
TURNING_TO_TWO = Agreements((FIVE, allowing(2, since=TURN)))
HEARING = Agreements((hearing_kela(),))


def names(engine: Engine, person: PersonId = PERSON) -> list[str]:
    """Give the events of a lane, by their names."""
    return [type(stored.entry.event).__name__ for stored in engine.ledger(person=person)]


def facts(engine: Engine, kind: type[_Fact]) -> list[_Fact]:
    """Give every fact of a kind, in order."""
    return [f for stored in engine.ledger() for f in stored.entry.facts if isinstance(f, kind)]


def moments(engine: Engine, kind: type[object]) -> list[Instant]:
    """Give when the events of a kind were recorded."""
    return [s.entry.recorded_at for s in engine.ledger() if isinstance(s.entry.event, kind)]


class ClockConformance(ABC):
    """What every engine promises of time."""

    @abstractmethod
    def under(self, agreements: Agreements, wall: Wall | None = None) -> Engine:
        """Return an empty engine under other agreements."""

    @abstractmethod
    def edited(self, engine: Engine, agreements: Agreements) -> Engine:
        """Return the engine as it goes on after its agreements were edited."""

    def referred(self, engine: Engine, person: PersonId = PERSON, days: float = 0) -> Speaker:
        """Refer a person whose recipient must accept in time."""
        speaker = Speaker(person)
        engine.submit([speaker.consents(at(-1)), speaker.refers(at(days))])
        return speaker

    def test_an_agreement_that_turns_moves_open_clocks_at_its_moment(self) -> None:
        engine = self.under(TURNING_TO_TWO)
        self.referred(engine)
        engine.advance(FAR)
        assert moments(engine, AgreementChanged) == [TURN]
        (moved,) = facts(engine, ClockReprojected)
        (breached,) = facts(engine, ClockBreached)
        assert breached.due_at == moved.due_at < TURN

    def test_what_was_due_before_the_turn_fires_under_the_old_rules(self) -> None:
        engine = self.under(Agreements((FIVE, allowing(2, since=at(days=30)))))
        self.referred(engine)
        engine.advance(FAR)
        assert names(engine)[2:] == ["ClockReached", "ClockReached", "AgreementChanged"]
        assert facts(engine, ClockReprojected)[0].due_at == facts(engine, ClockBreached)[0].due_at

    def test_an_event_after_the_turn_comes_after_it_in_its_lane(self) -> None:
        engine = self.under(TURNING_TO_TWO)
        speaker = self.referred(engine)
        engine.submit([speaker.reaches(at(days=3.1), Milestone.PLAN_MADE)])
        came = names(engine)
        assert came[-1] == "MilestoneReached"
        turned = came.index("AgreementChanged")
        digests = [stored.entry.agreement_digest for stored in engine.ledger(person=PERSON)]
        assert digests == [b"5 days"] * turned + [b"2 days"] * (len(came) - turned)

    def test_a_lane_is_the_same_whether_time_advanced_at_the_turn_or_long_after(self) -> None:
        lanes = []
        for stops in ([TURN, at(days=4)], []):
            engine = self.under(TURNING_TO_TWO)
            speaker = self.referred(engine)
            for stop in stops:
                engine.advance(stop)
            engine.submit([speaker.reaches(at(days=40), Milestone.PLAN_MADE)])
            lanes.append([stored.entry for stored in engine.ledger(person=PERSON)])
        assert lanes[0] == lanes[1]

    def test_an_edited_agreement_reaches_everybody_with_an_open_clock_once(self) -> None:
        engine = self.under(Agreements((FIVE,)))
        self.referred(engine)
        self.referred(engine, OTHER)
        without_clock = Speaker(PersonId("p-3"))
        engine.submit([without_clock.consents(at())])
        engine = self.edited(engine, Agreements((TWENTY,)))
        assert engine.follow_agreement(engine.now()) == 2
        assert engine.follow_agreement(engine.now()) == 0
        assert len(facts(engine, ClockReprojected)) == 2
        assert names(engine, PersonId("p-3")) == ["ConsentGiven"]
        engine.advance(FAR)
        assert len(facts(engine, ClockReprojected)) == 2

    def test_a_clock_that_falls_due_while_the_edit_is_followed_is_not_missed(self) -> None:
        engine = self.under(Agreements((TWENTY,)))
        self.referred(engine)
        other = self.referred(engine, OTHER, days=8)
        engine = self.edited(engine, Agreements((TWO,)))
        # When only one of them is heard of before the hub's time goes on
        engine.submit([other.reaches(at(days=9), Milestone.PLAN_MADE)])
        engine.advance(at(days=9.5))
        # Then the other's clock, due long ago by the new rules, has broken, and once
        assert names(engine).count("AgreementChanged") == len(facts(engine, ClockBreached)) == 1
        engine.advance(FAR)
        assert len(facts(engine, ClockBreached)) == 2

    def test_an_edit_that_is_taken_back_and_made_again_is_followed_every_time(self) -> None:
        engine = self.under(Agreements((FIVE,)))
        self.referred(engine)
        for agreement in (TWENTY, FIVE, TWENTY):
            engine = self.edited(engine, Agreements((agreement,)))
            assert engine.follow_agreement(engine.now()) == 1
        engine.advance(FAR)
        assert len(facts(engine, ClockReprojected)) == 3
        assert len(facts(engine, ClockBreached)) == 1
        assert len(facts(engine, ClockWarned)) == 1

    def test_a_breached_clock_with_nothing_left_to_say_follows_too(self) -> None:
        engine = self.under(Agreements((FIVE,)))
        self.referred(engine)
        engine.advance(at(days=40))
        engine = self.edited(engine, Agreements((TWENTY,)))
        assert engine.follow_agreement(engine.now()) == 1
        engine.advance(FAR)
        assert len(facts(engine, ClockBreached)) == 1

    def test_the_turn_is_due_where_a_clock_would_follow_it(self) -> None:
        engine = self.under(Agreements((TWENTY, allowing(30, since=TURN))))
        engine.submit([Speaker().consents(at(-1))])
        assert engine.next_due() is None
        self.referred(engine, OTHER)
        assert engine.next_due() == TURN
        assert engine.lag_us(Instant(TURN + DAY_US)) == 0
        engine.advance(TURN)
        assert engine.next_due() not in (None, TURN)

    def test_in_virtual_time_no_clock_is_late(self) -> None:
        engine = self.under(Agreements((FIVE,)))
        self.referred(engine)
        engine.advance(FAR)
        reached = [
            s.entry.event for s in engine.ledger() if isinstance(s.entry.event, ClockReached)
        ]
        assert [event.late_by_us for event in reached] == [0, 0]

    def test_a_clock_that_fires_after_a_pause_of_the_hub_fires_once_and_says_how_late(self) -> None:
        engine = self.under(Agreements((FIVE,)), lambda: at(days=30))
        self.referred(engine)
        due_at = engine.next_due()
        assert due_at is not None
        assert engine.lag_us(at(days=30)) == at(days=30) - due_at
        assert engine.advance(at(days=30)) == 2
        assert engine.advance(at(days=31)) == 0
        reached = [
            s.entry.event for s in engine.ledger() if isinstance(s.entry.event, ClockReached)
        ]
        assert [e.late_by_us for e in reached] == [
            at(days=30) - e.envelope.occurred_at for e in reached
        ]
        assert engine.lag_us(FAR) == 0

    def test_a_clock_that_fires_before_an_event_is_stamped_alike(self) -> None:
        engine = self.under(Agreements((FIVE,)), lambda: at(days=30))
        speaker = self.referred(engine)
        engine.submit([speaker.reaches(at(days=29), Milestone.PLAN_MADE)])
        assert [fact.late_by_us > 0 for fact in facts(engine, ClockBreached)] == [True]

    def test_a_clock_that_fires_ahead_of_the_machines_time_is_not_late(self) -> None:
        engine = self.under(Agreements((FIVE,)), at)
        self.referred(engine)
        engine.advance(FAR)
        assert {fact.late_by_us for fact in facts(engine, ClockBreached)} == {0}


class SilenceConformance(ABC):
    """What every engine promises of agencies from which nothing comes."""

    @abstractmethod
    def under(self, agreements: Agreements, wall: Wall | None = None) -> Engine:
        """Return an empty engine under other agreements."""

    def test_an_agency_falls_silent_once_at_the_agreed_moment(self) -> None:
        engine = self.under(HEARING)
        engine.submit([Speaker().reaches(at(), Milestone.PLAN_MADE, KELA)])
        # Monday at noon; 4 h 15 min are left of it, and 7 h 45 min of Tuesday from eight.
        silent_at = instant(datetime(2026, 3, 3, 13, 45, tzinfo=UTC))
        assert engine.next_due() == silent_at
        assert engine.lag_us(Instant(silent_at + 5)) == 5
        assert engine.advance(Instant(silent_at - 1)) == 0
        assert engine.advance(FAR) == 1
        assert engine.advance(Instant(FAR + DAY_US)) == 0
        assert moments(engine, AgencyFellSilent) == [silent_at]
        assert names(engine, PersonId(KELA)) == ["AgencyFellSilent"]
        assert engine.next_due() is None

    def test_an_agency_that_speaks_again_closes_its_silence(self) -> None:
        engine = self.under(HEARING)
        speaker = Speaker()
        engine.submit([speaker.reaches(at(), Milestone.PLAN_MADE, KELA)])
        engine.advance(at(days=10))
        engine.submit([speaker.reaches(at(days=10.5), Milestone.PLAN_MADE, KELA)])
        assert names(engine, PersonId(KELA)) == ["AgencyFellSilent", "AgencyHeardAgain"]
        assert moments(engine, AgencyHeardAgain) == [at(days=10.5)]
        assert engine.advance(FAR) == 1

    def test_a_silence_that_nobody_told_is_told_before_the_message_that_ends_it(self) -> None:
        lanes = []
        for stops in ([at(days=4)], []):
            engine = self.under(HEARING)
            speaker = Speaker()
            engine.submit([speaker.reaches(at(), Milestone.PLAN_MADE, KELA)])
            for stop in stops:
                engine.advance(stop)
            engine.submit([speaker.reaches(at(days=9), Milestone.PLAN_MADE, KELA)])
            lanes.append([stored.entry for stored in engine.ledger(person=PersonId(KELA))])
        assert len(lanes[0]) == 2
        assert lanes[0] == lanes[1]

    def test_a_dead_letter_is_a_sign_of_life_and_an_event_of_the_hub_is_none(self) -> None:
        engine = self.under(HEARING)
        speaker = Speaker()
        engine.submit([speaker.reaches(at(), Milestone.PLAN_MADE, KELA)])
        engine.submit([letter("1", at(days=1))])
        engine.submit([speaker.reaches(at(days=1.5), Milestone.PLAN_MADE, HUB)])
        engine.advance(at(days=1.9))
        assert moments(engine, AgencyFellSilent) == []
        engine.advance(FAR)
        assert len(moments(engine, AgencyFellSilent)) == 1

    def test_a_message_stamped_behind_the_silence_ends_it_all_the_same(self) -> None:
        engine = self.under(HEARING)
        speaker = Speaker()
        engine.submit([speaker.reaches(at(), Milestone.PLAN_MADE, KELA)])
        engine.advance(at(days=5))
        (silent_at,) = moments(engine, AgencyFellSilent)
        engine.submit([speaker.reaches(at(hours=1), Milestone.PLAN_MADE, KELA)])
        assert moments(engine, AgencyHeardAgain) == [silent_at]
        engine.advance(FAR)
        assert len(moments(engine, AgencyFellSilent)) == 2

    def test_who_was_never_heard_or_agreed_nothing_is_not_silent(self) -> None:
        engine = self.under(HEARING)
        engine.submit([Speaker().reaches(at(), Milestone.PLAN_MADE, TYP)])
        assert engine.advance(FAR) == 0
        assert moments(engine, AgencyFellSilent) == []

    def test_a_later_agreement_counts_from_the_last_message(self) -> None:
        later = hearing_kela(since=at(days=4))
        engine = self.under(Agreements((REGION, later)))
        engine.submit([Speaker().reaches(at(), Milestone.PLAN_MADE, KELA)])
        engine.advance(FAR)
        assert moments(engine, AgencyFellSilent) == [at(days=4)]

    def test_an_agreement_that_asks_no_more_silences_nobody(self) -> None:
        without = hearing_kela(0, since=at(days=0.5))
        engine = self.under(Agreements((hearing_kela(), without)))
        engine.submit([Speaker().reaches(at(), Milestone.PLAN_MADE, KELA)])
        assert engine.advance(FAR) == 0

    def test_who_sends_on_working_days_is_never_silent_not_even_at_midsummer(self) -> None:
        closed = frozenset(
            date(2026, month, day).toordinal()
            for month, day in ((4, 3), (4, 6), (5, 1), (5, 14), (6, 19), (12, 24), (12, 25))
        )
        engine = self.under(Agreements((hearing_kela(9)._replace(closed_days=closed),)))
        speaker = Speaker()
        day = date(2026, 3, 2)
        while day < date(2027, 1, 4):
            if is_working_day(day.toordinal(), closed):
                sent_at = instant(datetime(day.year, day.month, day.day, 11, 30, tzinfo=HELSINKI))
                engine.advance(Instant(sent_at - HOUR_US))
                engine.submit([speaker.reaches(sent_at, Milestone.PLAN_MADE, KELA)])
            day += timedelta(days=1)
        assert moments(engine, AgencyFellSilent) == []
