"""Escalations reach people: at desks, by cause, and once."""

from pathlib import Path

import apsw
import pytest

from streams.dispatch.attempts import Attempts
from streams.dispatch.attempts_file import _FIRST as OLDER
from streams.dispatch.delivery import DeliveryState
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_document import write_document
from streams.dispatch.desk_message import LISTED_MAX, DeskMessage, Rendered
from streams.dispatch.desk_rows import DeskKey
from streams.domain.clock_facts import Escalated
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import PersonId
from streams.promises.engine import UnavailableError
from streams.promises.transport import Handover, Parcel, Refused, TryLater
from tests.dispatch.desks import (
    DESK,
    RECIPIENT,
    TYP,
    WAIT_US,
    Office,
    clock_of,
    escalation,
)
from tests.dispatch.hub import AINO, EINO, HOUR_US, KELA, NOON, SOTE, notice
from tests.dispatch.receivers import Receiver

pytestmark = pytest.mark.usefixtures("store")

FIRST, SECOND = escalation("first"), escalation("second", person=EINO)
OF_SOTE = escalation("of sote", owner=SOTE)
OF_START = escalation("of start", rule="start")
LATER = TryLater("smtp-451", None)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_an_escalation_to_a_role_with_a_desk_is_read_there_and_not_by_the_system(
    office: Office,
) -> None:
    office.escalate(FIRST, escalation("to the team", role=RECIPIENT))
    await office.later()
    assert office.told() == [[FIRST.notice_id]]
    assert [handed.body for handed in office.typ.history] == [b"breach"]


async def test_escalations_of_one_cause_are_one_message_and_each_keeps_its_own_fate(
    office: Office,
) -> None:
    office.escalate(FIRST, SECOND, OF_SOTE)
    assert await office.later() == 2
    assert office.told() == [[FIRST.notice_id, SECOND.notice_id], [OF_SOTE.notice_id]]
    assert office.states(FIRST, SECOND, OF_SOTE) == ["delivered"] * 3
    started = office.hub.events(DeliveryStarted)
    delivered = office.hub.events(NoticeDelivered)
    assert len(started) == len(delivered) == 3
    assert [m["cause"]["rule"] for m in office.messages()] == ["acceptance", "acceptance"]
    assert [m["cause"]["owner"] for m in office.messages()] == [KELA, SOTE]
    first, other = office.desk.tried
    assert first[:2] == other[:2] == "m-"


async def test_an_escalation_gathers_others_before_it_goes(office: Office) -> None:
    office.escalate(FIRST)
    assert await office.later(WAIT_US - 1) == 0
    office.escalate(SECOND)
    assert await office.later(1) == 1
    assert office.told() == [[FIRST.notice_id, SECOND.notice_id]]


async def test_rules_of_one_agency_are_different_causes(office: Office) -> None:
    office.escalate(FIRST, OF_START)
    await office.later()
    assert office.told() == [[FIRST.notice_id], [OF_START.notice_id]]


async def test_a_desk_that_waits_holds_no_referral_nor_the_reverse(office: Office) -> None:
    office.desk.always = LATER
    referral = notice("referral", TYP, AINO)
    office.escalate(FIRST)
    office.hub.publish(referral)
    await office.later()
    assert [handed.notice_id for handed in office.typ.history] == [referral.notice_id]
    assert office.states(FIRST) == ["trying"]
    office.desk.always, office.typ.always = None, LATER
    office.hub.publish(notice("another", TYP, AINO))
    await office.later(HOUR_US)
    assert office.states(FIRST) == ["delivered"]


async def test_a_message_that_waits_goes_again_as_it_is_and_who_comes_since_goes_after_it(
    office: Office,
) -> None:
    office.desk.answers = [LATER]
    office.escalate(FIRST)
    await office.later()
    office.escalate(SECOND)
    await office.later(HOUR_US)
    assert office.told() == [[FIRST.notice_id], [SECOND.notice_id]]
    assert office.desk.tried[0] == office.desk.tried[1] != office.desk.tried[2]


