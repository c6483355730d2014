"""A referral becomes a handoff, replaces an earlier version, or is refused with the rule named."""

import pytest

from streams.domain.answers import HandoffAccepted, HandoffReceived
from streams.domain.codes import Basis, Category, NoticeKind, Part, RejectReason, Service, Status
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    HandoffOpened,
    RecallIssued,
    ReferralReplaced,
    TransitionRefused,
)
from streams.domain.hub_events import DeliveryStarted
from streams.domain.ids import AgencyId
from streams.domain.referral import ReferralCancelled
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    FAR_AWAY,
    KELA,
    SOTE,
    STRANGER,
    at,
    part,
)
from tests.domain.speaker import Speaker


def consented(categories: tuple[Category, ...] = DEFAULTS) -> tuple[Lane, Speaker]:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1), categories=categories))
    return lane, says


def test_a_referral_with_a_basis_is_requested_and_the_recipient_is_told() -> None:
    lane, says = consented()

    step = lane.hear(says.refers(at(), message_id="r-1"))

    handoff = lane.handoff
    assert (step.verdict, step.rule, step.handoff_id) == ("accepted", "", handoff.handoff_id)
    assert handoff.status is Status.REQUESTED
    assert str(handoff.case_id) == handoff.handoff_id
    opened = next(fact for fact in lane.facts if isinstance(fact, HandoffOpened))
    assert (opened.source, opened.recipient) == (EMPLOYMENT, SOTE)
    assert (opened.referral_id, opened.routed_by) == ("r-1", "named-by-the-source")
    assert opened.missing == ()
    assert lane.all_facts(DisclosureWithheld) == []
    (notice,) = lane.notices
    assert (notice.to, notice.kind, notice.detail) == (SOTE, NoticeKind.REFERRAL, "requested")
    assert notice.categories == DEFAULTS
    assert [p.part for p in notice.content] == [Part.IDENTITY, Part.CONTACT, Part.SERVICE_NEEDS]


def test_a_referral_without_a_basis_waits_and_the_source_is_told_what_is_missing() -> None:
    lane, says = Lane(), Speaker()

    lane.hear(says.refers(at()))

    assert lane.handoff.status is Status.AWAITING_BASIS
    (notice,) = lane.notices
    assert (notice.to, notice.kind, notice.detail) == (
        EMPLOYMENT,
        NoticeKind.STATUS,
        "awaiting-basis",
    )
    assert [missing.category for missing in notice.missing] == list(DEFAULTS)
    opened = next(fact for fact in lane.facts if isinstance(fact, HandoffOpened))
    assert opened.missing == notice.missing
    withheld = next(fact for fact in lane.facts if isinstance(fact, DisclosureWithheld))
    assert (withheld.to, withheld.categories, withheld.missing) == (SOTE, DEFAULTS, notice.withheld)


def test_a_claimed_consent_is_no_basis_but_a_vital_interest_is() -> None:
    claims = {
        Basis.CONSENT: Status.AWAITING_BASIS,
        Basis.SOTE_PERMIT: Status.AWAITING_BASIS,
        Basis.TYP_MEMBERSHIP: Status.AWAITING_BASIS,
        Basis.VITAL: Status.REQUESTED,
    }
    for basis, status in claims.items():
        lane = Lane()
        lane.hear(Speaker().refers(at(), basis=basis))
        assert lane.handoff.status is status, basis


def test_a_referral_asks_for_its_own_categories_or_for_the_services_default() -> None:
    lane, says = consented(categories=(Category.PLAN, *DEFAULTS))
    lane.hear(says.refers(at(), categories=(Category.PLAN,)))
    lane.hear(says.refers(at()))
    assert [h.requested for h in lane.hot.handoffs] == [(Category.PLAN,), DEFAULTS]
    assert [h.granted for h in lane.hot.handoffs] == [(Category.PLAN,), DEFAULTS]


