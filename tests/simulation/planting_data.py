"""Planted bugs of what may leave: data leaked, a basis made up, a recall forgotten or made up."""

from streams.domain.clock_facts import ClockStarted
from streams.domain.clock_rules import OF_RECALL
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import (
    DisclosureMade,
    HandoffStatusChanged,
    LedgerEntry,
    RecallIssued,
)
from streams.domain.envelope import SealedPart
from streams.domain.handoff import TERMINAL
from streams.domain.ids import HandoffId
from tests.simulation.history import Run
from tests.simulation.planting import edited, with_facts, with_notice, without


def _leaked(run: Run, kind: NoticeKind, part: SealedPart) -> Run | None:
    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.kind is kind:
                more = notice._replace(content=(*notice.content, part))
                return with_notice(entry, number, more)
        return None

    return edited(run, edit)


def a_category_leaked(run: Run) -> Run | None:
    """Put the plan into a notice of a status."""
    return _leaked(run, NoticeKind.STATUS, SealedPart(Part.PLAN, 1, b"plan:leaked"))


def a_refusal_that_tells(run: Run) -> Run | None:
    """Say in a refusal of whom it is."""
    return _leaked(run, NoticeKind.REFUSAL, SealedPart(Part.IDENTITY, 1, b"identity:leaked"))


def another_message_leaked(run: Run) -> Run | None:
    """Put the identity of another message where this one's should be."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.kind is NoticeKind.REFERRAL and notice.content[0].part is Part.IDENTITY:
                other = notice.content[0]._replace(value=b"identity:another")
                content = (other, *notice.content[1:])
                return with_notice(entry, number, notice._replace(content=content))
        return None

    return edited(run, edit)


def what_was_withheld_leaked(run: Run) -> Run | None:
    """Put a withheld category into the very notice that says so."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.kind is NoticeKind.REFERRAL and notice.withheld:
                kept_back = Part(notice.withheld[0].category.value)
                leak = SealedPart(kept_back, 1, b"")
                more = notice._replace(content=(*notice.content, leak))
                return with_notice(entry, number, more)
        return None

    return edited(run, edit)


def a_disclosure_without_basis(run: Run) -> Run | None:
    """Let a category go that nobody asked for and nothing permits."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, DisclosureMade) and fact.basis[0].basis.value == "statute":
                more = (*fact.categories, Category.EDUCATION_WORK_HISTORY)
                wrong = fact._replace(categories=more)
                return with_facts(entry, (*entry.facts[:number], wrong, *entry.facts[number + 1 :]))
        return None

    return edited(run, edit)


def a_disclosure_left_out(run: Run) -> Run | None:
    """Say nothing of what may go."""
    return edited(run, lambda entry: without(entry, DisclosureMade))


def a_recipient_told_too_early(run: Run) -> Run | None:
    """Tell the recipient of a handoff that waits for its basis."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, notice in enumerate(entry.deliveries):
            if notice.detail == Status.AWAITING_BASIS and notice.recipient is not None:
                return with_notice(entry, number, notice._replace(to=notice.recipient))
        return None

    return edited(run, edit)


def a_recall_forgotten(run: Run) -> Run | None:
    """Let a basis go, and the data stay where it went."""
    return edited(run, lambda entry: without(entry, RecallIssued))


def a_recall_of_what_never_left(run: Run) -> Run | None:
    """Recall a category that nobody has."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, RecallIssued):
                more = (*fact.categories, Category.EDUCATION_WORK_HISTORY)
                wrong = fact._replace(categories=more)
                return with_facts(entry, (*entry.facts[:number], wrong, *entry.facts[number + 1 :]))
        return None

    return edited(run, edit)


def a_past_recall_forgotten(run: Run) -> Run | None:
    """Recall from who still has the handoff, and forget who had it before."""
    over: set[HandoffId] = set()

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        before = set(over)
        over.update(
            fact.handoff_id
            for fact in entry.facts
            if isinstance(fact, HandoffStatusChanged) and fact.to in TERMINAL
        )
        left = [
            fact
            for fact in entry.facts
            if not (isinstance(fact, RecallIssued) and fact.handoff_id in before)
        ]
        return with_facts(entry, left) if len(left) < len(entry.facts) else None

    return edited(run, edit)


def a_recall_without_its_clock(run: Run) -> Run | None:
    """Issue a recall, and let nobody wait for its confirmation."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        left = [
            fact
            for fact in entry.facts
            if not (isinstance(fact, ClockStarted) and fact.scope == OF_RECALL)
        ]
        return with_facts(entry, left) if len(left) < len(entry.facts) else None

    return edited(run, edit)
