"""The agencies' own messages, received: each becomes its event, and shows nobody."""

import json
import re
from pathlib import Path

import pytest

from connectors.employment import EmploymentConnector
from connectors.kela.connector import KelaConnector
from connectors.sote.connector import SoteConnector
from connectors.typ import TypConnector
from streams.bootstrap.agreement_file import load_agreements
from streams.domain.codes import Part
from streams.domain.ids import AgencyId, Instant
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.opening import open_dead_letter, open_details
from streams.normalise.receive import ReceiveStep
from streams.promises.connector import Connector
from streams.promises.engine import DeadLetter
from streams.sealing.pseudonyms import Pseudonyms, looks_like_hetu
from streams.sealing.sealer import Sealer

WIRE = Path(__file__).parents[1] / "data" / "wire"
AGREEMENTS = load_agreements(WIRE / "agreement-sample.toml")
RECORDED_AT = Instant(1_777_626_000_000_000)
PSEUDONYMS, SEALER = Pseudonyms(b"p" * 64), Sealer()
SENDERS: dict[str, tuple[AgencyId, Connector]] = {
    "employment": (AgencyId("employment.lappeenranta"), EmploymentConnector()),
    "kela": (AgencyId("kela"), KelaConnector()),
    "sote": (AgencyId("sote.south-karelia"), SoteConnector()),
    "typ": (AgencyId("typ.south-karelia"), TypConnector()),
}
KINDS = dict(
    re.findall(r"^\| `([^`]+)` \| (\w+) \|", (WIRE / "samples.md").read_text(), re.MULTILINE)
)
GOOD = [
    pytest.param(sector, path, id=f"{sector}-{path.stem}")
    for sector in SENDERS
    for path in sorted((WIRE / sector).iterdir())
    if path.name in KINDS
]
BAD = [
    pytest.param(sector, WIRE / sector / "invalid" / name, id=f"{sector}-{Path(name).stem}")
    for sector in SENDERS
    for name, expected in json.loads((WIRE / sector / "invalid/expected.json").read_text()).items()
    if expected["status"] == "dead-letter"
]


@pytest.mark.parametrize(("sector", "path"), GOOD)
def test_a_sample_becomes_its_event_and_opens_again(sector: str, path: Path) -> None:
    agency, connector = SENDERS[sector]
    keys = MemoryKeyStore()
    step = ReceiveStep(connector, AGREEMENTS, keys, PSEUDONYMS, SEALER)
    (received,) = step.receive(path.read_bytes(), agency, RECORDED_AT)
    event = received.taken
    assert not isinstance(event, DeadLetter)
    assert type(event).__name__ == KINDS[path.name]
    assert not looks_like_hetu(repr(received))
    assert event.sealed[-1].part is Part.RAW_DIGEST
    details = open_details(event.sealed, event.envelope.person, keys, SEALER)
    assert details
    assert PSEUDONYMS.person(details["hetu"]) == event.envelope.person
    personal = [
        text
        for field, text in details.items()
        if isinstance(text, str) and len(text) > 3 and field != "municipality"
    ]
    assert not [text for text in personal if text in repr(received)]


@pytest.mark.parametrize(("sector", "path"), BAD)
def test_a_bad_sample_is_kept_whole_and_shows_nobody(sector: str, path: Path) -> None:
    agency, connector = SENDERS[sector]
    keys = MemoryKeyStore()
    step = ReceiveStep(connector, AGREEMENTS, keys, PSEUDONYMS, SEALER)
    raw = path.read_bytes()
    letters = [
        one.taken
        for one in step.receive(raw, agency, RECORDED_AT)
        if isinstance(one.taken, DeadLetter)
    ]
    messages = [message.raw for message in connector.split(raw)]
    assert letters
    for letter in letters:
        assert open_dead_letter(letter, keys, SEALER) in messages
        assert letter.errors
        assert not looks_like_hetu(repr(letter.errors))
