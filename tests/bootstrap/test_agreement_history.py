"""The agreements that a hub ran under are kept: its ledger can be decided again for ever."""

from pathlib import Path

import orjson
import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_history import FOLDER, Bygone, keep_agreements, read, written
from streams.bootstrap.hub import Hub
from streams.bootstrap.replay import replay
from streams.domain.agreement import Agency, Agreement, Agreements
from streams.domain.calendar import DAY_US, instant
from streams.domain.clock_facts import ClockReprojected
from streams.domain.clock_rules import ClockBook
from streams.domain.ids import AgencyId, Instant
from streams.promises.engine import UnavailableError
from tests.bench.mix import START, json_mix
from tests.domain.region import REGION

EMPLOYMENT = AgencyId("employment.lappeenranta")
PERSONS = 3
RECORDED_AT = instant(START)
SHIPPED = load_agreements()
DESKS = REGION._replace(digest=b"3" * 32, clock_digest=b"\xff" * 32)


def halved(agreements: Agreements) -> Agreements:
    """Edit every version: half the time for everything."""

    def edited(version: Agreement) -> Agreement:
        rules = [rule._replace(limit=max(1, rule.limit // 2)) for rule in version.clock_rules]
        return version._replace(
            digest=bytes(reversed(version.digest)),
            clock_digest=bytes(reversed(version.clock_digest)),
            clock_rules=ClockBook(rules),
        )

    return Agreements(tuple(map(edited, agreements.versions)))


HALVED = halved(SHIPPED)


def same(one: Agreement, other: Agreement) -> bool:
    """Say whether two versions agree in every record."""
    same_rules = (
        one.clock_rules.rules == other.clock_rules.rules
        and one.basis_rules.rules == other.basis_rules.rules
    )
    same_books = other._replace(clock_rules=one.clock_rules, basis_rules=one.basis_rules)
    return same_rules and one == same_books


def edited_hub(data: Path) -> None:
    """Let clocks run under the shipped agreement, edit it, and let them run on."""
    with Hub(data, agreements=SHIPPED, durable=False) as hub:
        for file in json_mix(PERSONS, turns=2):
            for _ in hub.ingest(EMPLOYMENT, file, RECORDED_AT):
                pass
        hub.engine.advance(Instant(RECORDED_AT + DAY_US))
    with Hub(data, agreements=HALVED, durable=False) as hub:
        hub.engine.advance(Instant(RECORDED_AT + 100 * DAY_US))


@pytest.mark.parametrize("version", [*SHIPPED.versions, REGION, DESKS])
def test_a_version_is_read_back_as_it_was(version: Agreement) -> None:
    assert same(read(written(version)), version)


def test_a_version_kept_by_an_older_hub_takes_the_defaults_for_what_is_new() -> None:
    fields = orjson.loads(written(REGION))
    del fields["clock_digest"]
    fields["agencies"] = {name: agency[:11] for name, agency in fields["agencies"].items()}
    agencies = {name: Agency(*agency[:11]) for name, agency in REGION.agencies.items()}
    assert same(read(orjson.dumps(fields)), REGION._replace(agencies=agencies))


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"clock_rules": 1}', written(REGION)[:-20]]
)
def test_a_damaged_document_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"(?i)agreement|input|unexpected"):
        read(document)


def test_the_records_of_a_bygone_version_are_those_of_the_moment(tmp_path: Path) -> None:
    ended = REGION.services[0]._replace(valid_to=Instant(RECORDED_AT))
    version = REGION._replace(services=(ended, *REGION.services[1:]))
    keep_agreements(tmp_path, Agreements((version,)))
    bygone = Bygone(tmp_path, Agreements((DESKS,)))
    before = bygone.in_force(version.digest, Instant(RECORDED_AT - 1))
    after = bygone.in_force(version.digest, Instant(RECORDED_AT))
    assert before is not None
    assert after is not None
    assert (len(before.services), len(after.services)) == (3, 2)


def test_what_is_not_there_or_cannot_be_trusted_is_not_made_up(tmp_path: Path) -> None:
    keep_agreements(tmp_path, Agreements((REGION,)))
    (place,) = (tmp_path / FOLDER).iterdir()
    assert place.name == f"{REGION.digest.hex()}.json"
    place.rename(place.with_name(f"{'00' * 32}.json"))
    (place.with_name(f"{'11' * 32}.json")).write_bytes(b"{}")
    bygone = Bygone(tmp_path, Agreements((DESKS,)))
    for digest in (bytes(32), b"\x11" * 32, REGION.digest):
        assert bygone.in_force(digest, RECORDED_AT) is None


def test_a_version_that_is_kept_already_stays_as_it_is(tmp_path: Path) -> None:
    keep_agreements(tmp_path, Agreements((REGION,)))
    (place,) = (tmp_path / FOLDER).iterdir()
    before = place.stat().st_mtime_ns
    keep_agreements(tmp_path, Agreements((REGION,)))
    assert place.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"no folder")
    with pytest.raises(UnavailableError, match=FOLDER):
        Hub(tmp_path, agreements=SHIPPED)
    (tmp_path / FOLDER).unlink()
    Hub(tmp_path, agreements=SHIPPED).close()  # and the folder was let go of


def test_a_ledger_agrees_with_its_replay_after_the_rules_were_edited(tmp_path: Path) -> None:
    edited_hub(tmp_path / "hub")
    for agreements in (HALVED, SHIPPED):
        with Hub(tmp_path / "hub", agreements=agreements, durable=False) as hub:
            facts = [fact for stored in hub.engine.ledger() for fact in stored.entry.facts]
            assert any(isinstance(fact, ClockReprojected) for fact in facts)
            assert replay(hub).agrees


def test_an_entry_whose_agreement_was_lost_is_counted_and_not_guessed(tmp_path: Path) -> None:
    edited_hub(tmp_path / "hub")
    for place in (tmp_path / "hub" / FOLDER).iterdir():
        place.unlink()
    with Hub(tmp_path / "hub", agreements=HALVED, durable=False) as hub:
        found = replay(hub)
        digests = {version.digest for version in SHIPPED.versions}
        lost = [s for s in hub.engine.ledger() if s.entry.agreement_digest in digests]
    assert not found.agrees
    assert found.undecidable == len(lost) > 0
