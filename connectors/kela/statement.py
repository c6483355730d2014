"""What a person says of their data, as Kela writes it: `<suostumus>` and `<kielto>`."""

import re
from typing import NamedTuple

from connectors.finnish_codes import (
    CATEGORIES,
    DIRECTIONS,
    GIVERS,
    PURPOSES,
    STATEMENT_KINDS,
)
from connectors.kela.draft import Draft
from connectors.kela.section import Section
from connectors.local_time import end_of_day, local_midnight
from streams.domain.codes import Branch, Category, Purpose
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    ProhibitionLifted,
    StatementKind,
)

CONSENT, PROHIBITION = "suostumus", "kielto"
STATEMENTS = (CONSENT, PROHIBITION)
ID = "suostumusTunnus"
GIVEN, ENDED = "ANNETTU", "PERUTTU"

_STATES = {GIVEN: GIVEN, ENDED: ENDED}
_FLAGS = {"0": False, "1": True}
_SHA_256 = re.compile("[0-9a-fA-F]{64}")


class _Scope(NamedTuple):
    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    valid_from: Instant | None
    valid_to: Instant | None


class _Giving(NamedTuple):
    given_by: GivenBy
    evidence_digest: bytes


def read_consent(section: Section, draft: Draft) -> AgencyEvent | None:
    """Read a consent, a permit inside sote, or the end of either."""
    state = section.needed_attribute_code("tila", _STATES)
    statement_id = StatementId(section.needed_identifier(ID) or "")
    if state is None:
        return None
    if state == ENDED:
        # Whatever else stands there, it cannot stop a withdrawal.
        return ConsentWithdrawn(draft.envelope, statement_id, _is_in_error(section), ())
    kind, to_branch = _kind(section)
    if section.count("asiakirja"):
        # Left out, it would let more go than the person has said.
        where = f"{section.at}/asiakirja"
        section.findings.note("bad-value", where, "the hub cannot keep this limit of a consent")
    scope, giving = _scope(section, needs_all=True), _giving(section, draft)
    tasks = section.service_tasks("palvelutehtava")
    covered = (False, *scope[:4], tasks, *scope[4:])  # not sole: permits of one direction add up
    return ConsentGiven(draft.envelope, statement_id, kind, to_branch, *covered, *giving, ())


def read_prohibition(section: Section, draft: Draft) -> AgencyEvent | None:
    """Read a prohibition, or its lifting."""
    state = section.needed_attribute_code("tila", _STATES)
    statement_id = StatementId(section.needed_identifier(ID) or "")
    if state is None:
        return None
    if state == ENDED:
        return ProhibitionLifted(draft.envelope, statement_id, _is_in_error(section), ())
    scope, giving = _scope(section, needs_all=False), _giving(section, draft)
    draft.document_ids.extend(section.identifiers("asiakirja"))
    tasks = section.service_tasks("palvelutehtava")
    return DisclosureProhibited(
        draft.envelope, statement_id, *scope[:4], (), tasks, *scope[4:], *giving, ()
    )


def _is_in_error(section: Section, *, may_be: bool = True) -> bool:
    """Read whether what ends should never have been entered."""
    written = section.attribute("virheellinen")
    flag = _FLAGS.get(written) if written is not None else False
    if flag is None or (flag and not may_be):
        detail = "0 or 1" if flag is None else "what is given is not in error: take it back"
        section.findings.note("bad-value", f"{section.at}/@virheellinen", detail)
    return bool(flag)


def _kind(section: Section) -> tuple[StatementKind, Branch]:
    """Tell a permit from a consent; a permit goes one way."""
    kind = section.code("laji", STATEMENT_KINDS)
    direction = section.code("suunta", DIRECTIONS)
    at = f"{section.at}/suunta"
    if kind is StatementKind.PERMIT and section.is_blank("suunta"):
        section.findings.missing(at)
    # A kind that could not be read has its own error already.
    is_consent = kind is StatementKind.CONSENT or section.is_blank("laji")
    if is_consent and direction is not None:
        section.findings.note("bad-value", at, "only a permit has a direction")
    return kind or StatementKind.CONSENT, direction or Branch.UNKNOWN


def _giving(section: Section, draft: Draft) -> _Giving:
    """Read who gave a statement, and what shows it; a proxy has a mandate."""
    _is_in_error(section, may_be=False)
    given_by = section.code("antaja", GIVERS) or GivenBy.SELF
    mandate = section.identifier("valtuutus")
    if mandate is not None:
        draft.details["mandate_ref"] = mandate
    elif given_by is GivenBy.PROXY and section.is_blank("valtuutus"):
        section.findings.missing(f"{section.at}/valtuutus")
    evidence = section.section("naytto")
    return _Giving(given_by, _digest(evidence, draft) if evidence is not None else b"")


def _digest(evidence: Section, draft: Draft) -> bytes:
    """Read where the evidence lies, into the details, and its SHA-256."""
    reference = evidence.findings.reference(evidence.attribute("viite"), f"{evidence.at}/@viite")
    if reference is not None:
        draft.details["evidence_ref"] = reference
    digest = evidence.attribute("tiiviste") or ""
    if digest and _SHA_256.fullmatch(digest) is None:
        at = f"{evidence.at}/@tiiviste"
        evidence.findings.note("bad-value", at, "a SHA-256 is 64 hexadecimal digits")
        return b""
    return bytes.fromhex(digest)


def _scope(section: Section, *, needs_all: bool) -> _Scope:
    """Read what a statement covers; a consent says what for and from when (`needs_all`)."""
    sources, recipients = section.agencies("luovuttaja"), section.agencies("saaja")
    purpose = (section.needed_code if needs_all else section.code)("tarkoitus", PURPOSES)
    categories = section.codes("tietoryhma", CATEGORIES)
    first = (section.needed_day if needs_all else section.day)("alkaen")
    last = section.day("paattyen")
    if first is not None and last is not None and last < first:
        section.findings.note("bad-value", f"{section.at}/paattyen", "ends before it begins")
    return _Scope(
        sources,
        recipients,
        (purpose,) if purpose is not None else (),
        categories,
        local_midnight(first) if first is not None else None,
        end_of_day(last) if last is not None else None,
    )
