"""From a notice to a JSON event; `connectors/employment/README.md` has an example of each."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import orjson

from connectors.finnish_codes import (
    ACT_CODES,
    BASIS_CODES,
    CATEGORY_CODES,
    PRIORITY_CODES,
    PURPOSE_CODES,
    REJECT_REASON_CODES,
    SERVICE_CODES,
    STATUS_CODES,
)
from connectors.local_time import iso
from streams.domain.agreement import Agreement
from streams.domain.codes import Category, NoticeKind, Status
from streams.domain.entry import Act, Decline, MissingBasis, Notice, Withheld
from streams.domain.ids import AgencyId
from streams.promises.connector import Details, OpenNotice

Wire = dict[str, object]

REQUESTED_INFORMATION = "LISATIETOPYYNTO"
PROVIDED_INFORMATION = "LISATIEDOT_ANNETTU"
UNKNOWN_STATUS = "TUNTEMATON"

_PERSON = (
    ("henkilotunnus", "hetu"),
    ("etunimet", "given_names"),
    ("sukunimi", "family_name"),
    ("kotikunta", "municipality"),
    ("aidinkieli", "language"),
    ("puhelin", "phone"),
)
_BENEFIT = (
    ("koodi", "benefit_code"),
    ("alku", "benefit_started_on"),
    ("maksetutPaivat", "benefit_days_paid"),
)
_WORKER = (("nimi", "worker_name"), ("tehtava", "worker_role"), ("toimipiste", "worker_unit"))
_TEXTS = (("selite", "remark"), ("tulos", "outcome"))
_TOLD_TO_RECIPIENT = {
    Status.CANCELLED.value: "OHJAUS_PERUTTU",
    Status.ENTERED_IN_ERROR.value: "OHJAUS_VIRHEELLINEN",
}
"""What the source did with its referral, in the words in which the source says it."""

_STATUS_CODES = {status.value: code for status, code in STATUS_CODES.items()}
_REASON_CODES = {reason.value: code for reason, code in REJECT_REASON_CODES.items()}


class _Told(NamedTuple):
    """A notice on its way to words, with what it may tell and whom it names."""

    notice: Notice
    details: Details
    agreement: Agreement

    @property
    def to_source(self) -> bool:
        return self.notice.source is not None and self.notice.to == self.notice.source

    def agency(self, agency: AgencyId) -> Wire:
        """Name an agency as the wire does; one that has left the agreement by its id."""
        known = self.agreement.agencies.get(agency)
        if known is None:
            return {"nimi": agency}
        return {"ytunnus": known.business_id, "oid": known.oid, "nimi": known.name_fi}

    def business_id(self, agency: AgencyId) -> str:
        """Give an agency's business id; of one that has left the agreement, its id."""
        known = self.agreement.agencies.get(agency)
        return known.business_id if known is not None else agency


def render(opened: OpenNotice, agreement: Agreement) -> bytes:
    """Write a notice as UTF-8 JSON: the same notice, the same bytes, whenever it is sent.

    What the notice does not carry has no field. Withheld categories and why they stay behind are
    told to the source alone, and what is missing.
    """
    told = _Told(opened.notice, opened.details, agreement)
    notice = opened.notice
    kind, body = _WRITERS.get(notice.kind, _plain)(told)
    head: Wire = {
        "tapahtumaTunnus": notice.notice_id,
        "versio": 1,
        "tapahtumaTyyppi": kind,
        "aikaleima": iso(notice.occurred_at),
    }
    return orjson.dumps(_filled(head | _person(notice, opened.details) | body))


def _person(notice: Notice, details: Details) -> Wire:
    members = details.get("typ_members")
    person = _chosen(details, _PERSON)
    if person and notice.protected:
        person["turvakielto"] = True
    return {
        "asiakas": person,
        "typAsiakkuusTunnus": details.get("typ_clienthood_id"),
        # The contract's own text, checked where it was read in.
        "jasenet": orjson.loads(members) if members else None,
        "etuus": _chosen(details, _BENEFIT),
    }


def _referral(told: _Told) -> tuple[str, Wire]:
    return "OHJAUS", _what_is_asked(told) | {"vastaus": _handoff_name(told)}


def _what_is_asked(told: _Told) -> Wire:
    notice = told.notice
    recipient = notice.recipient
    return {
        "lahettaja": told.agency(notice.source) if notice.source is not None else None,
        "ohjaus": _filled(
            {
                "vastaanottaja": None if recipient is None else _to(told, recipient),
                "palvelu": SERVICE_CODES.get(notice.service) if notice.service else None,
                "kiireellisyys": PRIORITY_CODES.get(notice.priority) if notice.priority else None,
                "perustelu": told.details.get("reason"),
            }
        ),
        "luovutus": _filled({"tietoryhmat": _categories(notice.categories)}),
    }


def _to(told: _Told, recipient: AgencyId) -> Wire:
    return {"ytunnus": told.business_id(recipient)}


def _status(told: _Told) -> tuple[str, Wire]:
    notice = told.notice
    said = _TOLD_TO_RECIPIENT.get(notice.detail)
    if said is not None and not told.to_source:
        return said, {"vastaus": _handoff_name(told) | _chosen(told.details, _TEXTS)}
    code = _STATUS_CODES.get(notice.detail)
    if code is not None:
        return _answer(told, code)
    return _answer(told, UNKNOWN_STATUS)


def _information_request(told: _Told) -> tuple[str, Wire]:
    return _answer(told, REQUESTED_INFORMATION)


