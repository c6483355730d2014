"""The handoff's machine: what may happen, by whom, and that nothing else changes anything."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceFailed,
    ServicePaused,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.codes import Milestone, NoticeKind, RejectReason, Status
from streams.domain.entry import HandoffOpened, HandoffStatusChanged, TransitionRefused, WorkerKnown
from streams.domain.event import Event
from streams.domain.handoff import TERMINAL, TRANSITIONS, move
from streams.domain.hub_events import NoticeDelivered, NoticeUndeliverable
from streams.domain.person import PersonState
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from streams.domain.step import Verdict
from tests.domain.lane import Lane
from tests.domain.region import EMPLOYMENT, KELA, REGION, SOTE, at
from tests.domain.speaker import Speaker
from tests.domain.stages import (
    EXPIRY,
    MEMBERS_MAY_TELL,
    Saying,
    Stage,
    on_consent,
    on_expiring_consent,
    on_membership,
    said,
    staged,
)


class Row(NamedTuple):
    """One line of the design's table."""

    from_: str
    event: str
    to: str
    actor: str


DATA = Path(__file__).parents[1] / "data" / "domain" / "transitions.csv"
with DATA.open(encoding="utf-8") as table:
    TABLE = [
        Row(row["from"], row["event"], row["to"], row["actor"]) for row in csv.DictReader(table)
    ]
SAYINGS: dict[str, Saying] = {
    kind.__name__: kind
    for kind in (
        HandoffReceived,
        HandoffAccepted,
        HandoffRejected,
        InformationRequested,
        InformationProvided,
        ServiceStarted,
        ServicePaused,
        ServiceCompleted,
        ServiceFailed,
        ReferralCancelled,
        ReferralMarkedInError,
    )
}
STATUSES = [status for status in Status if status is not Status.UNKNOWN]
ROLES = {"source": EMPLOYMENT, "recipient": SOTE, "stranger": KELA}
BY_PARTIES = [row for row in TABLE if row.event in SAYINGS and row.actor != "hub"]
BY_THE_HUB = [row for row in TABLE if row.actor == "hub" and row.from_ != "-"]
LATER = at(hours=1)


def test_the_code_holds_the_designs_table_and_no_other() -> None:
    held = [
        Row(status.value if status is not None else "-", event, transition.to, transition.actor)
        for (status, event), transitions in TRANSITIONS.items()
        for transition in transitions
    ]
    assert sorted(held) == sorted(TABLE)


def what_rests_on(hot: PersonState) -> PersonState:
    """Give a state without what every event moves: its count, its time and the known ids.

    Nor what agencies hold: whoever answers says that it has the data, though its answer is refused.
    """
    handoffs = tuple([h._replace(disclosed=(), delivery_started=False) for h in hot.handoffs])
    without = hot._replace(sequence=0, recorded_at=at(), known_ids=b"", holdings=0)
    without = without._replace(handoffs=handoffs)
    return without._replace(sieve=b"", closed_digest=b"")


def refusal(status: Status, event: str, role: str) -> str | None:
    """Give the rule that must refuse an event, by the design's table alone; None where none may."""
    if role == "stranger":
        return "not-a-party"
    if status in TERMINAL:
        return "terminal"
    rows = [row for row in BY_PARTIES if (row.from_, row.event) == (status.value, event)]
    if any(role in row.actor.split("|") for row in rows):
        return None
    speakers = {row.actor for row in rows} or {
        row.actor for row in BY_PARTIES if row.event == event and "|" not in row.actor
    }
    speaker = speakers.pop()
    return f"only-the-{speaker}" if role != speaker else f"{event}-not-from-{status.value}"


@pytest.mark.parametrize("event", SAYINGS)
@pytest.mark.parametrize("status", STATUSES)
def test_whatever_the_table_does_not_allow_is_refused_and_changes_nothing(
    status: Status, event: str
) -> None:
    for role, agency in ROLES.items():
        rule = refusal(status, event, role)
        if rule is None:
            continue
        lane, says, handoff_id = staged(status)
        before = lane.hot

        step = lane.hear(said(says, SAYINGS[event], LATER, agency, handoff_id))

        assert (step.verdict, step.rule) == (Verdict.REFUSED, rule), role
        assert lane.facts == (TransitionRefused(handoff_id, rule),), role
        told = [(n.to, n.kind, n.detail, n.content) for n in lane.notices]
        assert told == [(agency, NoticeKind.REFUSAL, rule, ())], role
        assert what_rests_on(step.hot) == what_rests_on(before), role
        assert step.hot.sequence == before.sequence + 1


