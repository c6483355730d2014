"""Bounces: a person sent to and fro is noticed, passed on rightly, and brought to one table."""

import pytest

from streams.domain.codes import Category, NoticeKind, Part, RejectReason, Service, Status
from streams.domain.entry import (
    BounceDetected,
    CaseConvened,
    Decline,
    DisclosureMade,
    HandoffOpened,
    Rerouted,
)
from streams.domain.ids import AgencyId, HandoffId, Instant
from streams.domain.person import Rejection
from streams.domain.referral import ReferralCancelled
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    REGION,
    SERVICES,
    SOTE,
    TYP,
    at,
    rejecting,
)
from tests.domain.speaker import Speaker
from tests.domain.terms import rejection

MISDIRECTED, NO_CAPACITY = RejectReason.MISDIRECTED, RejectReason.NO_CAPACITY
REHABILITATION = Service.VOCATIONAL_REHABILITATION


class Path:
    """A person who is referred and rejected again and again, everybody consenting."""

    def __init__(self, lane: Lane | None = None, *, consents: bool = True) -> None:
        self.lane = lane if lane is not None else Lane()
        self.says = Speaker()
        self.hour = 0
        if consents:
            given = self.says.consents(at(days=-1), recipient=None)
            self.lane.hear(given._replace(sources=()))

    def refer(
        self, recipient: AgencyId | None = SOTE, source: AgencyId = EMPLOYMENT, days: float = 0
    ) -> HandoffId:
        self.hour += 1
        self.lane.hear(self.says.refers(at(days, self.hour), source=source, recipient=recipient))
        return self.lane.handoff.handoff_id

    def reject(
        self, by: AgencyId, reason: RejectReason = NO_CAPACITY, days: float = 0
    ) -> HandoffId:
        self.hour += 1
        handoff_id = self.lane.handoff.handoff_id
        self.lane.hear(self.says.rejects(at(days, self.hour), by, handoff_id, reason))
        return handoff_id

    def bounces(self) -> list[str]:
        return [fact.kind for fact in self.lane.all_facts(BounceDetected)]


def test_a_rejection_followed_by_a_new_referral_is_a_bounce_in_the_same_case() -> None:
    path = Path()
    first = path.refer(SOTE)
    path.reject(SOTE)
    second = path.refer(KELA)
    (bounce,) = path.lane.all_facts(BounceDetected)
    assert (bounce.kind, bounce.handoff_id) == ("bounce", second)
    assert str(bounce.case_id) == first
    assert bounce.agencies == (EMPLOYMENT, SOTE, KELA)
    assert [str(case.case_id) for case in path.lane.hot.cases] == [first]


def test_from_another_source_it_is_a_bounce_in_a_case_of_its_own() -> None:
    path = Path()
    path.refer(SOTE)
    path.reject(SOTE)
    second = path.refer(SOTE, source=KELA)
    assert path.bounces() == ["bounce"]
    assert str(path.lane.handoff.case_id) == second


def test_a_referral_back_is_a_loop() -> None:
    path = Path()
    path.refer(SOTE)
    path.reject(SOTE)
    path.refer(EMPLOYMENT, source=SOTE)
    (loop,) = path.lane.all_facts(BounceDetected)
    assert (loop.kind, loop.agencies) == ("loop", (EMPLOYMENT, SOTE, EMPLOYMENT))


def test_a_rejection_outside_the_window_or_of_another_service_is_no_bounce() -> None:
    path = Path()
    path.refer(SOTE)
    path.reject(SOTE)
    path.lane.hear(path.says.refers(at(days=1), recipient=KELA, service_code=REHABILITATION))
    assert path.bounces() == []
    path.refer(SOTE, days=91)
    assert path.bounces() == []
    assert str(path.lane.handoff.case_id) == path.lane.handoff.handoff_id


def test_the_last_day_of_the_window_still_counts() -> None:
    path = Path()
    path.refer(SOTE)
    path.reject(SOTE)
    path.hour = 1
    path.refer(SOTE, days=90)
    assert path.bounces() == ["bounce"]


def test_cancelling_completing_and_asking_are_no_bounces() -> None:
    path = Path()
    handoff_id = path.refer(SOTE)
    path.lane.hear(path.says.answers(ReferralCancelled, at(hours=2), EMPLOYMENT, handoff_id))
    path.refer(SOTE)
    assert path.bounces() == []


