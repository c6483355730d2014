"""Grouping: which escalations of a desk go now, which wait, and which nobody needs any more.

People are told of a cause once. The cause of an escalation is the agency that owes the step and the
rule that says so; where that agency is down, it is the outage itself:

- fallen silent: the silence has an escalation of its own, and single ones are held back;
- unreachable: the first message about it says so, and what comes later is held back;
- heard again: what was held back goes out as one message, without the clocks that have closed.

Pure: the decision is made from rows, and is the same for the same rows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from streams.domain.ids import AgencyId, Instant, NoticeId, derive
from streams.domain.silence import SILENCE


class Outage(StrEnum):
    """Why an agency counts as down."""

    SILENT = "agency-silent"
    """Nothing comes from it; the silence has its own escalation."""
    UNREACHABLE = "agency-unreachable"
    """Nothing reaches it; the first message about a clock of its own says so."""


class Ground(StrEnum):
    """What the escalations of one message have in common."""

    RULE = "rule"
    """One agency owes them all by one rule."""
    UNREACHABLE = "unreachable"
    """One agency owes them all, and nothing reaches its system."""
    HEARD_AGAIN = "heard-again"
    """One agency owes them all; they were held back while it was down."""


class Waiting(NamedTuple):
    """An escalation that has not reached its desk; in ledger order among its like.

    `ready_at` is until when it gathers others or waits for its next attempt. `message` is the id of
    the message that it was put into, empty while it is in none; `ground` is then that message's.
    """

    notice_id: NoticeId
    owner: AgencyId
    rule: str
    ready_at: Instant
    closed: bool
    held: bool
    message: str = ""
    ground: str = ""


class Group(NamedTuple):
    """One message: its id, what its escalations have in common, and which they are."""

    message: str
    ground: Ground
    notices: tuple[NoticeId, ...]


class Plan(NamedTuple):
    """What is to be done with the escalations of a desk; those in no list go on waiting.

    `messages` go now, in this order. `held` are to be held back until their owner is heard again,
    `settled` need no telling any more.
    """

    messages: tuple[Group, ...]
    held: tuple[NoticeId, ...]
    settled: tuple[NoticeId, ...]


def plan(
    waiting: Sequence[Waiting],
    down: Mapping[AgencyId, Outage],
    told: Collection[AgencyId],
    now: Instant,
) -> Plan:
    """Decide for one desk.

    A message that was begun goes again as it is, and until it has arrived or is dead no other
    begins: a desk is one lane.

    Args:
        waiting: Its escalations, in ledger order.
        down: The owners that are down, and why.
        told: Owners of whose present outage the desk has been told.
        now: The present moment.
    """
    begun = [one for one in waiting if one.message]
    fresh = [one for one in waiting if not one.message]
    settled = [one.notice_id for one in fresh if one.closed]
    goes_on = [one for one in fresh if not one.closed]
    held = [one for one in goes_on if _is_held_back(one, down, told)]
    free = [one for one in goes_on if not _is_held_back(one, down, told)]
    messages = _again(begun, now) if begun else _gathered(free, down, now)
    return Plan(tuple(messages), tuple([h.notice_id for h in held if not h.held]), tuple(settled))


def message_id(notices: Iterable[NoticeId]) -> str:
    """Name a message by what it tells, so that the same again is known as a repeat."""
    return derive("m", *notices)


def _is_held_back(
    one: Waiting, down: Mapping[AgencyId, Outage], told: Collection[AgencyId]
) -> bool:
    outage = down.get(one.owner)
    if outage is None or one.rule == SILENCE:
        return False  # the silence's own escalation is what people get of it
    return outage is Outage.SILENT or one.owner in told


def _again(begun: Sequence[Waiting], now: Instant) -> list[Group]:
    messages: dict[str, list[Waiting]] = {}
    for one in begun:
        messages.setdefault(one.message, []).append(one)
    return [
        Group(name, Ground(members[0].ground), tuple([one.notice_id for one in members]))
        for name, members in messages.items()
        # All of them: the ledger may not have answered for some.
        if max(one.ready_at for one in members) <= now
    ]


def _gathered(
    free: Sequence[Waiting], down: Mapping[AgencyId, Outage], now: Instant
) -> list[Group]:
    back = {one.owner for one in free if one.held and one.owner not in down}
    causes: dict[tuple[AgencyId, str, Ground], list[Waiting]] = {}
    for one in free:
        if one.rule != SILENCE and one.owner in down:
            cause = (one.owner, "", Ground.UNREACHABLE)
        elif one.rule != SILENCE and one.owner in back:
            cause = (one.owner, "", Ground.HEARD_AGAIN)
        else:
            cause = (one.owner, one.rule, Ground.RULE)
        causes.setdefault(cause, []).append(one)
    groups = []
    for (_, _, ground), members in causes.items():
        # The oldest has gathered for long enough, and takes along who came since.
        if min(one.ready_at for one in members) <= now:
            notices = tuple([one.notice_id for one in members])
            groups.append(Group(message_id(notices), ground, notices))
    return groups
