"""Whatever a person may say of their data, every wire carries it whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.bootstrap.connectors import connector_of
from streams.domain.codes import Branch, Category, Purpose
from streams.domain.statements import (
    ConsentGiven,
    DisclosureProhibited,
    GivenBy,
    StatementKind,
)
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import NOW, REGION
from tests.connectors.statement_writers import HETU, OF_WIRE, WRITERS, Said

NAMES = st.text(st.sampled_from("abcÅäö019-._/&<'\""), min_size=1, max_size=128)
DIGESTS = st.one_of(st.just(b""), st.binary(min_size=32, max_size=32))
FEW_NAMES = st.lists(NAMES, unique=True, max_size=4).map(tuple)
KINDS = (StatementKind.CONSENT, StatementKind.PERMIT, StatementKind.PROHIBITION)


def known(codes: Any) -> Any:  # noqa: ANN401  # a strategy of whatever the codes are
    return st.sampled_from([code for code in codes if code != "unknown"])


@st.composite
def statements(draw: st.DrawFn) -> Said:
    kind, given_by = draw(st.sampled_from(KINDS)), draw(known(GivenBy))
    prohibits, permits = kind is StatementKind.PROHIBITION, kind is StatementKind.PERMIT
    mandates = {GivenBy.SELF: st.none(), GivenBy.PROXY: NAMES}
    chosen = draw(st.lists(known(Category), max_size=4))
    return Said(
        draw(NAMES),
        kind,
        draw(known(Branch)) if permits else Branch.UNKNOWN,
        given_by,
        draw(mandates.get(given_by, st.one_of(st.none(), NAMES))),
        draw(st.one_of(st.none(), NAMES)),
        draw(DIGESTS),
        draw(known(Purpose)),
        tuple(category for category in Category if category in chosen),
        draw(FEW_NAMES) if prohibits else (),
        draw(FEW_NAMES),
    )


def read(wire: str, raw: bytes) -> Reading | Unreadable:
    agency = OF_WIRE[wire]
    connector = connector_of(REGION.agencies[agency].sector)
    (message,) = connector.split(raw)
    return connector.read(message, agency, REGION, NOW)


@pytest.mark.parametrize("wire", sorted(OF_WIRE))
@given(said=statements())
def test_what_was_said_is_what_is_read(wire: str, said: Said) -> None:
    reading = read(wire, WRITERS[wire](said))
    assert isinstance(reading, Reading), reading
    event = reading.event
    assert isinstance(event, ConsentGiven | DisclosureProhibited)
    assert reading.hetu == HETU
    assert (event.statement_id, event.given_by) == (said.name, said.given_by)
    assert event.evidence_digest == said.digest
    assert reading.details.get("mandate_ref") == said.mandate
    assert reading.details.get("evidence_ref") == said.evidence
    assert (event.purposes, set(event.categories)) == ((said.purpose,), {*said.categories})
    assert reading.document_ids == said.documents
    assert event.service_tasks == said.tasks
    if isinstance(event, DisclosureProhibited):
        assert said.kind is StatementKind.PROHIBITION
        assert event.documents == ()
    else:
        assert (event.kind, event.to_branch) == (said.kind, said.to_branch)


@pytest.mark.parametrize("wire", sorted(OF_WIRE))
@given(said=statements())
def test_a_proxy_without_a_mandate_is_refused_whatever_else_is_said(wire: str, said: Said) -> None:
    bare = said._replace(given_by=GivenBy.PROXY, mandate=None)
    reading = read(wire, WRITERS[wire](bare))
    assert isinstance(reading, Unreadable)
    assert [problem.code for problem in reading.problems] == ["missing-field"]


@pytest.mark.parametrize("wire", sorted(OF_WIRE))
def test_wires_agree_on_what_was_said(wire: str) -> None:
    said = Said(
        "S-1",
        StatementKind.PERMIT,
        Branch.SOCIAL,
        GivenBy.PROXY,
        "V-1",
        "arkisto/9",
        b"d" * 32,
        Purpose.SOCIAL_CARE,
        (Category.PLAN,),
        (),
        ("TYOIKAISTEN_PALVELUT", "PAIHDEHUOLTO"),
    )
    readings = [read(each, WRITERS[each](said)) for each in (wire, "employment")]
    events = [one.event[1:] for one in readings if isinstance(one, Reading)]
    assert events[0] == events[1]
