"""Planted bugs of decisions: an entry that says another ground, or another reason, than it had."""

from streams.domain.entry import DisclosureMade, DisclosureWithheld, Fact, LedgerEntry
from streams.domain.ids import StatementId
from tests.simulation.history import Run
from tests.simulation.planting import edited, with_facts


def another_ground_named(run: Run) -> Run | None:
    """Let data go on a statement that the person never made."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, DisclosureMade):
                wrong = fact.basis[0]._replace(rule=StatementId("S-never"))
                return _with(entry, number, fact._replace(basis=(wrong, *fact.basis[1:])))
        return None

    return edited(run, edit)


def another_reason_named(run: Run) -> Run | None:
    """Hold data back for a prohibition that the person never made."""

    def edit(entry: LedgerEntry) -> LedgerEntry | None:
        for number, fact in enumerate(entry.facts):
            if isinstance(fact, DisclosureWithheld) and fact.missing:
                wrong = fact.missing[0]._replace(reason="prohibited", rule="K-never")
                return _with(entry, number, fact._replace(missing=(wrong, *fact.missing[1:])))
        return None

    return edited(run, edit)


def _with(entry: LedgerEntry, number: int, fact: Fact) -> LedgerEntry:
    return with_facts(entry, (*entry.facts[:number], fact, *entry.facts[number + 1 :]))
