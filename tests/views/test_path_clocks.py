"""Clocks of cases and persons show where people look for them, and with all that moved them."""

from hashlib import sha256

from streams.domain.agreement import Agreement
from streams.domain.answers import (
    HandoffAccepted,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceStarted,
)
from streams.domain.clock_facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockReprojected,
    ClockResumed,
    ClockWarned,
    Escalated,
)
from streams.domain.codes import Milestone
from streams.domain.entry import DisclosureWithheld
from streams.domain.ids import AgencyId, ClockId, HandoffId
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled
from streams.promises.engine import Stored
from streams.views.answers import ClockSeen
from streams.views.reckoning import explain_deadline
from tests.domain.region import (
    EMPLOYMENT,
    KELA,
    SOTE,
    at,
    with_clock,
)
from tests.domain.speaker import Speaker
from tests.domain.terms import clock
from tests.views.watched_hub import WatchedHub, watched

FIRST_SERVICE = clock(
    "calendar_days", 60, rule="first-service", met_on=("in-progress",), cancelled_on=()
)._replace(scope="case")
SICKNESS = clock(
    "benefit_days",
    60,
    rule="sickness-60",
    starts_on=("sickness_benefit_days",),
    met_on=("assessment_started",),
    cancelled_on=(),
)._replace(scope="person", owner_sector="kela", days_a_week=6)
ACCEPTED_IN_TIME = clock("hours", 48, pauses_on=("info-needed",))


def turned(agreement: Agreement, limit: int) -> Agreement:
    """Give the next version of an agreement, with another limit for its one clock, from day 2."""
    (rule,) = agreement.clock_rules
    return with_clock(rule._replace(limit=limit))._replace(
        digest=sha256(b"next").digest(), clock_digest=b"next", valid_from=at(2)
    )


def counted(speaker: Speaker, day: float, days: int) -> MilestoneReached:
    return speaker.reaches(at(day), Milestone.SICKNESS_BENEFIT_DAYS, KELA)._replace(amount=days)


def referred(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))


def of_rule(clocks: list[ClockSeen], rule: str) -> ClockSeen:
    return next(seen for seen in clocks if seen.rule == rule)


def test_a_cases_clock_shows_under_its_first_handoff() -> None:
    speaker = Speaker()
    with watched(with_clock(FIRST_SERVICE)) as hub:
        referred(hub, speaker)
        first = hub.handoff()
        hub.hear(speaker.rejects(at(1), SOTE, hub.handoff_id))
        hub.hear(speaker.refers(at(2), message_id="again"))
        again = hub.handoff()
        told = {seen.handoff_id: seen for seen in hub.handoffs()}

    assert again.case_id == first.handoff_id != again.handoff_id
    (case_clock,) = told[first.handoff_id].clocks
    assert (case_clock.scope, case_clock.handoff_id) == ("case", first.case_id)
    assert (case_clock.owner, case_clock.person) == (SOTE, speaker.person)
    assert told[again.handoff_id].clocks == ()


def test_a_persons_clock_shows_under_handoffs_while_they_are_open() -> None:
    speaker = Speaker()
    with watched(with_clock(SICKNESS)) as hub:
        referred(hub, speaker)
        hub.hear(counted(speaker, 1, 20))
        (clock_seen,) = hub.clocks()
        shown, due = hub.handoff().clocks, hub.handoff().next_due_at
        hub.hear(speaker.answers(HandoffAccepted, at(2), SOTE, hub.handoff_id))
        hub.hear(speaker.answers(ServiceStarted, at(3), SOTE, hub.handoff_id))
        hub.hear(speaker.answers(ServiceCompleted, at(4), SOTE, hub.handoff_id))
        over = hub.handoff()
        late = hub.desk.handoffs(overdue_at=at(400))

    assert (clock_seen.handoff_id, clock_seen.scope, clock_seen.owner) == (None, "person", KELA)
    assert (clock_seen.counted_days, clock_seen.counted_at) == (20, at(1))
    assert (shown, due) == ((clock_seen,), clock_seen.due_at)
    assert (over.clocks, over.next_due_at, late) == ((), None, [])


