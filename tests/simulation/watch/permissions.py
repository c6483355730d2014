"""The legal basis, slowly: what a person's statements and the agreement permit at a moment.

Written from the domain page, and not from the code that it watches.
"""

from streams.domain.agreement import BasisRule
from streams.domain.codes import Basis, Branch, Category, Milestone, Purpose
from streams.domain.event import Event
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.path import MilestoneReached
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)
from tests.simulation.town import AGENCIES, BASIS_RULES, FIRST

_Name = tuple[AgencyId, StatementId]
_Statement = ConsentGiven | DisclosureProhibited | ConsentWithdrawn | ProhibitionLifted
_BRANCHES = {
    rule.purpose: rule.branch for rule in FIRST.services if rule.branch is not Branch.UNKNOWN
}
"""Into which branch of sote data for a purpose goes: each service of the town has its own."""
_ABOUT_PROHIBITIONS = (DisclosureProhibited, ProhibitionLifted)


class Permissions:
    """What one person has said so far."""

    def __init__(self) -> None:
        """Begin with a person who has said nothing."""
        self._newest: dict[_Name, ConsentGiven | DisclosureProhibited] = {}
        self._ends: dict[tuple[_Name, bool], tuple[Instant, bool]] = {}
        """When consents, and when prohibitions, of a name ended, and whether any was known."""
        self._is_member = False
        self._is_protected = False

    def hear(self, event: Event) -> None:
        """Take an event of the ledger in."""
        head = event.envelope
        self._is_protected = head.protected or (self._is_protected and not head.municipality)
        if isinstance(event, MilestoneReached):
            if event.milestone is Milestone.TYP_MEMBERSHIP_STARTED:
                self._is_member = True
            elif event.milestone is Milestone.TYP_MEMBERSHIP_ENDED:
                self._is_member = False
        elif isinstance(event, _Statement):
            self._note(event)

    def _note(self, event: _Statement) -> None:
        name = (event.envelope.agency, event.statement_id)
        occurred_at = event.envelope.occurred_at
        prohibits = isinstance(event, _ABOUT_PROHIBITIONS)
        current, end = self._newest.get(name), self._ends.get((name, prohibits))
        if isinstance(event, ConsentGiven | DisclosureProhibited):
            kind = event.kind if isinstance(event, ConsentGiven) else StatementKind.PROHIBITION
            if kind not in AGENCIES[event.envelope.agency].records:
                return
            if end is not None and occurred_at < end[0]:
                self._ends[name, prohibits] = (end[0], True)
            elif current is None or occurred_at >= current.envelope.occurred_at:
                self._newest[name] = event
                self._ends.pop((name, prohibits), None)
        elif current is not None:
            is_of_kind = isinstance(current, _ABOUT_PROHIBITIONS) is prohibits
            if is_of_kind and occurred_at >= current.envelope.occurred_at:
                del self._newest[name]
                self._ends[name, prohibits] = (occurred_at, True)
        elif end is not None:
            self._ends[name, prohibits] = (max(end[0], occurred_at), end[1])
        elif not self._ends.get((name, not prohibits), (occurred_at, False))[1]:
            self._ends[name, prohibits] = (occurred_at, False)

    def permits(
        self,
        category: Category,
        parties: tuple[AgencyId, AgencyId],
        purpose: Purpose,
        at: Instant,
        *,
        vital: bool,
    ) -> bool:
        """Say whether a category may go from the first agency to the second at a moment."""
        in_force = [
            statement
            for statement in self._newest.values()
            if (statement.valid_from is None or statement.valid_from <= at)
            and (statement.valid_to is None or at < statement.valid_to)
            and (not statement.sources or parties[0] in statement.sources)
            and (not statement.recipients or parties[1] in statement.recipients)
        ]
        prohibited = any(
            isinstance(said, DisclosureProhibited)
            and (not said.purposes or purpose in said.purposes)
            and (not said.categories or category in said.categories)
            for said in in_force
        )
        guarded = self._is_protected and category is Category.CONTACT
        rules = [
            rule
            for rule in BASIS_RULES
            if self._is_of(rule, parties, purpose)
            and category in rule.categories
            and not (guarded and rule.kind is not Basis.STATUTE)
        ]
        if any(rule.overrides_prohibition for rule in rules):
            return True
        if vital and not guarded:
            return True
        if prohibited:
            return False
        if rules:
            return True
        between_sote = all(_sector(agency) == "sote" for agency in parties)
        branch = _BRANCHES.get(purpose)
        return not guarded and any(
            isinstance(said, ConsentGiven)
            and purpose in said.purposes
            and category in said.categories
            and not said.service_tasks  # no service of the town has a service task
            and (said.kind is StatementKind.CONSENT or (between_sote and said.to_branch is branch))
            for said in in_force
        )

    def _is_of(self, rule: BasisRule, parties: tuple[AgencyId, AgencyId], purpose: Purpose) -> bool:
        if rule.kind is Basis.TYP_MEMBERSHIP and not self._is_member:
            return False
        sectors = (_sector(parties[0]), _sector(parties[1]))
        return (rule.from_sector, rule.to_sector) == sectors and rule.purpose is purpose


def _sector(agency: AgencyId) -> str:
    return AGENCIES[agency].sector if agency in AGENCIES else ""
