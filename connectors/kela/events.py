"""What each element of a `<viesti>` says: nine elements, seventeen contract events.

A reader gives None where the element does not make an event; why stands in the findings then.
"""

from collections.abc import Callable
from typing import NamedTuple

from connectors.finnish_codes import (
    ANSWERS,
    BASES,
    CATEGORIES,
    MILESTONES,
    PRIORITIES,
    REJECT_REASONS,
    SERVICES,
)
from connectors.kela.draft import Draft
from connectors.kela.section import Section
from connectors.kela.statement import CONSENT, PROHIBITION, read_consent, read_prohibition
from streams.domain.answers import HandoffRejected, RecallAcknowledged, WorkerNamed
from streams.domain.codes import Basis, Milestone, Priority, RejectReason
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, HandoffId
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.promises.connector import Details

DAYS_MAX = 99_999
"""Benefit days of a whole life fit well below."""

_COUNTS_DAYS = (Milestone.SICKNESS_BENEFIT_DAYS, Milestone.UNEMPLOYMENT_BENEFIT_DAYS)


class _HandoffName(NamedTuple):
    handoff_id: HandoffId | None
    referral_id: str | None


def read_event(name: str, section: Section, draft: Draft) -> AgencyEvent | None:
    """Read the event element of that name (one of `EVENTS`), adding to the draft's details."""
    return _READERS[name](section, draft)


def _referral(section: Section, draft: Draft) -> AgencyEvent | None:
    _agrees_on_sender(section, draft.envelope.agency)
    recipient = section.section("vastaanottaja")
    to = recipient.agency() if recipient is not None else None
    service = section.needed_code("palvelu", SERVICES)
    benefit = section.section("etuus")
    if benefit is not None:
        _read_benefit(benefit, draft.details)
    priority = section.code("kiireellisyys", PRIORITIES) or Priority.ROUTINE
    reason = section.text("perustelu")
    if reason is not None:
        draft.details["reason"] = reason
    grounds = section.section("luovutus")
    basis = grounds.code("peruste", BASES) if grounds is not None else None
    if basis is Basis.VITAL and section.is_blank("perustelu"):
        # What beats the person's own prohibition says why, in writing.
        section.findings.missing(f"{section.at}/perustelu")
    reference = grounds.identifier("viite") if grounds is not None else None
    categories = grounds.codes("tietoryhma", CATEGORIES) if grounds is not None else ()
    if grounds is not None:
        draft.document_ids.extend(grounds.identifiers("asiakirja"))
    if service is None:
        return None
    return ReferralSubmitted(
        draft.envelope, to, service, priority, basis, reference, categories, (), ()
    )


def _agrees_on_sender(section: Section, agency: AgencyId) -> None:
    # Kela need not say who it is; what it says must be true.
    sender = section.section("lahettaja")
    if sender is None:
        return
    named = sender.agency()
    if named is not None and named != agency:
        section.findings.note("bad-value", sender.at, "the message came from another agency")


def _read_benefit(benefit: Section, details: Details) -> None:
    findings, at = benefit.findings, benefit.at
    code = findings.identifier(benefit.needed_attribute("koodi"), f"{at}/@koodi")
    started_on = findings.day(benefit.attribute("alku"), f"{at}/@alku")
    paid = findings.number(
        benefit.attribute("maksetutPaivat"), f"{at}/@maksetutPaivat", 0, DAYS_MAX
    )
    if code is not None:
        details["benefit_code"] = code
    if started_on is not None:
        details["benefit_started_on"] = started_on.isoformat()
    if paid is not None:
        details["benefit_days_paid"] = str(paid)


def _handoff_name(section: Section, draft: Draft) -> _HandoffName:
    """Read which handoff is meant, and the remark that goes with it."""
    handoff_id = section.identifier("kasittelytunnus")
    referral_id = section.identifier("lahdetunnus")
    if section.is_blank("kasittelytunnus") and section.is_blank("lahdetunnus"):
        section.findings.missing(f"{section.at}/kasittelytunnus")
    remark = section.text("selite")
    if remark is not None:
        draft.details["remark"] = remark
    return _HandoffName(HandoffId(handoff_id) if handoff_id is not None else None, referral_id)


def _cancelled(section: Section, draft: Draft) -> AgencyEvent:
    return ReferralCancelled(draft.envelope, *_handoff_name(section, draft), ())


def _in_error(section: Section, draft: Draft) -> AgencyEvent:
    return ReferralMarkedInError(draft.envelope, *_handoff_name(section, draft), ())


def _recall_acknowledged(section: Section, draft: Draft) -> AgencyEvent:
    return RecallAcknowledged(draft.envelope, *_handoff_name(section, draft), ())


def _answer(section: Section, draft: Draft) -> AgencyEvent | None:
    answer = section.needed_attribute_code("tila", ANSWERS)
    named = _handoff_name(section, draft)
    outcome = section.text("tulos")
    if outcome is not None:
        draft.details["outcome"] = outcome
    if answer is None:
        return None
    if issubclass(answer, HandoffRejected):
        reason = section.code("syy", REJECT_REASONS)
        if section.is_blank("syy"):
            # A text without a code is a reason too.
            reason = RejectReason.OTHER
            if "remark" not in draft.details:
                section.findings.missing(f"{section.at}/syy")
        return HandoffRejected(draft.envelope, *named, reason or RejectReason.OTHER, ())
    return answer(draft.envelope, *named, ())


def _worker(section: Section, draft: Draft) -> AgencyEvent:
    name, role, unit = section.name("nimi"), section.name("tehtava"), section.name("toimipiste")
    if section.is_blank("nimi"):
        section.findings.missing(f"{section.at}/nimi")
    if name is not None:
        draft.details["worker_name"] = name
    if role is not None:
        draft.details["worker_role"] = role
    if unit is not None:
        draft.details["worker_unit"] = unit
    return WorkerNamed(draft.envelope, *_handoff_name(section, draft), ())


def _milestone(section: Section, draft: Draft) -> AgencyEvent | None:
    milestone = section.needed_attribute_code("koodi", MILESTONES)
    counts = milestone in _COUNTS_DAYS
    amount = section.needed_attribute("maara") if counts else section.attribute("maara")
    days = section.findings.number(amount, f"{section.at}/@maara", 0, DAYS_MAX)
    if milestone is None:
        return None
    return MilestoneReached(draft.envelope, milestone, days, ())


_READERS: dict[str, Callable[[Section, Draft], AgencyEvent | None]] = {
    "ohjaus": _referral,
    "ohjausPeruttu": _cancelled,
    "ohjausVirheellinen": _in_error,
    "takaisinvetoKuitattu": _recall_acknowledged,
    "vastaus": _answer,
    CONSENT: read_consent,
    PROHIBITION: read_prohibition,
    "vaihe": _milestone,
    "vastuuhenkilo": _worker,
}
EVENTS = frozenset(_READERS)
"""Names of the elements of which a `<viesti>` has exactly one."""