def test_the_source_of_an_open_referral_is_told_who_got_it() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), recipient=None))
    assert lane.handoff.recipient == SOTE
    told = [(n.to, n.kind, n.reason) for n in lane.notices]
    assert told == [
        (SOTE, NoticeKind.REFERRAL, ""),
        (EMPLOYMENT, NoticeKind.STATUS, "competent-sote"),
    ]


@pytest.mark.parametrize(
    ("recipient", "service", "rule"),
    [
        (SOTE, Service.SOCIAL_REHABILITATION, "service-not-agreed"),
        (None, Service.SOCIAL_REHABILITATION, "service-not-agreed"),
        (STRANGER, Service.WORK_ABILITY_ASSESSMENT, "recipient-not-of-the-region"),
        (EMPLOYMENT, Service.WORK_ABILITY_ASSESSMENT, "recipient-is-the-source"),
        (None, Service.JOB_COACHING, "no-competent-agency"),
    ],
)
def test_a_referral_that_the_agreement_does_not_know_is_refused(
    recipient: AgencyId | None, service: Service, rule: str
) -> None:
    lane, says = consented()

    step = lane.hear(says.refers(at(), recipient=recipient, service_code=service, message_id="r-1"))

    assert (step.verdict, step.rule, step.handoff_id) == (Verdict.REFUSED, rule, None)
    assert lane.facts == (TransitionRefused(None, rule),)
    (notice,) = lane.notices
    assert (notice.to, notice.kind, notice.detail) == (EMPLOYMENT, NoticeKind.REFUSAL, rule)
    assert (notice.reason, notice.handoff_id, notice.occurred_at) == ("r-1", None, at())
    assert lane.hot.handoffs == ()


def test_an_open_referral_from_where_nobody_is_competent_is_refused() -> None:
    lane, says = Lane(), Speaker(municipality=FAR_AWAY)
    assert lane.hear(says.refers(at(), recipient=None)).rule == "no-competent-agency"


def test_nobody_outside_the_region_is_told_of_a_refusal() -> None:
    lane, says = Lane(), Speaker()
    step = lane.hear(says.refers(at(), source=STRANGER, recipient=STRANGER))
    assert step.verdict is Verdict.REFUSED
    assert lane.notices == ()


def test_a_newer_version_follows_what_waits_to_be_delivered_as_information() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    first, handoff_id = lane.told(NoticeKind.REFERRAL), lane.handoff.handoff_id

    newer = says.refers(at(hours=1), message_id="r-1", version=2)
    step = lane.hear(newer._replace(sealed=(part(Part.IDENTITY, "new"),)))

    assert step.handoff_id == lane.handoff.handoff_id == handoff_id
    assert lane.handoff.referral_version == 2
    assert ReferralReplaced(handoff_id, 2) in lane.facts
    (notice,) = lane.notices
    assert (notice.to, notice.kind, notice.detail) == (SOTE, NoticeKind.INFORMATION, "replaced")
    assert notice.content == (part(Part.IDENTITY, "new"),)
    assert lane.waiting == (first.notice_id, notice.notice_id)


def test_a_newer_version_that_asks_for_less_calls_off_what_has_not_left() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    first, handoff_id = lane.told(NoticeKind.REFERRAL), lane.handoff.handoff_id

    lane.hear(
        says.refers(at(hours=1), message_id="r-1", version=2, categories=(Category.IDENTITY,))
    )

    (notice,) = lane.notices
    assert (notice.kind, notice.categories) == (NoticeKind.REFERRAL, (Category.IDENTITY,))
    assert lane.waiting == (notice.notice_id,)
    refused = lane.hear(
        says.dispatch(DeliveryStarted, at(hours=2), first.notice_id, handoff_id, SOTE)
    )
    assert refused.rule == "notice-cancelled"


