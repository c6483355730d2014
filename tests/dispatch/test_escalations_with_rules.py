"""Clocks of the real rules, on the reference engine, reach people at desks."""

from pathlib import Path
from random import Random

import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.delivery import DeliveryState
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_letter import write_letter
from streams.dispatch.desk_message import Rendered
from streams.dispatch.desk_rows import DeskKey
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.agreement import Agreements
from streams.domain.answers import HandoffAccepted
from streams.domain.clock_facts import ClockBreached
from streams.domain.entry import Notice
from streams.domain.envelope import HUB
from streams.domain.hub_events import AgencyFellSilent, AgencyHeardAgain
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.engines.memory import MemoryEngine
from streams.promises.engine import ReceiptStatus
from tests.dispatch.hub import HOUR_US, PACE
from tests.dispatch.receivers import Receiver
from tests.domain.region import AGREEMENTS, EMPLOYMENT, KELA, SOTE, TYP, at
from tests.domain.speaker import Speaker

BREACH_DAYS = 10
"""Well after five working days."""


def render(told: Notice) -> Rendered | None:
    return told.detail.encode(), "text/plain", ".txt"


class Region:
    """A referral to sote that nobody answers, and a desk at the coordinating agency."""

    def __init__(self, folder: Path, agreements: Agreements = AGREEMENTS) -> None:
        self.engine = MemoryEngine(agreements)
        self.desk, self.typ, self.sote = Receiver(), Receiver(), Receiver()
        self.folder = folder
        self.attempts = Attempts.in_file(folder / "dispatch.db")
        self.desks = {
            DeskKey(TYP, "coordinator"): DeskPost(self.desk, write_letter, lambda _: "agreed")
        }
        self.says = Speaker()
        self.now = at()
        outcomes = self.engine.submit([self.says.consents(at()), self.says.refers(at())])
        assert [each.status for each in outcomes] == [ReceiptStatus.ACCEPTED] * 2

    async def reach(self, moment: Instant) -> int:
        """Let time come to a moment, clocks fire, and dispatch do what is due half a minute on."""
        self.now = max(self.now, moment)
        self.engine.advance(self.now)
        self.now = Instant(self.now + PACE.group_wait_us)
        return await self.dispatcher().drain_once()

    def dispatcher(self) -> Dispatcher:
        return Dispatcher(
            ledger=self.engine.ledger,
            submit=self.engine.submit,
            transports={SOTE: self.sote, EMPLOYMENT: Receiver(), TYP: self.typ},
            open_and_render=render,
            attempts=self.attempts,
            clock=lambda: self.now,
            rng=Random(7),
            pace=PACE,
            desks=self.desks,
        )

    def rebuild(self) -> None:
        """Lose the attempts file, and begin a new one."""
        self.attempts.close()
        self.attempts = Attempts.in_file(self.folder / "new.db")

    def letters(self) -> list[str]:
        return [handed.body.decode() for handed in self.desk.history]

    def tell(self, event: AgencyFellSilent | AgencyHeardAgain) -> None:
        (outcome,) = self.engine.submit([event])
        assert outcome.status is ReceiptStatus.ACCEPTED


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path)


async def test_a_breach_reaches_the_coordinators_desk_with_the_clock_to_acknowledge(
    region: Region,
) -> None:
    await region.reach(at(days=BREACH_DAYS))
    (letter,) = region.letters()
    facts = [fact for stored in region.engine.ledger() for fact in stored.entry.facts]
    (clock,) = [fact for fact in facts if isinstance(fact, ClockBreached)]
    assert f"saattaen escalations acknowledge {clock.clock_id} breach --by coordinator" in letter
    assert "owed by: sote.south-karelia" in letter
    assert "laki / lag / law: agreed" in letter
    assert b"warn-0.6" in [handed.body for handed in region.sote.history]
    assert region.typ.history == []


async def test_a_replayed_ledger_tells_nobody_again(region: Region) -> None:
    await region.reach(at(days=BREACH_DAYS))
    entries = len(list(region.engine.ledger()))
    region.rebuild()
    assert await region.reach(at(days=BREACH_DAYS + 1)) == 0
    assert len(region.letters()) == 1
    assert len(list(region.engine.ledger())) == entries


async def test_years_that_are_fed_in_afterwards_escalate_nothing_that_is_over(
    region: Region,
) -> None:
    # Given a history that was recorded in its own time, before anything was dispatched
    region.engine.advance(at(days=BREACH_DAYS))
    handoff_id = next(iter(region.engine.ledger(after=1))).entry.deliveries[0].handoff_id
    accepted = region.says.answers(HandoffAccepted, at(days=BREACH_DAYS + 1), SOTE, handoff_id)
    (outcome,) = region.engine.submit([accepted])
    assert outcome.status is ReceiptStatus.ACCEPTED
    # When dispatch begins, two years later
    region.now = at(days=730)
    await region.reach(region.now)
    # Then nobody is told of a clock that has long been closed, by a desk or by an agency's system
    assert region.letters() == []
    assert b"warn-0.6" not in [handed.body for handed in region.sote.history]
    assert [d.state.value for d in region.dispatcher().deliveries(to=TYP)] == ["inhibited"]


async def test_the_silence_of_an_agency_is_told_without_any_person(region: Region) -> None:
    lane = Speaker(PersonId(KELA), "")
    region.tell(AgencyFellSilent(lane.envelope(HUB, at(days=1)), at()))
    await region.reach(at(days=1))
    (letter,) = region.letters()
    assert "Nothing has come in the agreed time." in letter
    assert letter.count("kela") >= 1
    (told,) = region.dispatcher().deliveries(to=TYP)
    assert (told.person, told.handoff_id, told.state) == (
        lane.person,
        None,
        DeliveryState.DELIVERED,
    )


async def test_without_a_desk_the_silence_goes_to_the_agencys_own_system(
    region: Region,
) -> None:
    region.desks = {}
    lane = Speaker(PersonId(KELA), "")
    region.tell(AgencyFellSilent(lane.envelope(HUB, at(days=1)), at()))
    await region.reach(at(days=1))
    assert [handed.body for handed in region.typ.history] == [b"breach"]


async def test_a_breach_of_a_silent_agency_waits_until_it_is_heard(region: Region) -> None:
    silent = AgencyId(SOTE)
    lane = Speaker(PersonId(silent), "")
    region.tell(AgencyFellSilent(lane.envelope(HUB, at(days=1)), at()))
    await region.reach(at(days=BREACH_DAYS))
    assert len(region.letters()) == 1
    region.tell(AgencyHeardAgain(lane.envelope(HUB, at(days=BREACH_DAYS + 1)), at()))
    await region.reach(Instant(at(days=BREACH_DAYS + 1) + HOUR_US))
    assert len(region.letters()) == 2
    assert "The connection works again." in region.letters()[1]
