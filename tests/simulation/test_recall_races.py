"""A basis that goes while data is on its way: nothing left, or it left and is recalled.

Every order in which a delivery's reports, the agencies' answers and the end of the basis can reach
the hub; what the ledger then holds is read by the checkers of simulated histories, and counted.
"""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import NamedTuple

import pytest

from streams.domain import delivery, recall
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceStarted,
)
from streams.domain.codes import Category, Milestone, RejectReason
from streams.domain.entry import RecallIssued
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import AgencyId, Instant, NoticeId
from streams.domain.person import Handoff
from streams.domain.referral import ReferralCancelled
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import DEFAULTS, EMPLOYMENT, SOTE, PlainAnswer, at
from tests.domain.speaker import Speaker
from tests.simulation.town import FIRST
from tests.simulation.watch.disclosures import OF_WHAT_MAY_GO
from tests.simulation.watch.dossiers import pages

pytestmark = pytest.mark.usefixtures("unmeasured")

CONTACT = Category.CONTACT
LEFT = tuple([category for category in DEFAULTS if category is not CONTACT])


class Ending(NamedTuple):
    """How a basis goes: what it rests on, what is said (nothing, where time does it), what is lost.

    `valid_to` is given the moment at which it goes.
    """

    name: str
    says: Callable[[Speaker, Instant], Event | None]
    lost: tuple[Category, ...]
    by_membership: bool = False
    expires: bool = False


def narrowed(says: Speaker, when: Instant) -> Event:
    """Leave out the contact data of the newest consent."""
    return says.consents(when, categories=LEFT, recipient=None)


ENDINGS = (
    Ending("withdrawn", Speaker.withdraws, DEFAULTS),
    Ending("narrowed", narrowed, (CONTACT,)),
    Ending("expired", lambda _says, _when: None, DEFAULTS, expires=True),
    Ending("prohibited", Speaker.prohibits, DEFAULTS),
    Ending(
        "prohibited in part",
        lambda says, when: says.prohibits(when, categories=(CONTACT,)),
        (CONTACT,),
    ),
    Ending(
        "membership ended",
        lambda says, when: says.reaches(when, Milestone.TYP_MEMBERSHIP_ENDED),
        DEFAULTS,
        by_membership=True,
    ),
)
TO_ACCEPTANCE = ("started", "delivered", "received", "accepted", "confirmed")
TO_THE_END = ("started", "accepted", "begun", "completed", "confirmed")
TO_A_NO = ("started", "delivered", "received", "rejected", "confirmed")
TAKEN_BACK = ("started", "delivered", "received", "cancelled", "confirmed")
ANSWERS = ("received", "accepted", "rejected", "begun", "completed")
ON_THE_WAY: dict[str, type[PlainAnswer]] = {
    "received": HandoffReceived,
    "accepted": HandoffAccepted,
    "begun": ServiceStarted,
    "completed": ServiceCompleted,
    "confirmed": RecallAcknowledged,
}


