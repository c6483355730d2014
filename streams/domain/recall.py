"""Recall: whoever has data whose basis is gone is asked to stop using it, and says that it has.

A recall belongs to one handoff and one agency: its recipient, or the coordinator that was convened
for it. It widens where more has to be fetched back before it is confirmed, and its clock runs until
then, whatever becomes of the handoff.
"""

from streams.domain import clocks
from streams.domain.answers import RecallAcknowledged
from streams.domain.clock_rules import OF_RECALL, RECALL_ISSUED, ClockRule
from streams.domain.codes import Category, NoticeKind
from streams.domain.entry import DisclosureWithheld, RecallConfirmed, RecallIssued
from streams.domain.holdings import Holding
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant, NoticeId, derive
from streams.domain.legal_basis import decide
from streams.domain.missing_basis import seek
from streams.domain.outgoing import without
from streams.domain.person import Clock, ClockState, Handoff, Recall
from streams.domain.projection import project
from streams.domain.turn import Telling, Turn, permitted

WITHDRAWN = "basis-withdrawn"


def issue(turn: Turn, handoff: Handoff, categories: tuple[Category, ...], *, knows: bool) -> None:
    """Ask a handoff's recipient to stop using data of these categories.

    `knows` where it has been told who the person is; else the recall goes by ids alone.
    """
    recall = Recall(
        handoff.handoff_id,
        handoff.recipient,
        handoff.source,
        handoff.referral_id,
        categories,
        turn.at,
    )
    due_at = _record(turn, recall)
    who = permitted(handoff.content, (Category.IDENTITY,)) if knows else ()
    telling = Telling(WITHDRAWN, due_at=due_at, categories=categories, content=who)
    turn.notify(handoff.recipient, NoticeKind.RECALL, handoff, telling)


def fetch_back(turn: Turn) -> None:
    """Recall what agencies hold of handoffs that are over, where it rests on no basis any more."""
    if not turn.hot.holdings:
        return
    for held in turn.holdings().values():
        if not held.categories:
            continue
        question = held.question(turn.agreement, turn.at)
        decision = decide(turn.hot, question, turn.agreement)
        if decision.withheld:
            decision = seek(turn.hot, question, turn.agreement, decision)
            lost = tuple([each.category for each in decision.withheld])
            turn.handoff_id = turn.handoff_id or held.handoff_id
            turn.facts.append(DisclosureWithheld(held.handoff_id, held.to, lost, decision.withheld))
            _keep_less(turn, held, held, lost)


def arrive(turn: Turn, handoff_id: HandoffId, to: AgencyId, notice_id: NoticeId | None) -> None:
    """Take it that data of a handoff that is over is with an agency, though it was called off.

    A notice's own receipt says so of that notice. An answer (`notice_id` None) says so of all that
    was called off, where nothing else had left that it could answer.
    """
    before = turn.holdings().get((handoff_id, to))
    if before is None or (notice_id is None and before.started):
        return
    came = [n for n in before.called_off if notice_id in (None, n.notice_id)]
    if not came:
        return
    held = tuple(dict.fromkeys([category for notice in came for category in notice.categories]))
    more = tuple([category for category in held if category not in before.categories])
    after = before._replace(
        categories=before.categories + more,
        called_off=tuple([notice for notice in before.called_off if notice not in came]),
        started=True,
    )
    gone = held
    if not before.basis_gone:
        decision = decide(turn.hot, after.question(turn.agreement, turn.at), turn.agreement)
        gone = tuple([each.category for each in decision.withheld])
    if gone:
        _keep_less(turn, before, after, gone)
    else:
        turn.keep_holding(after, before)


def confirm(turn: Turn, event: RecallAcknowledged) -> bool:
    """Take an agency's word that it has stopped using the data; False where no recall waits."""
    agency = event.envelope.agency
    for recall in turn.hot.recalls:
        named = recall.handoff_id == event.handoff_id or (
            event.handoff_id is None and recall.referral_id == event.referral_id
        )
        if named and recall.to == agency:
            turn.handoff_id = recall.handoff_id
            turn.facts.append(RecallConfirmed(recall.handoff_id, agency))
            others = tuple([other for other in turn.hot.recalls if other is not recall])
            turn.hot = turn.hot._replace(recalls=others)
            for clock in _clocks_of(turn, recall):
                clocks.meet(turn, clock)
            return True
    return False


def _keep_less(turn: Turn, before: Holding, held: Holding, gone: tuple[Category, ...]) -> None:
    left = tuple([category for category in held.categories if category not in gone])
    after = held._replace(categories=left, called_off=without(held.called_off, gone))
    turn.keep_holding(after, before)
    recall = Recall(held.handoff_id, held.to, held.source, held.referral_id, gone, turn.at)
    telling = Telling(WITHDRAWN, due_at=_record(turn, recall), categories=gone)
    turn.notify_by_ids(held.to, NoticeKind.RECALL, recall, telling)


def _record(turn: Turn, recall: Recall) -> Instant | None:
    """Keep a recall that goes out, wider where one waits; give when it is to be confirmed."""
    turn.facts.append(RecallIssued(recall.handoff_id, recall.to, recall.categories))
    key = (recall.handoff_id, recall.to)
    kept, waiting = recall, []
    for other in turn.hot.recalls:
        if (other.handoff_id, other.to) == key:
            more = tuple([c for c in recall.categories if c not in other.categories])
            kept = other._replace(categories=other.categories + more)
        else:
            waiting.append(other)
    turn.hot = turn.hot._replace(recalls=(*waiting, kept))
    if not _clocks_of(turn, recall):
        for _, rule in turn.agreement.clock_rules.starting(RECALL_ISSUED):
            if _holds(rule, turn.at):
                _start_clock(turn, rule, recall)
    return min([clock.due_at for clock in _clocks_of(turn, recall)], default=None)


def _clocks_of(turn: Turn, recall: Recall) -> list[Clock]:
    key = (OF_RECALL, recall.handoff_id, recall.to)
    return [clock for clock in turn.hot.clocks if (clock.scope, clock.subject, clock.owner) == key]


def _holds(rule: ClockRule, at: Instant) -> bool:
    if rule.valid_from is not None and at < rule.valid_from:
        return False
    return rule.valid_to is None or at < rule.valid_to


def _start_clock(turn: Turn, rule: ClockRule, recall: Recall) -> None:
    # From when the hub asks: what its cause is worth of time is nothing that the agency could help.
    offices = turn.agreement.offices(recall.to, own=rule.calendar == "agency")
    due_at, ladder = project(rule, offices, turn.at)
    clock = Clock(
        ClockId(derive("c", turn.cause, rule.rule, recall.handoff_id, recall.to)),
        rule.rule,
        rule.scope,
        recall.handoff_id,
        recall.to,
        recall.source,
        ClockState.RUNNING,
        turn.at,
        due_at,
        ladder[0].at,
        ladder[0].rung,
    )
    turn.facts.append(clocks.said_started(clock, rule, "", ladder))
    turn.hot = turn.hot.with_clocks((*turn.hot.clocks, clock))
