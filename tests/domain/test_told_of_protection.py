"""A notice tells its receiver whether the person has a non-disclosure order, as of its entry."""

import pytest

from streams.domain.codes import Category, NoticeKind
from streams.domain.hub_events import NoticeDelivered
from tests.domain.lane import Lane
from tests.domain.region import SOTE, at
from tests.domain.speaker import Speaker

BOTH = pytest.mark.parametrize("protected", [True, False])


def referred(*, protected: bool) -> tuple[Lane, Speaker]:
    lane, says = Lane(), Speaker(protected=protected)
    lane.hear(says.consents(at()), says.refers(at(hours=1)))
    return lane, says


@BOTH
def test_every_notice_says_whether_the_person_is_protected(*, protected: bool) -> None:
    lane, _ = referred(protected=protected)
    assert lane.notices
    assert {notice.protected for notice in lane.notices} == {protected}
    assert (Category.CONTACT in lane.told(NoticeKind.REFERRAL).categories) is not protected


@BOTH
def test_a_recall_after_the_handoff_is_over_says_it_too(*, protected: bool) -> None:
    lane, says = referred(protected=protected)
    sent = lane.told(NoticeKind.REFERRAL)
    assert sent.handoff_id is not None
    lane.hear(says.withdraws(at(hours=2)))
    assert lane.hot.handoffs == ()
    lane.hear(says.dispatch(NoticeDelivered, at(hours=3), sent.notice_id, sent.handoff_id, SOTE))
    recall = lane.told(NoticeKind.RECALL)
    assert (recall.handoff_id, recall.case_id) == (sent.handoff_id, None)
    assert recall.protected is protected


def test_an_order_that_comes_later_stands_in_every_notice_from_then_on() -> None:
    lane, _ = referred(protected=False)
    later = Speaker(protected=True)
    later.said = 9
    lane.hear(later.refers(at(hours=2)))
    assert {notice.protected for notice in lane.notices} == {True}
