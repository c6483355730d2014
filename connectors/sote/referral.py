"""Referrals: a requested Task with its ServiceRequest, or a ServiceRequest alone."""

from connectors.sote import systems
from connectors.sote.documents import drawn_on
from connectors.sote.findings import Findings, Json
from connectors.sote.folder import Found
from connectors.sote.submission import Draft, HandoffName, Submission
from connectors.sote.vocabulary import (
    BASES,
    CATEGORIES,
    PRIORITIES,
    SERVICES,
    in_contract_order,
)
from streams.domain.codes import Basis, Category, Priority, Service
from streams.domain.envelope import Envelope
from streams.domain.ids import Instant
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.promises.connector import Details

_REQUEST = "ServiceRequest"
_ACTIVE = "active"
_REQUEST_STATUSES = {status: status for status in (_ACTIVE, "revoked", "entered-in-error")}


def asked_for(submission: Submission) -> Found | None:
    """Find the ServiceRequest of a Task: its focus, else what it is based on, else the only one."""
    resource = submission.resource
    based_on = resource.get("basedOn")
    references = [resource.get("focus"), *(based_on if isinstance(based_on, list) else [])]
    for reference in references:
        found = _followed(submission, reference)
        if found is not None and found.kind == _REQUEST:
            return found
    if resource.get("focus") is not None:
        return None
    requests = submission.folder.of_kind(_REQUEST)
    return requests[0] if len(requests) == 1 else None


def _followed(submission: Submission, reference: object) -> Found | None:
    if not isinstance(reference, dict):
        return None
    return submission.folder.referred(reference, submission.focal)


def submitted(submission: Submission, occurred_at: Instant | None) -> Draft:
    """Read a requested Task and its ServiceRequest."""
    findings = submission.findings
    request = asked_for(submission)
    submission.agree(submission.focal, "requester")
    owner = findings.part(submission.resource, "owner", submission.at)
    recipient = submission.recipient(owner, f"{submission.at}.owner")
    details = submission.person.details.copy()
    service: Service | None = None
    documents: tuple[str, ...] = ()
    if request is None:
        _no_request(submission)
    else:
        service = _service(findings, request)
        documents = drawn_on(submission, request)
        _same_person(submission, request)
    priority = _priority(findings, submission.focal, request)
    basis, reference, categories = _inputs(submission)
    _texts(findings, submission.focal, request, details)
    if basis is Basis.VITAL and "reason" not in details:
        # What beats the person's own prohibition says why, in writing.
        ground = (
            f"{request.at}.reasonCode" if request is not None else f"{submission.at}.description"
        )
        findings.missing(ground, "a vital interest needs its ground in words")
    envelope = submission.envelope(occurred_at)
    if envelope is None or service is None:
        return Draft(None, details)
    event = ReferralSubmitted(
        envelope, recipient, service, priority, basis, reference, categories, (), ()
    )
    return Draft(event, details, documents)


def _no_request(submission: Submission) -> None:
    findings = submission.findings
    at = f"{submission.at}.focus"
    focus = findings.part(submission.resource, "focus", submission.at)
    found = _followed(submission, focus)
    if focus and found is None:
        findings.note("unresolved-reference", f"{at}.reference", "not in the message")
    elif found is not None:
        findings.note("bad-value", f"{at}.reference", "a ServiceRequest is needed here")
    else:
        findings.missing(at, "the ServiceRequest that the Task is about is needed")


def read_service_request(submission: Submission) -> Draft:
    """Read a ServiceRequest without a Task: active is a referral, revoked takes it back."""
    findings, at = submission.findings, submission.at
    submission.open(submission.focal, "subject")
    submission.agree(submission.focal, "requester")
    occurred_at = submission.occurred_at("authoredOn")
    status = findings.needed_code(submission.resource, "status", at, _REQUEST_STATUSES)
    own_id = submission.own_id()
    details = submission.person.details.copy()
    if status != _ACTIVE:
        return _taken_back(submission, status, own_id, occurred_at)
    submission.need_message_id(own_id or submission.header_id())
    performers = findings.parts(submission.resource, "performer", at)
    reference, place = performers[0] if performers else ({}, at)
    recipient = submission.recipient(reference, place)
    service = _service(findings, submission.focal)
    priority = _priority(findings, submission.focal, None)
    documents = drawn_on(submission, submission.focal)
    _texts(findings, submission.focal, submission.focal, details)
    envelope = submission.envelope(occurred_at)
    if envelope is None or service is None:
        return Draft(None, details)
    event = ReferralSubmitted(envelope, recipient, service, priority, None, None, (), (), ())
    return Draft(event, details, documents)


