"""Handoff: one agency asks another to answer for a person, and hears back.

    requested -> received -> accepted -> in-progress <-> on-hold -> completed | failed | cancelled

The machine is data: `TRANSITIONS` holds what may happen, by whom, and nothing else may. Terminal
statuses never change.
"""

from typing import NamedTuple

from streams.domain.codes import Status
from streams.domain.ids import AgencyId
from streams.domain.person import Handoff

SOURCE, RECIPIENT, BY_HUB = "source", "recipient", "hub"
EITHER = "source|recipient"

TERMINAL = frozenset(
    {
        Status.COMPLETED,
        Status.FAILED,
        Status.CANCELLED,
        Status.REJECTED,
        Status.ENTERED_IN_ERROR,
    }
)
ACCEPTED = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD})
"""The recipient has taken the person on, and has not ended the service."""

_BEFORE_ANSWER = (Status.REQUESTED, Status.RECEIVED, Status.INFO_NEEDED, Status.UNDELIVERABLE)
_ANSWERABLE = (Status.REQUESTED, Status.RECEIVED, Status.UNDELIVERABLE)


class Transition(NamedTuple):
    """What an event makes of a status, and which role may say it."""

    to: Status
    actor: str


def _machine() -> dict[tuple[Status | None, str], tuple[Transition, ...]]:
    rows: dict[tuple[Status | None, str], tuple[Transition, ...]] = {
        (None, "ReferralSubmitted"): (
            Transition(Status.REQUESTED, SOURCE),
            Transition(Status.AWAITING_BASIS, SOURCE),
        ),
        (None, "HandoffRejected"): (
            Transition(Status.REQUESTED, BY_HUB),
            Transition(Status.AWAITING_BASIS, BY_HUB),
        ),
        (Status.AWAITING_BASIS, "ClockReached"): (
            Transition(Status.CANCELLED, BY_HUB),
            Transition(Status.REQUESTED, BY_HUB),
        ),
    }
    for event in ("ConsentGiven", "ProhibitionLifted", "MilestoneReached"):
        rows[Status.AWAITING_BASIS, event] = (Transition(Status.REQUESTED, BY_HUB),)
    for status in (Status.AWAITING_BASIS, *_BEFORE_ANSWER):
        rows[status, "ReferralCancelled"] = (Transition(Status.CANCELLED, SOURCE),)
        rows[status, "ReferralMarkedInError"] = (Transition(Status.ENTERED_IN_ERROR, SOURCE),)
    for status in _BEFORE_ANSWER:
        for event in (
            "ConsentWithdrawn",
            "DisclosureProhibited",
            "ConsentGiven",
            "MilestoneReached",
            "ClockReached",
        ):
            rows[status, event] = (Transition(Status.CANCELLED, BY_HUB),)
        rows[status, "HandoffAccepted"] = (Transition(Status.ACCEPTED, RECIPIENT),)
        rows[status, "HandoffRejected"] = (Transition(Status.REJECTED, RECIPIENT),)
    for status in _ANSWERABLE:
        rows[status, "HandoffReceived"] = (Transition(Status.RECEIVED, RECIPIENT),)
        rows[status, "InformationRequested"] = (Transition(Status.INFO_NEEDED, RECIPIENT),)
    rows[Status.REQUESTED, "NoticeDelivered"] = (Transition(Status.RECEIVED, BY_HUB),)
    rows[Status.UNDELIVERABLE, "NoticeDelivered"] = (Transition(Status.RECEIVED, BY_HUB),)
    rows[Status.REQUESTED, "NoticeUndeliverable"] = (Transition(Status.UNDELIVERABLE, BY_HUB),)
    rows[Status.INFO_NEEDED, "InformationProvided"] = (Transition(Status.RECEIVED, SOURCE),)
    for status in (Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD):
        rows[status, "ServiceCompleted"] = (Transition(Status.COMPLETED, RECIPIENT),)
        rows[status, "ServiceFailed"] = (Transition(Status.FAILED, RECIPIENT),)
        rows[status, "ReferralCancelled"] = (Transition(Status.CANCELLED, EITHER),)
        rows[status, "ReferralMarkedInError"] = (Transition(Status.ENTERED_IN_ERROR, SOURCE),)
    for status in (Status.ACCEPTED, Status.IN_PROGRESS):
        rows[status, "ServicePaused"] = (Transition(Status.ON_HOLD, RECIPIENT),)
    for status in (Status.ACCEPTED, Status.ON_HOLD):
        rows[status, "ServiceStarted"] = (Transition(Status.IN_PROGRESS, RECIPIENT),)
    return rows


TRANSITIONS = _machine()

_SPEAKERS = {
    SOURCE: "only-the-source",
    RECIPIENT: "only-the-recipient",
    EITHER: "only-source-or-recipient",
    BY_HUB: "only-the-hub",
}
_SAID_BY = {
    "ReferralCancelled": SOURCE,
    "ReferralMarkedInError": SOURCE,
    "InformationProvided": SOURCE,
}


def move(handoff: Handoff, event: str, agency: AgencyId) -> Status | str:
    """Say where an agency's event takes a handoff, or the rule that refuses it.

    Rules: `terminal`, `only-the-source`, `only-the-recipient`, `only-source-or-recipient`, or
    `<event>-not-from-<status>`.
    """
    if handoff.status in TERMINAL:
        return "terminal"
    rows = TRANSITIONS.get((handoff.status, event))
    if rows is None:
        speaker = _SAID_BY.get(event, RECIPIENT)
        if not speaks_as(handoff, agency, speaker):
            return _SPEAKERS[speaker]
        return f"{event}-not-from-{handoff.status}"
    transition = rows[0]
    if not speaks_as(handoff, agency, transition.actor):
        return _SPEAKERS[transition.actor]
    return transition.to


def speaks_as(handoff: Handoff, agency: AgencyId, actor: str) -> bool:
    """Say whether an agency is, for a handoff, the role that a transition asks for."""
    if actor == EITHER:
        return agency in (handoff.source, handoff.recipient)
    if actor == SOURCE:
        return agency == handoff.source
    return actor == RECIPIENT and agency == handoff.recipient
