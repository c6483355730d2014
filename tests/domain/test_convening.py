"""What a convened coordinator is told leaves only while it may, and is recalled when it may not."""

import pytest

from streams.domain.answers import RecallAcknowledged
from streams.domain.calendar import DAY_US
from streams.domain.codes import NoticeKind, Part
from streams.domain.entry import DisclosureMade, RecallConfirmed
from streams.domain.envelope import HUB
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import AgencyId, Instant, NoticeId
from streams.domain.step import Verdict
from tests.domain.region import DEFAULTS, EMPLOYMENT, SOTE, TYP, at
from tests.domain.table import Table

IDENTITY, CONTACT, NEEDS = DEFAULTS
NOON = 12
"""The hour by which the case has been convened."""


def test_what_it_was_told_is_kept_until_the_notice_arrives_and_then_as_a_holding() -> None:
    table = Table()
    (told,) = table.lane.hot.convened
    assert (told.recipient, told.granted, told.disclosed) == (TYP, DEFAULTS, ())
    assert [part.part for part in told.content] == [Part.IDENTITY, Part.CONTACT, Part.SERVICE_NEEDS]
    before = table.lane.hot.holdings
    assert table.reports(DeliveryStarted, NOON) == ""
    assert table.lane.hot.convened[0].disclosed == DEFAULTS
    assert table.reports(NoticeDelivered, NOON + 1) == ""
    assert (table.lane.hot.convened, table.lane.hot.holdings) == ((), before + 1)


def test_before_its_notice_left_nothing_leaves_and_it_is_convened_without_the_data() -> None:
    table = Table()
    table.narrows(NOON)
    (anew,) = table.lane.notices
    assert (anew.to, anew.kind, anew.detail) == (TYP, NoticeKind.CONVENE, "stall")
    assert (anew.categories, anew.content, len(anew.declines)) == ((), (), 3)
    assert anew.recipient == SOTE
    assert table.reports(DeliveryStarted, NOON + 1) == "notice-cancelled"
    assert table.reports(DeliveryStarted, NOON + 1, anew.notice_id) == ""
    assert table.reports(NoticeDelivered, NOON + 1, anew.notice_id) == ""
    assert table.reports(DeliveryStarted, NOON + 2, NoticeId("n-" + "0" * 26)) == "notice-cancelled"
    assert (table.recalls(), table.waits()) == ([], False)


def test_what_it_may_still_have_goes_in_the_notice_that_takes_the_olds_place() -> None:
    table = Table()
    table.narrows(NOON, IDENTITY, NEEDS)
    (anew,) = table.lane.notices
    assert anew.categories == (IDENTITY, NEEDS)
    assert [part.part for part in anew.content] == [Part.IDENTITY, Part.SERVICE_NEEDS]
    made = [fact for fact in table.lane.facts if isinstance(fact, DisclosureMade)]
    assert [(fact.to, fact.categories) for fact in made] == [(TYP, (IDENTITY, NEEDS))]
    assert [grant.category for grant in made[0].basis] == [IDENTITY, NEEDS]
    table.narrows(NOON + 1, IDENTITY, NEEDS, CONTACT)
    assert table.lane.notices == ()


def test_once_its_delivery_started_a_withdrawal_recalls_and_convenes_anew() -> None:
    table = Table()
    table.reports(DeliveryStarted, NOON)
    table.narrows(NOON + 1, IDENTITY)
    assert table.recalls() == [(TYP, (CONTACT, NEEDS))]
    anew, recall = table.lane.notices
    assert (anew.kind, anew.categories) == (NoticeKind.CONVENE, (IDENTITY,))
    assert (recall.kind, recall.to) == (NoticeKind.RECALL, TYP)
    assert [part.part for part in recall.content] == [Part.IDENTITY]
    assert table.reports(DeliveryStarted, NOON + 2, anew.notice_id) == ""
    table.reports(NoticeDelivered, NOON + 3)
    assert len(table.recalls()) == 1


def test_what_was_recalled_on_its_way_leaves_no_more_when_the_new_notice_has_arrived() -> None:
    table = Table()
    table.reports(DeliveryStarted, NOON)
    table.narrows(NOON + 1)
    anew = table.lane.told(NoticeKind.CONVENE).notice_id
    table.reports(DeliveryStarted, NOON + 2, anew)
    table.reports(NoticeDelivered, NOON + 2, anew)
    retried = table.says.dispatch(
        DeliveryStarted,
        at(hours=NOON + 3),
        table.notice_id,
        table.handoff_id,
        TYP,
        NoticeKind.CONVENE,
    )
    head = table.says.envelope(HUB, at(hours=NOON + 3))
    assert table.lane.hear(retried._replace(envelope=head)).rule == "notice-cancelled"


def test_what_arrived_is_recalled_when_the_basis_goes_and_the_coordinator_confirms() -> None:
    table = Table()
    table.reports(DeliveryStarted, NOON)
    table.reports(NoticeDelivered, NOON)
    table.narrows(NOON + 1)
    assert table.recalls() == [(TYP, DEFAULTS)]
    assert table.lane.told(NoticeKind.RECALL).content == ()
    said = table.says.answers(RecallAcknowledged, at(hours=NOON + 2), TYP, table.handoff_id)
    assert table.lane.hear(said).verdict is Verdict.ACCEPTED
    assert RecallConfirmed(table.handoff_id, TYP) in table.lane.facts
    again = said._replace(envelope=table.says.envelope(TYP, at(hours=NOON + 3)))
    assert table.lane.hear(again).rule == "not-a-party"


