"""Outcomes: whether each thread of the story ended as its title says, read off the ledger alone."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from streams.bootstrap.story.chronicle import CaseLine, Chronicle, HandoffLine
from streams.domain.codes import Status
from streams.domain.ids import PersonId
from streams.promises.engine import ReceiptStatus

REJECTIONS_TO_CONVENE = 3


class Thread(NamedTuple):
    """What the ledger says of the person whom a scene is about: their case and its handoffs."""

    person: PersonId
    case: CaseLine
    lines: tuple[HandoffLine, ...]

    @property
    def first(self) -> HandoffLine:
        """The handoff that the first referral became."""
        return self.lines[0]

    @property
    def last(self) -> HandoffLine:
        """The newest handoff."""
        return self.lines[-1]


def thread_of(chronicle: Chronicle, person: PersonId) -> Thread | None:
    """Gather a person's first case; None where no referral of theirs became a handoff."""
    cases = chronicle.cases_of(person)
    if not cases:
        return None
    lines = tuple([chronicle.handoffs[handoff_id] for handoff_id in cases[0].handoffs])
    return Thread(person, cases[0], lines)


def happened(key: str, thread: Thread | None, chronicle: Chronicle, receipts: Counter[str]) -> bool:
    """Say whether a scene came out as its title says."""
    if thread is None:
        return False
    if key == "duplicate":
        return len(thread.lines) == 1 and receipts[ReceiptStatus.DUPLICATE.value] > 0
    if key == "parked":
        taken_up = thread.person in chronicle.parked & chronicle.taken_up
        return taken_up and thread.case.responsible != "" and _was_accepted(thread.first)
    return _CHECKS[key](thread)


def _was_accepted(line: HandoffLine) -> bool:
    return Status.ACCEPTED in line.statuses


def _completed(thread: Thread) -> bool:
    line = thread.first
    back_home = thread.case.responsible == line.opened.source
    return line.status is Status.COMPLETED and _was_accepted(line) and back_home


def _breached(thread: Thread) -> bool:
    line = thread.first
    late = line.clocks.get("acceptance") == "breached" and line.late_by_us > 0
    return late and bool(line.escalated_to) and _was_accepted(line)


def _released(thread: Thread) -> bool:
    line = thread.first
    waited = line.opened.status is Status.AWAITING_BASIS and line.waited_us["for_basis"] > 0
    return waited and _was_accepted(line)


def _waiting(thread: Thread) -> bool:
    missing = any(withheld.missing for withheld in thread.first.withheld)
    return thread.first.status is Status.AWAITING_BASIS and missing and not thread.first.has_left


def _nothing_left(thread: Thread) -> bool:
    line = thread.first
    withdrawn = (line.status, line.reason) == (Status.CANCELLED, "basis-withdrawn")
    return withdrawn and not line.has_left and not line.recalls


def _recalled(thread: Thread) -> bool:
    line = thread.first
    withdrawn = (line.status, line.reason) == (Status.CANCELLED, "basis-withdrawn")
    confirmed = bool(line.recalls) and line.recalls == line.recalls_confirmed
    return withdrawn and line.has_left and confirmed


def _rerouted(thread: Thread) -> bool:
    passed_on = thread.first.rerouted_to == thread.last.handoff_id != thread.first.handoff_id
    return passed_on and thread.first.status is Status.REJECTED and _was_accepted(thread.last)


def _convened(thread: Thread) -> bool:
    case = thread.case
    at_one_table = case.convened_with is not None and case.responsible == case.convened_with
    return at_one_table and len(case.declines) == REJECTIONS_TO_CONVENE and "stall" in case.bounces


_CHECKS: dict[str, Callable[[Thread], bool]] = {
    "completed": _completed,
    "breached": _breached,
    "released": _released,
    "waiting": _waiting,
    "nothing-left": _nothing_left,
    "recalled": _recalled,
    "rerouted": _rerouted,
    "convened": _convened,
}
