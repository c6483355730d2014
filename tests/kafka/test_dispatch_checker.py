"""The checker of what an agency was told finds each planted fault."""

import pytest

from streams.dispatch.delivery import Delivery, DeliveryState
from streams.dispatch.reports import delivered, started
from streams.domain.ids import NoticeId
from streams.promises.engine import ReceiptStatus
from tests.dispatch.hub import AINO, NOON, SOTE, FakeHub, notice
from tests.kafka.dispatch_scene import Agency, Recorded, Told, violations

FIRST, SECOND = notice("first", SOTE, AINO), notice("second", SOTE, AINO)
START_MS, TOLD_US = 1_000, 2_000_000


def history() -> tuple[Agency, list[Recorded]]:
    """Give two notices that went as they should: issued, started, told, reported."""
    hub, agency = FakeHub(), Agency()
    hub.publish(FIRST)
    hub.publish(SECOND)
    for told in (FIRST, SECOND):
        row = Delivery(
            told.notice_id,
            told.to,
            told.person,
            told.handoff_id,
            told.kind,
            position=1,
            ordinal=0,
            state=DeliveryState.TRYING,
            tries=1,
            since=0,
            asked=1,
            first_at=None,
            next_at=NOON,
            cause="",
        )
        for report in (started(row, NOON), delivered(row, NOON)):
            (outcome,) = hub.submit([report])
            assert outcome.status is ReceiptStatus.ACCEPTED
        agency.told.append(Told(told.notice_id, TOLD_US, was_taken=True))
    return agency, [Recorded(stored.entry, START_MS) for stored in hub.entries]


def test_what_went_as_it_should_is_no_finding() -> None:
    assert violations(*history()) == []


def test_a_repeat_under_the_same_id_is_no_finding() -> None:
    agency, ledger = history()
    agency.told.insert(1, agency.told[0])

    assert violations(agency, ledger) == []


def test_a_notice_that_was_lost_is_found() -> None:
    agency, ledger = history()
    del agency.told[1]

    assert violations(agency, ledger) == [f"{SECOND.notice_id} was lost"]


def test_two_that_were_swapped_are_found() -> None:
    agency, ledger = history()
    agency.told.reverse()

    (found,) = violations(agency, ledger)
    assert found.startswith("came as")


def test_one_that_left_without_leave_is_found() -> None:
    agency, ledger = history()
    agency.told.append(Told(NoticeId("n-unknown"), TOLD_US, was_taken=True))

    assert violations(agency, ledger) == ["n-unknown left without leave"]


@pytest.mark.parametrize("was_taken", [True, False])
def test_one_that_left_before_its_start_was_in_the_ledger_is_found(*, was_taken: bool) -> None:
    agency, ledger = history()
    agency.told.insert(0, Told(FIRST.notice_id, START_MS * 1_000 - 1_000, was_taken))

    assert violations(agency, ledger) == [f"{FIRST.notice_id} left before the ledger had its start"]


def test_one_that_was_reported_twice_is_found() -> None:
    agency, ledger = history()
    ledger.append(ledger[-1])

    assert violations(agency, ledger) == [f"{SECOND.notice_id} was reported twice"]