def test_its_recall_and_the_recipients_are_two() -> None:
    table = Table()
    table.reports(DeliveryStarted, NOON)
    table.reports(NoticeDelivered, NOON)
    table.lane.hear(table.says.prohibits(at(hours=NOON + 1)))
    assert table.recalls() == [*[(SOTE, DEFAULTS)] * 3, (TYP, DEFAULTS)]
    said = table.says.answers(RecallAcknowledged, at(hours=NOON + 2), SOTE, table.handoff_id)
    table.lane.hear(said)
    waiting = [(recall.handoff_id, recall.to) for recall in table.lane.hot.recalls]
    assert (table.handoff_id, TYP) in waiting
    assert (table.handoff_id, SOTE) not in waiting


@pytest.mark.parametrize("report", ["", "DeliveryStarted"])
def test_an_expiry_takes_it_back_as_a_withdrawal_does(report: str) -> None:
    table = Table(valid_to=at(days=2))
    if report:
        table.reports(DeliveryStarted, NOON)
    table.lane.wait_until(at(days=3))
    assert table.recalls() == ([(TYP, DEFAULTS)] if report else [])


def test_a_notice_that_arrived_although_it_was_called_off_is_recalled() -> None:
    table = Table()
    table.narrows(NOON, IDENTITY)
    table.reports(NoticeDelivered, NOON + 1)
    assert table.recalls() == [(TYP, (CONTACT, NEEDS))]
    assert table.lane.hot.convened[0].disclosed == (IDENTITY,)
    assert [part.part for part in table.lane.told(NoticeKind.RECALL).content] == [Part.IDENTITY]
    table.narrows(NOON + 2)
    assert table.recalls()[1:] == [(TYP, (IDENTITY,))]


def test_a_notice_called_off_may_arrive_when_all_it_holds_is_permitted_again() -> None:
    table = Table()
    table.narrows(NOON, IDENTITY)
    anew = table.lane.told(NoticeKind.CONVENE).notice_id
    table.reports(DeliveryStarted, NOON, anew)
    table.reports(NoticeDelivered, NOON, anew)
    table.narrows(NOON + 1, *DEFAULTS)
    table.reports(NoticeDelivered, NOON + 2)
    assert table.recalls() == []
    table.narrows(NOON + 3)
    assert table.recalls() == [(TYP, DEFAULTS)]


def test_a_receipt_without_a_start_says_that_it_left() -> None:
    table = Table()
    table.reports(NoticeDelivered, NOON)
    table.narrows(NOON + 1)
    assert table.recalls() == [(TYP, DEFAULTS)]


def test_a_notice_that_could_not_be_delivered_may_be_tried_again() -> None:
    table = Table()
    table.reports(DeliveryStarted, NOON)
    assert table.reports(NoticeUndeliverable, NOON + 1) == ""
    assert table.waits()


def test_outside_the_window_a_notice_that_never_left_may_leave_no_more() -> None:
    table = Table()
    later = at(days=100)
    table.lane.hear(table.says.refers(later))
    handoff_id = table.lane.handoff.handoff_id
    table.lane.hear(table.says.rejects(Instant(later + DAY_US), SOTE, handoff_id))
    assert table.waits() is False
    assert table.reports(DeliveryStarted, 24 * 102) == "notice-cancelled"
    table.narrows(24 * 103, IDENTITY)
    table.reports(NoticeDelivered, 24 * 104)
    assert table.recalls() == [(TYP, (CONTACT, NEEDS))]


@pytest.mark.parametrize("coordinator", [EMPLOYMENT, SOTE])
def test_a_coordinator_that_is_a_party_is_told_whatever_becomes_of_the_consent(
    coordinator: AgencyId,
) -> None:
    table = Table(coordinator)
    notice = table.lane.told(NoticeKind.CONVENE)
    assert notice.categories == (DEFAULTS if coordinator == EMPLOYMENT else (IDENTITY,))
    assert table.waits() is False
    table.lane.hear(table.says.withdraws(at(hours=NOON), statement="S-sote"))
    assert table.reports(DeliveryStarted, NOON + 1, to=coordinator) == ""
    assert table.reports(NoticeDelivered, NOON + 1, to=coordinator) == ""
    assert [to for to, _ in table.recalls()] == [SOTE] * 3


def test_a_coordinator_without_data_is_told_and_recalled_nothing() -> None:
    table = Table(valid_to=at(days=-0.5))
    assert table.lane.told(NoticeKind.CONVENE).categories == ()
    assert table.reports(DeliveryStarted, NOON) == ""
    assert table.reports(NoticeDelivered, NOON) == ""
    table.lane.hear(table.says.prohibits(at(hours=NOON + 1)))
    assert TYP not in [to for to, _ in table.recalls()]
