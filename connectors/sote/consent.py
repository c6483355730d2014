"""Consents: what the person has said of their data, read into statements.

`status` and `provision.type` decide: active permit, active deny, inactive permit, inactive deny. A
Consent without a provision permits nothing. What would narrow a permit and has no place in the
contract refuses it, since leaving it out would permit more than the person has said.
"""

from typing import NamedTuple

from connectors.sote import systems
from connectors.sote.findings import Findings, Json
from connectors.sote.submission import Draft, Submission
from connectors.sote.vocabulary import (
    CATEGORIES,
    PURPOSES,
    STATEMENT_KINDS,
    Code,
    in_contract_order,
)
from streams.domain.codes import Branch, Category, Purpose
from streams.domain.envelope import Envelope
from streams.domain.event import StatementMade
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    ProhibitionLifted,
    StatementKind,
)

_AGENCIES_MAX = 64
_ACTIVE, _INACTIVE = "active", "inactive"
_STATUSES = {_ACTIVE: _ACTIVE, _INACTIVE: _INACTIVE}
_PERMIT, _DENY = "permit", "deny"
_TYPES = {_PERMIT: _PERMIT, _DENY: _DENY}
_NARROWING = ("provision", "securityLabel", "dataPeriod", "data", "code")
_PERMIT_WORD = "luovutuslupa"


class Extent(NamedTuple):
    """How far a statement reaches: whose data, to whom, for what, which, and when."""

    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    valid_from: Instant | None
    valid_to: Instant | None


def read_consent(submission: Submission) -> Draft:
    """Read a Consent; everything that is wrong with it is in the submission's findings."""
    findings, resource, at = submission.findings, submission.resource, submission.at
    submission.open(submission.focal, "patient")
    statement_id = submission.own_id()
    status = findings.needed_code(resource, "status", at, _STATUSES)
    if statement_id is None:
        findings.missing(f"{at}.identifier", "the statement's own id is needed")
    submission.message_id = submission.header_id()
    if submission.message_id is None and statement_id is not None:
        # Its state belongs to a bare Consent's message id: one resource is given and withdrawn.
        submission.message_id = f"{statement_id}/{status}"
    occurred_at = submission.occurred_at("dateTime")
    provision = findings.part(resource, "provision", at)
    kind = _PERMIT
    if provision:
        kind = findings.needed_code(provision, "type", f"{at}.provision", _TYPES) or ""
    extent = _extent(submission, provision, kind)
    statement_kind = _statement_kind(submission)
    details = submission.person.details.copy()
    envelope = submission.envelope(occurred_at)
    if envelope is None or statement_id is None:
        return Draft(None, details)
    own = StatementId(statement_id)
    ended = status == _INACTIVE
    if kind == _DENY:
        return Draft(_prohibition(envelope, own, extent, ended=ended), details)
    return Draft(_consent(envelope, own, statement_kind, extent, ended=ended), details)


def _prohibition(
    envelope: Envelope, own: StatementId, extent: Extent, *, ended: bool
) -> StatementMade:
    if ended:
        return ProhibitionLifted(envelope, own, False, ())
    return DisclosureProhibited(
        envelope, own, *extent[:4], (), (), *extent[4:], GivenBy.SELF, b"", ()
    )


def _consent(
    envelope: Envelope, own: StatementId, kind: StatementKind, extent: Extent, *, ended: bool
) -> StatementMade:
    if ended:
        return ConsentWithdrawn(envelope, own, False, ())
    return ConsentGiven(envelope, own, kind, Branch.UNKNOWN, *extent, GivenBy.SELF, b"", ())


def _extent(submission: Submission, provision: Json, kind: str) -> Extent:
    findings, at = submission.findings, f"{submission.at}.provision"
    if kind == _PERMIT:
        for field in _NARROWING:
            if provision.get(field) not in (None, [], {}):
                findings.note(
                    "bad-value", f"{at}.{field}", "the hub cannot keep this limit of a permit"
                )
    organizations = findings.parts(submission.resource, "organization", submission.at)
    actors = [
        (findings.part(actor, "reference", place), f"{place}.reference")
        for actor, place in findings.parts(provision, "actor", at)
    ]
    valid_from, valid_to = _period(findings, provision, at)
    return Extent(
        _agencies(submission, organizations),
        _agencies(submission, actors),
        _codes(findings, (provision, at), "purpose", systems.PURPOSE, PURPOSES),
        _codes(findings, (provision, at), "class", systems.DATA_CATEGORY, CATEGORIES),
        valid_from,
        valid_to,
    )


def _agencies(submission: Submission, named: list[tuple[Json, str]]) -> tuple[AgencyId, ...]:
    if len(named) > _AGENCIES_MAX:
        place = named[_AGENCIES_MAX][1]
        submission.findings.note("bad-value", place, f"at most {_AGENCIES_MAX} agencies")
        return ()
    found = [submission.party(reference, at, submission.focal) for reference, at in named]
    return tuple(dict.fromkeys(agency for agency in found if agency is not None))


def _codes(
    findings: Findings, provision: tuple[Json, str], field: str, system: str, known: dict[str, Code]
) -> tuple[Code, ...]:
    codes: list[Code] = []
    for coding, place in findings.parts(provision[0], field, provision[1]):
        # A code of another system is as unknown as a wrong one: left out, it would change how far
        # the statement reaches.
        if coding.get("system") not in (None, system):
            findings.note("unknown-code", f"{place}.system", "not the agreed code system", system)
            continue
        code = findings.needed_code(coding, "code", place, known)
        if code is not None:
            codes.append(code)
    return in_contract_order(codes, known)


def _period(findings: Findings, provision: Json, at: str) -> tuple[Instant | None, Instant | None]:
    period = findings.part(provision, "period", at)
    valid_from = findings.instant(period, "start", f"{at}.period")
    valid_to = findings.instant(period, "end", f"{at}.period", ends=True)
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        findings.note("bad-value", f"{at}.period.end", "the period ends before it begins")
    return valid_from, valid_to


def _statement_kind(submission: Submission) -> StatementKind:
    """Tell a permit inside sote (luovutuslupa) from a consent to go outside it, by the category."""
    findings = submission.findings
    for category, at in findings.parts(submission.resource, "category", submission.at):
        for coding, place in findings.parts(category, "coding", at):
            if coding.get("system") == systems.CONSENT_CATEGORY:
                kind = findings.needed_code(coding, "code", place, STATEMENT_KINDS)
                return kind if kind is not None else StatementKind.CONSENT
            words = (coding.get("code"), coding.get("display"))
            if any(isinstance(word, str) and _PERMIT_WORD in word.lower() for word in words):
                return StatementKind.PERMIT
    return StatementKind.CONSENT