def test_the_limit_is_a_stall_and_convenes_with_every_decline_attached() -> None:
    path = Path()
    for recipient, reason in ((SOTE, NO_CAPACITY), (KELA, RejectReason.NOT_ELIGIBLE)):
        path.refer(recipient)
        path.reject(recipient, reason)
    last = path.refer(SOTE)
    path.reject(SOTE, MISDIRECTED)

    lane = path.lane
    stall = next(fact for fact in lane.facts if isinstance(fact, BounceDetected))
    assert (stall.kind, stall.handoff_id) == ("stall", last)
    assert stall.agencies == (EMPLOYMENT, SOTE, KELA)
    convened = next(fact for fact in lane.facts if isinstance(fact, CaseConvened))
    assert convened.with_ == TYP
    assert [d[1:4] for d in convened.declines] == [
        (EMPLOYMENT, SOTE, NO_CAPACITY),
        (EMPLOYMENT, KELA, RejectReason.NOT_ELIGIBLE),
        (EMPLOYMENT, SOTE, MISDIRECTED),
    ]
    assert convened.declines[-1] == Decline(last, EMPLOYMENT, SOTE, MISDIRECTED, at(hours=6))
    notice = lane.told(NoticeKind.CONVENE)
    assert (notice.to, notice.detail, notice.declines) == (TYP, "stall", convened.declines)
    assert notice.categories == DEFAULTS
    made = [fact for fact in lane.facts if isinstance(fact, DisclosureMade)]
    assert [(fact.to, fact.categories) for fact in made] == [(TYP, DEFAULTS)]
    assert not any(isinstance(fact, Rerouted) for fact in lane.facts)


def test_a_coordinator_that_may_not_have_the_data_gets_the_declines_alone() -> None:
    path = Path(consents=False)
    path.lane.hear(path.says.consents(at(days=-1)))
    for _ in range(3):
        path.refer(SOTE)
        path.reject(SOTE)
    notice = path.lane.told(NoticeKind.CONVENE)
    assert (notice.to, notice.categories, notice.content) == (TYP, (), ())
    assert len(notice.declines) == 3


@pytest.mark.parametrize("coordinator", [EMPLOYMENT, SOTE])
def test_a_coordinator_that_is_a_party_is_reminded_of_what_it_knows(coordinator: AgencyId) -> None:
    region = REGION._replace(bounce=REGION.bounce._replace(coordinator=coordinator))
    path = Path(Lane(region), consents=False)
    path.lane.hear(path.says.consents(at(days=-1), categories=(Category.IDENTITY,)))
    for _ in range(3):
        path.refer(SOTE)
        path.reject(SOTE)
    notice = path.lane.told(NoticeKind.CONVENE)
    known = DEFAULTS if coordinator == EMPLOYMENT else (Category.IDENTITY,)
    assert (notice.to, notice.categories) == (coordinator, known)
    assert [part.part for part in notice.content] == [Part(category.value) for category in known]


def test_a_stall_is_convened_once() -> None:
    path = Path()
    for _ in range(5):
        path.refer(SOTE)
        path.reject(SOTE, MISDIRECTED)
    assert len(path.lane.all_facts(CaseConvened)) == 1
    assert path.bounces().count("stall") == 1


def test_while_a_stall_lasts_an_open_referral_goes_to_the_coordinator() -> None:
    path = Path()
    for _ in range(3):
        path.refer(SOTE)
        path.reject(SOTE)
    path.refer(None)
    opened = path.lane.all_facts(HandoffOpened)[-1]
    assert (opened.recipient, opened.routed_by) == (TYP, "stalled")
    path.refer(SOTE)
    assert path.lane.all_facts(HandoffOpened)[-1].recipient == SOTE
    step = path.lane.hear(path.says.refers(at(hours=20), source=TYP, recipient=None))
    assert step.rule == "stalled"


def test_a_misdirected_referral_is_passed_on_in_one_entry_and_its_source_is_told() -> None:
    path = Path()
    first = path.refer(KELA)

    path.reject(KELA, MISDIRECTED)

    lane = path.lane
    passed_on = lane.handoff
    assert (passed_on.source, passed_on.recipient) == (EMPLOYMENT, SOTE)
    assert (passed_on.delivery_started, passed_on.disclosed) == (False, ())
    assert (passed_on.status, str(passed_on.case_id)) == (Status.REQUESTED, first)
    rerouted = next(fact for fact in lane.facts if isinstance(fact, Rerouted))
    assert rerouted == Rerouted(first, passed_on.handoff_id, KELA, SOTE, "competent-sote")
    assert [(n.to, n.kind, n.detail, n.reason) for n in lane.notices] == [
        (EMPLOYMENT, NoticeKind.STATUS, "rejected", "misdirected"),
        (SOTE, NoticeKind.REFERRAL, "requested", ""),
        (EMPLOYMENT, NoticeKind.STATUS, "requested", "rerouted"),
    ]
    assert path.bounces() == []


