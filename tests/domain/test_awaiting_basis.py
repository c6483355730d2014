"""Without a basis nothing leaves: the source learns what is missing, and what comes releases."""

from collections.abc import Callable

import pytest

from streams.domain.agreement import Agreement
from streams.domain.calendar import DAY_US
from streams.domain.codes import Basis, Category, Milestone, NoticeKind, Part, RejectReason, Status
from streams.domain.entry import DisclosureMade, DisclosureWithheld, HandoffStatusChanged
from streams.domain.ids import HandoffId, Instant
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    REGION,
    SOTE,
    at,
)
from tests.domain.speaker import Speaker
from tests.domain.stages import MEMBERS_MAY_TELL, staged

IDENTITY, CONTACT, NEEDS = DEFAULTS
DAY = Instant(DAY_US)
Coming = Callable[[Lane, Speaker], None]


def consented(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(at(days=1)))


def in_force_from_a_day_on(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(at(days=1), valid=(at(days=2), None)))
    assert lane.handoff.status is Status.AWAITING_BASIS
    lane.wait_until(at(days=2))


def lifted(lane: Lane, says: Speaker) -> None:
    lane.hear(says.lifts(at(days=1)))


def prohibition_ended(lane: Lane, says: Speaker) -> None:
    lane.wait_until(at(days=3))


def joined_typ(lane: Lane, says: Speaker) -> None:
    lane.hear(says.reaches(at(days=1), Milestone.TYP_MEMBERSHIP_STARTED))


def nothing_before(lane: Lane, says: Speaker) -> None:
    """Let the person have said nothing."""


def prohibited(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(at(days=-1)), says.prohibits(at(days=-1)))


def prohibited_for_days(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(at(days=-1)), says.prohibits(at(days=-1), valid=(None, at(days=2))))


@pytest.mark.parametrize(
    ("agreement", "before", "comes"),
    [
        (REGION, nothing_before, consented),
        (REGION, nothing_before, in_force_from_a_day_on),
        (REGION, prohibited, lifted),
        (REGION, prohibited_for_days, prohibition_ended),
        (MEMBERS_MAY_TELL, nothing_before, joined_typ),
    ],
)
def test_a_basis_that_comes_later_releases_the_handoff_by_itself_in_the_same_entry(
    agreement: Agreement, before: Coming, comes: Coming
) -> None:
    lane, says = Lane(agreement), Speaker()
    before(lane, says)
    lane.hear(says.refers(at()))
    assert lane.handoff.status is Status.AWAITING_BASIS
    assert [notice.to for notice in lane.notices] == [EMPLOYMENT]

    comes(lane, says)

    moved = [fact for fact in lane.facts if isinstance(fact, HandoffStatusChanged)]
    assert [(f.from_, f.to, f.reason) for f in moved] == [
        (Status.AWAITING_BASIS, Status.REQUESTED, "basis-found")
    ]
    assert [(n.to, n.kind) for n in lane.notices] == [
        (SOTE, NoticeKind.REFERRAL),
        (EMPLOYMENT, NoticeKind.STATUS),
    ]
    assert any(isinstance(fact, DisclosureMade) for fact in lane.facts)
    assert [clock.rule for clock in lane.hot.clocks] == ["acceptance"]


def test_the_source_learns_what_is_missing_for_each_category() -> None:
    lane, _, handoff_id = staged(Status.AWAITING_BASIS)
    (notice,) = lane.notices
    assert (notice.to, notice.kind, notice.detail) == (
        EMPLOYMENT,
        NoticeKind.STATUS,
        "awaiting-basis",
    )
    assert (notice.handoff_id, notice.categories) == (handoff_id, ())
    assert [part.part for part in notice.content] == [Part.IDENTITY]
    assert [(m.category, m.ask_for, m.recipient) for m in notice.missing] == [
        (category, Basis.CONSENT, SOTE) for category in DEFAULTS
    ]
    assert [held.category for held in notice.withheld] == [*DEFAULTS]


def told(lane: Lane) -> list[tuple[str, str]]:
    """Give what the last entry withholds and why, as its source is told."""
    (notice,) = [n for n in lane.notices if n.to == EMPLOYMENT and n.kind is NoticeKind.STATUS]
    return [(held.category.value, held.reason) for held in notice.withheld]


def test_who_waits_for_something_else_now_is_told_so() -> None:
    lane, says, handoff_id = staged(Status.AWAITING_BASIS)
    step = lane.hear(says.prohibits(at(hours=1), categories=(CONTACT,)))
    assert step.handoff_id == handoff_id
    assert told(lane) == [
        ("identity", "no-basis"),
        ("contact", "prohibited"),
        ("service_needs", "no-basis"),
    ]
    assert any(isinstance(fact, DisclosureWithheld) for fact in lane.facts)
    lane.hear(says.lifts(at(hours=2)))
    assert {reason for _, reason in told(lane)} == {"no-basis"}


