"""A referral comes in and becomes a handoff, or is refused with the rule named."""

from streams.domain import bounce, clocks, disclosure, known, recall
from streams.domain.agreement import ServiceRule
from streams.domain.codes import Basis, Category, NoticeKind, Status
from streams.domain.entry import HandoffOpened, ReferralReplaced, TransitionRefused
from streams.domain.ids import AgencyId, CaseId, HandoffId, derive
from streams.domain.outgoing import IN_TRANSIT, called_off
from streams.domain.person import Case, Handoff, PersonState
from streams.domain.referral import ReferralSubmitted
from streams.domain.routing import Route, route
from streams.domain.turn import Telling, Turn


def submit(turn: Turn, event: ReferralSubmitted, over: list[known.Summary]) -> None:
    """Open a handoff, or replace the content of an open one; `over` are those that came before."""
    earlier = same_referral(turn.hot, event)
    if earlier is not None:
        _replace(turn, event, earlier)
        return
    source = known.agency_key(event.envelope.agency)
    message_id = event.envelope.source_ref.message_id
    past = [s for s in over if s.source == source and s.is_called(message_id)]
    version = event.envelope.source_ref.version
    if past:
        newest = max(summary.referral_version for summary in past)
        refuse(turn, "superseded" if version < newest else "terminal", past[-1].handoff_id)
        return
    rejections = bounce.lately_rejected(turn, event.service)
    service = turn.agreement.service(event.service)
    if service is None:
        refuse(turn, "service-not-agreed", None)
        return
    routed = _recipient(turn, event, stalled=bounce.is_stalled(turn, rejections))
    if routed.recipient is None:
        refuse(turn, routed.rule, None)
        return
    case_id = bounce.case_of(turn, event, rejections)
    handoff = drafted(turn, event, service, routed.recipient, case_id)
    tells = routed.rule if event.recipient is None else ""
    opened = open_handoff(turn, handoff, routed.rule, tells)
    bounce.note_referral(turn, opened, rejections)


def open_handoff(turn: Turn, handoff: Handoff, routed_by: str, tells: str) -> Handoff:
    """Open a drafted handoff: decide its basis, tell the recipient or wait, start its clocks.

    Its source is told of it where `tells` gives a reason to, and of what stays behind in any case.
    """
    if all(case.case_id != handoff.case_id for case in turn.hot.cases):
        turn.put_case(Case(handoff.case_id, handoff.source, handoff.source))
    decision = disclosure.ask(turn, handoff)
    status = Status.REQUESTED if decision.granted else Status.AWAITING_BASIS
    opened = handoff._replace(status=status, granted=decision.categories)
    turn.facts.append(
        HandoffOpened(
            opened.handoff_id,
            opened.case_id,
            opened.source,
            opened.recipient,
            opened.service,
            opened.priority,
            status,
            opened.referral_id,
            routed_by,
            decision.missing if status is Status.AWAITING_BASIS else (),
        )
    )
    if status is Status.REQUESTED:
        opened = disclosure.send(turn, opened, decision, NoticeKind.REFERRAL, status)
        if tells or decision.withheld:
            disclosure.tell_source(turn, opened, tells, decision.withheld)
    else:
        disclosure.wait_for_basis(turn, opened, decision)
    turn.put(opened)
    turn.handoff_id = opened.handoff_id
    clocks.follow(turn, opened, None)
    return opened


def same_referral(hot: PersonState, event: ReferralSubmitted) -> Handoff | None:
    """Find the newest open handoff that came of the same message of the same source."""
    source, message_id = event.envelope.agency, event.envelope.source_ref.message_id
    for handoff in reversed(hot.handoffs):
        if handoff.referral_id == message_id and handoff.source == source:
            return handoff
    return None


def refuse(turn: Turn, rule: str, handoff_id: HandoffId | None) -> None:
    """Refuse the event: nothing changes, the entry names the rule, and the sender is told."""
    turn.refused = rule
    turn.handoff_id = handoff_id
    turn.facts.append(TransitionRefused(handoff_id, rule))
    event = turn.event
    sender = event.envelope.agency
    if sender not in turn.agreement.agencies:
        return
    handoff = turn.handoff(handoff_id) if handoff_id is not None else None
    party = handoff is not None and (
        sender == handoff.source
        # Without a basis the recipient has not been told, and a guess must not tell it.
        or (sender == handoff.recipient and handoff.status is not Status.AWAITING_BASIS)
    )
    telling = Telling(rule, reason=event.envelope.source_ref.message_id)
    turn.notify(sender, NoticeKind.REFUSAL, handoff if party else None, telling)


