"""Disclosure: data leaves on a basis, stops when the basis goes, and is fetched back.

Withdrawal, expiry, a narrower new version, the end of a TYP clienthood and a new prohibition work
alike, category by category.
"""

from streams.domain import clocks
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import DisclosureMade, DisclosureWithheld, RecallIssued
from streams.domain.handoff import ACCEPTED
from streams.domain.ids import HandoffId, Instant, NoticeId
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.missing_basis import seek
from streams.domain.person import Handoff
from streams.domain.turn import Telling, Turn, permitted

IN_TRANSIT = (Status.REQUESTED, Status.UNDELIVERABLE)
"""Nobody has said that the referral arrived: where its notice is recalled, it may never have."""


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
    return handoff._replace(notice_ids=(*handoff.notice_ids, notice_id))


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
    """Decide every open handoff again, since what it may rest on has changed."""
    for handoff in turn.hot.handoffs:
        decision = ask(turn, handoff)
        if decision.categories == handoff.granted:
            continue
        turn.handoff_id = turn.handoff_id or handoff.handoff_id
        if handoff.status is Status.AWAITING_BASIS:
            _release(turn, handoff, decision)
        elif not decision.categories and handoff.status not in ACCEPTED:
            _cancel(turn, handoff, decision)
        else:
            _adjust(turn, handoff, decision)


def recall(
    turn: Turn, handoff: Handoff, categories: tuple[Category, ...], unsent: tuple[NoticeId, ...]
) -> None:
    """Ask the recipient to stop using data of these categories; it stays open until confirmed.

    `unsent` are the notices that had not left: who the person is may stand in them alone.
    """
    turn.facts.append(RecallIssued(handoff.handoff_id, handoff.recipient, categories))
    turn.keep_recall(handoff, categories, issued=True)
    # Who it is about, for a recipient that has been told already; for another, ids must do.
    told = Category.IDENTITY in (*handoff.disclosed, *categories)
    told = told and (Category.IDENTITY in handoff.granted or not unsent)
    who = permitted(handoff.content, (Category.IDENTITY,)) if told else ()
    telling = Telling("basis-withdrawn", categories=categories, content=who)
    turn.notify(handoff.recipient, NoticeKind.RECALL, handoff, telling)


def tell_source(turn: Turn, handoff: Handoff, reason: str) -> None:
    """Tell the source where its handoff stands."""
    who = tuple([part for part in handoff.content if part.part is Part.IDENTITY])
    telling = Telling(handoff.status, reason=reason, content=who)
    turn.notify(handoff.source, NoticeKind.STATUS, handoff, telling)


def _release(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    released = handoff._replace(status=Status.REQUESTED, granted=decision.categories)
    released = send(turn, released, decision, NoticeKind.REFERRAL, Status.REQUESTED)
    turn.change(handoff, released, "basis-found")
    clocks.follow(turn, released, handoff.status)
    tell_source(turn, released, "basis-found")


def _cancel(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    cancelled = handoff._replace(status=Status.CANCELLED, granted=())
    _say_withheld(turn, handoff, decision, handoff.granted)
    turn.change(handoff, cancelled, "basis-withdrawn")
    clocks.follow(turn, cancelled, handoff.status)
    if handoff.disclosed:
        recall(turn, cancelled, handoff.disclosed, handoff.notice_ids)
    else:
        turn.keep_recall(cancelled, handoff.granted, issued=False)
    tell_source(turn, cancelled, "basis-withdrawn")
    turn.close(cancelled)


def recall_late(turn: Turn, handoff_id: HandoffId) -> bool:
    """Issue the recall of a basis-cancelled handoff whose data arrived all the same."""
    for kept in turn.hot.recalls:
        if kept.handoff_id == handoff_id and kept.issued_at is None:
            turn.facts.append(RecallIssued(handoff_id, kept.to, kept.categories))
            turn.put_recall(kept._replace(issued_at=turn.at))
            turn.notify_late_recall(kept)
            return True
    return False


def _adjust(turn: Turn, handoff: Handoff, decision: Decision) -> None:
    categories = decision.categories
    gained = tuple([grant for grant in decision.granted if grant.category not in handoff.granted])
    lost = tuple([category for category in handoff.granted if category not in categories])
    fetched_back = tuple([category for category in lost if category in handoff.disclosed])
    left = tuple([category for category in handoff.disclosed if category not in lost])
    adjusted = handoff._replace(granted=categories, disclosed=left)
    if lost:
        _say_withheld(turn, handoff, decision, lost)
        # Notices that have not left still hold what may no longer leave: new ones take their place.
        adjusted = adjusted._replace(notice_ids=())
        if not handoff.delivery_started or (fetched_back and handoff.status in IN_TRANSIT):
            left_over = Decision(decision.granted, ())
            adjusted = send(turn, adjusted, left_over, NoticeKind.REFERRAL, "requested")
            gained = ()
        elif handoff.notice_ids:
            gained = decision.granted
    if gained:
        adjusted = send(turn, adjusted, Decision(gained, ()), NoticeKind.INFORMATION, "basis-found")
    turn.put(adjusted)
    if fetched_back:
        recall(turn, adjusted, fetched_back, handoff.notice_ids)


def _say_withheld(
    turn: Turn, handoff: Handoff, decision: Decision, lost: tuple[Category, ...]
) -> None:
    held = tuple([withheld for withheld in decision.withheld if withheld.category in lost])
    turn.facts.append(DisclosureWithheld(handoff.handoff_id, handoff.recipient, lost, held))