def test_a_newer_version_of_what_has_arrived_goes_out_as_information() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, lane.handoff.handoff_id))

    lane.hear(says.refers(at(hours=2), message_id="r-1", version=2))

    (notice,) = lane.notices
    assert (notice.kind, notice.detail) == (NoticeKind.INFORMATION, "replaced")
    assert len(lane.hot.handoffs) == 1
    assert lane.handoff.status is Status.RECEIVED


def test_what_a_newer_version_may_not_carry_any_more_is_recalled() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffReceived, at(hours=1), SOTE, handoff_id))

    narrower = (Category.IDENTITY, Category.SERVICE_NEEDS)
    lane.hear(says.refers(at(hours=2), message_id="r-1", version=2, categories=narrower))

    assert RecallIssued(handoff_id, SOTE, (Category.CONTACT,)) in lane.facts
    assert lane.handoff.disclosed == narrower


def test_what_is_recalled_on_its_way_leaves_anew_with_the_newer_version() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    first, handoff_id = lane.told(NoticeKind.REFERRAL), lane.handoff.handoff_id
    lane.hear(says.dispatch(DeliveryStarted, at(hours=1), first.notice_id, handoff_id, SOTE))
    lane.hear(
        says.refers(at(hours=2), message_id="r-1", version=2, categories=(Category.IDENTITY,))
    )
    assert [(n.kind, n.categories) for n in lane.notices] == [
        (NoticeKind.REFERRAL, (Category.IDENTITY,)),
        (NoticeKind.RECALL, (Category.CONTACT, Category.SERVICE_NEEDS)),
    ]


def test_a_newer_version_that_calls_off_only_what_had_not_left_is_information() -> None:
    lane, says = consented(categories=(Category.IDENTITY,))
    lane.hear(says.refers(at(), message_id="r-1"))
    first, handoff_id = lane.told(NoticeKind.REFERRAL), lane.handoff.handoff_id
    lane.hear(says.dispatch(DeliveryStarted, at(hours=1), first.notice_id, handoff_id, SOTE))
    lane.hear(says.consents(at(hours=2), categories=(Category.CONTACT,), statement="S-2"))
    lane.hear(
        says.refers(at(hours=3), message_id="r-1", version=2, categories=(Category.IDENTITY,))
    )
    assert [(n.kind, n.detail) for n in lane.notices] == [(NoticeKind.INFORMATION, "replaced")]
    assert lane.waiting == (lane.notices[0].notice_id,)


def test_a_newer_version_without_any_basis_ends_an_unaccepted_handoff() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    lane.hear(says.refers(at(hours=1), message_id="r-1", version=2, categories=(Category.PLAN,)))
    assert lane.hot.handoffs == ()
    assert lane.told(NoticeKind.STATUS).reason == "basis-withdrawn"


def test_a_newer_version_without_any_basis_recalls_from_an_accepted_handoff() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id))
    lane.hear(says.refers(at(hours=2), message_id="r-1", version=2, categories=(Category.PLAN,)))
    assert lane.handoff.status is Status.ACCEPTED
    assert lane.handoff.granted == lane.handoff.disclosed == ()
    assert RecallIssued(handoff_id, SOTE, DEFAULTS) in lane.facts


def test_a_newer_version_that_has_a_basis_ends_the_waiting() -> None:
    lane, says = consented(categories=(Category.PLAN,))
    lane.hear(says.refers(at(), message_id="r-1"))
    assert lane.notices[0].detail == Status.AWAITING_BASIS
    lane.hear(says.refers(at(hours=1), message_id="r-1", version=2, categories=(Category.PLAN,)))
    assert lane.handoff.status is Status.REQUESTED
    assert lane.told(NoticeKind.REFERRAL).categories == (Category.PLAN,)


def test_a_newer_version_for_a_service_that_nobody_agreed_on_is_refused() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    service = Service.SOCIAL_REHABILITATION
    newer = says.refers(at(hours=1), message_id="r-1", version=2, service_code=service)
    step = lane.hear(newer)
    assert (step.rule, step.handoff_id) == ("service-not-agreed", lane.handoff.handoff_id)
    assert lane.handoff.referral_version == 1


