"""Documents that a message names: by identifier, or by the resource that a reference leads to."""

from connectors.sote.findings import Json
from connectors.sote.folder import Found
from connectors.sote.submission import Submission


def document_id(submission: Submission, reference: Json, at: str, holder: Found) -> str | None:
    """Read the id of the document that a reference in `holder` means.

    None where it names none; a wrong one is a finding, too.
    """
    findings = submission.findings
    identifier = findings.part(reference, "identifier", at)
    named = findings.identifying(identifier, "value", f"{at}.identifier")
    if named is not None or reference.get("reference") is None:
        return named
    found = submission.folder.referred(reference, holder)
    if found is None:
        return None
    master = findings.part(found.resource, "masterIdentifier", found.at)
    identifiers = [(master, f"{found.at}.masterIdentifier")]
    if isinstance(found.resource.get("identifier"), dict):  # as a Composition has it: one, no list
        own = findings.part(found.resource, "identifier", found.at)
        identifiers.append((own, f"{found.at}.identifier"))
    else:
        identifiers += findings.parts(found.resource, "identifier", found.at)
    for each, place in identifiers:
        value = findings.identifying(each, "value", place)
        if value is not None:
            return value
    return None


def drawn_on(submission: Submission, request: Found) -> tuple[str, ...]:
    """Read the ids of the documents that a ServiceRequest draws on, as far as it names them."""
    findings = submission.findings
    found = [
        document_id(submission, reference, at, request)
        for reference, at in findings.parts(request.resource, "supportingInfo", request.at)
    ]
    return tuple(dict.fromkeys(named for named in found if named is not None))
