"""A statement that the rules refuse: a receipt that says where it stands, and nothing changes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import Hub
from streams.bootstrap.running import RunningHub
from streams.cli.shapes import receipt as shape
from streams.domain.agreement import Agreements
from streams.domain.codes import NoticeKind
from streams.domain.entry import StatementRecorded
from streams.domain.ids import AgencyId
from streams.promises.engine import ReceiptStatus
from streams.promises.receipt import Receipt
from tests.awaiting import come_about
from tests.connectors.region import KELA, LAPPEENRANTA, NOW, SOTE, TYP

SAMPLES = Path(__file__).parents[1] / "data" / "wire" / "statements"
AGENCIES = {"employment": LAPPEENRANTA, "typ": TYP, "kela": KELA, "sote": SOTE}
JSON, XML, FHIR = (
    "/suostumus/suostumusTunnus",
    "/era/viesti[1]/{}/suostumusTunnus",
    "Bundle.entry[1].resource.identifier[0].value",
)
CONSENT_AT = {"employment": JSON, "typ": JSON, "kela": XML.format("suostumus"), "sote": FHIR}
PROHIBITION_AT = CONSENT_AT | {"kela": XML.format("kielto")}
WIRES = sorted(AGENCIES)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path / "hub", durable=False) as opened:
        yield opened


def silenced() -> Agreements:
    """Give the region's agreement, under which nobody records anything."""
    versions = [
        version._replace(
            agencies={
                agency_id: agency._replace(records=())
                for agency_id, agency in version.agencies.items()
            }
        )
        for version in load_agreements().versions
    ]
    return Agreements(tuple(versions))


def said(wire: str, name: str, number: int = 0) -> bytes:
    """Give a sample; with a number it is another message of the same content."""
    (path,) = (SAMPLES / wire).glob(f"{name}.*")
    raw = path.read_bytes()
    return raw.replace(b"-1000", b"-1%d00" % number) if number else raw


def of_the_consent(raw: bytes) -> bytes:
    """Let what is said of the sampled prohibition be said of the sampled consent."""
    return raw.replace(b"-101<", b"-100<").replace(b'-101"', b'-100"')


def take(hub: Hub, agency: AgencyId, raw: bytes) -> list[Receipt]:
    return [receipt for group in hub.ingest(agency, raw, NOW) for receipt in group]


def refusals(hub: Hub, agency: AgencyId, raw: bytes) -> list[tuple[str, str]]:
    """Take in what must be refused; give rule and pointer of each message."""
    before = [stored.entry for stored in hub.engine.ledger()]
    receipts = take(hub, agency, raw)
    told = []
    for receipt in receipts:
        assert receipt.status is ReceiptStatus.REFUSED
        (problem,) = receipt.errors
        assert problem.detail != "refused by this rule; nothing was changed"
        told.append((problem.code, problem.pointer))
    entries = [stored.entry for stored in hub.engine.ledger()][len(before) :]
    assert not [f for entry in entries for f in entry.facts if isinstance(f, StatementRecorded)]
    assert [n.kind for e in entries for n in e.deliveries] == [NoticeKind.REFUSAL] * len(receipts)
    return told


@pytest.mark.parametrize("wire", WIRES)
def test_what_an_agency_may_not_record(tmp_path: Path, wire: str) -> None:
    with Hub(tmp_path / "hub", durable=False, agreements=silenced()) as hub:
        agency = AGENCIES[wire]
        for name, place in (
            ("consent-by-proxy", CONSENT_AT),
            ("permit", CONSENT_AT),
            ("prohibition-of-documents", PROHIBITION_AT),
        ):
            told = refusals(hub, agency, said(wire, name))
            assert told == [("may-not-record", place[wire])]


@pytest.mark.parametrize("wire", ["employment", "kela", "typ"])
def test_a_permit_is_recorded_by_a_county_alone(hub: Hub, wire: str) -> None:
    told = refusals(hub, AGENCIES[wire], said(wire, "permit"))
    assert told == [("may-not-record", CONSENT_AT[wire])]
    (recorded,) = take(hub, SOTE, said("sote", "permit"))
    assert recorded.status is ReceiptStatus.ACCEPTED