def _recipient(turn: Turn, event: ReferralSubmitted, *, stalled: bool) -> Route:
    source = event.envelope.agency
    if event.recipient is not None:
        if event.recipient not in turn.agreement.agencies:
            return Route(None, "recipient-not-of-the-region")
        if event.recipient == source:
            return Route(None, "recipient-is-the-source")
        return Route(event.recipient, "named-by-the-source")
    if stalled:
        coordinator: AgencyId | None = turn.agreement.bounce.coordinator
        return Route(coordinator if coordinator != source else None, "stalled")
    return route(turn.agreement, source, event.service, turn.hot.municipality)


def drafted(
    turn: Turn,
    event: ReferralSubmitted,
    rule: ServiceRule,
    recipient: AgencyId,
    case_id: CaseId | None,
) -> Handoff:
    """Read a referral as the handoff that it asks for, before anything is decided of it.

    `rule` is the agreement's of its service.
    """
    handoff_id = HandoffId(derive("h", event.envelope.event_id, turn.hot.person))
    return Handoff(
        handoff_id,
        case_id if case_id is not None else CaseId(handoff_id),
        event.envelope.source_ref.message_id,
        event.envelope.source_ref.version,
        event.envelope.agency,
        recipient,
        event.service,
        rule.purpose,
        event.priority,
        Status.UNKNOWN,
        event.basis is Basis.VITAL,
        event.categories or rule.default_categories,
        event.documents,
        (),
        (),
        event.envelope.occurred_at,
        turn.at,
        0,
        delivery_started=False,
        outgoing=(),
        called_off=(),
        content=event.sealed,
    )


def _replace(turn: Turn, event: ReferralSubmitted, handoff: Handoff) -> None:
    version = event.envelope.source_ref.version
    if version < handoff.referral_version:
        refuse(turn, "superseded", handoff.handoff_id)
        return
    service = turn.agreement.service(event.service)
    if service is None:
        refuse(turn, "service-not-agreed", handoff.handoff_id)
        return
    newer = drafted(turn, event, service, handoff.recipient, handoff.case_id)
    replaced = handoff._replace(
        referral_version=version,
        priority=newer.priority,
        vital=newer.vital,
        requested=newer.requested,
        documents=newer.documents,
        content=newer.content,
    )
    turn.handoff_id = handoff.handoff_id
    turn.facts.append(ReferralReplaced(handoff.handoff_id, version))
    decision = disclosure.ask(turn, replaced)
    if handoff.status is Status.AWAITING_BASIS or not decision.granted:
        # Kept first, so that what follows from the decision is read off the new content.
        turn.put(replaced)
        if handoff.status is Status.AWAITING_BASIS and not decision.granted:
            disclosure.tell_missing(turn, replaced, decision)
        disclosure.reconsider(turn)
        return
    lost = tuple([c for c in handoff.disclosed if c not in decision.categories])
    replaced = replaced._replace(
        granted=decision.categories,
        disclosed=tuple([c for c in handoff.disclosed if c not in lost]),
    )
    kind = NoticeKind.INFORMATION
    if any(category not in decision.categories for category in handoff.granted):
        # What has not left yet holds too much: it never leaves, nor leaves again where recalled.
        replaced = called_off(replaced, handoff.outgoing, lost)
        recalled = bool(lost) and handoff.status in IN_TRANSIT
        if recalled or not handoff.delivery_started:
            kind = NoticeKind.REFERRAL
    replaced = disclosure.send(turn, replaced, decision, kind, "replaced")
    if decision.withheld:
        disclosure.tell_source(turn, replaced, "replaced", decision.withheld)
    turn.put(replaced)
    if lost:
        recall.issue(turn, replaced, lost, knows=Category.IDENTITY in handoff.disclosed)
