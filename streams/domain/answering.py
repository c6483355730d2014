"""What a party says of a handoff: found, allowed or refused, and what follows from it."""

from streams.domain import bounce, clocks, convening, known, recall
from streams.domain.answers import (
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
    WorkerNamed,
)
from streams.domain.codes import Category, NoticeKind, RejectReason, Status
from streams.domain.entry import (
    EventParked,
    EventReleased,
    Rerouted,
    WorkerKnown,
)
from streams.domain.event import HandoffAnswer
from streams.domain.handoff import ACCEPTED, TERMINAL, move
from streams.domain.ids import AgencyId, HandoffId, Instant, derive
from streams.domain.outgoing import received
from streams.domain.person import Handoff, Outgoing, Parked, PersonState
from streams.domain.routing import route
from streams.domain.submission import open_handoff, refuse
from streams.domain.turn import Telling, Turn, between_parties, permitted

PARKED_MAX = 64
"""Answers that one person may have waiting for their referral; more give up waiting at once."""


def answer(turn: Turn, event: HandoffAnswer, over: list[known.Summary]) -> None:
    """Take an answer up; one whose handoff is not known waits for its referral."""
    if isinstance(event, RecallAcknowledged) and recall.confirm(turn, event):
        return
    handoff = find(turn.hot, event)
    if handoff is not None and event.envelope.agency in (handoff.source, handoff.recipient):
        take_up(turn, event, handoff)
        return
    past = _past(event, over)
    if past is not None and (handoff is None or _was_party(event, past)):
        _speak_of_the_past(turn, event, past)
    elif handoff is not None:
        take_up(turn, event, handoff)
    else:
        _park(turn, event)


def find(hot: PersonState, event: HandoffAnswer) -> Handoff | None:
    """Find the open handoff that an answer names, None where it names none of the open ones.

    A source's own referral id names the newest to which the speaker is party, else the newest.
    """
    if event.handoff_id is not None:
        return next((h for h in hot.handoffs if h.handoff_id == event.handoff_id), None)
    named = [h for h in hot.handoffs if h.referral_id == event.referral_id]
    speaker = event.envelope.agency
    mine = [h for h in named if speaker in (h.source, h.recipient)]
    return (mine or named)[-1] if named else None


def take_up(turn: Turn, event: HandoffAnswer, handoff: Handoff) -> None:
    """Apply an answer to its handoff, or refuse it with the rule named."""
    turn.handoff_id = handoff.handoff_id
    speaker = event.envelope.agency
    if speaker not in (handoff.source, handoff.recipient):
        refuse(turn, "not-a-party", handoff.handoff_id)
        return
    if isinstance(event, RecallAcknowledged):
        refuse(turn, "no-recall-to-confirm", handoff.handoff_id)
        return
    if isinstance(event, WorkerNamed):
        _name_worker(turn, event, handoff)
        return
    to = move(handoff, type(event).__name__, speaker)
    if not isinstance(to, Status):
        _refuse(turn, to, handoff)
        return
    rejection = event.reason if isinstance(event, HandoffRejected) else None
    if rejection is not None and _not_agreed(turn, rejection):
        _refuse(turn, "reject-reason-not-agreed", handoff)
        return
    changed = _moved(turn, event, handoff, to)
    reason = rejection if rejection is not None else ""
    _tell_other_party(turn, event, changed, reason)
    if rejection is not None:
        _after_rejection(turn, changed, rejection)
    clocks.hear(turn, type(event).__name__, changed)
    if changed.status in TERMINAL:
        turn.close(changed)


def release_parked(turn: Turn, handoff_id: HandoffId) -> None:
    """Take up, in the order they came, the answers that waited for a handoff just opened."""
    handoff = turn.handoff(handoff_id)
    if handoff is None:
        return
    answered = turn.handoff_id
    waiting = [
        parked
        for parked in turn.hot.parked
        if handoff.handoff_id == parked.event.handoff_id
        or (parked.event.handoff_id is None and parked.event.referral_id == handoff.referral_id)
    ]
    for parked in waiting:
        event_id = parked.event.envelope.event_id
        _unpark(turn, parked)
        turn.facts.append(EventReleased(event_id, handoff.handoff_id, taken=True))
        turn.event, cause = parked.event, turn.event
        now = find(turn.hot, parked.event)
        if now is not None:
            take_up(turn, parked.event, now)
        else:
            refuse(turn, "terminal", handoff.handoff_id)
        turn.event, turn.refused = cause, ""
    turn.handoff_id = answered


def give_up(turn: Turn, event_id: str) -> None:
    """Let a parked answer whose referral never came go to the dead letters."""
    for parked in turn.hot.parked:
        if parked.event.envelope.event_id == event_id:
            _unpark(turn, parked)
            turn.facts.append(EventReleased(parked.event.envelope.event_id, None, taken=False))
            turn.dead.append(parked.event)


def _refuse(turn: Turn, rule: str, handoff: Handoff) -> None:
    refuse(turn, rule, handoff.handoff_id)
    told = handoff.status is not Status.AWAITING_BASIS
    if told and turn.event.envelope.agency == handoff.recipient:
        turn.put(received(handoff))


def _moved(turn: Turn, event: HandoffAnswer, handoff: Handoff, to: Status) -> Handoff:
    changed = handoff._replace(status=to)
    if event.envelope.agency == handoff.recipient:
        changed = received(changed)
    if to is Status.ACCEPTED:
        changed = changed._replace(accepted_at_sequence=turn.hot.sequence + 1)
    reason = event.reason.value if isinstance(event, HandoffRejected) else ""
    changed = turn.change(handoff, changed, reason)
    clocks.follow(turn, changed, handoff.status)
    return changed


