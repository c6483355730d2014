"""Convening: a stall brings the parties to one table, with every decline at hand.

A coordinator that is no party gets of the data what it may have, as any recipient does: its notice
leaves only while that stands, and what has left is recalled when it does not. What it was told is
kept as a handoff of which it is the recipient, until the notice has arrived; then as a holding.
"""

from streams.domain import bounce, calendar, recall
from streams.domain.codes import Category, NoticeKind, Status
from streams.domain.entry import (
    BounceDetected,
    CaseConvened,
    Decline,
    DisclosureMade,
    DisclosureWithheld,
)
from streams.domain.holdings import left_by
from streams.domain.ids import AgencyId, HandoffId, NoticeId
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.missing_basis import seek
from streams.domain.outgoing import arrived_late, called_off, started, stopped_by, waiting
from streams.domain.person import Handoff, Outgoing, Rejection
from streams.domain.turn import Telling, Turn, permitted


def convene(turn: Turn, handoff: Handoff, rejections: list[Rejection]) -> None:
    """Ask the coordinating agency to bring the parties together, with every decline attached.

    The coordinator gets the person's data only where it may have it: what it sent itself it knows
    already, and a recipient is only reminded of whom it is about.
    """
    coordinator = turn.agreement.bounce.coordinator
    agencies: list[AgencyId] = []
    for rejection in rejections:
        for agency in (rejection.source, rejection.recipient):
            if agency not in agencies:
                agencies.append(agency)
    stall = BounceDetected(handoff.handoff_id, handoff.case_id, "stall", tuple(agencies))
    turn.facts.append(stall)
    declines = _declines(rejections)
    turn.facts.append(CaseConvened(handoff.case_id, handoff.handoff_id, coordinator, declines))
    if coordinator == handoff.source:
        _tell(turn, handoff, coordinator, declines, handoff.requested)
    elif coordinator == handoff.recipient:
        known = tuple([c for c in handoff.disclosed if c is Category.IDENTITY])
        _tell(turn, handoff, coordinator, declines, known)
    else:
        _disclose(turn, handoff, coordinator, declines)


def reconsider(turn: Turn) -> None:
    """Decide again what convened coordinators may have; more than they were told they never get."""
    for told in turn.hot.convened:
        decision = _ask(turn, told)
        lost = tuple([category for category in told.granted if category not in decision.categories])
        if lost:
            turn.handoff_id = turn.handoff_id or told.handoff_id
            _take_back(turn, told, decision, lost)


def told_of(turn: Turn, handoff_id: HandoffId, to: AgencyId) -> Handoff | None:
    """Find what a convened coordinator is told of a handoff, None where nothing waits to arrive."""
    found = [t for t in turn.hot.convened if (t.handoff_id, t.recipient) == (handoff_id, to)]
    return found[0] if found else None


def start(turn: Turn, told: Handoff, notice_id: NoticeId) -> bool:
    """Let the delivery of a coordinator's notice start; False where it may not leave any more."""
    notice = waiting(told, notice_id)
    if notice is None:
        return False
    _put(turn, told, started(told, notice))
    return True


def arrive(turn: Turn, told: Handoff, notice_id: NoticeId) -> None:
    """Take it that a coordinator's notice arrived: what it holds now is a holding."""
    after, gone = arrived_late(told, notice_id)
    if gone:  # what was called off held something that it may not have
        _put(turn, told, after)
        recall.issue(turn, after, gone, knows=Category.IDENTITY in (*after.disclosed, *gone))
        return
    notice = waiting(told, notice_id)
    _keep_as_holding(turn, told, started(told, notice) if notice is not None else told)


def forget(turn: Turn) -> None:
    """Let go of what is over and outside the window; a notice that never arrived may not leave."""
    bounce.forget(turn)
    stalled = {rejection.handoff_id for rejection in turn.hot.rejections}
    for told in turn.hot.convened:
        if told.handoff_id not in stalled:
            _keep_as_holding(turn, told, told)


