"""Nothing leaves that may not, what was withheld stays behind, and what left is fetched back."""

from collections.abc import Iterator

from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    Notice,
)
from streams.domain.envelope import SealedPart
from streams.domain.handoff import TERMINAL
from tests.simulation.watch.dossiers import DATA_NOTICES, Dossier, Page
from tests.simulation.watch.lane import place
from tests.simulation.watch.responsibility import CARRIED

_WORDS = {Part.REMARK, Part.WORKER}
_WITHOUT_CONTENT = (NoticeKind.REFUSAL, NoticeKind.ESCALATION)


def notices_carry_only_what_was_granted(page: Page) -> Iterator[str]:
    """Data of granted categories to the recipient; between the parties who it is about, and words.

    Nothing of the person for anybody else, and nothing at all in a refusal.
    """
    for notice in page.entry.deliveries:
        allowed = _allowed(page, notice)
        for part in notice.content:
            if part.part not in allowed:
                yield f"{place(page.entry)}: {part.part} in {notice.kind} to {notice.to}"
            elif not _is_in_its_place(page, notice, part):
                yield f"{place(page.entry)}: {part.part} of another message in {notice.kind}"


def disclosures_have_a_basis(page: Page) -> Iterator[str]:
    """What an entry says may leave is permitted at its moment."""
    at = page.entry.recorded_at
    for fact in page.entry.facts:
        if not isinstance(fact, DisclosureMade):
            continue
        dossier = page.dossiers[fact.handoff_id]
        parties = (dossier.parties[0], fact.to)
        for category in fact.categories:
            if not page.permissions.permits(
                category, parties, dossier.purpose, at, vital=dossier.vital
            ):
                yield f"{place(page.entry)}: {category} has no basis to {fact.to}"


def open_handoffs_hold_what_is_permitted(page: Page) -> Iterator[str]:
    """What may go is what is permitted, no less and no more; without any, the handoff waits."""
    for dossier in page.dossiers.values():
        if dossier.status in TERMINAL:
            continue
        if dossier.told != dossier.granted:
            told, granted = sorted(dossier.told), sorted(dossier.granted)
            yield f"{place(page.entry)}: {told} may go by the ledger, {granted} by the law"
        carried = dossier.status in CARRIED
        if not carried and bool(dossier.granted) is (dossier.status is Status.AWAITING_BASIS):
            yield f"{place(page.entry)}: {dossier.status}, and {len(dossier.granted)} permitted"


def nobody_hears_of_a_handoff_that_waits_for_its_basis(page: Page) -> Iterator[str]:
    """Until there is a basis, the recipient is told nothing."""
    for notice in page.entry.deliveries:
        if notice.handoff_id is None:
            continue
        dossier = page.dossiers[notice.handoff_id]
        waits = dossier.status is Status.AWAITING_BASIS
        if waits and notice.to != dossier.parties[0]:
            yield f"{place(page.entry)}: {notice.kind} to {notice.to} before there is a basis"


def what_is_withheld_is_in_no_notice(page: Page) -> Iterator[str]:
    """A category that an entry withholds from a recipient is in none of its notices to it."""
    withheld = {
        (fact.handoff_id, fact.to): set(fact.categories)
        for fact in page.entry.facts
        if isinstance(fact, DisclosureWithheld)
    }
    for notice in page.entry.deliveries:
        if notice.kind is NoticeKind.RECALL or notice.handoff_id is None:
            continue  # A recall says of whom it is, to one that knows already.
        behind = withheld.get((notice.handoff_id, notice.to), set())
        if notice.to == page.dossiers[notice.handoff_id].parties[1]:
            behind |= {held.category for held in notice.withheld}
        for part in notice.content:
            if part.part.value in behind:
                yield f"{place(page.entry)}: {part.part} withheld, and in {notice.kind}"


def what_left_is_recalled_when_its_basis_goes(page: Page) -> Iterator[str]:
    """From every agency that has it, category by category, in the entry that ends the basis."""
    at = page.entry.recorded_at
    for (handoff_id, to), left in page.left_before.items():
        dossier = page.dossiers[handoff_id]
        stands = dossier.permitted(page.permissions, at, to)
        if dossier.basis_gone and to == dossier.parties[1]:
            stands = set()
        for category in sorted(left - stands - page.recalled.get((handoff_id, to), set())):
            yield f"{place(page.entry)}: {category} has no basis at {to} any more, and no recall"


def what_never_left_is_never_recalled(page: Page) -> Iterator[str]:
    """Nor what was recalled already: each category once, for as often as it left."""
    for (handoff_id, to), categories in page.recalled.items():
        for category in sorted(categories - page.left_before.get((handoff_id, to), set())):
            yield f"{place(page.entry)}: {category} recalled from {to}, which does not have it"


def _allowed(page: Page, notice: Notice) -> set[Part]:
    if notice.handoff_id is None or notice.kind in _WITHOUT_CONTENT:
        return set()
    dossier = page.dossiers[notice.handoff_id]
    if notice.kind is NoticeKind.CONVENE:
        return _at_the_table(page, notice, dossier)
    if notice.kind is NoticeKind.RECALL:
        left = page.left_before[notice.handoff_id, notice.to]
        return {Part.IDENTITY} if Category.IDENTITY in left else set()
    if notice.to not in dossier.parties:
        return set()
    if notice.to == dossier.parties[1] and notice.kind in DATA_NOTICES and notice.categories:
        return _granted(page, notice)
    knows = notice.to == dossier.parties[0] or Category.IDENTITY in dossier.granted
    return {Part.IDENTITY, *_WORDS} if knows else set(_WORDS)


def _at_the_table(page: Page, notice: Notice, dossier: Dossier) -> set[Part]:
    # The coordinator may be a party, and knows then what it sent or was sent.
    assert notice.handoff_id is not None
    if notice.to == dossier.parties[0]:
        return {Part(category.value) for category in dossier.requested}
    if notice.to == dossier.parties[1]:
        knows = Category.IDENTITY in page.left_before[notice.handoff_id, notice.to]
        return {Part.IDENTITY} if knows else set()
    return _granted(page, notice)


def _granted(page: Page, notice: Notice) -> set[Part]:
    return {
        Part(category.value)
        for fact in page.entry.facts
        if isinstance(fact, DisclosureMade)
        and (fact.handoff_id, fact.to) == (notice.handoff_id, notice.to)
        for category in fact.categories
    }


def _is_in_its_place(page: Page, notice: Notice, part: SealedPart) -> bool:
    assert notice.handoff_id is not None
    if part.part in _WORDS:
        speakers = {page.entry.event.envelope.event_id}
        speakers |= {said.event.envelope.event_id for said in page.said}
    else:
        speakers = {page.dossiers[notice.handoff_id].referral}
    return part.value.decode().removeprefix(f"{part.part}:") in speakers


OF_WHAT_MAY_GO = (
    disclosures_have_a_basis,
    open_handoffs_hold_what_is_permitted,
    what_is_withheld_is_in_no_notice,
    what_left_is_recalled_when_its_basis_goes,
    what_never_left_is_never_recalled,
)
"""What must hold of the data itself, whoever says what in whatever words."""
