"""Documents are known by a digest under the person's key, and in no other way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.employment import EmploymentConnector
from connectors.sote import SoteConnector
from streams.bootstrap.agreement_file import load_agreements
from streams.domain.ids import AgencyId, Instant
from streams.domain.statements import DisclosureProhibited
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.document_ids import one_spelling
from streams.normalise.receive import ReceiveStep
from streams.promises.connector import Connector
from streams.promises.engine import DeadLetter
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer
from tests.connectors.region import LAPPEENRANTA, NOW, SOTE, WIRE

AGREEMENTS = load_agreements()
PSEUDONYMS, SEALER = Pseudonyms(b"p" * 64), Sealer()
HETU, OTHER = "040700E964A", "270789Y922S"
BARE = "1.2.246.10.91000013.14.2026.17"
A_UUID = "0f3f9d3e-8a41-4b5e-9d53-6e0f3c8f3a11"


class Hub:
    """Receive steps of two wires over one key store."""

    def __init__(self) -> None:
        self.keys = MemoryKeyStore(derive_from=b"seed")

    def take(self, connector: Connector, agency: AgencyId, raw: bytes, at: Instant = NOW) -> Any:  # noqa: ANN401  # a test reads whatever it asked for
        step = ReceiveStep(connector, AGREEMENTS, self.keys, PSEUDONYMS, SEALER)
        (received,) = step.receive(raw, agency, at)
        assert not isinstance(received.taken, DeadLetter), received.taken.errors
        return received.taken

    def prohibited(self, *documents: str, hetu: str = HETU, **more: object) -> Any:  # noqa: ANN401  # see above
        said = {"suostumusTunnus": "S-1", "asiakirjat": documents} | more
        return self.take(EmploymentConnector(), LAPPEENRANTA, event("KIELTO", hetu, said))


def event(kind: str, hetu: str, said: dict[str, object]) -> bytes:
    whole = {
        "tapahtumaTunnus": "TE-1",
        "tapahtumaTyyppi": kind,
        "aikaleima": "2026-02-09T16:15:00+02:00",
        "asiakas": {"henkilotunnus": hetu},
        "suostumus": said,
    }
    return json.dumps(whole).encode()


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_a_document_is_16_bytes_that_say_nothing_of_its_id(hub: Hub) -> None:
    (digest,) = hub.prohibited(BARE).documents
    assert len(digest) == 16
    assert BARE not in repr(hub.prohibited(BARE))


@pytest.mark.parametrize("spelt", [f"urn:oid:{BARE}", f"URN:OID:{BARE}", f" {BARE} "])
def test_a_document_is_the_same_however_it_is_spelt(hub: Hub, spelt: str) -> None:
    plain, other = hub.prohibited(BARE), hub.prohibited(spelt)
    assert plain.documents == other.documents
    assert plain.envelope.content_digest == other.envelope.content_digest


def test_a_document_prohibited_on_one_wire_is_known_on_another(hub: Hub) -> None:
    path = WIRE / "statements" / "sote" / "referral-with-documents.json"
    referral = hub.take(SoteConnector(), SOTE, path.read_bytes())
    prohibition = hub.prohibited(BARE)
    assert referral.envelope.person == prohibition.envelope.person
    assert referral.documents == prohibition.documents


def test_a_document_of_two_persons_is_known_to_neither_by_the_other(hub: Hub) -> None:
    assert hub.prohibited(BARE).documents != hub.prohibited(BARE, hetu=OTHER).documents


def test_a_new_key_gives_another_digest_and_the_same_content(hub: Hub) -> None:
    before = hub.prohibited(BARE)
    hub.keys.destroy(before.envelope.person, NOW)
    after = hub.prohibited(BARE)
    assert after.sealed[0].generation == 2
    assert after.documents != before.documents
    assert after.envelope.content_digest == before.envelope.content_digest


def test_another_document_is_other_content(hub: Hub) -> None:
    digests = {hub.prohibited(*names).envelope.content_digest for names in ((), ("A",), ("B",))}
    assert len(digests) == 3


def test_how_documents_are_listed_is_no_content(hub: Hub) -> None:
    one, other = hub.prohibited("B", "A", "A"), hub.prohibited("A", "B")
    assert len(one.documents) == 2
    assert one.documents == other.documents
    assert one.envelope.content_digest == other.envelope.content_digest


def test_a_task_that_looks_like_a_hetu_is_masked(hub: Hub) -> None:
    step = ReceiveStep(
        EmploymentConnector(),
        load_agreements(WIRE / "agreement-sample.toml"),
        hub.keys,
        PSEUDONYMS,
        SEALER,
    )
    said: dict[str, object] = {"suostumusTunnus": "S-1", "palvelutehtavat": ["T-1", OTHER]}
    (received,) = step.receive(event("KIELTO", HETU, said), LAPPEENRANTA, NOW)
    assert OTHER not in repr(received)
    assert isinstance(received.taken, DisclosureProhibited)
    first, second = received.taken.service_tasks
    assert first == "T-1"
    assert second.startswith("masked-")


def test_a_uuid_has_no_case_and_other_ids_have() -> None:
    assert one_spelling(f"urn:uuid:{A_UUID.upper()}") == one_spelling(A_UUID) == A_UUID
    assert one_spelling("urn:oid:A") == "A"
    assert one_spelling("Abc") != one_spelling("abc")
    assert one_spelling("urn:isbn:1") == "urn:isbn:1"


@given(st.text())
def test_a_prefix_and_spaces_make_no_other_document(name: str) -> None:
    spelt = {one_spelling(f"{prefix}{name} ") for prefix in (" URN:OID:", "urn:uuid:", "urn:Oid: ")}
    assert len(spelt) == 1
    assert spelt == {text.strip() for text in spelt}
