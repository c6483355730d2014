"""Dispatch where the ledger answers later, as on Kafka: nothing leaves before it said so.

The real rules decide, on the engine in memory, whose answer is only applied when a test lets it.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.dispatch.attempts import Attempts
from streams.dispatch.delivery import Delivery, DeliveryState
from streams.dispatch.desk_message import Rendered
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.codes import NoticeKind
from streams.domain.entry import Notice, TransitionRefused
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.domain.ids import Instant, NoticeId, PersonId
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Outcome, ReceiptStatus, Stored
from streams.promises.transport import Handover, Parcel, TryLater
from tests.dispatch.hub import HOUR_US, PACE
from tests.dispatch.receivers import Handed, Receiver, violations
from tests.domain.region import AGREEMENTS, EMPLOYMENT, SOTE, at
from tests.domain.speaker import Speaker

PERSONS = [PersonId(f"p-0000000000000000000000000{number}") for number in (1, 2)]
SECOND_US = 1_000_000


def render(told: Notice) -> Rendered | None:
    return json.dumps([told.notice_id]).encode(), "application/json", ".json"


class LaterEngine:
    """An engine that only queues what dispatch reports."""

    def __init__(self) -> None:
        self.engine = MemoryEngine(AGREEMENTS)
        self.queue: list[Event] = []
        self.reports = 0

    def submit(self, inputs: Sequence[Event]) -> list[Outcome]:
        """Queue; the answer is the ledger's, later."""
        self.queue += inputs
        self.reports += len(inputs)
        return [
            Outcome(ReceiptStatus.QUEUED, each.envelope.event_id, None, None, "") for each in inputs
        ]

    def apply(self, count: int | None = None) -> None:
        """Let the router come to what was queued first."""
        count = len(self.queue) if count is None else count
        some, self.queue = self.queue[:count], self.queue[count:]
        self.engine.submit(some)

    def entries(self) -> list[Stored]:
        """Give the ledger."""
        return list(self.engine.ledger())

    def started(self, *, refused: bool) -> set[NoticeId]:
        """Give the notices whose start the ledger allowed, or refused."""
        return {
            stored.entry.event.notice_id
            for stored in self.entries()
            if isinstance(stored.entry.event, DeliveryStarted)
            and any(isinstance(f, TransitionRefused) for f in stored.entry.facts) is refused
        }


class Watched(Receiver):
    """A receiver that looks into the ledger whenever something comes."""

    def __init__(self, later: LaterEngine) -> None:
        super().__init__()
        self._later = later
        self.without_leave: list[NoticeId] = []

    async def hand_over(self, parcel: Parcel) -> Handover:
        if parcel.notice_id not in self._later.started(refused=False):
            self.without_leave.append(parcel.notice_id)
        return await super().hand_over(parcel)


