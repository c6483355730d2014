"""A basis that goes while dispatch is at work, on the real engine: at each step, one way."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.desk_message import Rendered
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.agreement import Agreement, Agreements
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceStarted,
)
from streams.domain.codes import Category, Milestone, NoticeKind
from streams.domain.entry import Notice, RecallConfirmed, RecallIssued, TransitionRefused
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import Instant
from streams.engines.embedded import EmbeddedEngine
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Outcome, ReceiptStatus
from streams.promises.transport import Handover, Parcel, TryLater
from tests.dispatch.hub import HOUR_US, PACE
from tests.dispatch.receivers import Receiver
from tests.domain.region import DEFAULTS, EMPLOYMENT, PERSON, REGION, SOTE, TYP, PlainAnswer, at
from tests.domain.speaker import Speaker
from tests.domain.stages import MEMBERS_MAY_TELL

LATER = TryLater("http-503", None)
DATA = (NoticeKind.REFERRAL, NoticeKind.INFORMATION)
EXPIRY = at(days=1)
LEFT = tuple([category for category in DEFAULTS if category is not Category.CONTACT])
ANSWERS: dict[str, tuple[type[PlainAnswer], ...]] = {
    "received": (HandoffReceived,),
    "accepted": (HandoffReceived, HandoffAccepted),
    "begun": (HandoffAccepted, ServiceStarted),
    "completed": (HandoffAccepted, ServiceStarted, ServiceCompleted),
}
AROUND_A_REPORT: dict[str, tuple[str, type[Event]]] = {
    "before the start is written": ("before", DeliveryStarted),
    "once the start is written": ("after", DeliveryStarted),
    "before the receipt is written": ("before", NoticeDelivered),
}
STEPS = (
    "before anything",
    *AROUND_A_REPORT,
    "while it is handed over",
    "between two attempts",
    "delivered",
    *ANSWERS,
)
ENDINGS = ("withdrawn", "narrowed", "prohibited", "expired", "membership ended")


def render(told: Notice) -> Rendered | None:
    body = {"kind": told.kind, "categories": told.categories}
    return json.dumps(body).encode(), "application/json", ".json"


class Agency(Receiver):
    """An agency's system, in which something may happen while a parcel is handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = None

    async def hand_over(self, parcel: Parcel) -> Handover:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return await super().hand_over(parcel)

    def handed(self) -> list[tuple[str, tuple[str, ...]]]:
        """Give what came in: kinds and categories."""
        bodies = [json.loads(handed.body) for handed in self.history]
        return [(body["kind"], tuple(body["categories"])) for body in bodies]


class Race:
    """One person's referral on its way to sote, on an embedded hub with its dispatch."""

    def __init__(self, folder: Path, ending: str) -> None:
        """Refer the person, on a basis that may end so."""
        by_membership = ending == "membership ended"
        self.agreement: Agreement = MEMBERS_MAY_TELL if by_membership else REGION
        self.engine = EmbeddedEngine(folder, Agreements((self.agreement,)), durable=False)
        self.sote, self.typ, self.says, self.ending = Agency(), Agency(), Speaker(), ending
        self.now = at(hours=1)
        self.planned: tuple[str, type[Event]] | None = None
        self.dispatcher = Dispatcher(
            ledger=self.engine.ledger,
            submit=self.submit,
            transports={SOTE: self.sote, EMPLOYMENT: Receiver(), TYP: self.typ},
            open_and_render=render,
            attempts=Attempts.in_file(folder / "dispatch.db"),
            clock=lambda: self.now,
            rng=Random(7),
            pace=PACE,
        )
        until = EXPIRY if ending == "expired" else None
        self.hear(
            self.says.reaches(at(), Milestone.TYP_MEMBERSHIP_STARTED)
            if by_membership
            else self.says.consents(at(), valid=(None, until)),
            self.says.refers(at()),
        )
        state = self.engine.person(PERSON)
        assert state is not None
        self.handoff_id = state.handoffs[0].handoff_id

    def hear(self, *events: Event) -> None:
        outcomes = self.engine.submit(events)
        assert {each.status for each in outcomes} == {ReceiptStatus.ACCEPTED}

    def submit(self, inputs: Sequence[Event]) -> list[Outcome]:
        """Submit as dispatch does; around it, what a test has planned happens once."""
        self._happen("before", inputs[0])
        outcomes = self.engine.submit(inputs)
        self._happen("after", inputs[0])
        return outcomes

    def _happen(self, when: str, event: Event) -> None:
        if self.planned == (when, type(event)):
            self.planned = None
            self.go()

    def go(self) -> None:
        """Let the basis go, now."""
        match self.ending:
            case "withdrawn":
                self.hear(self.says.withdraws(self.now))
            case "narrowed":
                self.hear(self.says.consents(self.now, categories=LEFT))
            case "prohibited":
                self.hear(self.says.prohibits(self.now))
            case "expired":
                self.now = max(self.now, EXPIRY)
                self.engine.advance(self.now)
            case _:
                self.hear(self.says.reaches(self.now, Milestone.TYP_MEMBERSHIP_ENDED))

    async def drain(self, hours: int = 1) -> None:
        self.now = Instant(self.now + hours * HOUR_US)
        await self.dispatcher.drain_once()

    async def run(self, step: str) -> None:
        """Let everything happen, and the basis go at a step."""
        self.planned = AROUND_A_REPORT.get(step)
        if step == "before anything":
            self.go()
        elif step == "while it is handed over":
            self.sote.meanwhile = self.go
        elif step == "between two attempts":
            self.sote.answers = [LATER]
        await self.drain()
        if step in ANSWERS:
            for kind in ANSWERS[step]:
                self.hear(self.says.answers(kind, self.now, SOTE, self.handoff_id))
        if step in ("delivered", "between two attempts", *ANSWERS):
            self.go()
        for hours in (1, 30):
            await self.drain(hours)

    def facts(self, kind: type[RecallIssued] | type[RecallConfirmed]) -> list[object]:
        return [f for s in self.engine.ledger() for f in s.entry.facts if isinstance(f, kind)]

    def started(self) -> set[Category]:
        """Give the categories whose start the ledger took."""
        holds = {n.notice_id: n for s in self.engine.ledger() for n in s.entry.deliveries}
        return {
            category
            for stored in self.engine.ledger()
            if isinstance(event := stored.entry.event, DeliveryStarted)
            and holds[event.notice_id].to == SOTE
            and event.kind in DATA
            and not any(isinstance(fact, TransitionRefused) for fact in stored.entry.facts)
            for category in holds[event.notice_id].categories
        }