def _taken_back(
    submission: Submission, status: str | None, own_id: str | None, occurred_at: Instant | None
) -> Draft:
    details = submission.person.details.copy()
    remarks = free_text(submission.findings, submission.focal, "note")
    if remarks:
        details["remark"] = "\n".join(remarks)
    # Its state belongs to a ServiceRequest's message id: it is one resource that says two things.
    message_id = f"{own_id}/{status}" if own_id is not None else submission.header_id()
    submission.need_message_id(message_id)
    name = submission.handoff()
    if name.handoff_id is None and name.referral_id is None:
        name = HandoffName(None, own_id)
    submission.need_handoff(name)
    envelope = submission.envelope(occurred_at)
    if envelope is None:
        return Draft(None, details)
    return Draft(_end(status, envelope, name), details)


def _end(
    status: str | None, envelope: Envelope, name: HandoffName
) -> ReferralCancelled | ReferralMarkedInError:
    if status == "revoked":
        return ReferralCancelled(envelope, name.handoff_id, name.referral_id, ())
    return ReferralMarkedInError(envelope, name.handoff_id, name.referral_id, ())


def _service(findings: Findings, request: Found) -> Service | None:
    coded = findings.coding(request.resource, "code", request.at, systems.SERVICE)
    if coded is None:
        findings.missing(f"{request.at}.code", "a code of the agreed services is needed")
        return None
    return findings.needed_code(coded.holder, "code", coded.at, SERVICES)


def _same_person(submission: Submission, request: Found) -> None:
    """Refuse a Task and a ServiceRequest that are about two persons."""
    reference = request.resource.get("subject")
    patient = submission.person.patient
    hetu = submission.person.hetu
    if not isinstance(reference, dict) or patient is None or hetu is None:
        return
    other = submission.folder.referred(reference, request)
    if other is None or other.at == patient.at or submission.persons.is_same(other, hetu):
        return
    at = f"{request.at}.subject.reference"
    submission.findings.note("bad-value", at, "another person than the Task's")


def _priority(findings: Findings, first: Found, second: Found | None) -> Priority:
    for found in (first, second):
        if found is not None and found.resource.get("priority") is not None:
            priority = findings.code(found.resource, "priority", found.at, PRIORITIES)
            return priority if priority is not None else Priority.ROUTINE
    return Priority.ROUTINE


def _inputs(submission: Submission) -> tuple[Basis | None, str | None, tuple[Category, ...]]:
    findings = submission.findings
    basis: Basis | None = None
    reference: str | None = None
    categories: list[Category] = []
    for given, at in findings.parts(submission.resource, "input", submission.at):
        system = _input_system(findings, given, at)
        if system == systems.DATA_CATEGORY:
            category = findings.needed_code(given, "valueCode", at, CATEGORIES)
            if category is not None:
                categories.append(category)
        elif system == systems.LEGAL_BASIS:
            basis = findings.needed_code(given, "valueCode", at, BASES)
        elif system == systems.LEGAL_BASIS_REFERENCE:
            reference = findings.identifying(given, "valueString", at)
    return basis, reference, in_contract_order(categories, CATEGORIES)


def _input_system(findings: Findings, given: Json, at: str) -> object:
    kind = findings.part(given, "type", at)
    for coding, _ in findings.parts(kind, "coding", f"{at}.type"):
        return coding.get("system")
    return None


def _texts(findings: Findings, focal: Found, request: Found | None, details: Details) -> None:
    """Read why the person is referred, and what else is said to the recipient."""
    reasons: list[str] = []
    if request is not None:
        reasons += free_text(findings, request, "reasonCode")
    description = findings.text(focal.resource, "description", focal.at)
    if description is not None:
        reasons.append(description)
    if reasons:
        details["reason"] = "\n".join(reasons)
    remarks = free_text(findings, focal, "note")
    if request is not None and request is not focal:
        remarks += free_text(findings, request, "note")
    if remarks:
        details["remark"] = "\n".join(remarks)


def free_text(findings: Findings, found: Found, field: str) -> list[str]:
    """Read the texts of a list of annotations or concepts."""
    texts = [
        findings.text(item, "text", at)
        for item, at in findings.parts(found.resource, field, found.at)
    ]
    return [text for text in texts if text is not None]