class Scene:
    """Two persons, a recipient and a source, and a dispatch that may start anew at any time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.later = LaterEngine()
        self.sote, self.employment = Watched(self.later), Watched(self.later)
        self.says = {person: Speaker(person) for person in PERSONS}
        self.now = at(hours=1)
        self.files = 0
        self.attempts = Attempts.in_file(folder / "0.db")
        self.dispatcher = self.start()

    def start(self) -> Dispatcher:
        return Dispatcher(
            ledger=self.later.engine.ledger,
            submit=self.later.submit,
            transports={SOTE: self.sote, EMPLOYMENT: self.employment},
            open_and_render=render,
            attempts=self.attempts,
            clock=lambda: self.now,
            rng=Random(7),
            pace=PACE,
        )

    def hear(self, *events: Event) -> None:
        self.later.engine.submit(events)

    def restart(self, *, lost: bool = False) -> None:
        """Begin anew, as after a crash: with the attempts, or without."""
        self.attempts.close()
        self.files += lost
        self.attempts = Attempts.in_file(self.folder / f"{self.files}.db")
        self.dispatcher = self.start()

    async def drain(self, us: int = SECOND_US) -> None:
        self.now = Instant(self.now + us)
        await self.dispatcher.drain_once()

    async def settle(self) -> None:
        """Let everything come to its end."""
        for _ in range(40):
            self.later.apply()
            await self.drain(HOUR_US)
            if not self.later.queue and not self.open():
                return

    def open(self) -> list[str]:
        over = {DeliveryState.DELIVERED, DeliveryState.CANCELLED}
        return [d.notice_id for d in self.dispatcher.deliveries() if d.state not in over]

    def states(self) -> list[str]:
        return [delivery.state.value for delivery in self.dispatcher.deliveries()]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def referred(scene: Scene) -> None:
    says = scene.says[PERSONS[0]]
    scene.hear(says.consents(at()), says.refers(at()))


async def test_nothing_leaves_before_the_ledger_has_the_start(scene: Scene) -> None:
    referred(scene)

    await scene.drain()
    assert scene.sote.tried == []
    assert scene.states()[:1] == ["pending"]

    scene.later.apply()
    await scene.drain()
    assert len(scene.sote.history) == 1
    assert scene.states()[:1] == ["taken"]

    scene.later.apply()
    await scene.drain()
    assert scene.states()[:1] == ["delivered"]


async def test_what_was_called_off_before_the_router_came_to_it_never_leaves(scene: Scene) -> None:
    referred(scene)
    await scene.drain()

    scene.hear(scene.says[PERSONS[0]].withdraws(scene.now))
    scene.later.apply()
    await scene.settle()

    refused = scene.later.started(refused=True)
    assert len(refused) == 1
    assert not refused & {handed.notice_id for handed in scene.sote.history}


async def test_asking_is_no_attempt_and_the_first_one_has_the_number_one(scene: Scene) -> None:
    referred(scene)

    await scene.settle()

    attempts = [
        stored.entry.event.attempt
        for stored in scene.later.entries()
        if isinstance(stored.entry.event, NoticeDelivered)
    ]
    assert attempts == [1] * len(attempts)
    assert attempts != []


async def test_the_limit_counts_from_the_first_attempt_and_not_from_the_question(
    scene: Scene,
) -> None:
    referred(scene)
    await scene.drain()
    scene.sote.always = TryLater("http-503", None)
    scene.now = Instant(scene.now + PACE.limit_us)  # the router was away for long

    scene.later.apply()
    await scene.drain()

    (delivery,) = scene.dispatcher.deliveries(to=SOTE)
    assert (delivery.state, delivery.first_at) == (DeliveryState.TRYING, scene.now)


async def test_a_question_without_an_answer_is_not_put_again_at_once(scene: Scene) -> None:
    referred(scene)
    await scene.drain()
    asked = scene.later.reports

    for _ in range(20):
        await scene.drain(PACE.answer_us // 21)
    assert scene.later.reports == asked

    await scene.drain(PACE.answer_us)
    assert scene.later.reports == 2 * asked


async def test_a_question_that_was_lost_is_put_again_under_the_same_id(scene: Scene) -> None:
    referred(scene)
    await scene.drain()
    lost = [event.envelope.event_id for event in scene.later.queue]
    scene.later.queue.clear()

    await scene.drain(PACE.answer_us)

    assert [event.envelope.event_id for event in scene.later.queue] == lost


async def test_what_was_taken_is_reported_again_and_not_sent_again(scene: Scene) -> None:
    referred(scene)
    await scene.drain()
    scene.later.apply()
    await scene.drain()
    scene.later.queue.clear()
    handed = list(scene.sote.history)

    await scene.drain(PACE.answer_us)
    scene.later.apply()
    await scene.drain()

    assert scene.sote.history == handed
    assert scene.states()[:1] == ["delivered"]


async def test_leave_that_was_taken_back_is_asked_for_under_another_number(scene: Scene) -> None:
    referred(scene)
    await scene.drain()
    scene.later.apply()  # the ledger has the start; dispatch has not read it
    scene.hear(scene.says[PERSONS[0]].withdraws(scene.now))
    await scene.drain()
    await scene.settle()

    starts = [
        stored.entry.event
        for stored in scene.later.entries()
        if isinstance(stored.entry.event, DeliveryStarted)
        and stored.entry.event.to == SOTE
        and stored.entry.event.kind is NoticeKind.REFERRAL
    ]
    assert [start.attempt for start in starts] == [1, 2]
    assert [h for h in scene.sote.history if h.notice_id == starts[0].notice_id] == []


ACTS = ("drain", "drain", "apply one", "apply", "withdraw", "consent", "refer", "fail", "restart")


@given(
    acts=st.lists(
        st.tuples(st.sampled_from((*ACTS, "lose")), st.sampled_from(PERSONS)), max_size=25
    )
)
@settings(max_examples=60)  # a history each, on a file of its own
async def test_whatever_comes_between_nothing_leaves_without_leave_and_nothing_is_lost(
    acts: list[tuple[str, PersonId]],
) -> None:
    with TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        for number, (what, person) in enumerate(acts):
            await act(scene, what, person, number)
        scene.sote.always = None
        await scene.settle()

        holds(scene)
        scene.attempts.close()


async def act(scene: Scene, what: str, person: PersonId, number: int) -> None:
    says = scene.says[person]
    match what:
        case "drain":
            await scene.drain()
        case "apply one":
            scene.later.apply(1)
        case "apply":
            scene.later.apply()
        case "withdraw":
            scene.hear(says.withdraws(scene.now))
        case "consent":
            scene.hear(says.consents(scene.now))
        case "refer":
            scene.hear(says.refers(scene.now, message_id=f"r-{number}"))
        case "fail":
            scene.sote.answers.append(TryLater("http-503", None))
        case _:
            scene.restart(lost=what == "lose")


def holds(scene: Scene) -> None:
    """Hold what was handed over against what the ledger says of it."""
    later = scene.later
    assert scene.open() == []
    for receiver, agency in ((scene.sote, SOTE), (scene.employment, EMPLOYMENT)):
        assert receiver.without_leave == []
        refused = later.started(refused=True)
        told = [
            notice
            for stored in later.entries()
            for notice in stored.entry.deliveries
            if notice.to == agency
        ]
        history = [Handed(handed.notice_id, b"") for handed in receiver.history]
        # What was called off after its first attempts has left; what was before has not.
        came = {handed.notice_id for handed in history}
        wanted = [n for n in told if n.notice_id not in refused or n.notice_id in came]
        in_order = [n._replace(detail="") for n in wanted]
        assert violations(in_order, history, repeats=True) == []
    delivered = Counter(
        stored.entry.event.notice_id
        for stored in later.entries()
        if isinstance(stored.entry.event, NoticeDelivered)
    )
    assert set(delivered.values()) <= {1}


async def test_the_check_finds_a_notice_that_left_without_leave(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: Delivery) -> bool:
        return True

    referred(scene)
    monkeypatch.setattr(scene.dispatcher._keeping, "may_leave", at_once)
    await scene.settle()

    with pytest.raises(AssertionError):
        holds(scene)


async def test_the_check_finds_a_notice_that_never_came(scene: Scene) -> None:
    referred(scene)
    await scene.settle()
    del scene.sote.history[0]

    with pytest.raises(AssertionError, match="lost"):
        holds(scene)