def test_a_version_below_the_newest_is_refused_as_superseded_and_kept() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1", version=2))
    older = says.refers(at(hours=1), message_id="r-1", version=1)

    step = lane.hear(older)

    assert (step.verdict, step.rule) == (Verdict.REFUSED, "superseded")
    assert lane.handoff.referral_version == 2
    assert lane.entries[-1].event == older
    assert lane.hear(older).verdict is Verdict.DUPLICATE


def test_a_version_of_a_handoff_that_is_over_is_refused_as_terminal_or_superseded() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1", version=2))
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(ReferralCancelled, at(hours=1), EMPLOYMENT, handoff_id))

    newer = lane.hear(says.refers(at(hours=2), message_id="r-1", version=3))
    older = lane.hear(says.refers(at(hours=3), message_id="r-1", version=1))

    assert (newer.verdict, newer.rule, newer.handoff_id) == ("refused", "terminal", handoff_id)
    assert (older.verdict, older.rule, older.handoff_id) == ("refused", "superseded", handoff_id)


def test_a_version_finds_its_handoff_after_it_was_passed_on() -> None:
    lane, says = consented()
    lane.hear(says.consents(at(days=-1), recipient=KELA, statement="S-2"))
    lane.hear(says.refers(at(), recipient=KELA, message_id="r-1"))
    lane.hear(says.rejects(at(hours=1), KELA, lane.handoff.handoff_id, RejectReason.MISDIRECTED))
    passed_on = lane.handoff.handoff_id
    step = lane.hear(says.refers(at(hours=2), message_id="r-1", version=2))
    assert step.handoff_id == passed_on
    assert (lane.handoff.recipient, lane.handoff.referral_version) == (SOTE, 2)


def test_one_message_id_of_two_agencies_names_two_referrals() -> None:
    lane, says = consented()
    lane.hear(says.refers(at(), message_id="r-1"))
    lane.hear(says.refers(at(hours=1), source=KELA, message_id="r-1", version=2))
    assert [h.source for h in lane.hot.handoffs] == [EMPLOYMENT, KELA]


def test_a_partly_permitted_referral_leaves_with_the_permitted_part() -> None:
    lane, says = consented(categories=(Category.SERVICE_NEEDS,))
    lane.hear(says.refers(at()))
    notice = lane.told(NoticeKind.REFERRAL)
    assert notice.categories == (Category.SERVICE_NEEDS,)
    assert [held.category for held in notice.withheld] == [Category.IDENTITY, Category.CONTACT]
    assert [p.part for p in notice.content] == [Part.SERVICE_NEEDS]
    made = next(fact for fact in lane.facts if isinstance(fact, DisclosureMade))
    assert (made.to, made.categories) == (SOTE, (Category.SERVICE_NEEDS,))
    held = next(fact for fact in lane.facts if isinstance(fact, DisclosureWithheld))
    assert (held.to, held.categories) == (SOTE, (Category.IDENTITY, Category.CONTACT))


def test_a_newer_version_that_still_waits_tells_the_source_anew_what_is_missing() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.refers(at(), message_id="r-1"))
    wider = (*DEFAULTS, Category.PLAN)
    lane.hear(says.refers(at(hours=1), message_id="r-1", version=2, categories=wider))
    assert lane.handoff.status is Status.AWAITING_BASIS
    assert lane.handoff.referral_version == 2
    (withheld,) = [fact for fact in lane.facts if isinstance(fact, DisclosureWithheld)]
    assert withheld.categories == wider
    (notice,) = lane.notices
    assert (notice.to, notice.kind) == (EMPLOYMENT, NoticeKind.STATUS)
    assert {missing.category for missing in notice.missing} == set(wider)
    assert len(lane.hot.clocks) == 1
