"""When the closed record is read: for a repeat, for what names the past, for what ends a basis.

An ordinary event asks for none of it, so that its cost does not grow with a person's history.
"""

from streams.domain import clocks, delivery, known
from streams.domain.codes import Milestone, NoticeKind
from streams.domain.event import AgencyEvent, Event, HandoffAnswer
from streams.domain.hub_events import ClockReached, DeliveryStarted, NoticeDelivered
from streams.domain.ids import HandoffId, packed
from streams.domain.path import MilestoneReached
from streams.domain.person import PersonState, Statement
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    StatementKind,
)

_DeliveryReported = DeliveryStarted | NoticeDelivered


def needs_closed(hot: PersonState, event: Event) -> bool:
    """Say whether the closed record must be read before `step` can decide this event."""
    if not hot.sieve:
        return False
    key = packed(event.envelope.event_id)
    if known.find(hot.known_ids, key) is None and known.may_hold(hot.sieve, key):
        return True
    return _may_name_the_past(hot, event) or (hot.holdings > 0 and _may_end_a_basis(hot, event))


def _may_name_the_past(hot: PersonState, event: Event) -> bool:
    if isinstance(event, ReferralSubmitted):
        referral = known.referral_key(event.envelope.source_ref.message_id)
        return known.may_hold(hot.sieve, referral)
    if isinstance(event, HandoffAnswer):
        if event.handoff_id is not None:
            return _is_not_open(hot, event.handoff_id)
        return known.may_hold(hot.sieve, known.referral_key(event.referral_id or ""))
    if isinstance(event, _DeliveryReported):
        if event.kind is NoticeKind.CONVENE:
            return True
        return event.kind in delivery.WITH_DATA and _is_not_open(hot, event.handoff_id)
    return False


def _may_end_a_basis(hot: PersonState, event: Event) -> bool:
    if isinstance(event, AgencyEvent) and event.envelope.protected and not hot.protected:
        return True  # a consent alone lets no contact data go any more
    match event:
        case DisclosureProhibited() | ConsentWithdrawn():
            return True
        case ConsentGiven():
            return any(_may_narrow(event, statement) for statement in hot.statements)
        case MilestoneReached():
            return event.milestone is Milestone.TYP_MEMBERSHIP_ENDED
        case ClockReached():
            return event.rung == clocks.BASIS_TURN
        case _:
            return False


def _may_narrow(event: ConsentGiven, statement: Statement) -> bool:
    """Say whether a consent replaces one, other than by saying the same again."""
    if statement.statement_id != event.statement_id:
        return event.is_sole and statement.kind is StatementKind.PERMIT and not statement.ended
    said = (event.kind, event.to_branch, event.sources, event.recipients, event.purposes)
    until = (event.categories, event.service_tasks, event.valid_from, event.valid_to)
    now = (statement.kind, statement.to_branch, statement.sources, statement.recipients)
    return (*said, *until) != (
        *now,
        statement.purposes,
        statement.categories,
        statement.service_tasks,
        statement.valid_from,
        statement.valid_to,
    )


def _is_not_open(hot: PersonState, handoff_id: HandoffId | None) -> bool:
    return all(handoff.handoff_id != handoff_id for handoff in hot.handoffs)