async def test_nothing_else_goes_while_a_message_rests_in_the_same_process(
    office: Office,
) -> None:
    dispatcher = office.bench.dispatcher()
    office.desk.answers = [TryLater("smtp-451", 600.0)]
    office.escalate(FIRST)
    office.bench.wait(WAIT_US)
    await dispatcher.drain_once()
    office.escalate(OF_SOTE)
    office.bench.wait(WAIT_US)
    assert await dispatcher.drain_once() == 0
    assert 500 < dispatcher._desks.pause_s(office.bench.now) < 600
    office.bench.wait(HOUR_US)
    assert await dispatcher.drain_once() == 2


async def test_a_desk_that_refuses_is_dead_for_each_and_its_words_are_not_kept(
    office: Office,
) -> None:
    office.desk.answers = [Refused("smtp-550", "no such mailbox, ask somebody")]
    office.escalate(FIRST, SECOND)
    await office.later()
    assert office.states(FIRST, SECOND) == ["dead", "dead"]
    causes = [e.cause for e in office.hub.events(NoticeUndeliverable)]  # type: ignore[union-attr]  # of that kind
    assert causes == ["smtp-550", "smtp-550"]
    assert office.bench.sealed == []
    office.bench.dispatcher().retry_now(FIRST.notice_id)
    await office.later()
    assert office.told() == [[FIRST.notice_id]]
    assert office.desk.tried[0] != office.desk.tried[1]


async def test_after_the_limit_the_escalations_are_dead(office: Office) -> None:
    office.desk.always = LATER
    office.escalate(FIRST)
    await office.later()
    await office.later(49 * HOUR_US)
    assert office.states(FIRST) == ["dead"]


async def test_a_message_lists_fifty_and_counts_all(office: Office) -> None:
    crowd = [escalation(f"{n}", person=PersonId(f"p-{n}")) for n in range(LISTED_MAX + 2)]
    office.escalate(*crowd)
    await office.later()
    (message,) = office.messages()
    assert (message["count"], len(message["escalations"])) == (52, 50)
    assert office.states(*crowd) == ["delivered"] * 52


async def test_an_escalation_whose_clock_closed_before_it_left_is_told_to_nobody(
    office: Office,
) -> None:
    office.escalate(FIRST, SECOND, OF_SOTE)
    office.meet(FIRST)
    office.cancel(OF_SOTE)
    await office.later()
    assert office.told() == [[SECOND.notice_id]]
    assert office.states(FIRST, SECOND, OF_SOTE) == ["inhibited", "delivered", "inhibited"]


async def test_the_ledger_knows_what_was_inhibited_and_that_it_never_left(office: Office) -> None:
    office.escalate(FIRST)
    office.meet(FIRST)
    await office.later()
    (said,) = office.hub.events(NoticeUndeliverable)
    assert isinstance(said, NoticeUndeliverable)
    assert (said.notice_id, said.cause, said.attempt) == (FIRST.notice_id, "inhibited", 0)
    assert office.hub.events(DeliveryStarted) == []
    (row,) = office.bench.dispatcher().deliveries(state=DeliveryState.INHIBITED)
    assert (row.notice_id, row.tries) == (FIRST.notice_id, 0)


async def test_a_rebuilt_attempts_file_sends_nothing_again(office: Office) -> None:
    office.fall_silent(SOTE)
    office.escalate(FIRST, SECOND, OF_SOTE)
    office.meet(OF_SOTE)
    await office.later()
    office.escalate(escalation("held", owner=SOTE))
    await office.later()
    told, entries = len(office.desk.tried), len(office.hub.entries)
    office.bench.path = office.bench.path.with_name("new.db")
    office.bench.restart()
    assert await office.later(HOUR_US) == 0
    assert (len(office.desk.tried), len(office.hub.entries)) == (told, entries)
    assert office.states(FIRST, SECOND, OF_SOTE) == ["delivered", "delivered", "inhibited"]
    assert office.states(escalation("held", owner=SOTE)) == ["pending"]


