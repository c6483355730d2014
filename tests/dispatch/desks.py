"""Escalations on their way to desks: how they come about, and a desk that reads what it gets."""

import json
from pathlib import Path
from typing import Any

from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_document import write_document
from streams.dispatch.desk_rows import DeskKey
from streams.domain.clock_facts import ClockCancelled, ClockMet, Escalated
from streams.domain.codes import NoticeKind
from streams.domain.entry import Notice
from streams.domain.hub_events import AgencyFellSilent, AgencyHeardAgain
from streams.domain.ids import AgencyId, ClockId, Instant, NoticeId, PersonId, derive
from streams.domain.silence import SILENCE
from tests.dispatch.hub import AINO, KELA, NOON, SOTE, Bench, notice
from tests.dispatch.receivers import Receiver

TYP = AgencyId("typ.south-karelia")
COORDINATOR, RECIPIENT = "coordinator", "recipient"
DESK = DeskKey(TYP, COORDINATOR)
WAIT_US = 30_000_000
MINUTE_US = 60_000_000


def escalation(
    name: str,
    *,
    owner: AgencyId = KELA,
    rule: str = "acceptance",
    person: PersonId = AINO,
    to: AgencyId = TYP,
    role: str = COORDINATOR,
) -> Notice:
    """Make an escalation; the same name gives the same id."""
    return notice(name, to, person)._replace(
        kind=NoticeKind.ESCALATION,
        role=role,
        recipient=owner,
        detail="breach",
        reason=rule,
        due_at=NOON,
    )


def clock_of(told: Notice) -> ClockId:
    """Name the clock of an escalation."""
    return ClockId(derive("c", told.notice_id))


class Office:
    """A bench with one desk, at TYP's coordinator, and the systems of Kela and of TYP."""

    def __init__(self, folder: Path) -> None:
        self.desk, self.kela, self.typ = Receiver(), Receiver(), Receiver()
        self.bench = Bench(folder, {KELA: self.kela, TYP: self.typ})
        self.bench.desks = {DESK: DeskPost(self.desk, write_document, lambda _: "")}
        self.hub = self.bench.hub

    def escalate(self, *told: Notice) -> None:
        """Let clocks reach their rungs now: one entry each."""
        for one in told:
            fact = Escalated(clock_of(one), one.handoff_id, one.detail, one.role, one.to)
            self.hub.publish(one, facts=(fact,), at=self.bench.now)

    def meet(self, told: Notice) -> None:
        """Let the clock of an escalation end."""
        met = ClockMet(clock_of(told), told.handoff_id, self.bench.now, 0, False, True)
        self.hub.publish(notice(f"status {told.notice_id}", SOTE, told.person), facts=(met,))

    def cancel(self, told: Notice) -> None:
        """Let the clock of an escalation be cancelled."""
        over = ClockCancelled(clock_of(told), told.handoff_id, self.bench.now, "rule-withdrawn")
        self.hub.publish(notice(f"over {told.notice_id}", SOTE, told.person), facts=(over,))

    def fall_silent(self, agency: AgencyId = KELA) -> Notice:
        """Let an agency fall silent; give the escalation of its silence."""
        lane = PersonId(agency)
        told = escalation(f"silence of {agency}", owner=agency, rule=SILENCE, person=lane)
        told = told._replace(handoff_id=None)
        envelope = self.hub.envelope(lane, self.bench.now)
        fact = Escalated(clock_of(told), None, told.detail, told.role, told.to)
        self.hub._add(AgencyFellSilent(envelope, NOON), (fact,), (told,))
        return told

    def hear_again(self, agency: AgencyId = KELA) -> None:
        """Let an agency be heard again."""
        envelope = self.hub.envelope(PersonId(agency), self.bench.now)
        self.hub.tell(AgencyHeardAgain(envelope, NOON))

    def messages(self) -> list[dict[str, Any]]:
        """Read what the desk took."""
        return [json.loads(handed.body) for handed in self.desk.history]

    def told(self) -> list[list[NoticeId]]:
        """Give the escalations of each message that the desk took."""
        return [[e["notice_id"] for e in m["escalations"]] for m in self.messages()]

    def states(self, *told: Notice) -> list[str]:
        """Give what became of escalations."""
        found = [self.bench.attempts.find(one.notice_id) for one in told]
        return [each.state.value if each is not None else "unknown" for each in found]

    async def later(self, us: int = WAIT_US) -> int:
        """Let time pass, then dispatch in a new process."""
        self.bench.wait(us)
        return await self.bench.dispatcher().drain_once()


def at(us: int) -> Instant:
    """Give a moment after noon."""
    return Instant(NOON + us)
