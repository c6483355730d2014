"""Asked again as of any entry, a decision is the one that the entry holds."""

from collections.abc import Iterator
from functools import cache

from streams.domain.agreement import Agreement, Agreements
from streams.domain.codes import Category
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
)
from streams.domain.handoff import TERMINAL
from streams.domain.ids import HandoffId, Instant
from streams.domain.legal_basis import Decision
from streams.views.retelling import Retelling
from tests.simulation.history import Run
from tests.simulation.town import FIRST, SECOND
from tests.simulation.watch.lane import place

_Decided = DisclosureMade | DisclosureWithheld


def decisions_asked_again_are_the_same(run: Run) -> Iterator[str]:
    """What an entry let go or held back is what is decided again; what it left is still so.

    The rules come from the versions of the agreement by their digests, as a hub keeps them.
    """
    for person, lane in run.lanes().items():
        retelling = Retelling(person, _kept)
        may_go: dict[HandoffId, set[Category]] = {}
        for entry in lane:
            retelling.take(entry)
            for fact in entry.facts:
                if isinstance(fact, _Decided) and not _agrees(fact, _again(retelling, entry, fact)):
                    yield f"{place(entry)}: {type(fact).__name__} to {fact.to}, decided otherwise"
            yield from _wholly_decided(entry, retelling)
            _follow(entry, retelling, may_go)
            for handoff_id, told in may_go.items():
                again = _ask(retelling, entry, handoff_id)
                if told != {*again.categories}:
                    yield f"{place(entry)}: {sorted(told)} may go, asked again {again.categories}"


def _agrees(fact: _Decided, again: Decision) -> bool:
    if isinstance(fact, DisclosureMade):
        named = tuple([g for g in again.granted if g.category in fact.categories])
        return fact.basis == named and len(named) == len(fact.categories)
    # What a newer version of the referral does not name any more is held back without a reason, and
    # what is fetched back comes in the order in which it had left.
    return {*fact.missing} == {held for held in again.withheld if held.category in fact.categories}


def _wholly_decided(entry: LedgerEntry, retelling: Retelling) -> Iterator[str]:
    for opened in entry.facts:
        if not isinstance(opened, HandoffOpened):
            continue
        decided = [
            fact
            for fact in entry.facts
            if isinstance(fact, _Decided) and fact.handoff_id == opened.handoff_id
        ]
        made = [fact for fact in decided if isinstance(fact, DisclosureMade)]
        held = [fact for fact in decided if isinstance(fact, DisclosureWithheld)]
        again = _ask(retelling, entry, opened.handoff_id)
        granted = made[0].basis if made else ()
        withheld = held[0].missing if held else ()
        if (granted, withheld) != again:
            yield f"{place(entry)}: a handoff was opened on another decision"


def _follow(
    entry: LedgerEntry, retelling: Retelling, may_go: dict[HandoffId, set[Category]]
) -> None:
    for fact in entry.facts:
        if isinstance(fact, HandoffOpened):
            may_go[fact.handoff_id] = set()
        elif isinstance(fact, _Decided):
            asked = retelling.asked[fact.handoff_id]
            known = may_go.get(fact.handoff_id)
            if known is not None and fact.to == asked.recipient:
                known &= set(asked.requested)
                made = isinstance(fact, DisclosureMade)
                (known.update if made else known.difference_update)(fact.categories)
        elif isinstance(fact, HandoffStatusChanged) and fact.to in TERMINAL:
            may_go.pop(fact.handoff_id, None)


def _again(retelling: Retelling, entry: LedgerEntry, fact: _Decided) -> Decision:
    agreement = _rules(entry)
    question = retelling.question(fact.handoff_id, entry.recorded_at, agreement, fact.to)
    return retelling.decide(question, agreement)


def _ask(retelling: Retelling, entry: LedgerEntry, handoff_id: HandoffId) -> Decision:
    agreement = _rules(entry)
    question = retelling.question(handoff_id, entry.recorded_at, agreement)
    return retelling.decide(question, agreement)


def _rules(entry: LedgerEntry) -> Agreement:
    agreement = _kept(entry.agreement_digest, entry.recorded_at)
    assert agreement is not None
    return agreement


def _kept(digest: bytes, at: Instant) -> Agreement | None:
    return _versions()[digest].in_force(at) if digest in _versions() else None


@cache
def _versions() -> dict[bytes, Agreements]:
    return {version.digest: Agreements((version,)) for version in (FIRST, SECOND)}