def test_days_that_are_counted_anew_move_a_clock_and_say_so() -> None:
    speaker = Speaker()
    with watched(with_clock(SICKNESS)) as hub:
        hub.hear(counted(speaker, 0, 20))
        (before,) = hub.clocks()
        hub.hear(counted(speaker, 14, 50))
        (after,) = hub.clocks()

    (moved,) = after.reprojections
    assert (after.counted_days, after.counted_at) == (50, at(14))
    assert moved == (at(14), "days-counted", before.due_at, after.due_at)
    assert after.due_at < before.due_at
    assert after.rungs[-1].at == after.due_at


def test_a_changed_agreement_moves_what_runs_and_leaves_what_fired() -> None:
    speaker = Speaker()
    first = with_clock(clock("calendar_days", 10))._replace(clock_digest=b"first")
    with watched(first, turned(first, 4)) as hub:
        referred(hub, speaker)
        (before,) = hub.clocks()
        hub.advance(at(3))
        (moved,) = hub.clocks()
        hub.advance(at(30))
        (breached,) = hub.clocks()

    assert [each.reason for each in moved.reprojections] == ["agreement-changed"]
    assert (moved.due_at < before.due_at, moved.agreement_digest) == (
        True,
        sha256(b"next").hexdigest(),
    )
    assert breached.rungs[0].fired_at == breached.due_at == moved.due_at


def test_a_broken_promise_keeps_its_due_time_under_a_new_agreement() -> None:
    speaker = Speaker()
    first = with_clock(clock("hours", 4))._replace(clock_digest=b"first")
    with watched(first, turned(first, 400)) as hub:
        referred(hub, speaker)
        hub.advance(at(1))
        (broken,) = hub.clocks()
        hub.advance(at(3))
        hub.hear(speaker.reaches(at(3), Milestone.CONTACT_MADE))
        (still,) = hub.clocks()

    assert (still.state, still.due_at) == ("breached", broken.due_at)
    assert still.agreement_digest == broken.agreement_digest
    assert still.rungs == broken.rungs


def test_a_pause_stands_in_the_suspension_ledger_with_its_ground() -> None:
    speaker = Speaker()
    with watched(with_clock(ACCEPTED_IN_TIME)) as hub:
        referred(hub, speaker)
        hub.hear(speaker.answers(InformationRequested, at(0, 2), SOTE, hub.handoff_id))
        (paused,) = hub.clocks()
        hub.hear(speaker.answers(InformationProvided, at(0, 12), EMPLOYMENT, hub.handoff_id))
        (resumed,) = hub.clocks()

    assert paused.suspensions == ((at(0, 2), None, "info-needed"),)
    assert resumed.suspensions == ((at(0, 2), at(0, 12), "info-needed"),)


def test_a_clock_that_is_overdue_at_its_start_says_so() -> None:
    speaker = Speaker()
    late = speaker.refers(at(0))
    late = late._replace(envelope=late.envelope._replace(recorded_at=at(30)))
    with watched() as hub:
        hub.hear(speaker.consents(at(0)), late)
        hub.advance(at(30))
        (seen,) = hub.clocks()

    assert (seen.remark, seen.state) == ("overdue-at-start", "breached")
    assert seen.rungs[0].fired_at is None
    assert seen.rungs[-1].late_by_us == at(30) - seen.due_at


def test_why_a_clock_was_cancelled_is_told() -> None:
    speaker = Speaker()
    with watched(with_clock(ACCEPTED_IN_TIME)) as hub:
        referred(hub, speaker)
        hub.hear(speaker.answers(ReferralCancelled, at(1), EMPLOYMENT, hub.handoff_id))
        (over,) = hub.clocks()

    assert (over.state, over.ended_by) == ("cancelled", "cancelled")