def _disclose(
    turn: Turn, handoff: Handoff, coordinator: AgencyId, declines: tuple[Decline, ...]
) -> None:
    decision = _ask(turn, handoff._replace(recipient=coordinator))
    categories = decision.categories
    notice_id = _tell(turn, handoff, coordinator, declines, categories)
    if not categories:
        return
    turn.facts.append(DisclosureMade(handoff.handoff_id, coordinator, categories, decision.granted))
    told = handoff._replace(
        recipient=coordinator,
        status=Status.REQUESTED,
        granted=categories,
        disclosed=(),
        recorded_at=turn.at,
        delivery_started=False,
        outgoing=(Outgoing(notice_id, categories),),
        called_off=(),
        content=permitted(handoff.content, categories),
    )
    turn.hot = turn.hot._replace(convened=(*turn.hot.convened, told))


def _take_back(turn: Turn, told: Handoff, decision: Decision, lost: tuple[Category, ...]) -> None:
    held = tuple([withheld for withheld in decision.withheld if withheld.category in lost])
    turn.facts.append(DisclosureWithheld(told.handoff_id, told.recipient, lost, held))
    fetched_back = tuple([category for category in lost if category in told.disclosed])
    # Whether it left or not, it has not arrived: the coordinator is convened anew, with less.
    stopped, _ = stopped_by(told, lost, fetched_back)
    left = called_off(told, stopped, fetched_back)._replace(
        granted=tuple([category for category in told.granted if category not in lost]),
        disclosed=tuple([category for category in told.disclosed if category not in lost]),
    )
    stall = next(r for r in turn.hot.rejections if r.handoff_id == told.handoff_id)
    since = stall.at - turn.agreement.bounce.window_days * calendar.DAY_US
    rejections = [
        r for r in turn.hot.rejections if r.service == told.service and since <= r.at <= stall.at
    ]
    granted = tuple([grant for grant in decision.granted if grant.category in left.granted])
    if granted:
        turn.facts.append(DisclosureMade(told.handoff_id, told.recipient, left.granted, granted))
    rejected = left._replace(recipient=stall.recipient)
    notice_id = _tell(turn, rejected, told.recipient, _declines(rejections), left.granted)
    _put(turn, told, left._replace(outgoing=(*left.outgoing, Outgoing(notice_id, left.granted))))
    if fetched_back:
        recall.issue(turn, left, fetched_back, knows=Category.IDENTITY in told.disclosed)


def _ask(turn: Turn, told: Handoff) -> Decision:
    question = Question.about(told, told.recipient, turn.at, turn.agreement)
    return seek(turn.hot, question, turn.agreement, decide(turn.hot, question, turn.agreement))


def _tell(
    turn: Turn,
    handoff: Handoff,
    coordinator: AgencyId,
    declines: tuple[Decline, ...],
    categories: tuple[Category, ...],
) -> NoticeId:
    content = permitted(handoff.content, categories)
    telling = Telling("stall", declines=declines, categories=categories, content=content)
    return turn.notify(coordinator, NoticeKind.CONVENE, handoff, telling)


def _declines(rejections: list[Rejection]) -> tuple[Decline, ...]:
    return tuple([Decline(r.handoff_id, r.source, r.recipient, r.reason, r.at) for r in rejections])


def _put(turn: Turn, told: Handoff, after: Handoff) -> None:
    convened = tuple([after if each is told else each for each in turn.hot.convened])
    turn.hot = turn.hot._replace(convened=convened)


def _keep_as_holding(turn: Turn, told: Handoff, after: Handoff) -> None:
    others = tuple([each for each in turn.hot.convened if each is not told])
    turn.hot = turn.hot._replace(convened=others)
    # Though it may hold nothing: by this it is known that its notices may leave no more.
    turn.keep_holding(left_by(after, basis_gone=False), None)
