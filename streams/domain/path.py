"""The person's path beside the handoffs: milestones that agencies report."""

from typing import NamedTuple

from streams.domain.codes import Milestone
from streams.domain.envelope import Envelope, SealedPart


class MilestoneReached(NamedTuple):
    """A step on the path was reached; `amount` counts days for the milestones that count days."""

    envelope: Envelope
    milestone: Milestone
    amount: int | None
    sealed: tuple[SealedPart, ...]
