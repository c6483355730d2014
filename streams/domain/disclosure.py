"""Disclosure: data leaves on a basis, stops when the basis goes, and is fetched back.

Withdrawal, expiry, a narrower new version, the end of a TYP clienthood and a new prohibition work
alike, category by category, for every agency that the data went to.
"""

from streams.domain import clocks, convening, recall
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import DisclosureMade, DisclosureWithheld, Withheld
from streams.domain.handoff import ACCEPTED
from streams.domain.ids import Instant
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.missing_basis import seek
from streams.domain.outgoing import called_off, stopped_by
from streams.domain.person import Handoff, Outgoing
from streams.domain.turn import Telling, Turn, permitted


def ask(turn: Turn, handoff: Handoff) -> Decision:
    """Decide what of a handoff's requested categories may go now, and what the rest lacks."""
    question = Question.about(handoff, handoff.recipient, turn.at, turn.agreement)
    decision = decide(turn.hot, question, turn.agreement)
    return seek(turn.hot, question, turn.agreement, decision)


def send(
    turn: Turn, handoff: Handoff, decision: Decision, kind: NoticeKind, detail: str
) -> Handoff:
    """Tell the recipient what may leave; what may not stays behind, with its reason."""
    categories = decision.categories
    turn.facts.append(
        DisclosureMade(handoff.handoff_id, handoff.recipient, categories, decision.granted)
    )
    if decision.withheld:
        behind = tuple([held.category for held in decision.withheld])
        turn.facts.append(
            DisclosureWithheld(handoff.handoff_id, handoff.recipient, behind, decision.withheld)
        )
    telling = Telling(
        detail,
        categories=categories,
        withheld=decision.withheld,
        content=permitted(handoff.content, categories),
    )
    notice_id = turn.notify(handoff.recipient, kind, handoff, telling)
    return handoff._replace(outgoing=(*handoff.outgoing, Outgoing(notice_id, categories)))


def wait_for_basis(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    """Tell the source the smallest missing thing, and let the handoff wait for it."""
    tell_missing(turn, handoff, decision)
    until = Instant(turn.at + turn.agreement.awaiting_basis_for_us)
    clocks.wait(turn, clocks.AWAITING_BASIS, handoff.handoff_id, until)


def tell_missing(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    """Tell the source of a handoff that waits the smallest thing that would release it."""
    behind = tuple([held.category for held in decision.withheld])
    turn.facts.append(
        DisclosureWithheld(handoff.handoff_id, handoff.recipient, behind, decision.withheld)
    )
    telling = Telling(
        Status.AWAITING_BASIS,
        withheld=decision.withheld,
        missing=decision.missing,
        content=permitted(handoff.content, (Category.IDENTITY,)),
    )
    turn.notify(handoff.source, NoticeKind.STATUS, handoff, telling)


def reconsider(turn: Turn) -> None:
    """Decide again what may go and what agencies may hold, since what it rests on has changed."""
    for handoff in turn.hot.handoffs:
        decision = ask(turn, handoff)
        if decision.categories == handoff.granted:
            if handoff.status is Status.AWAITING_BASIS:
                _tell_anew(turn, handoff, decision)
            continue
        turn.handoff_id = turn.handoff_id or handoff.handoff_id
        if handoff.status is Status.AWAITING_BASIS:
            _release(turn, handoff, decision)
        elif not decision.categories and handoff.status not in ACCEPTED:
            _cancel(turn, handoff, decision)
        else:
            _adjust(turn, handoff, decision)
    convening.reconsider(turn)
    recall.fetch_back(turn)


def tell_source(
    turn: Turn, handoff: Handoff, reason: str, withheld: tuple[Withheld, ...] = ()
) -> None:
    """Tell the source where its handoff stands, and what stays behind: it can ask the person."""
    who = tuple([part for part in handoff.content if part.part is Part.IDENTITY])
    telling = Telling(handoff.status, reason=reason, withheld=withheld, content=who)
    turn.notify(handoff.source, NoticeKind.STATUS, handoff, telling)


def _tell_anew(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    """Tell the source of a handoff that waits on, where it waits for something else now."""
    if any(notice.handoff_id == handoff.handoff_id for notice in turn.notices):
        return
    then = turn.before.recorded_at
    question = Question.about(handoff, handoff.recipient, then, turn.agreement)
    earlier = decide(turn.before, question, turn.agreement)
    if seek(turn.before, question, turn.agreement, earlier).withheld != decision.withheld:
        turn.handoff_id = turn.handoff_id or handoff.handoff_id
        tell_missing(turn, handoff, decision)


def _release(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    released = handoff._replace(status=Status.REQUESTED, granted=decision.categories)
    released = send(turn, released, decision, NoticeKind.REFERRAL, Status.REQUESTED)
    turn.change(handoff, released, "basis-found")
    clocks.follow(turn, released, handoff.status)
    tell_source(turn, released, "basis-found", decision.withheld)


def _cancel(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    ended = handoff._replace(status=Status.CANCELLED, granted=(), disclosed=())
    cancelled = called_off(ended, handoff.outgoing, handoff.disclosed)
    _say_withheld(turn, handoff, decision, handoff.granted)
    turn.change(handoff, cancelled, "basis-withdrawn")
    clocks.follow(turn, cancelled, handoff.status)
    if handoff.disclosed:
        recall.issue(turn, cancelled, handoff.disclosed, knows=_knows(handoff))
    tell_source(turn, cancelled, "basis-withdrawn")
    turn.close(cancelled, basis_gone=True)


def _adjust(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    categories = decision.categories
    lost = tuple([category for category in handoff.granted if category not in categories])
    fetched_back = tuple([category for category in lost if category in handoff.disclosed])
    adjusted = handoff._replace(
        granted=categories, disclosed=tuple([c for c in handoff.disclosed if c not in lost])
    )
    wanting = [c for c in categories if c not in handoff.granted]
    if lost:
        _say_withheld(turn, handoff, decision, lost)
        stopped, anew = stopped_by(handoff, lost, fetched_back)
        adjusted = called_off(adjusted, stopped, fetched_back)
        if anew:
            left_over = Decision(decision.granted, ())
            adjusted = send(turn, adjusted, left_over, NoticeKind.REFERRAL, "requested")
            wanting = []
        # What notices that may not leave held besides, and what may still go, goes in a new one.
        wanting += [c for notice in stopped for c in notice.categories if not anew]
    gained = tuple([grant for grant in decision.granted if grant.category in wanting])
    if gained:
        adjusted = send(turn, adjusted, Decision(gained, ()), NoticeKind.INFORMATION, "basis-found")
    turn.put(adjusted)
    if fetched_back:
        recall.issue(turn, adjusted, fetched_back, knows=_knows(handoff))


def _knows(handoff: Handoff) -> bool:
    """Say whether a recipient has been told who the person is."""
    return Category.IDENTITY in handoff.disclosed


def _say_withheld(
    turn: Turn, handoff: Handoff, decision: Decision, lost: tuple[Category, ...]
) -> None:
    held = tuple([withheld for withheld in decision.withheld if withheld.category in lost])
    turn.facts.append(DisclosureWithheld(handoff.handoff_id, handoff.recipient, lost, held))