def _information(told: _Told) -> tuple[str, Wire]:
    if told.notice.categories:
        kind, body = _referral(told)
        return kind, body | {"paivitys": True}
    if "worker_name" in told.details:
        return "VASTUUHENKILO", {
            "vastuuhenkilo": _chosen(told.details, _WORKER),
            "vastaus": _handoff_name(told) | _chosen(told.details, _TEXTS),
        }
    return _answer(told, PROVIDED_INFORMATION)


def _answer(told: _Told, code: str) -> tuple[str, Wire]:
    notice = told.notice
    reason = _REASON_CODES.get(notice.reason)
    answer = _handoff_name(told) | {
        "tila": code,
        "syy": reason,
        "koodi": notice.reason if reason is None else None,
        **_chosen(told.details, _TEXTS),
    }
    other = notice.recipient if told.to_source else notice.source
    return "VASTAUS", {
        "toinenOsapuoli": told.agency(other) if other is not None else None,
        "vastaus": _filled(answer),
        "vastuuhenkilo": _chosen(told.details, _WORKER),
        "pidatetty": [_withheld(held) for held in notice.withheld if told.to_source],
        "puuttuvaPeruste": [_missing(told, one) for one in _missing_for_source(told)],
    }


def _missing_for_source(told: _Told) -> Iterable[MissingBasis]:
    if not told.to_source:
        return ()
    withheld = [missing for held in told.notice.withheld for missing in held.missing]
    return told.notice.missing or withheld


def _withheld(held: Withheld) -> Wire:
    return _filled({"tietoryhma": CATEGORY_CODES.get(held.category), "koodi": held.reason})


def _missing(told: _Told, missing: MissingBasis) -> Wire:
    return _filled(
        {
            "tietoryhma": CATEGORY_CODES.get(missing.category),
            "toimi": ACT_CODES.get(missing.act),
            "kielto": missing.rule if missing.act is Act.LIFT else None,
            "laki": missing.rule if missing.act is Act.BEGIN else None,
            "peruste": BASIS_CODES.get(missing.ask_for),
            "luovuttaja": told.business_id(missing.source),
            "saaja": told.business_id(missing.recipient),
            "tarkoitus": PURPOSE_CODES.get(missing.purpose),
        }
    )


def _refusal(told: _Told) -> tuple[str, Wire]:
    notice = told.notice
    return "TORJUNTA", {
        "torjunta": _filled({"saanto": notice.detail, "viestiTunnus": notice.reason}),
        "vastaus": _handoff_name(told),
    }


def _recall(told: _Told) -> tuple[str, Wire]:
    notice = told.notice
    recalled = {
        "tietoryhmat": _categories(notice.categories),
        "koodi": notice.detail,
        "erapaiva": iso(notice.due_at) if notice.due_at is not None else None,
    }
    return "TAKAISINVETO", {"takaisinveto": _filled(recalled), "vastaus": _handoff_name(told)}


def _escalation(told: _Told) -> tuple[str, Wire]:
    notice = told.notice
    clock = {
        "porras": notice.detail,
        "saanto": notice.reason,
        "erapaiva": iso(notice.due_at) if notice.due_at is not None else None,
    }
    return "MAARAAIKA", _what_is_asked(told) | {
        "maaraaika": _filled(clock),
        "vastaus": _handoff_name(told),
    }


def _convene(told: _Told) -> tuple[str, Wire]:
    notice = told.notice
    convened = {
        "laji": notice.detail,
        "hylkaykset": [_decline(told, decline) for decline in notice.declines],
    }
    return "KOOLLEKUTSU", _what_is_asked(told) | {
        "koollekutsu": convened,
        "vastaus": _handoff_name(told),
    }


def _decline(told: _Told, decline: Decline) -> Wire:
    return _filled(
        {
            "kasittelytunnus": decline.handoff_id,
            "lahettaja": told.business_id(decline.source),
            "vastaanottaja": told.business_id(decline.recipient),
            "syy": REJECT_REASON_CODES.get(decline.reason),
            "aikaleima": iso(decline.at),
        }
    )


def _plain(told: _Told) -> tuple[str, Wire]:
    return "TIEDOTE", {"vastaus": _handoff_name(told)}


_WRITERS: dict[NoticeKind, Callable[[_Told], tuple[str, Wire]]] = {
    NoticeKind.REFERRAL: _referral,
    NoticeKind.STATUS: _status,
    NoticeKind.REFUSAL: _refusal,
    NoticeKind.RECALL: _recall,
    NoticeKind.ESCALATION: _escalation,
    NoticeKind.CONVENE: _convene,
    NoticeKind.INFORMATION_REQUEST: _information_request,
    NoticeKind.INFORMATION: _information,
}


def _handoff_name(told: _Told) -> Wire:
    """Name the handoff: by the hub's id, and to the source by the source's own."""
    own = told.notice.referral_id if told.to_source else None
    return _filled({"kasittelytunnus": told.notice.handoff_id, "lahdetunnus": own})


def _categories(categories: Iterable[Category]) -> list[str]:
    return [CATEGORY_CODES[category] for category in categories if category in CATEGORY_CODES]


def _chosen(details: Details, fields: Iterable[tuple[str, str]]) -> Wire:
    return {name: details[field] for name, field in fields if details.get(field)}  # type: ignore[literal-required]  # the tables above name fields of Details


def _filled(wire: Mapping[str, object]) -> Wire:
    """Leave out what is not there: no field says that something was kept back."""
    return {name: value for name, value in wire.items() if value not in (None, "", {}, [])}
