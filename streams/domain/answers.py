"""What the parties of a handoff say of it, in the past tense.

Each names its handoff by the hub's `handoff_id` or by the source's own `referral_id`; one of the
two is given. Free text travels among the sealed parts.
"""

from typing import NamedTuple

from streams.domain.codes import RejectReason
from streams.domain.envelope import Envelope, SealedPart
from streams.domain.ids import HandoffId


class HandoffReceived(NamedTuple):
    """The recipient has the referral before it."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class HandoffAccepted(NamedTuple):
    """The recipient took the person on: responsibility moves with this."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class HandoffRejected(NamedTuple):
    """The recipient said no, and why."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    reason: RejectReason
    sealed: tuple[SealedPart, ...]


class InformationRequested(NamedTuple):
    """The recipient needs to know more before it answers."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class InformationProvided(NamedTuple):
    """The source answered the recipient's question."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class ServiceStarted(NamedTuple):
    """The service began, or went on after a pause."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class ServicePaused(NamedTuple):
    """The service stands still for now."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class ServiceCompleted(NamedTuple):
    """The service came to its end as meant."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class ServiceFailed(NamedTuple):
    """The service ended otherwise than meant."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class RecallAcknowledged(NamedTuple):
    """A recalled recipient confirms that it has stopped using the data."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class WorkerNamed(NamedTuple):
    """The recipient named who walks with the person (omatyöntekijä)."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]
