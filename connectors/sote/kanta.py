"""Consents in Kanta's shape: a permit and its Provenance, one or two pairs in a transaction.

From what is public of fi.kela.kanta.gen.r4.tahdonilmaisut 1.0.0-rc1 (facts 2.4, found): what the
permit says stands in the one inner provision; the Provenance tells who recorded it (TIP-PROV-1 to
4). What no page shows is taken as `README.md` says, with its evidence mark.
"""

from collections.abc import Iterator
from typing import NamedTuple

from connectors.sote.consent_category import read_category
from connectors.sote.findings import Findings, Json
from connectors.sote.folder import Folder, Found
from connectors.sote.giving import same_person
from connectors.sote.submission import Submission
from streams.domain.codes import Branch
from streams.domain.entry import Problem
from streams.domain.statements import GivenBy, StatementKind

CLASSES_MAX = 3
PERMIT = "permit"
TRANSACTION = "transaction"
PROVENANCE = "Provenance"

_PROFESSIONAL, _REPRESENTATIVE, _UNIT, _CLIENT = "2", "5", "7", "12"
_RECORDERS = (_PROFESSIONAL, _CLIENT, _REPRESENTATIVE)
_INNER_ALONE = (
    "period",
    "actor",
    "action",
    "securityLabel",
    "purpose",
    "class",
    "code",
    "dataPeriod",
    "data",
)
_NO_RECORDER = (
    "who recorded it is needed: a professional (2), the client (12) or a legal representative (5)"
)


class _Agent(NamedTuple):
    roles: tuple[str, ...]
    who: Json
    at: str


def is_nested(provision: Json) -> bool:
    """Say whether a provision is in Kanta's shape: all that it says stands in inner ones."""
    inner = provision.get("provision")
    if not isinstance(inner, list) or not inner:
        return False
    kind = provision.get("type")
    # FHIR R4 gives the outer one no type; where it has one, the inner may only say the same.
    return kind is None or (
        kind == PERMIT and all(isinstance(i, dict) and i.get("type") == PERMIT for i in inner)
    )


def inner_provision(findings: Findings, provision: Json, at: str) -> tuple[Json, str]:
    """Give the one inner provision of Kanta's shape, with its pointer; say what is wrong with it.

    What stands outside it, and a second one, are refused: left out, a limit would be lost.
    """
    for field in _INNER_ALONE:
        if provision.get(field) not in (None, [], {}):
            findings.note("bad-value", f"{at}.{field}", "this stands in the inner provision")
    found = findings.parts(provision, "provision", at)
    if not found:
        return {}, f"{at}.provision[0]"
    for _, place in found[1:]:
        findings.note("bad-value", place, "a permit has one inner provision")
    inner, place = found[0]
    findings.needed_code(inner, "type", place, {PERMIT: PERMIT})
    for _, extra in findings.parts(inner, "class", place)[CLASSES_MAX:]:
        findings.note("bad-value", extra, f"a permit has at most {CLASSES_MAX} classes")
    return inner, place


def provenances(folder: Folder) -> dict[int, list[Found]]:
    """Give the Provenances of a message by the entry of each resource that they are of."""
    found: dict[int, list[Found]] = {}
    for provenance in folder.of_kind(PROVENANCE):
        named = provenance.resource.get("target")
        for reference in named if isinstance(named, list) else []:
            of = folder.referred_entry(reference) if isinstance(reference, dict) else None
            if of is not None and provenance not in found.setdefault(of.entry, []):
                found[of.entry].append(provenance)
    return found


def recorded(submission: Submission) -> Found | None:
    """Give the Provenance of a Consent that says when it was recorded, None where none does."""
    found = provenances(submission.folder).get(submission.focal.entry, [])
    return next((each for each in found if each.resource.get("recorded") is not None), None)


def is_paired(submission: Submission) -> bool:
    """Say whether a Consent of a transaction has a Provenance, as Kanta's permits have."""
    if submission.bundle.get("type") != TRANSACTION:
        return False
    return bool(provenances(submission.folder).get(submission.focal.entry))


