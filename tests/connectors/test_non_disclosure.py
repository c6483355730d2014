"""A non-disclosure order goes with the person, from one agency's message into another's notice."""

from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import Hub
from streams.domain.agreement import Agreements, BasisBook, BasisRule
from streams.domain.codes import Basis, Category, NoticeKind, Purpose
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId
from streams.promises.connector import Reading
from tests.connectors.region import IMATRA, KELA, LAPPEENRANTA, NOW, SOTE, TYP

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
RECIPIENTS = (SOTE, KELA, TYP, IMATRA)


class Told(NamedTuple):
    """A recipient's notice: as decided, as sent, and as the recipient would read it."""

    notice: Notice
    body: str
    reading: Reading


def message(number: int, kind: str, **content: object) -> dict[str, object]:
    return {
        "tapahtumaTunnus": f"TE-{number}",
        "tapahtumaTyyppi": kind,
        "aikaleima": "2026-03-01T09:00:00+02:00",
        **content,
    }


def told(folder: Path, to: AgencyId, *, protected: bool, by_law: bool = False) -> Told:
    """Refer a consenting person to an agency."""
    person = {**PERSON, "turvakielto": protected}
    consent = {
        "suostumusTunnus": "S-1",
        "tarkoitus": "TYOLLISTYMINEN",
        "tietoryhmat": ["PERUSTIEDOT", "YHTEYSTIEDOT", "PALVELUTARVE"],
        "alkaen": "2026-01-01",
    }
    referral = {
        "vastaanottaja": {"ytunnus": REGION.agencies[to].business_id},
        "palvelu": "TYOHONVALMENNUS",
        "perustelu": "Selkäkipu.",
    }
    sent = [
        message(1, "SUOSTUMUS", asiakas=person, suostumus=consent),
        message(2, "OHJAUS", asiakas=person, ohjaus=referral),
    ]
    region = REGION._replace(basis_rules=BasisBook(LAW if by_law else ()))
    with Hub(folder / "hub", agreements=Agreements((region,)), durable=False) as hub:
        list(hub.ingest(LAPPEENRANTA, orjson.dumps(sent), NOW))
        notices = [n for stored in hub.engine.ledger() for n in stored.entry.deliveries]
        [notice] = [n for n in notices if n.kind is NoticeKind.REFERRAL and n.to == to]
        rendered = hub.render(notice)
    assert rendered is not None
    return Told(notice, rendered[0].decode(), read(rendered[0], notice))


def read(body: bytes, notice: Notice) -> Reading:
    connector = connector_of(REGION.agencies[notice.to].sector)
    [only] = connector.split(body)
    reading = connector.read(only, LAPPEENRANTA, REGION, NOW)
    assert isinstance(reading, Reading), reading
    return reading


@pytest.mark.parametrize("to", RECIPIENTS)
def test_a_recipient_hears_of_the_order_and_gets_neither_phone_nor_municipality(
    tmp_path: Path, to: AgencyId
) -> None:
    got = told(tmp_path, to, protected=True)
    assert got.notice.protected
    assert got.reading.event.envelope.protected
    assert got.reading.event.envelope.municipality == ""
    assert not got.reading.details.keys() & {"phone", "municipality", "language"}
    assert got.reading.details["hetu"] == PERSON["henkilotunnus"]
    assert PHONE not in got.body
    assert f'"{MUNICIPALITY}"' not in got.body
    assert f">{MUNICIPALITY}<" not in got.body


@pytest.mark.parametrize("to", RECIPIENTS)
def test_a_law_that_names_contact_data_lets_them_go_with_the_order_on_them(
    tmp_path: Path, to: AgencyId
) -> None:
    got = told(tmp_path, to, protected=True, by_law=True)
    assert got.reading.event.envelope.protected
    assert got.reading.event.envelope.municipality == MUNICIPALITY
    assert PHONE in got.body


@pytest.mark.parametrize("to", RECIPIENTS)
def test_without_an_order_none_is_told(tmp_path: Path, to: AgencyId) -> None:
    got = told(tmp_path, to, protected=False)
    assert not got.notice.protected
    assert not got.reading.event.envelope.protected
    assert got.reading.event.envelope.municipality == MUNICIPALITY
    assert PHONE in got.body
