"""A person's statements begin, end, expire and replace each other, and handoffs follow."""

from streams.domain.clocks import BASIS_TURN, next_clock
from streams.domain.codes import Basis, Milestone, NoticeKind, Status
from streams.domain.entry import (
    Act,
    HandoffStatusChanged,
    StatementRecorded,
)
from streams.domain.ids import (
    AgencyId,
    ClockId,
    Instant,
    StatementId,
    derive,
)
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    PERSON,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker


def referred() -> tuple[Lane, Speaker]:
    """Refer a person on a consent."""
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)), says.refers(at()))
    return lane, says


def test_an_expiring_consent_and_a_prohibition_that_begins_work_like_a_withdrawal() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1), valid=(None, at(days=2))))
    lane.hear(says.refers(at()))
    assert next_clock(lane.hot) is not None
    lane.wait_until(Instant(at(days=2) - 1))
    assert lane.handoff.status is Status.REQUESTED
    lane.wait_until(at(days=2))
    assert lane.hot.handoffs == ()
    assert lane.entries[-1].recorded_at == at(days=2)

    lane, says = referred()
    lane.hear(says.prohibits(at(hours=1), valid=(at(days=1), at(days=2))))
    assert lane.handoff.status is Status.REQUESTED
    lane.wait_until(at(days=1))
    assert lane.hot.handoffs == ()


def test_a_prohibition_that_ends_or_is_lifted_lets_the_handoff_go_on() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(days=-1)))
    lane.hear(says.prohibits(at(days=-1), valid=(None, at(days=1))))
    lane.hear(says.refers(at()))
    missing = lane.told(NoticeKind.STATUS).missing
    assert {(one.act, one.rule) for one in missing} == {(Act.LIFT, "K-1")}
    lane.wait_until(at(days=1))
    assert lane.handoff.status is Status.REQUESTED


def test_a_turn_of_a_statement_counts_only_while_a_handoff_is_open() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.consents(at(), valid=(at(days=1), at(days=2))))
    assert next_clock(lane.hot) is None
    lane.hear(says.refers(at(hours=1)))
    following = next_clock(lane.hot)
    assert following is not None
    assert (following[0], following[2]) == (at(days=1), BASIS_TURN)


def test_a_turn_at_the_moment_of_another_clock_fires_by_clock_id() -> None:
    turn = ClockId(derive("c", PERSON, BASIS_TURN))
    ends = set()
    for number in range(8):
        lane, says = Lane(), Speaker()
        lane.hear(says.refers(at(), message_id=f"r-{number}"))
        lane.hear(says.consents(at(hours=1), valid=(at(days=30), None)))
        waits_out = lane.hot.clocks[0].clock_id
        lane.wait_until(at(days=30))
        status = lane.all_facts(HandoffStatusChanged)[0].to
        assert status is (Status.REQUESTED if turn < waits_out else Status.CANCELLED)
        ends.add(status)
    assert len(ends) == 2


def test_a_typ_clienthood_is_a_basis_while_it_lasts() -> None:
    lane, says = Lane(with_basis(statute(DEFAULTS, kind=Basis.TYP_MEMBERSHIP))), Speaker()
    lane.hear(says.refers(at()))
    lane.hear(says.reaches(at(hours=1), Milestone.TYP_MEMBERSHIP_STARTED))
    assert lane.handoff.status is Status.REQUESTED
    released = len(lane.entries)
    lane.hear(says.reaches(at(hours=2), Milestone.TYP_MEMBERSHIP_STARTED))
    lane.hear(says.reaches(at(hours=2), Milestone.PLAN_MADE))
    assert all(entry.facts == () for entry in lane.entries[released:])
    lane.hear(says.reaches(at(hours=3), Milestone.TYP_MEMBERSHIP_ENDED))
    assert lane.hot.handoffs == ()


def test_what_was_said_of_a_statement_stands_in_its_entry() -> None:
    lane, says = referred()
    lane.hear(says.prohibits(at(hours=1)), says.lifts(at(hours=2)), says.withdraws(at(hours=3)))
    assert [(f.statement_id, f.state) for f in lane.all_facts(StatementRecorded)] == [
        ("S-1", "in-force"),
        ("K-1", "in-force"),
        ("K-1", "ended"),
        ("S-1", "ended"),
    ]


def test_an_older_version_of_a_statement_that_comes_late_does_not_replace_a_newer() -> None:
    lane, says = referred()
    lane.hear(says.withdraws(at(hours=2)))
    older = says.consents(at(hours=1))
    lane.hear(older._replace(envelope=older.envelope._replace(recorded_at=at(hours=3))))
    assert lane.facts == (StatementRecorded(StatementId("S-1"), EMPLOYMENT, "superseded"),)
    assert lane.hot.statements[0].ended


def test_a_withdrawal_older_than_the_consent_changes_nothing() -> None:
    lane, says = referred()
    older = says.withdraws(at(days=-2))
    lane.hear(older._replace(envelope=older.envelope._replace(recorded_at=at(hours=3))))
    assert lane.facts == (StatementRecorded(StatementId("S-1"), EMPLOYMENT, "superseded"),)
    assert lane.handoff.status is Status.REQUESTED


def test_a_statement_that_was_withdrawn_before_it_was_known_cannot_begin_late() -> None:
    lane, says = Lane(), Speaker()
    lane.hear(says.withdraws(at(hours=2)), says.lifts(at(hours=2)))
    consent, prohibition = says.consents(at(hours=1)), says.prohibits(at(hours=1))
    for late in (consent, prohibition):
        lane.hear(late._replace(envelope=late.envelope._replace(recorded_at=at(hours=3))))
    assert [statement.ended for statement in lane.hot.statements] == [True, True]
    lane.hear(says.consents(at(hours=4)))
    assert [s.ended for s in lane.hot.statements if s.statement_id == "S-1"] == [False]


def test_statements_of_two_recorders_under_one_id_are_two() -> None:
    lane, says = referred()
    lane.hear(says.withdraws(at(hours=1), agency=AgencyId(KELA)))
    assert lane.handoff.status is Status.REQUESTED
    assert [s.recorder for s in lane.hot.statements] == [EMPLOYMENT, KELA]


def test_a_withdrawal_ends_no_prohibition_and_a_lifting_no_consent() -> None:
    lane, says = referred()
    lane.hear(says.prohibits(at(hours=1)))
    assert lane.hot.handoffs == ()
    for ending in (
        says.withdraws(at(hours=2), statement="K-1"),
        says.lifts(at(hours=3), statement="S-1"),
    ):
        before = lane.hot.statements
        step = lane.hear(ending)
        assert (step.verdict, step.rule) == (Verdict.REFUSED, "statement-of-another-kind")
        assert lane.told(NoticeKind.REFUSAL).to == EMPLOYMENT
        assert lane.hot.statements == before
