"""Whatever a sender sends, there is a receipt: mutated samples never raise, and leak nothing."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sote.operation_outcome import operation_outcome
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import NOW, REGION, SOTE, WIRE
from tests.connectors.sote.documents import CONNECTOR, SAMPLES, Json, files

pytestmark = pytest.mark.usefixtures("unmeasured")

CODES = {
    "malformed",
    "too-large",
    "too-deep",
    "missing-field",
    "bad-value",
    "bad-time",
    "hetu-format",
    "hetu-check",
    "hetu-not-allowed",
    "unknown-code",
    "unknown-agency",
    "unresolved-reference",
}
Place = tuple[str | int, ...]
STATEMENTS = WIRE / "statements" / "sote"

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "x", "#", "#x", "Task", "Patient/1", "2026-02-30", "urn:oid:1.2"]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["reference", "identifier", "system", "value", "code", "coding"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@cache
def samples() -> list[tuple[Json, list[Place]]]:
    """Give every sample with the places of all its nodes."""
    said = [path for path in files(STATEMENTS) if not path.name.startswith("bad-")]
    documents: list[Json] = [orjson.loads(path.read_bytes()) for path in (*files(SAMPLES), *said)]
    bundles = [document["entry"] for document in documents if "entry" in document]
    both = {"resourceType": "Bundle", "type": "batch", "entry": [*bundles[0], *bundles[1][1:]]}
    documents.append(both)
    return [(document, list(places(document))) for document in documents]


def places(node: Any, here: Place = ()) -> Any:  # noqa: ANN401  # JSON is anything
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*here, key)
        if isinstance(child, dict | list):
            yield from places(child, (*here, key))


def mutate(document: Any, place: Place, value: object, *, drop: bool) -> None:  # noqa: ANN401  # as above
    for key in place[:-1]:
        document = document[key]
    if isinstance(document, dict) is isinstance(place[-1], int):
        raise TypeError  # a list's index is no key of the object that took its place
    if drop:
        del document[place[-1]]
    else:
        document[place[-1]] = value


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    document, nodes = draw(st.sampled_from(samples()))
    changed: Json = orjson.loads(orjson.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(nodes))
        try:
            mutate(changed, place, draw(VALUES), drop=draw(st.booleans()))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return changed


def receipts(raw: bytes) -> list[Reading | Unreadable]:
    return [CONNECTOR.read(message, SOTE, REGION, NOW) for message in CONNECTOR.split(raw)]


@given(mutated())
def test_any_mutation_of_a_sample_gets_a_receipt(document: Json) -> None:
    got = receipts(orjson.dumps(document))
    assert got
    for receipt in got:
        if isinstance(receipt, Unreadable):
            assert receipt.problems
            assert {problem.code for problem in receipt.problems} <= CODES
        else:
            assert receipt.hetu == receipt.details["hetu"]


def test_every_node_of_every_sample_may_be_missing_or_of_another_kind() -> None:
    for document, nodes in samples():
        whole = orjson.dumps(document)
        for place in nodes:
            for value, drop in ((None, True), (5, False), ({"value": []}, False)):
                changed = orjson.loads(whole)
                mutate(changed, place, value, drop=drop)
                assert receipts(orjson.dumps(changed)), place


@given(st.binary(max_size=64))
def test_any_bytes_get_a_receipt(raw: bytes) -> None:
    assert receipts(raw)


@given(st.sampled_from(files(SAMPLES)), st.data())
def test_a_sample_cut_short_is_malformed(path: Path, data: st.DataObject) -> None:
    raw = path.read_bytes().strip()
    cut = data.draw(st.integers(0, len(raw) - 1))
    for got in receipts(raw[:cut]):
        assert isinstance(got, Unreadable)
        assert [(problem.code, problem.pointer) for problem in got.problems] == [("malformed", "")]


@given(mutated())
def test_every_refusal_can_be_told_in_fhir(document: Json) -> None:
    for got in receipts(orjson.dumps(document)):
        if isinstance(got, Unreadable):
            issues = operation_outcome(got.problems)["issue"]
            assert isinstance(issues, list)
            assert [issue["expression"] for issue in issues] == [
                [problem.pointer or "%resource"] for problem in got.problems
            ]
