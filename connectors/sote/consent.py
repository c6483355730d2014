"""Consents: what the person has said of their data, read into statements.

`status` and `provision.type` decide: active permit, active deny, inactive permit, inactive deny;
entered-in-error ends as inactive does. A Consent without a provision permits nothing. Of what ends,
nothing is read but which it is: a slip of form must not stop a withdrawal.
"""

from connectors.sote.consent_category import ConsentCategory, read_category
from connectors.sote.extent import Aim, Extent, Rule, read_aim, read_extent, read_limit
from connectors.sote.giving import Giving, read_giving
from connectors.sote.kanta import (
    PERMIT,
    TRANSACTION,
    inner_provision,
    is_nested,
    is_paired,
    read_recorder,
    recorded,
)
from connectors.sote.submission import Draft, Submission
from connectors.sote.vocabulary import PURPOSES
from streams.domain.codes import Branch
from streams.domain.envelope import Envelope
from streams.domain.event import StatementMade
from streams.domain.ids import Instant, StatementId
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    ProhibitionLifted,
    StatementKind,
)
from streams.promises.connector import Details

_ACTIVE, _INACTIVE, _IN_ERROR = "active", "inactive", "entered-in-error"
_STATUSES = {status: status for status in (_ACTIVE, _INACTIVE, _IN_ERROR)}
_TYPES = {PERMIT: PERMIT, "deny": "deny"}


def read_consent(submission: Submission) -> Draft:
    """Read a Consent; everything that is wrong with it is in the submission's findings."""
    findings, resource, at = submission.findings, submission.resource, submission.at
    submission.open(submission.focal, "patient")
    _one_person(submission)
    own_id = submission.own_id()
    status = findings.needed_code(resource, "status", at, _STATUSES)
    if own_id is None:
        findings.missing(f"{at}.identifier", "the statement's own id is needed")
    submission.message_id = submission.header_id()
    if submission.message_id is None and own_id is not None:
        # Its state belongs to a bare Consent's message id: one resource is given and withdrawn.
        submission.message_id = f"{own_id}/{status}"
    statement_id = StatementId(own_id or "")
    occurred_at = _occurred_at(submission)
    details = submission.person.details.copy()
    if status in (_INACTIVE, _IN_ERROR):
        permits = _type_of_ended(submission) == PERMIT
        envelope = submission.envelope(occurred_at)
        if envelope is None:
            return Draft(None, details)
        event = _ended(envelope, statement_id, permits=permits, in_error=status == _IN_ERROR)
        return Draft(event, details, (), submission.own_id_at)
    return _given(submission, statement_id, occurred_at, details)


def _one_person(submission: Submission) -> None:
    """Refuse a message that holds another person than the one whom its Consent is about."""
    person = submission.person
    if person.hetu is None:
        return
    for patient in submission.folder.of_kind("Patient"):
        is_own = person.patient is not None and person.patient.at == patient.at
        if not is_own and not submission.persons.is_same(patient, person.hetu):
            reference = submission.findings.part(submission.resource, "patient", submission.at)
            leaf = "reference" if reference.get("reference") is not None else "identifier.value"
            at = f"{submission.at}.patient.{leaf}"
            submission.findings.note("bad-value", at, "another person than the message's Patient")
            return


def _occurred_at(submission: Submission) -> Instant | None:
    told = submission.resource.get("dateTime"), submission.bundle.get("timestamp")
    if told == (None, None):
        provenance = recorded(submission)
        if provenance is not None:
            return submission.findings.instant(provenance.resource, "recorded", provenance.at)
    return submission.occurred_at("dateTime")


def _type_of_ended(submission: Submission) -> str:
    findings, at = submission.findings, f"{submission.at}.provision"
    provision = findings.part(submission.resource, "provision", submission.at)
    if not provision or is_nested(provision):
        return PERMIT
    return findings.needed_code(provision, "type", at, _TYPES) or ""


def _ended(envelope: Envelope, own: StatementId, *, permits: bool, in_error: bool) -> StatementMade:
    if permits:
        return ConsentWithdrawn(envelope, own, in_error, ())
    return ProhibitionLifted(envelope, own, in_error, ())


def _given(
    submission: Submission, own: StatementId, occurred_at: Instant | None, details: Details
) -> Draft:
    rule, nested = _rule(submission)
    extent = read_extent(submission, rule)
    kind = _kind(submission, rule, nested=nested)
    if nested and kind.kind is StatementKind.PERMIT and not extent.purposes:
        # Kanta's permit has no purpose: it holds for whatever the two branches do for the person.
        extent = extent._replace(purposes=tuple(PURPOSES.values()))
    spoken_by = GivenBy.SELF
    in_transaction = submission.bundle.get("type") == TRANSACTION
    if nested or in_transaction:
        spoken_by = read_recorder(submission, is_needed=nested and in_transaction)
    giving = read_giving(submission, details, spoken_by)
    aim = read_aim(submission, rule) if not rule.permits else Aim((), read_limit(submission, rule))
    is_kanta = nested or is_paired(submission)
    envelope = submission.envelope(occurred_at)
    if envelope is None:
        return Draft(None, details)
    event = (
        _permitted(envelope, own, kind, extent, giving, aim=aim, is_kanta=is_kanta)
        if rule.permits
        else _prohibited(envelope, own, extent, aim, giving)
    )
    return Draft(event, details, aim.document_ids, submission.own_id_at)


def _permitted(
    envelope: Envelope,
    own: StatementId,
    kind: ConsentCategory,
    extent: Extent,
    giving: Giving,
    *,
    aim: Aim,
    is_kanta: bool,
) -> StatementMade:
    what, to_branch = kind
    # Kanta has one permit a direction: what it sends later takes its place, whatever its id.
    is_sole = is_kanta and what is StatementKind.PERMIT
    covered = (is_sole, *extent[:4], aim.service_tasks, *extent[4:])
    return ConsentGiven(envelope, own, what, to_branch, *covered, *giving, ())


def _prohibited(
    envelope: Envelope, own: StatementId, extent: Extent, aim: Aim, giving: Giving
) -> StatementMade:
    return DisclosureProhibited(
        envelope, own, *extent[:4], (), aim.service_tasks, *extent[4:], *giving, ()
    )


def _rule(submission: Submission) -> tuple[Rule, bool]:
    """Find what a Consent's provision says, and whether it says so in Kanta's shape."""
    findings, at = submission.findings, f"{submission.at}.provision"
    provision = findings.part(submission.resource, "provision", submission.at)
    if not provision:
        return Rule({}, at, permits=True), False
    if is_nested(provision):
        return Rule(*inner_provision(findings, provision, at), permits=True), True
    kind = findings.needed_code(provision, "type", at, _TYPES)
    return Rule(provision, at, permits=kind == PERMIT), False


def _kind(submission: Submission, rule: Rule, *, nested: bool) -> ConsentCategory:
    """Tell a permit inside sote from a consent to go outside it; a permit goes one way."""
    findings, at = submission.findings, submission.at
    told = len(findings.problems)
    otherwise = StatementKind.PERMIT if nested else StatementKind.CONSENT
    kind = read_category(findings, submission.resource, at, otherwise)
    is_wanting = kind.kind is StatementKind.PERMIT and kind.to_branch is Branch.UNKNOWN
    if rule.permits and rule.provision and is_wanting and len(findings.problems) == told:
        findings.missing(f"{at}.category", "which way the permit goes is needed")
    return kind