class Race:
    """One order of happenings, and what the hub made of it."""

    def __init__(self, ending: Ending, order: tuple[str, ...], goes_at: int) -> None:
        """Refer a person, and let everything happen in an order; the basis goes before one."""
        self.ending, self.order, self.goes_at = ending, order, goes_at
        self.lane, self.says = Lane(FIRST), Speaker()
        self.outcomes: dict[str, tuple[Verdict, str]] = {}
        self.said: list[Event] = []
        self._rest_on_it()
        self._hear("", self.says.refers(at(), message_id="r-1"))
        self.handoff_id = self.lane.handoff.handoff_id
        (self.notice_id,) = self.lane.waiting
        for number, name in enumerate(order):
            if number == goes_at:
                self._go()
            self._hear(name, self._happening(name, at(hours=number + 1)))
        if goes_at == len(order):
            self._go()

    def _rest_on_it(self) -> None:
        if self.ending.by_membership:
            self._hear("", self.says.reaches(at(days=-1), Milestone.TYP_MEMBERSHIP_STARTED))
            return
        until = self._moment() if self.ending.expires else None
        self._hear("", self.says.consents(at(days=-1), recipient=None, valid=(None, until)))

    def _go(self) -> None:
        event = self.ending.says(self.says, self._moment())
        if event is not None:
            self._hear("", event)
        else:
            self.lane.wait_until(self._moment())

    def _moment(self) -> Instant:
        return at(hours=self.goes_at + 0.5)

    def _happening(self, name: str, when: Instant) -> Event:
        if name == "started":
            return self._reports(DeliveryStarted, when)
        if name == "delivered":
            return self._reports(NoticeDelivered, when)
        if name == "rejected":
            return self.says.rejects(when, SOTE, self.handoff_id, RejectReason.NO_CAPACITY)
        if name == "cancelled":
            return self.says.answers(ReferralCancelled, when, EMPLOYMENT, self.handoff_id)
        return self.says.answers(ON_THE_WAY[name], when, SOTE, self.handoff_id)

    def _reports(self, kind: type[DeliveryStarted | NoticeDelivered], when: Instant) -> Event:
        return self.says.dispatch(kind, when, self.notice_id, self.handoff_id, SOTE)

    def _hear(self, name: str, event: Event) -> None:
        self.said.append(event)
        step = self.lane.hear(event)
        self.outcomes[name] = step.verdict, step.rule

    def repeats_change_nothing(self) -> bool:
        """Say everything again; say whether the ledger stayed as it was."""
        count = len(self.lane.entries)
        for event in self.said:
            self.lane.hear(event)
        return len(self.lane.entries) == count

    def has_left(self) -> bool:
        """Say whether what is lost had left, by what was said and as the design has it.

        A start that the ledger took says so, and a receipt. An answer does, refused or not, of what
        might go at its moment; of a handoff that is over only where nothing else had left.
        """
        left = something = False
        for number, name in enumerate(self.order):
            verdict, rule = self.outcomes[name]
            if name == "delivered" or (name == "started" and verdict is Verdict.ACCEPTED):
                left = something = True
            elif name in ANSWERS and rule != "terminal":
                something, left = True, left or number < self.goes_at
            elif name in ANSWERS and not something:
                left = something = True
        return left

    def wrongs(self) -> Iterator[str]:
        """Name what is not as it must be."""
        for page in pages(self.lane.entries):
            for checker in OF_WHAT_MAY_GO:
                yield from checker(page)
        issued: dict[tuple[AgencyId, Category], int] = {}
        for fact in self.lane.all_facts(RecallIssued):
            for category in fact.categories:
                issued[fact.to, category] = issued.get((fact.to, category), 0) + 1
        wanted = dict.fromkeys([(SOTE, c) for c in self.ending.lost if self.has_left()], 1)
        if issued != wanted:
            yield f"recalled {sorted(issued.items())}, and not {sorted(wanted)}"
        started, _ = self.outcomes["started"]
        if started is Verdict.ACCEPTED and self.order.index("started") >= self.goes_at:
            yield "a notice left that holds what may not leave"


def races(sequence: tuple[str, ...], ending: Ending) -> Iterator[Race]:
    """Run every order of a sequence, with the basis going at every point."""
    for order in permutations(sequence):
        for goes_at in range(len(order) + 1):
            yield Race(ending, order, goes_at)


def found_wrong(sequence: tuple[str, ...], ending: Ending) -> Iterator[str]:
    for race in races(sequence, ending):
        for wrong in race.wrongs():
            yield f"{race.order} with the basis gone before {race.goes_at}: {wrong}"


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_a_basis_that_goes_at_any_point_ends_one_way(ending: Ending) -> None:
    assert [*found_wrong(TO_ACCEPTANCE, ending)] == []


@pytest.mark.parametrize("sequence", [TO_THE_END, TO_A_NO, TAKEN_BACK], ids=lambda names: names[3])
@pytest.mark.parametrize("ending", ENDINGS[:2], ids=lambda ending: ending.name)
def test_however_the_handoff_ends(ending: Ending, sequence: tuple[str, ...]) -> None:
    assert [*found_wrong(sequence, ending)] == []


def test_what_is_said_again_changes_nothing_in_any_order() -> None:
    assert all(race.repeats_change_nothing() for race in races(TO_ACCEPTANCE[:4], ENDINGS[1]))


def nothing(*_args: object, **_named: object) -> None:
    """Do nothing, as a hub that forgot would."""


def never_late(handoff: Handoff, _notice_id: NoticeId) -> tuple[Handoff, tuple[Category, ...]]:
    """Take every receipt for one that was expected."""
    return handoff, ()


@pytest.mark.parametrize(
    ("module", "name", "broken", "sequence"),
    [
        (recall, "fetch_back", nothing, TO_A_NO),
        (recall, "arrive", nothing, TAKEN_BACK),
        (recall, "issue", nothing, TO_ACCEPTANCE),
        (delivery, "arrived_late", never_late, TO_ACCEPTANCE),
        (delivery, "refuse", nothing, TO_ACCEPTANCE),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_a_hub_that_forgets_one_of_them_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    broken: Callable[..., object],
    sequence: tuple[str, ...],
) -> None:
    monkeypatch.setattr(module, name, broken)
    assert next(found_wrong(sequence, ENDINGS[1]), "")
