"""A non-disclosure order goes with the person, from one agency's message into another's notice."""

from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import Hub
from streams.domain.agreement import Agreements, BasisBook, BasisRule
from streams.domain.answers import HandoffReceived
from streams.domain.codes import Basis, Category, NoticeKind, Purpose
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId
from streams.promises.connector import Reading
from tests.connectors.region import IMATRA, KELA, LAPPEENRANTA, NOW, SOTE, TYP
from tests.domain.speaker import Speaker

REGION = load_agreements().in_force(NOW)
PHONE, MUNICIPALITY = "+358501167546", "405"
PERSON = {
    "henkilotunnus": "270789Y922S",
    "etunimet": "Toivo",
    "sukunimi": "Hämäläinen",
    "kotikunta": MUNICIPALITY,
    "aidinkieli": "fi",
    "puhelin": PHONE,
}
SECTORS = ("sote", "kela", "typ", "employment")
LAW = tuple(
    BasisRule(
        Basis.STATUTE,
        "employment",
        sector,
        Purpose.EMPLOYMENT,
        (Category.CONTACT,),
        overrides_prohibition=False,
        law_ref="Act 1/2026 1 §",
        verified=False,
        valid_from=None,
        valid_to=None,
    )
    for sector in SECTORS
)
"""A law that names contact data: without one, the order keeps them back."""
MEMBERSHIP = tuple([rule._replace(kind=Basis.TYP_MEMBERSHIP) for rule in LAW])
RECIPIENTS = (SOTE, KELA, TYP, IMATRA)
CONSENT = {
    "suostumusTunnus": "S-1",
    "tarkoitus": "TYOLLISTYMINEN",
    "tietoryhmat": ["PERUSTIEDOT", "YHTEYSTIEDOT", "PALVELUTARVE"],
    "alkaen": "2026-01-01",
}
NO_LAW = ("consent", "membership", "vital")
"""What lets contact data go of anybody else."""


class Told(NamedTuple):
    """A recipient's notice: as decided, and as sent."""

    notice: Notice
    body: str

    @property
    def reading(self) -> Reading:
        """The notice as its recipient would read it."""
        return read(self.body.encode(), self.notice)


def message(number: int, kind: str, **content: object) -> dict[str, object]:
    return {
        "tapahtumaTunnus": f"TE-{number}",
        "tapahtumaTyyppi": kind,
        "aikaleima": "2026-03-01T09:00:00+02:00",
        **content,
    }


def told(
    folder: Path,
    to: AgencyId,
    *,
    protected: bool,
    rests_on: str = "consent",
    kind: NoticeKind = NoticeKind.REFERRAL,
) -> Told:
    """Refer a person to an agency, on a basis; give the first notice of a kind that it gets."""
    person = {**PERSON, "turvakielto": protected}
    referral = {
        "vastaanottaja": {"ytunnus": REGION.agencies[to].business_id},
        "palvelu": "TYOHONVALMENNUS",
        "perustelu": "Selkäkipu.",
    }
    vital = {"luovutus": {"peruste": "VALTTAMATON_ETU"}} if rests_on == "vital" else {}
    sent = [
        message(1, "VAIHE", asiakas=person, vaihe={"koodi": "TYP_ALKOI"}),
        message(2, "SUOSTUMUS", asiakas=person, suostumus=CONSENT),
        message(3, "OHJAUS", asiakas=person, ohjaus=referral, **vital),
    ]
    rules = {"law": LAW, "membership": MEMBERSHIP}.get(rests_on, ())
    region = REGION._replace(basis_rules=BasisBook(rules))
    with Hub(folder / "hub", agreements=Agreements((region,)), durable=False) as hub:
        list(hub.ingest(LAPPEENRANTA, orjson.dumps(sent), NOW))
        if kind is not NoticeKind.REFERRAL:
            _go_on(hub, to, person)
        notices = [n for stored in hub.engine.ledger() for n in stored.entry.deliveries]
        notice = next(n for n in notices if n.kind is kind and n.to == to)
        rendered = hub.render(notice)
    assert rendered is not None
    return Told(notice, rendered[0].decode())