@pytest.fixture
def race(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Race]:
    made = Race(tmp_path, request.param)
    yield made
    made.engine.close()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("race", ENDINGS, indirect=True)
async def test_it_left_and_was_recalled_or_it_never_left(race: Race, step: str) -> None:
    await race.run(step)

    lost = set(DEFAULTS) - set(LEFT) if race.ending == "narrowed" else set(DEFAULTS)
    issued = [c for f in race.facts(RecallIssued) for c in f.categories]  # type: ignore[attr-defined]  # of that kind
    assert sorted(issued) == sorted(race.started() & lost)
    handed = race.sote.handed()
    kinds = [kind for kind, _ in handed]
    recalled = kinds.index(NoticeKind.RECALL) if NoticeKind.RECALL in kinds else len(kinds)
    assert kinds.count(NoticeKind.RECALL) == (1 if issued else 0)
    before = {c for kind, held in handed[:recalled] if kind in DATA for c in held}
    after = {c for kind, held in handed[recalled:] if kind in DATA for c in held}
    assert not after & lost
    assert not before & lost or recalled < len(kinds)
    if race.ending == "narrowed":
        # What may still be there came: with the data before, or in a notice of its own.
        assert before | after >= set(LEFT)


@pytest.mark.parametrize("step", ["while it is handed over", "completed"])
@pytest.mark.parametrize("race", ENDINGS[:1], indirect=True)
async def test_the_recall_is_confirmed_and_a_replay_says_the_same(race: Race, step: str) -> None:
    await race.run(step)
    race.hear(race.says.answers(RecallAcknowledged, race.now, SOTE, race.handoff_id))
    assert race.facts(RecallConfirmed) == [RecallConfirmed(race.handoff_id, SOTE)]
    again = MemoryEngine(Agreements((race.agreement,)))
    again.submit([stored.entry.event for stored in race.engine.ledger()])
    assert again.state_digest() == race.engine.state_digest()


@pytest.mark.parametrize("race", ENDINGS[:1], indirect=True)
async def test_a_coordinator_out_of_reach_is_convened_without_what_was_withdrawn(
    race: Race,
) -> None:
    race.hear(race.says.consents(race.now, recipient=TYP, statement="S-typ"))
    for number in range(3):
        if number:
            race.hear(race.says.refers(race.now))
        state = race.engine.person(PERSON)
        assert state is not None
        race.hear(race.says.rejects(race.now, SOTE, state.handoffs[-1].handoff_id))
    race.typ.answers = [LATER]
    await race.drain()
    assert race.typ.tried

    race.hear(race.says.withdraws(race.now, statement="S-typ"))
    for hours in (1, 30):
        await race.drain(hours)

    assert race.typ.handed() == [(NoticeKind.CONVENE, ()), (NoticeKind.RECALL, DEFAULTS)]