def read_recorder(submission: Submission, *, is_needed: bool) -> GivenBy:
    """Hold a Consent's Provenance to its rules, where it has one; say who spoke by it."""
    findings = submission.findings
    found = provenances(submission.folder).get(submission.focal.entry, [])
    if not found:
        if is_needed:
            findings.missing("Bundle.entry", "a Provenance whose target is the Consent is needed")
        return GivenBy.SELF
    for extra in found[1:]:
        findings.note("bad-value", extra.at, "a Consent has one Provenance")
    provenance = found[0]
    agents = list(_agents(findings, provenance))
    recorders = [agent for agent in agents if any(role in _RECORDERS for role in agent.roles)]
    units = [agent for agent in agents if _UNIT in agent.roles]
    if not recorders:
        findings.missing(f"{provenance.at}.agent", _NO_RECORDER)
    for agent in recorders[1:]:
        findings.note("bad-value", agent.at, "one recorder: a Provenance names exactly one")
    by_professional = bool(recorders) and _PROFESSIONAL in recorders[0].roles
    if by_professional and not units:
        detail = "a professional recorded it: the service unit (7) is needed"
        findings.missing(f"{provenance.at}.agent", detail)
    for agent in units if recorders and not by_professional else units[1:]:
        findings.note("bad-value", agent.at, "one service unit (7), and only a professional's")
    _hold_who(submission, provenance, recorders, units)
    if recorders and _REPRESENTATIVE in recorders[0].roles:
        return GivenBy.GUARDIAN
    return GivenBy.SELF


def _hold_who(
    submission: Submission, provenance: Found, recorders: list[_Agent], units: list[_Agent]
) -> None:
    """Refuse a recorder who is or stands for another person, and a unit of another agency."""
    for agent in recorders:
        named = submission.folder.referred(agent.who, provenance)
        if named is not None:
            same_person(submission, named, f"{agent.at}.who.reference")
    for agent in units:
        if agent.who:
            submission.agree_on(agent.who, f"{agent.at}.who", provenance)


def _agents(findings: Findings, provenance: Found) -> Iterator[_Agent]:
    for agent, at in findings.parts(provenance.resource, "agent", provenance.at):
        concepts = [(findings.part(agent, "type", at), f"{at}.type")]
        concepts += findings.parts(agent, "role", at)
        codings = [
            coding
            for concept, place in concepts
            for coding, _ in findings.parts(concept, "coding", place)
        ]
        # The code system of the roles was not seen: the codes alone count.
        roles = tuple([code for coding in codings if isinstance(code := coding.get("code"), str)])
        yield _Agent(roles, findings.part(agent, "who", at), at)


def doubles(bundle: Json, folder: Folder, focal: list[int]) -> dict[int, tuple[Problem, ...]]:
    """Find pairs of a transaction that are the same permit: by the entry of each Consent.

    Permits are the same where they have one id, or one direction and one person. What is taken back
    is never held up by this.
    """
    if bundle.get("type") != TRANSACTION:
        return {}
    paired = provenances(folder)
    same: dict[tuple[str, str], list[Found]] = {}
    for consent in (folder.entries[index] for index in focal):
        is_given = consent.kind == "Consent" and consent.resource.get("status") == "active"
        if is_given and (consent.entry in paired or _is_nested(consent)):
            for key in _names(folder, consent):
                same.setdefault(key, []).append(consent)
    found: dict[int, tuple[Problem, ...]] = {}
    for (field, _), permits in same.items():
        for consent in permits if len(permits) > 1 else ():
            detail = "another pair of the transaction is the same permit"
            problem = Problem("bad-value", f"{consent.at}.{field}", detail, None)
            found[consent.entry] = (*found.get(consent.entry, ()), problem)
    return found


def _is_nested(consent: Found) -> bool:
    provision = consent.resource.get("provision")
    return isinstance(provision, dict) and is_nested(provision)


def _names(folder: Folder, consent: Found) -> Iterator[tuple[str, str]]:
    """Give what tells a permit from others, each with the field that says it."""
    unread = Findings()  # its own reading says what is wrong with it
    identifiers = unread.parts(consent.resource, "identifier", "")
    own_id = next((value for each, _ in identifiers if (value := each.get("value"))), None)
    if isinstance(own_id, str):
        yield "identifier", own_id
    way = read_category(unread, consent.resource, "", StatementKind.PERMIT).to_branch
    if way is not Branch.UNKNOWN:
        reference = unread.part(consent.resource, "patient", "")
        patient = folder.referred(reference, consent)
        yield "category", f"{way} {reference if patient is None else patient.at}"