def _go_on(hub: Hub, to: AgencyId, person: dict[str, object]) -> None:
    """Let more go, when it has been received, and then nothing."""
    (stored,) = [s for s in hub.engine.ledger() if s.entry.deliveries][-1:]
    handoff_id, person_id = stored.entry.deliveries[0].handoff_id, stored.entry.person
    says = Speaker(person_id, municipality="")
    hub.engine.submit([says.answers(HandoffReceived, NOW, to, handoff_id)])
    categories = [*CONSENT["tietoryhmat"], "TYOKYKY"]
    version = message(2, "SUOSTUMUS", asiakas=person) | {"versio": 2}
    more = version | {"suostumus": {**CONSENT, "tietoryhmat": categories}}
    newer = {"palvelu": "TYOHONVALMENNUS", "perustelu": "Selkäkipu."}
    again = message(3, "OHJAUS", asiakas=person, ohjaus=newer) | {"versio": 2}
    ended = message(9, "SUOSTUMUS_PERUTTU", asiakas=person, suostumus=CONSENT)
    list(hub.ingest(LAPPEENRANTA, orjson.dumps([more, again, ended]), NOW))


def read(body: bytes, notice: Notice) -> Reading:
    connector = connector_of(REGION.agencies[notice.to].sector)
    [only] = connector.split(body)
    reading = connector.read(only, LAPPEENRANTA, REGION, NOW)
    assert isinstance(reading, Reading), reading
    return reading


@pytest.mark.parametrize("to", RECIPIENTS)
@pytest.mark.parametrize("rests_on", NO_LAW)
def test_a_recipient_hears_of_the_order_and_gets_neither_phone_nor_municipality(
    tmp_path: Path, to: AgencyId, rests_on: str
) -> None:
    got = told(tmp_path, to, protected=True, rests_on=rests_on)
    assert got.notice.protected
    assert got.reading.event.envelope.protected
    assert got.reading.event.envelope.municipality == ""
    assert not got.reading.details.keys() & {"phone", "municipality", "language"}
    assert got.reading.details["hetu"] == PERSON["henkilotunnus"]
    assert_kept_back(got)


@pytest.mark.parametrize("to", RECIPIENTS)
@pytest.mark.parametrize("kind", [NoticeKind.INFORMATION, NoticeKind.RECALL])
def test_what_follows_a_referral_keeps_them_back_too(
    tmp_path: Path, to: AgencyId, kind: NoticeKind
) -> None:
    got = told(tmp_path, to, protected=True, kind=kind)
    assert got.notice.protected
    assert Category.CONTACT not in got.notice.categories
    assert_kept_back(got)


@pytest.mark.parametrize("to", RECIPIENTS)
def test_a_law_that_names_contact_data_lets_them_go_with_the_order_on_them(
    tmp_path: Path, to: AgencyId
) -> None:
    got = told(tmp_path, to, protected=True, rests_on="law")
    assert got.reading.event.envelope.protected
    assert got.reading.event.envelope.municipality == MUNICIPALITY
    assert PHONE in got.body


@pytest.mark.parametrize("to", RECIPIENTS)
@pytest.mark.parametrize("rests_on", NO_LAW)
def test_without_an_order_none_is_told(tmp_path: Path, to: AgencyId, rests_on: str) -> None:
    got = told(tmp_path, to, protected=False, rests_on=rests_on)
    assert not got.notice.protected
    assert not got.reading.event.envelope.protected
    assert got.reading.event.envelope.municipality == MUNICIPALITY
    assert PHONE in got.body


def assert_kept_back(got: Told) -> None:
    """Neither the phone nor the home municipality stands anywhere in what was sent."""
    assert PHONE not in got.body
    assert f'"{MUNICIPALITY}"' not in got.body
    assert f">{MUNICIPALITY}<" not in got.body
    assert "YHTEYSTIEDOT" not in got.body
    assert '"contact"' not in got.body
