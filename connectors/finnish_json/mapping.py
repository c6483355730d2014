"""From the wire's words to the contract's: what each `tapahtumaTyyppi` becomes."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson

from connectors.finnish_codes import (
    ANSWERS,
    BASES,
    CATEGORIES,
    DIRECTIONS,
    GIVERS,
    MILESTONES,
    PRIORITIES,
    PURPOSES,
    REJECT_REASONS,
    SERVICES,
    STATEMENT_KINDS,
)
from connectors.finnish_json.statement import (
    ConsentEvent,
    Giving,
    ProhibitionEvent,
    Scope,
    StatementEnd,
)
from connectors.finnish_json.wire import (
    AboutHandoff,
    Answer,
    HandoffName,
    Head,
    Luovutus,
    MilestoneEvent,
    Referral,
    TypHead,
    TypVirkailija,
    WireObject,
    WorkerOfHandoff,
    agency_of,
)
from connectors.local_time import end_of_day, local_midnight
from streams.domain.answers import HandoffRejected, RecallAcknowledged, WorkerNamed
from streams.domain.codes import Branch, Category, Priority, Purpose, RejectReason
from streams.domain.envelope import Envelope
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, HandoffId, Instant, StatementId
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    ProhibitionLifted,
    StatementKind,
)
from streams.promises.connector import Details

_STATEMENT = "/suostumus/suostumusTunnus"


class EventKind(NamedTuple):
    """A kind of event: its shape on the wire, and how it becomes a contract event.

    `become` takes the shape's object, the envelope, and the details, to which it adds its own.
    `about` is the pointer of the statement that the event names.
    """

    shape: type[WireObject]
    become: Callable[[Any, Envelope, Details], AgencyEvent]
    about: str = ""


def head_details(head: Head) -> Details:
    """Gather what an event's head tells of the person and of its writer, and nothing empty."""
    person = head.asiakas
    details = Details(hetu=person.henkilotunnus.text)
    if person.sukunimi:
        details["family_name"] = person.sukunimi
    if person.etunimet:
        details["given_names"] = person.etunimet
    if person.puhelin:
        details["phone"] = person.puhelin
    if person.aidinkieli:
        details["language"] = person.aidinkieli
    if person.kotikunta:
        details["municipality"] = person.kotikunta
    official = head.virkailija
    if official is not None:
        if official.tunnus:
            details["official_id"] = official.tunnus
        party = official.osapuoli if isinstance(official, TypVirkailija) else None
        # Who speaks for a pair says for which of the two: `HYVINVOINTIALUE: Keskusta`.
        unit = ": ".join([part for part in (party, official.toimipiste) if part])
        if unit:
            details["official_unit"] = unit
    if isinstance(head, TypHead):
        _add_clienthood(head, details)
    return details


def _add_clienthood(head: TypHead, details: Details) -> None:
    if head.typAsiakkuusTunnus:
        details["typ_clienthood_id"] = head.typAsiakkuusTunnus
    if head.jasenet:
        members = [
            {"osapuoli": member.osapuoli, "vastuuhenkilo": member.vastuuhenkilo}
            if member.vastuuhenkilo
            else {"osapuoli": member.osapuoli}
            for member in head.jasenet
        ]
        details["typ_members"] = orjson.dumps(members).decode()


def _submitted(wire: Referral, envelope: Envelope, details: Details) -> ReferralSubmitted:
    referral, claim = wire.ohjaus, wire.luovutus or Luovutus()
    if referral.perustelu:
        details["reason"] = referral.perustelu
    return ReferralSubmitted(
        envelope,
        agency_of(referral.vastaanottaja),
        SERVICES[referral.palvelu],
        PRIORITIES[referral.kiireellisyys] if referral.kiireellisyys else Priority.ROUTINE,
        BASES[claim.peruste] if claim.peruste else None,
        claim.viite,
        _categories(claim.tietoryhmat),
        (),
        (),
    )


def _answered(wire: Answer, envelope: Envelope, details: Details) -> AgencyEvent:
    answer = wire.vastaus
    handoff_id, referral_id = _named(answer, details)
    if answer.tulos:
        details["outcome"] = answer.tulos
    event = ANSWERS[answer.tila]
    if issubclass(event, HandoffRejected):
        # A reason in words alone is a reason that the codes do not have.
        reason = REJECT_REASONS[answer.syy] if answer.syy else RejectReason.OTHER
        return HandoffRejected(envelope, handoff_id, referral_id, reason, ())
    return event(envelope, handoff_id, referral_id, ())


def _cancelled(wire: AboutHandoff, envelope: Envelope, details: Details) -> ReferralCancelled:
    return ReferralCancelled(envelope, *_named(wire.vastaus, details), ())


def _in_error(wire: AboutHandoff, envelope: Envelope, details: Details) -> ReferralMarkedInError:
    return ReferralMarkedInError(envelope, *_named(wire.vastaus, details), ())


def _recalled(wire: AboutHandoff, envelope: Envelope, details: Details) -> RecallAcknowledged:
    return RecallAcknowledged(envelope, *_named(wire.vastaus, details), ())


def _worker(wire: WorkerOfHandoff, envelope: Envelope, details: Details) -> WorkerNamed:
    worker = wire.vastuuhenkilo
    details["worker_name"] = worker.nimi
    if worker.tehtava:
        details["worker_role"] = worker.tehtava
    if worker.toimipiste:
        details["worker_unit"] = worker.toimipiste
    return WorkerNamed(envelope, *_named(wire.vastaus, details), ())


