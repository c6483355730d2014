"""When a budget is used up, in each unit; and how long a handoff waits for its basis."""

from datetime import UTC, datetime

import pytest

from streams.domain.calendar import instant
from streams.domain.clocks import AWAITING_BASIS, deadline
from streams.domain.codes import Status
from streams.domain.entry import (
    HandoffStatusChanged,
)
from streams.domain.ids import Instant
from streams.domain.person import Suspension
from streams.domain.referral import ReferralCancelled
from tests.domain.region import (
    ACCEPTANCE,
    EMPLOYMENT,
    REGION,
    at,
)
from tests.domain.stages import staged
from tests.domain.terms import clock


def utc(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("unit", "limit", "share", "due"),
    [
        ("hours", 4, 1.0, "2026-03-02T14:00"),
        ("hours", 4, 0.0625, "2026-03-02T10:15"),
        ("hours", 24 * 28, 1.0, "2026-03-30T10:00"),
        ("working_days", 5, 1.0, "2026-03-09T22:00"),
        ("working_days", 5, 0.5, "2026-03-05T22:00"),
        ("working_days", 25, 1.0, "2026-04-08T21:00"),
        ("calendar_days", 5, 1.0, "2026-03-07T22:00"),
        ("calendar_days", 30, 0.5, "2026-03-17T22:00"),
        ("calendar_days", 10, 1.1, "2026-03-13T22:00"),
        ("calendar_days", 20, 0.55, "2026-03-13T22:00"),
        ("working_days", 10, 1.1, "2026-03-17T22:00"),
        ("months", 1, 1.0, "2026-04-02T21:00"),
        ("months", 12, 1.0, "2027-03-02T22:00"),
        ("months", 1, 0.5, "2026-03-18T22:00"),
    ],
)
def test_a_share_of_a_budget_ends_at_its_moment(
    unit: str, limit: int, share: float, due: str
) -> None:
    assert deadline(clock(unit, limit), at(), share, (), REGION) == utc(due)


@pytest.mark.parametrize(
    ("unit", "limit", "due"),
    [
        ("hours", 4, "2026-03-07T14:00"),
        ("working_days", 5, "2026-03-12T22:00"),
        ("calendar_days", 5, "2026-03-12T22:00"),
        ("months", 1, "2026-04-07T21:00"),
    ],
)
def test_what_was_suspended_is_added_in_the_same_unit(unit: str, limit: int, due: str) -> None:
    # From Wednesday to Monday: five days, three of them working days.
    stood = (Suspension(at(days=2), at(days=7)),)
    assert deadline(clock(unit, limit), at(), 1.0, stood, REGION) == utc(due)


def test_a_handoff_waits_for_a_basis_so_long_and_its_source_is_told() -> None:
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.refers(at(days=1), message_id="r-2"))
    assert [c.rule for c in lane.hot.clocks] == [AWAITING_BASIS] * 2
    lane.wait_until(at(days=30))
    assert lane.facts == (
        HandoffStatusChanged(
            handoff_id, Status.AWAITING_BASIS, Status.CANCELLED, "basis-never-came"
        ),
    )
    (notice,) = lane.notices
    assert (notice.to, notice.detail, notice.reason) == (
        EMPLOYMENT,
        "cancelled",
        "basis-never-came",
    )
    assert [c.rule for c in lane.hot.clocks] == [AWAITING_BASIS]
    assert lane.status(handoff_id) is None
    assert lane.hot.closed_count == 1
    lane.wait_until(at(days=31))
    assert lane.hot.clocks == ()


def test_a_handoff_that_goes_on_or_ends_stops_waiting() -> None:
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.consents(at(hours=1)))
    assert [c.rule for c in lane.hot.clocks] == [ACCEPTANCE.rule]
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))
    assert lane.hot.clocks == ()
