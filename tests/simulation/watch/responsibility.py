"""Responsibility is total and conserved: for every case exactly one agency, at every sequence."""

from collections.abc import Iterator
from typing import NamedTuple

from streams.domain.answers import HandoffAccepted
from streams.domain.codes import Status
from streams.domain.entry import (
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    ResponsibilityMoved,
)
from streams.domain.ids import AgencyId, CaseId, HandoffId
from tests.simulation.history import Run
from tests.simulation.watch.lane import Said, as_said, place

CARRIED = (Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD)


class _Taken(NamedTuple):
    """A handoff that its recipient has accepted and that goes on."""

    handoff_id: HandoffId
    case_id: CaseId
    recipient: AgencyId


class _Cases:
    """Who answers for a person, followed from facts alone."""

    def __init__(self) -> None:
        self.first_source: dict[CaseId, AgencyId] = {}
        self.holder: dict[CaseId, AgencyId] = {}
        self.opened: dict[HandoffId, HandoffOpened] = {}
        self.taken: list[_Taken] = []
        """In the order of acceptance."""

    def hear(self, said: Said, may_move: set[CaseId]) -> Iterator[str]:
        """Follow one fact."""
        match said.fact:
            case HandoffOpened(handoff_id=handoff_id, case_id=case_id, source=source):
                self.opened[handoff_id] = said.fact
                if case_id not in self.holder:
                    self.first_source[case_id] = self.holder[case_id] = source
                    if str(case_id) != str(handoff_id):
                        yield f"{place(said.entry)}: a case that no referral began"
            case HandoffStatusChanged():
                self._change(said, said.fact, may_move)
            case ResponsibilityMoved(case_id=case_id, from_=from_, to=to):
                if self.holder.get(case_id) != from_:
                    yield f"{place(said.entry)}: moved from {from_}, which did not hold it"
                if case_id not in may_move:
                    yield f"{place(said.entry)}: moved without acceptance or end"
                self.holder[case_id] = to
            case _:
                pass

    def _change(self, said: Said, fact: HandoffStatusChanged, may_move: set[CaseId]) -> None:
        opened = self.opened[fact.handoff_id]
        if fact.to is Status.ACCEPTED and isinstance(said.event, HandoffAccepted):
            self.taken.append(_Taken(fact.handoff_id, opened.case_id, opened.recipient))
            may_move.add(opened.case_id)
        elif fact.from_ in CARRIED and fact.to not in CARRIED:
            self.taken = [taken for taken in self.taken if taken.handoff_id != fact.handoff_id]
            may_move.add(opened.case_id)

    def misplaced(self, entry: LedgerEntry) -> Iterator[str]:
        """Compare who holds each case with who should."""
        for case_id, holder in self.holder.items():
            carrying = [taken for taken in self.taken if taken.case_id == case_id]
            should = carrying[-1].recipient if carrying else self.first_source[case_id]
            if holder != should:
                yield f"{place(entry)}: {holder} answers for {case_id[:8]} instead of {should}"


def responsibility_is_conserved(run: Run) -> Iterator[str]:
    """It begins with the source, and moves only on acceptance or when what was accepted ends."""
    for lane in run.lanes().values():
        cases = _Cases()
        for entry, said_in_it in zip(lane, as_said(lane), strict=True):
            may_move: set[CaseId] = set()
            for said in said_in_it:
                yield from cases.hear(said, may_move)
            yield from cases.misplaced(entry)


def the_state_tells_who_answers(run: Run) -> Iterator[str]:
    """Of every open handoff's case the state names one holder: the one the ledger gives."""
    lanes = run.lanes()
    for state in run.states:
        cases = _Cases()
        for said_in_it in as_said(lanes.get(state.person, [])):
            for said in said_in_it:
                for _ in cases.hear(said, set()):
                    pass
        told = {case.case_id: case.responsible for case in state.cases}
        if len(told) != len(state.cases):
            yield f"{state.person[:8]}: a case is there twice"
        for handoff in state.handoffs:
            if handoff.case_id not in told:
                yield f"{state.person[:8]}: an open handoff without its case"
        for case_id, holder in told.items():
            if cases.holder.get(case_id) != holder:
                yield f"{state.person[:8]}: the state and the ledger name two holders"
