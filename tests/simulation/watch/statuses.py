"""Statuses follow the table of transitions, and what is over stays over."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from streams.domain.codes import Status
from streams.domain.entry import (
    DisclosureMade,
    HandoffOpened,
    HandoffStatusChanged,
    ReferralReplaced,
)
from streams.domain.handoff import TERMINAL
from streams.domain.ids import AgencyId, HandoffId
from tests.simulation.history import Run
from tests.simulation.watch.lane import Said, as_said, place

_TABLE = Path(__file__).parents[2] / "data" / "domain" / "transitions.csv"
NEWLY_DECIDED = {
    # A new version is decided again, and an order of non-disclosure may come with any event: both
    # may take the last basis or give the first; the table names only statements and clocks.
    ("basis-withdrawn", Status.CANCELLED),
    ("basis-found", Status.REQUESTED),
}


class _Row(NamedTuple):
    """One row of the table."""

    begins: str
    event: str
    to: str
    actor: str


@cache
def table() -> frozenset[_Row]:
    """Read the table of transitions."""
    with _TABLE.open(encoding="utf-8") as rows:
        return frozenset(
            _Row(row["from"], row["event"], row["to"], row["actor"]) for row in csv.DictReader(rows)
        )


def statuses_follow_the_table(run: Run) -> Iterator[str]:
    """Each change is a row of the table, said by whom the row names; none skips a status."""
    for lane in run.lanes().values():
        now: dict[HandoffId, Status] = {}
        parties: dict[HandoffId, tuple[AgencyId, AgencyId]] = {}
        for said in (said for each in as_said(lane) for said in each):
            fact = said.fact
            if isinstance(fact, HandoffOpened):
                parties[fact.handoff_id] = (fact.source, fact.recipient)
                now[fact.handoff_id] = fact.status
                if not _is_allowed(said, "-", fact.status, parties[fact.handoff_id]):
                    yield f"{place(said.entry)}: may not open as {fact.status}"
            elif isinstance(fact, HandoffStatusChanged):
                if now.get(fact.handoff_id) != fact.from_:
                    yield f"{place(said.entry)}: was {now.get(fact.handoff_id)}, not {fact.from_}"
                now[fact.handoff_id] = fact.to
                newly = (fact.reason, fact.to) in NEWLY_DECIDED and fact.from_ not in TERMINAL
                if not newly and not _is_allowed(
                    said, fact.from_, fact.to, parties[fact.handoff_id]
                ):
                    yield f"{place(said.entry)}: {fact.from_} to {fact.to} is not in the table"


def what_is_over_stays_over(run: Run) -> Iterator[str]:
    """After a terminal status nothing of a handoff changes, and nothing is disclosed any more."""
    for lane in run.lanes().values():
        over: set[HandoffId] = set()
        for said in (said for each in as_said(lane) for said in each):
            fact = said.fact
            if not isinstance(fact, HandoffStatusChanged | ReferralReplaced | DisclosureMade):
                continue
            # The coordinator may hear of a stall from the entry that ends the last handoff.
            if fact.handoff_id in over and not isinstance(fact, DisclosureMade):
                yield f"{place(said.entry)}: {type(fact).__name__} of what was over"
            if isinstance(fact, HandoffStatusChanged) and fact.to in TERMINAL:
                over.add(fact.handoff_id)


def the_state_tells_the_ledgers_statuses(run: Run) -> Iterator[str]:
    """Open handoffs of the state are those of the ledger, with the ledger's status."""
    lanes = run.lanes()
    for state in run.states:
        now: dict[HandoffId, Status] = {}
        for entry in lanes.get(state.person, []):
            for fact in entry.facts:
                if isinstance(fact, HandoffOpened):
                    now[fact.handoff_id] = fact.status
                elif isinstance(fact, HandoffStatusChanged):
                    now[fact.handoff_id] = fact.to
        told = {handoff.handoff_id: handoff.status for handoff in state.handoffs}
        if told != {name: status for name, status in now.items() if status not in TERMINAL}:
            yield f"{state.person[:8]}: the state and the ledger tell of other statuses"


def _is_allowed(said: Said, begins: str, to: Status, parties: tuple[AgencyId, AgencyId]) -> bool:
    speaker, name = said.event.envelope.agency, type(said.event).__name__
    roles = {"hub"}
    if speaker == parties[0]:
        roles |= {"source", "source|recipient"}
    if speaker == parties[1]:
        roles |= {"recipient", "source|recipient"}
    return any(_Row(begins, name, to, role) in table() for role in roles)