async def test_a_crash_after_the_desk_took_it_repeats_the_same_message(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.escalate(FIRST, SECOND)
    office.bench.wait(WAIT_US)
    dispatcher = office.bench.dispatcher()

    async def dies(_: object) -> None:
        raise RuntimeError

    dispatcher._following.catch_up()
    (begun,) = dispatcher._desks.take(office.bench.now)
    assert dispatcher._desks.take(office.bench.now) == []
    with monkeypatch.context() as crash:
        crash.setattr(dispatcher._keeping, "report", dies)
        with pytest.raises(RuntimeError):
            await dispatcher._desks.attempt(begun)
    office.bench.restart()
    await office.later(HOUR_US)
    assert office.desk.tried[0] == office.desk.tried[1]
    assert office.told() == [[FIRST.notice_id, SECOND.notice_id]] * 2
    assert office.states(FIRST, SECOND) == ["delivered"] * 2


async def test_an_escalation_that_the_ledger_does_not_let_leave_is_left_out(
    office: Office,
) -> None:
    office.escalate(FIRST, SECOND)
    assert SECOND.handoff_id is not None
    office.hub.forbidden.add(SECOND.handoff_id)
    await office.later()
    assert office.told() == [[FIRST.notice_id]]
    assert office.states(FIRST, SECOND) == ["delivered", "cancelled"]


async def test_a_message_of_which_nothing_may_leave_does_not_go(office: Office) -> None:
    assert FIRST.handoff_id is not None
    office.escalate(FIRST)
    office.hub.forbidden.add(FIRST.handoff_id)
    await office.later()
    assert office.desk.tried == []


async def test_where_the_ledger_answers_later_the_message_waits_for_all_of_it(
    office: Office,
) -> None:
    office.escalate(FIRST, SECOND)
    office.hub.queues = True
    await office.later()
    assert office.desk.tried == []
    office.hub.take_queue()
    await office.later(0)
    assert office.told() == [[FIRST.notice_id, SECOND.notice_id]]
    assert office.states(FIRST, SECOND) == ["taken", "taken"]
    office.hub.take_queue()
    assert await office.later(0) == 0
    assert office.states(FIRST, SECOND) == ["delivered", "delivered"]


async def test_what_the_ledger_was_not_told_yet_is_told_again(office: Office) -> None:
    office.escalate(FIRST)
    office.meet(FIRST)
    office.hub.queues = True
    await office.later()
    assert office.states(FIRST) == ["given-up"]
    office.hub.queues = False
    await office.later(HOUR_US)
    assert office.states(FIRST) == ["inhibited"]


async def test_a_message_that_cannot_be_written_waits_and_holds_its_desk_alone(
    office: Office,
) -> None:
    def broken(_: DeskMessage) -> Rendered:
        raise ValueError("no words")

    office.bench.desks = {DESK: DeskPost(office.desk, broken, lambda _: "")}
    office.escalate(FIRST)
    office.hub.publish(notice("referral", TYP, AINO))
    await office.later()
    assert len(office.typ.history) == 1
    found = office.bench.attempts.find(FIRST.notice_id)
    assert found is not None
    assert (found.state, found.cause) == (DeliveryState.TRYING, "render-failed")


async def test_a_desk_whose_transport_raises_is_tried_again(office: Office) -> None:
    class Broken(Receiver):
        async def hand_over(self, parcel: Parcel) -> Handover:
            raise RuntimeError(parcel.to)

    office.bench.desks = {DESK: DeskPost(Broken(), write_document, lambda _: "")}
    office.escalate(FIRST)
    await office.later()
    found = office.bench.attempts.find(FIRST.notice_id)
    assert found is not None
    assert found.cause == "transport-failed"


async def test_a_ledger_that_is_away_while_a_message_is_written_holds_dispatch(
    office: Office,
) -> None:
    def away(_: DeskMessage) -> Rendered:
        raise UnavailableError("the ledger is away")

    office.bench.desks = {DESK: DeskPost(office.desk, away, lambda _: "")}
    office.escalate(FIRST)
    with pytest.raises(UnavailableError):
        await office.later()


async def test_an_agency_that_gets_a_desk_gets_there_what_waits_for_its_system(
    office: Office,
) -> None:
    office.bench.desks = {}
    office.typ.always = LATER
    referral, behind = notice("referral", TYP, AINO), notice("behind", TYP, AINO)
    office.hub.publish(referral)
    office.escalate(FIRST)
    office.hub.publish(behind)
    await office.later()
    office.bench.desks = {DESK: DeskPost(office.desk, write_document, lambda _: "")}
    await office.later(0)
    assert office.told() == [[FIRST.notice_id]]
    office.typ.always = None
    await office.later(HOUR_US)
    assert [h.notice_id for h in office.typ.history] == [referral.notice_id, behind.notice_id]


async def test_an_agency_that_loses_its_desk_hears_through_its_system_in_order(
    office: Office,
) -> None:
    office.desk.always = office.typ.always = LATER
    behind = notice("behind", TYP, AINO)
    office.escalate(FIRST)
    office.hub.publish(behind)
    await office.later()
    office.bench.desks = {}
    office.typ.always = None
    await office.later(HOUR_US)
    assert [h.notice_id for h in office.typ.history] == [FIRST.notice_id, behind.notice_id]
    assert office.desk.history == []


async def test_a_desk_needs_no_transport_of_its_agencys_system(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.bench.transports = {}
    office.escalate(FIRST)
    await office.later()
    assert office.told() == [[FIRST.notice_id]]


async def test_each_role_has_a_desk_of_its_own(office: Office) -> None:
    team, to_team = Receiver(), escalation("to the team", role=RECIPIENT)
    office.bench.desks[DeskKey(TYP, RECIPIENT)] = DeskPost(team, write_document, lambda _: "")
    office.desk.always = LATER
    office.escalate(FIRST, to_team)
    await office.later()
    assert len(team.history) == 1
    assert office.states(FIRST, to_team) == ["trying", "delivered"]


async def test_what_was_set_under_another_clock_is_due(office: Office) -> None:
    office.bench.wait(10 * HOUR_US)
    office.escalate(FIRST)
    await office.later(-10 * HOUR_US)
    assert office.told() == [[FIRST.notice_id]]


async def test_an_escalation_of_no_clock_that_the_entry_names_is_told(office: Office) -> None:
    office.hub.publish(FIRST)
    await office.later()
    (message,) = office.messages()
    assert message["escalations"][0]["clock_id"] is None
    assert message["escalations"][0]["acknowledge"] is None


async def test_rungs_of_one_entry_are_matched_to_their_clocks(office: Office) -> None:
    facts = [
        Escalated(clock_of(one), one.handoff_id, one.detail, one.role, one.to)
        for one in (FIRST, OF_START)
    ]
    office.hub.publish(FIRST, OF_START, facts=tuple(facts))
    await office.later()
    named = [m["escalations"][0]["clock_id"] for m in office.messages()]
    assert named == [clock_of(FIRST), clock_of(OF_START)]


def test_the_attempts_of_an_older_hub_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "dispatch.db"
    with apsw.Connection(str(path)) as db:
        db.execute(OLDER)
        db.execute(
            "INSERT INTO delivery VALUES ('n-1', ?, 'p', NULL, 'escalation', 1, 0, 'pending',"
            " 0, 0, 1, NULL, 0, '', NULL, 0, 1)",
            (KELA,),
        )
        db.pragma("user_version", 1)
    db.close()
    attempts = Attempts.in_file(path)
    (found,) = attempts.due(KELA, NOON, 10, 9)
    assert (found.notice_id, found.role, found.desk, found.message) == ("n-1", "", "", "")
    attempts.close()
