"""What Kela's system writes and reads: XML batches, dates as `9.2.2026`, written in ISO-8859-1."""

from collections.abc import Mapping
from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from connectors.finnish_codes import (
    CATEGORIES,
    CATEGORY_CODES,
    MILESTONE_CODES,
    PURPOSE_CODES,
    PURPOSES,
    REJECT_REASON_CODES,
    SERVICE_CODES,
)
from streams.bootstrap.story.employment_system import TILA
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
from streams.domain.calendar import HELSINKI, moment
from streams.domain.ids import AgencyId

NAMESPACE = "urn:fi:kela:yhteistyo:1"
_HEARD = {
    "ohjaus": "referral",
    "takaisinveto": "recall",
    "koollekutsu": "convene",
    "eskalaatio": "escalation",
    "torjunta": "refusal",
}
_ANSWERED = {"LISATIETOPYYNTO": "information-request", "LISATIEDOT_ANNETTU": "information"}


class KelaSystem:
    """Kela's system."""

    format = "XML batch"

    def __init__(self, agencies: Mapping[AgencyId, Agency]) -> None:
        """Know the region's agencies by their OIDs and business ids."""
        self._agencies = agencies
        self._by_business_id = {agency.business_id: name for name, agency in agencies.items()}

    def write(self, me: Agency, spoken: list[Spoken]) -> bytes:
        """Write one `<era>` with a `<viesti>` for each saying."""
        del me  # Kela need not say who it is: the transport knows.
        messages = "".join([self._message(each) for each in spoken])
        era = (
            '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
            f'<era xmlns="{NAMESPACE}" tunnus="ERA-{spoken[0].message_id}">\n{messages}</era>\n'
        )
        return era.encode("iso-8859-1", "xmlcharrefreplace")

    def read(self, body: bytes) -> Heard:
        """Read the hub's batch of one."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        message = etree.fromstring(body, parser).find(_q("viesti"))
        if message is None:
            raise ValueError("an era without a viesti")
        event = message[-1]
        kind = _HEARD.get(etree.QName(event).localname, "status")
        handoff = HandoffName(
            event.findtext(_q("kasittelytunnus")), event.findtext(_q("lahdetunnus"))
        )
        return Heard(
            _ANSWERED.get(event.get("tila", ""), kind),
            handoff,
            message.findtext(f"{_q('asiakas')}/{_q('hetu')}"),
            self._asked(event),
        )

    def _asked(self, event: etree._Element) -> Asked | None:
        missing = event.find(_q("puuttuvaPeruste"))
        if missing is None:
            return None
        return Asked(
            self._by_business_id[missing.findtext(_q("saaja"), "")],
            PURPOSES[missing.findtext(_q("tarkoitus"), "")],
            tuple([CATEGORIES[each.text or ""] for each in missing.findall(_q("tietoryhma"))]),
        )

    def _message(self, spoken: Spoken) -> str:
        at = moment(spoken.at).astimezone(HELSINKI)
        return (
            "  <viesti>\n"
            + _leaf("viestiTunnus", spoken.message_id)
            + _leaf("versio", "1")
            + _leaf("pvm", f"{at.day}.{at.month}.{at.year}")
            + _leaf("klo", f"{at:%H:%M}")
            + _person(spoken.person)
            + self._content(spoken.saying)
            + "  </viesti>\n"
        )

    def _content(self, saying: Saying) -> str:
        match saying:
            case Refer():
                content = _branch("ohjaus", self._referral(saying))
            case Answer():
                content = _branch("vastaus", _answer(saying), tila=TILA[saying.status])
            case NameWorker(handoff=handoff, name=name, role=role, unit=unit):
                worker = _leaf("nimi", name) + _leaf("tehtava", role) + _leaf("toimipiste", unit)
                content = _branch("vastuuhenkilo", _named(handoff) + worker)
            case ConfirmRecall(handoff=handoff):
                content = _branch("takaisinvetoKuitattu", _named(handoff))
            case Consent():
                content = _branch("suostumus", self._consent(saying), tila="ANNETTU")
            case WithdrawConsent(statement_id=statement_id):
                ended = _leaf("suostumusTunnus", statement_id)
                content = _branch("suostumus", ended, tila="PERUTTU")
            case Reach(milestone=milestone, amount=amount):
                marks = {"koodi": MILESTONE_CODES[milestone]}
                if amount is not None:
                    marks["maara"] = str(amount)
                content = _branch("vaihe", "", **marks)
            case _:
                assert_never(saying)
        return content

    def _referral(self, referral: Refer) -> str:
        to = ""
        if referral.to is not None:
            to = _branch("vastaanottaja", _leaf("oid", self._agencies[referral.to].oid))
        listed = "".join([_leaf("tietoryhma", CATEGORY_CODES[c]) for c in referral.categories])
        return (
            to
            + _leaf("palvelu", SERVICE_CODES[referral.service])
            + _leaf("kiireellisyys", "NORMAALI")
            + _leaf("perustelu", referral.reason)
            + (_branch("luovutus", _leaf("peruste", "LAKI") + listed) if listed else "")
        )

    def _consent(self, consent: Consent) -> str:
        named = [_leaf("luovuttaja", self._agencies[consent.source].business_id)]
        named += [_leaf("saaja", self._agencies[to].business_id) for to in consent.recipients]
        listed = [_leaf("tietoryhma", CATEGORY_CODES[category]) for category in consent.categories]
        begins, ends = consent.begins, consent.ends
        return (
            _leaf("suostumusTunnus", consent.statement_id)
            + "".join(named)
            + _leaf("tarkoitus", PURPOSE_CODES[consent.purpose])
            + "".join(listed)
            + _leaf("alkaen", f"{begins.day}.{begins.month}.{begins.year}")
            + (_leaf("paattyen", f"{ends.day}.{ends.month}.{ends.year}") if ends else "")
        )


def _q(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _leaf(name: str, text: str) -> str:
    return f"    <{name}>{escape(text)}</{name}>\n"


def _branch(element: str, content: str, **attributes: str) -> str:
    marks = "".join([f" {name}={quoteattr(value)}" for name, value in attributes.items()])
    return f"    <{element}{marks}>\n{content}    </{element}>\n"


def _person(person: Person) -> str:
    return _branch(
        "asiakas",
        _leaf("hetu", person.hetu)
        + _leaf("nimi", f"{person.family_name} {person.given_names}")
        + _leaf("kotikunta", person.municipality)
        + _leaf("turvakielto", "1" if person.protected else "0"),
    )


def _named(handoff: HandoffName) -> str:
    if handoff.handoff_id is not None:
        return _leaf("kasittelytunnus", handoff.handoff_id)
    return _leaf("lahdetunnus", handoff.referral_id or "")


def _answer(answer: Answer) -> str:
    written = _named(answer.handoff)
    if answer.reason is not None:
        written += _leaf("syy", REJECT_REASON_CODES[answer.reason])
    if answer.words:
        written += _leaf("tulos" if answer.status == "completed" else "selite", answer.words)
    return written
