"""What the hub itself reports: deliveries, clocks, people on duty, agreements, silence."""

from typing import NamedTuple

from streams.domain.codes import NoticeKind
from streams.domain.envelope import Envelope
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant, NoticeId


class DeliveryStarted(NamedTuple):
    """A notice is about to leave for the first time; from here on a withdrawal means a recall."""

    envelope: Envelope
    notice_id: NoticeId
    handoff_id: HandoffId | None
    to: AgencyId
    kind: NoticeKind
    attempt: int


class NoticeDelivered(NamedTuple):
    """The receiving agency took the notice; `attempt` counts from 1."""

    envelope: Envelope
    notice_id: NoticeId
    handoff_id: HandoffId | None
    to: AgencyId
    kind: NoticeKind
    attempt: int


class NoticeUndeliverable(NamedTuple):
    """The notice could not be delivered within the agreement's limit; `cause` is a code."""

    envelope: Envelope
    notice_id: NoticeId
    handoff_id: HandoffId | None
    to: AgencyId
    kind: NoticeKind
    attempt: int
    cause: str


class ClockReached(NamedTuple):
    """One of the person's clocks came to its next moment: a rung, its end, or another turn.

    `late_by_us` is how many microseconds after that moment the hub could feed it, by wall time; 0
    where the hub stands in virtual time.
    """

    envelope: Envelope
    clock_id: ClockId
    rung: str
    late_by_us: int


class EscalationAcknowledged(NamedTuple):
    """Somebody on duty has seen the escalation; `by` is a role or a duty id, never a name."""

    envelope: Envelope
    clock_id: ClockId
    rung: str
    by: str


class EscalationAssigned(NamedTuple):
    """The escalation was given to somebody; `to` is a role or a duty id, never a name."""

    envelope: Envelope
    clock_id: ClockId
    rung: str
    to: str


class EscalationSnoozed(NamedTuple):
    """The escalation rests until `until`, for a coded reason."""

    envelope: Envelope
    clock_id: ClockId
    rung: str
    until: Instant
    reason: str


class AgreementChanged(NamedTuple):
    """The agreement has a new version; fed to each person with open clocks."""

    envelope: Envelope
    agreement_digest: bytes


class AgencyFellSilent(NamedTuple):
    """Nothing came from an agency for longer than agreed; in the agency's own lane."""

    envelope: Envelope
    silent_since: Instant


class AgencyHeardAgain(NamedTuple):
    """Messages come from the agency again; in the agency's own lane."""

    envelope: Envelope
    silent_since: Instant


SaidOfClocks = (
    EscalationAcknowledged
    | EscalationAssigned
    | EscalationSnoozed
    | AgreementChanged
    | AgencyFellSilent
    | AgencyHeardAgain
)
"""What people on duty, a new agreement and an agency's silence say of clocks."""
