"""Over random histories: every disclosure has its row, its pair of AuditEvents, and no secret."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.agreement import Agreement, Agreements
from streams.domain.entry import DisclosureMade, DisclosureWithheld, RecallIssued
from streams.domain.ids import EventId, Instant, PersonId
from streams.domain.statement import Standing, as_made, standing
from streams.domain.statements import ConsentGiven, DisclosureProhibited
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Stored
from streams.sealing.pseudonyms import looks_like_hetu
from streams.views.answers import DisclosureSeen
from streams.views.audit_events import as_bundle
from streams.views.desk import Desk, open_desk
from streams.views.grounds import tell
from streams.views.retelling import Retelling
from streams.views.statements import statements
from tests.simulation.history import Run
from tests.simulation.narrator import told_from
from tests.simulation.town import FIRST, SECOND, agreements

SEEDS = st.integers(0, 2**32)
FEWER = settings(max_examples=settings().max_examples // 4)
"""Each example fills a database."""
OVER = {Standing.WITHDRAWN, Standing.ENTERED_IN_ERROR, Standing.SUPERSEDED}
VERSIONS = {version.digest: Agreements((version,)) for version in (FIRST, SECOND)}


def kept(digest: bytes, at: Instant) -> Agreement | None:
    return VERSIONS[digest].in_force(at) if digest in VERSIONS else None


@contextmanager
def desk_of(ledger: tuple[Stored, ...], page: int) -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        desk = open_desk(Path(folder))
        try:
            desk.catch_up(MemoryEngine(agreements()))
            for start in range(0, len(ledger), page):
                desk.apply(list(ledger[start : start + page]))
            yield desk
        finally:
            desk.close()


def disclosures(run: Run, page: int = 2_000) -> dict[PersonId, list[DisclosureSeen]]:
    with desk_of(run.ledger, page) as desk:
        return {person: desk.disclosures(person) for person in run.lanes()}


def bundle_of(found: list[DisclosureSeen]) -> dict[str, Any]:
    return as_bundle([tell(seen, kept) for seen in found], {"identity": "perustiedot"})


def without_a_row(run: Run, rows: dict[PersonId, list[DisclosureSeen]]) -> Iterator[str]:
    """Name the facts of disclosure that have not exactly one row."""
    for person, lane in run.lanes().items():
        for entry in lane:
            of_entry = [seen for seen in rows[person] if seen.entry_id == entry.entry_id]
            for fact in entry.facts:
                if not isinstance(fact, DisclosureMade | DisclosureWithheld | RecallIssued):
                    continue
                mine = [
                    seen
                    for seen in of_entry
                    if (seen.handoff_id, seen.to) == (fact.handoff_id, fact.to)
                    and _tells(seen, fact)
                ]
                if len(mine) != 1:
                    yield f"{entry.entry_id}: {len(mine)} rows tell of {fact}"


def _tells(seen: DisclosureSeen, fact: DisclosureMade | DisclosureWithheld | RecallIssued) -> bool:
    categories = [category.value for category in fact.categories]
    if isinstance(fact, DisclosureWithheld):
        return {*categories} <= {held["category"] for held in seen.withheld}
    if isinstance(fact, RecallIssued):
        return seen.what == "recalled" and seen.categories == categories
    grounds = [(granted.category.value, granted.rule) for granted in fact.basis]
    told = [(row["category"], row["rule"]) for row in seen.basis]
    return (seen.what, seen.categories, told) == ("disclosed", categories, grounds)


@FEWER
@given(seed=SEEDS)
def test_every_fact_of_disclosure_has_one_row_however_the_pages_fall(seed: int) -> None:
    run = told_from(seed)[1]

    rows = disclosures(run)

    assert list(without_a_row(run, rows)) == []
    assert disclosures(run, page=3) == rows


def test_a_lost_row_is_seen() -> None:
    run = told_from(925)[1]
    rows = disclosures(run)

    broken = {
        person: [seen for seen in of if seen.what != "recalled"] for person, of in rows.items()
    }

    assert list(without_a_row(run, rows)) == []
    assert list(without_a_row(run, broken)) != []


@FEWER
@given(seed=SEEDS)
def test_every_exported_bundle_is_valid_and_tells_what_left_and_came_back_and_no_secret(
    seed: int,
) -> None:
    run = told_from(seed)[1]
    sealed = {
        part.value.decode()
        for stored in run.ledger
        for notice in stored.entry.deliveries
        for part in notice.content
    }
    for person, rows in disclosures(run).items():
        bundle = bundle_of(rows)
        Bundle.model_validate(bundle)
        assert_pairs(bundle, person, rows)
        assert_recalls(rows)
        said = json.dumps(bundle)
        assert [text for text in sealed if text in said] == []
        assert [text for text in texts_of(bundle) if looks_like_hetu(text)] == []


def assert_pairs(bundle: dict[str, Any], person: str, rows: list[DisclosureSeen]) -> None:
    left = [seen for seen in rows if seen.what == "disclosed" and seen.left_at is not None]
    events = [each["resource"] for each in bundle["entry"]]
    assert [event["id"] for event in events] == [
        f"{seen.notice_id}-{side}" for seen in left for side in ("source", "recipient")
    ]
    for event in events:
        assert [agent["requestor"] for agent in event["agent"]].count(True) == 1
        assert event["entity"][0]["what"]["identifier"]["value"] == person
        assert event["period"]["start"] <= event["recorded"]


def assert_recalls(rows: list[DisclosureSeen]) -> None:
    """Hold that what was fetched back had left, and stands with its disclosure."""
    for recall in (seen for seen in rows if seen.what == "recalled"):
        told = {
            category
            for seen in rows
            if (seen.handoff_id, seen.to) == (recall.handoff_id, recall.to)
            for each in seen.recalls
            if each.issued_at == recall.recorded_at
            for category in each.categories
        }
        assert {*recall.categories} == told
    assert all(seen.left_at is not None for seen in rows if seen.recalls)


def texts_of(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, str):
        yield value


@given(seed=SEEDS)
def test_a_statement_stands_as_the_hub_itself_says(seed: int) -> None:
    run = told_from(seed)[1]
    for person, lane in run.lanes().items():
        retelling = Retelling(person, kept)
        told = [stored for stored in run.ledger if stored.entry.person == person]
        for entry in lane:
            retelling.take(entry)
        at = lane[-1].recorded_at
        made = {
            stored.entry.event.envelope.event_id: as_made(stored.entry.event)
            for stored in told
            if isinstance(stored.entry.event, ConsentGiven | DisclosureProhibited)
        }
        known = retelling.state.statements
        for seen in statements(told, at):
            said = made[EventId(seen.event_id)]
            newer = [
                each
                for each in known
                if (each.recorder, each.statement_id) == (said.recorder, said.statement_id)
            ]
            if said in known:
                assert seen.state == standing(said, at)
            else:
                assert seen.state in {standing(said, at, each) for each in newer} | OVER


@pytest.mark.parametrize("broken", ["type", "agent", "source", "recorded"])
def test_an_event_without_what_it_needs_is_no_r4b(broken: str) -> None:
    told = disclosures(told_from(925)[1]).values()
    bundle = next(bundle for bundle in map(bundle_of, told) if bundle["entry"])
    del bundle["entry"][0]["resource"][broken]

    with pytest.raises(ValueError, match=broken):
        Bundle.model_validate(bundle)
