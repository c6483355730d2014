"""While an agency is down, people hear of the outage once and of no single clock behind it."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.dispatch.grouping import Outage
from streams.domain.codes import Milestone
from streams.domain.entry import Notice
from streams.domain.hub_events import NoticeUndeliverable
from streams.domain.ids import NoticeId, PersonId
from streams.domain.path import MilestoneReached
from streams.promises.transport import Refused, TryLater
from tests.dispatch.desks import MINUTE_US, WAIT_US, Office, clock_of, escalation
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, SOTE, notice

FIRST, SECOND = escalation("first"), escalation("second", person=EINO)
THIRD, OF_SOTE = escalation("third", rule="start"), escalation("of sote", owner=SOTE)
LATER = TryLater("http-503", None)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_the_silence_is_told_and_no_single_clock_behind_it(office: Office) -> None:
    silence = office.fall_silent()
    office.escalate(FIRST, SECOND, OF_SOTE)
    await office.later()
    assert office.told() == [[silence.notice_id], [OF_SOTE.notice_id]]
    assert office.states(silence, FIRST, SECOND) == ["delivered", "pending", "pending"]
    held = office.bench.attempts.find(FIRST.notice_id)
    assert held is not None
    assert (held.cause, held.held) == (Outage.SILENT, True)
    (message, _) = office.messages()
    assert message["escalations"][0]["handoff_id"] is None
    assert message["escalations"][0]["clock_id"] == clock_of(silence)


async def test_who_is_heard_again_is_told_of_in_one_message_of_what_is_still_open(
    office: Office,
) -> None:
    office.fall_silent()
    office.escalate(FIRST, SECOND, THIRD)
    await office.later()
    office.meet(SECOND)
    office.hear_again()
    await office.later()
    assert office.told()[1:] == [[FIRST.notice_id, THIRD.notice_id]]
    assert office.messages()[1]["cause"] == {
        "ground": "heard-again",
        "owner": KELA,
        "rule": None,
    }
    assert office.states(FIRST, SECOND, THIRD) == ["delivered", "inhibited", "delivered"]


async def test_a_clock_that_closes_while_its_agency_is_down_is_settled_at_once(
    office: Office,
) -> None:
    office.fall_silent()
    office.escalate(FIRST, SECOND)
    await office.later()
    office.cancel(FIRST)
    await office.later()
    assert office.states(FIRST, SECOND) == ["inhibited", "pending"]
    assert len(office.desk.history) == 1


async def test_an_agency_that_was_never_silent_is_told_of_as_ever(office: Office) -> None:
    office.hear_again()
    office.escalate(FIRST)
    await office.later()
    assert office.told() == [[FIRST.notice_id]]


async def test_a_dead_delivery_is_an_outage_told_once_until_the_agency_speaks(
    office: Office,
) -> None:
    office.kela.always = Refused("http-404", "")
    office.hub.publish(notice("referral", KELA, AINO))
    office.escalate(FIRST)
    await office.later()
    office.escalate(SECOND, THIRD)
    await office.later()
    (message,) = office.messages()
    assert message["cause"] == {"ground": "unreachable", "owner": KELA, "rule": "acceptance"}
    assert office.states(FIRST, SECOND, THIRD) == ["delivered", "pending", "pending"]
    envelope = office.hub.envelope(EINO, office.bench.now, KELA)
    office.hub.tell(MilestoneReached(envelope, Milestone.CONTACT_MADE, None, ()))
    await office.later()
    assert office.told()[1:] == [[SECOND.notice_id, THIRD.notice_id]]


async def test_an_outage_that_comes_again_is_told_again(office: Office) -> None:
    for n in range(2):
        office.kela.answers = [Refused("http-404", "")]
        office.hub.publish(notice(f"referral {n}", KELA, AINO))
        office.escalate(escalation(f"down {n}"))
        await office.later()
        office.hub.publish(notice(f"arrives {n}", KELA, AINO))
        await office.later()
    assert [m["cause"]["ground"] for m in office.messages()] == ["unreachable", "unreachable"]


async def test_an_outage_of_which_the_desk_could_not_be_told_is_told_with_the_next(
    office: Office,
) -> None:
    office.kela.always = Refused("http-404", "")
    office.hub.publish(notice("referral", KELA, AINO))
    office.desk.answers = [Refused("smtp-554", "")]
    office.escalate(FIRST)
    await office.later()
    office.escalate(SECOND)
    await office.later()
    assert office.states(FIRST, SECOND) == ["dead", "delivered"]


async def test_a_notice_that_is_refused_for_its_own_sake_is_no_outage(office: Office) -> None:
    office.kela.answers = [Refused("http-422", "")]
    office.hub.publish(notice("referral", KELA, AINO))
    office.escalate(FIRST)
    await office.later()
    assert [m["cause"]["ground"] for m in office.messages()] == ["rule"]


async def test_a_dead_escalation_says_nothing_of_an_agencys_system(office: Office) -> None:
    office.typ.answers = [Refused("http-404", "")]
    office.escalate(escalation("to the team", role="recipient", owner=KELA))
    await office.later()
    assert office.bench.attempts.reach.down([KELA], office.bench.now) == {}


async def test_what_is_tried_in_vain_for_long_is_an_outage_until_a_notice_arrives(
    office: Office,
) -> None:
    office.kela.always = LATER
    office.hub.publish(notice("referral", KELA, AINO))
    await office.later(0)
    assert office.bench.attempts.reach.down([KELA], office.bench.now) == {}
    await office.later(16 * MINUTE_US)
    assert office.bench.attempts.reach.down([KELA], office.bench.now) == {KELA: Outage.UNREACHABLE}
    office.escalate(FIRST)
    await office.later()
    office.escalate(SECOND)
    await office.later()
    assert [m["cause"]["ground"] for m in office.messages()] == ["unreachable"]
    office.kela.always = None
    await office.later(HOUR_US)
    await office.later()
    assert office.told() == [[FIRST.notice_id], [SECOND.notice_id]]


async def test_one_lane_that_waits_is_no_outage_while_others_arrive(office: Office) -> None:
    office.kela.answers = [LATER]
    office.hub.publish(notice("referral", KELA, AINO))
    await office.later(0)
    office.hub.publish(notice("of another", KELA, EINO))
    office.kela.answers = []
    office.bench.wait(10)
    dispatcher = office.bench.dispatcher()
    office.kela.always = None
    await dispatcher.drain_once()
    office.bench.wait(16 * MINUTE_US)
    assert office.bench.attempts.reach.down([KELA], office.bench.now) == {}


async def test_silence_after_an_outage_was_told_holds_back_until_it_is_heard(
    office: Office,
) -> None:
    office.kela.always = Refused("http-404", "")
    office.hub.publish(notice("referral", KELA, AINO))
    office.escalate(FIRST)
    await office.later()
    silence = office.fall_silent()
    office.escalate(SECOND)
    await office.later()
    office.hear_again()
    await office.later()
    assert office.told() == [[FIRST.notice_id], [silence.notice_id], [SECOND.notice_id]]


class History:
    """What happens to one office, step by step."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.told: list[Notice] = []
        self.met: set[NoticeId] = set()
        self.silent = False

    def escalate(self, of: int) -> None:
        owner, number = (KELA, SOTE)[of % 2], len(self.told)
        one = escalation(f"{number}", owner=owner, person=PersonId(f"p-{number}"))
        self.office.escalate(one)
        self.told.append(one)

    def meet(self, of: int) -> None:
        open_ones = [one for one in self.told if one.notice_id not in self.met]
        if open_ones:
            one = open_ones[of % len(open_ones)]
            self.met.add(one.notice_id)
            self.office.meet(one)

    def turn_silent(self, _: int) -> None:
        if not self.silent:
            self.told.append(self.office.fall_silent())
        self.silent = True

    def be_heard(self, _: int) -> None:
        if self.silent:
            self.office.hear_again()
        self.silent = False

    def fail(self, _: int) -> None:
        self.office.desk.answers = [LATER]

    def crash(self, _: int) -> None:
        self.office.bench.restart()

    def wait(self, _: int) -> None:
        """Nothing happens but that time passes."""


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["escalate", "meet", "turn_silent", "be_heard", "fail", "crash", "wait"]),
        st.integers(0, 9),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(steps=STEPS)
async def test_whatever_happens_each_is_told_once_or_was_over_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    office = Office(tmp_path_factory.mktemp("hub"))
    history = History(office)
    for step, of in steps:
        getattr(history, step)(of)
        await office.later(WAIT_US // 2)
    history.be_heard(0)
    for _ in range(3):
        await office.later(HOUR_US)
    office.bench.attempts.close()
    came = Counter(notice_id for message in office.told() for notice_id in message)
    inhibited = {
        event.notice_id
        for event in office.hub.events(NoticeUndeliverable)
        if isinstance(event, NoticeUndeliverable)
    }
    assert [notice_id for notice_id, times in came.items() if times > 1] == []
    assert inhibited <= history.met
    assert {one.notice_id for one in history.told} == came.keys() | inhibited
    assert not came.keys() & inhibited
