"""Problems as FHIR says them: an OperationOutcome with every issue at once."""

from collections.abc import Iterable

from connectors.sote import systems
from connectors.sote.findings import Json
from streams.domain.entry import Problem

WHOLE_RESOURCE = "%resource"
"""FHIRPath for the document as a whole: what is wrong has no narrower place."""
_BUSINESS_RULE = "business-rule"
_ISSUE_TYPES = {
    "malformed": "structure",
    "dtd-refused": "security",
    "too-large": "too-long",
    "too-deep": "too-costly",
    "missing-field": "required",
    "bad-value": "value",
    "bad-time": "value",
    "hetu-format": "value",
    "hetu-check": "value",
    "hetu-not-allowed": "value",
    "unknown-code": "code-invalid",
    "unknown-agency": "not-found",
    "unresolved-reference": "not-found",
    "unknown-handoff": "not-found",
    "id-reused": "duplicate",
}


def operation_outcome(problems: Iterable[Problem]) -> Json:
    """Write problems as an OperationOutcome: one issue each, each with its `expression`.

    A code that is no error code of a dead letter is a rule of the hub's, and its issue a business
    rule. `problems` holds at least one: FHIR knows no OperationOutcome without an issue.
    """
    return {"resourceType": "OperationOutcome", "issue": [_issue(problem) for problem in problems]}


def _issue(problem: Problem) -> Json:
    kind = _ISSUE_TYPES.get(problem.code, _BUSINESS_RULE)
    system = systems.RULE if kind == _BUSINESS_RULE else systems.ERROR
    issue: Json = {
        "severity": "error",
        "code": kind,
        "details": {"coding": [{"system": system, "code": problem.code}]},
        "diagnostics": problem.detail,
        "expression": [problem.pointer or WHOLE_RESOURCE],
    }
    if problem.nearest is not None:
        issue["extension"] = [{"url": systems.NEAREST, "valueCode": problem.nearest}]
    return issue
