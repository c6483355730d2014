"""Why a handoff went to its recipient: the rule that said so, and who else was considered.

The rules are asked again as they were when the handoff was opened. Of a person with a
non-disclosure order (turvakielto) neither the municipality is said, nor which agencies serve it:
the area would say as much.
"""

from collections.abc import Sequence
from typing import NamedTuple

from streams.domain.agreement import Agreement, Agreements, ServiceRule
from streams.domain.codes import Status
from streams.domain.entry import HandoffOpened, HandoffStatusChanged, Rerouted
from streams.domain.ids import AgencyId, HandoffId, Instant
from streams.promises.engine import Stored

CHOSEN = "chosen"
_WHY = {
    "named-by-the-source": "the source named the recipient itself",
    "stalled": "the person was rejected too often: the coordinating agency brings all together",
}


class Candidate(NamedTuple):
    """An agency that was considered.

    `outcome` is chosen, is-the-source, rejected-before, serves-elsewhere, serves-too (another was
    before it), for-other-sources, or not-said.
    """

    agency: str
    sector: str
    outcome: str


class RouteTold(NamedTuple):
    """Why a handoff went where it went.

    `municipality` is a three-digit code, None where nobody said one or it must not be said
    (`municipality_withheld` holds the code of the reason). `agreement_digest` is hexadecimal.
    """

    handoff_id: str
    case_id: str
    source: str
    service: str
    recipient: str
    rule: str
    why: str
    competent_sector: str | None
    municipality: str | None
    municipality_withheld: str | None
    decided_at: Instant
    agreement_digest: str
    candidates: tuple[Candidate, ...]


class _Question(NamedTuple):
    source: AgencyId
    municipality: str
    protected: bool
    declined: frozenset[AgencyId]


def explain_route(
    told: Sequence[Stored], handoff_id: HandoffId, agreements: Agreements
) -> RouteTold | None:
    """Tell why a handoff got its recipient; None where none of the entries opened it.

    Args:
        told: The person's entries in order, from the first to at least the one that opened it.
        handoff_id: Which handoff.
        agreements: Every version of the region's agreement.
    """
    home, protected = "", False
    declined: list[HandoffStatusChanged] = []
    opened_before: dict[HandoffId, HandoffOpened] = {}
    for stored in told:
        entry = stored.entry
        envelope = entry.event.envelope
        if envelope.protected or envelope.municipality:
            home, protected = envelope.municipality, envelope.protected
        rerouted = any(isinstance(fact, Rerouted) for fact in entry.facts)
        for fact in entry.facts:
            if isinstance(fact, HandoffStatusChanged) and fact.to is Status.REJECTED:
                declined.append(fact)
            if isinstance(fact, HandoffOpened) and fact.handoff_id != handoff_id:
                opened_before[fact.handoff_id] = fact
            elif isinstance(fact, HandoffOpened):
                passed_over = [opened_before[d.handoff_id] for d in declined] if rerouted else []
                by = frozenset([d.recipient for d in passed_over if d.service is fact.service])
                question = _Question(fact.source, home, protected, by)
                agreement = agreements.in_force(entry.recorded_at)
                return _told(fact, question, agreement, entry.recorded_at)
    return None


def _told(
    opened: HandoffOpened, question: _Question, agreement: Agreement, at: Instant
) -> RouteTold:
    rule = agreement.service(opened.service)
    by_rule = opened.routed_by not in _WHY and rule is not None
    home = question.municipality
    return RouteTold(
        opened.handoff_id,
        opened.case_id,
        opened.source,
        opened.service.value,
        opened.recipient,
        opened.routed_by,
        _why(opened),
        rule.competent_sector if rule is not None else None,
        None if question.protected else home or None,
        "non-disclosure-order" if question.protected else None,
        at,
        agreement.digest.hex(),
        _candidates(opened, question, agreement, rule if by_rule else None),
    )


def _why(opened: HandoffOpened) -> str:
    if opened.routed_by in _WHY:
        return _WHY[opened.routed_by]
    if opened.routed_by.startswith("recipient-of-"):
        return "the agreement names this agency for the service, the source and the municipality"
    return "the agency of the competent sector that serves the person's home municipality"


def _candidates(
    opened: HandoffOpened, question: _Question, agreement: Agreement, rule: ServiceRule | None
) -> tuple[Candidate, ...]:
    if rule is None:
        sector = agreement.sector(opened.recipient)
        return (Candidate(opened.recipient, sector, CHOSEN),)
    found: dict[AgencyId, str] = {}
    for named in rule.recipients:
        sectors, places = named.source_sectors, named.municipalities
        fits = not sectors or agreement.sector(question.source) in sectors
        serves = not places or question.municipality in places
        outcome = "for-other-sources" if not fits else _place(question, serves=serves)
        found[named.agency_id] = _outcome(named.agency_id, opened, question, outcome)
    for agency in agreement.agencies.values():
        if agency.sector == rule.competent_sector:
            outcome = _place(question, serves=agency.serves(question.municipality))
            found.setdefault(
                agency.agency_id, _outcome(agency.agency_id, opened, question, outcome)
            )
    return tuple(
        [Candidate(agency, agreement.sector(agency), why) for agency, why in found.items()]
    )


def _place(question: _Question, *, serves: bool) -> str:
    if question.protected:
        return "not-said"
    return "serves-too" if serves else "serves-elsewhere"


def _outcome(agency: AgencyId, opened: HandoffOpened, question: _Question, else_: str) -> str:
    if agency == opened.recipient:
        return CHOSEN
    if agency == question.source:
        return "is-the-source"
    return "rejected-before" if agency in question.declined else else_
