"""Tasks, read into referrals, answers and steps on the path.

`Task.status`, `Task.code` and, for a Task that is received, `Task.businessStatus` decide what it
is; the header's event code is a hint that nothing rests on.
"""

from connectors.sote import systems
from connectors.sote.findings import Json
from connectors.sote.referral import asked_for, free_text, submitted
from connectors.sote.submission import Draft, HandoffName, Submission
from connectors.sote.vocabulary import COUNTED_MILESTONES, MILESTONES, REJECT_REASONS
from connectors.sote.worker import read_worker
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceFailed,
    ServicePaused,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.codes import Milestone, RejectReason
from streams.domain.ids import Instant
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from streams.promises.connector import Details

PlainAnswer = (
    type[HandoffReceived]
    | type[HandoffAccepted]
    | type[InformationRequested]
    | type[InformationProvided]
    | type[ServiceStarted]
    | type[ServicePaused]
    | type[ServiceCompleted]
    | type[ServiceFailed]
    | type[ReferralCancelled]
    | type[ReferralMarkedInError]
    | type[RecallAcknowledged]
    | type[WorkerNamed]
)

ANSWERS: dict[str, PlainAnswer] = {
    "received": HandoffReceived,
    "accepted": HandoffAccepted,
    "in-progress": ServiceStarted,
    "on-hold": ServicePaused,
    "completed": ServiceCompleted,
    "failed": ServiceFailed,
    "cancelled": ReferralCancelled,
    "entered-in-error": ReferralMarkedInError,
}
SUBMITTED, REJECTED = "requested", "rejected"
STATUSES = {status: status for status in (*ANSWERS, SUBMITTED, REJECTED)}
BUSINESS_STATUSES: dict[str, PlainAnswer] = {
    "info-needed": InformationRequested,
    "info-provided": InformationProvided,
}
STATUS_OF_CODE = {"recall": "completed", "milestone": "completed", "named-worker": "accepted"}
"""`urn:saattaen:task` codes, and the one status in which an agency may send each."""

_OF_THE_SOURCE = (ReferralCancelled, ReferralMarkedInError)
_AMOUNT_MAX = 99_999


def read_task(submission: Submission) -> Draft:
    """Read a Task; everything that is wrong with it is in the submission's findings."""
    # A Task that does not say whom it is for is for whom its ServiceRequest is about.
    request = asked_for(submission) if submission.resource.get("for") is None else None
    if request is not None:
        submission.open(request, "subject")
    else:
        submission.open(submission.focal, "for")
    submission.need_message_id(submission.own_id() or submission.header_id())
    occurred_at = submission.occurred_at("lastModified", "authoredOn")
    code = _task_code(submission)
    status = _status(submission, code)
    if code == "milestone":
        return _milestone(submission, occurred_at)
    if code == "named-worker":
        return _named_worker(submission, occurred_at)
    if code is None and status == SUBMITTED:
        return submitted(submission, occurred_at)
    if code is None and status == REJECTED:
        return _rejected(submission, occurred_at)
    return _answer(submission, _answered(submission, code, status), occurred_at)


def _task_code(submission: Submission) -> str | None:
    """Read the hub's own task code, empty where it is not known; FHIR's (`fulfill`) are None."""
    coded = submission.findings.coding(submission.resource, "code", submission.at, systems.TASK)
    if coded is None:
        return None
    known = {code: code for code in STATUS_OF_CODE}
    return submission.findings.needed_code(coded.holder, "code", coded.at, known) or ""


def _status(submission: Submission, code: str | None) -> str | None:
    only = STATUS_OF_CODE.get(code) if code is not None else None
    known = STATUSES if only is None else {only: only}
    return submission.findings.needed_code(submission.resource, "status", submission.at, known)


def _answered(submission: Submission, code: str | None, status: str | None) -> PlainAnswer | None:
    if code == "recall":
        return RecallAcknowledged
    if code is not None or status is None:
        return None
    if status != "received":
        return ANSWERS[status]
    findings = submission.findings
    system = systems.BUSINESS_STATUS
    coded = findings.coding(submission.resource, "businessStatus", submission.at, system)
    if coded is None:
        return HandoffReceived
    return findings.needed_code(coded.holder, "code", coded.at, BUSINESS_STATUSES)


def _answer(
    submission: Submission, event: PlainAnswer | None, occurred_at: Instant | None
) -> Draft:
    _agree(submission, event)
    details = _remarked(submission)
    if event is None:
        return Draft(None, details)
    if event in (ServiceCompleted, ServiceFailed):
        _outcome(submission, details)
    name = _handoff(submission, event)
    envelope = submission.envelope(occurred_at)
    if envelope is None:
        return Draft(None, details)
    return Draft(event(envelope, name.handoff_id, name.referral_id, ()), details)