@pytest.mark.parametrize("wire", WIRES)
def test_what_was_never_given(hub: Hub, wire: str) -> None:
    agency = AGENCIES[wire]
    told = refusals(hub, agency, said(wire, "consent-in-error"))
    assert told == [("no-such-statement", CONSENT_AT[wire])]
    told = refusals(hub, agency, said(wire, "prohibition-in-error"))
    assert told == [("no-such-statement", PROHIBITION_AT[wire])]
    (again,) = take(hub, agency, said(wire, "consent-in-error"))
    assert (again.status, again.errors) == (ReceiptStatus.DUPLICATE, ())


@pytest.mark.parametrize("wire", WIRES)
def test_what_has_ended_and_what_is_of_another_kind(hub: Hub, wire: str) -> None:
    agency = AGENCIES[wire]
    take(hub, agency, said(wire, "consent-by-guardian"))
    lifting = of_the_consent(said(wire, "prohibition-in-error"))
    told = refusals(hub, agency, lifting)
    assert told == [("statement-of-another-kind", PROHIBITION_AT[wire])]
    (ended,) = take(hub, agency, said(wire, "consent-in-error"))
    assert ended.status is ReceiptStatus.ACCEPTED
    told = refusals(hub, agency, said(wire, "consent-in-error", number=9))
    assert told == [("statement-has-ended", CONSENT_AT[wire])]


def test_a_pointer_counts_in_its_batch(hub: Hub) -> None:
    first = said("kela", "consent-by-guardian").decode()
    second = said("kela", "consent-in-error").decode().replace("S-kela-100", "S-kela-9")
    viesti = second[second.index("<viesti>") : second.index("</era>")]
    receipts = take(hub, KELA, first.replace("</era>", f"{viesti}</era>").encode())
    assert [receipt.status for receipt in receipts] == ["accepted", "refused"]
    assert receipts[1].errors[0].pointer == "/era/viesti[2]/suostumus/suostumusTunnus"


def test_each_pair_of_kantas_has_its_own_receipt(hub: Hub, tmp_path: Path) -> None:
    both = said("sote", "kanta-two-permits")
    receipts = take(hub, SOTE, both)
    assert [receipt.status for receipt in receipts] == ["accepted", "accepted"]
    assert len({receipt.event_id for receipt in receipts}) == 2
    with Hub(tmp_path / "other", durable=False, agreements=silenced()) as other:
        assert refusals(other, SOTE, both) == [
            ("may-not-record", "Bundle.entry[0].resource.identifier[0].value"),
            ("may-not-record", "Bundle.entry[2].resource.identifier[0].value"),
        ]


def test_a_rule_of_a_referral_points_at_no_statement(hub: Hub) -> None:
    raw = said("employment", "referral-with-documents")
    (first,) = take(hub, LAPPEENRANTA, raw)
    assert first.status is ReceiptStatus.ACCEPTED
    (other,) = take(hub, LAPPEENRANTA, raw.replace(b"TYOKYVYN_ARVIOINTI", b"TYOHONVALMENNUS"))
    (problem,) = other.errors
    assert (problem.code, problem.pointer) == ("id-reused", "")
    consent = said("employment", "consent-by-guardian")
    take(hub, LAPPEENRANTA, consent)
    (reused,) = take(hub, LAPPEENRANTA, consent.replace(b"HUOLTAJA", b"ASIAKAS"))
    (problem,) = reused.errors
    assert (problem.code, problem.pointer) == ("id-reused", "")


async def test_a_running_hub_says_it_in_the_receipts_of_the_inbox(hub: Hub) -> None:
    running = RunningHub(
        hub, lambda receipts: b"\n".join(orjson.dumps(shape(each)) for each in receipts)
    )
    stop = asyncio.Event()
    task = asyncio.create_task(running.run(stop))
    places: dict[str, Path] = {}
    for wire, agency in AGENCIES.items():
        folder = hub.data / "inbox" / agency
        draft = folder / ".1"
        draft.write_bytes(said(wire, "consent-in-error"))
        draft.rename(folder / "1")
        places[wire] = hub.data / "receipts" / agency / "1.ndjson"
    await come_about(lambda: all(place.exists() for place in places.values()))
    stop.set()
    await task
    running.close()
    for wire, place in places.items():
        told = orjson.loads(place.read_bytes())
        assert told["status"] == "refused"
        (error,) = told["errors"]
        assert (error["code"], error["pointer"]) == ("no-such-statement", CONSENT_AT[wire])