@pytest.mark.parametrize("row", BY_PARTIES, ids=lambda row: f"{row.from_}-{row.event}")
def test_a_party_may_do_what_the_table_allows_it(row: Row) -> None:
    for role in row.actor.split("|"):
        lane, says, handoff_id = staged(Status(row.from_))

        step = lane.hear(said(says, SAYINGS[row.event], LATER, ROLES[role], handoff_id))

        assert step.verdict is Verdict.ACCEPTED
        moved = [f for f in lane.facts if isinstance(f, HandoffStatusChanged)]
        assert [(f.from_, f.to) for f in moved] == (
            [(row.from_, row.to)] if row.from_ != row.to else []
        )
        assert lane.status(handoff_id) == (None if row.to in TERMINAL else row.to)


def _consent_comes(stage: Stage) -> Event:
    return stage.says.consents(LATER)


def _consent_narrows(stage: Stage) -> Event:
    return stage.says.consents(LATER, categories=())


def _withdrawn(stage: Stage) -> Event:
    return stage.says.withdraws(LATER)


def _prohibited(stage: Stage) -> Event:
    return stage.says.prohibits(LATER)


def _membership_ends(stage: Stage) -> Event:
    return stage.says.reaches(LATER, Milestone.TYP_MEMBERSHIP_ENDED)


def _expired(stage: Stage) -> Event:
    return stage.says.reaches(EXPIRY, Milestone.CONTACT_MADE)


def _delivered(stage: Stage) -> Event:
    notice = stage.lane.told(NoticeKind.REFERRAL)
    return stage.says.dispatch(NoticeDelivered, LATER, notice.notice_id, stage.handoff_id, SOTE)


def _undeliverable(stage: Stage) -> Event:
    notice = stage.lane.told(NoticeKind.REFERRAL)
    return stage.says.dispatch(NoticeUndeliverable, LATER, notice.notice_id, stage.handoff_id, SOTE)


class Cause(NamedTuple):
    """What the handoff rests on, and what the hub then hears."""

    basis: Callable[[Lane, Speaker], None]
    event: Callable[[Stage], Event]


CAUSES = {
    "ConsentGiven": Cause(on_consent, _consent_narrows),
    "ConsentWithdrawn": Cause(on_consent, _withdrawn),
    "DisclosureProhibited": Cause(on_consent, _prohibited),
    "MilestoneReached": Cause(on_membership, _membership_ends),
    "ClockReached": Cause(on_expiring_consent, _expired),
    "NoticeDelivered": Cause(on_consent, _delivered),
    "NoticeUndeliverable": Cause(on_consent, _undeliverable),
}
ENDING = [row for row in BY_THE_HUB if row.from_ != "awaiting-basis"]


@pytest.mark.parametrize("row", ENDING, ids=lambda row: f"{row.from_}-{row.event}")
def test_the_hub_does_what_the_table_allows_it(row: Row) -> None:
    cause = CAUSES[row.event]
    stage = staged(Status(row.from_), cause.basis)

    stage.lane.hear(cause.event(stage))

    moved = stage.lane.all_facts(HandoffStatusChanged)[-1]
    assert (moved.from_, moved.to) == (row.from_, row.to)


def test_a_basis_that_arrives_releases_a_waiting_handoff() -> None:
    waiting = [row for row in BY_THE_HUB if row.from_ == "awaiting-basis"]
    assert {(row.event, row.to) for row in waiting} == {
        ("ConsentGiven", "requested"),
        ("ProhibitionLifted", "requested"),
        ("MilestoneReached", "requested"),
        ("ClockReached", "requested"),
        ("ClockReached", "cancelled"),
    }


def _given(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(LATER))


def _lifted(lane: Lane, says: Speaker) -> None:
    lane.hear(says.prohibits(at(hours=0.5)))
    lane.hear(says.consents(LATER))
    lane.hear(says.lifts(LATER))


