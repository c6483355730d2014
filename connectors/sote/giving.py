"""Who gave a statement, and what shows it: Consent.performer and Consent.source."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import NamedTuple

from connectors.sote.findings import Json
from connectors.sote.folder import Found
from connectors.sote.submission import Submission
from connectors.sote.vocabulary import REPRESENTATIVES
from streams.domain.statements import GivenBy
from streams.promises.connector import Details

SHA_256_BYTES = 32
SHA_1_BYTES = 20
"""What R4 calls for in Attachment.hash: the hub keeps no digest that can be forged."""

_ANOTHER_PERSON = "another person than the Consent's"


class Giving(NamedTuple):
    """Who gave it, and the digest of its evidence, empty where there is none."""

    given_by: GivenBy
    evidence_digest: bytes


def read_giving(submission: Submission, details: Details, otherwise: GivenBy) -> Giving:
    """Read who gave a Consent; `otherwise` where it does not say. Adds mandate and evidence."""
    given_by = _performed_by(submission, details)
    return Giving(given_by or otherwise, _evidence(submission, details))


def same_person(submission: Submission, named: Found, at: str) -> None:
    """Refuse a Patient, or a RelatedPerson's patient, that is another person than the Consent's."""
    person = submission.person
    if named.kind == "RelatedPerson":
        reference = submission.findings.part(named.resource, "patient", named.at)
        at = f"{named.at}.patient"
        found = submission.folder.referred(reference, named) if reference else None
        if found is None:
            _same_hetu(submission, reference, at)
            return
        named, at = found, f"{at}.reference"
    if named.kind != "Patient" or person.hetu is None:
        return
    is_own = person.patient is not None and named.at == person.patient.at
    if not is_own and not submission.persons.is_same(named, person.hetu):
        submission.findings.note("bad-value", at, _ANOTHER_PERSON)


def _same_hetu(submission: Submission, reference: Json, at: str) -> bool:
    """Say whether a reference names a person by HETU alone; another than the Consent's is wrong."""
    identifier = submission.findings.part(reference, "identifier", at)
    told = submission.persons.identified(identifier)
    if told is None:
        return False
    if submission.person.hetu is not None and told != submission.person.hetu.text:
        submission.findings.note("bad-value", f"{at}.identifier.value", _ANOTHER_PERSON)
    return True


def _performed_by(submission: Submission, details: Details) -> GivenBy | None:
    performers = submission.findings.parts(submission.resource, "performer", submission.at)
    if not performers:
        return None
    if len(performers) > 1:
        place = performers[1][1]
        submission.findings.note("bad-value", place, "one performer: who gave the statement")
        return None
    reference, at = performers[0]
    found = submission.folder.referred(reference, submission.focal)
    if found is not None:
        same_person(submission, found, f"{at}.reference")
        return _spoken_by(submission, found, f"{at}.reference", details)
    if _same_hetu(submission, reference, at):
        return GivenBy.SELF
    submission.findings.note("unresolved-reference", f"{at}.reference", "not in the message")
    return None


def _spoken_by(submission: Submission, found: Found, at: str, details: Details) -> GivenBy | None:
    if found.kind == "Patient":
        return GivenBy.SELF
    if found.kind == "RelatedPerson":
        return _represented_by(submission, found, details)
    detail = "the person (Patient), or who speaks for them (RelatedPerson)"
    submission.findings.note("bad-value", at, detail)
    return None


def _represented_by(submission: Submission, related: Found, details: Details) -> GivenBy | None:
    findings = submission.findings
    given_by = _relationship(submission, related)
    for identifier, at in findings.parts(related.resource, "identifier", related.at):
        mandate = findings.identifying(identifier, "value", at)
        if mandate is not None:
            details["mandate_ref"] = mandate
            return given_by
    told = any(one.pointer.startswith(f"{related.at}.identifier") for one in findings.problems)
    if given_by is GivenBy.PROXY and not told:
        findings.missing(f"{related.at}.identifier", "a proxy's mandate is needed")
    return given_by


def _relationship(submission: Submission, related: Found) -> GivenBy | None:
    """Read as what somebody speaks: the first code that says so, of whatever code system."""
    findings = submission.findings
    codings = [
        (coding, at)
        for concept, place in findings.parts(related.resource, "relationship", related.at)
        for coding, at in findings.parts(concept, "coding", place)
    ]
    for coding, _ in codings:
        code = coding.get("code")
        known = REPRESENTATIVES.get(code) if isinstance(code, str) else None
        if known is not None:
            return known
    if codings:
        return findings.needed_code(codings[0][0], "code", codings[0][1], REPRESENTATIVES)
    findings.missing(f"{related.at}.relationship", "as what they speak is needed")
    return None


def _evidence(submission: Submission, details: Details) -> bytes:
    findings, at = submission.findings, submission.at
    attachment = findings.part(submission.resource, "sourceAttachment", at)
    reference = findings.reference(attachment, "url", f"{at}.sourceAttachment")
    if reference is None:
        source = findings.part(submission.resource, "sourceReference", at)
        identifier = findings.part(source, "identifier", f"{at}.sourceReference")
        place = f"{at}.sourceReference.identifier"
        reference = findings.reference(identifier, "value", place)
    if reference is not None:
        details["evidence_ref"] = reference
    written = findings.text(attachment, "hash", f"{at}.sourceAttachment")
    digest = _decoded(written) if written is not None else b""
    if len(digest) == SHA_1_BYTES:
        return b""
    if written is not None and len(digest) != SHA_256_BYTES:
        place = f"{at}.sourceAttachment.hash"
        findings.note("bad-value", place, "a SHA-256 is 32 bytes in base64")
        return b""
    return digest


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (NotBase64, ValueError):
        return b""
