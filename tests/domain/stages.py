"""A handoff brought to each of its statuses, resting on each basis that may end."""

from collections.abc import Callable
from typing import NamedTuple

from streams.domain.agreement import Agreement
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    HandoffRejected,
    InformationRequested,
    ServiceCompleted,
    ServiceFailed,
    ServicePaused,
    ServiceStarted,
)
from streams.domain.codes import Basis, Milestone, NoticeKind, Status
from streams.domain.event import HandoffAnswer
from streams.domain.hub_events import NoticeUndeliverable
from streams.domain.ids import AgencyId, HandoffId, Instant
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from tests.domain.lane import Lane
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    REGION,
    SOTE,
    PlainAnswer,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker

MEMBERS_MAY_TELL = with_basis(statute(DEFAULTS, kind=Basis.TYP_MEMBERSHIP))
"""The region, where the TYP act lets employment tell sote of its members."""
EXPIRY = at(days=2)


class Stage(NamedTuple):
    """A lane in which a handoff from employment to sote has reached a status."""

    lane: Lane
    says: Speaker
    handoff_id: HandoffId


Saying = type[PlainAnswer] | type[HandoffRejected]
ON_THE_WAY: dict[Status, tuple[tuple[Saying, AgencyId], ...]] = {
    Status.REQUESTED: (),
    Status.RECEIVED: ((HandoffReceived, SOTE),),
    Status.INFO_NEEDED: ((InformationRequested, SOTE),),
    Status.UNDELIVERABLE: (),
    Status.ACCEPTED: ((HandoffAccepted, SOTE),),
    Status.IN_PROGRESS: ((HandoffAccepted, SOTE), (ServiceStarted, SOTE)),
    Status.ON_HOLD: ((HandoffAccepted, SOTE), (ServicePaused, SOTE)),
    Status.COMPLETED: ((HandoffAccepted, SOTE), (ServiceCompleted, SOTE)),
    Status.FAILED: ((HandoffAccepted, SOTE), (ServiceFailed, SOTE)),
    Status.CANCELLED: ((ReferralCancelled, EMPLOYMENT),),
    Status.REJECTED: ((HandoffRejected, SOTE),),
    Status.ENTERED_IN_ERROR: ((ReferralMarkedInError, EMPLOYMENT),),
}


def said(
    says: Speaker, kind: Saying, when: Instant, agency: AgencyId, handoff_id: HandoffId
) -> HandoffAnswer:
    """Say anything of a handoff, a rejection included."""
    if issubclass(kind, HandoffRejected):
        return says.rejects(when, agency, handoff_id)
    return says.answers(kind, when, agency, handoff_id)


def on_consent(lane: Lane, says: Speaker) -> None:
    """Let the handoff rest on a consent for ever."""
    lane.hear(says.consents(at(days=-1)))


def on_expiring_consent(lane: Lane, says: Speaker) -> None:
    """Let the handoff rest on a consent that ends at `EXPIRY`."""
    lane.hear(says.consents(at(days=-1), valid=(None, EXPIRY)))


def on_membership(lane: Lane, says: Speaker) -> None:
    """Let the handoff rest on a TYP clienthood."""
    lane.agreement = MEMBERS_MAY_TELL
    lane.hear(says.reaches(at(days=-1), Milestone.TYP_MEMBERSHIP_STARTED))


def staged(
    status: Status,
    basis: Callable[[Lane, Speaker], None] = on_consent,
    agreement: Agreement = REGION,
) -> Stage:
    """Bring a handoff to a status, within an hour from Monday noon."""
    lane, says = Lane(agreement), Speaker()
    if status is not Status.AWAITING_BASIS:
        basis(lane, says)
    lane.hear(says.refers(at(), message_id="m-staged"))
    handoff_id = lane.handoff.handoff_id
    if status is Status.UNDELIVERABLE:
        notice = lane.told(NoticeKind.REFERRAL)
        lane.hear(
            says.dispatch(NoticeUndeliverable, at(hours=0.1), notice.notice_id, handoff_id, SOTE)
        )
    for number, (kind, agency) in enumerate(ON_THE_WAY.get(status, ()), start=1):
        lane.hear(said(says, kind, at(hours=number / 10), agency, handoff_id))
    return Stage(lane, says, handoff_id)
