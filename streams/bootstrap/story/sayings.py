"""What an agency has to say, and what it hears, before and after its wire format.

Codes are the contract's; each agency's system writes them as its format does.
"""

from datetime import date
from typing import NamedTuple, Protocol

from streams.bootstrap.story.persons import Person
from streams.domain.agreement import Agency
from streams.domain.codes import (
    Category,
    Milestone,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.ids import AgencyId, Instant


class HandoffName(NamedTuple):
    """Which handoff is meant: the hub's id of it, or the source's own id of its referral."""

    handoff_id: str | None
    referral_id: str | None


class Refer(NamedTuple):
    """A referral; without a recipient the agreement routes it, without categories it chooses."""

    service: Service
    to: AgencyId | None
    reason: str
    categories: tuple[Category, ...] = ()


class Answer(NamedTuple):
    """What a party says of a handoff; `status` is one of `ANSWERS`."""

    handoff: HandoffName
    status: str
    reason: RejectReason | None = None
    words: str = ""


class NameWorker(NamedTuple):
    """Who walks with the person."""

    handoff: HandoffName
    name: str
    role: str
    unit: str


class ConfirmRecall(NamedTuple):
    """The recalled data is no longer in use."""

    handoff: HandoffName


class Consent(NamedTuple):
    """The person lets data go to the recipients, or to any agency where none is named."""

    statement_id: str
    source: AgencyId
    recipients: tuple[AgencyId, ...]
    purpose: Purpose
    categories: tuple[Category, ...]
    begins: date
    ends: date | None


class WithdrawConsent(NamedTuple):
    """The person takes a consent back."""

    statement_id: str


class Reach(NamedTuple):
    """A step on the person's path."""

    milestone: Milestone
    amount: int | None = None


Saying = Refer | Answer | NameWorker | ConfirmRecall | Consent | WithdrawConsent | Reach

ANSWERS = (
    *("received", "accepted", "rejected", "info-needed", "info-provided"),
    *("in-progress", "on-hold", "completed", "failed"),
)


class Spoken(NamedTuple):
    """One saying of one agency: its own message id, of whom it speaks, and when it was written."""

    message_id: str
    person: Person
    at: Instant
    saying: Saying


class Asked(NamedTuple):
    """What is missing before data may leave, as the hub says it to the source."""

    recipient: AgencyId
    purpose: Purpose
    categories: tuple[Category, ...]


class Heard(NamedTuple):
    """What an agency reads in a notice; `kind` is the contract's word for it.

    `hetu` is None where the notice does not name the person, `asked` where nothing is missing.
    """

    kind: str
    handoff: HandoffName
    hetu: str | None
    asked: Asked | None


class System(Protocol):
    """An agency's own system, as far as the hub sees it: its wire format, both ways."""

    format: str
    """What the format is called, for the report."""

    def write(self, me: Agency, spoken: list[Spoken]) -> bytes:
        """Write sayings as one file, in their order."""

    def read(self, body: bytes) -> Heard:
        """Read a notice of the hub."""
