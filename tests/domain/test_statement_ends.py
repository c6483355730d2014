"""Who may record a statement, and what is left of one that has ended, or never began."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.answers import HandoffAccepted, ServiceCompleted, ServiceStarted
from streams.domain.closed_record import needs_closed
from streams.domain.codes import Branch, Category, NoticeKind, Part, Status
from streams.domain.entry import Notice, RecallIssued, StatementRecorded, TransitionRefused
from streams.domain.event import StatementMade
from streams.domain.ids import Instant, StatementId
from streams.domain.person import Statement
from streams.domain.statement import REFUSALS, Standing, as_made, standing
from streams.domain.statements import ConsentGiven, StatementKind
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.questions import OTHER_SOTE, TWO_SOTES
from tests.domain.region import DEFAULTS, EMPLOYMENT, KELA, REGION, SOTE, STRANGER, at, part
from tests.domain.speaker import Speaker

EVIDENCE = (part(Part.MANDATE), part(Part.EVIDENCE))


def referred() -> tuple[Lane, Speaker]:
    """Refer a person on a consent."""
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    return lane, says


def late(said: StatementMade, recorded_at: Instant) -> StatementMade:
    """Let what was said come to the hub only then."""
    return said._replace(envelope=said.envelope._replace(recorded_at=recorded_at))


def refused(lane: Lane, said: StatementMade) -> str:
    """Hear what must be refused, told to its sender alone; give the rule."""
    open_before = lane.hot.handoffs
    step = lane.hear(said)
    assert step.verdict is Verdict.REFUSED
    assert lane.facts == (TransitionRefused(None, step.rule),)
    assert lane.hot.handoffs == open_before
    assert step.rule in REFUSALS
    if said.envelope.agency in REGION.agencies:
        (notice,) = lane.notices
        assert (notice.to, notice.kind, notice.detail) == (
            said.envelope.agency,
            NoticeKind.REFUSAL,
            step.rule,
        )
    return step.rule


def states(lane: Lane) -> list[str]:
    """Give what was noted of the statements, in order."""
    return [fact.state for fact in lane.all_facts(StatementRecorded)]


# Who may record


@pytest.mark.parametrize("agency", [EMPLOYMENT, KELA, STRANGER])
def test_a_permit_is_recorded_inside_sote_alone(agency: str) -> None:
    lane, says = Lane(), Speaker()
    permit = says.consents(
        at(), type(SOTE)(agency), kind=StatementKind.PERMIT, to_branch=Branch.SOCIAL
    )
    assert refused(lane, permit) == "may-not-record"
    assert lane.hot.statements == ()


def test_a_county_records_permits() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(), SOTE, kind=StatementKind.PERMIT, to_branch=Branch.SOCIAL))
    assert [(s.kind, s.to_branch) for s in lane.hot.statements] == [
        (StatementKind.PERMIT, Branch.SOCIAL)
    ]


def test_an_agency_that_may_record_nothing_is_refused_whatever_it_says() -> None:
    silent = REGION.agencies[EMPLOYMENT]._replace(records=())
    lane = Lane(REGION._replace(agencies={**REGION.agencies, EMPLOYMENT: silent}))
    says = Speaker()
    for said in (says.consents(at()), says.prohibits(at())):
        assert refused(lane, said) == "may-not-record"
    assert lane.hot.statements == ()


def test_an_agency_that_may_no_longer_record_may_still_take_back() -> None:
    lane, says = referred()
    silent = REGION.agencies[EMPLOYMENT]._replace(records=())
    lane.agreement = REGION._replace(agencies={**REGION.agencies, EMPLOYMENT: silent})
    lane.hear(says.withdraws(at(hours=1)))
    assert lane.hot.handoffs == ()
    assert refused(lane, says.consents(at(hours=2))) == "may-not-record"


# What was never given


@pytest.mark.parametrize("in_error", [False, True])
def test_taking_back_what_was_never_given_is_refused(in_error: bool) -> None:
    lane, says = referred()
    for said in (
        says.withdraws(at(hours=1), statement="S-9", in_error=in_error),
        says.lifts(at(hours=1), statement="K-9", in_error=in_error),
        says.withdraws(at(hours=1), KELA, in_error=in_error),
    ):
        assert refused(lane, said) == "no-such-statement"
    assert lane.handoff.status is Status.REQUESTED
    assert [s.was_given for s in lane.hot.statements] == [True, False, False, False]


def test_it_is_refused_as_never_given_however_often_it_is_said() -> None:
    lane, says = Lane(), Speaker()
    for hour in (3, 1, 2):
        assert refused(lane, says.withdraws(at(hours=hour))) == "no-such-statement"
    (end,) = lane.hot.statements
    assert (end.occurred_at, end.ended, end.was_given) == (at(hours=3), True, False)


def test_what_was_given_before_its_withdrawal_cannot_begin_after_it() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.refers(at()))
    assert refused(lane, says.withdraws(at(hours=2))) == "no-such-statement"
    lane.hear(late(says.consents(at(hours=1)), at(hours=3)))
    assert states(lane) == ["superseded"]
    assert lane.handoff.status is Status.AWAITING_BASIS
    # Now the hub knows what has ended.
    assert refused(lane, says.withdraws(at(hours=4))) == "statement-has-ended"


def test_what_is_given_after_a_withdrawal_of_nothing_begins() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.refers(at()))
    refused(lane, says.withdraws(at(hours=1)))
    lane.hear(says.consents(at(hours=2)))
    assert lane.handoff.status is Status.REQUESTED
    assert [(s.ended, s.was_given) for s in lane.hot.statements] == [(False, True)]


def test_a_withdrawal_of_nothing_does_not_keep_a_prohibition_from_beginning() -> None:
    lane, says = Lane(), Speaker()
    refused(lane, says.withdraws(at(hours=2), statement="K-1"))
    lane.hear(late(says.prohibits(at(hours=1)), at(hours=3)))
    lane.hear(late(says.consents(at(hours=1), statement="K-1"), at(hours=3)))
    assert states(lane) == ["in-force", "superseded"]
    assert [s.kind for s in lane.hot.statements if not s.ended] == [StatementKind.PROHIBITION]


def test_a_lifting_of_what_was_withdrawn_is_of_another_kind() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at()), says.withdraws(at(hours=1)))
    before = lane.hot.statements
    assert refused(lane, says.lifts(at(hours=2), statement="S-1")) == "statement-of-another-kind"
    assert lane.hot.statements == before


def test_a_withdrawal_and_a_lifting_of_nothing_both_leave_their_end() -> None:
    lane, says = Lane(), Speaker()
    for said in (says.withdraws(at(hours=2)), says.lifts(at(hours=3), statement="S-1")):
        assert refused(lane, said) == "no-such-statement"
    lane.hear(late(says.consents(at(hours=1)), at(hours=4)))
    lane.hear(late(says.prohibits(at(hours=1), statement="S-1"), at(hours=4)))
    assert states(lane) == ["superseded", "superseded"]
    assert all(statement.ended for statement in lane.hot.statements)


# What has ended


def test_what_has_ended_cannot_end_again() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at()), says.prohibits(at()))
    lane.hear(says.withdraws(at(hours=1)), says.lifts(at(hours=1)))
    for said in (says.withdraws(at(hours=2)), says.lifts(at(hours=2))):
        assert refused(lane, said) == "statement-has-ended"
    lane.hear(late(says.consents(at(hours=1.5)), at(hours=3)))
    assert states(lane)[-1] == "superseded"


def test_the_same_withdrawal_again_is_a_repeat_and_no_refusal() -> None:
    lane, says = referred()
    withdrawal = says.withdraws(at(hours=1))
    lane.hear(withdrawal)
    assert lane.hear(withdrawal).verdict is Verdict.DUPLICATE
    never = says.withdraws(at(hours=1), statement="S-9")
    lane.hear(never)
    assert lane.hear(never).verdict is Verdict.DUPLICATE


def test_a_consent_entered_in_error_stops_what_rests_on_it() -> None:
    lane, says = referred()
    lane.hear(says.withdraws(at(hours=1), in_error=True))
    assert lane.hot.handoffs == ()
    assert states(lane) == ["in-force", "entered-in-error"]
    assert refused(lane, says.withdraws(at(hours=2), in_error=True)) == "statement-has-ended"


def test_what_was_withdrawn_may_still_turn_out_to_be_an_error_once() -> None:
    lane, says = referred()
    lane.hear(says.withdraws(at(hours=1)))
    assert lane.hear(says.withdraws(at(hours=2), in_error=True)).verdict is Verdict.ACCEPTED
    assert states(lane) == ["in-force", "ended", "entered-in-error"]
    (end,) = lane.hot.statements
    assert standing(end, at(hours=3)) is Standing.ENTERED_IN_ERROR
    assert refused(lane, says.withdraws(at(hours=3), in_error=True)) == "statement-has-ended"


def test_an_end_keeps_neither_scope_nor_dates() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.prohibits(at(), documents=(b"d" * 16,), service_tasks=("T",)))
    lane.hear(says.lifts(at(hours=1)))
    (end,) = lane.hot.statements
    assert end == Statement(
        StatementId("K-1"),
        EMPLOYMENT,
        StatementKind.PROHIBITION,
        Branch.UNKNOWN,
        *((),) * 6,
        None,
        None,
        at(hours=1),
        ended=True,
    )


def test_a_withdrawn_permit_is_known_as_a_permit() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(), SOTE, kind=StatementKind.PERMIT, to_branch=Branch.SOCIAL))
    lane.hear(says.withdraws(at(hours=1), SOTE))
    assert [s.kind for s in lane.hot.statements] == [StatementKind.PERMIT]


@given(order=st.permutations(range(5)), gives=st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_newest_word_counts_in_whatever_order_the_words_come(
    order: list[int], gives: list[bool]
) -> None:
    lane, says = Lane(), Speaker()
    for place in order:
        when = at(hours=place)
        said = says.consents(when) if gives[place] else says.withdraws(when)
        lane.hear(late(said, at(days=1)))
    in_force = [statement for statement in lane.hot.statements if not statement.ended]
    assert bool(in_force) is gives[-1]
    assert all(statement.occurred_at == at(hours=4) for statement in in_force)


def test_a_prohibition_under_a_withdrawn_consents_id_stands_in_any_order() -> None:
    says = Speaker()
    words: tuple[StatementMade, ...] = (
        says.consents(at(), statement="X"),
        says.prohibits(at(hours=1), statement="X"),
        says.withdraws(at(hours=2), statement="X"),
    )
    for order in permutations(words):
        lane = Lane()
        for said in order:
            lane.hear(late(said, at(days=1)))
        assert [s.kind for s in lane.hot.statements if not s.ended] == [StatementKind.PROHIBITION]


# One permit a direction


def permits(
    says: Speaker, hour: int, name: str, to: Branch = Branch.HEALTH, *, is_sole: bool = True
) -> ConsentGiven:
    """Permit, at an hour, that data of sote go into one of its branches."""
    given = says.consents(
        at(hours=hour), SOTE, statement=name, kind=StatementKind.PERMIT, to_branch=to
    )
    return given._replace(recipients=(), is_sole=is_sole)


def in_force(lane: Lane) -> list[str]:
    return sorted(said.statement_id for said in lane.hot.statements if not said.ended)


def test_a_sole_permit_takes_the_place_of_every_other_that_goes_its_way() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(permits(says, 0, "A", is_sole=False), permits(says, 0, "B", Branch.SOCIAL))
    lane.hear(says.consents(at(), SOTE, statement="C"), says.consents(at(), statement="A"))
    lane.hear(permits(says, 1, "D"))
    assert in_force(lane) == ["A", "B", "C", "D"]
    assert [s.recorder for s in lane.hot.statements if s.statement_id == "A" and not s.ended] == [
        EMPLOYMENT
    ]
    assert lane.facts == (
        StatementRecorded(StatementId("D"), SOTE, "in-force"),
        StatementRecorded(StatementId("A"), SOTE, "superseded"),
    )


def test_permits_of_one_direction_add_up_where_none_is_sole() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(permits(says, 0, "A"), permits(says, 1, "B", is_sole=False))
    assert in_force(lane) == ["A", "B"]


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_what_a_sole_permit_replaced_stays_replaced_in_whatever_order_they_come(
    order: tuple[int, ...],
) -> None:
    lane, says = Lane(), Speaker()
    words = (
        permits(says, 0, "A", is_sole=False),
        permits(says, 1, "B"),
        permits(says, 2, "C"),
        permits(says, 3, "D", is_sole=False),
    )
    lane.hear(*[late(words[place], at(days=1)) for place in order])
    assert in_force(lane) == ["C", "D"]


def test_a_permit_that_was_replaced_has_ended_and_may_be_given_again() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(permits(says, 0, "A"), permits(says, 1, "B"))
    (end,) = [said for said in lane.hot.statements if said.ended]
    assert standing(end, at(hours=1)) is Standing.SUPERSEDED
    assert refused(lane, says.withdraws(at(hours=2), SOTE, "A")) == "statement-has-ended"
    lane.hear(says.withdraws(at(hours=2), SOTE, "A", in_error=True))
    (end,) = [said for said in lane.hot.statements if said.ended]
    assert standing(end, at(hours=2)) is Standing.ENTERED_IN_ERROR
    lane.hear(permits(says, 3, "A"))
    assert in_force(lane) == ["A"]


def test_a_late_permit_under_a_consents_id_takes_its_place_and_stands_no_more() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(), SOTE, statement="A"), permits(says, 2, "B"))
    lane.hear(late(permits(says, 1, "A"), at(days=1)))
    assert in_force(lane) == ["B"]
    assert states(lane)[-1] == "superseded"


def test_a_narrower_sole_permit_recalls_what_the_other_had_let_go() -> None:
    lane, says = Lane(TWO_SOTES), Speaker()
    lane.hear(permits(says, 0, "A"), says.refers(at(hours=1), SOTE, OTHER_SOTE))
    lane.hear(says.answers(HandoffAccepted, at(hours=2), OTHER_SOTE, lane.handoff.handoff_id))
    lane.hear(permits(says, 3, "B")._replace(categories=(Category.IDENTITY,)))
    assert lane.handoff.granted == (Category.IDENTITY,)
    (recall,) = [fact for fact in lane.facts if isinstance(fact, RecallIssued)]
    assert (recall.to, {*recall.categories}) == (OTHER_SOTE, {*DEFAULTS} - {Category.IDENTITY})


def test_a_narrower_sole_permit_recalls_from_handoffs_that_are_over() -> None:
    lane, says = Lane(TWO_SOTES), Speaker()
    lane.hear(permits(says, 0, "A"), says.refers(at(hours=1), SOTE, OTHER_SOTE))
    handoff_id = lane.handoff.handoff_id
    lane.hear(says.answers(HandoffAccepted, at(hours=2), OTHER_SOTE, handoff_id))
    lane.hear(says.answers(ServiceStarted, at(hours=3), OTHER_SOTE, handoff_id))
    lane.hear(says.answers(ServiceCompleted, at(hours=4), OTHER_SOTE, handoff_id))
    narrow = permits(says, 9, "B")._replace(categories=(Category.IDENTITY,))
    assert needs_closed(lane.hot, narrow)
    lane.hear(narrow)
    assert [fact.to for fact in lane.facts if isinstance(fact, RecallIssued)] == [OTHER_SOTE]


# How a statement stands


def test_a_statement_begins_holds_and_expires() -> None:
    made = as_made(Speaker().consents(at(), valid=(at(days=1), at(days=2))))
    assert standing(made, Instant(at(days=1) - 1)) is Standing.NOT_YET
    assert standing(made, at(days=1)) is Standing.ACTIVE
    assert standing(made, Instant(at(days=2) - 1)) is Standing.ACTIVE
    assert standing(made, at(days=2)) is Standing.EXPIRED


def test_a_statement_without_dates_holds_for_ever() -> None:
    made = as_made(Speaker().prohibits(at()))
    assert standing(made, Instant(0)) is Standing.ACTIVE
    assert standing(made, at(days=36_500)) is Standing.ACTIVE


def test_a_statement_stands_by_what_took_its_place() -> None:
    lane, says = Lane(), Speaker()
    first = as_made(says.consents(at()))
    second = as_made(says.consents(at(hours=1)))
    lane.hear(says.consents(at(hours=1)), says.withdraws(at(hours=2)))
    (end,) = lane.hot.statements
    assert standing(first, at(hours=1), second) is Standing.SUPERSEDED
    assert standing(second, at(hours=2), end) is standing(end, at(hours=2)) is Standing.WITHDRAWN


def test_no_notice_ever_carries_evidence_or_a_mandate() -> None:
    lane, says = referred()
    kept = says.consents(at(hours=1), statement="S-2")._replace(sealed=EVIDENCE)
    lane.hear(kept, says.prohibits(at(hours=2))._replace(sealed=EVIDENCE))
    lane.hear(says.withdraws(at(hours=3), statement="S-9")._replace(sealed=EVIDENCE))
    lane.hear(says.lifts(at(hours=4))._replace(sealed=EVIDENCE))
    lane.hear(says.refers(at(hours=5))._replace(sealed=(*EVIDENCE, part(Part.IDENTITY))))
    notices: list[Notice] = [notice for entry in lane.entries for notice in entry.deliveries]
    assert {notice.kind for notice in notices} >= {NoticeKind.REFERRAL, NoticeKind.REFUSAL}
    carried = {sealed.part for notice in notices for sealed in notice.content}
    assert carried & {Part.IDENTITY, Part.EVIDENCE, Part.MANDATE} == {Part.IDENTITY}