def test_what_is_missing_follows_what_is_withheld_while_a_basis_is_awaited(
    hub: WatchedHub,
) -> None:
    hub.hear(Speaker().refers(at(0)))
    before = hub.handoff()
    assert before.missing_basis is not None
    last = hub.entries[-1]
    (withheld,) = [f for f in last.entry.facts if isinstance(f, DisclosureWithheld)]
    fewer = withheld._replace(categories=withheld.categories[:1], missing=withheld.missing[:1])

    hub.desk.apply(
        [Stored(last.position + 1, last.entry._replace(facts=(fewer,), deliveries=()), b"d")]
    )

    seen = hub.desk.handoff(HandoffId(before.handoff_id))
    assert seen is not None
    assert seen.missing_basis == before.missing_basis[:1]


def test_what_is_said_of_a_clock_that_is_not_known_changes_nothing(hub: WatchedHub) -> None:
    referred(hub, Speaker())
    before, last = hub.clocks(), hub.entries[-1]
    nobody = ClockId("c-nobody")
    facts = (
        ClockPaused(nobody, None, at(1), "on-hold"),
        ClockResumed(nobody, None, at(1), at(2), ()),
        ClockReprojected(nobody, None, "days-counted", at(2), ()),
        ClockWarned(nobody, None, "warn-0.6", 0),
        ClockBreached(nobody, None, at(2), 0),
        Escalated(nobody, None, "breach", "source", SOTE),
        ClockMet(nobody, None, at(2), 0, reported_late=False, breached=False),
        ClockCancelled(nobody, None, at(2), "cancelled"),
    )

    hub.desk.apply(
        [Stored(last.position + 1, last.entry._replace(facts=facts, deliveries=()), b"d")]
    )

    assert hub.desk.clocks() == before


def test_clocks_are_found_by_lane_owner_and_id(hub: WatchedHub) -> None:
    speaker = Speaker()
    referred(hub, speaker)
    (seen,) = hub.clocks()

    assert hub.desk.clocks(person=speaker.person, owner=SOTE) == [seen]
    assert hub.desk.clocks(owner=AgencyId("nobody")) == []
    assert hub.desk.clock(ClockId(seen.clock_id)) == seen
    assert hub.desk.clock(ClockId("c-nobody")) is None


def test_a_recalls_clock_shows_with_its_handoff_until_it_is_confirmed() -> None:
    rule = clock(
        "working_days",
        3,
        rule="recall",
        starts_on=("RecallIssued",),
        met_on=("RecallAcknowledged",),
        cancelled_on=(),
    )._replace(scope="recall")
    with watched(with_clock(rule)) as hub:
        speaker = Speaker()
        hub.hear(speaker.consents(at()), speaker.refers(at()))
        handoff_id = hub.handoff_id
        hub.hear(
            speaker.answers(HandoffAccepted, at(hours=1), SOTE, handoff_id),
            speaker.answers(ServiceCompleted, at(hours=2), SOTE, handoff_id),
            speaker.withdraws(at(hours=3)),
        )
        (running,) = hub.clocks()
        assert (running.scope, running.rule, running.state) == ("recall", "recall", "running")
        assert (running.handoff_id, running.owner) == (handoff_id, SOTE)
        handoff = hub.handoff()
        assert (handoff.status, handoff.clocks) == ("completed", (running,))
        hub.advance(at(days=10))
        (breached,) = hub.clocks()
        assert (breached.state, breached.ended_at) == ("breached", None)
        hub.hear(speaker.answers(RecallAcknowledged, at(days=11), SOTE, handoff_id))
        (ended,) = hub.clocks()
        assert (ended.state, ended.ended_at) == ("breached", at(days=11))
        why = explain_deadline(running, with_clock(rule), at(hours=3))
        assert why is not None
        assert (why.counted, why.budget, why.left) == (3, 3, 0)