def _consented(wire: ConsentEvent, envelope: Envelope, details: Details) -> ConsentGiven:
    consent = wire.suostumus
    scope = _scope(consent)
    return ConsentGiven(
        envelope,
        StatementId(consent.suostumusTunnus),
        STATEMENT_KINDS[consent.laji] if consent.laji else StatementKind.CONSENT,
        DIRECTIONS[consent.suunta] if consent.suunta else Branch.UNKNOWN,
        False,  # several permits of one direction add up on this wire
        *scope[:4],
        tuple(dict.fromkeys(consent.palvelutehtavat or ())),
        *scope[4:],
        *_given(consent, details),
        (),
    )


def _prohibited(
    wire: ProhibitionEvent, envelope: Envelope, details: Details
) -> DisclosureProhibited:
    prohibition = wire.suostumus
    scope = _scope(prohibition)
    return DisclosureProhibited(
        envelope,
        StatementId(prohibition.suostumusTunnus),
        *scope[:4],
        (),
        tuple(dict.fromkeys(prohibition.palvelutehtavat or ())),
        *scope[4:],
        *_given(prohibition, details),
        (),
    )


def _withdrawn(wire: StatementEnd, envelope: Envelope, _details: Details) -> ConsentWithdrawn:
    return ConsentWithdrawn(envelope, *_ended(wire), ())


def _lifted(wire: StatementEnd, envelope: Envelope, _details: Details) -> ProhibitionLifted:
    return ProhibitionLifted(envelope, *_ended(wire), ())


def _ended(wire: StatementEnd) -> tuple[StatementId, bool]:
    """Say which statement ends, and whether it should never have been entered."""
    ended = wire.suostumus
    return StatementId(ended.suostumusTunnus), bool(ended.virheellinen)


def _reached(wire: MilestoneEvent, envelope: Envelope, _details: Details) -> MilestoneReached:
    return MilestoneReached(envelope, MILESTONES[wire.vaihe.koodi], wire.vaihe.maara, ())


EVENT_KINDS = {
    "OHJAUS": EventKind(Referral, _submitted),
    "OHJAUS_PERUTTU": EventKind(AboutHandoff, _cancelled),
    "OHJAUS_VIRHEELLINEN": EventKind(AboutHandoff, _in_error),
    "VASTAUS": EventKind(Answer, _answered),
    "SUOSTUMUS": EventKind(ConsentEvent, _consented, _STATEMENT),
    "SUOSTUMUS_PERUTTU": EventKind(StatementEnd, _withdrawn, _STATEMENT),
    "KIELTO": EventKind(ProhibitionEvent, _prohibited, _STATEMENT),
    "KIELTO_PERUTTU": EventKind(StatementEnd, _lifted, _STATEMENT),
    "TAKAISINVETO_KUITATTU": EventKind(AboutHandoff, _recalled),
    "VAIHE": EventKind(MilestoneEvent, _reached),
    "VASTUUHENKILO": EventKind(WorkerOfHandoff, _worker),
}
"""Every `tapahtumaTyyppi` that an agency may send."""


def document_ids(wire: WireObject) -> tuple[str, ...]:
    """Give the ids of documents that an event's content names, each once."""
    named: list[str] | None = None
    if isinstance(wire, Referral) and wire.luovutus is not None:
        named = wire.luovutus.asiakirjat
    elif isinstance(wire, ProhibitionEvent):
        named = wire.suostumus.asiakirjat
    return tuple(dict.fromkeys(named or ()))


def _named(name: HandoffName, details: Details) -> tuple[HandoffId | None, str | None]:
    """Give the hub's id of a handoff, else the source's; note the remark that came with it."""
    if name.selite:
        details["remark"] = name.selite
    if name.kasittelytunnus is not None:
        return HandoffId(name.kasittelytunnus), None
    return None, name.lahdetunnus


def _given(said: Giving, details: Details) -> tuple[GivenBy, bytes]:
    """Say who gave a statement, with the digest of its evidence; note what shows it."""
    if said.valtuutus:
        details["mandate_ref"] = said.valtuutus
    evidence = said.naytto
    if evidence is not None and evidence.viite:
        details["evidence_ref"] = evidence.viite
    digest = evidence.tiiviste if evidence is not None else None
    giver = GIVERS[said.antaja] if said.antaja else GivenBy.SELF
    return giver, bytes.fromhex(digest or "")


def _scope(
    said: Scope,
) -> tuple[
    tuple[AgencyId, ...],
    tuple[AgencyId, ...],
    tuple[Purpose, ...],
    tuple[Category, ...],
    Instant | None,
    Instant | None,
]:
    """Give a statement's sources, recipients, purposes, categories, and when it holds."""
    return (
        _agencies(said.luovuttajat),
        _agencies(said.saajat),
        (PURPOSES[said.tarkoitus],) if said.tarkoitus else (),
        _categories(said.tietoryhmat),
        local_midnight(said.alkaen) if said.alkaen is not None else None,
        end_of_day(said.paattyen) if said.paattyen is not None else None,
    )


def _agencies(named: Iterable[str] | None) -> tuple[AgencyId, ...]:
    return tuple(dict.fromkeys([AgencyId(agency) for agency in named or ()]))


def _categories(codes: Iterable[str] | None) -> tuple[Category, ...]:
    return tuple(dict.fromkeys([CATEGORIES[code] for code in codes or ()]))