def test_a_passed_on_referral_is_not_a_bounce_and_counts_as_a_rejection() -> None:
    path = Path()
    path.refer(KELA)
    path.reject(KELA, MISDIRECTED)
    path.refer(SOTE)
    assert path.bounces() == []
    assert [r.rerouted for r in path.lane.hot.rejections] == [True]
    path.reject(SOTE)
    path.refer(SOTE)
    path.reject(SOTE)
    assert path.bounces() == ["bounce", "stall"]


def test_nothing_is_passed_on_to_who_has_rejected_it_or_sent_it() -> None:
    path = Path()
    path.refer(SOTE)
    path.reject(SOTE, MISDIRECTED)
    assert path.lane.hot.handoffs == ()
    path = Path()
    path.refer(KELA, source=SOTE)
    path.reject(KELA, MISDIRECTED)
    assert path.lane.hot.handoffs == ()


def test_a_rejection_of_the_same_case_long_ago_still_counts_against_passing_on() -> None:
    path = Path()
    path.refer(KELA)
    path.reject(KELA, MISDIRECTED)
    assert path.lane.handoff.recipient == SOTE
    # By now Kela has become the competent agency; it has rejected this referral all the same.
    services = (SERVICES[0]._replace(competent_sector="kela"), *SERVICES[1:])
    path.lane.agreement = REGION._replace(services=services)
    path.reject(SOTE, MISDIRECTED, days=200)
    assert path.lane.hot.handoffs == ()
    assert path.lane.all_facts(Rerouted)[-1].from_ == KELA


@pytest.mark.parametrize(
    ("reason", "reroutes", "passed_on"),
    [
        (MISDIRECTED, True, True),
        (MISDIRECTED, False, False),
        (NO_CAPACITY, True, True),
        (NO_CAPACITY, False, False),
    ],
)
def test_the_agreement_says_which_reasons_pass_a_referral_on(
    reason: RejectReason, reroutes: bool, passed_on: bool
) -> None:
    rules = rejecting(rejection(RejectReason.OTHER), rejection(reason, reroutes=reroutes))
    path = Path(Lane(rules))
    path.refer(KELA)
    path.reject(KELA, reason)
    assert bool(path.lane.hot.handoffs) is passed_on


def test_a_passed_on_referral_may_wait_for_a_basis_to_its_new_recipient() -> None:
    path = Path(consents=False)
    path.lane.hear(path.says.consents(at(days=-1), recipient=KELA))
    path.refer(KELA)
    path.reject(KELA, MISDIRECTED)
    assert path.lane.handoff.status is Status.AWAITING_BASIS
    told = [(n.to, n.detail) for n in path.lane.notices]
    assert told == [(EMPLOYMENT, "rejected"), (EMPLOYMENT, "awaiting-basis")]


def test_the_rejection_that_reaches_the_limit_is_not_passed_on() -> None:
    path = Path()
    for _ in range(2):
        path.refer(SOTE)
        path.reject(SOTE)
    path.refer(KELA)
    path.reject(KELA, MISDIRECTED)
    assert path.lane.all_facts(Rerouted) == []
    assert path.lane.hot.handoffs == ()


def test_what_is_outside_the_window_and_over_is_let_go() -> None:
    path = Path()
    path.refer(SOTE)
    path.reject(SOTE)
    assert [type(r) for r in path.lane.hot.rejections] == [Rejection]
    later = path.refer(KELA, days=200)
    path.lane.hear(path.says.answers(ReferralCancelled, at(days=201), EMPLOYMENT, later))
    assert path.lane.hot.rejections == ()
    assert path.lane.hot.cases == ()


def test_every_decline_says_when() -> None:
    path = Path()
    for _ in range(3):
        path.refer(SOTE)
        path.reject(SOTE)
    (convened,) = path.lane.all_facts(CaseConvened)
    assert [decline.at for decline in convened.declines] == [
        Instant(at(hours=hour)) for hour in (2, 4, 6)
    ]
