"""A message on its two ways: taken in by one step, or queued and normalised by two."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from connectors.employment import EmploymentConnector
from connectors.kela.connector import KelaConnector
from connectors.sote.connector import SoteConnector
from connectors.typ import TypConnector
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.connectors import connector_of
from streams.contracts.dead_letter import decode_dead_letter
from streams.domain.agreement import Agreements
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, Instant
from streams.engines.keys_memory import MemoryKeyStore
from streams.normalise.normalising import ConnectorOf, Normalised, Normaliser
from streams.normalise.queueing import QueueStep
from streams.normalise.raw_record import ArrivedRecord, RawRecord
from streams.normalise.receive import ReceiveStep
from streams.promises.connector import Connector
from streams.promises.engine import DeadLetter
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer

SEED = b"both ways"
PSEUDONYMS, SEALER = Pseudonyms(b"p" * 64), Sealer()
RECORDED_AT = Instant(1_777_626_000_000_000)
APPENDED_AT = Instant(RECORDED_AT + 1_000)
AGREEMENTS = load_agreements()
SENDERS: dict[str, tuple[AgencyId, Connector]] = {
    "employment": (AgencyId("employment.lappeenranta"), EmploymentConnector()),
    "kela": (AgencyId("kela"), KelaConnector()),
    "sote": (AgencyId("sote.south-karelia"), SoteConnector()),
    "typ": (AgencyId("typ.south-karelia"), TypConnector()),
}
PLACE = "saattaen.raw.x/3/42"

Taken = AgencyEvent | DeadLetter


class Queued(NamedTuple):
    """A message as the receive step queues it."""

    message_id: str | None
    record: RawRecord


class TwoWays:
    """One connector and one key store's seed, both ways."""

    def __init__(
        self,
        agency: AgencyId,
        connector: Connector,
        *,
        agreements: Agreements = AGREEMENTS,
        connectors: ConnectorOf = connector_of,
    ) -> None:
        self.agency = agency
        self.keys = MemoryKeyStore(derive_from=SEED)
        own = MemoryKeyStore(derive_from=SEED)
        self.one = ReceiveStep(connector, agreements, own, PSEUDONYMS, SEALER)
        self.first = QueueStep(connector, agreements, self.keys, PSEUDONYMS, SEALER)
        self.second = Normaliser(connectors, agreements, self.keys, PSEUDONYMS, SEALER)

    def embedded(self, raw: bytes, at: Instant = RECORDED_AT) -> list[Taken]:
        return [each.taken for each in self.one.receive(raw, self.agency, at)]

    def queued(
        self, raw: bytes, at: Instant = RECORDED_AT, transport_id: str | None = None
    ) -> list[Queued]:
        return [
            Queued(found.message_id, self.first.seal(found, self.agency, at, transport_id))
            for found in self.first.find(raw, self.agency, at)
        ]

    def normalised(self, record: RawRecord) -> Normalised:
        return self.of(arrived(self.agency, record))

    def of(self, record: ArrivedRecord) -> Normalised:
        (made,) = self.second.normalise([record])
        return made

    def by_topic(self, raw: bytes, at: Instant = RECORDED_AT) -> list[Taken]:
        return [self.normalised(each.record).taken for each in self.queued(raw, at)]


def arrived(agency: AgencyId, record: RawRecord, place: str = PLACE) -> ArrivedRecord:
    """Let a raw record lie in its agency's topic."""
    return ArrivedRecord(agency, *record, APPENDED_AT, place)


def with_headers(record: RawRecord, *changes: tuple[str, bytes | None]) -> RawRecord:
    """Give a record with headers set, or taken out where the value is None."""
    changed = dict(changes)
    kept = [header for header in record.headers if header[0] not in changed]
    added = [(name, value) for name, value in changes if value is not None]
    return record._replace(headers=(*kept, *added))


def hetus_in(raw: bytes) -> set[bytes]:
    """Find every HETU of a message, in the spellings of the samples."""
    return {found.upper() for found in re.findall(rb"\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Za-z]", raw)}


def shown(hetus: set[bytes], texts: Sequence[bytes]) -> list[bytes]:
    """Find texts in which one of them shows."""
    return [text for text in texts if any(hetu in text.upper() for hetu in hetus)]


def letter(normalised: Normalised) -> DeadLetter:
    """Give the dead letter that a record became; its bytes say the same."""
    assert isinstance(normalised.taken, DeadLetter)
    assert decode_dead_letter(normalised.payload, DeadLetter) == normalised.taken
    return normalised.taken


def said(found: DeadLetter) -> list[tuple[str, str]]:
    """Give code and pointer of every error of a dead letter."""
    return [(error.code, error.pointer) for error in found.errors]
