"""How far a Consent reaches: whose data, to whom, for what, which, and when.

What would narrow a permit and has no place in the contract refuses it, since leaving it out would
permit more than the person has said. On a prohibition the same is left out: it reaches further.
"""

from typing import NamedTuple

from connectors.finnish_codes import nearest
from connectors.sote import systems
from connectors.sote.documents import document_id
from connectors.sote.findings import Findings, Json
from connectors.sote.submission import Submission
from connectors.sote.vocabulary import CATEGORIES, PURPOSES, Code, in_contract_order
from streams.domain.codes import Category, Purpose
from streams.domain.ids import AgencyId, Instant

AGENCIES_MAX = 64
LISTED_MAX = 64
_NARROWING = ("provision", "securityLabel", "dataPeriod", "data", "code")
_LIMIT = "the hub cannot keep this limit of a permit"
_ONE_LIMIT = "the classes of one permit have one limit: give the others a permit of their own"


class Rule(NamedTuple):
    """A provision, where it stands, and whether it permits or denies."""

    provision: Json
    at: str
    permits: bool


class Extent(NamedTuple):
    """How far a statement reaches."""

    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    valid_from: Instant | None
    valid_to: Instant | None


class Aim(NamedTuple):
    """What alone a statement is about: codes of service tasks, and a prohibition's documents."""

    document_ids: tuple[str, ...]
    service_tasks: tuple[str, ...]


def read_extent(submission: Submission, rule: Rule) -> Extent:
    """Read how far a Consent reaches by its rule."""
    findings, provision, at = submission.findings, rule.provision, rule.at
    if rule.permits:
        for field in _NARROWING:
            if provision.get(field) not in (None, [], {}):
                findings.note("bad-value", f"{at}.{field}", _LIMIT)
    organizations = findings.parts(submission.resource, "organization", submission.at)
    actors = [
        (findings.part(actor, "reference", place), f"{place}.reference")
        for actor, place in findings.parts(provision, "actor", at)
    ]
    valid_from, valid_to = _period(findings, provision, at)
    return Extent(
        _agencies(submission, organizations),
        _agencies(submission, actors),
        _codes(findings, findings.parts(provision, "purpose", at), systems.PURPOSE, PURPOSES),
        _categories(findings, rule),
        valid_from,
        valid_to,
    )


def read_aim(submission: Submission, rule: Rule) -> Aim:
    """Read what a prohibition is about, where it is not about everything."""
    findings = submission.findings
    documents: list[str] = []
    tasks: list[str] = []
    for data, at in _few(findings, rule, "data"):
        reference = findings.part(data, "reference", at)
        found = document_id(submission, reference, f"{at}.reference", submission.focal)
        if found is not None:
            documents.append(found)
        elif not any(one.pointer.startswith(f"{at}.reference") for one in findings.problems):
            # Left out, it would be prohibited no more.
            findings.missing(f"{at}.reference.identifier", "the document's id is needed")
    for coding, at in _few(findings, rule, "class"):
        for holder, field, place in _task_codes(findings, coding, at):
            task = _task(submission, holder, field, place)
            if task is not None:
                tasks.append(task)
    return Aim(tuple(dict.fromkeys(documents)), tuple(dict.fromkeys(tasks)))


def read_limit(submission: Submission, rule: Rule) -> tuple[str, ...]:
    """Read the service tasks whose data alone a consent or permit lets go; none: of any.

    The contract limits a statement as a whole, so classes with limits of their own are refused:
    left out, they would let more go than the person has said.
    """
    findings, whole = submission.findings, list[str]()
    told = len(findings.problems)
    limits: list[tuple[list[str], str]] = []
    for coding, at in _few(findings, rule, "class"):
        named = _task_codes(findings, coding, at)
        tasks = [_task(submission, *of_class) or "" for of_class in named]
        if _names_category(coding):
            limits.append((tasks, named[0][2] if named else at))
        else:
            whole += tasks
    if len(findings.problems) > told:
        return ()
    common = whole or (limits[0][0] if limits else [])
    for tasks, at in limits:
        if {*tasks} != {*common} and (tasks or not whole):
            findings.note("bad-value", at, _ONE_LIMIT)
    return tuple(dict.fromkeys(common))


def _names_category(coding: Json) -> bool:
    return "code" in coding and coding.get("system") != systems.SERVICE_TASK


def _few(findings: Findings, rule: Rule, field: str) -> list[tuple[Json, str]]:
    found = findings.parts(rule.provision, field, rule.at)
    if len(found) > LISTED_MAX:
        findings.note("bad-value", found[LISTED_MAX][1], f"at most {LISTED_MAX} of these")
    return found[:LISTED_MAX]


def _task_codes(findings: Findings, coding: Json, at: str) -> list[tuple[Json, str, str]]:
    """Find where a class names service tasks: itself, or in Kanta's extension."""
    if coding.get("system") == systems.SERVICE_TASK:
        return [(coding, "code", at)]
    found: list[tuple[Json, str, str]] = []
    for extension, place in findings.parts(coding, "extension", at):
        if not str(extension.get("url")).endswith(systems.FUNCTION_CODE):
            continue
        concept = findings.part(extension, "valueCodeableConcept", place)
        within = findings.parts(concept, "coding", f"{place}.valueCodeableConcept")
        own = findings.part(extension, "valueCoding", place)
        if within:
            found.append((within[0][0], "code", within[0][1]))
        elif own:
            found.append((own, "code", f"{place}.valueCoding"))
        else:
            field = "valueString" if "valueString" in extension else "valueCode"
            found.append((extension, field, place))
    return found


def _task(submission: Submission, holder: Json, field: str, at: str) -> str | None:
    findings, agreed = submission.findings, submission.service_tasks
    task = findings.identifying(holder, field, at)
    if task is None:
        if holder.get(field) in (None, ""):
            findings.missing(f"{at}.{field}", "the service task's code is needed")
    elif agreed and task not in agreed:
        # Misspelt, it would prohibit nothing.
        near = nearest(task, agreed)
        findings.note("unknown-code", f"{at}.{field}", "no such service task is agreed", near)
        return None
    return task


def _agencies(submission: Submission, named: list[tuple[Json, str]]) -> tuple[AgencyId, ...]:
    if len(named) > AGENCIES_MAX:
        place = named[AGENCIES_MAX][1]
        submission.findings.note("bad-value", place, f"at most {AGENCIES_MAX} agencies")
        return ()
    found = [submission.party(reference, at, submission.focal) for reference, at in named]
    return tuple(dict.fromkeys(agency for agency in found if agency is not None))


def _categories(findings: Findings, rule: Rule) -> tuple[Category, ...]:
    """Read the classes that name a category, those that name a service task alone left out."""
    named: list[tuple[Json, str]] = []
    for coding, at in findings.parts(rule.provision, "class", rule.at):
        if _names_category(coding) or not _task_codes(findings, coding, at):
            named.append((coding, at))
    return _codes(findings, named, systems.DATA_CATEGORY, CATEGORIES)


def _codes(
    findings: Findings, codings: list[tuple[Json, str]], system: str, known: dict[str, Code]
) -> tuple[Code, ...]:
    codes: list[Code] = []
    for coding, place in codings:
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