def _agree(submission: Submission, event: PlainAnswer | None) -> None:
    """Hold the Task's own word for who speaks against the agency that sent it.

    The recipient answers as the Task's owner. Its requester stays the source throughout, so it
    speaks only where the source does.
    """
    if event in (InformationProvided, ReferralMarkedInError):
        submission.agree(submission.focal, "requester")
    elif event is ReferralCancelled:
        # Before acceptance the source cancels, after it the recipient may too.
        requester = submission.resource.get("requester")
        field = "requester" if requester is not None else "owner"
        if not submission.speaks(submission.focal, "owner"):
            submission.agree(submission.focal, field)
    elif event is not None:
        submission.agree(submission.focal, "owner")


def _handoff(submission: Submission, event: PlainAnswer) -> HandoffName:
    name = submission.handoff()
    nameless = name.handoff_id is None and name.referral_id is None
    if nameless and event in _OF_THE_SOURCE and submission.version > 1:
        # A later version of the source's own Task: the Task is the referral that it takes back.
        return HandoffName(None, submission.message_id)
    submission.need_handoff(name)
    return name


def _remarked(submission: Submission) -> Details:
    details = submission.person.details.copy()
    reason = submission.findings.part(submission.resource, "statusReason", submission.at)
    said = submission.findings.text(reason, "text", f"{submission.at}.statusReason")
    remarks = [said] if said is not None else []
    remarks += free_text(submission.findings, submission.focal, "note")
    if remarks:
        details["remark"] = "\n".join(remarks)
    return details


def _outcome(submission: Submission, details: Details) -> None:
    told: list[str] = []
    findings = submission.findings
    for output, at in findings.parts(submission.resource, "output", submission.at):
        text = findings.text(output, "valueString", at)
        if text is not None:
            told.append(text)
    if told:
        details["outcome"] = "\n".join(told)


def _rejected(submission: Submission, occurred_at: Instant | None) -> Draft:
    submission.agree(submission.focal, "owner")
    reason = _reject_reason(submission)
    details = _remarked(submission)
    name = submission.handoff()
    submission.need_handoff(name)
    envelope = submission.envelope(occurred_at)
    if envelope is None or reason is None:
        return Draft(None, details)
    event = HandoffRejected(envelope, name.handoff_id, name.referral_id, reason, ())
    return Draft(event, details)


def _reject_reason(submission: Submission) -> RejectReason | None:
    findings = submission.findings
    system = systems.REJECT_REASON
    coded = findings.coding(submission.resource, "statusReason", submission.at, system)
    if coded is not None:
        return findings.needed_code(coded.holder, "code", coded.at, REJECT_REASONS)
    reason = submission.resource.get("statusReason")
    if isinstance(reason, dict) and isinstance(reason.get("text"), str) and reason["text"].strip():
        return RejectReason.OTHER
    findings.missing(f"{submission.at}.statusReason", "a rejection needs its reason")
    return None


def _milestone(submission: Submission, occurred_at: Instant | None) -> Draft:
    submission.agree(submission.focal, "requester")
    details = _remarked(submission)
    milestone, amount = _reached(submission)
    envelope = submission.envelope(occurred_at)
    if envelope is None or milestone is None:
        return Draft(None, details)
    return Draft(MilestoneReached(envelope, milestone, amount, ()), details)


def _reached(submission: Submission) -> tuple[Milestone | None, int | None]:
    findings = submission.findings
    milestone: Milestone | None = None
    amount: int | None = None
    told = False
    for output, at in findings.parts(submission.resource, "output", submission.at):
        if findings.coding(output, "type", at, systems.MILESTONE) is not None:
            told = True
            milestone = findings.needed_code(output, "valueCode", at, MILESTONES)
        elif findings.coding(output, "type", at, systems.MILESTONE_AMOUNT) is not None:
            amount = _amount(submission, output, at)
    if not told:
        findings.missing(f"{submission.at}.output", "the milestone that was reached is needed")
    elif milestone in COUNTED_MILESTONES and amount is None and not findings.problems:
        findings.missing(f"{submission.at}.output", "this milestone needs its number of days")
    return milestone, amount


def _amount(submission: Submission, output: Json, at: str) -> int | None:
    value = output.get("valueInteger")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _AMOUNT_MAX:
        return value
    submission.findings.note("bad-value", f"{at}.valueInteger", "a whole number of days")
    return None


def _named_worker(submission: Submission, occurred_at: Instant | None) -> Draft:
    submission.agree(submission.focal, "requester")
    details = _remarked(submission)
    read_worker(submission, details)
    name = submission.handoff()
    submission.need_handoff(name)
    envelope = submission.envelope(occurred_at)
    if envelope is None:
        return Draft(None, details)
    return Draft(WorkerNamed(envelope, name.handoff_id, name.referral_id, ()), details)