def test_who_waits_for_the_same_is_not_told_again() -> None:
    lane, says, _ = staged(Status.AWAITING_BASIS)
    lane.hear(says.prohibits(at(hours=1), source=KELA))
    assert lane.notices == ()
    lane.hear(says.consents(at(hours=2), recipient=KELA, statement="S-2"))
    assert lane.notices == ()


def test_an_order_that_comes_with_a_prohibition_is_told_of_once() -> None:
    lane, says, _ = staged(Status.AWAITING_BASIS)
    says.protected = True
    lane.hear(says.prohibits(at(hours=1)))
    assert [reason for _, reason in told(lane)] == [
        "prohibited",
        "non-disclosure-order",
        "prohibited",
    ]


def test_nothing_leaves_when_it_has_waited_as_long_as_agreed() -> None:
    lane, says, _ = staged(Status.AWAITING_BASIS)
    lane.wait_until(Instant(at() + REGION.awaiting_basis_for_us))
    assert lane.hot.handoffs == ()
    assert [(n.to, n.detail, n.reason) for n in lane.notices] == [
        (EMPLOYMENT, "cancelled", "basis-never-came")
    ]
    lane.hear(says.consents(at(days=31)))
    assert lane.notices == ()
    assert not any(notice.to == SOTE for e in lane.entries for notice in e.deliveries)
    assert lane.hot.holdings == 0


def only_identity(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(at(days=-1), categories=(IDENTITY,)))


BEHIND = [("contact", "no-basis"), ("service_needs", "no-basis")]


def test_a_source_hears_what_of_its_referral_stays_behind() -> None:
    lane, says = Lane(), Speaker()
    only_identity(lane, says)
    lane.hear(says.refers(at(), message_id="r-1"))
    referral, status = lane.notices
    assert (referral.to, referral.categories) == (SOTE, (IDENTITY,))
    assert (status.detail, status.reason, told(lane)) == ("requested", "", BEHIND)
    assert [m.category for held in status.withheld for m in held.missing] == [CONTACT, NEEDS]
    lane.hear(says.refers(at(hours=1), message_id="r-1", version=2))
    assert (told(lane), lane.notices[-1].reason) == (BEHIND, "replaced")


def test_a_source_whose_whole_referral_left_is_told_nothing_of_it() -> None:
    lane, says, _ = staged(Status.REQUESTED)
    assert [notice.to for notice in lane.notices] == [SOTE]
    lane.hear(says.refers(at(hours=1), message_id="m-staged", version=2))
    assert [notice.to for notice in lane.notices] == [SOTE]


def test_a_release_in_part_says_what_still_stays_behind() -> None:
    lane, says, _ = staged(Status.AWAITING_BASIS)
    lane.hear(says.consents(at(hours=1), categories=(IDENTITY,)))
    assert (lane.notices[-1].reason, told(lane)) == ("basis-found", BEHIND)


def test_a_referral_that_is_passed_on_in_part_says_so_once() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1), recipient=KELA))
    lane.hear(says.consents(at(days=-1), categories=(IDENTITY,), statement="S-2"))
    lane.hear(says.refers(at(), recipient=KELA))
    first: HandoffId = lane.handoff.handoff_id
    lane.hear(says.rejects(at(hours=1), KELA, first, RejectReason.MISDIRECTED))
    statuses = [n for n in lane.notices if n.to == EMPLOYMENT]
    assert [(n.detail, n.reason) for n in statuses] == [
        ("rejected", "misdirected"),
        ("requested", "rerouted"),
    ]
    assert [held.category for held in statuses[1].withheld] == [CONTACT, NEEDS]


def test_an_open_referral_in_part_says_so_with_where_it_went() -> None:
    lane, says = Lane(), Speaker()
    only_identity(lane, says)
    lane.hear(says.refers(at(), recipient=None))
    assert (lane.notices[-1].reason, told(lane)) == ("competent-sote", BEHIND)
    assert Category.IDENTITY in lane.handoff.granted


def test_a_newer_version_that_changes_what_is_missing_tells_its_source_once() -> None:
    # The same message lifts the non-disclosure order: contact data now waits for a consent, too.
    says, lane = Speaker(protected=True), Lane()
    lane.hear(says.refers(at(), message_id="r-1"))
    says.protected = False

    lane.hear(says.refers(at(days=1), message_id="r-1", version=2))

    assert [notice.kind for notice in lane.notices] == [NoticeKind.STATUS]
    told = lane.told(NoticeKind.STATUS)
    assert {held.reason for held in told.withheld} == {"no-basis"}
    assert len([f for f in lane.facts if isinstance(f, DisclosureWithheld)]) == 1
