"""Bounces (pallottelu): a person sent to and fro is noticed.

For one person and service inside the agreement's window: a rejection followed by a new referral is
a bounce, A to B to A is a loop, and `limit` rejections are a stall. A stall ends automatic
routing, and the coordinating agency convenes the parties with every decline at hand. Asking for
information, a completed service and a planned next step are none of these.
"""

from streams.domain import calendar
from streams.domain.codes import RejectReason
from streams.domain.entry import BounceDetected
from streams.domain.ids import AgencyId, CaseId
from streams.domain.person import Case, Handoff, Rejection
from streams.domain.referral import ReferralSubmitted
from streams.domain.turn import Turn


def lately_rejected(turn: Turn, handoff_service: str) -> list[Rejection]:
    """Give the person's rejections for a service inside the agreement's window, oldest first."""
    if not turn.hot.rejections:
        return []
    since = turn.at - turn.agreement.bounce.window_days * calendar.DAY_US
    return [r for r in turn.hot.rejections if r.service == handoff_service and r.at >= since]


def is_stalled(turn: Turn, rejections: list[Rejection]) -> bool:
    """Say whether automatic routing has ended for the person and the service."""
    return len(rejections) >= turn.agreement.bounce.limit


def case_of(turn: Turn, event: ReferralSubmitted, rejections: list[Rejection]) -> CaseId | None:
    """Give the case that a new referral goes on with: same need, after a rejection."""
    if not rejections:
        return None
    mine = [r for r in rejections if r.source == event.envelope.agency]
    known = {case.case_id for case in turn.hot.cases}
    return next((r.case_id for r in reversed(mine) if r.case_id in known), None)


def note_referral(turn: Turn, handoff: Handoff, rejections: list[Rejection]) -> None:
    """Say that a new referral after a rejection is a bounce, or closes a loop."""
    answered = [r for r in rejections if not r.rerouted]
    if not answered:
        return
    loop = next(
        (r for r in answered if (r.source, r.recipient) == (handoff.recipient, handoff.source)),
        None,
    )
    if loop is not None:
        agencies = (loop.source, loop.recipient, handoff.recipient)
    else:
        agencies = (answered[-1].source, answered[-1].recipient, handoff.recipient)
    kind = "loop" if loop is not None else "bounce"
    turn.facts.append(BounceDetected(handoff.handoff_id, handoff.case_id, kind, agencies))


def note_rejection(turn: Turn, handoff: Handoff, reason: RejectReason) -> list[Rejection]:
    """Keep a rejection, and give those inside the window that count for the service."""
    rejection = Rejection(
        handoff.handoff_id,
        handoff.case_id,
        handoff.service,
        handoff.source,
        handoff.recipient,
        reason,
        turn.at,
        rerouted=False,
    )
    turn.hot = turn.hot._replace(rejections=(*turn.hot.rejections, rejection))
    return lately_rejected(turn, handoff.service)


def declined_by(turn: Turn, handoff: Handoff, rejections: list[Rejection]) -> tuple[AgencyId, ...]:
    """Give who has said no: inside the window, or of this case however long ago."""
    of_the_case = [r for r in turn.hot.rejections if r.case_id == handoff.case_id]
    return tuple([r.recipient for r in (*rejections, *of_the_case)])


def mark_rerouted(turn: Turn, handoff: Handoff) -> None:
    """Note that a rejection was answered by passing the referral on: no bounce follows from it."""
    rejections = [
        r._replace(rerouted=True) if r.handoff_id == handoff.handoff_id else r
        for r in turn.hot.rejections
    ]
    turn.hot = turn.hot._replace(rejections=tuple(rejections))


def forget(turn: Turn) -> None:
    """Let go of what is over and outside the window: rejections and cases."""
    hot = turn.hot
    since = turn.at - turn.agreement.bounce.window_days * calendar.DAY_US
    open_cases = {handoff.case_id for handoff in hot.handoffs}
    if hot.rejections:
        kept_on = [r for r in hot.rejections if r.at >= since or r.case_id in open_cases]
        turn.hot = hot._replace(rejections=tuple(kept_on))
    open_cases |= {rejection.case_id for rejection in turn.hot.rejections}
    kept: list[Case] = [case for case in turn.hot.cases if case.case_id in open_cases]
    turn.hot = turn.hot.with_cases(tuple(kept))
