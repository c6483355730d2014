"""A desk's message: the escalations of one cause, as facts that people may be shown.

It holds ids and codes alone: who reads it need not be allowed to know the person.
"""

from collections.abc import Callable
from typing import NamedTuple

from streams.dispatch.grouping import Ground
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant, NoticeId

LISTED_MAX = 50
"""More than so many nobody reads in a message; the rest is counted."""

Rendered = tuple[bytes, str, str]
"""What is handed over: body, media type, file name ending."""


class Told(NamedTuple):
    """One escalation of a message.

    `late_us` is how long after the due time the hub told of it, less than 0 before, None where the
    clock has no due time. `law_ref` is empty where no rule at hand names one.
    """

    notice_id: NoticeId
    clock: ClockId
    rule: str
    rung: str
    handoff_id: HandoffId | None
    owner: AgencyId | None
    due_at: Instant | None
    told_at: Instant
    late_us: int | None
    law_ref: str


class DeskMessage(NamedTuple):
    """One message to one desk: at most `LISTED_MAX` of its escalations are `listed`."""

    message_id: str
    to: AgencyId
    role: str
    ground: Ground
    listed: tuple[Told, ...]
    total: int

    @property
    def owner(self) -> AgencyId | None:
        """The agency that owes every step of the message."""
        return self.listed[0].owner

    @property
    def rule(self) -> str:
        """The rule that says so, empty where there are several."""
        rules = {told.rule for told in self.listed}
        return self.listed[0].rule if len(rules) == 1 else ""


Write = Callable[[DeskMessage], Rendered]


def told_of(notice: Notice, clock: ClockId, told_at: Instant, law_ref: str) -> Told:
    """Take out of an escalation's notice what a desk is told of it."""
    late_us = told_at - notice.due_at if notice.due_at is not None else None
    return Told(
        notice.notice_id,
        clock,
        notice.reason,
        notice.detail,
        notice.handoff_id,
        notice.recipient,
        notice.due_at,
        told_at,
        late_us,
        law_ref,
    )


def acknowledging(told: Told, role: str) -> str:
    """Give the command by which somebody on duty says that it is seen."""
    return f"saattaen escalations acknowledge {told.clock} {told.rung} --by {role}"
