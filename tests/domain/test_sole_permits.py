"""A permit that is the only one of its recorder in its direction, as Kanta keeps them."""

from itertools import permutations

import pytest

from streams.domain.answers import HandoffAccepted, ServiceCompleted, ServiceStarted
from streams.domain.closed_record import needs_closed
from streams.domain.codes import Branch, Category
from streams.domain.entry import RecallIssued, StatementRecorded
from streams.domain.event import StatementMade
from streams.domain.ids import StatementId
from streams.domain.person import Statement
from streams.domain.statement import Standing, standing
from streams.domain.statements import ConsentGiven, StatementKind
from tests.domain.lane import Lane
from tests.domain.questions import OTHER_SOTE, TWO_SOTES
from tests.domain.region import DEFAULTS, EMPLOYMENT, SOTE, at
from tests.domain.speaker import Speaker


def late(said: StatementMade) -> StatementMade:
    """Let what was said come to the hub a day later."""
    return said._replace(envelope=said.envelope._replace(recorded_at=at(days=1)))


def ended(lane: Lane) -> Statement:
    (end,) = [said for said in lane.hot.statements if said.ended]
    return end


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
    lane.hear(*[late(words[place]) for place in order])
    assert in_force(lane) == ["C", "D"]


def test_a_permit_that_was_replaced_has_ended_and_may_be_given_again() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(permits(says, 0, "A"), permits(says, 1, "B"))
    assert standing(ended(lane), at(hours=1)) is Standing.SUPERSEDED
    assert lane.hear(says.withdraws(at(hours=2), SOTE, "A")).rule == "statement-has-ended"
    lane.hear(says.withdraws(at(hours=2), SOTE, "A", in_error=True))
    assert standing(ended(lane), at(hours=2)) is Standing.ENTERED_IN_ERROR
    lane.hear(permits(says, 3, "A"))
    assert in_force(lane) == ["A"]


def test_a_late_permit_under_a_consents_id_takes_its_place_and_stands_no_more() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(), SOTE, statement="A"), permits(says, 2, "B"))
    lane.hear(late(permits(says, 1, "A")))
    assert in_force(lane) == ["B"]
    assert [fact.state for fact in lane.all_facts(StatementRecorded)][-1] == "superseded"


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