def _member(lane: Lane, says: Speaker) -> None:
    lane.hear(says.reaches(LATER, Milestone.TYP_MEMBERSHIP_STARTED))


def _begins(lane: Lane, says: Speaker) -> None:
    lane.hear(says.consents(LATER, valid=(EXPIRY, None)))
    lane.wait_until(EXPIRY)


def _waits_out(lane: Lane, says: Speaker) -> None:
    lane.wait_until(at(days=30))


@pytest.mark.parametrize(
    ("comes", "to"),
    [
        (_given, Status.REQUESTED),
        (_lifted, Status.REQUESTED),
        (_member, Status.REQUESTED),
        (_begins, Status.REQUESTED),
        (_waits_out, Status.CANCELLED),
    ],
)
def test_a_waiting_handoff_goes_on_or_waits_out(
    comes: Callable[[Lane, Speaker], None], to: Status
) -> None:
    agreement = MEMBERS_MAY_TELL if comes is _member else REGION
    lane, says, handoff_id = staged(Status.AWAITING_BASIS, agreement=agreement)

    comes(lane, says)

    moved = lane.all_facts(HandoffStatusChanged)[-1]
    assert moved[:3] == (handoff_id, Status.AWAITING_BASIS, to)


def test_a_misdirected_rejection_opens_a_new_handoff_with_or_without_a_basis() -> None:
    for consented, status in ((True, Status.REQUESTED), (False, Status.AWAITING_BASIS)):
        lane, says = Lane(), Speaker()
        lane.hear(says.consents(at(days=-1), recipient=KELA))
        if consented:
            lane.hear(says.consents(at(days=-1), recipient=SOTE, statement="S-2"))
        lane.hear(says.refers(at(), recipient=KELA))
        lane.hear(says.rejects(LATER, KELA, lane.handoff.handoff_id, RejectReason.MISDIRECTED))
        opened = [fact for fact in lane.facts if isinstance(fact, HandoffOpened)]
        assert [(o.recipient, o.status) for o in opened] == [(SOTE, status)]


def test_a_recipient_confirms_what_the_transport_had_said() -> None:
    lane, says, handoff_id = staged(Status.RECEIVED)
    step = lane.hear(says.answers(HandoffReceived, LATER, SOTE, handoff_id))
    assert step.verdict is Verdict.ACCEPTED
    assert lane.facts == ()
    assert lane.status(handoff_id) is Status.RECEIVED


@pytest.mark.parametrize("status", [s for s in STATUSES if s not in TERMINAL])
def test_a_worker_is_named_by_the_recipient_of_an_accepted_handoff_alone(status: Status) -> None:
    accepted = status in (Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD)
    lane, says, handoff_id = staged(status)
    step = lane.hear(says.answers(WorkerNamed, LATER, SOTE, handoff_id))
    assert step.rule == ("" if accepted else f"WorkerNamed-not-from-{status.value}")
    assert (WorkerKnown(handoff_id, SOTE) in lane.facts) is accepted
    assert lane.status(handoff_id) is status
    assert lane.hear(says.answers(WorkerNamed, LATER, EMPLOYMENT, handoff_id)).rule == (
        "only-the-recipient"
    )


@pytest.mark.parametrize("status", STATUSES)
def test_without_a_recall_there_is_nothing_to_confirm(status: Status) -> None:
    lane, says, handoff_id = staged(status)
    before = lane.hot
    step = lane.hear(says.answers(RecallAcknowledged, LATER, SOTE, handoff_id))
    assert (step.verdict, step.rule) == (Verdict.REFUSED, "no-recall-to-confirm")
    assert what_rests_on(step.hot) == what_rests_on(before)


def test_an_agency_cannot_speak_for_the_hub() -> None:
    lane, _, _ = staged(Status.REQUESTED)
    assert move(lane.handoff, "NoticeDelivered", SOTE) == "only-the-hub"
    over = lane.handoff._replace(status=Status.COMPLETED)
    assert move(over, "HandoffAccepted", SOTE) == "terminal"


def test_a_stranger_to_an_accepted_handoff_cannot_cancel_it() -> None:
    lane, _, _ = staged(Status.ACCEPTED)
    assert move(lane.handoff, "ReferralCancelled", KELA) == "only-source-or-recipient"
