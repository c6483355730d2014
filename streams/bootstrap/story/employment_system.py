"""What an employment service's system writes and reads: JSON events, one a line.

The TYP register speaks the same, and adds its clienthood and for which of its parties it speaks.
"""

from collections.abc import Mapping
from typing import Any, assert_never

import orjson

from connectors.finnish_codes import (
    CATEGORIES,
    CATEGORY_CODES,
    MILESTONE_CODES,
    PURPOSE_CODES,
    PURPOSES,
    REJECT_REASON_CODES,
    SERVICE_CODES,
)
from connectors.local_time import iso
from streams.bootstrap.story.persons import Person
from streams.bootstrap.story.sayings import (
    Answer,
    Asked,
    ConfirmRecall,
    Consent,
    HandoffName,
    Heard,
    NameWorker,
    Reach,
    Refer,
    Saying,
    Spoken,
    WithdrawConsent,
)
from streams.domain.agreement import Agency
from streams.domain.ids import AgencyId

Wire = dict[str, Any]

TILA = {
    "received": "VASTAANOTETTU",
    "accepted": "HYVAKSYTTY",
    "rejected": "HYLATTY",
    "info-needed": "LISATIETOPYYNTO",
    "info-provided": "LISATIEDOT_ANNETTU",
    "in-progress": "ALOITETTU",
    "on-hold": "KESKEYTETTY",
    "completed": "PAATTYNYT",
    "failed": "EPAONNISTUI",
}
"""How the Finnish formats call an answer."""
_HEARD = {
    "OHJAUS": "referral",
    "TAKAISINVETO": "recall",
    "KOOLLEKUTSU": "convene",
    "MAARAAIKA": "escalation",
    "TORJUNTA": "refusal",
    "VASTUUHENKILO": "information",
}


class EmploymentSystem:
    """An employment service's system, or the TYP register's."""

    def __init__(self, agencies: Mapping[AgencyId, Agency], *, typ: bool = False) -> None:
        """Know the region's agencies by their business ids."""
        self.format = "JSON lines (TYP)" if typ else "JSON lines"
        self._agencies = agencies
        self._by_business_id = {
            agency.business_id: agency.agency_id for agency in agencies.values()
        }
        self._typ = typ

    def write(self, me: Agency, spoken: list[Spoken]) -> bytes:
        """Write one event a line."""
        return b"".join([orjson.dumps(self._event(me, each)) + b"\n" for each in spoken])

    def read(self, body: bytes) -> Heard:
        """Read the hub's event."""
        event: Wire = orjson.loads(body)
        answer: Wire = event.get("vastaus", {})
        kind = _HEARD.get(event["tapahtumaTyyppi"], "status")
        if kind == "referral" and event.get("paivitys"):
            kind = "information"
        elif answer.get("tila") == TILA["info-needed"]:
            kind = "information-request"
        elif answer.get("tila") == TILA["info-provided"]:
            kind = "information"
        handoff = HandoffName(answer.get("kasittelytunnus"), answer.get("lahdetunnus"))
        hetu = event.get("asiakas", {}).get("henkilotunnus")
        return Heard(kind, handoff, hetu, self._asked(event.get("puuttuvaPeruste", [])))

    def _asked(self, missing: list[Wire]) -> Asked | None:
        if not missing:
            return None
        first = missing[0]
        return Asked(
            self._by_business_id[first["saaja"]],
            PURPOSES[first["tarkoitus"]],
            tuple([CATEGORIES[each["tietoryhma"]] for each in missing]),
        )

    def _event(self, me: Agency, spoken: Spoken) -> Wire:
        kind, content = self._content(spoken.saying)
        event: Wire = {
            "tapahtumaTunnus": spoken.message_id,
            "versio": 1,
            "tapahtumaTyyppi": kind,
            "aikaleima": iso(spoken.at),
            "asiakas": _person(spoken.person),
            "virkailija": {"tunnus": "V0042", "toimipiste": me.name_fi},
        }
        if self._typ:
            event["virkailija"]["osapuoli"] = "TYOVOIMAVIRANOMAINEN"
            event["typAsiakkuusTunnus"] = f"TYP-{spoken.message_id}"
        return event | content

    def _content(self, saying: Saying) -> tuple[str, Wire]:
        content: Wire
        match saying:
            case Refer():
                kind, content = "OHJAUS", self._referral(saying)
            case Answer():
                kind, content = "VASTAUS", {"vastaus": _answer(saying)}
            case NameWorker(handoff=handoff, name=name, role=role, unit=unit):
                worker = {"nimi": name, "tehtava": role, "toimipiste": unit}
                kind = "VASTUUHENKILO"
                content = {"vastaus": _named(handoff), "vastuuhenkilo": worker}
            case ConfirmRecall(handoff=handoff):
                kind, content = "TAKAISINVETO_KUITATTU", {"vastaus": _named(handoff)}
            case Consent():
                kind, content = "SUOSTUMUS", {"suostumus": self._consent(saying)}
            case WithdrawConsent(statement_id=statement_id):
                kind = "SUOSTUMUS_PERUTTU"
                content = {"suostumus": {"suostumusTunnus": statement_id}}
            case Reach(milestone=milestone, amount=amount):
                reached = {"koodi": MILESTONE_CODES[milestone], "maara": amount}
                kind, content = "VAIHE", {"vaihe": reached}
            case _:
                assert_never(saying)
        return kind, content

    def _referral(self, referral: Refer) -> Wire:
        to = None if referral.to is None else {"ytunnus": self._business_id(referral.to)}
        content: Wire = {
            "ohjaus": {
                "vastaanottaja": to,
                "palvelu": SERVICE_CODES[referral.service],
                "kiireellisyys": "NORMAALI",
                "perustelu": referral.reason,
            }
        }
        if referral.categories:
            content["luovutus"] = {"tietoryhmat": [CATEGORY_CODES[c] for c in referral.categories]}
        return content

    def _consent(self, consent: Consent) -> Wire:
        return {
            "suostumusTunnus": consent.statement_id,
            "luovuttajat": [self._business_id(consent.source)],
            "saajat": [self._business_id(recipient) for recipient in consent.recipients],
            "tarkoitus": PURPOSE_CODES[consent.purpose],
            "tietoryhmat": [CATEGORY_CODES[category] for category in consent.categories],
            "alkaen": consent.begins.isoformat(),
            "paattyen": consent.ends.isoformat() if consent.ends is not None else None,
        }

    def _business_id(self, agency: AgencyId) -> str:
        return self._agencies[agency].business_id


def _person(person: Person) -> Wire:
    return {
        "henkilotunnus": person.hetu,
        "etunimet": person.given_names,
        "sukunimi": person.family_name,
        "kotikunta": person.municipality,
        "aidinkieli": person.language,
        "turvakielto": person.protected,
        "puhelin": person.phone,
    }


def _named(handoff: HandoffName) -> Wire:
    if handoff.handoff_id is not None:
        return {"kasittelytunnus": handoff.handoff_id}
    return {"lahdetunnus": handoff.referral_id}


def _answer(answer: Answer) -> Wire:
    written = _named(answer.handoff) | {"tila": TILA[answer.status]}
    if answer.reason is not None:
        written["syy"] = REJECT_REASON_CODES[answer.reason]
    if answer.words:
        written["tulos" if answer.status == "completed" else "selite"] = answer.words
    return written
