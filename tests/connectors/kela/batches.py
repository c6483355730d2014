"""Batches for Kela's tests: whole ones from the samples, and small ones made of parts."""

from connectors.kela.connector import KelaConnector
from streams.domain.event import AgencyEvent
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import KELA, NOW, REGION, WIRE

SAMPLES = WIRE / "kela"
CONNECTOR = KelaConnector()
HETU = "150784V990X"
NAMESPACE = "urn:fi:kela:yhteistyo:1"

ASIAKAS = (
    f"<asiakas><hetu>{HETU}</hetu><nimi>Hämäläinen Öörni Olavi</nimi>"
    "<kotikunta>405</kotikunta><turvakielto>0</turvakielto></asiakas>"
)
HEAD = f"<viestiTunnus>K-1</viestiTunnus><pvm>2026-02-09</pvm><klo>10:15</klo>{ASIAKAS}"
NAMED = "<kasittelytunnus>h-1</kasittelytunnus>"
RECEIVED = f'<vastaus tila="VASTAANOTETTU">{NAMED}</vastaus>'
REFERRAL = "<ohjaus><palvelu>TYOLLISYYSPALVELU</palvelu>{}</ohjaus>"
CONSENT = (
    '<suostumus tila="ANNETTU"><suostumusTunnus>S-1</suostumusTunnus>'
    "<tarkoitus>KUNTOUTUS</tarkoitus><alkaen>2026-02-01</alkaen>{}</suostumus>"
)


def viesti(event: str = RECEIVED, head: str = HEAD) -> str:
    return f"<viesti>{head}{event}</viesti>"


def era(*messages: str) -> bytes:
    return f'<era xmlns="{NAMESPACE}">{"".join(messages)}</era>'.encode()


def readings(raw: bytes) -> list[Reading | Unreadable]:
    return [CONNECTOR.read(message, KELA, REGION, NOW) for message in CONNECTOR.split(raw)]


def reading(raw: bytes) -> Reading:
    (read,) = readings(raw)
    assert isinstance(read, Reading), read
    return read


def event_of(event: str, head: str = HEAD) -> AgencyEvent:
    return reading(era(viesti(event, head))).event


def errors(raw: bytes) -> list[tuple[str, str]]:
    """Give code and pointer of every error, message after message."""
    return [
        (problem.code, problem.pointer)
        for read in readings(raw)
        if isinstance(read, Unreadable)
        for problem in read.problems
    ]
