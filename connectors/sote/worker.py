"""Who was named to walk with the person: the Practitioner that owns a `named-worker` Task."""

from connectors.sote import systems
from connectors.sote.findings import Findings
from connectors.sote.folder import Found
from connectors.sote.person import joined_given_names
from connectors.sote.submission import Submission
from streams.promises.connector import Details


def read_worker(submission: Submission, details: Details) -> None:
    """Read the worker's name, role and unit into the details; without a name it is a finding."""
    findings = submission.findings
    at = f"{submission.at}.owner"
    owner = findings.part(submission.resource, "owner", submission.at)
    if not owner:
        findings.missing(at, "the worker who was named is needed")
        return
    if owner.get("reference") is None:
        name = findings.text(owner, "display", at)
        if name is None:
            findings.missing(f"{at}.reference", "the worker who was named is needed")
        else:
            details["worker_name"] = name
        return
    found = submission.folder.referred(owner, submission.focal)
    if found is None:
        findings.note("unresolved-reference", f"{at}.reference", "not in the message")
    elif found.kind == "PractitionerRole":
        _role(submission, found, details)
    elif found.kind == "Practitioner":
        _practitioner(findings, found, details)
    else:
        findings.note("bad-value", f"{at}.reference", "a Practitioner is needed here")


def _role(submission: Submission, role: Found, details: Details) -> None:
    findings = submission.findings
    reference = findings.part(role.resource, "practitioner", role.at)
    found = submission.folder.referred(reference, role)
    if found is None or found.kind != "Practitioner":
        findings.note(
            "unresolved-reference", f"{role.at}.practitioner.reference", "not in the message"
        )
        return
    _practitioner(findings, found, details)
    for code, at in findings.parts(role.resource, "code", role.at):
        text = findings.text(code, "text", at)
        if text is not None:
            details["worker_role"] = text
            return


def _practitioner(findings: Findings, found: Found, details: Details) -> None:
    resource, at = found.resource, found.at
    names = findings.parts(resource, "name", at)
    name = _name(findings, names) if names else None
    if name is None:
        findings.missing(f"{at}.name", "the worker's name is needed")
    else:
        details["worker_name"] = name
    for qualification, place in findings.parts(resource, "qualification", at):
        code = findings.part(qualification, "code", place)
        role = findings.text(code, "text", f"{place}.code")
        if role is not None:
            details["worker_role"] = role
            break
    for extension, place in findings.parts(resource, "extension", at):
        if extension.get("url") == systems.UNIT:
            unit = findings.text(extension, "valueString", place)
            if unit is not None:
                details["worker_unit"] = unit


def _name(findings: Findings, names: list[tuple[dict[str, object], str]]) -> str | None:
    name, at = names[0]
    text = findings.text(name, "text", at)
    if text is not None:
        return text
    family = findings.text(name, "family", at)
    joined = f"{joined_given_names(findings, name, at)} {family or ''}".strip()
    return joined or None