def _tell_other_party(turn: Turn, event: HandoffAnswer, handoff: Handoff, reason: str) -> None:
    by_source = event.envelope.agency == handoff.source
    to = handoff.recipient if by_source else handoff.source
    if by_source and not handoff.delivery_started and handoff.status in TERMINAL:
        return  # The recipient never heard of it, and need not hear that it is over.
    kind = NoticeKind.STATUS
    if isinstance(event, InformationRequested):
        kind = NoticeKind.INFORMATION_REQUEST
    elif isinstance(event, InformationProvided):
        kind = NoticeKind.INFORMATION
    content = between_parties(event.sealed, handoff, to)
    telling = Telling(handoff.status, reason=reason, content=content)
    notice_id = turn.notify(to, kind, handoff, telling)
    if kind is NoticeKind.INFORMATION:
        holds = tuple([c for c in (Category.IDENTITY,) if permitted(content, (c,))])
        outgoing = Outgoing(notice_id, holds)
        turn.put(handoff._replace(outgoing=(*handoff.outgoing, outgoing)))


def _not_agreed(turn: Turn, reason: RejectReason) -> bool:
    rules = turn.agreement.reject_rules
    return bool(rules) and all(rule.reason is not reason for rule in rules)


def _reroutes(turn: Turn, reason: RejectReason) -> bool:
    for rule in turn.agreement.reject_rules:
        if rule.reason is reason:
            return rule.reroutes
    return reason is RejectReason.MISDIRECTED


def _after_rejection(turn: Turn, handoff: Handoff, reason: RejectReason) -> None:
    rejections = bounce.note_rejection(turn, handoff, reason)
    if len(rejections) == turn.agreement.bounce.limit:
        convening.convene(turn, handoff, rejections)
        return
    if bounce.is_stalled(turn, rejections) or not _reroutes(turn, reason):
        return
    declined = bounce.declined_by(turn, handoff, rejections)
    to = route(turn.agreement, handoff.source, handoff.service, turn.hot.municipality, declined)
    if to.recipient is not None:
        _pass_on(turn, handoff, to.recipient, to.rule)


def _pass_on(turn: Turn, handoff: Handoff, recipient: AgencyId, rule: str) -> None:
    new_id = HandoffId(derive("h", turn.cause, "rerouted"))
    drafted = handoff._replace(
        handoff_id=new_id,
        recipient=recipient,
        status=Status.UNKNOWN,
        granted=(),
        disclosed=(),
        recorded_at=turn.at,
        accepted_at_sequence=0,
        delivery_started=False,
        outgoing=(),
        called_off=(),
    )
    bounce.mark_rerouted(turn, handoff)
    turn.facts.append(Rerouted(handoff.handoff_id, new_id, handoff.recipient, recipient, rule))
    open_handoff(turn, drafted, rule, "rerouted")
    turn.handoff_id = handoff.handoff_id


def _name_worker(turn: Turn, event: WorkerNamed, handoff: Handoff) -> None:
    speaker = event.envelope.agency
    if speaker != handoff.recipient:
        _refuse(turn, "only-the-recipient", handoff)
    elif handoff.status not in ACCEPTED:
        _refuse(turn, f"WorkerNamed-not-from-{handoff.status}", handoff)
    else:
        turn.facts.append(WorkerKnown(handoff.handoff_id, speaker))
        content = between_parties(event.sealed, handoff, handoff.source)
        telling = Telling("worker-named", content=content)
        turn.notify(handoff.source, NoticeKind.INFORMATION, handoff, telling)
        clocks.hear(turn, type(event).__name__, handoff)


def _past(event: HandoffAnswer, over: list[known.Summary]) -> known.Summary | None:
    if event.handoff_id is not None:
        return next((s for s in reversed(over) if s.handoff_id == event.handoff_id), None)
    named = [s for s in over if s.is_called(event.referral_id or "")]
    mine = [s for s in named if _was_party(event, s)]
    return (mine or named)[-1] if named else None


def _speak_of_the_past(turn: Turn, event: HandoffAnswer, past: known.Summary) -> None:
    if not _was_party(event, past):
        refuse(turn, "not-a-party", past.handoff_id)
    elif isinstance(event, RecallAcknowledged):
        refuse(turn, "no-recall-to-confirm", past.handoff_id)
    else:
        refuse(turn, "terminal", past.handoff_id)
        if known.agency_key(event.envelope.agency) == past.recipient:
            recall.arrive(turn, past.handoff_id, event.envelope.agency, None)


def _was_party(event: HandoffAnswer, past: known.Summary) -> bool:
    return known.agency_key(event.envelope.agency) in (past.source, past.recipient)


def _park(turn: Turn, event: HandoffAnswer) -> None:
    if len(turn.hot.parked) >= PARKED_MAX:
        turn.dead.append(event)
        return
    event_id = event.envelope.event_id
    until = Instant(turn.at + turn.agreement.park_for_us)
    turn.facts.append(EventParked(event_id, until))
    turn.hot = turn.hot._replace(parked=(*turn.hot.parked, Parked(event, until)))
    clocks.wait(turn, clocks.PARKED, event_id, until)


def _unpark(turn: Turn, parked: Parked) -> None:
    event_id = parked.event.envelope.event_id
    others = tuple([other for other in turn.hot.parked if other is not parked])
    turn.hot = turn.hot._replace(parked=others)
    clocks.stop_waiting(turn, clocks.PARKED, event_id)
