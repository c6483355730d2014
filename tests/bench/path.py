"""The path: raw bytes to receipt, all that `saattaen ingest` does in a running process."""

import shutil
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import Hub
from streams.domain.agreement import Agreement, Agreements
from streams.domain.calendar import instant
from streams.domain.event import Event
from streams.domain.ids import AgencyId, Instant
from streams.domain.step import Person
from tests.bench.mix import START, fhir_bundles, json_mix, xml_batches

PERSONS = 4_000
XML_BATCHES = 20
FHIR_BUNDLES = 1_000
AGENCIES = {
    "json": AgencyId("employment.lappeenranta"),
    "xml": AgencyId("kela"),
    "fhir": AgencyId("sote.south-karelia"),
}


class Call(NamedTuple):
    """One call of `step`."""

    person: Person
    event: Event
    agreement: Agreement


@cache
def agreements() -> Agreements:
    """Load the demonstration region once."""
    return load_agreements()


@cache
def files_of(wire: str) -> tuple[AgencyId, tuple[bytes, ...]]:
    """Give who sends, and the files of a wire format, made once."""
    if wire == "json":
        return AGENCIES[wire], tuple(json_mix(PERSONS))
    if wire == "xml":
        return AGENCIES[wire], tuple(xml_batches(XML_BATCHES))
    return AGENCIES[wire], tuple(fhir_bundles(FHIR_BUNDLES))


def recorded_at_of(_wire: str) -> Instant:
    """Give the moment at which the messages come in: minutes after the last was written."""
    return instant(START + timedelta(hours=6))


def fresh_hub(folder: Path) -> Hub:
    """Open an empty hub in a folder, as `saattaen ingest` opens it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(folder.name + ".key").unlink(missing_ok=True)
    return Hub(folder, agreements=agreements())


def run(wire: str, hub: Hub) -> int:
    """Take every message in; give how many receipts there were."""
    agency, files = files_of(wire)
    receipts = 0
    for raw in files:
        for group in hub.ingest(agency, raw, recorded_at_of(wire)):
            receipts += len(group)
    return receipts
